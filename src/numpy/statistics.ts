/** Order statistics, histograms, covariance. */
import type { Like } from "../tracer/num.js";
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { dimProduct } from "../ir/dim.js";
import { isInt } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { astype, broadcastTo, canonicalAxes, isTensor, operand } from "../lax/operand.js";
import { cellIfKnown, scalar } from "../tracer/frame.js";
import { checkOptions, describeValue } from "../tracer/leaf.js";
import type { Tensor } from "../tracer/tensor.js";
import { array, linspace } from "./creation.js";
import { finfo } from "./dtype-info.js";
import { clip, isnan, where } from "./elementwise.js";
import { take } from "./indexing.js";
import { dot } from "./products.js";
import { type TensorLike, toFloat } from "./promote.js";
import { type AxisArg, max, mean, min, sum } from "./reduction.js";
import { searchsorted } from "./sorting.js";
import { otherAxes, range } from "../util/index.js";
import { TO_ELEMENTS } from "./elements.js";

export type QuantileMethod = "linear" | "lower" | "higher" | "midpoint" | "nearest";
export interface QuantileOptions {
  method?: QuantileMethod;
  keepdims?: boolean;
}
type Quantile = number | readonly number[] | Tensor;

/** The reduced axes moved to the end as one, and the shape that keepdims gives. */
function lastAxis(what: string, x: TensorLike, axis: AxisArg | undefined): { t: Tensor; kept: readonly number[] } {
  const t = toFloat(what, x);
  const axes = canonicalAxes(what, axis, t.ndim);
  const rest = otherAxes(t.shape.length, axes);
  const moved = lax.transpose(t, [...rest, ...axes]);
  return {
    t: lax.reshape(moved, [...rest.map((i) => t.aval.shape[i]), dimProduct(axes.map((i) => t.aval.shape[i]))]),
    kept: t.shape.map((d, i) => (axes.includes(i) ? 1 : d)),
  };
}

/** Element number `at` (a float position [k], or one for each row [k, ...rows]) of the sorted rows [..., n], as [k, ...rows]. */
function interpolate(sorted: Tensor, at: Tensor, method: QuantileMethod): Tensor {
  const pick = (position: Tensor): Tensor => pickSorted(sorted, astype(position, "i32"));
  const [low, high] = [lax.floor(at), lax.ceil(at)];
  if (method === "lower") return pick(low);
  if (method === "higher") return pick(high);
  if (method === "nearest") return pick(lax.round(at, "even"));
  const [a, b] = [pick(low), pick(high)];
  const part = method === "midpoint" ? lax.mul(lax.sub(high, low), 0.5) : lax.sub(at, low);
  return between(a, b, spread(astype(part, a.aval.dtype), a));
}
/**
 * a + (b - a) w. Where an end is infinite (or b - a overflows) it is a (1 - w) + b w: a + ∞ would lose a = -∞. Each way is
 * computed from zeros where the other one is taken, so that no ∞ · 0 comes into a derivative.
 */
function between(a: Tensor, b: Tensor, w: Tensor): Tensor {
  const difference = lax.sub(b, a);
  const finite = lax.isFinite(difference);
  const near = lax.bitwiseOr(finite, lax.eq(a, b));
  const step = where(finite, difference, 0);
  // ends that differ are two elements, so the share lies within (0, 1), also where its dtype would round it to an end
  const least = finfo(a.aval.dtype).eps / 2;
  const share = lax.clamp(least, w, 1 - least);
  const [p, q] = [where(near, 0, a), where(near, 0, b)];
  return lax.select(near, lax.add(a, lax.mul(step, w)), lax.add(lax.mul(p, lax.sub(1, share)), lax.mul(q, share)));
}
function spread(x: Tensor, like: Tensor): Tensor {
  return x.ndim === like.ndim ? x : lax.broadcastInDim(x, like.aval.shape, [0]);
}
function pickSorted(sorted: Tensor, position: Tensor): Tensor {
  const rank = sorted.ndim;
  if (position.ndim === 1) {
    const taken = take(sorted, position, rank - 1, { mode: "clip" });
    return lax.transpose(taken, [rank - 1, ...range(rank - 1)]);
  }
  const rows = range(rank - 1);
  return lax.gather(sorted, lax.expandDims(position, [position.ndim]), {
    dims: {
      offsetDims: [],
      collapsedSliceDims: [rank - 1],
      operandBatchingDims: rows,
      startIndicesBatchingDims: rows.map((i) => i + 1),
      startIndexMap: [rank - 1],
    },
    sliceSizes: sorted.shape.map(() => 1),
    mode: "clip",
  });
}

