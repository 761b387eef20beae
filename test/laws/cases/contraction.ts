/** Rows of the contraction family: every kind of dimension numbers. */
import type { ConvParams, DotParams } from "../../../src/ir/ops/index.js";
import { INTS, NUMBERS, FLOATS, operand, row, ulps } from "./make.js";
import type { AnyCase } from "./types.js";
import { normal } from "../gens.js";

type Shape = readonly number[];

/** At most 70 products of normal values: sums below about 40, each addition rounding once. */
const SUM = ulps(16, 16);

interface Dot {
  readonly name: string;
  readonly lhs: Shape;
  readonly rhs: Shape;
  readonly dims: Partial<DotParams>;
}
const DOTS: readonly Dot[] = [
  { name: "vector · vector", lhs: [7], rhs: [7], dims: { lhsContract: [0], rhsContract: [0] } },
  { name: "scalar · scalar", lhs: [], rhs: [], dims: {} },
  { name: "outer product", lhs: [3], rhs: [5], dims: {} },
  { name: "matrix · vector", lhs: [5, 7], rhs: [7], dims: { lhsContract: [1], rhsContract: [0] } },
  { name: "matrix · matrix", lhs: [5, 7], rhs: [7, 3], dims: { lhsContract: [1], rhsContract: [0] } },
  { name: "transposed operands", lhs: [7, 5], rhs: [3, 7], dims: { lhsContract: [0], rhsContract: [1] } },
  {
    name: "several tiles, none of them full",
    lhs: [33, 37],
    rhs: [37, 50],
    dims: { lhsContract: [1], rhsContract: [0] },
  },
  { name: "larger than a tile", lhs: [17, 35], rhs: [35, 19], dims: { lhsContract: [1], rhsContract: [0] } },
  {
    name: "one batch axis in front",
    lhs: [2, 3, 4],
    rhs: [2, 4, 5],
    dims: { lhsContract: [2], rhsContract: [1], lhsBatch: [0], rhsBatch: [0] },
  },
  {
    name: "batch axis behind",
    lhs: [3, 4, 2],
    rhs: [4, 2, 5],
    dims: { lhsContract: [1], rhsContract: [0], lhsBatch: [2], rhsBatch: [1] },
  },
  {
    name: "two batch axes, crossed",
    lhs: [2, 3, 4],
    rhs: [3, 5, 2, 4],
    dims: { lhsContract: [2], rhsContract: [3], lhsBatch: [0, 1], rhsBatch: [2, 0] },
  },
  {
    name: "two contracting axes, crossed",
    lhs: [3, 4, 5],
    rhs: [5, 2, 3],
    dims: { lhsContract: [0, 2], rhsContract: [2, 0] },
  },
  { name: "only batch", lhs: [4], rhs: [4], dims: { lhsBatch: [0], rhsBatch: [0] } },
  { name: "empty contraction", lhs: [2, 0], rhs: [0, 3], dims: { lhsContract: [1], rhsContract: [0] } },
  { name: "empty result", lhs: [0, 3], rhs: [3, 2], dims: { lhsContract: [1], rhsContract: [0] } },
  { name: "size 1", lhs: [1, 1], rhs: [1, 1], dims: { lhsContract: [1], rhsContract: [0] } },
  { name: "many free axes", lhs: [2, 3, 2, 2], rhs: [2, 2, 3], dims: { lhsContract: [2], rhsContract: [0] } },
];
const dotParams = (d: Partial<DotParams>): DotParams => ({
  lhsContract: [],
  rhsContract: [],
  lhsBatch: [],
  rhsBatch: [],
  preferred: null,
  ...d,
});

