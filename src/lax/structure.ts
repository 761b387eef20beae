/** Movement, reduction, contraction, indexing, sort and linear-algebra primitives with their parameters. */
import { handOverGreatest } from "../lowering/hand-over/greatest.js";
import { handOverLinalg } from "../lowering/hand-over/linalg.js";
import { handOverWindows } from "../lowering/hand-over/windows.js";
import type { Like, Same } from "../tracer/num.js";
import { fail } from "../diagnostics/error.js";
import {
  type Dim,
  dimAdd,
  dimEqual,
  dimFloorDiv,
  dimMax,
  dimMin,
  dimMul,
  dimProduct,
  dimSub,
  isStatic,
  type Shape,
} from "../ir/dim.js";
import type { DType } from "../ir/dtype.js";
import type {
  ConvParams,
  GatherParams,
  IndexMode,
  ReductionOps,
  ScatterParams,
  Window,
  WindowOp,
} from "../ir/ops/index.js";
import { bind, bind1, scalar } from "../tracer/frame.js";
import { isScalarLeaf } from "../tracer/leaf.js";
import type { Tensor } from "../tracer/tensor.js";
import { checkGather, checkScatter } from "./dimension-numbers.js";
import {
  arrayList,
  asTensor,
  canonicalAxes,
  canonicalAxis,
  checkFlags,
  checkShape,
  isTensor,
  numberOf,
  operand,
  type TensorLike,
} from "./operand.js";

