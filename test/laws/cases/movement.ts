/** Rows of the movement family: nothing is computed, so everything is bit-identical. */
import type { DType } from "../../../src/ir/dtype.js";
import type { MovementOps, Params } from "../../../src/ir/ops/index.js";
import { anything, normal } from "../gens.js";
import { ALL, NUMBERS, operand, row } from "./make.js";
import type { AnyCase } from "./types.js";

type Shape = readonly number[];

function one<P extends keyof MovementOps>(
  prim: P,
  name: string,
  shape: Shape,
  params: Params<P>,
  dtypes: readonly DType[] = ALL,
): AnyCase {
  return row<P>(prim, {
    name,
    params: () => params,
    operands: [operand(shape, anything, normal)],
    dtypes,
    differentiable: [0],
  });
}

const RESHAPES: readonly [Shape, Shape][] = [
  [[], [1, 1]],
  [[1], []],
  [[6], [2, 3]],
  [
    [2, 3, 5],
    [5, 6],
  ],
  [
    [0, 3],
    [2, 0],
  ],
  [
    [2, 1, 7],
    [7, 1, 2, 1],
  ],
];
const TRANSPOSES: readonly [Shape, Shape][] = [
  [[], []],
  [[5], [0]],
  [
    [3, 7],
    [1, 0],
  ],
  [
    [2, 3, 4],
    [2, 0, 1],
  ],
  [
    [2, 1, 3, 5],
    [3, 1, 0, 2],
  ],
  [
    [2, 0, 3],
    [1, 2, 0],
  ],
  [
    [17, 33],
    [1, 0],
  ],
];
const BROADCASTS: readonly [Shape, Shape, Shape][] = [
  [[], [], []],
  [[], [2, 3], []],
  [[3], [2, 3], [1]],
  [[3], [3, 2], [0]],
  [
    [1, 3],
    [4, 3],
    [0, 1],
  ],
  [
    [2, 1],
    [2, 5, 3],
    [0, 2],
  ],
  [[1], [0], [0]],
  [
    [2, 3],
    [2, 7, 3, 1],
    [0, 2],
  ],
];
const SLICES: readonly [Shape, Shape, Shape, Shape][] = [
  [[], [], [], []],
  [[7], [2], [6], [1]],
  [[7], [1], [7], [2]],
  [[7], [3], [3], [1]],
  [
    [5, 6],
    [1, 0],
    [5, 6],
    [3, 4],
  ],
  [
    [3, 4, 5],
    [0, 1, 2],
    [3, 4, 3],
    [2, 1, 1],
  ],
  [
    [2, 0],
    [0, 0],
    [2, 0],
    [1, 1],
  ],
  [[10], [0], [10], [16]],
];
/** shape, low, high, interior */
const PADS: readonly [Shape, Shape, Shape, Shape][] = [
  [[], [], [], []],
  [[4], [2], [3], [0]],
  [[4], [0], [0], [2]],
  [[5], [-1], [-2], [0]],
  [[5], [-1], [2], [1]],
  [[4], [1], [-3], [2]],
  [[0], [2], [1], [1]],
  [[1], [0], [1], [3]],
  [
    [2, 3],
    [1, -1],
    [0, 2],
    [1, 0],
  ],
  [
    [2, 1, 3],
    [0, 2, -1],
    [1, 0, -1],
    [0, 1, 2],
  ],
  [[3], [-4], [2], [0]],
];
const CONCATENATIONS: readonly [number, readonly Shape[]][] = [
  [0, [[3]]],
  [0, [[3], [1], [0], [5]]],
  [
    1,
    [
      [2, 3],
      [2, 0],
      [2, 4],
    ],
  ],
  [
    0,
    [
      [1, 2, 3],
      [2, 2, 3],
    ],
  ],
  [
    1,
    [
      [2, 1, 3],
      [2, 4, 3],
      [2, 2, 3],
    ],
  ],
];
const REVERSALS: readonly [Shape, Shape][] = [
  [[], []],
  [[5], [0]],
  [
    [3, 4],
    [0, 1],
  ],
  [[2, 3, 5], [1]],
  [[0, 2], [0]],
];
const IOTAS: readonly [Shape, number][] = [
  [[5], 0],
  [[2, 3], 0],
  [[2, 3], 1],
  [[0], 0],
  [[2, 1, 4], 2],
  [[300], 0],
];
const show = (s: Shape): string => `[${s.join(",")}]`;

export const movement: readonly AnyCase[] = [
  ...RESHAPES.map(([x, shape]) => one("reshape", `${show(x)} to ${show(shape)}`, x, { shape })),
  ...TRANSPOSES.map(([x, perm]) => one("transpose", `${show(x)} by ${show(perm)}`, x, { perm })),
  ...BROADCASTS.map(([x, shape, dims]) =>
    one("broadcast_in_dim", `${show(x)} to ${show(shape)} at ${show(dims)}`, x, { shape, dims }),
  ),
  ...SLICES.map(([x, start, limit, strides]) =>
    one("slice", `${show(x)} ${show(start)}:${show(limit)}:${show(strides)}`, x, { start, limit, strides }),
  ),
  ...PADS.map(([x, low, high, interior]) =>
    row("pad", {
      name: `${show(x)} low ${show(low)} high ${show(high)} interior ${show(interior)}`,
      params: { low, high, interior },
      operands: [operand(x, anything, normal), operand([], anything, normal)],
      dtypes: ALL,
      differentiable: [0, 1],
    }),
  ),
  ...CONCATENATIONS.map(([axis, shapes]) =>
    row("concatenate", {
      name: `${shapes.map(show).join(" ")} along ${axis}`,
      params: { axis },
      operands: shapes.map((s) => operand(s, anything, normal)),
      dtypes: ALL,
      differentiable: shapes.map((_, i) => i),
    }),
  ),
  ...REVERSALS.map(([x, axes]) => one("rev", `${show(x)} axes ${show(axes)}`, x, { axes })),
  ...IOTAS.map(([shape, axis]) =>
    row("iota", {
      name: `${show(shape)} along ${axis}`,
      params: (dtype) => ({ dtype, shape, axis }),
      operands: [],
      dtypes: NUMBERS,
    }),
  ),
];
