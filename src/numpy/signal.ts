/** Functions of sampled functions: interpolation, differences, sums, convolution, polynomials, windows. */
import type { Like } from "../tracer/num.js";
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { dimSub } from "../ir/dim.js";
import type { DType } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { astype, broadcastTo, canonicalAxes, canonicalAxis, isTensor } from "../lax/operand.js";
import { scalar } from "../tracer/frame.js";
import type { Tensor } from "../tracer/tensor.js";
import { i0, multiply, where } from "./elementwise.js";
import { promoteDtypes, staticSize, type TensorLike, toFloat } from "./promote.js";
import { searchsorted } from "./sorting.js";
import { elementsAt } from "./elements.js";

/** Linear interpolation of the points (xp, fp), xp ascending; outside fp's ends, or `left` and `right`. */
export function interp<X extends TensorLike, Y extends TensorLike, Z extends TensorLike>(
  x: X,
  xp: Y,
  fp: Z,
  options?: { left?: number; right?: number },
): Like<X | Y | Z>;
export function interp(x: TensorLike, xp: Tensor, fp: Tensor, options: { left?: number; right?: number } = {}): Tensor {
  const [q, px, py] = promoteDtypes("interp", [x, xp, fp]).map((t) => toFloat("interp", t));
  if (px.ndim !== 1 || py.ndim !== 1)
    fail("TW2007", `interp: the points ${printAval(px.aval)} and ${printAval(py.aval)} must be vectors`, {
      help: "ravel them",
    });
  const n = px.aval.shape[0];
  const last = lax.dimensionValue(dimSub(n, 1));
  const right = searchsorted(px, q, { side: "right" });
  const i = lax.clamp(scalar(1, "i32"), right, n === 1 ? scalar(1, "i32") : last);
  const before = lax.sub(i, 1);
  const [x0, x1, y0, y1] = [elementsAt(px, before), elementsAt(px, i), elementsAt(py, before), elementsAt(py, i)];
  const gap = lax.sub(x1, x0);
  const flat = lax.eq(gap, 0);
  const t = lax.div(lax.sub(q, x0), lax.select(flat, lax.full(gap.aval.shape, 1, gap.aval.dtype), gap));
  const inside = lax.select(flat, y0, lax.add(y0, lax.mul(t, lax.sub(y1, y0))));
  const end = (at: Tensor, own: number | undefined): TensorLike =>
    own ?? elementsAt(py, broadcastTo("interp", at, q.aval.shape));
  const first = broadcastTo("interp", elementsAt(px, scalar(0, "i32")), q.aval.shape);
  const final = broadcastTo("interp", elementsAt(px, last), q.aval.shape);
  return where(
    lax.lt(q, first),
    end(scalar(0, "i32"), options.left),
    where(lax.gt(q, final), end(last, options.right), inside),
  );
}
/** Central differences inside, one-sided at the ends; one array for each axis (or the array itself for one axis). */
export function gradient<X extends TensorLike>(
  x: X,
  spacing?: number,
  axis?: number | readonly number[],
): Like<X> | Like<X>[];
export function gradient(x: Tensor, spacing = 1, axis?: number | readonly number[]): Tensor | Tensor[] {
  const t = toFloat("gradient", x);
  const results = canonicalAxes("gradient", axis, t.ndim).map((a) => {
    const n = t.aval.shape[a];
    if (typeof n === "number" && n < 2)
      fail("TW2011", `gradient: axis ${a} of ${printAval(t.aval)} is too short`, {
        help: "it takes two elements to have a difference",
      });
    const part = (from: number, to: typeof n): Tensor => lax.sliceInDim(t, from, to, 1, a);
    const end = (k: number): Tensor => lax.sliceInDim(t, dimSub(n, k), k === 1 ? n : dimSub(n, k - 1), 1, a);
    const middle = lax.mul(lax.sub(lax.sliceInDim(t, 2, n, 1, a), part(0, dimSub(n, 2))), 0.5);
    const d = lax.concatenate([lax.sub(part(1, 2), part(0, 1)), middle, lax.sub(end(1), end(2))], a);
    return lax.div(d, spacing);
  });
  return results.length === 1 ? results[0] : results;
}
/** The integral by the trapezoidal rule over points `x`, or points `dx` apart. */
export function trapezoid<X extends TensorLike, Y extends TensorLike = never>(
  y: X,
  x?: Y | null,
  dx?: number,
  axis?: number,
): Like<X | Y>;
export function trapezoid(y: Tensor, x?: Tensor | null, dx = 1, axis = -1): Tensor {
  const t = toFloat("trapezoid", y);
  const a = canonicalAxis("trapezoid", axis, t.ndim);
  const n = t.aval.shape[a];
  const cut = (v: Tensor, b: number): [Tensor, Tensor] => [
    lax.sliceInDim(v, 1, n, 1, b),
    lax.sliceInDim(v, 0, dimSub(n, 1), 1, b),
  ];
  const [late, early] = cut(t, a);
  const sums = lax.mul(lax.add(late, early), 0.5);
  if (!x) return lax.reduceSum(lax.mul(sums, dx), [a]);
  const p = astype(x, t.aval.dtype);
  const [right, left] = cut(p, p.ndim === 1 ? 0 : a);
  const widths = lax.sub(right, left);
  const wide =
    p.ndim === 1 ? lax.broadcastInDim(widths, sums.aval.shape, [a]) : broadcastTo("trapezoid", widths, sums.aval.shape);
  return lax.reduceSum(lax.mul(sums, wide), [a]);
}

