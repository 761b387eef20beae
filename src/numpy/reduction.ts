/** Reductions, statistics and cumulative functions. */
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { dimProduct } from "../ir/dim.js";
import { type DType, isFloat, limits } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { astype, canonicalAxes, canonicalAxis } from "../lax/operand.js";
import { scalar } from "../tracer/frame.js";
import type { Tensor } from "../tracer/tensor.js";
import { isnan, toBool, where } from "./elementwise.js";
import { promoteDtypes, type TensorLike, toFloat } from "./promote.js";

export type AxisArg = number | readonly number[] | null;
export interface ReduceOptions {
  axis?: AxisArg | undefined;
  keepdims?: boolean | undefined;
  dtype?: DType | undefined;
  /** Elements that take part. */
  where?: Tensor | undefined;
}
/** `sum(x)`, `sum(x, 0)`, `sum(x, [0, 1], { keepdims: true })`, `sum(x, { axis: 0 })`. */
export type AxisOrOptions = AxisArg | ReduceOptions | undefined;

function normalize(a: AxisOrOptions, b: ReduceOptions | undefined): ReduceOptions {
  if (a !== null && typeof a === "object" && !Array.isArray(a)) return a as ReduceOptions;
  return { ...b, axis: a as AxisArg | undefined };
}

interface Reducer {
  (x: TensorLike, axis?: AxisOrOptions, options?: ReduceOptions): Tensor;
}

function finish(x: Tensor, reduced: Tensor, axes: readonly number[], keepdims: boolean | undefined): Tensor {
  return keepdims
    ? lax.reshape(
        reduced,
        x.aval.shape.map((d, i) => (axes.includes(i) ? 1 : d)),
      )
    : reduced;
}

/** bool sums count in i32; small integers as well, as in JAX (with 32-bit default). */
function sumDtype(d: DType): DType {
  if (d === "bool" || d === "i8" || d === "i16") return "i32";
  if (d === "u8" || d === "u16") return "u32";
  return d;
}

function makeReducer(
  name: string,
  f: (x: Tensor, axes: number[]) => Tensor,
  widen: (d: DType) => DType,
  neutral: (d: DType) => number | bigint | boolean,
): Reducer {
  return (x, axis, options) => {
    const o = normalize(axis, options);
    let t = promoteDtypes(name, [x])[0];
    t = astype(t, o.dtype ?? widen(t.aval.dtype));
    if (o.where) t = where(o.where, t, scalar(neutral(t.aval.dtype), t.aval.dtype));
    const axes = canonicalAxes(name, o.axis, t.ndim);
    return finish(t, axes.length === 0 ? t : f(t, axes), axes, o.keepdims);
  };
}
const lowest = (d: DType): number | bigint | boolean =>
  d === "bool" ? false : isFloat(d) ? Number.NEGATIVE_INFINITY : limits(d).min;
const highest = (d: DType): number | bigint | boolean =>
  d === "bool" ? true : isFloat(d) ? Number.POSITIVE_INFINITY : limits(d).max;

export const sum = makeReducer("sum", lax.reduceSum, sumDtype, (d) => (d === "i64" || d === "u64" ? 0n : 0));
export const prod = makeReducer("prod", lax.reduceProd, sumDtype, (d) => (d === "i64" || d === "u64" ? 1n : 1));
const extremum = (
  name: string,
  f: (x: Tensor, axes: number[]) => Tensor,
  neutral: (d: DType) => number | bigint | boolean,
): Reducer => {
  const run = makeReducer(name, f, (d) => d, neutral);
  return (x, axis, options) => {
    const o = normalize(axis, options);
    const t = promoteDtypes(name, [x])[0];
    for (const a of canonicalAxes(name, o.axis, t.ndim)) {
      if (t.shape[a] === 0)
        fail("TW2011", `${name}: axis ${a} of ${printAval(t.aval)} is empty, it has no ${name}`, {
          help: "an empty axis has no greatest or least element",
        });
    }
    return run(t, o);
  };
};
export const max = extremum(
  "max",
  (x, axes) => (x.aval.dtype === "bool" ? lax.reduceOr(x, axes) : lax.reduceMax(x, axes)),
  lowest,
);
export const min = extremum(
  "min",
  (x, axes) => (x.aval.dtype === "bool" ? lax.reduceAnd(x, axes) : lax.reduceMin(x, axes)),
  highest,
);
export const amax = max;
export const amin = min;
export const all: Reducer = (x, axis, options) =>
  makeReducer(
    "all",
    lax.reduceAnd,
    (d) => d,
    () => true,
  )(toBool(x), axis, options);
