/** Rows of the sort family. */
import { anything, distinct, mixed, normal, tied } from "../gens.js";
import { fixed, operand, ORDERED, row } from "./make.js";
import type { AnyCase, Gen } from "./types.js";

const show = (s: readonly number[]): string => `[${s.join(",")}]`;
const WITH_NAN: Gen = mixed(tied, [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0], 0.3);

const SHAPES: readonly (readonly [readonly number[], number])[] = [
  [[7], 0],
  [[1], 0],
  [[0], 0],
  [[5, 3], 0],
  [[3, 5], 1],
  [[2, 6, 3], 1],
  [[100], 0],
  [[1001], 0],
  [[2, 0, 3], 0],
];

export const sort: readonly AnyCase[] = [
  ...SHAPES.map(([shape, axis]) =>
    row("sort", {
      name: `${show(shape)} axis ${axis}`,
      params: { axis, numKeys: 1, stable: true },
      operands: [operand(shape, mixed(WITH_NAN, [3.5, -7]), distinct())],
      dtypes: ORDERED,
      differentiable: [0],
    }),
  ),
  // ties of an unstable sort come in any order, which one operand cannot show
  row("sort", {
    name: "unstable",
    params: { axis: 0, numKeys: 1, stable: false },
    operands: [operand([33], anything, distinct())],
    dtypes: ORDERED,
    differentiable: [0],
  }),
  ...SHAPES.map(([shape, axis]) =>
    row("sort", {
      name: `${show(shape)} axis ${axis}, key and values`,
      params: { axis, numKeys: 1, stable: true },
      operands: [operand(shape, WITH_NAN, distinct()), operand(shape, anything, normal), fixed(shape, "i32", anything)],
      dtypes: ORDERED,
      differentiable: [0, 1],
    }),
  ),
  row("sort", {
    name: "two keys",
    params: { axis: 1, numKeys: 2, stable: true },
    operands: [operand([3, 9], tied, distinct()), operand([3, 9], WITH_NAN, distinct()), operand([3, 9], normal)],
    dtypes: ORDERED,
    differentiable: [0, 1, 2],
  }),
  row("sort", {
    name: "carrying keys",
    params: { axis: 0, numKeys: 1, stable: true },
    operands: [fixed([9], "i32", tied), operand([9], anything)],
    dtypes: ["key"],
  }),
  ...(
    [
      [[7], 3],
      [[7], 7],
      [[7], 0],
      [[3, 8], 2],
      [[2, 2, 5], 1],
      [[0, 4], 2],
      [[70], 9],
      [[2, 301], 40],
    ] as const
  ).map(([shape, k]) =>
    row("top_k", {
      name: `${k} of ${show(shape)}`,
      params: { k },
      operands: [operand(shape, WITH_NAN, distinct())],
      dtypes: ORDERED,
      differentiable: [0],
      skipOutputs: [1],
    }),
  ),
];