/** Row-major reshape; one size may be -1. */
export function reshape<X extends TensorLike>(x: X, shape: readonly Dim[]): Like<X>;
export function reshape(x: Tensor, shape: readonly Dim[]): Tensor {
  x = operand("reshape", x);
  return bind1("reshape", [x], { shape: inferShape(x, shape) });
}
function inferShape(x: Tensor, shape: readonly Dim[]): Shape {
  checkShape("reshape", shape);
  const hole = shape.indexOf(-1);
  if (hole < 0) return shape;
  const rest = dimProduct(shape.filter((_, i) => i !== hole));
  const total = dimProduct(x.aval.shape);
  if (typeof rest === "number" && typeof total === "number" && (rest === 0 || total % rest !== 0)) {
    fail("TW2008", `reshape: ${total} elements do not divide into [${shape.map(String).join(", ")}]`, {
      help: `the other sizes multiply to ${rest}`,
    });
  }
  return shape.map((d, i) => (i === hole ? dimFloorDiv(total, rest) : d));
}
export function transpose<X extends TensorLike>(x: X, perm?: readonly number[]): Like<X>;
export function transpose(x: Tensor, perm?: readonly number[]): Tensor {
  x = operand("transpose", x);
  const p = perm ? perm.map((a) => canonicalAxis("transpose", a, x.ndim)) : x.shape.map((_, i) => x.ndim - 1 - i);
  return bind1("transpose", [x], { perm: p });
}
export function broadcastInDim<X extends TensorLike>(x: X, shape: Shape, dims: readonly number[]): Like<X>;
export function broadcastInDim(x: TensorLike, shape: Shape, dims: readonly number[]): Tensor {
  return bind1("broadcast_in_dim", [asTensor("broadcastInDim", x)], { shape, dims });
}
/** New leading axes. */
export function broadcast<X extends TensorLike>(x: X, sizes: readonly number[]): Like<X>;
export function broadcast(x: Tensor, sizes: readonly number[]): Tensor {
  x = operand("broadcast", x);
  return broadcastInDim(
    x,
    [...sizes, ...x.aval.shape],
    x.shape.map((_, i) => i + sizes.length),
  );
}
export function slice<X extends TensorLike>(
  x: X,
  start: readonly Dim[],
  limit: readonly Dim[],
  strides?: readonly number[],
): Like<X>;
export function slice(x: Tensor, start: readonly Dim[], limit: readonly Dim[], strides?: readonly number[]): Tensor {
  return bind1("slice", [x], { start, limit, strides: strides ?? start.map(() => 1) });
}
export function sliceInDim<X extends TensorLike>(
  x: X,
  start: Dim | null,
  limit: Dim | null,
  stride?: number,
  axis?: number,
): Like<X>;
export function sliceInDim(x: Tensor, start: Dim | null, limit: Dim | null, stride = 1, axis = 0): Tensor {
  x = operand("sliceInDim", x);
  const a = canonicalAxis("sliceInDim", axis, x.ndim);
  const n = x.aval.shape[a];
  const clip = (i: Dim): Dim => dimMin(dimMax(isStatic(i) && i < 0 ? dimAdd(n, i) : i, 0), n);
  const from = start === null ? 0 : clip(start);
  const to = limit === null ? n : dimMax(from, clip(limit));
  return slice(
    x,
    x.shape.map((_, i) => (i === a ? from : 0)),
    x.aval.shape.map((d, i) => (i === a ? to : d)),
    x.shape.map((_, i) => (i === a ? stride : 1)),
  );
}
/** A size as a scalar of a program: a literal where it is known, else counted when the program runs. */
export function dimensionValue(d: Dim, dtype: DType = "i32"): Tensor {
  if (isStatic(d)) return scalar(dtype === "i64" || dtype === "u64" ? BigInt(d) : d, dtype);
  const one = scalar(dtype === "i64" || dtype === "u64" ? 1n : 1, dtype);
  return bind1("reduce_sum", [bind1("broadcast_in_dim", [one], { shape: [d], dims: [] })], { axes: [0] });
}
/** [low, high, interior] for each axis; negative low and high crop. */
export function pad<X extends TensorLike, Y extends TensorLike>(
  x: X,
  value: Y,
  config: readonly (readonly [number, number, number])[],
): Like<X | Y>;
export function pad(x: Tensor, value: TensorLike, config: readonly (readonly [number, number, number])[]): Tensor {
  x = operand("pad", x);
  const fill = isTensor(value) ? value : numberOf("pad", value, x.aval.dtype);
  return bind1("pad", [x, fill], {
    low: config.map((c) => c[0]),
    high: config.map((c) => c[1]),
    interior: config.map((c) => c[2]),
  });
}
export function concatenate<X extends TensorLike>(xs: readonly X[], axis: number): Like<X>;
export function concatenate(xs: readonly Tensor[], axis: number): Tensor {
  if (!Array.isArray(xs)) xs = arrayList("concatenate", xs);
  if (xs.length === 0) fail("TW2011", "concatenate: the list is empty", { help: "give at least one array" });
  return bind1("concatenate", xs, { axis: canonicalAxis("concatenate", axis, xs[0].ndim) });
}
export function rev<X extends TensorLike>(x: X, axes: readonly number[]): Like<X>;
export function rev(x: Tensor, axes: readonly number[]): Tensor {
  x = operand("rev", x);
  return bind1("rev", [x], { axes: canonicalAxes("rev", axes, x.ndim) });
}
export function iota(dtype: DType, size: Dim): Tensor {
  return bind1("iota", [], { dtype, shape: [size], axis: 0 });
}
export function broadcastedIota(dtype: DType, shape: Shape, axis: number): Tensor {
  return bind1("iota", [], { dtype, shape, axis });
}
export function full(shape: Shape, value: number | bigint | boolean, dtype: DType = "f32"): Tensor {
  const s = isScalarLeaf(value) ? scalar(value, dtype) : asTensor("full", value);
  return shape.length === 0 ? s : bind1("broadcast_in_dim", [s], { shape, dims: [] });
}
export function expandDims<X extends TensorLike>(x: X, axes: readonly number[]): Like<X>;
export function expandDims(x: Tensor, axes: readonly number[]): Tensor {
  x = operand("expandDims", x);
  const rank = x.ndim + axes.length;
  const at = new Set(canonicalAxes("expandDims", axes, rank));
  let next = 0;
  return bind1("reshape", [x], {
    shape: Array.from({ length: rank }, (_, i) => (at.has(i) ? 1 : x.aval.shape[next++])),
  });
}
export function squeeze<X extends TensorLike>(x: X, axes: readonly number[]): Like<X>;
export function squeeze(x: Tensor, axes: readonly number[]): Tensor {
  x = operand("squeeze", x);
  const drop = new Set(canonicalAxes("squeeze", axes, x.ndim));
  for (const a of drop) {
    if (dimEqual(x.aval.shape[a], 1) === false)
      fail("TW2001", `squeeze: axis ${a} has size ${x.shape[a]}, not 1`, {
        help: "only axes of size 1 can go; index the axis to pick one element",
      });
  }
  return bind1("reshape", [x], { shape: x.aval.shape.filter((_, i) => !drop.has(i)) });
}

