/** Calls become the equations of what they call, in nested programs too: what is left is control flow that needs steps. */
import { internal } from "../../diagnostics/error.js";
import { type AnyEqn, type Atom, isVar, type Program, Var } from "../../ir/program.js";
import {
  callee,
  makeEqn,
  mapPrograms,
  mapSame,
  nestedPrograms,
  substitute,
  substituteAll,
  withEqns,
} from "../../ir/rewrite.js";

type Core = Program<"core">;

/** Programs never change: what a program became is remembered, since a body may be called many times. */
const cache = new WeakMap<Core, Core>();

export function inlineCalls(program: Core): Core {
  let result = cache.get(program);
  if (!result) {
    result = needsInlining(program) ? inlined(program) : program;
    cache.set(program, result);
  }
  return result;
}
function needsInlining(program: Core): boolean {
  return program.eqns.some(
    (eqn) => callee(eqn, eqn.inputs) !== undefined || nestedPrograms(eqn).some((p) => inlineCalls(p) !== p),
  );
}

function inlined(program: Core): Core {
  const eqns: AnyEqn[] = [];
  const replace = new Map<Var, Atom>();
  const read = (a: Atom): Atom => (isVar(a) ? (replace.get(a) ?? a) : a);
  for (const original of program.eqns) {
    const eqn = substitute(original, replace);
    const call = callee(eqn, eqn.inputs);
    if (!call) {
      eqns.push(mapPrograms(eqn, inlineCalls));
      continue;
    }
    let { args } = call;
    // what is computed again must not be found equal to what was computed before, nor start before its operands are there
    if (eqn.prim === "checkpoint" && eqn.params.prevent && args.some(isVar)) {
      const barrier = makeEqn("optimization_barrier", args, {}, eqn.span);
      eqns.push(barrier);
      args = barrier.outputs;
    }
    const body = inlineCalls(call.program);
    const env = new Map<Var, Atom>();
    body.inputs.forEach((v, i) => env.set(v, args[i] ?? internal(`${body.name}: too few operands`)));
    for (const inner of body.eqns) {
      const outputs = inner.outputs.map((v) => {
        const own = new Var(v.aval, v.name);
        env.set(v, own);
        return own;
      });
      eqns.push({ ...substitute(inner, env), outputs } as AnyEqn);
    }
    const results = substituteAll(body.outputs, env);
    eqn.outputs.forEach((v, i) => replace.set(v, results[i]));
  }
  return withEqns(program, eqns, mapSame(program.outputs, read));
}