/** The shares of the elements that `q` names, in f64: in f32 a long axis has no positions for most of its elements. */
function sharesOf(what: string, q: Quantile, whole: 1 | 100): Tensor {
  if (isTensor(q)) {
    const list = lax.reshape(astype(q, "f64"), [-1]);
    return whole === 1 ? list : lax.div(list, whole);
  }
  const list: readonly unknown[] = Array.isArray(q) ? q : [q];
  const shares = list.map((p) => {
    if (typeof p !== "number") {
      fail("TW1003", `${what}: ${whole === 1 ? "q" : "p"} is ${describeValue(p)}, not a number`, {
        help: `write ${what}(x, ${whole / 2}), or give a list or an array of such numbers`,
      });
    }
    if (!(p >= 0 && p <= whole)) {
      fail("TW2011", `${what}: ${p} is not a ${whole === 1 ? "share" : "percentage"}`, {
        help: "quantiles are from 0 to 1, percentiles from 0 to 100",
      });
    }
    return p / whole;
  });
  return array(shares, { dtype: "f64" });
}
function quantileOf(
  what: string,
  x: TensorLike,
  q: Quantile,
  whole: 1 | 100,
  axis: AxisArg | undefined,
  options: QuantileOptions,
  skipNan: boolean,
): Tensor {
  checkOptions(what, options, ["method", "keepdims"]);
  const { t, kept } = lastAxis(what, x, axis);
  const method = options.method ?? "linear";
  if (!["linear", "lower", "higher", "midpoint", "nearest"].includes(method)) {
    fail("TW2011", `${what}: unknown method ${JSON.stringify(method)}`, {
      help: "one of linear, lower, higher, midpoint, nearest",
    });
  }
  const shares = sharesOf(what, q, whole);
  const sorted = lax.sort(t);
  const last = sorted.aval.shape[sorted.ndim - 1];
  if (last === 0)
    fail("TW2011", `${what}: there is nothing along the axis of ${printAval(t.aval)}`, {
      help: "an empty axis has no quantiles",
    });
  let r: Tensor;
  if (skipNan) {
    const rows = sum(lax.not(isnan(t)), -1);
    const n = lax.max(lax.sub(astype(rows, "f64"), 1), 0);
    const shape = [shares.aval.shape[0], ...n.aval.shape];
    const at = lax.mul(lax.broadcastInDim(shares, shape, [0]), broadcastTo(what, n, shape));
    r = interpolate(sorted, at, method);
  } else {
    const n = lax.sub(lax.dimensionValue(last, "f64"), 1);
    const found = interpolate(sorted, lax.mul(shares, broadcastTo(what, n, shares.aval.shape)), method);
    r = where(
      lax.broadcastInDim(
        isnan(max(t, -1)),
        found.aval.shape,
        found.shape.slice(1).map((_, i) => i + 1),
      ),
      Number.NaN,
      found,
    );
  }
  const own = options.keepdims ? kept : r.aval.shape.slice(1);
  const front = isTensor(q) ? q.aval.shape : typeof q === "number" ? [] : [q.length];
  return lax.reshape(r, [...front, ...own]);
}
/**
 * The value below which a share `q` of the elements lies: a number, a list of them or a tensor (then results get its axes in
 * front). NaN where an element is NaN.
 */
