/** Rows of the indexing family: every variant of XLA's dimension numbers, in and out of bounds. */
import { generate, roundTo } from "../../../src/interpreter/array.js";
import { isFloat } from "../../../src/ir/dtype.js";
import type { GatherDims, GatherParams, IndexMode, ScatterDims } from "../../../src/ir/ops/index.js";
import { anything, awayFromZero, distinct, indexVectors, ints, mixed, normal, uniqueIndexVectors } from "../gens.js";
import { ALL, EXACT, FLOATS, fixed, INTS, NUMBERS, operand, ORDERED, row, ulps } from "./make.js";
import type { AnyCase, Gen, Tolerance } from "./types.js";

type Shape = readonly number[];
const show = (s: Shape): string => `[${s.join(",")}]`;

interface Gather {
  readonly name: string;
  readonly operand: Shape;
  readonly indices: Shape;
  readonly sliceSizes: Shape;
  readonly dims: Partial<GatherDims>;
}
/** Sizes of the indexed axes, in the order of the index vector: indices are drawn around [0, size). */
const indexed = (g: { operand: Shape; dims: { readonly startIndexMap?: Shape } }): number[] =>
  (g.dims.startIndexMap ?? []).map((a) => g.operand[a]);

const GATHERS: readonly Gather[] = [
  {
    name: "take rows",
    operand: [5, 3],
    indices: [4, 1],
    sliceSizes: [1, 3],
    dims: { offsetDims: [1], collapsedSliceDims: [0], startIndexMap: [0] },
  },
  {
    name: "take columns",
    operand: [3, 5],
    indices: [4, 1],
    sliceSizes: [3, 1],
    dims: { offsetDims: [0], collapsedSliceDims: [1], startIndexMap: [1] },
  },
  {
    name: "one element",
    operand: [7],
    indices: [1],
    sliceSizes: [1],
    dims: { collapsedSliceDims: [0], startIndexMap: [0] },
  },
  {
    name: "points",
    operand: [4, 5],
    indices: [6, 2],
    sliceSizes: [1, 1],
    dims: { collapsedSliceDims: [0, 1], startIndexMap: [0, 1] },
  },
  {
    name: "points, index vector swapped",
    operand: [4, 5],
    indices: [6, 2],
    sliceSizes: [1, 1],
    dims: { collapsedSliceDims: [0, 1], startIndexMap: [1, 0] },
  },
  {
    name: "windows",
    operand: [6, 5],
    indices: [3, 2],
    sliceSizes: [2, 3],
    dims: { offsetDims: [1, 2], startIndexMap: [0, 1] },
  },
  {
    name: "windows in front of the batch",
    operand: [6, 5],
    indices: [3, 2],
    sliceSizes: [2, 3],
    dims: { offsetDims: [0, 1], startIndexMap: [0, 1] },
  },
  {
    name: "batch between window axes",
    operand: [6, 5, 2],
    indices: [3, 1],
    sliceSizes: [2, 1, 2],
    dims: { offsetDims: [0, 2], collapsedSliceDims: [1], startIndexMap: [0] },
  },
  {
    name: "two batch axes",
    operand: [5, 3],
    indices: [2, 3, 1],
    sliceSizes: [1, 2],
    dims: { offsetDims: [1], collapsedSliceDims: [0], startIndexMap: [0] },
  },
  {
    name: "batched rows",
    operand: [2, 5, 3],
    indices: [2, 4, 1],
    sliceSizes: [1, 1, 3],
    dims: {
      offsetDims: [2],
      collapsedSliceDims: [1],
      operandBatchingDims: [0],
      startIndicesBatchingDims: [0],
      startIndexMap: [1],
    },
  },
  {
    name: "batching axes crossed",
    operand: [2, 5, 3],
    indices: [3, 4, 2, 1],
    sliceSizes: [1, 2, 1],
    dims: { offsetDims: [1], operandBatchingDims: [0, 2], startIndicesBatchingDims: [2, 0], startIndexMap: [1] },
  },
  { name: "no index axes", operand: [3, 2], indices: [4, 0], sliceSizes: [3, 2], dims: { offsetDims: [1, 2] } },
  {
    name: "no indices",
    operand: [3, 2],
    indices: [0, 1],
    sliceSizes: [1, 2],
    dims: { offsetDims: [1], collapsedSliceDims: [0], startIndexMap: [0] },
  },
  {
    name: "size 1",
    operand: [1, 1],
    indices: [1, 1],
    sliceSizes: [1, 1],
    dims: { offsetDims: [1], collapsedSliceDims: [0], startIndexMap: [0] },
  },
];
const NO_GATHER: GatherDims = {
  offsetDims: [],
  collapsedSliceDims: [],
  operandBatchingDims: [],
  startIndicesBatchingDims: [],
  startIndexMap: [],
};