export const any: Reducer = (x, axis, options) =>
  makeReducer(
    "any",
    lax.reduceOr,
    (d) => d,
    () => false,
  )(toBool(x), axis, options);

function count(x: Tensor, axes: readonly number[]): number {
  return dimProduct(axes.map((a) => x.aval.shape[a])) as number;
}

export const mean: Reducer = (x, axis, options) => {
  const o = normalize(axis, options);
  const t = o.dtype ? astype(toFloat("mean", x), o.dtype) : toFloat("mean", x);
  const axes = canonicalAxes("mean", o.axis, t.ndim);
  const total = sum(t, { axis: axes, keepdims: o.keepdims, where: o.where });
  if (o.where)
    return lax.div(total, lax.max(sum(astype(toBool(o.where), t.aval.dtype), { axis: axes, keepdims: o.keepdims }), 0));
  return lax.div(total, count(t, axes));
};

export interface VarianceOptions extends ReduceOptions {
  /** Divides by n - ddof. */
  ddof?: number;
}
export function variance(x: TensorLike, axis?: AxisOrOptions, options?: VarianceOptions): Tensor {
  const o = normalize(axis, options) as VarianceOptions;
  const t = toFloat("var", x);
  const axes = canonicalAxes("var", o.axis, t.ndim);
  const m = mean(t, { axis: axes, keepdims: true });
  const centered = lax.square(
    lax.sub(
      t,
      lax.broadcastInDim(
        m,
        t.aval.shape,
        t.shape.map((_, i) => i),
      ),
    ),
  );
  return lax.div(sum(centered, { axis: axes, keepdims: o.keepdims }), count(t, axes) - (o.ddof ?? 0));
}
export function std(x: TensorLike, axis?: AxisOrOptions, options?: VarianceOptions): Tensor {
  return lax.sqrt(variance(x, axis, options));
}
export { variance as var };
export function average(x: TensorLike, options: { axis?: AxisArg; weights?: Tensor } = {}): Tensor {
  if (!options.weights) return mean(x, options.axis);
  const t = toFloat("average", x);
  const [a, w] = promoteDtypes("average", [t, options.weights]);
  return lax.div(
    sum(
      lax.mul(
        a,
        lax.broadcastInDim(
          w,
          a.aval.shape,
          w.ndim === a.ndim
            ? a.shape.map((_, i) => i)
            : [canonicalAxis("average", (options.axis as number) ?? 0, a.ndim)],
        ),
      ),
      options.axis,
    ),
    sum(
      lax.broadcastInDim(
        w,
        a.aval.shape,
        w.ndim === a.ndim
          ? a.shape.map((_, i) => i)
          : [canonicalAxis("average", (options.axis as number) ?? 0, a.ndim)],
      ),
      options.axis,
    ),
  );
}
export function ptp(x: TensorLike, axis?: AxisOrOptions): Tensor {
  return lax.sub(max(x, axis), min(x, axis));
}
export function countNonzero(x: TensorLike, axis?: AxisOrOptions): Tensor {
  return sum(astype(toBool(x), "i32"), axis);
}

const ignoringNan =
  (f: Reducer, fill: (d: DType) => number): Reducer =>
  (x, axis, options) => {
    const t = promoteDtypes("nan reduction", [x])[0];
    return f(isFloat(t.aval.dtype) ? where(isnan(t), scalar(fill(t.aval.dtype), t.aval.dtype), t) : t, axis, options);
  };
export const nansum = ignoringNan(sum, () => 0);
export const nanprod = ignoringNan(prod, () => 1);
export const nanmax = ignoringNan(max, () => Number.NEGATIVE_INFINITY);
export const nanmin = ignoringNan(min, () => Number.POSITIVE_INFINITY);
export const nanmean: Reducer = (x, axis, options) => {
  const t = toFloat("nanmean", x);
  const o = normalize(axis, options);
  return lax.div(nansum(t, o), sum(astype(lax.not(isnan(t)), t.aval.dtype), o));
};

