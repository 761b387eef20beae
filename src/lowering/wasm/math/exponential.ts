/**
 * Exponentials and what is made of them. exp x = 2ⁿ·exp r with n = round(x / ln 2) and r = x - n·ln 2 in two parts
 * (Cody & Waite, Software Manual for the Elementary Functions, 1980); n comes out of an addition of a big constant.
 */
import { EXP_F32, EXP_F64, EXPM1_F32_IN_F64, SINH_F32, TANH_EXP_F32 } from "./coefficients.js";
import { polynomial, type Value } from "./value.js";

/** 1.5·2^(mantissa bits): adding it leaves round(x) in the low bits. Twice the exponent bias lets `scale` halve the sum. */
const ROUNDER = { f32: 1.5 * 2 ** 23 + 254, f64: 1.5 * 2 ** 52 + 2046 };
const MANTISSA = { f32: 23, f64: 52 };
/** ln 2 cut short so that n·LN2_HIGH is exact, and the rest. */
export const LN2_HIGH = {
  f32: Math.floor(Math.LN2 * 2 ** 16) / 2 ** 16,
  f64: Math.floor(Math.LN2 * 2 ** 41) / 2 ** 41,
};
const LN2_BEYOND_DOUBLE = 2.3190468138462996e-17;
export const LN2_LOW = {
  f32: Math.LN2 - LN2_HIGH.f32,
  f64: Math.LN2 - LN2_HIGH.f64 + LN2_BEYOND_DOUBLE,
};
/**
 * exp is 0 below and infinite above, also when it is halved. At the lower limit both halves of the scale are zero: a
 * product that underflows takes some machines ten times as long, and masks are made of numbers far below.
 */
const RANGE = { f32: [-176, 90], f64: [-1418, 712] } as const;

export function floatType(x: Value): "f32" | "f64" {
  return x.dtype === "f64" ? "f64" : "f32";
}

/** Between two limits; NaN stays (a compare and a select each: one pmin and one pmax). */
export function clampNumbers(x: Value, low: number, high: number): Value {
  const below = x.constant(high).lt(x).select(high, x);
  return below.lt(low).select(low, below);
}

interface Rounded {
  /** round(x) as a float. */
  readonly n: Value;
  /** Its integer in the low bits, with twice the exponent bias added. */
  readonly bits: Value;
}
function nearestInteger(x: Value, factor: number): Rounded {
  const magic = ROUNDER[floatType(x)];
  const sum = factor === 1 ? x.add(magic) : x.fma(factor, magic);
  return { n: sum.sub(magic), bits: sum.bits() };
}
/**
 * (y + 1)·2^(n + more), in two steps so that subnormal results are rounded once and the largest exponents do not overflow early.
 * The first factor is normal, or zero for what is far below: to add it after the product rounds as to add 1 before.
 */
function scale(y: Value, { bits }: Rounded, more = 0): Value {
  const shift = MANTISSA[floatType(y)];
  const sum = more === 0 ? bits : bits.add(more);
  // only the low bits count; there is no arithmetic shift of 64-bit lanes in AVX2
  const half = sum.shr(1);
  const factor = half.shl(shift).float();
  return y.fma(factor, factor).mul(sum.sub(half).shl(shift).float());
}
/** 2^(n + more) for exponents of normal numbers. */
function powerOfTwo({ bits }: Rounded, like: Value, more: number): Value {
  const type = floatType(like);
  const bias = type === "f64" ? 1023 : 127;
  return bits
    .add(more - bias)
    .shl(MANTISSA[type])
    .float();
}
/** exp r - 1 for |r| ≤ ln 2 / 2; `low` is what is missing in r. */
function expm1Reduced(r: Value, low?: Value, f32 = EXP_F32): Value {
  const q = polynomial(r, floatType(r) === "f64" ? EXP_F64 : f32);
  const square = r.square();
  return low ? r.add(square.fma(q, low)) : square.fma(q, r);
}
/** r = x + more - n·ln 2, and what its rounding lost. */
function reduce(x: Value, { n }: Rounded, more?: Value): { r: Value; low: Value } {
  const type = floatType(x);
  // exact, with or without the rounding of the product
  const first = n.fma(-LN2_HIGH[type], x);
  if (type === "f32" && !more) {
    const r = n.fma(-LN2_LOW.f32, first);
    return { r, low: n.fma(-LN2_LOW.f32, first.sub(r)) };
  }
  const product = n.mul(LN2_LOW[type]);
  const rest = more ? product.sub(more) : product;
  const r = first.sub(rest);
  return { r, low: first.sub(r).sub(rest) };
}

