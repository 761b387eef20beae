/**
 * Logarithms, powers and cube roots. x = 2ᵉ·m with m in [√½, √2), log x = e·ln 2 + log m; for log m in f64, with
 * s = (m - 1)/(m + 1), log m = 2 artanh s (the method of fdlibm's e_log.c, Ng 1993).
 */
import { CBRT_START, LOG_F32, LOG_F64, LOG_TAIL_F64 } from "./coefficients.js";
import { type Double, fastTwoSum } from "./double.js";
import { clampNumbers, expOf, expScaled, floatType, LN2_HIGH, LN2_LOW } from "./exponential.js";
import { polynomial, Value } from "./value.js";

const MANTISSA = { f32: 23, f64: 52 };
const LEAST_NORMAL = { f32: 2 ** -126, f64: 2 ** -1022 };
/** Bits of √½: what is subtracted so that the exponent field counts from there. */
const SQRT_HALF_BITS = { f32: 0x3f3504f3, f64: 0x3fe6a09e667f3bcdn };
const BIAS_F64 = 1024n;
/** One in the exponent field. */
const FIELD_F64 = 2n ** 52n;
const ROUNDER_BITS = 0x4338000000000000n;
const ROUNDER = 1.5 * 2 ** 52;
const ROUNDERS = { f32: 1.5 * 2 ** 23, f64: ROUNDER };

interface Parts {
  /** The exponent as a float. */
  readonly e: Value;
  /** The mantissa in [√½, √2). */
  readonly m: Value;
}
function fieldsF32(y: Value): Parts {
  const exponent = y.bits().sub(SQRT_HALF_BITS.f32).sar(MANTISSA.f32);
  return { e: exponent.to("f32"), m: y.bits().sub(exponent.shl(MANTISSA.f32)).float() };
}
/** With a bias that keeps the exponent positive: there is no arithmetic shift of 64-bit lanes in AVX2. */
function fieldsF64(y: Value): Parts {
  const from = y.bits().add(BIAS_F64 * FIELD_F64 - SQRT_HALF_BITS.f64);
  const e = from
    .shr(MANTISSA.f64)
    .add(ROUNDER_BITS - BIAS_F64)
    .float()
    .sub(ROUNDER);
  const m = from
    .and(FIELD_F64 - 1n)
    .add(SQRT_HALF_BITS.f64)
    .float();
  return { e, m };
}
/** 2ᵉ·m of a positive number. */
function split(x: Value, subnormals: boolean): Parts {
  const type = floatType(x);
  const tiny = x.lt(LEAST_NORMAL[type]);
  const lift = MANTISSA[type] + 1;
  const y = subnormals ? tiny.select(x.mul(2 ** lift), x) : x;
  const { e, m } = type === "f64" ? fieldsF64(y) : fieldsF32(y);
  return { e: subnormals ? e.sub(tiny.select(x.constant(lift), 0)) : e, m };
}
/** e·ln 2 + log m + more. */
function logOf({ e, m }: Parts, more?: Value): Value {
  const type = floatType(m);
  const f = m.sub(1);
  const half = f.square().mul(0.5);
  const low = more ? e.fma(LN2_LOW[type], more) : e.mul(LN2_LOW[type]);
  const high = e.mul(LN2_HIGH[type]);
  if (type === "f32") {
    const cube = f.square().mul(f).mul(polynomial(f, LOG_F32));
    return high.add(f.add(cube.add(low).sub(half)));
  }
  const s = f.div(f.add(2));
  const z = s.square();
  const r = z.mul(polynomial(z, LOG_F64));
  return high.sub(half.sub(s.mul(half.add(r)).add(low)).sub(f));
}
/** For numbers known to be positive and finite. */
export function logPositive(x: Value): Value {
  return logOf(split(x, true));
}
export function log(x: Value): Value {
  const y = x.lt(Number.POSITIVE_INFINITY).select(logPositive(x), x);
  return x.gt(0).select(y, x.eq(0).select(x.constant(Number.NEGATIVE_INFINITY), Number.NaN));
}
/** log u + (what rounding u = 1 + x lost)/u (fdlibm, s_log1p.c). */
export function log1p(x: Value): Value {
  const u = x.add(1);
  const lost = x.lt(1).select(x.sub(u.sub(1)), u.sub(x).rsub(1));
  const inside = logOf(split(u, false), lost.div(u));
  const y = x.lt(Number.POSITIVE_INFINITY).select(inside, x);
  const ends = x.eq(-1).select(x.constant(Number.NEGATIVE_INFINITY), Number.NaN);
  // keeps the sign of zero
  return x.eq(0).select(x, x.gt(-1).select(y, ends));
}

