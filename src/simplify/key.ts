/** Equal text for equal equations of one program. */
import { atomKey, identityKey } from "../ir/key.js";
import type { Prim } from "../ir/ops/index.js";
import type { AnyEqn } from "../ir/program.js";

const COMMUTATIVE: ReadonlySet<Prim> = new Set<Prim>(["add", "mul", "and", "or", "xor", "eq", "ne"]);

/** Undefined for what must not be merged: effects, barriers, and recomputation that stands in a backward pass. */
export function eqnKey(eqn: AnyEqn): string | undefined {
  if (eqn.effects.length > 0 || eqn.prim === "optimization_barrier") return undefined;
  if (eqn.prim === "checkpoint" && eqn.params.prevent) return undefined;
  const { inputs } = eqn;
  if (inputs.length === 2 && COMMUTATIVE.has(eqn.prim)) {
    const [a, b] = [atomKey(inputs[0]), atomKey(inputs[1])];
    return a < b ? `${eqn.prim}|${a},${b}` : `${eqn.prim}|${b},${a}`;
  }
  let key = `${eqn.prim}[${identityKey(eqn.params)}]`;
  for (const a of inputs) key += `|${atomKey(a)}`;
  return key;
}
