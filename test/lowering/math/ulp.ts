/** Distances in units in the last place, and the bounds that docs/MATH.md states. */

/** The spacing of numbers with `digits` bits at y. */
function spacing(y: number, digits: number, leastExponent: number): number {
  const a = Math.abs(y);
  let e = Math.floor(Math.log2(a));
  if (2 ** e > a) e--;
  else if (2 ** (e + 1) <= a) e++;
  return 2 ** (Math.max(a === 0 ? leastExponent : e, leastExponent) - digits + 1);
}
export function ulps64(y: number, high: number, low = 0): number {
  return Math.abs(y - high - low) / spacing(high, 53, -1022);
}
export function ulps32(y: number, exact: number): number {
  return Math.abs(y - exact) / spacing(exact, 24, -126);
}

/** Largest error in ulp that the tests allow on golden.json, f64. */
export const BOUNDS_F64: Readonly<Record<string, number>> = {
  exp: 0.9,
  exp2: 1,
  expm1: 1.4,
  log: 0.9,
  log1p: 0.9,
  logistic: 1.6,
  tanh: 2,
  sinh: 1.8,
  cosh: 1.3,
  sin: 0.8,
  cos: 0.8,
  tan: 0.9,
  asin: 1.6,
  acos: 1.1,
  atan: 1.6,
  atan2: 1.5,
  asinh: 1.5,
  acosh: 2,
  atanh: 1.5,
  cbrt: 0.7,
  pow: 0.85,
  erf: 1,
  erfc: 1.9,
  erf_inv: 3,
  bessel_i0e: 4,
  bessel_i1e: 3.5,
  polygamma: 10,
  zeta: 18,
};
/** Largest error in ulp allowed in f32, where it is not that of a correctly rounded f64 result. */
export const BOUNDS_F32: Readonly<Record<string, number>> = {
  exp: 1.1,
  exp2: 1.1,
  expm1: 1.7,
  log: 0.8,
  log1p: 0.9,
  logistic: 1.9,
  tanh: 2,
  sin: 1.6,
  cos: 1.6,
  tan: 1.4,
  rsqrt: 1.5,
  sinh: 1.6,
  cosh: 1.5,
  asin: 1.7,
  acos: 1.2,
  atan: 1.5,
  atan2: 1.7,
  asinh: 1.8,
  acosh: 1.8,
  atanh: 1.7,
  cbrt: 1.1,
  erf: 1.4,
  erf_inv: 2.1,
};
/** Sums of terms that cancel near zeros, or exponents of many units: bounded relatively to the size of those. */
export const LOOSE: Readonly<Record<string, number>> = {
  lgamma: 1e-15,
  digamma: 1e-15,
  igamma: 2e-13,
  igammac: 2e-13,
  igamma_grad_a: 2e-12,
  random_gamma_grad: 2e-13,
  regularized_incomplete_beta: 2e-13,
};
