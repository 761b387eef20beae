/** The error function, its complement and its inverse, from their series and continued fraction. */

const TWO_OVER_SQRT_PI = 1.1283791670955126;
const SQRT_PI = 1.7724538509055161;

/** exp(-x²) without the error that rounding x² brings: x² = h² + (x-h)(x+h), with h short enough that h² is exact. */
function expMinusSquare(x: number): number {
  const h = Math.round(x * 16) / 16;
  return Math.exp(-h * h) * Math.exp(-(x - h) * (x + h));
}

/** 2/√π e^(-x²) Σ 2ⁿ x^(2n+1) / (2n+1)!! (DLMF 7.6.2); all terms have one sign. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return TWO_OVER_SQRT_PI * expMinusSquare(x) * sum;
}

/** e^(-x²)/√π · 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + …)))) for x ≥ 1 (DLMF 7.9.1), from the far end back. */
function erfcFraction(x: number): number {
  const terms = Math.ceil(20 + 300 / (x * x));
  let f = x;
  for (let k = terms; k >= 1; k--) f = x + k / 2 / f;
  return expMinusSquare(x) / (SQRT_PI * f);
}

export function erf(x: number): number {
  if (Number.isNaN(x) || x === 0) return x;
  if (Math.abs(x) < 2) return erfSeries(x);
  if (Math.abs(x) > 6) return Math.sign(x);
  return Math.sign(x) * (1 - erfcFraction(Math.abs(x)));
}

export function erfc(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x < 1) return x < -6 ? 2 : x < -2 ? 2 - erfcFraction(-x) : 1 - erfSeries(x);
  return x > 28 ? 0 : erfcFraction(x);
}

/** Winitzki's approximation (2008) refined by Halley steps on erf, or on erfc where erf is flat. */
export function erfInv(p: number): number {
  if (Number.isNaN(p) || Math.abs(p) > 1) return Number.NaN;
  if (Math.abs(p) === 1) return p * Number.POSITIVE_INFINITY;
  if (p === 0) return p;
  const a = 0.147;
  const q = Math.abs(p);
  const l = Math.log1p(-q * q);
  const t = 2 / (Math.PI * a) + l / 2;
  let x = Math.sqrt(Math.sqrt(t * t - l / a) - t);
  if (!(x > 1e-4)) x = q * (SQRT_PI / 2);
  for (let i = 0; i < 4; i++) {
    // 1 - q is exact for q ≥ 1/2
    const error = q < 0.5 ? erf(x) - q : 1 - q - erfc(x);
    const u = error / (TWO_OVER_SQRT_PI * expMinusSquare(x));
    x -= u / (1 + x * u);
  }
  return Math.sign(p) * x;
}
