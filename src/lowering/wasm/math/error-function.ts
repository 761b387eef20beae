/**
 * erf, erfc and erf's inverse. erfc x = exp(-x²)·q((x - 4)/(x + 4))/(1 + 2x) with one polynomial for all x ≥ 0 (Shepherd &
 * Laframboise, Math. Comp. 36, 1981). The inverse starts from polynomials in w = -log(1 - x²) (Giles 2010).
 */
import {
  ERF_F32,
  ERF_F64,
  ERF_TAIL_F32,
  ERFCX_F32,
  ERFCX_F64,
  ERFINV_CENTRAL,
  ERFINV_CENTRAL_F32,
  ERFINV_TAIL,
  ERFINV_TAIL_F32,
} from "./coefficients.js";
import { twoProduct } from "./double.js";
import { clampNumbers, exp2, expScaled, expShort, scaledByExp } from "./exponential.js";
import { logPositive } from "./logarithm.js";
import { polynomial, type Value } from "./value.js";

export function erfF32(x: Value): Value {
  const a = clampNumbers(x.abs(), 0, 4);
  const z = a.square();
  const small = a.fma(polynomial(z, ERF_F32), a);
  const large = exp2(polynomial(a, ERF_TAIL_F32).neg()).rsub(1);
  return a.lt(0.9).select(small, large).withSignOf(x);
}
/** erfc of a non-negative number. What exp(-x²), the polynomial and their product round is small next to the last sum. */
function erfcPositive(x: Value): Value {
  const a = clampNumbers(x, 0, 28);
  const t = a.sub(4).div(a.add(4));
  const square = twoProduct(a, a);
  const most = ERFCX_F64[0];
  const rest = t.mul(polynomial(t, ERFCX_F64.slice(1)));
  const top = scaledByExp(square.high.neg(), square.low.neg(), most, rest);
  return top.div(a.mul(2).add(1));
}
function erfCentral(x: Value): Value {
  const z = x.square();
  return x.add(x.mul(polynomial(z, ERF_F64)));
}
export function erfF64(x: Value): Value {
  const a = x.abs();
  return a.lt(0.84).select(erfCentral(a), erfcPositive(a).rsub(1)).withSignOf(x);
}
export function erfcF64(x: Value): Value {
  const outer = erfcPositive(x.abs());
  return x
    .abs()
    .lt(0.5)
    .select(erfCentral(x).rsub(1), x.lt(0).select(outer.rsub(2), outer));
}

/** Of f64 values that hold f32 ones: squares are exact, and what is wrong is far less than the result's last place. */
export function erfcShort(x: Value): Value {
  const a = clampNumbers(x.abs(), 0, 10.2);
  const u = a.add(3).rdiv(1);
  const q = polynomial(a.sub(3).mul(u), ERFCX_F32);
  const outer = expShort(a.square().neg()).mul(u.mul(q));
  return x.lt(0).select(outer.rsub(2), outer);
}

/** To about 1e-9, for |x| < 1. */
function erfInvStart(a: Value): Value {
  const w = logPositive(a.rsub(1).mul(a.add(1))).neg();
  const central = a.mul(polynomial(w.sub(3), ERFINV_CENTRAL));
  return w.lt(6).select(central, polynomial(clampNumbers(w, 1, 39).sqrt().sub(4), ERFINV_TAIL));
}
function withEnds(x: Value, size: Value): Value {
  const a = x.abs();
  const end = a.eq(1).select(x.constant(Number.POSITIVE_INFINITY), Number.NaN);
  return a.lt(1).select(size, end).withSignOf(x);
}
/** All in f32: the errors of w are made small by the slopes of the polynomials, which are at most a quarter of what they give. */
export function erfInvF32(x: Value): Value {
  const a = x.abs();
  const w = logPositive(a.rsub(1).mul(a.add(1))).neg();
  const central = a.fma(polynomial(w.sub(1), ERFINV_CENTRAL_F32), a);
  const tail = polynomial(clampNumbers(w, 4, 17).sqrt().sub(3), ERFINV_TAIL_F32);
  return withEnds(x, w.lt(5).select(central, tail));
}
/** Where |x| is close to 1, 1 and more, or no number. */
export const isOuter = (x: Value): Value => x.abs().lt(0.9966).not();
export function erfInvCentralF32(x: Value): Value {
  const a = x.abs();
  const w = logPositive(a.rsub(1).mul(a.add(1))).neg();
  return a
    .fma(polynomial(w.sub(1), ERFINV_CENTRAL_F32), a)
    .bits()
    .xor(x.bits().xor(a.bits()))
    .float();
}
/** One step of Halley's iteration on erf y = x, on the complement where x is near 1 (1 - x is exact there). */
export function erfInvF64(x: Value): Value {
  const a = x.abs();
  const y = erfInvStart(a);
  const error = a.lt(0.5).select(erfCentral(y).sub(a), a.rsub(1).sub(erfcPositive(y)));
  const square = twoProduct(y, y);
  const u = error.mul(Math.sqrt(Math.PI) / 2).div(expScaled(square.high.neg(), 0, square.low.neg()));
  return withEnds(x, y.sub(u.div(u.mul(y).add(1))));
}