/** A double's upper 26 bits: products of two such are exact. */
const upper = (x: Value): Value =>
  x
    .bits()
    .and(-(2n ** 27n))
    .float();
const TWO_THIRDS = Math.floor((2 / 3) * 2 ** 26) / 2 ** 26;
/** 2/3 = fl(2/3) + 2⁻⁵⁴·(2/3) */
const TWO_THIRDS_REST = 2 / 3 - TWO_THIRDS + (2 / 3) * 2 ** -54;
/**
 * e·ln 2 + log m as a pair of doubles, about 66 bits: log m = ⅔·s·(3 + s² + s⁴·q(s²)) with s = (m - 1)/(m + 1), each product of the first
 * terms in parts (as fdlibm's e_pow.c).
 */
function logDouble({ e, m }: Parts): Double {
  const f = m.sub(1);
  const d = m.add(1);
  const inverse = d.rdiv(1);
  const s = f.mul(inverse);
  const sHigh = upper(s);
  const dHigh = upper(d);
  const dLow = m.sub(dHigh.sub(1));
  const sLow = f.sub(sHigh.mul(dHigh)).sub(sHigh.mul(dLow)).mul(inverse);
  const z = s.square();
  const terms = LOG_TAIL_F64.map((c) => c * 1.5);
  const rest = z.square().fma(polynomial(z, terms), sLow.mul(sHigh.add(s)));
  const square = sHigh.square();
  const factor = upper(square.add(3).add(rest));
  const factorLow = rest.sub(factor.sub(3).sub(square));
  const product = sHigh.mul(factor);
  const productLow = sLow.fma(factor, factorLow.mul(s));
  const high = upper(product.add(productLow));
  const low = productLow.sub(high.sub(product));
  const sum = fastTwoSum(e.mul(LN2_HIGH.f64), high.mul(TWO_THIRDS));
  const more = high.fma(TWO_THIRDS_REST, low.fma(2 / 3, e.mul(LN2_LOW.f64)));
  return fastTwoSum(sum.high, sum.low.add(more));
}
/** y·(high + low) in two parts. */
function timesLog(y: Value, { high, low }: Double): Double {
  const [y1, h1] = [upper(y), upper(high)];
  return { high: y1.mul(h1), low: y.sub(y1).fma(h1, y.mul(high.sub(h1).add(low))) };
}

/** Whether a number is whole, and odd. Below 2^(mantissa bits) the sum with that has the units in its last place. */
function wholeness(y: Value): { whole: Value; odd: Value } {
  const size = y.abs();
  const big = 2 ** MANTISSA[floatType(y)];
  const sum = size.add(big);
  const isBig = size.ge(big);
  const units = isBig.select(size, sum).bits();
  const odd = units
    .and(1)
    .ne(0)
    .and(size.lt(2 * big));
  const whole = isBig.or(sum.sub(big).eq(size));
  return { whole, odd: whole.and(odd) };
}

/** |x|^y from its logarithm; then the cases that C's pow prescribes (Annex F). */
function powWith(x: Value, y: Value, magnitude: (size: Value, y: Value) => Value): Value {
  const size = x.abs();
  const infinity = x.constant(Number.POSITIVE_INFINITY);
  const { whole, odd } = wholeness(y);
  const fromZero = y.lt(0).select(infinity, 0);
  const fromInfinity = y.lt(0).select(infinity.constant(0), infinity);
  let r = magnitude(size, y);
  r = size.eq(0).select(fromZero, size.eq(infinity).select(fromInfinity, r));
  const negative = x.signBit();
  r = negative.and(odd).select(r.neg(), r);
  const noRoot = x.lt(0).and(whole.not()).and(size.lt(infinity));
  r = noRoot.or(x.isNaN()).or(y.isNaN()).select(x.constant(Number.NaN), r);
  return y.eq(0).or(x.eq(1)).select(x.constant(1), r);
}
export function powF64(x: Value, y: Value): Value {
  return powWith(x, y, (size, exponent) => {
    const l = logDouble(split(size, true));
    // beyond 2⁶⁵ every power is 0, 1 or infinity; the clamp keeps the products finite
    const yy = clampNumbers(exponent, -(2 ** 65), 2 ** 65);
    const p = timesLog(yy, l);
    return expScaled(p.high, 0, p.high.abs().lt(760).select(p.low, 0));
  });
}
/** The logarithm in f64 has all the bits that f32 needs. */
export function powF32(x: Value, y: Value): Value {
  const inDouble = x.withDouble([y], ([size, exponent]) =>
    expScaled(clampNumbers(exponent, -1e39, 1e39).mul(logOf(split(size.abs(), false)))),
  );
  return powWith(x, y, () => inDouble);
}