type ReduceName =
  | "reduce_sum"
  | "reduce_prod"
  | "reduce_max"
  | "reduce_min"
  | "reduce_and"
  | "reduce_or"
  | "reduce_xor";
type Reducer = <X extends TensorLike>(x: X, axes?: number | readonly number[] | null) => Like<X>;
function reducer(prim: ReduceName): Reducer {
  const reduce = (given: TensorLike, axes?: number | readonly number[] | null): Tensor => {
    const x = operand(prim, given);
    const list = canonicalAxes(prim, axes, x.ndim);
    return list.length === 0 ? x : bind1(prim, [x], { axes: list });
  };
  return reduce as Reducer;
}
export const reduceSum = reducer("reduce_sum");
export const reduceProd = reducer("reduce_prod");
export const reduceMax = reducer("reduce_max");
export const reduceMin = reducer("reduce_min");
export const reduceAnd = reducer("reduce_and");
export const reduceOr = reducer("reduce_or");
export const reduceXor = reducer("reduce_xor");
export function argmax<X extends TensorLike>(x: X, axis: number, dtype?: DType): Like<X>;
export function argmax(x: Tensor, axis: number, dtype: DType = "i32"): Tensor {
  x = operand("argmax", x);
  return bind1("argmax", [x], { axis: canonicalAxis("argmax", axis, x.ndim), dtype });
}
export function argmin<X extends TensorLike>(x: X, axis: number, dtype?: DType): Like<X>;
export function argmin(x: Tensor, axis: number, dtype: DType = "i32"): Tensor {
  x = operand("argmin", x);
  return bind1("argmin", [x], { axis: canonicalAxis("argmin", axis, x.ndim), dtype });
}
type CumulativeName = Extract<keyof ReductionOps, `cum${string}`>;
type Cumulative = <X extends TensorLike>(x: X, axis?: number, reverse?: boolean) => Same<X>;
function cumulative(prim: CumulativeName): Cumulative {
  const accumulate = (given: TensorLike, axis = 0, reverse = false): Tensor => {
    const x = operand(prim, given);
    return bind1(prim, [x], { axis: canonicalAxis(prim, axis, x.ndim), reverse });
  };
  return accumulate as Cumulative;
}
export const cumsum = cumulative("cumsum");
export const cumprod = cumulative("cumprod");
export const cummax = cumulative("cummax");
export const cummin = cumulative("cummin");
export const cumlogsumexp = cumulative("cumlogsumexp");

export type Padding = "SAME" | "VALID" | readonly (readonly [number, number])[];