function argReducer(
  name: string,
  f: (x: Tensor, axis: number) => Tensor,
): (x: TensorLike, axis?: number | null, options?: { keepdims?: boolean }) => Tensor {
  return (x, axis, options) => {
    let t = promoteDtypes(name, [x])[0];
    if (t.aval.dtype === "bool") t = astype(t, "i32");
    const flat = axis === undefined || axis === null;
    const operand = flat ? lax.reshape(t, [-1]) : t;
    const a = flat ? 0 : canonicalAxis(name, axis, t.ndim);
    if (operand.shape[a] === 0)
      fail("TW2011", `${name}: the axis is empty`, { help: "an empty axis has no greatest or least element" });
    const r = f(operand, a);
    return options?.keepdims
      ? lax.reshape(r, flat ? t.shape.map(() => 1) : t.aval.shape.map((d, i) => (i === a ? 1 : d)))
      : r;
  };
}
export const argmax = argReducer("argmax", (x, a) => lax.argmax(x, a));
export const argmin = argReducer("argmin", (x, a) => lax.argmin(x, a));

function cumulative(
  name: string,
  f: (x: Tensor, axis: number) => Tensor,
  widen: boolean,
): (x: TensorLike, axis?: number | null) => Tensor {
  return (x, axis) => {
    let t = promoteDtypes(name, [x])[0];
    if (widen) t = astype(t, sumDtype(t.aval.dtype));
    return axis === undefined || axis === null ? f(lax.reshape(t, [-1]), 0) : f(t, canonicalAxis(name, axis, t.ndim));
  };
}
export const cumsum = cumulative("cumsum", lax.cumsum, true);
export const cumprod = cumulative("cumprod", lax.cumprod, true);
export const cummax = cumulative("cummax", lax.cummax, false);
export const cummin = cumulative("cummin", lax.cummin, false);

/** log(sum(exp(x))) without overflow. */
export function logsumexp(x: TensorLike, axis?: AxisOrOptions, options?: ReduceOptions): Tensor {
  const o = normalize(axis, options);
  const t = toFloat("logsumexp", x);
  const axes = canonicalAxes("logsumexp", o.axis, t.ndim);
  const m0 = max(t, { axis: axes, keepdims: true });
  const m = lax.stopGradient(lax.select(lax.isFinite(m0), m0, lax.full(m0.aval.shape, 0, m0.aval.dtype)));
  const shifted = lax.sub(
    t,
    lax.broadcastInDim(
      m,
      t.aval.shape,
      t.shape.map((_, i) => i),
    ),
  );
  const s = lax.add(lax.log(sum(lax.exp(shifted), { axis: axes, keepdims: true })), m);
  return o.keepdims ? s : lax.squeeze(s, axes);
}
/** The middle value (mean of the two middle ones); NaN when there is one. */
export function median(x: TensorLike, axis?: AxisArg): Tensor {
  return quantile(x, 0.5, axis);
}
/** Linear interpolation between order statistics. */
export function quantile(x: TensorLike, q: number, axis?: AxisArg): Tensor {
  let t = toFloat("quantile", x);
  if (axis === undefined || axis === null) t = lax.reshape(t, [-1]);
  const a = axis === undefined || axis === null ? 0 : canonicalAxis("quantile", axis as number, t.ndim);
  const sorted = lax.sort(t, { axis: a });
  const n = t.shape[a];
  const at = q * (n - 1);
  const low = lax.sliceInDim(sorted, Math.floor(at), Math.floor(at) + 1, 1, a);
  const high = lax.sliceInDim(sorted, Math.ceil(at), Math.ceil(at) + 1, 1, a);
  const r = lax.squeeze(lax.add(low, lax.mul(lax.sub(high, low), at - Math.floor(at))), [a]);
  const last = lax.squeeze(lax.sliceInDim(sorted, n - 1, n, 1, a), [a]);
  return lax.select(lax.ne(last, last), last, r);
}
export function percentile(x: TensorLike, p: number, axis?: AxisArg): Tensor {
  return quantile(x, p / 100, axis);
}