export type ConvolveMode = "full" | "same" | "valid";
function slide(what: string, x: Tensor, y: Tensor, mode: ConvolveMode, turned: boolean): Tensor {
  const [a, b] = promoteDtypes(what, [x, y]);
  if (a.ndim !== 1 || b.ndim !== 1)
    fail("TW2007", `${what}: needs two vectors, got ${printAval(a.aval)} and ${printAval(b.aval)}`, {
      help: "lax.convGeneralDilated takes more axes",
    });
  const [n, m] = [staticSize(what, a, 0), staticSize(what, b, 0)];
  if (n === 0 || m === 0)
    fail("TW2011", `${what}: ${printAval(a.aval)} and ${printAval(b.aval)}: an empty vector cannot be convolved`, {});
  const swap = n < m;
  const [long, short] = swap ? [b, a] : [a, b];
  const k = Math.min(n, m);
  const pads = { full: [k - 1, k - 1], same: [Math.floor(k / 2), k - Math.floor(k / 2) - 1], valid: [0, 0] } as const;
  const pad = pads[mode];
  if (!pad) fail("TW2011", `${what}: unknown mode ${JSON.stringify(mode)}`, { help: "one of full, same, valid" });
  const kernel = turned ? lax.rev(short, [0]) : short;
  const r = lax.convGeneralDilated(lax.reshape(long, [1, 1, -1]), lax.reshape(kernel, [1, 1, -1]), {
    windowStrides: [1],
    padding: [[pad[0], pad[1]]],
  });
  const flat = lax.reshape(r, [-1]);
  return swap && !turned ? lax.rev(flat, [0]) : flat;
}
/** The discrete convolution of two vectors. */
export function convolve<X extends TensorLike, Y extends TensorLike>(x: X, y: Y, mode?: ConvolveMode): Like<X | Y>;
export function convolve(x: Tensor, y: Tensor, mode: ConvolveMode = "full"): Tensor {
  return slide("convolve", x, y, mode, true);
}
/** The cross-correlation of two vectors. */
export function correlate<X extends TensorLike, Y extends TensorLike>(x: X, y: Y, mode?: ConvolveMode): Like<X | Y>;
export function correlate(x: Tensor, y: Tensor, mode: ConvolveMode = "valid"): Tensor {
  return slide("correlate", x, y, mode, false);
}