const gathers = GATHERS.flatMap((g) =>
  (["clip", "fill", "promise"] as const).flatMap((mode) => {
    const params: GatherParams = { dims: { ...NO_GATHER, ...g.dims }, sliceSizes: g.sliceSizes, mode };
    const sizes = indexed(g);
    // the greatest start at which the slice fits
    const last = sizes.map((n, k) => n - g.sliceSizes[(g.dims.startIndexMap ?? [])[k]]);
    const inside = indexVectors(
      sizes.map(() => 0),
      last,
    );
    const outside = indexVectors(
      sizes.map(() => -3),
      sizes.map((n) => n + 2),
    );
    return [
      row("gather", {
        name: `${g.name}, ${mode}`,
        params,
        // a derivative in mode "fill" passes through NaN: indices stay inside there
        operands: [
          operand(g.operand, anything, normal),
          fixed(g.indices, "i32", mode === "promise" ? inside : outside, mode === "clip" ? outside : inside),
        ],
        dtypes: ALL,
        differentiable: [0],
      }),
    ];
  }),
);
const gatherIndexTypes = (["i8", "u8", "i64", "u32"] as const).map((d) =>
  row("gather", {
    name: `indices ${d}`,
    params: {
      dims: { ...NO_GATHER, offsetDims: [1], collapsedSliceDims: [0], startIndexMap: [0] },
      sliceSizes: [1, 3],
      mode: "fill",
    },
    operands: [operand([5, 3]), fixed([9, 1], d, mixed(ints(0, 6), d === "i8" || d === "i64" ? [-1, 120] : [120]))],
    dtypes: ["f32", "i32"],
  }),
);

interface Scatter {
  readonly name: string;
  readonly operand: Shape;
  readonly indices: Shape;
  readonly updates: Shape;
  readonly dims: Partial<ScatterDims>;
  /** Extent of an update along each operand axis. */
  readonly extent: Shape;
}
const NO_SCATTER: ScatterDims = {
  updateWindowDims: [],
  insertedWindowDims: [],
  operandBatchingDims: [],
  scatterIndicesBatchingDims: [],
  scatterDimsToOperandDims: [],
};
const SCATTERS: readonly Scatter[] = [
  {
    name: "rows",
    operand: [5, 3],
    indices: [4, 1],
    updates: [4, 3],
    extent: [1, 3],
    dims: { updateWindowDims: [1], insertedWindowDims: [0], scatterDimsToOperandDims: [0] },
  },
  {
    name: "columns",
    operand: [3, 5],
    indices: [4, 1],
    updates: [3, 4],
    extent: [3, 1],
    dims: { updateWindowDims: [0], insertedWindowDims: [1], scatterDimsToOperandDims: [1] },
  },
  {
    name: "one element",
    operand: [7],
    indices: [1],
    updates: [],
    extent: [1],
    dims: { insertedWindowDims: [0], scatterDimsToOperandDims: [0] },
  },
  {
    name: "points",
    operand: [3, 4],
    indices: [9, 2],
    updates: [9],
    extent: [1, 1],
    dims: { insertedWindowDims: [0, 1], scatterDimsToOperandDims: [0, 1] },
  },
  {
    name: "points, index vector swapped",
    operand: [3, 4],
    indices: [9, 2],
    updates: [9],
    extent: [1, 1],
    dims: { insertedWindowDims: [0, 1], scatterDimsToOperandDims: [1, 0] },
  },
  {
    name: "windows",
    operand: [6, 5],
    indices: [3, 2],
    updates: [3, 2, 3],
    extent: [2, 3],
    dims: { updateWindowDims: [1, 2], scatterDimsToOperandDims: [0, 1] },
  },
  {
    name: "windows in front of the batch",
    operand: [6, 5],
    indices: [3, 2],
    updates: [2, 3, 3],
    extent: [2, 3],
    dims: { updateWindowDims: [0, 1], scatterDimsToOperandDims: [0, 1] },
  },
  {
    name: "batched rows",
    operand: [2, 5, 3],
    indices: [2, 4, 1],
    updates: [2, 4, 3],
    extent: [1, 1, 3],
    dims: {
      updateWindowDims: [2],
      insertedWindowDims: [1],
      operandBatchingDims: [0],
      scatterIndicesBatchingDims: [0],
      scatterDimsToOperandDims: [1],
    },
  },
  {
    name: "no updates",
    operand: [3, 2],
    indices: [0, 1],
    updates: [0, 2],
    extent: [1, 2],
    dims: { updateWindowDims: [1], insertedWindowDims: [0], scatterDimsToOperandDims: [0] },
  },
];

