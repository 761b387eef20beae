/** The gamma function's logarithm and its derivatives, and the Hurwitz zeta function that they are made of. */

const EULER_GAMMA = 0.57721566490153286;
const HALF_LOG_2PI = 0.91893853320467274;

/** Bernoulli numbers B2, B4, … B20 (DLMF 24.2). */
const BERNOULLI = [
  1 / 6,
  -1 / 30,
  1 / 42,
  -1 / 30,
  5 / 66,
  -691 / 2730,
  7 / 6,
  -3617 / 510,
  43867 / 798,
  -174611 / 330,
];

/** sin(πx), exact zeros at integers. */
function sinPi(x: number): number {
  const r = x - 2 * Math.round(x / 2); // in [-1, 1], exact
  if (Math.abs(r) > 0.5) return Math.sin(Math.PI * (Math.sign(r) - r));
  return Math.sin(Math.PI * r);
}

/** Σ_{k≥0} (q + k)^-s for s > 1, q > 0 (or q < 0 and integer s) by Euler-Maclaurin summation (DLMF 2.10.1). */
function eulerMaclaurin(s: number, q: number): number {
  let sum = 0;
  let a = q;
  // the remainder's series converges when a is beyond s / 2π; for large s the terms themselves vanish sooner
  while (a < 10 + s) {
    const term = a ** -s;
    sum += term;
    a += 1;
    if (a > 1 && term < 1e-18 * Math.abs(sum) && a ** (1 - s) / (s - 1) < 1e-18 * Math.abs(sum)) return sum;
  }
  const power = a ** -s;
  let tail = (power * a) / (s - 1) + power / 2;
  let factor = (power * s) / a / 2; // s (s+1) … (s+2j-2) a^(-s-2j+1) / (2j)!
  for (let j = 0; j < BERNOULLI.length; j++) {
    tail += BERNOULLI[j] * factor;
    const n = 2 * (j + 1);
    factor *= ((s + n - 1) * (s + n)) / ((n + 1) * (n + 2) * a * a);
  }
  return sum + tail;
}

/** Hurwitz zeta ζ(s, q). Poles at q = 0, -1, … are +inf; NaN for s < 1, and for q < 0 unless s is an integer. */
export function zeta(s: number, q: number): number {
  if (Number.isNaN(s) || Number.isNaN(q) || s < 1) return Number.NaN;
  if (s === 1) return Number.POSITIVE_INFINITY;
  if (q <= 0) {
    if (q === Math.floor(q)) return Number.POSITIVE_INFINITY;
    if (s !== Math.floor(s)) return Number.NaN;
  }
  if (s === Number.POSITIVE_INFINITY) return q > 1 ? 0 : q === 1 ? 1 : Number.POSITIVE_INFINITY;
  if (q === Number.POSITIVE_INFINITY) return 0;
  return eulerMaclaurin(s, q);
}

/** ζ(k) - 1 for k = 2, 3, … */
let zetaMinusOne: readonly number[] | undefined;

/** log Γ(2 + z) for |z| ≤ 1/2, by its Taylor series (DLMF 5.7.3 without the k = 1 terms of ζ): exact zero at z = 0. */
function lgamma2p(z: number): number {
  zetaMinusOne ??= Array.from({ length: 32 }, (_, i) => eulerMaclaurin(i + 2, 2));
  let sum = 0;
  for (let i = zetaMinusOne.length - 1; i >= 0; i--) {
    const k = i + 2;
    sum = (zetaMinusOne[i] / k) * (k % 2 === 0 ? 1 : -1) + z * sum;
  }
  return z * (1 - EULER_GAMMA + z * sum);
}

/** log Γ(1 + z) for z > -1, accurate where it is small. */
export function lgamma1p(z: number): number {
  return Math.abs(z) <= 0.5 ? lgamma2p(z) - Math.log1p(z) : lgamma(1 + z);
}

