/** Loop-invariant code: equations of a body that read only its constants. */
import { familyOf } from "../ir/ops/families.js";
import { type AnyEqn, type Atom, isVar, type Program, type Var } from "../ir/program.js";
import { isPure, withEqns } from "../ir/rewrite.js";

export interface Invariant {
  /** What can be computed once, before the loop. */
  readonly eqns: readonly AnyEqn[];
  /** Of its results those that the loop reads. */
  readonly wanted: readonly Var[];
  /** The body without them; `wanted` are inputs after its first ones. */
  readonly rest: Program<"core">;
}

/**
 * Movements cost nothing where they are fused into their reader, and a copy in memory where they are not: they go along with
 * what needs them outside, but are no reason to go, and stay inside for what needs them there.
 */
function isWork(eqn: AnyEqn): boolean {
  return familyOf(eqn.prim) !== "movement" && eqn.prim !== "convert_element_type" && eqn.prim !== "axis_index";
}

/** Undefined when the body holds nothing worth moving. `always`: the body runs at least once. */
export function invariant(body: Program<"core">, numConsts: number, always: boolean): Invariant | undefined {
  const fixed = new Set<Atom>(body.inputs.slice(0, numConsts));
  const eqns: AnyEqn[] = [];
  const worked = new Set<Var>();
  for (const eqn of body.eqns) {
    if (!isPure(eqn) || !eqn.inputs.every((a) => !isVar(a) || fixed.has(a))) continue;
    if (eqn.prim === "optimization_barrier" || (!always && (eqn.prim === "while" || eqn.prim === "scan"))) continue;
    eqns.push(eqn);
    for (const v of eqn.outputs) {
      fixed.add(v);
      if (isWork(eqn)) worked.add(v);
    }
  }
  if (worked.size === 0) return undefined;
  const left = body.eqns.filter((e) => !e.outputs.some((v) => worked.has(v)));
  const wanted = new Set<Var>();
  const read = (a: Atom): void => {
    if (isVar(a) && worked.has(a)) wanted.add(a);
  };
  for (const e of left) e.inputs.forEach(read);
  body.outputs.forEach(read);
  const inputs = [...body.inputs.slice(0, numConsts), ...wanted, ...body.inputs.slice(numConsts)];
  return { eqns, wanted: [...wanted], rest: withEqns({ ...body, inputs }, left) };
}
