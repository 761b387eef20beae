/** Recomputation becomes plain equations: the last step, after which nothing is merged any more. */
import { type AnyEqn, type Atom, type Program, Var } from "../ir/program.js";
import { mapPrograms, substitute, substituteAll, withEqns } from "../ir/rewrite.js";

/** The program with the contents of its checkpoints in their places. */
export function inlineCheckpoints(p: Program<"core">): Program<"core"> {
  const replace = new Map<Var, Atom>();
  const eqns: AnyEqn[] = [];
  for (const eqn of p.eqns) {
    const read = mapPrograms(substitute(eqn, replace), inlineCheckpoints);
    if (read.prim !== "checkpoint") {
      eqns.push(read);
      continue;
    }
    const { program } = read.params;
    const own = new Map<Var, Atom>(program.inputs.map((v, i) => [v, read.inputs[i]]));
    for (const inner of program.eqns) {
      const outputs = inner.outputs.map((v) => new Var(v.aval, v.name));
      eqns.push({ ...substitute(inner, own), outputs } as AnyEqn);
      inner.outputs.forEach((v, i) => {
        own.set(v, outputs[i]);
      });
    }
    const results = substituteAll(program.outputs, own);
    eqn.outputs.forEach((v, i) => {
      replace.set(v, results[i]);
    });
  }
  return withEqns(p, eqns, substituteAll(p.outputs, replace));
}