export function quantile<X extends TensorLike>(x: X, q: Quantile, axis?: AxisArg, options?: QuantileOptions): Like<X>;
export function quantile(x: TensorLike, q: Quantile, axis?: AxisArg, options: QuantileOptions = {}): Tensor {
  return quantileOf("quantile", x, q, 1, axis, options, false);
}
export function percentile<X extends TensorLike>(x: X, p: Quantile, axis?: AxisArg, options?: QuantileOptions): Like<X>;
export function percentile(x: TensorLike, p: Quantile, axis?: AxisArg, options: QuantileOptions = {}): Tensor {
  return quantileOf("percentile", x, p, 100, axis, options, false);
}
/** The middle value, or the mean of the two middle ones; NaN where an element is NaN. */
export function median<X extends TensorLike>(x: X, axis?: AxisArg, options?: { keepdims?: boolean }): Like<X>;
export function median(x: TensorLike, axis?: AxisArg, options: { keepdims?: boolean } = {}): Tensor {
  return quantileOf("median", x, 0.5, 1, axis, { ...options, method: "midpoint" }, false);
}
/** As quantile, percentile and median, of what is not NaN. */
export function nanquantile<X extends TensorLike>(
  x: X,
  q: Quantile,
  axis?: AxisArg,
  options?: QuantileOptions,
): Like<X>;
export function nanquantile(x: TensorLike, q: Quantile, axis?: AxisArg, options: QuantileOptions = {}): Tensor {
  return quantileOf("nanquantile", x, q, 1, axis, options, true);
}
export function nanpercentile<X extends TensorLike>(
  x: X,
  p: Quantile,
  axis?: AxisArg,
  options?: QuantileOptions,
): Like<X>;
export function nanpercentile(x: TensorLike, p: Quantile, axis?: AxisArg, options: QuantileOptions = {}): Tensor {
  return quantileOf("nanpercentile", x, p, 100, axis, options, true);
}
export function nanmedian<X extends TensorLike>(x: X, axis?: AxisArg, options?: { keepdims?: boolean }): Like<X>;
export function nanmedian(x: TensorLike, axis?: AxisArg, options: { keepdims?: boolean } = {}): Tensor {
  return quantileOf("nanmedian", x, 0.5, 1, axis, { ...options, method: "midpoint" }, true);
}

export interface BincountOptions {
  weights?: Tensor;
  minlength?: number;
  /** The number of bins, which under jit must be given; larger elements are not counted. */
  length?: number;
}
/** How often 0, 1, 2 … occur; with weights, their sums. */
export function bincount<X extends TensorLike>(x: X, options?: BincountOptions): Like<X>;
export function bincount(given: TensorLike, options: BincountOptions = {}): Tensor {
  const x = operand("bincount", given);
  if (!isInt(x.aval.dtype))
    fail("TW2005", `bincount: needs whole numbers, got ${printAval(x.aval)}`, {
      help: "convert them with .astype('i32')",
    });
  if (x.ndim !== 1) fail("TW2007", `bincount: needs a vector, got ${printAval(x.aval)}`, { help: "ravel it" });
  const w = options.weights ?? lax.full(x.aval.shape, 1, "i32");
  const length = options.length ?? Math.max(options.minlength ?? 0, greatest(x) + 1);
  // negative elements are cut to 0, as jax.numpy does
  const at = lax.max(lax.convertElementType(x, "i32"), 0);
  return lax.scatterAdd(
    lax.full([length], w.aval.dtype === "i64" || w.aval.dtype === "u64" ? 0n : 0, w.aval.dtype),
    lax.expandDims(at, [1]),
    w,
    TO_ELEMENTS,
  );
}
function greatest(x: Tensor): number {
  if (x.shape[0] === 0) return -1;
  if (!cellIfKnown(x)) {
    fail("TW2012", "bincount: the number of bins depends on values that only the run knows", {
      help: "give { length }",
    });
  }
  return Number(max(x).item());
}

