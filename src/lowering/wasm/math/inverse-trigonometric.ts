/** Inverse trigonometric and hyperbolic functions; after Cephes and fdlibm, in f32 with shorter polynomials. */
import { ASIN_F32, ASIN_F64, ATAN_F32, ATAN_F64 } from "./coefficients.js";
import { floatType } from "./exponential.js";
import { log, log1p } from "./logarithm.js";
import { polynomial, type Value } from "./value.js";

/** π/2 and what its rounding lost. */
const HALF_PI = { f32: Math.fround(Math.PI / 2), f64: Math.PI / 2 };
const HALF_PI_LOW = { f32: Math.PI / 2 - HALF_PI.f32, f64: 6.123233995736766e-17 };

/** z = s², or with a half angle where |x| ≥ ½: arcsin x = π/2 - 2 arcsin √((1 - x)/2). `p`: arcsin s = s + s·p. */
function arcsinParts(a: Value): { near: Value; s: Value; p: Value } {
  const near = a.lt(0.5);
  const z = near.select(a.square(), a.rsub(1).mul(0.5));
  const q = polynomial(z, floatType(a) === "f64" ? ASIN_F64 : ASIN_F32);
  return { near, s: near.select(a, z.sqrt()), p: z.mul(q) };
}
export function asin(x: Value): Value {
  const type = floatType(x);
  const { near, s, p } = arcsinParts(x.abs());
  const central = s.add(s.mul(p));
  const twice = s.add(s);
  const outer = twice.add(twice.mul(p).sub(HALF_PI_LOW[type])).rsub(HALF_PI[type]);
  return near.select(central, outer).withSignOf(x);
}
export function acos(x: Value): Value {
  const type = floatType(x);
  const { near, s, p } = arcsinParts(x.abs());
  const rest = s.mul(p);
  const signed = x.lt(0).select(s.neg(), s);
  const signedRest = x.lt(0).select(rest.neg(), rest);
  const central = signed.add(signedRest.sub(HALF_PI_LOW[type])).rsub(HALF_PI[type]);
  const twice = s.add(rest).mul(2);
  const left = s.add(rest.sub(HALF_PI_LOW[type])).rsub(HALF_PI[type]).mul(2);
  return near.select(central, x.lt(0).select(left, twice));
}

interface ArcTangent {
  /** A multiple of π/4 that is to be added, and what its rounding lost with the polynomial's part. */
  readonly base: Value;
  readonly t: Value;
  readonly rest: Value;
}
/** arctan(top/bottom) for 0 ≤ top ≤ bottom; f64: past tan π/8, π/4 + arctan((top - bottom)/(top + bottom)). */
function arctanOfRatio(top: Value, bottom: Value): ArcTangent {
  if (floatType(top) === "f32") {
    const t = top.div(bottom);
    const z = t.square();
    return { base: t.constant(0), t, rest: t.mul(z).mul(polynomial(z, ATAN_F32)) };
  }
  const far = top.gt(bottom.mul(0.41421356237309503));
  const t = far.select(top.sub(bottom), top).div(far.select(top.add(bottom), bottom));
  const z = t.square();
  const low = far.select(t.constant(HALF_PI_LOW.f64 / 2), 0);
  return { base: far.select(t.constant(Math.PI / 4), 0), t, rest: t.mul(z).mul(polynomial(z, ATAN_F64)).add(low) };
}
/** With one division: 1/x where |x| > 1. */
export function atanF32(x: Value): Value {
  const a = x.abs();
  const inverted = a.gt(1);
  const { t, rest } = arctanOfRatio(inverted.select(a.constant(1), a), inverted.select(a, 1));
  const outer = t.add(rest.sub(HALF_PI_LOW.f32)).rsub(HALF_PI.f32);
  return inverted.select(outer, t.add(rest)).withSignOf(x);
}
export function atanF64(x: Value): Value {
  return atan2(x, x.constant(1));
}
export function atan2(y: Value, x: Value): Value {
  const type = floatType(x);
  const [a, b] = [y.abs(), x.abs()];
  const swap = a.gt(b);
  const large = swap.select(a, b);
  const small = swap.select(b, a);
  // equal infinities count as equal; huge pairs are made smaller so that their sum stays finite
  const infinite = small.eq(Number.POSITIVE_INFINITY);
  const factor = large.gt(type === "f64" ? 2 ** 1020 : 2 ** 124).select(large.constant(0.25), 1);
  const top = infinite.select(large.constant(1), small.mul(factor));
  const bottom = infinite.or(large.eq(0)).select(large.constant(1), large.mul(factor));
  const { base, t, rest } = arctanOfRatio(top, bottom);
  // quarter turns: swapped, π/2 - …; left half plane, π - …; both, π/2 + …
  const left = x.signBit();
  const minus = swap.xor(left);
  const turn = swap.select(x.constant(HALF_PI[type]), left.select(x.constant(2 * HALF_PI[type]), 0));
  const turnLow = swap.select(x.constant(HALF_PI_LOW[type]), left.select(x.constant(2 * HALF_PI_LOW[type]), 0));
  const flip = (v: Value) => minus.select(v.neg(), v);
  const exact = turn.add(flip(base));
  const size = exact.add(flip(t).add(flip(rest).add(turnLow)));
  return x.isNaN().or(y.isNaN()).select(x.constant(Number.NaN), size.withSignOf(y));
}

const LARGE = 2 ** 28;
export function asinh(x: Value): Value {
  const a = x.abs();
  const z = a.square();
  const middle = log1p(a.add(z.div(z.add(1).sqrt().add(1))));
  return a.gt(LARGE).select(log(a).add(Math.LN2), middle).withSignOf(x);
}
export function acosh(x: Value): Value {
  const t = x.sub(1);
  const middle = log1p(t.add(t.mul(2).add(t.square()).sqrt()));
  return x.gt(LARGE).select(log(x).add(Math.LN2), x.lt(1).select(x.constant(Number.NaN), middle));
}
export function atanh(x: Value): Value {
  const a = x.abs();
  const twice = a.add(a);
  const argument = a.lt(0.5).select(twice.add(twice.mul(a).div(a.rsub(1))), twice.div(a.rsub(1)));
  return log1p(argument).mul(0.5).withSignOf(x);
}
