/** Rows of the reduction family. */
import type { DType } from "../../../src/ir/dtype.js";
import type { ReductionOps, Window, WindowOp } from "../../../src/ir/ops/index.js";
import { anything, awayFromZero, distinct, mixed, normal, tied, uniform } from "../gens.js";
import { BITS, EXACT, FLOATS, NUMBERS, ORDERED, operand, row, ulps } from "./make.js";
import type { AnyCase, Gen, Tolerance } from "./types.js";

type Shape = readonly number[];
const show = (s: Shape): string => `[${s.join(",")}]`;

const AXES: readonly [Shape, Shape][] = [
  [[], []],
  [[7], [0]],
  [[7], []],
  [[0], [0]],
  [[1], [0]],
  [[3, 5], [0]],
  [[3, 5], [1]],
  [
    [3, 5],
    [0, 1],
  ],
  [
    [2, 3, 4],
    [0, 2],
  ],
  [[2, 3, 4], [1]],
  [[2, 0, 3], [1]],
  [[2, 0, 3], [0]],
  [
    [2, 1, 3, 2],
    [1, 3],
  ],
  [[133], [0]],
  [[37, 19], [0]],
  [[19, 37], [1]],
];
/** A sum of n values below 4 rounds n times to an error of n/2 ulp of at most 4n: 133 of them in f16 and bf16 count in f32. */
const SUM: Tolerance = ulps(16, 32);
const PROD: Tolerance = ulps(64, 1);

const isEmpty = (shape: Shape): boolean => shape.includes(0);
/** Infinities have no finite differences. */
const INFINITE_WHEN_EMPTY: readonly string[] = ["reduce_max", "reduce_min"];

type ReduceOp = Extract<keyof ReductionOps, `reduce_${string}`> extends infer K ? Exclude<K, "reduce_window"> : never;

function reducers(
  prim: ReduceOp,
  gen: Gen,
  smooth: Gen,
  dtypes: readonly DType[],
  differentiable: readonly number[],
  tolerance: Tolerance,
): AnyCase[] {
  return AXES.map(([shape, axes]) =>
    row(prim, {
      name: `${show(shape)} over ${show(axes)}`,
      params: { axes },
      operands: [operand(shape, gen, smooth)],
      dtypes,
      differentiable: isEmpty(shape) && INFINITE_WHEN_EMPTY.includes(prim) ? [] : differentiable,
      tolerance,
    }),
  );
}

const CUMULATIVE: readonly [Shape, number][] = [
  [[7], 0],
  [[1], 0],
  [[0], 0],
  [[3, 5], 0],
  [[3, 5], 1],
  [[2, 3, 4], 1],
  [[40], 0],
  [[3, 67], 1],
  [[2, 0], 0],
];
type CumulativeOp = Extract<keyof ReductionOps, `cum${string}`>;
function cumulatives(
  prim: CumulativeOp,
  gen: Gen,
  smooth: Gen,
  dtypes: readonly DType[],
  tolerance: Tolerance,
): AnyCase[] {
  return CUMULATIVE.flatMap(([shape, axis]) =>
    [false, true].map((reverse) =>
      row(prim, {
        name: `${show(shape)} axis ${axis}${reverse ? " reversed" : ""}`,
        params: { axis, reverse },
        operands: [operand(shape, gen, smooth)],
        dtypes,
        differentiable: [0],
        tolerance,
      }),
    ),
  );
}

interface Pool {
  readonly name: string;
  readonly shape: Shape;
  readonly window: Window;
}
const window = (windowDims: Shape, more: Partial<Window> = {}): Window => ({
  windowDims,
  strides: windowDims.map(() => 1),
  padding: windowDims.map(() => [0, 0] as const),
  baseDilation: windowDims.map(() => 1),
  windowDilation: windowDims.map(() => 1),
  ...more,
});
/** Windows without dilation, which every pooling op takes. */
const POOLS: readonly Pool[] = [
  { name: "1-d", shape: [9], window: window([3]) },
  { name: "stride 2", shape: [9], window: window([2], { strides: [2] }) },
  { name: "stride beyond the window", shape: [11], window: window([2], { strides: [4] }) },
  { name: "padded", shape: [6], window: window([3], { padding: [[1, 2]] }) },
  { name: "negative padding", shape: [8], window: window([3], { padding: [[-1, -2]] }) },
  {
    name: "2-d overlapping",
    shape: [5, 6],
    window: window([3, 2], {
      strides: [2, 1],
      padding: [
        [1, 0],
        [0, 1],
      ],
    }),
  },
  { name: "batch and channels", shape: [2, 5, 5, 3], window: window([1, 2, 2, 1], { strides: [1, 2, 2, 1] }) },
  { name: "window larger than the array", shape: [2], window: window([4]) },
  { name: "empty array", shape: [0, 3], window: window([1, 2]) },
];
const DILATED: readonly Pool[] = [
  { name: "window dilation", shape: [9], window: window([3], { windowDilation: [2] }) },
  { name: "base dilation", shape: [5], window: window([3], { baseDilation: [3], padding: [[1, 1]] }) },
  {
    name: "both dilations",
    shape: [4, 5],
    window: window([2, 3], {
      baseDilation: [2, 1],
      windowDilation: [3, 2],
      strides: [1, 2],
      padding: [
        [2, 1],
        [2, 2],
      ],
    }),
  },
];
/** Every window holds an element: a window of nothing but padding has no greatest one. */
const NEVER_EMPTY = [...POOLS, DILATED[0]];