export interface HistogramOptions {
  bins?: number | Tensor;
  /** [least, greatest] of the bins; by default of the elements. */
  range?: readonly [number, number];
  weights?: Tensor;
  /** Divides by the number of elements and the width of the bin. */
  density?: boolean;
}
/** The edges of the bins that `histogram` uses. */
export function histogramBinEdges<X extends TensorLike>(
  x: X,
  bins?: number | Tensor,
  range?: readonly [number, number],
): Like<X>;
export function histogramBinEdges(x: Tensor, bins: number | Tensor = 10, range?: readonly [number, number]): Tensor {
  if (isTensor(bins)) return toFloat("histogram", bins);
  if (!(Number.isInteger(bins) && bins > 0))
    fail("TW2011", `histogram: ${String(bins)} bins`, { help: "give a whole number from 1, or edges" });
  const flat = lax.reshape(toFloat("histogram", x), [-1]);
  if (range) {
    const [low, high] = range[0] === range[1] ? [range[0] - 0.5, range[1] + 0.5] : range;
    return linspace(low, high, bins + 1, { dtype: flat.aval.dtype });
  }
  if (flat.shape[0] === 0) return linspace(0, 1, bins + 1, { dtype: flat.aval.dtype });
  const [low, high] = [min(flat), max(flat)];
  const same = lax.eq(low, high);
  const half = lax.select(same, scalar(0.5, flat.aval.dtype), scalar(0, flat.aval.dtype));
  const [from, to] = [lax.sub(low, half), lax.add(high, half)];
  const t = linspace(0, 1, bins + 1, { dtype: flat.aval.dtype });
  const wide = (v: Tensor): Tensor => broadcastTo("histogram", v, t.aval.shape);
  return lax.add(lax.mul(wide(from), lax.sub(1, t)), lax.mul(wide(to), t));
}
/** [how many elements fall in each bin, the edges of the bins]; the last bin is closed on the right. */
export function histogram<X extends TensorLike>(
  x: X,
  bins?: number | Tensor | HistogramOptions,
  range?: readonly [number, number],
): [Like<X>, Like<X>];
export function histogram(
  x: Tensor,
  bins: number | Tensor | HistogramOptions = 10,
  range?: readonly [number, number],
): [Tensor, Tensor] {
  const o: HistogramOptions = typeof bins === "number" || isTensor(bins) ? { bins, ...(range ? { range } : {}) } : bins;
  const flat = lax.reshape(toFloat("histogram", x), [-1]);
  const edges = astype(histogramBinEdges(x, o.bins, o.range), flat.aval.dtype);
  const n = edges.shape[0] - 1;
  const right = searchsorted(edges, flat, { side: "right" });
  const top = broadcastTo("histogram", lax.squeeze(lax.sliceInDim(edges, n, n + 1), [0]), flat.aval.shape);
  const last = lax.full(right.aval.shape, n - 1, "i32");
  // what lies outside (or is NaN) goes to a bin that does not exist
  const bin = lax.sub(right, 1);
  const outside = lax.full(right.aval.shape, n, "i32");
  const at = lax.select(lax.lt(bin, 0), outside, lax.select(lax.eq(flat, top), last, bin));
  const counts = bincount(at, { length: n, ...(o.weights ? { weights: lax.reshape(o.weights, [-1]) } : {}) });
  if (!o.density) return [counts, edges];
  const widths = lax.sub(lax.sliceInDim(edges, 1, n + 1), lax.sliceInDim(edges, 0, n));
  const c = toFloat("histogram", counts);
  return [lax.div(c, lax.mul(astype(widths, c.aval.dtype), broadcastTo("histogram", sum(c), c.aval.shape))), edges];
}

export interface CovarianceOptions {
  /** Rows are variables and columns observations (the default), or the other way round. */
  rowvar?: boolean;
  /** Divides by n instead of n - 1. */
  bias?: boolean;
  ddof?: number;
}
/** The covariance matrix of the rows. */
export function cov<X extends TensorLike>(x: X, options?: CovarianceOptions): Like<X>;
export function cov(x: Tensor, options: CovarianceOptions = {}): Tensor {
  let t = toFloat("cov", x);
  if (t.ndim > 2)
    fail("TW2007", `cov: needs a vector or a matrix, got ${printAval(x.aval)}`, {
      help: "rows are variables, columns observations",
    });
  if (t.ndim < 2) t = lax.reshape(t, [1, -1]);
  else if (options.rowvar === false) t = lax.transpose(t);
  const centered = lax.sub(t, broadcastTo("cov", mean(t, 1, { keepdims: true }), t.aval.shape));
  const ddof = options.ddof ?? (options.bias ? 0 : 1);
  const n = lax.dimensionValue(t.aval.shape[1], t.aval.dtype);
  const product = dot(centered, lax.transpose(centered));
  const r = lax.div(product, broadcastTo("cov", lax.sub(n, ddof), product.aval.shape));
  return r.shape[0] === 1 && x.ndim < 2 ? lax.reshape(r, []) : r;
}
/** The matrix of correlation coefficients of the rows. */
export function corrcoef<X extends TensorLike>(x: X, options?: Pick<CovarianceOptions, "rowvar">): Like<X>;
export function corrcoef(x: Tensor, options: Pick<CovarianceOptions, "rowvar"> = {}): Tensor {
  const c = cov(x, options);
  if (c.ndim === 0) return lax.div(c, c);
  const n = c.aval.shape[0];
  const rows = lax.broadcastedIota("i32", [n, n], 0);
  const columns = lax.broadcastedIota("i32", [n, n], 1);
  const d = lax.sqrt(lax.reduceSum(lax.select(lax.eq(rows, columns), c, lax.full(c.aval.shape, 0, c.aval.dtype)), [1]));
  const wide = lax.mul(lax.broadcastInDim(d, [n, n], [0]), lax.broadcastInDim(d, [n, n], [1]));
  return clip(lax.div(c, wide), -1, 1);
}