/** exp(x + low)·2^more. */
export function expScaled(x: Value, more = 0, low?: Value): Value {
  const type = floatType(x);
  const [lowest, highest] = RANGE[type];
  const y = clampNumbers(x, lowest, highest);
  const k = nearestInteger(y, Math.LOG2E);
  const reduced = reduce(y, k, low);
  // in f32 the second part of r changes nothing that the last rounding leaves
  return scale(expm1Reduced(reduced.r, type === "f32" ? undefined : reduced.low), k, more);
}
/** 2ⁿ·exp r of f32, |r| ≤ ln 2 / 2, n an integer with |n| ≤ 177. */
export function expOf(r: Value, n: Value): Value {
  return scale(expm1Reduced(r), { n: r, bits: n.add(254) });
}
/** exp x of f64 to 1e-10, where the result is a normal number. */
export function expShort(x: Value): Value {
  const k = nearestInteger(x, Math.LOG2E);
  const r = k.n.fma(-Math.LN2, x);
  const factor = powerOfTwo(k, x, 0);
  return r.mul(polynomial(r, EXPM1_F32_IN_F64)).fma(factor, factor);
}
/** exp(x + low)·(most + rest) of f64, rounded once but for what |rest| and exp r - 1 lose. */
export function scaledByExp(x: Value, low: Value, most: number, rest: Value): Value {
  const [lowest, highest] = RANGE.f64;
  const y = clampNumbers(x, lowest, highest);
  const k = nearestInteger(y, Math.LOG2E);
  const reduced = reduce(y, k, low);
  const grown = expm1Reduced(reduced.r, reduced.low);
  const sum = grown.mul(rest.add(most)).add(rest).add(most);
  const half = k.bits.shr(1);
  const shift = MANTISSA.f64;
  return sum.mul(half.shl(shift).float()).mul(k.bits.sub(half).shl(shift).float());
}
export function exp(x: Value): Value {
  return expScaled(x);
}

/** `rounder` adds the exponent of 1/unit, which is a zero's at the limit; even, as that of `exp`, so that halves go the same way. */
const NEGATIVE = {
  f32: { limit: -105.4, rounder: 1.5 * 2 ** 23 + 152, unit: 2 ** -25 },
  f64: { limit: -745.85, rounder: 1.5 * 2 ** 52 + 1076, unit: 2 ** -53 },
} as const;
/**
 * exp x of x ≤ 0 or NaN: nothing overflows, so that there is one limit, and one scale that is too large by a power of two for all of
 * its values to be normal. At the limit it is zero. The bits are those of `exp`.
 */
