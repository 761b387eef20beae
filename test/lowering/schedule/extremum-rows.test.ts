/** Places of the greatest and least elements, however they are found: the first of equal ones, NaN before everything, both zeros equal. */
import { expect, test } from "vitest";
import { jit } from "../../../src/api/jit.js";
import { array } from "../../../src/index.js";
import type { DType } from "../../../src/ir/dtype.js";
import * as np from "../../../src/numpy/index.js";
import type { Tensor } from "../../../src/tracer/tensor.js";

/** By the definition: of elements i of n, `at(i)` each. */
function firstBest(n: number, at: (i: number) => number, sign: 1 | -1): number {
  let best = 0;
  for (let i = 1; i < n && !Number.isNaN(at(best)); i++)
    if (Number.isNaN(at(i)) || sign * at(i) > sign * at(best)) best = i;
  return best;
}

/** Few different values, in some rows only infinities or zeros; NaN now and then where floats are. */
function element(i: number, row: number, dtype: DType): number {
  const plain = ((i * 7919) % 23) - 11;
  if (!dtype.includes("f")) return plain;
  if (row % 5 === 1) return row % 2 === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (row % 5 === 2) return i % 2 === 0 ? -0 : 0;
  return i % 997 === 3 ? Number.NaN : plain + ((i * 31) % 17) / 16;
}

test.each([
  { shape: [67, 5], axis: 1, dtype: "f32" },
  { shape: [41, 33], axis: 1, dtype: "f32" },
  { shape: [23, 63], axis: 1, dtype: "f64" },
  { shape: [37, 64], axis: 1, dtype: "f32" },
  { shape: [19, 251], axis: 1, dtype: "f64" },
  { shape: [7, 2100], axis: 1, dtype: "i32" },
  { shape: [3, 70_003], axis: 1, dtype: "f32" },
  { shape: [2, 70_000], axis: 1, dtype: "u32" },
  { shape: [2, 9000], axis: 1, dtype: "bf16" },
  { shape: [4099, 3], axis: 0, dtype: "f32" },
  { shape: [1000, 10], axis: 0, dtype: "f32" },
  { shape: [30_011, 7], axis: 0, dtype: "f32" },
  { shape: [30_011, 5], axis: 0, dtype: "i32" },
  { shape: [4099, 3], axis: 0, dtype: "f64" },
  { shape: [3, 4001, 5], axis: 1, dtype: "f32" },
] as const)("$shape along $axis, $dtype", ({ shape, axis, dtype }) => {
  const dims: readonly number[] = shape;
  const n = dims[axis];
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const size = dims.reduce((a, b) => a * b, 1);
  const rowOf = (i: number): number => Math.floor(i / (n * inner)) * inner + (i % inner);
  const given = array(
    Array.from({ length: size }, (_, i) => element(i, rowOf(i), dtype)),
    dtype,
  ).reshape(shape);
  const scaled = (x: Tensor) => np.subtract(np.multiply(x, 3), 1);
  const numbers = (x: { dataSync(): ArrayLike<unknown> }): number[] => Array.from(x.dataSync(), Number);
  const max = numbers(jit((x: Tensor) => np.argmax(x, axis))(given));
  const min = numbers(jit((x: Tensor) => np.argmin(x, axis))(given));
  const maxOfY = numbers(jit((x: Tensor) => np.argmax(scaled(x), axis))(given));
  const y = numbers(jit(scaled)(given));
  const values = Array.from(given.dataSync(), Number);
  for (let row = 0; row < size / n; row++) {
    const start = Math.floor(row / inner) * n * inner + (row % inner);
    const at = (xs: readonly number[], i: number): number => xs[start + i * inner];
    const found = [max[row], min[row], maxOfY[row]];
    expect(found).toEqual([
      firstBest(n, (i) => at(values, i), 1),
      firstBest(n, (i) => at(values, i), -1),
      firstBest(n, (i) => at(y, i), 1),
    ]);
  }
});