/** Σ B2k / (2k (2k-1) x^(2k-1)): what Stirling's formula leaves out (DLMF 5.11.1), for x ≥ 10. */
function stirlingSeries(x: number): number {
  const x2 = 1 / (x * x);
  let sum = 0;
  for (let j = 8; j >= 0; j--) sum = BERNOULLI[j] / ((2 * j + 2) * (2 * j + 1)) + x2 * sum;
  return sum / x;
}

/** log |Γ(x)|; +inf at 0, -1, -2, … */
export function lgamma(x: number): number {
  if (Number.isNaN(x)) return x;
  if (!Number.isFinite(x) || (x <= 0 && x === Math.floor(x))) return Number.POSITIVE_INFINITY;
  if (x < -0.5) return Math.log(Math.PI / Math.abs(sinPi(x))) - lgamma(1 - x);
  if (x < 0.5) return lgamma1p(x) - Math.log(Math.abs(x));
  if (x <= 1.5) return lgamma1p(x - 1);
  if (x < 10) {
    let y = x;
    let product = 1;
    while (y > 2.5) {
      y -= 1;
      product *= y;
    }
    return Math.log(product) + lgamma2p(y - 2);
  }
  return (x - 0.5) * (Math.log(x) - 1) - 0.5 + HALF_LOG_2PI + stirlingSeries(x);
}

/**
 * log Γ(a+1) - (a+½) log a + a - ½ log 2π, the error of Stirling's formula, without cancellation: the difference of
 * neighbours is atanh(t)/t - 1 with t = 1/(2a+1) (Loader 2000, "Fast and accurate computation of binomial probabilities").
 */
export function stirlingError(a: number): number {
  if (a < 1) return lgamma1p(a) - (a + 0.5) * Math.log(a) + a - HALF_LOG_2PI;
  let sum = 0;
  let y = a;
  for (; y < 10; y += 1) {
    const t = 1 / (2 * y + 1) ** 2;
    let power = t;
    for (let k = 1; power > 1e-19; k++) {
      sum += power / (2 * k + 1);
      power *= t;
    }
  }
  return sum + stirlingSeries(y);
}

/** ψ(x) - log x for x ≥ 10 (DLMF 5.11.2). */
function digammaMinusLogSeries(x: number): number {
  const x2 = 1 / (x * x);
  let sum = 0;
  for (let j = 8; j >= 0; j--) sum = BERNOULLI[j] / (2 * j + 2) + x2 * sum;
  return -0.5 / x - sum * x2;
}

/** ψ(x) - log x for x > 0. */
export function digammaMinusLog(x: number): number {
  return x >= 10 ? digammaMinusLogSeries(x) : digamma(x) - Math.log(x);
}

/** ψ(x) = Γ'(x) / Γ(x); NaN at 0, -1, -2, … */
export function digamma(x: number): number {
  if (x === Number.POSITIVE_INFINITY) return x;
  if (x <= 0) {
    if (x === Math.floor(x)) return Number.NaN;
    const r = x - Math.round(x);
    return digamma(1 - x) - Math.PI / Math.tan(Math.PI * r);
  }
  let sum = 0;
  let y = x;
  for (; y < 10; y += 1) sum -= 1 / y;
  return sum + Math.log(y) + digammaMinusLogSeries(y);
}

/** ψ⁽ⁿ⁾(x) = (-1)^(n+1) n! ζ(n+1, x) (DLMF 25.11.12); NaN unless n is 0, 1, 2, … */
export function polygamma(n: number, x: number): number {
  if (!(n >= 0) || n !== Math.floor(n)) return Number.NaN;
  if (n === 0) return digamma(x);
  let factorial = 1;
  for (let k = 2; k <= n && factorial < Number.POSITIVE_INFINITY; k++) factorial *= k;
  return (n % 2 === 0 ? -1 : 1) * factorial * zeta(n + 1, x);
}