interface Conv {
  readonly name: string;
  readonly lhs: Shape;
  readonly rhs: Shape;
  readonly params?: Partial<ConvParams>;
}
const CONVS: readonly Conv[] = [
  { name: "1-d", lhs: [2, 3, 9], rhs: [4, 3, 3] },
  {
    name: "larger than a tile",
    lhs: [1, 4, 9, 11],
    rhs: [9, 4, 3, 3],
    params: {
      padding: [
        [1, 1],
        [1, 1],
      ],
    },
  },
  { name: "no spatial axes", lhs: [2, 3], rhs: [4, 3] },
  {
    name: "2-d, strides and padding",
    lhs: [2, 3, 7, 6],
    rhs: [4, 3, 3, 2],
    params: {
      strides: [2, 1],
      padding: [
        [1, 1],
        [0, 1],
      ],
    },
  },
  { name: "negative padding", lhs: [1, 2, 9], rhs: [3, 2, 3], params: { padding: [[-1, -2]] } },
  { name: "kernel dilation", lhs: [1, 2, 9], rhs: [3, 2, 3], params: { rhsDilation: [2] } },
  { name: "input dilation", lhs: [1, 2, 5], rhs: [3, 2, 3], params: { lhsDilation: [3], padding: [[2, 1]] } },
  {
    name: "both dilations and a stride",
    lhs: [2, 2, 5, 4],
    rhs: [3, 2, 2, 3],
    params: {
      lhsDilation: [2, 1],
      rhsDilation: [1, 2],
      strides: [2, 3],
      padding: [
        [1, 2],
        [3, 1],
      ],
    },
  },
  {
    name: "NHWC · HWIO",
    lhs: [2, 6, 5, 3],
    rhs: [3, 2, 3, 4],
    params: {
      lhsSpec: [0, 3, 1, 2],
      rhsSpec: [3, 2, 0, 1],
      outSpec: [0, 3, 1, 2],
      padding: [
        [1, 1],
        [0, 0],
      ],
    },
  },
  {
    name: "odd layouts",
    lhs: [5, 2, 6, 3],
    rhs: [2, 4, 3, 3],
    params: { lhsSpec: [1, 3, 2, 0], rhsSpec: [1, 2, 0, 3], outSpec: [2, 0, 3, 1] },
  },
  { name: "feature groups", lhs: [2, 6, 5], rhs: [4, 3, 2], params: { featureGroupCount: 2 } },
  {
    name: "depthwise",
    lhs: [2, 3, 5, 5],
    rhs: [6, 1, 3, 3],
    params: {
      featureGroupCount: 3,
      padding: [
        [1, 1],
        [1, 1],
      ],
    },
  },
  { name: "batch groups", lhs: [4, 3, 6], rhs: [6, 3, 3], params: { batchGroupCount: 2 } },
  { name: "3-d", lhs: [1, 2, 4, 3, 4], rhs: [2, 2, 2, 2, 3], params: { strides: [1, 1, 2] } },
  { name: "empty batch", lhs: [0, 2, 5], rhs: [3, 2, 2] },
  { name: "kernel larger than the input", lhs: [1, 2, 2], rhs: [3, 2, 4] },
];

function convParams(lhs: Shape, more: Partial<ConvParams> = {}): ConvParams {
  const axes = lhs.map((_, i) => i);
  const ones = axes.slice(2).map(() => 1);
  return {
    strides: ones,
    padding: ones.map(() => [0, 0] as const),
    lhsDilation: ones,
    rhsDilation: ones,
    lhsSpec: axes,
    rhsSpec: axes,
    outSpec: axes,
    featureGroupCount: 1,
    batchGroupCount: 1,
    preferred: null,
    ...more,
  };
}

export const contraction: readonly AnyCase[] = [
  ...DOTS.map(({ name, lhs, rhs, dims }) =>
    row("dot_general", {
      name,
      params: dotParams(dims),
      operands: [operand(lhs), operand(rhs)],
      dtypes: NUMBERS,
      differentiable: [0, 1],
      tolerance: SUM,
    }),
  ),
  row("dot_general", {
    name: "preferred f32",
    params: dotParams({ lhsContract: [1], rhsContract: [0], preferred: "f32" }),
    operands: [operand([5, 33]), operand([33, 4])],
    dtypes: ["f16", "bf16", "f32"],
    tolerance: SUM,
  }),
  row("dot_general", {
    name: "preferred i32",
    params: dotParams({ lhsContract: [1], rhsContract: [0], preferred: "i32" }),
    operands: [operand([5, 33]), operand([33, 4])],
    dtypes: INTS.filter((d) => d === "i8" || d === "u8" || d === "i16" || d === "i32"),
  }),
  ...CONVS.map(({ name, lhs, rhs, params }) =>
    row("conv_general_dilated", {
      name,
      params: convParams(lhs, params),
      operands: [operand(lhs, normal), operand(rhs, normal)],
      dtypes: [...FLOATS, "i32"],
      differentiable: [0, 1],
      tolerance: SUM,
    }),
  ),
];
