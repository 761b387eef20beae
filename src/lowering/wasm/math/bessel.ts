/** Exponentially scaled modified Bessel functions of order 0 and 1, by polynomials in x up to 8 and in 1/x beyond. */
import { I0E_LARGE, I0E_SMALL, I1E_LARGE, I1E_SMALL } from "./coefficients.js";
import { exp } from "./exponential.js";
import { polynomial, type Value } from "./value.js";

/** Below 8 the even power series in x, all of whose terms are positive, times exp(-x). */
function scaled(a: Value, small: readonly number[], large: readonly number[], factor: Value): Value {
  const near = a.le(8);
  const inner = polynomial(a.square(), small).mul(factor).mul(exp(a.neg()));
  const outer = polynomial(a.rdiv(16).sub(1), large).div(a.sqrt());
  return near.select(inner, outer);
}
export function besselI0e(x: Value): Value {
  const a = x.abs();
  return scaled(a, I0E_SMALL, I0E_LARGE, a.constant(1));
}
export function besselI1e(x: Value): Value {
  const a = x.abs();
  const y = scaled(a, I1E_SMALL, I1E_LARGE, a);
  return x.isNaN().select(x, y.withSignOf(x));
}