/** "SAME" or "VALID" as numbers. */
export function resolvePadding(
  padding: Padding,
  sizes: Shape,
  window: readonly number[],
  strides: readonly number[],
  dilation: readonly number[],
): (readonly [number, number])[] {
  if (padding === "VALID") return sizes.map(() => [0, 0] as const);
  if (padding !== "SAME") {
    if (typeof padding === "string") {
      fail("TW2011", `padding ${JSON.stringify(padding)} is not known`, {
        help: 'use "SAME", "VALID" or [before, after] for each axis of space',
      });
    }
    return [...padding];
  }
  return sizes.map((n, i) => {
    const span = (window[i] - 1) * dilation[i] + 1;
    let total = span - 1;
    if (strides[i] !== 1) {
      if (!isStatic(n)) {
        fail("TW2014", `"SAME" padding with stride ${strides[i]} of an axis of size ${String(n)}`, {
          help: "give the padding as [before, after] for each axis of space",
        });
      }
      total = Math.max(0, (Math.ceil(n / strides[i]) - 1) * strides[i] + span - n);
    } else if (n === 0) total = Math.max(0, span - 1);
    return [Math.floor(total / 2), total - Math.floor(total / 2)] as const;
  });
}
const dilated = (n: Dim, by: number): Dim => (n === 0 || by === 1 ? n : dimAdd(dimMul(dimSub(n, 1), by), 1));
export interface WindowOptions {
  strides?: readonly number[];
  padding?: Padding;
  baseDilation?: readonly number[];
  windowDilation?: readonly number[];
}
/** Reduces each window of the operand; `windowDims` has an entry for every axis. */
export function reduceWindow<X extends TensorLike>(
  x: X,
  op: WindowOp,
  windowDims: readonly number[],
  options?: WindowOptions,
): Like<X>;
export function reduceWindow(
  x: Tensor,
  op: WindowOp,
  windowDims: readonly number[],
  options: WindowOptions = {},
): Tensor {
  const ones = windowDims.map(() => 1);
  const strides = options.strides ?? ones;
  const baseDilation = options.baseDilation ?? ones;
  const windowDilation = options.windowDilation ?? ones;
  const sizes = x.aval.shape.map((n, i) => dilated(n, baseDilation[i]));
  const window: Window = {
    windowDims,
    strides,
    baseDilation,
    windowDilation,
    padding: resolvePadding(options.padding ?? "VALID", sizes, windowDims, strides, windowDilation),
  };
  handOverWindows();
  return bind1("reduce_window", [x], { ...window, op });
}

export interface DotDimensionNumbers {
  contract: readonly [lhs: readonly number[], rhs: readonly number[]];
  batch?: readonly [lhs: readonly number[], rhs: readonly number[]];
}
/** Result axes: batch, then what is left of lhs, then what is left of rhs. */
export function dotGeneral<X extends TensorLike, Y extends TensorLike>(
  lhs: X,
  rhs: Y,
  dims: DotDimensionNumbers,
  preferredElementType?: DType | null,
): Like<X | Y>;
export function dotGeneral(
  lhs: Tensor,
  rhs: Tensor,
  dims: DotDimensionNumbers,
  preferredElementType: DType | null = null,
): Tensor {
  const axes = (list: readonly number[] | undefined, t: Tensor): number[] =>
    (list ?? []).map((a) => canonicalAxis("dotGeneral", a, t.ndim));
  return bind1("dot_general", [lhs, rhs], {
    lhsContract: axes(dims.contract[0], lhs),
    rhsContract: axes(dims.contract[1], rhs),
    lhsBatch: axes(dims.batch?.[0], lhs),
    rhsBatch: axes(dims.batch?.[1], rhs),
    preferred: preferredElementType,
  });
}
/** Vector and matrix products: last axis of lhs with the first of rhs. */
export function dot<X extends TensorLike, Y extends TensorLike>(lhs: X, rhs: Y): Like<X | Y>;
export function dot(lhs: Tensor, rhs: Tensor): Tensor {
  return dotGeneral(lhs, rhs, { contract: [[lhs.ndim - 1], [0]] });
}

