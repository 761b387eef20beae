/** Helpers of the interpreter's tests: one primitive on plain values. */
import { readFileSync } from "node:fs";
import { fromValues, type NDArray, ndAval, sizeOfShape } from "../../src/interpreter/array.js";
import { interpret } from "../../src/interpreter/index.js";
import { buildProgram } from "../../src/ir/builder.js";
import type { DType } from "../../src/ir/dtype.js";
import type { Params, Prim } from "../../src/ir/ops/index.js";

/** Computed by golden/make.py; see there for sources. */
// biome-ignore lint/suspicious/noExplicitAny: a table of numbers of several shapes
export const GOLDEN: any = JSON.parse(readFileSync(new URL("./golden/values.json", import.meta.url), "utf8"));

/** Results of one primitive. */
export function run<P extends Prim>(prim: P, params: Params<P>, ...inputs: NDArray[]): NDArray[] {
  const program = buildProgram(prim, inputs.map(ndAval), (b, ...xs) => b.emit(prim, xs, params));
  return interpret(program, inputs);
}
/** The first result's elements. */
export function values<P extends Prim>(prim: P, params: Params<P>, ...inputs: NDArray[]): (number | bigint)[] {
  return elements(run(prim, params, ...inputs)[0]);
}
export function elements(x: Pick<NDArray, "data">): (number | bigint)[] {
  return Array.from(x.data as ArrayLike<number | bigint>);
}
export function array(dtype: DType, shape: readonly number[], elements: ArrayLike<number | bigint | boolean>): NDArray {
  return fromValues(shape, dtype, elements);
}
export const vector = (dtype: DType, ...elements: (number | bigint | boolean)[]): NDArray =>
  array(dtype, [elements.length], elements);
export const scalar = (dtype: DType, x: number | bigint): NDArray => array(dtype, [], [x]);

/** The operand of make.py: ((a·i + c) mod m) - ⌊m/2⌋. */
export function seq(shape: readonly number[], a = 7, c = 3, m = 11, dtype: DType = "f64"): NDArray {
  return array(
    dtype,
    shape,
    Array.from({ length: sizeOfShape(shape) }, (_, i) => ((a * i + c) % m) - Math.floor(m / 2)),
  );
}

/** The greatest relative difference, with `floor` as the least magnitude that it is taken relative to. */
export function worst(actual: ArrayLike<number | bigint>, expected: readonly number[], floor = 0): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  return expected.reduce((w, y, i) => {
    const x = Number(actual[i]);
    return x === y ? w : Math.max(w, Math.abs(x - y) / Math.max(Math.abs(y), floor));
  }, 0);
}