/** A polynomial's value by Horner's rule; coefficients from the highest power down. */
export function polyval<P extends Tensor | number | readonly number[], X extends TensorLike>(
  p: P,
  x: X,
): Like<Exclude<P, readonly number[]> | X>;
export function polyval(p: Tensor | readonly number[], x: TensorLike): Tensor {
  const coefficients: TensorLike[] = isTensor(p)
    ? Array.from({ length: staticSize("polyval", p, 0) }, (_, i) => lax.squeeze(lax.sliceInDim(p, i, i + 1), [0]))
    : [...(p as readonly number[])];
  const model = promoteDtypes("polyval", [x, ...coefficients]);
  const t = model[0];
  return model
    .slice(1)
    .reduce<Tensor>(
      (y, c) => lax.add(lax.mul(y, t), broadcastTo("polyval", c, t.aval.shape)),
      lax.full(t.aval.shape, t.aval.dtype === "i64" || t.aval.dtype === "u64" ? 0n : 0, t.aval.dtype),
    );
}

/** Angles of a period, changed by whole turns so that neighbours differ by at most half of one. */
export function unwrap<X extends TensorLike>(x: X, period?: number, axis?: number): Like<X>;
export function unwrap(x: Tensor, period = 2 * Math.PI, axis = -1): Tensor {
  const t = toFloat("unwrap", x);
  const a = canonicalAxis("unwrap", axis, t.ndim);
  const n = t.aval.shape[a];
  const d = lax.sub(lax.sliceInDim(t, 1, n, 1, a), lax.sliceInDim(t, 0, dimSub(n, 1), 1, a));
  const half = period / 2;
  const turns = lax.floor(lax.div(lax.add(d, half), period));
  const near = lax.sub(d, lax.mul(turns, period));
  // a step of exactly half a turn keeps its sign
  const kept = where(lax.bitwiseAnd(lax.eq(near, -half), lax.gt(d, 0)), half, near);
  const steps = where(lax.lt(lax.abs(d), half), d, kept);
  const correction = lax.cumsum(lax.sub(steps, d), a);
  return lax.concatenate([lax.sliceInDim(t, 0, 1, 1, a), lax.add(lax.sliceInDim(t, 1, n, 1, a), correction)], a);
}

function cosineWindow(m: number, coefficients: readonly number[], dtype: DType): Tensor {
  if (m <= 1) return lax.full([Math.max(0, m)], 1, dtype);
  const t = lax.mul(lax.iota("f64", m), (2 * Math.PI) / (m - 1));
  const terms = coefficients.map((c, k) => (k === 0 ? lax.full([m], c, "f64") : lax.mul(lax.cos(lax.mul(t, k)), c)));
  return astype(
    terms.reduce((a, b) => lax.add(a, b)),
    dtype,
  );
}
/** Windows of `m` points for spectral analysis. */
export function hanning(m: number, dtype: DType = "f32"): Tensor {
  return cosineWindow(m, [0.5, -0.5], dtype);
}
export function hamming(m: number, dtype: DType = "f32"): Tensor {
  return cosineWindow(m, [0.54, -0.46], dtype);
}
export function blackman(m: number, dtype: DType = "f32"): Tensor {
  return cosineWindow(m, [0.42, -0.5, 0.08], dtype);
}
export function bartlett(m: number, dtype: DType = "f32"): Tensor {
  if (m <= 1) return lax.full([Math.max(0, m)], 1, dtype);
  const t = lax.sub(lax.mul(lax.iota("f64", m), 2 / (m - 1)), 1);
  return astype(lax.sub(1, lax.abs(t)), dtype);
}
export function kaiser(m: number, beta: number, dtype: DType = "f32"): Tensor {
  if (m <= 1) return lax.full([Math.max(0, m)], 1, dtype);
  const t = lax.sub(lax.mul(lax.iota("f64", m), 2 / (m - 1)), 1);
  const inside = lax.sqrt(lax.max(lax.sub(1, lax.square(t)), 0));
  return astype(multiply(i0(lax.mul(inside, beta)), 1 / i0Number(beta)), dtype);
}
/** The power series of I₀. */
function i0Number(x: number): number {
  let term = 1;
  let total = 1;
  for (let k = 1; term > 1e-18 * total; k++) {
    term *= (x / (2 * k)) ** 2;
    total += term;
  }
  return total;
}