export interface ConvOptions {
  windowStrides?: readonly number[];
  padding?: Padding;
  lhsDilation?: readonly number[];
  rhsDilation?: readonly number[];
  /** Letters for the axes of lhs, rhs and out: "NHWC", "HWIO", "NHWC". Default "NCHW", "OIHW", "NCHW" for any rank. */
  dimensionNumbers?: readonly [lhs: string, rhs: string, out: string];
  featureGroupCount?: number;
  batchGroupCount?: number;
  preferredElementType?: DType | null;
}
const SPATIAL = "HWDABCEFG";
function specOf(letters: string, first: string, second: string, rank: number): number[] {
  const spatial = [...letters].filter((c) => c !== first && c !== second);
  const at = (c: string): number => letters.indexOf(c);
  if (letters.length !== rank || at(first) < 0 || at(second) < 0) {
    fail(
      "TW2011",
      `convGeneralDilated: "${letters}" does not name the ${rank} axes of an operand with ${first} and ${second}`,
      { help: 'such as ["NHWC", "HWIO", "NHWC"]' },
    );
  }
  return [at(first), at(second), ...spatial.map(at)];
}
export function convGeneralDilated<X extends TensorLike, Y extends TensorLike>(
  lhs: X,
  rhs: Y,
  options?: ConvOptions,
): Like<X | Y>;
export function convGeneralDilated(lhs: Tensor, rhs: Tensor, options: ConvOptions = {}): Tensor {
  const rank = lhs.ndim;
  const n = rank - 2;
  const s = SPATIAL.slice(0, n);
  const [l, r, o] = options.dimensionNumbers ?? [`NC${s}`, `OI${s}`, `NC${s}`];
  const lhsSpec = specOf(l, "N", "C", rank);
  const rhsSpec0 = specOf(r, "O", "I", rank);
  const outSpec0 = specOf(o, "N", "C", rank);
  // spatial axes follow lhs's letters
  const order = [...l].filter((c) => c !== "N" && c !== "C");
  const rhsSpec = [...rhsSpec0.slice(0, 2), ...order.map((c) => r.indexOf(c))];
  const outSpec = [...outSpec0.slice(0, 2), ...order.map((c) => o.indexOf(c))];
  const ones = Array.from({ length: n }, () => 1);
  const strides = options.windowStrides ?? ones;
  const lhsDilation = options.lhsDilation ?? ones;
  const rhsDilation = options.rhsDilation ?? ones;
  const sizes = lhsSpec.slice(2).map((a, i) => dilated(lhs.aval.shape[a], lhsDilation[i]));
  const window = rhsSpec.slice(2).map((a) => rhs.shape[a]);
  const params: ConvParams = {
    strides,
    lhsDilation,
    rhsDilation,
    padding: resolvePadding(options.padding ?? "VALID", sizes, window, strides, rhsDilation),
    lhsSpec,
    rhsSpec,
    outSpec,
    featureGroupCount: options.featureGroupCount ?? 1,
    batchGroupCount: options.batchGroupCount ?? 1,
    preferred: options.preferredElementType ?? null,
  };
  handOverWindows();
  return bind1("conv_general_dilated", [lhs, rhs], params);
}
/** Convolution in NCHW / OIHW layout with the given strides and padding. */
export function conv<X extends TensorLike, Y extends TensorLike>(
  lhs: X,
  rhs: Y,
  windowStrides: readonly number[],
  padding: Padding,
): Like<X | Y>;
export function conv(lhs: Tensor, rhs: Tensor, windowStrides: readonly number[], padding: Padding): Tensor {
  return convGeneralDilated(lhs, rhs, { windowStrides, padding });
}

const startOf = (x: TensorLike): Tensor =>
  isTensor(x)
    ? x.aval.dtype === "i32"
      ? x
      : bind1("convert_element_type", [x], { dtype: "i32" })
    : numberOf("a start index", x, "i32");
