/** Dead code elimination: equations whose results nobody reads go, unless they have effects. */
import { type AnyEqn, isVar, type Program, type Var } from "../../ir/program.js";
import { isPure, withEqns } from "../../ir/rewrite.js";
import type { AnyRule, Table } from "../../ir/rules.js";
import { control } from "./control.js";
import { kernel } from "./kernel.js";
import { type DceContext, type DceKind, type Pruned, wholeFamily } from "./rule.js";

const rules = {
  ...wholeFamily("elementwise"),
  ...wholeFamily("movement"),
  ...wholeFamily("reduction"),
  ...wholeFamily("contraction"),
  ...wholeFamily("indexing"),
  ...control,
  ...wholeFamily("random"),
  ...wholeFamily("linalg"),
  ...wholeFamily("sort"),
  ...wholeFamily("collective"),
  ...kernel,
} satisfies Table<DceKind>;

/** The program without what its outputs do not need; its inputs and outputs stay. The same object when nothing is dead. */
export function dce(program: Program<"core">): Program<"core"> {
  return prune(
    program,
    program.outputs.map(() => true),
  ).program;
}

/** Programs never change, so what is left of them is kept: the fixpoints of nested loops ask again and again. */
const cache = new WeakMap<Program<"core">, Map<string, Pruned>>();

/** The program with only its live outputs and what they need, and which inputs that still reads. */
export function prune(program: Program<"core">, live: readonly boolean[]): Pruned {
  const key = live.map(Number).join("");
  let own = cache.get(program);
  if (!own) {
    own = new Map();
    cache.set(program, own);
  }
  let result = own.get(key);
  if (!result) {
    result = pruneEqns(program, live);
    own.set(key, result);
  }
  return result;
}
const context: DceContext = { prune };

function pruneEqns(program: Program<"core">, live: readonly boolean[]): Pruned {
  const read = new Set<Var>();
  const outputs = live.every((x) => x) ? program.outputs : program.outputs.filter((_, i) => live[i]);
  for (const a of outputs) if (isVar(a)) read.add(a);
  const kept: AnyEqn[] = [];
  for (let i = program.eqns.length - 1; i >= 0; i--) {
    const eqn = program.eqns[i];
    const needed = eqn.outputs.map((v) => read.has(v));
    if (isPure(eqn) && !needed.includes(true)) continue;
    const rule = rules[eqn.prim] as AnyRule<DceKind>;
    const left = rule(context, eqn, needed, eqn.params as never);
    for (const a of left.inputs) if (isVar(a)) read.add(a);
    kept.push(left);
  }
  return {
    program: withEqns(program, kept.reverse(), outputs),
    used: program.inputs.map((v) => read.has(v)),
  };
}
