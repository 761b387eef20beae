/** Reductions, statistics and cumulative functions. */
import type { Like, MaskLike } from "../tracer/num.js";
import { peak } from "./peak.js";
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { dimProduct, isStatic } from "../ir/dim.js";
import { type DType, isFloat, isWide, limits } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { astype, broadcastTo, canonicalAxes, canonicalAxis } from "../lax/operand.js";
import { scalar } from "../tracer/frame.js";
import type { Tensor } from "../tracer/tensor.js";
import { add, divide, isnan, maximum, minimum, multiply, subtract, where } from "./elementwise.js";
import { checkDtype, promoteDtypes, type TensorLike, toBool, toFloat } from "./promote.js";
import { range } from "../util/index.js";

/** One axis, several, or null for all; negative ones count from the last. */
export type AxisArg = number | readonly number[] | null;
/** Options of reductions, with the names of NumPy. */
export interface ReduceOptions {
  axis?: AxisArg | undefined;
  keepdims?: boolean | undefined;
  dtype?: DType | undefined;
  /** Elements that take part. */
  where?: Tensor | undefined;
  /** Takes part as one more element. */
  initial?: TensorLike | undefined;
}
/** `sum(x)`, `sum(x, 0)`, `sum(x, [0, 1], { keepdims: true })`, `sum(x, { axis: 0 })`. */
export type AxisOrOptions = AxisArg | ReduceOptions | undefined;

function normalize(a: AxisOrOptions, b: ReduceOptions | undefined): ReduceOptions {
  if (a !== null && typeof a === "object" && !Array.isArray(a)) return a as ReduceOptions;
  return { ...b, axis: a as AxisArg | undefined };
}

type Reduce = (x: TensorLike, axis?: AxisOrOptions, options?: ReduceOptions) => Tensor;
type Reducer = <X extends TensorLike>(x: X, axis?: AxisOrOptions, options?: ReduceOptions) => Like<X>;
type MaskReducer = <X extends TensorLike>(x: X, axis?: AxisOrOptions, options?: ReduceOptions) => MaskLike<X>;
/* @__NO_SIDE_EFFECTS__ */ const reducer = (f: Reduce): Reducer => f as Reducer;

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

/* @__NO_SIDE_EFFECTS__ */ function makeReducer(
  name: string,
  f: (x: Tensor, axes: number[]) => Tensor,
  widen: (d: DType) => DType,
  neutral: (d: DType) => number | bigint | boolean,
  join?: (x: Tensor, initial: TensorLike) => Tensor,
): Reducer {
  return reducer((x, axis, options) => {
    const o = normalize(axis, options);
    let t = promoteDtypes(name, [x])[0];
    t = astype(t, o.dtype === undefined ? widen(t.aval.dtype) : checkDtype(name, o.dtype));
    if (o.where) t = where(o.where, t, scalar(neutral(t.aval.dtype), t.aval.dtype));
    const axes = canonicalAxes(name, o.axis, t.ndim);
    const r = finish(t, axes.length === 0 ? t : f(t, axes), axes, o.keepdims);
    return o.initial === undefined || !join ? r : join(r, o.initial);
  });
}
const lowest = (d: DType): number | bigint | boolean =>
  d === "bool" ? false : isFloat(d) ? Number.NEGATIVE_INFINITY : limits(d).min;
const highest = (d: DType): number | bigint | boolean =>
  d === "bool" ? true : isFloat(d) ? Number.POSITIVE_INFINITY : limits(d).max;

/**
 * The sum over `axis` (all when left out); bool and narrow integers are summed in 32 bits. `keepdims` keeps axes of size 1.
 * @example np.sum(x, 0)
 */