/** Floats of `g` moved, so that those of two operands never meet. */
const shiftedBy =
  (by: number, g: Gen): Gen =>
  (rng, d, shape) => {
    const x = g(rng, d, shape);
    return isFloat(d) ? generate(shape, d, (i) => roundTo(d, Number(x.data[i]) + by)) : x;
  };

type ScatterOp = "scatter" | "scatter_add" | "scatter_mul" | "scatter_min" | "scatter_max";
const scatterTolerance: Record<ScatterOp, Tolerance> = {
  scatter: EXACT,
  scatter_add: ulps(8, 8),
  scatter_mul: ulps(16, 8),
  scatter_min: EXACT,
  scatter_max: EXACT,
};

function scatterRow(prim: ScatterOp, s: Scatter, mode: IndexMode, unique: boolean): AnyCase {
  const sizes = (s.dims.scatterDimsToOperandDims ?? []).map((a) => s.operand[a]);
  const last = (s.dims.scatterDimsToOperandDims ?? []).map((a) => s.operand[a] - s.extent[a]);
  const inside = indexVectors(
    sizes.map(() => 0),
    last,
  );
  const outside = indexVectors(
    sizes.map(() => -2),
    sizes.map((n) => n + 1),
  );
  const indices: Gen = unique ? uniqueIndexVectors(sizes) : mode === "promise" ? inside : outside;
  // products stay small and away from zero; extrema have no ties
  const plain = prim === "scatter_mul" ? awayFromZero(0.5, 1.5) : normal;
  const smooth = prim === "scatter_min" || prim === "scatter_max" ? distinct() : plain;
  const shifted = shiftedBy(0.125, smooth);
  const selects = prim === "scatter" || prim === "scatter_min" || prim === "scatter_max";
  return row(prim, {
    name: `${s.name}, ${mode}${unique ? ", unique" : ""}`,
    params: { dims: { ...NO_SCATTER, ...s.dims }, mode, uniqueIndices: unique },
    operands: [
      operand(s.operand, selects ? anything : plain, smooth),
      fixed(s.indices, "i32", indices),
      operand(s.updates, selects ? anything : plain, smooth === plain ? plain : shifted),
    ],
    dtypes: prim === "scatter" ? ALL : selects ? ORDERED : NUMBERS,
    // the derivative of a product of updates that meet is not asked for
    differentiable: prim === "scatter_mul" && !unique ? [0] : [0, 2],
    tolerance: scatterTolerance[prim],
  });
}
const SCATTER_OPS: readonly ScatterOp[] = ["scatter", "scatter_add", "scatter_mul", "scatter_min", "scatter_max"];
const scatters = SCATTER_OPS.flatMap((prim) => [
  ...SCATTERS.flatMap((s) => (["clip", "fill", "promise"] as const).map((mode) => scatterRow(prim, s, mode, false))),
  ...SCATTERS.filter((s) => s.name === "rows" || s.name === "points").map((s) => scatterRow(prim, s, "promise", true)),
]);

interface Slice {
  readonly shape: Shape;
  readonly sizes: Shape;
}
const SLICES: readonly Slice[] = [
  { shape: [], sizes: [] },
  { shape: [7], sizes: [3] },
  { shape: [7], sizes: [7] },
  { shape: [7], sizes: [0] },
  { shape: [5, 6], sizes: [2, 3] },
  { shape: [3, 4, 5], sizes: [1, 4, 2] },
  { shape: [0, 3], sizes: [0, 2] },
];
const start = fixed([], "i32", ints(-3, 8));
const slices = SLICES.flatMap(({ shape, sizes }) => [
  row("dynamic_slice", {
    name: `${show(sizes)} of ${show(shape)}`,
    params: { sizes },
    operands: [operand(shape, anything, normal), ...shape.map(() => start)],
    dtypes: ALL,
    differentiable: [0],
  }),
  row("dynamic_update_slice", {
    name: `${show(sizes)} in ${show(shape)}`,
    operands: [operand(shape, anything, normal), operand(sizes, anything, normal), ...shape.map(() => start)],
    dtypes: ALL,
    differentiable: [0, 1],
  }),
]);
const startTypes = (["i64", "u8"] as const).map((d) =>
  row("dynamic_slice", {
    name: `starts ${d}`,
    params: { sizes: [2, 2] },
    operands: [operand([4, 5]), fixed([], d, ints(0, 9)), fixed([], d, ints(0, 9))],
    dtypes: [...FLOATS, ...INTS],
  }),
);

export const indexing: readonly AnyCase[] = [...gathers, ...gatherIndexTypes, ...scatters, ...slices, ...startTypes];