/** Powers of what is neither a positive normal number nor zero, or with an exponent that is not finite. */
export function isUnusualPower(x: Value, y: Value): Value {
  const zero = floatType(x) === "f64" ? x.bits().eq(0n) : x.bits().eq(0);
  const positive = x.ge(LEAST_NORMAL[floatType(x)]).and(x.lt(Number.POSITIVE_INFINITY));
  return zero
    .or(positive)
    .and(y.abs().lt(2 ** 64))
    .not();
}
/** With the powers of zero. */
function orOfZero(x: Value, y: Value, power: Value): Value {
  const ofZero = y.lt(0).select(x.constant(Number.POSITIVE_INFINITY), y.eq(0).select(x.constant(1), 0));
  return x.eq(0).select(ofZero, power);
}
export function powUsualF64(x: Value, y: Value): Value {
  const p = timesLog(y, logDouble(split(x, false)));
  return orOfZero(x, y, expScaled(p.high, 0, p.high.abs().lt(760).select(p.low, 0)));
}
/** |y|·log x in f64; its whole number of ln 2, and the rest in units of 2⁻²⁹, are the low words of sums, which are joined as integers. */
export function powUsualF32(x: Value, y: Value): Value {
  const half = (high: boolean): Value[] => {
    // of positive normal numbers: the bits in their new place, and the larger bias
    const wide = (bits: Value): Value =>
      new Value({ kind: "widen", dtype: "u64", lanes: 2, arg: bits.to("u32").expr, high })
        .shl(29)
        .add(896n << 52n)
        .float();
    const size = wide(y.bits().and(2 ** 31 - 1));
    const p = size.mul(logOf(split(wide(x.bits()), false)));
    const inside = clampNumbers(p, -122, 122);
    const sum = inside.fma(Math.LOG2E, ROUNDER);
    const r = sum.sub(ROUNDER).fma(-Math.LN2, inside);
    return [sum.bits(), r.add(1.5 * 2 ** 23).bits()];
  };
  const [low, high] = [half(false), half(true)];
  const [n, r] = low.map(
    (l, i) => new Value({ kind: "narrow", dtype: "i32", lanes: 4, low: l.expr, high: high[i].expr }),
  );
  const minus = y.bits().sar(31);
  const rest = r
    .xor(minus)
    .sub(minus)
    .to("f32")
    .mul(2 ** -29);
  return orOfZero(x, y, expOf(rest, n.xor(minus).sub(minus)));
}

/**
 * Halley's iteration from a polynomial: once in f32, as a correction that is small; twice in f64, the last step on 26 bits,
 * whose square is exact (fdlibm, s_cbrt.c).
 */
export function cbrt(x: Value): Value {
  const type = floatType(x);
  const { e, m } = split(x.abs(), true);
  const third = e.mul(1 / 3).add(ROUNDERS[type]);
  const k = third.sub(ROUNDERS[type]);
  const over = e.sub(k.mul(3));
  const y = m.mul(over.gt(0).select(m.constant(2), over.lt(0).select(m.constant(0.5), 1)));
  const root = type === "f64" ? rootF64(y) : rootF32(y);
  const power = third
    .bits()
    .add(type === "f64" ? 1023n : 127)
    .shl(MANTISSA[type])
    .float();
  const result = root.mul(power).withSignOf(x);
  return x.eq(0).or(x.abs().lt(Number.POSITIVE_INFINITY).not()).select(x, result);
}
function rootF32(y: Value): Value {
  const start = polynomial(y, CBRT_START);
  const cube = start.square().mul(start);
  return start.add(start.mul(y.sub(cube).div(cube.mul(2).add(y))));
}
function rootF64(y: Value): Value {
  const start = polynomial(y, CBRT_START);
  const cube = start.square().mul(start);
  const first = start.mul(cube.add(y.mul(2)).div(cube.mul(2).add(y)));
  const t = first
    .bits()
    .and(-(2n ** 27n))
    .float();
  const r = y.div(t.square());
  return t.add(t.mul(r.sub(t).div(t.mul(2).add(r))));
}