const reduceWindows = (["sum", "max", "min", "prod"] as const satisfies readonly WindowOp[]).flatMap((op) =>
  [...POOLS, ...DILATED].map((pool) => {
    const { name, shape, window: w } = pool;
    const finite = op === "sum" || (op !== "prod" && NEVER_EMPTY.includes(pool));
    return row("reduce_window", {
      name: `${op} ${name}`,
      params: { ...w, op },
      operands: [operand(shape, normal, op === "prod" ? awayFromZero(0.5, 1.5) : distinct())],
      dtypes: NUMBERS,
      differentiable: finite ? [0] : [],
      tolerance: op === "sum" ? SUM : op === "prod" ? PROD : EXACT,
    });
  }),
);

/** Number of windows along each axis, as in the definition of reduce_window without dilation. */
function windows({ shape, window: w }: Pool): number[] {
  return shape.map((d, a) => {
    const room = d + w.padding[a][0] + w.padding[a][1] - ((w.windowDims[a] - 1) * w.windowDilation[a] + 1);
    return room < 0 ? 0 : Math.floor(room / w.strides[a]) + 1;
  });
}

const selections = (["ge", "le"] as const).flatMap((select) => [
  ...POOLS.map((p) => {
    const { windowDims, strides, padding } = p.window;
    return row("select_and_scatter_add", {
      name: `${select} ${p.name}`,
      params: { windowDims, strides, padding, select },
      // the operand only says where: ties too
      operands: [operand(windows(p), normal), operand(p.shape, mixed(tied, [5, -5]), distinct())],
      dtypes: FLOATS,
      differentiable: [0],
      tolerance: SUM,
    });
  }),
  ...NEVER_EMPTY.map((p) =>
    row("select_and_gather_add", {
      name: `${select} ${p.name}`,
      params: { ...p.window, select },
      operands: [operand(p.shape, normal), operand(p.shape, mixed(tied, [5, -5]), distinct())],
      dtypes: FLOATS,
      differentiable: [0],
    }),
  ),
]);

const NAN_AMONG: Gen = mixed(tied, [Number.NaN, 7], 0.15);

export const reduction: readonly AnyCase[] = [
  ...reducers("reduce_sum", normal, normal, NUMBERS, [0], SUM),
  ...reducers("reduce_prod", uniform(-1.5, 1.5), awayFromZero(0.5, 1.5), NUMBERS, [0], PROD),
  ...reducers("reduce_max", anything, distinct(), ORDERED, [0], EXACT),
  ...reducers("reduce_min", anything, distinct(), ORDERED, [0], EXACT),
  ...reducers("reduce_and", anything, anything, BITS, [], EXACT),
  ...reducers("reduce_or", anything, anything, BITS, [], EXACT),
  ...reducers("reduce_xor", anything, anything, BITS, [], EXACT),
  ...(["argmax", "argmin"] as const).flatMap((prim) =>
    (
      [
        [[7], 0, "i32"],
        [[1], 0, "i32"],
        [[3, 5], 0, "i32"],
        [[3, 5], 1, "i64"],
        [[2, 3, 4], 1, "u32"],
        [[0, 3], 1, "i32"],
        [[70], 0, "i32"],
      ] as const
    ).map(([shape, axis, index]) =>
      row(prim, {
        name: `${show(shape)} axis ${axis} as ${index}`,
        params: { axis, dtype: index },
        operands: [operand(shape, NAN_AMONG)],
        dtypes: ORDERED,
      }),
    ),
  ),
  ...cumulatives("cumsum", normal, normal, NUMBERS, SUM),
  ...cumulatives("cumprod", uniform(-1.5, 1.5), awayFromZero(0.5, 1.5), NUMBERS, PROD),
  ...cumulatives("cummax", mixed(normal, [Number.NaN], 0.05), distinct(), NUMBERS, EXACT),
  ...cumulatives("cummin", mixed(normal, [Number.NaN], 0.05), distinct(), NUMBERS, EXACT),
  ...cumulatives(
    "cumlogsumexp",
    mixed(uniform(-20, 20), [Number.NEGATIVE_INFINITY], 0.1),
    normal,
    FLOATS,
    ulps(16, 16),
  ),
  ...reduceWindows,
  ...selections,
];