export function expNonPositive(x: Value): Value {
  const type = floatType(x);
  const { limit, rounder, unit } = NEGATIVE[type];
  const y = x.lt(limit).select(limit, x);
  const sum = y.fma(Math.LOG2E, rounder);
  const k = { n: sum.sub(rounder), bits: sum.bits() };
  const { r, low } = reduce(y, k);
  const factor = k.bits.shl(MANTISSA[type]).float();
  return expm1Reduced(r, type === "f32" ? undefined : low)
    .fma(factor, factor)
    .mul(unit);
}
export function exp2(x: Value): Value {
  const y = floatType(x) === "f64" ? clampNumbers(x, -2046, 1026) : clampNumbers(x, -254, 129);
  const k = nearestInteger(y, 1);
  return scale(expm1Reduced(y.sub(k.n).mul(Math.LN2)), k);
}
/** 2ⁿ(exp r - 1) + (2ⁿ - 1), all halved until the end so that n may be the largest exponent. */
export function expm1(x: Value): Value {
  const y = floatType(x) === "f64" ? clampNumbers(x, -40, 710) : clampNumbers(x, -20, 89);
  const k = nearestInteger(y, Math.LOG2E);
  const { r, low } = reduce(y, k);
  const half = powerOfTwo(k, x, -1);
  const grown = expm1Reduced(r, floatType(x) === "f64" ? low : undefined).mul(half);
  const result = grown.add(half.sub(0.5)).mul(2);
  // halved, subnormals would lose a bit and their sign
  const tiny = floatType(x) === "f64" ? 2 ** -60 : 2 ** -30;
  return x.abs().lt(tiny).select(x, result);
}

/** Limits of -x beyond which logistic is 1 and 0, and the exponent of a unit in which nothing between overflows. */
const LOGISTIC = { f32: [-24, 105, -64], f64: [-40, 746, -512] } as const;
/**
 * 1/(1 + p) with p = exp -x = 2ⁿ + 2ⁿ(exp r - 1), the denominator rounded once: from n = 24 (f64: 53) on 1 + 2ⁿ is not exact,
 * and what it lost is added to the small part. All in units of a small number, since p may be as large as 1 over a subnormal.
 */
export function logistic(x: Value): Value {
  const type = floatType(x);
  const [lowest, highest, exponent] = LOGISTIC[type];
  const unit = 2 ** exponent;
  const y = clampNumbers(x.neg(), lowest, highest);
  const k = nearestInteger(y, Math.LOG2E);
  const { r, low } = reduce(y, k);
  const power = powerOfTwo(k, x, exponent);
  const sum = power.add(unit);
  const lost = sum.sub(power).rsub(unit);
  const rest = expm1Reduced(r, type === "f64" ? low : undefined, TANH_EXP_F32).fma(power, lost);
  return sum.add(rest).rdiv(unit);
}

/** Twice the number from which on tanh is 1. */
const TANH_END = { f32: -20, f64: -40 } as const;
/**
 * (1 - p)/(1 + p) with p = exp(-2|x|) = 2ⁿ + 2ⁿ(exp r - 1), each side rounded once. (With exp(2|x|) the numerator would stand
 * just above a power of two where the result is just below one: twice the error.)
 */
export function tanh(x: Value): Value {
  const type = floatType(x);
  const twice = x.abs().mul(-2);
  const end = TANH_END[type];
  const y = twice.lt(end).select(end, twice);
  const k = nearestInteger(y, Math.LOG2E);
  const { r, low } = reduce(y, k);
  const power = powerOfTwo(k, x, 0);
  const rest = expm1Reduced(r, type === "f64" ? low : undefined, TANH_EXP_F32).mul(power);
  const top = power.rsub(1).sub(rest);
  return top.div(power.add(1).add(rest)).withSignOf(x);
}
/** Near zero a series in f32, (t + t/(t + 1))/2 with t = expm1 a in f64; e - 1/(4e) with e = exp(a)/2 elsewhere. */
export function sinh(x: Value): Value {
  const a = x.abs();
  const e = expScaled(a, -1);
  return a
    .lt(1)
    .select(sinhNear(a), e.sub(e.rdiv(0.25)))
    .withSignOf(x);
}
function sinhNear(a: Value): Value {
  if (floatType(a) === "f32") {
    const z = a.square();
    return a.mul(z).fma(polynomial(z, SINH_F32), a);
  }
  const t = expm1(a);
  return t.add(t.div(t.add(1))).mul(0.5);
}
export function cosh(x: Value): Value {
  const e = expScaled(x.abs(), -1);
  return e.add(e.rdiv(0.25));
}
