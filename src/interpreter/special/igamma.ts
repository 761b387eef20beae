/** Regularised incomplete gamma functions and their derivatives in the shape parameter. */
import { digamma, digammaMinusLog, lgamma1p, stirlingError } from "./gamma.js";

/** a log(a/x) + x - a ≥ 0, by a series where a and x are close (Loader 2000). */
export function deviance(a: number, x: number): number {
  if (Math.abs(a - x) >= 0.4 * (a + x)) return a * Math.log(a / x) + x - a;
  const v = (a - x) / (a + x);
  let sum = (a - x) * v;
  let power = 2 * a * v;
  for (let j = 1; ; j++) {
    power *= v * v;
    const next = sum + power / (2 * j + 1);
    if (next === sum) return sum;
    sum = next;
  }
}

/** x^a e^-x / Γ(a + 1), without the cancellation of its logarithm's terms for large a. */
function density(a: number, x: number): number {
  if (a < 1) return x ** a * Math.exp(-x - lgamma1p(a));
  return Math.exp(-stirlingError(a) - deviance(a, x)) / Math.sqrt(2 * Math.PI * a);
}

/** A value and its derivative in a. */
interface Dual {
  readonly value: number;
  readonly slope: number;
}

/** S with P(a, x) = density·S: Σ xⁿ / ((a+1)…(a+n)) (DLMF 8.11.4), for x < a + 1. */
function lowerSeries(a: number, x: number): Dual {
  let term = 1;
  let value = 1;
  let slope = 0;
  let logSlope = 0;
  for (let n = 1; n < 1e6; n++) {
    term *= x / (a + n);
    logSlope -= 1 / (a + n);
    value += term;
    slope += term * logSlope;
    if (term * (1 - logSlope) < 1e-18 * value) break;
  }
  return { value, slope };
}

/** H with Q(a, x) = a·density·H: 1/(x+1-a - 1(1-a)/(x+3-a - 2(2-a)/(x+5-a - …))) (DLMF 8.9.2), for x ≥ a + 1. */
function upperFraction(a: number, x: number): Dual {
  // Steed's algorithm (Thompson and Barnett 1986): the sum of differences of convergents, with slopes in a
  let b: Dual = { value: x + 1 - a, slope: -1 };
  let d = reciprocal(b);
  let delta = d;
  let h = d;
  for (let n = 1; n < 1e6; n++) {
    const c: Dual = { value: -n * (n - a), slope: n };
    b = { value: b.value + 2, slope: -1 };
    d = reciprocal(plus(b, times(c, d)));
    delta = times(delta, { value: b.value * d.value - 1, slope: b.slope * d.value + b.value * d.slope });
    h = plus(h, delta);
    if (
      Math.abs(delta.value) < 1e-17 * Math.abs(h.value) &&
      Math.abs(delta.slope) < 1e-17 * (Math.abs(h.slope) + Math.abs(h.value))
    )
      break;
  }
  return h;
}
const plus = (x: Dual, y: Dual): Dual => ({ value: x.value + y.value, slope: x.slope + y.slope });
const times = (x: Dual, y: Dual): Dual => ({ value: x.value * y.value, slope: x.slope * y.value + x.value * y.slope });
const reciprocal = (x: Dual): Dual => ({ value: 1 / x.value, slope: -x.slope / x.value ** 2 });

const outside = (a: number, x: number): boolean => !(a > 0 && x >= 0);

/** P(a, x), NaN for a ≤ 0 or x < 0. */
export function igamma(a: number, x: number): number {
  if (outside(a, x)) return Number.NaN;
  if (x === 0) return 0;
  if (x === Number.POSITIVE_INFINITY) return 1;
  if (a === Number.POSITIVE_INFINITY) return 0;
  if (x < a + 1) return density(a, x) * lowerSeries(a, x).value;
  return 1 - a * density(a, x) * upperFraction(a, x).value;
}

/** Q(a, x) = 1 - P(a, x), accurate where it is small; NaN for a ≤ 0 or x < 0. */
export function igammac(a: number, x: number): number {
  if (outside(a, x)) return Number.NaN;
  if (x === 0) return 1;
  if (x === Number.POSITIVE_INFINITY) return 0;
  if (a === Number.POSITIVE_INFINITY) return 1;
  if (x >= a + 1) return a * density(a, x) * upperFraction(a, x).value;
  if (a >= 1) return 1 - density(a, x) * lowerSeries(a, x).value;
  // small a: P = x^a/Γ(a+1) (1 + a Σ (-x)ⁿ / ((a+n) n!)) (DLMF 8.7.1), so that 1 - x^a/Γ(a+1) can be had from expm1
  const l = a * Math.log(x) - lgamma1p(a);
  let power = 1;
  let sum = 0;
  for (let n = 1; n < 200; n++) {
    power *= -x / n;
    sum += power / (a + n);
    if (Math.abs(power) < 1e-18) break;
  }
  return -Math.expm1(l) - Math.exp(l) * a * sum;
}

/** log x - ψ(a + 1), from differences where x and a are close. */
function logMinusDigamma1p(a: number, x: number): number {
  const b = a + 1;
  return Math.log1p((x - b) / b) - digammaMinusLog(b);
}

/** ∂P(a, x)/∂a. */
export function igammaGradA(a: number, x: number): number {
  if (outside(a, x)) return Number.NaN;
  if (x === 0 || x === Number.POSITIVE_INFINITY || a === Number.POSITIVE_INFINITY) return 0;
  if (x < a + 1) return density(a, x) * lowerSlope(a, x);
  return -a * density(a, x) * upperSlope(a, x);
}

/** (∂P/∂a) / density */
function lowerSlope(a: number, x: number): number {
  const s = lowerSeries(a, x);
  return (a < 1 ? Math.log(x) - digamma(a + 1) : logMinusDigamma1p(a, x)) * s.value + s.slope;
}
/** (∂Q/∂a) / (a·density) */
function upperSlope(a: number, x: number): number {
  const h = upperFraction(a, x);
  return (Math.log(x) - digamma(a)) * h.value + h.slope;
}

/** How a gamma(a) sample moves with a at fixed quantile: -(∂P/∂a)/(∂P/∂x), with ∂P/∂x = a·density/x. */
export function randomGammaGrad(a: number, sample: number): number {
  if (outside(a, sample)) return Number.NaN;
  if (sample === 0) return 0;
  if (sample < a + 1) return (-sample / a) * lowerSlope(a, sample);
  return sample * upperSlope(a, sample);
}