/** A window of fixed size at a start known when the program runs; starts are clamped so that it fits. */
export function dynamicSlice<X extends TensorLike, Y extends TensorLike>(
  x: X,
  starts: readonly Y[],
  sizes: readonly number[],
): Like<X | Y>;
export function dynamicSlice(x: Tensor, starts: readonly TensorLike[], sizes: readonly number[]): Tensor {
  return bind1("dynamic_slice", [x, ...starts.map(startOf)], { sizes });
}
export function dynamicSliceInDim<X extends TensorLike, Y extends TensorLike>(
  x: X,
  start: Y,
  size: number,
  axis?: number,
): Like<X | Y>;
export function dynamicSliceInDim(x: Tensor, start: TensorLike, size: number, axis = 0): Tensor {
  x = operand("dynamicSliceInDim", x);
  const a = canonicalAxis("dynamicSliceInDim", axis, x.ndim);
  return dynamicSlice(
    x,
    x.shape.map((_, i) => (i === a ? start : 0)),
    x.shape.map((d, i) => (i === a ? size : d)),
  );
}
export function dynamicIndexInDim<X extends TensorLike, Y extends TensorLike>(
  x: X,
  index: Y,
  axis?: number,
  keepdims?: boolean,
): Like<X | Y>;
export function dynamicIndexInDim(x: Tensor, index: TensorLike, axis = 0, keepdims = true): Tensor {
  const y = dynamicSliceInDim(x, index, 1, axis);
  return keepdims ? y : squeeze(y, [axis]);
}
export function dynamicUpdateSlice<X extends TensorLike, Y extends TensorLike, Z extends TensorLike>(
  x: X,
  update: Y,
  starts: readonly Z[],
): Like<X | Y | Z>;
export function dynamicUpdateSlice(x: Tensor, update: Tensor, starts: readonly TensorLike[]): Tensor {
  return bind1("dynamic_update_slice", [x, update, ...starts.map(startOf)], {});
}
export function dynamicUpdateSliceInDim<X extends TensorLike, Y extends TensorLike, Z extends TensorLike>(
  x: X,
  update: Y,
  start: Z,
  axis?: number,
): Like<X | Y | Z>;
export function dynamicUpdateSliceInDim(x: Tensor, update: Tensor, start: TensorLike, axis = 0): Tensor {
  x = operand("dynamicUpdateSliceInDim", x);
  const a = canonicalAxis("dynamicUpdateSliceInDim", axis, x.ndim);
  return dynamicUpdateSlice(
    x,
    update,
    x.shape.map((_, i) => (i === a ? start : 0)),
  );
}
export function gather<X extends TensorLike, Y extends TensorLike>(x: X, indices: Y, params: GatherParams): Like<X | Y>;
export function gather(x: Tensor, indices: Tensor, params: GatherParams): Tensor {
  return bind1("gather", [x, indices], checkGather(params));
}
export function scatter<X extends TensorLike, Y extends TensorLike, Z extends TensorLike>(
  x: X,
  indices: Y,
  updates: Z,
  params: ScatterParams,
): Like<X | Y | Z>;
export function scatter(x: Tensor, indices: Tensor, updates: Tensor, params: ScatterParams): Tensor {
  return bind1("scatter", [x, indices, updates], checkScatter("scatter", params));
}
export function scatterAdd<X extends TensorLike, Y extends TensorLike, Z extends TensorLike>(
  x: X,
  indices: Y,
  updates: Z,
  params: ScatterParams,
): Like<X | Y | Z>;
export function scatterAdd(x: Tensor, indices: Tensor, updates: Tensor, params: ScatterParams): Tensor {
  return bind1("scatter_add", [x, indices, updates], checkScatter("scatterAdd", params));
}
export function scatterMul<X extends TensorLike, Y extends TensorLike, Z extends TensorLike>(
  x: X,
  indices: Y,
  updates: Z,
  params: ScatterParams,
): Like<X | Y | Z>;
export function scatterMul(x: Tensor, indices: Tensor, updates: Tensor, params: ScatterParams): Tensor {
  return bind1("scatter_mul", [x, indices, updates], checkScatter("scatterMul", params));
}
export function scatterMin<X extends TensorLike, Y extends TensorLike, Z extends TensorLike>(
  x: X,
  indices: Y,
  updates: Z,
  params: ScatterParams,
): Like<X | Y | Z>;
export function scatterMin(x: Tensor, indices: Tensor, updates: Tensor, params: ScatterParams): Tensor {
  return bind1("scatter_min", [x, indices, updates], checkScatter("scatterMin", params));
}
export function scatterMax<X extends TensorLike, Y extends TensorLike, Z extends TensorLike>(
  x: X,
  indices: Y,
  updates: Z,
  params: ScatterParams,
): Like<X | Y | Z>;
export function scatterMax(x: Tensor, indices: Tensor, updates: Tensor, params: ScatterParams): Tensor {
  return bind1("scatter_max", [x, indices, updates], checkScatter("scatterMax", params));
}

