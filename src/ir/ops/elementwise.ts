import type { DType } from "../dtype.js";

/** No parameters. */
export type None = Readonly<Record<never, never>>;

/** All operands have one shape; n-ary operands of one dtype (builders broadcast and convert explicitly). */
export interface ElementwiseOps {
  // numbers
  neg: None;
  abs: None;
  sign: None;
  floor: None;
  ceil: None;
  round: { readonly method: "even" | "away" };
  integer_pow: { readonly y: number };
  not: None;
  population_count: None;
  clz: None;
  is_finite: None;
  // floating point
  /** nonPositive: a promise about the operand, which NaN keeps too. The schedule finds out; traced programs do not have it. */
  exp: { readonly nonPositive?: true };
  exp2: None;
  expm1: None;
  log: None;
  log1p: None;
  sqrt: None;
  rsqrt: None;
  cbrt: None;
  logistic: None;
  sin: None;
  cos: None;
  tan: None;
  asin: None;
  acos: None;
  atan: None;
  sinh: None;
  cosh: None;
  tanh: None;
  asinh: None;
  acosh: None;
  atanh: None;
  // special functions
  erf: None;
  erfc: None;
  erf_inv: None;
  lgamma: None;
  digamma: None;
  bessel_i0e: None;
  bessel_i1e: None;
  igamma: None; // (a, x): regularised lower incomplete gamma
  igammac: None; // (a, x): regularised upper incomplete gamma
  igamma_grad_a: None; // (a, x): d igamma / d a
  random_gamma_grad: None; // (a, sample): implicit derivative of a gamma sample with respect to a
  polygamma: None; // (n, x), n a float holding an integer
  zeta: None; // (x, q): Hurwitz zeta
  regularized_incomplete_beta: None; // (a, b, x)
  // two operands
  add: None;
  sub: None;
  mul: None;
  div: None;
  rem: None; // sign of the dividend, as in C
  pow: None;
  max: None; // NaN wins
  min: None; // NaN wins
  atan2: None;
  nextafter: None;
  and: None;
  or: None;
  xor: None;
  shift_left: None; // shifts ≥ the width give 0 (or the sign for arithmetic)
  shift_right_logical: None;
  shift_right_arithmetic: None;
  // comparisons give bool
  eq: None;
  ne: None;
  lt: None;
  le: None;
  gt: None;
  ge: None;
  // three operands
  select: None; // (pred: bool, onTrue, onFalse)
  clamp: None; // (min, x, max)
  // types
  convert_element_type: { readonly dtype: DType };
  bitcast_convert_type: { readonly dtype: DType }; // a narrower result type adds a last axis, a wider one removes it
  reduce_precision: { readonly exponentBits: number; readonly mantissaBits: number };
  stop_gradient: None;
}