export const sum = makeReducer("sum", lax.reduceSum, sumDtype, (d) => (isWide(d) ? 0n : 0), add);
/** The product over `axis` (all when left out). */
export const prod = makeReducer("prod", lax.reduceProd, sumDtype, (d) => (isWide(d) ? 1n : 1), multiply);
/* @__NO_SIDE_EFFECTS__ */ const extremum = (
  name: string,
  f: (x: Tensor, axes: number[]) => Tensor,
  neutral: (d: DType) => number | bigint | boolean,
  join: (x: Tensor, initial: TensorLike) => Tensor,
): Reducer => {
  const run = makeReducer(name, f, (d) => d, neutral, join);
  return reducer((x, axis, options) => {
    const o = normalize(axis, options);
    const t = promoteDtypes(name, [x])[0];
    for (const a of canonicalAxes(name, o.axis, t.ndim)) {
      if (t.shape[a] === 0) {
        if (o.initial !== undefined) return emptyExtremum(t, o, neutral(t.aval.dtype));
        fail("TW2011", `${name}: axis ${a} of ${printAval(t.aval)} is empty, it has no ${name}`, {
          help: "an empty axis has no greatest or least element; give { initial }",
        });
      }
    }
    return run(t, o);
  });
};
function emptyExtremum(t: Tensor, o: ReduceOptions, none: number | bigint | boolean): Tensor {
  const axes = canonicalAxes("max", o.axis, t.ndim);
  const shape = t.aval.shape.flatMap((d, i) => (!axes.includes(i) ? [d] : o.keepdims ? [1] : []));
  const value = o.initial ?? none;
  return broadcastTo("max", promoteDtypes("max", [t, value])[1], shape);
}
/** The greatest element; NaN wins. An empty axis is an error without `initial`. */
export const max = extremum(
  "max",
  (x, axes) => (x.aval.dtype === "bool" ? lax.reduceOr(x, axes) : lax.reduceMax(x, axes)),
  lowest,
  maximum,
);
/** The least element; NaN wins. An empty axis is an error without `initial`. */
export const min = extremum(
  "min",
  (x, axes) => (x.aval.dtype === "bool" ? lax.reduceAnd(x, axes) : lax.reduceMin(x, axes)),
  highest,
  minimum,
);
export const amax = max;
export const amin = min;
const every = makeReducer(
  "all",
  lax.reduceAnd,
  (d) => d,
  () => true,
);
const some = makeReducer(
  "any",
  lax.reduceOr,
  (d) => d,
  () => false,
);
/** Whether all elements are true (not zero). */
export const all = ((x, axis, options) => every(toBool(x), axis, options)) satisfies Reduce as MaskReducer;
/** Whether some element is true (not zero). */
export const any = ((x, axis, options) => some(toBool(x), axis, options)) satisfies Reduce as MaskReducer;

/** How many elements the axes hold, as a number where it is known. */
function count(x: Tensor, axes: readonly number[]): TensorLike {
  const n = dimProduct(axes.map((a) => x.aval.shape[a]));
  return isStatic(n) ? n : lax.dimensionValue(n, x.aval.dtype);
}
/** How many elements take part in each result, like the total beside it. */
function participants(t: Tensor, axes: number[], o: ReduceOptions): TensorLike {
  if (!o.where) return count(t, axes);
  const mask = broadcastTo("where", toBool(o.where), t.aval.shape);
  return sum(astype(mask, t.aval.dtype), { axis: axes, keepdims: o.keepdims });
}
/** Means of f16 and bf16 are taken in f32, where their sums do not overflow. */
const wideFloat = (d: DType): DType => (d === "f16" || d === "bf16" ? "f32" : d);

/** The arithmetic mean; integers give f32. */
export const mean = reducer((x, axis, options) => {
  const o = normalize(axis, options);
  const given = toFloat("mean", x);
  const out = o.dtype === undefined ? given.aval.dtype : checkDtype("mean", o.dtype);
  const t = astype(given, wideFloat(out));
  const axes = canonicalAxes("mean", o.axis, t.ndim);
  const total = sum(t, { axis: axes, keepdims: o.keepdims, where: o.where });
  return astype(divide(total, participants(t, axes, o)), out);
});

