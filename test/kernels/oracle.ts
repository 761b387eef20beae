/** The interpreter's rules, called directly on plain lists. */
import type { DType } from "../../src/ir/dtype.js";
import { fromValues } from "../../src/interpreter/array.js";
import { linalg } from "../../src/interpreter/linalg.js";
import { contraction } from "../../src/interpreter/contraction.js";
import { reduction } from "../../src/interpreter/reduction.js";
import type { InterpretContext } from "../../src/interpreter/rule.js";
import { sort } from "../../src/interpreter/sort.js";

interface Plain {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: readonly (number | bigint | boolean)[];
}
// these rules ask nothing of the context
const context = {} as InterpretContext;
type AnyRule = (
  ctx: InterpretContext,
  inputs: readonly unknown[],
  params: object,
) => readonly { data: ArrayLike<number | bigint> }[];

function call(rule: unknown, inputs: readonly Plain[], params: object): (number | bigint)[][] {
  const arrays = inputs.map((x) => fromValues(x.shape, x.dtype, x.data));
  return (rule as AnyRule)(context, arrays, params).map((r) => Array.from(r.data));
}
export function interpreterLinalg(prim: keyof typeof linalg, inputs: readonly Plain[], params: object): number[][] {
  return call(linalg[prim], inputs, params).map((x) => x.map(Number));
}
export function interpreterSort(
  prim: keyof typeof sort,
  inputs: readonly Plain[],
  params: object,
): (number | bigint)[][] {
  return call(sort[prim], inputs, params);
}
export function interpreterReduction(
  prim: keyof typeof reduction,
  inputs: readonly Plain[],
  params: object,
): (number | bigint)[] {
  return call(reduction[prim], inputs, params)[0];
}
export function interpreterContraction(
  prim: keyof typeof contraction,
  inputs: readonly Plain[],
  params: object,
): (number | bigint)[] {
  return call(contraction[prim], inputs, params)[0];
}