/** Sorts operands together along an axis by the first `numKeys` of them. */
export function sort(x: Tensor, options?: { axis?: number; stable?: boolean }): Tensor;
export function sort(xs: readonly Tensor[], options?: { axis?: number; stable?: boolean; numKeys?: number }): Tensor[];
export function sort(
  xs: Tensor | readonly Tensor[],
  options: { axis?: number; stable?: boolean; numKeys?: number } = {},
): Tensor | Tensor[] {
  const list = isTensor(xs) ? [xs] : (xs as readonly Tensor[]);
  const results = bind("sort", list, {
    axis: canonicalAxis("sort", options.axis ?? -1, list[0].ndim),
    numKeys: options.numKeys ?? 1,
    stable: options.stable ?? true,
  });
  return isTensor(xs) ? results[0] : results;
}
/** The k greatest of the last axis, descending, and where they stood. */
export function topK<X extends TensorLike>(x: X, k: number): [values: Like<X>, indices: Like<X>];
export function topK(x: Tensor, k: number): [values: Tensor, indices: Tensor] {
  handOverGreatest();
  return bind("top_k", [x], { k }) as [Tensor, Tensor];
}

/** As `bind`: with the factorisations come the kernels that compute them. */
const factor: typeof bind = (prim, inputs, params) => {
  handOverLinalg();
  return bind(prim, inputs, params);
};
const factor1: typeof bind1 = (prim, inputs, params) => factor(prim, inputs, params)[0];

export const linalg = {
  cholesky: (x: Tensor): Tensor => factor1("cholesky", [x], {}),
  triangularSolve: (
    a: Tensor,
    b: Tensor,
    options: { leftSide?: boolean; lower?: boolean; transposeA?: boolean; unitDiagonal?: boolean } = {},
  ): Tensor => {
    checkFlags("lax.linalg.triangularSolve", options, ["leftSide", "lower", "transposeA", "unitDiagonal"]);
    return factor1("triangular_solve", [a, b], {
      leftSide: options.leftSide ?? false,
      lower: options.lower ?? false,
      transposeA: options.transposeA ?? false,
      unitDiagonal: options.unitDiagonal ?? false,
    });
  },
  /** [lu, pivots, permutation] */
  lu: (x: Tensor): [Tensor, Tensor, Tensor] => factor("lu", [x], {}) as [Tensor, Tensor, Tensor],
  /** [q, r] */
  qr: (x: Tensor, options: { fullMatrices?: boolean } = {}): [Tensor, Tensor] => {
    checkFlags("lax.linalg.qr", options, ["fullMatrices"]);
    return factor("qr", [x], { fullMatrices: options.fullMatrices ?? true }) as [Tensor, Tensor];
  },
  /** [eigenvalues ascending, eigenvectors] */
  eigh: (x: Tensor): [Tensor, Tensor] => factor("eigh", [x], {}) as [Tensor, Tensor],
  /** [u, s, vt] */
  svd: (x: Tensor, options: { fullMatrices?: boolean } = {}): [Tensor, Tensor, Tensor] => {
    checkFlags("lax.linalg.svd", options, ["fullMatrices"]);
    return factor("svd", [x], { fullMatrices: options.fullMatrices ?? true }) as [Tensor, Tensor, Tensor];
  },
} as const;

/** Keeps the compiler from moving or merging anything across it. */
export function optimizationBarrier<T extends readonly Tensor[]>(xs: T): { [K in keyof T]: Tensor } {
  return bind("optimization_barrier", xs, {}) as { [K in keyof T]: Tensor };
}
export type { ConvParams, GatherParams, IndexMode, ScatterParams };