export interface VarianceOptions extends ReduceOptions {
  /** Divides by n - ddof. */
  ddof?: number;
}
/** The mean square of the distances from the mean. */
export function variance<X extends TensorLike>(x: X, axis?: AxisOrOptions, options?: VarianceOptions): Like<X>;
export function variance(x: TensorLike, axis?: AxisOrOptions, options?: VarianceOptions): Tensor {
  const o = normalize(axis, options) as VarianceOptions;
  const given = toFloat("var", x);
  const out = o.dtype === undefined ? given.aval.dtype : checkDtype("var", o.dtype);
  const t = astype(given, wideFloat(out));
  const axes = canonicalAxes("var", o.axis, t.ndim);
  const m = mean(t, { axis: axes, keepdims: true, where: o.where });
  const centered = lax.square(lax.sub(t, broadcastTo("var", m, t.aval.shape)));
  const total = sum(centered, { axis: axes, keepdims: o.keepdims, where: o.where });
  const n = participants(t, axes, o);
  const ddof = o.ddof ?? 0;
  return astype(divide(total, typeof n === "number" ? n - ddof : ddof === 0 ? n : subtract(n, ddof)), out);
}
/** The root of the variance. */
export function std<X extends TensorLike>(x: X, axis?: AxisOrOptions, options?: VarianceOptions): Like<X>;
export function std(x: TensorLike, axis?: AxisOrOptions, options?: VarianceOptions): Tensor {
  return lax.sqrt(variance(x, axis, options));
}
export { variance as var };
/** The mean with weights: one for each element, or one for each position of the axis. */
export function average<X extends TensorLike>(
  x: X,
  axisOrOptions?: AxisArg | { axis?: AxisArg; weights?: TensorLike; keepdims?: boolean },
  options?: { weights?: TensorLike; keepdims?: boolean },
): Like<X>;
export function average(
  x: TensorLike,
  axisOrOptions?: AxisArg | { axis?: AxisArg; weights?: TensorLike; keepdims?: boolean },
  options: { weights?: TensorLike; keepdims?: boolean } = {},
): Tensor {
  const named = axisOrOptions !== null && typeof axisOrOptions === "object" && !Array.isArray(axisOrOptions);
  const o = (named ? axisOrOptions : { ...options, axis: axisOrOptions }) as {
    axis?: AxisArg;
    weights?: TensorLike;
    keepdims?: boolean;
  };
  if (o.weights === undefined) return mean(x, { axis: o.axis, keepdims: o.keepdims });
  const [a, w] = promoteInexactAlone("average", [x, o.weights]);
  const reduce = { axis: o.axis, keepdims: o.keepdims };
  if (w.ndim === a.ndim) {
    const wide = broadcastTo("average", w, a.aval.shape);
    return lax.div(sum(lax.mul(a, wide), reduce), sum(wide, reduce));
  }
  if (w.ndim !== 1 || typeof o.axis !== "number") {
    fail("TW2001", `average: weights ${printAval(w.aval)} do not fit ${printAval(a.aval)}`, {
      help: "give weights of the array's shape, or a vector and the axis that it runs along",
    });
  }
  const wide = lax.broadcastInDim(w, a.aval.shape, [canonicalAxis("average", o.axis, a.ndim)]);
  return lax.div(sum(lax.mul(a, wide), reduce), sum(wide, reduce));
}
function promoteInexactAlone(what: string, xs: readonly TensorLike[]): Tensor[] {
  return promoteDtypes(what, xs).map((x) => toFloat(what, x));
}
/** Maximum minus minimum. */
export function ptp<X extends TensorLike>(x: X, axis?: AxisOrOptions): Like<X>;
export function ptp(x: TensorLike, axis?: AxisOrOptions): Tensor {
  return lax.sub(max(x, axis), min(x, axis));
}
/** How many elements are not zero. */
export function countNonzero<X extends TensorLike>(x: X, axis?: AxisOrOptions): Like<X>;
export function countNonzero(x: TensorLike, axis?: AxisOrOptions): Tensor {
  return sum(astype(toBool(x), "i32"), axis);
}

/** NaN replaced by what does not count. */
function withoutNan(what: string, x: TensorLike, fill: number): Tensor {
  const t = promoteDtypes(what, [x])[0];
  return isFloat(t.aval.dtype) ? where(isnan(t), scalar(fill, t.aval.dtype), t) : t;
}
/** Sums and products in which NaN does not count. */
export const nansum = reducer((x, axis, options) => sum(withoutNan("nansum", x, 0), axis, options));
export const nanprod = reducer((x, axis, options) => prod(withoutNan("nanprod", x, 1), axis, options));
/* @__NO_SIDE_EFFECTS__ */ const nanExtremum = (name: string, f: Reducer, fill: number): Reducer =>
  reducer((x, axis, options) => {
    const t = promoteDtypes(name, [x])[0];
    const r = f(withoutNan(name, t, fill), axis, options);
    // NaN where there is nothing else
    return isFloat(t.aval.dtype)
      ? where(all(isnan(t), { ...normalize(axis, options), initial: undefined }), Number.NaN, r)
      : r;
  });
export const nanmax = nanExtremum("nanmax", max, Number.NEGATIVE_INFINITY);
export const nanmin = nanExtremum("nanmin", min, Number.POSITIVE_INFINITY);
/** Mean, variance and standard deviation of what is not NaN. */
export const nanmean = reducer((x, axis, options) => mean(toFloat("nanmean", x), present(x, axis, options)));
export function nanvar<X extends TensorLike>(x: X, axis?: AxisOrOptions, options?: VarianceOptions): Like<X>;
export function nanvar(x: TensorLike, axis?: AxisOrOptions, options?: VarianceOptions): Tensor {
  return variance(withoutNan("nanvar", toFloat("nanvar", x), 0), present(x, axis, options));
}
export function nanstd<X extends TensorLike>(x: X, axis?: AxisOrOptions, options?: VarianceOptions): Like<X>;
export function nanstd(x: TensorLike, axis?: AxisOrOptions, options?: VarianceOptions): Tensor {
  return lax.sqrt(nanvar(x, axis, options));
}
function present(x: TensorLike, axis: AxisOrOptions, options: ReduceOptions | undefined): ReduceOptions {
  const o = normalize(axis, options);
  const here = lax.not(isnan(x));
  return { ...o, where: o.where ? lax.bitwiseAnd(broadcastTo("where", toBool(o.where), here.aval.shape), here) : here };
}

type ArgReducer = <X extends TensorLike>(x: X, axis?: number | null, options?: { keepdims?: boolean }) => Like<X>;
type ArgReduce = (x: TensorLike, axis?: number | null, options?: { keepdims?: boolean }) => Tensor;
/* @__NO_SIDE_EFFECTS__ */ function argReducer(name: string, f: (x: Tensor, axis: number) => Tensor): ArgReducer {
  const find: ArgReduce = (x, axis, options) => {
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
  return find as ArgReducer;
}
/** Position (i32) of the first greatest element along an axis, or in the flattened array. */
export const argmax = argReducer("argmax", (x, a) => lax.argmax(x, a));
/** Position (i32) of the first least element along an axis, or in the flattened array. */
export const argmin = argReducer("argmin", (x, a) => lax.argmin(x, a));
/** Positions of extrema among what is not NaN (0 where there is nothing else). */
export const nanargmax = ((x, axis, options) =>
  argmax(withoutNan("nanargmax", x, Number.NEGATIVE_INFINITY), axis, options)) satisfies ArgReduce as ArgReducer;
export const nanargmin = ((x, axis, options) =>
  argmin(withoutNan("nanargmin", x, Number.POSITIVE_INFINITY), axis, options)) satisfies ArgReduce as ArgReducer;

type Cumulative = <X extends TensorLike>(x: X, axis?: number | null) => Like<X>;
/* @__NO_SIDE_EFFECTS__ */ function cumulative(
  name: string,
  f: (x: Tensor, axis: number) => Tensor,
  widen: boolean,
): Cumulative {
  const accumulate = (x: TensorLike, axis?: number | null): Tensor => {
    let t = promoteDtypes(name, [x])[0];
    if (widen) t = astype(t, sumDtype(t.aval.dtype));
    return axis === undefined || axis === null ? f(lax.reshape(t, [-1]), 0) : f(t, canonicalAxis(name, axis, t.ndim));
  };
  return accumulate as Cumulative;
}
/** Running sums along an axis, or of the flattened array. */
export const cumsum = cumulative("cumsum", lax.cumsum, true);
/** Running products along an axis, or of the flattened array. */
export const cumprod = cumulative("cumprod", lax.cumprod, true);
/** The greatest so far, along an axis. */
export const cummax = cumulative("cummax", lax.cummax, false);
/** The least so far, along an axis. */
export const cummin = cumulative("cummin", lax.cummin, false);
export const nancumsum = ((x: TensorLike, axis?: number | null) =>
  cumsum(withoutNan("nancumsum", x, 0), axis)) as Cumulative;
export const nancumprod = ((x: TensorLike, axis?: number | null) =>
  cumprod(withoutNan("nancumprod", x, 1), axis)) as Cumulative;

/** log(sum(exp(x))) without overflow. */
export function logsumexp<X extends TensorLike>(x: X, axis?: AxisOrOptions, options?: ReduceOptions): Like<X>;
export function logsumexp(x: TensorLike, axis?: AxisOrOptions, options?: ReduceOptions): Tensor {
  const o = normalize(axis, options);
  const t = toFloat("logsumexp", x);
  const axes = canonicalAxes("logsumexp", o.axis, t.ndim);
  const m0 = peak(t, axes);
  const m = lax.stopGradient(lax.select(lax.isFinite(m0), m0, lax.full(m0.aval.shape, 0, m0.aval.dtype)));
  const shifted = lax.sub(t, lax.broadcastInDim(m, t.aval.shape, range(t.shape.length)));
  const s = lax.add(lax.log(sum(lax.exp(shifted), { axis: axes, keepdims: true })), m);
  return o.keepdims ? s : lax.squeeze(s, axes);
}
