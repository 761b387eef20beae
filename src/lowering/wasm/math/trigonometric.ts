/**
 * sin, cos, tan, right for every argument. f32: multiples of π/2 in five parts (Cody & Waite), where an argument is large in two of
 * f64, where it is huge x/2π modulo 1 exactly, in f64, with 1/2π cut in pieces of 29 bits (each product is exact). f64: scalar functions that subtract multiples of π/2 in four parts (Cody & Waite), or for large
 * arguments multiply by the bits of 2/π that matter as integers (Payne & Hanek 1983).
 */
import type { LoopMathFunction } from "../../../ir/loop.js";
import { COS_F32, COS_F64, SIN_F32, SIN_F64, TAN_F32 } from "./coefficients.js";
import { type Double, doubleProduct, fastTwoSum, twoProduct, twoSum } from "./double.js";
import { ScalarFunction } from "./scalar-function.js";
import { inDoubleMany, polynomial, type Value } from "./value.js";

/** 1/2π in pieces of 29 bits: piece i counts 2^(-29(i + 1)). Seven reach far enough below 2⁻¹²⁸·2⁻²⁴. */
const INVERSE_TWO_PI = [85445659, 240010261, 88048874, 524801235, 249589169, 156865476, 119571452];

/** Of a non-negative f64 that holds an f32: the quarter turns, and what is left of x in [-π/4, π/4]. */
function reduceShort(x: Value): { quarter: Value; r: Value } {
  const parts = INVERSE_TWO_PI.map((piece, i) => {
    const turns = x.mul(piece * 2 ** (-29 * (i + 1)));
    return turns.sub(turns.round());
  });
  const all = parts.reduceRight((sum, p) => sum.add(p));
  const quarter = all.mul(4).round();
  // from the top: each partial sum is exact for as long as it cancels
  const rest = parts.slice(1).reduce((sum, p) => sum.add(p), parts[0].sub(quarter.mul(0.25)));
  return { quarter, r: rest.mul(2 * Math.PI) };
}
function sineKernel(r: Value, z: Value): Value {
  return r.mul(z).fma(polynomial(z, SIN_F32), r);
}
function cosineKernel(z: Value): Value {
  return z.square().fma(polynomial(z, COS_F32), z.fma(-0.5, 1));
}
/** sin(x + quarterTurns·π/2) of |x|, and x's sign where the function is odd. */
function sineShort(x: Value, quarterTurns: number, reduce = reduceShort): Value {
  const [quarter, r] = inDoubleMany([x.abs()], ([a]) => {
    const reduced = reduce(a);
    return [reduced.quarter, reduced.r];
  });
  const k = quarter.to("i32").add(quarterTurns);
  const z = r.square();
  const size = k.and(1).ne(0).select(cosineKernel(z), sineKernel(r, z));
  let sign = k.and(2).shl(30);
  if (quarterTurns === 0) sign = sign.xor(x.bits().and(-(2 ** 31)));
  return size.bits().xor(sign).float();
}
export const sinF32 = (x: Value): Value => sineShort(x, 0);
export const cosF32 = (x: Value): Value => sineShort(x, 1);
/** tan of |x|, and x's sign. */
function tangent(x: Value, reduce: (a: Value) => { quarter: Value; r: Value }): Value {
  const [y] = inDoubleMany([x.abs()], ([a]) => {
    const { quarter, r } = reduce(a);
    const z = r.square();
    const [s, c] = [sineKernel(r, z), cosineKernel(z)];
    const half = quarter.mul(0.5);
    const odd = half.floor().ne(half);
    return [odd.select(c.neg(), s).div(odd.select(s, c))];
  });
  return y
    .bits()
    .xor(x.bits().and(-(2 ** 31)))
    .float();
}

/** π/2 in parts of 11 bits, whose products with whole numbers below 2¹³ are exact, and the rest. */
const HALF_PI_F32 = [
  1.5703125, 0.00048351287841796875, 3.1385570764541626e-7, 6.0708771343434288e-11, 6.223372171896613e-14,
];
/** Up to here these are enough: 2¹³ quarter turns. */
const SMALL = 12800;
const ROUNDER_F32 = 1.5 * 2 ** 23;

export const isLarge = (x: Value): Value => x.abs().lt(SMALL).not();
/**
 * What is left of x, 0 ≤ x < SMALL, after two parts is exact; the third is taken away with what its rounding loses: a sum that is rounded
 * about once where it is far from zero, and next to zero not before the end. The last part is still to be taken away.
 */
function reduceSmall(x: Value, quarterTurns: number): { n: Value; k: Value; first: Value; more: Value } {
  const [a, b, c, d] = HALF_PI_F32.map((part) => -part);
  const sum = x.fma(2 / Math.PI, ROUNDER_F32 + quarterTurns);
  const n = sum.sub(ROUNDER_F32 + quarterTurns);
  const exact = n.fma(b, n.fma(a, x));
  const first = n.fma(c, exact);
  const more = n.fma(d, n.fma(c, exact.sub(first)));
  return { n, k: sum.bits(), first, more };
}
/** sin(x + quarterTurns·π/2) for 0 ≤ x < SMALL. */
function sineSmall(x: Value, quarterTurns: number): { size: Value; sign: Value } {
  const { n, k, first, more } = reduceSmall(x, quarterTurns);
  const r = n.fma(-HALF_PI_F32[4], first.add(more));
  const z = r.square();
  return { size: k.and(1).eq(0).select(sineKernel(r, z), cosineKernel(z)), sign: k.and(2).shl(30) };
}
/** Of |x|, so that the sign of zero stays. */
export function sinSmall(x: Value): Value {
  const a = x.abs();
  const { size, sign } = sineSmall(a, 0);
  return size.bits().xor(sign).xor(x.bits().xor(a.bits())).float();
}
export function cosSmall(x: Value): Value {
  const { size, sign } = sineSmall(x.abs(), 1);
  return size.bits().xor(sign).float();
}

/** tan r or -1/tan r, of r and t = tan r as pairs: -1/(t + low) = q + q²·low with q = -1/t. */
export function tanSmall(x: Value): Value {
  const a = x.abs();
  const { n, k, first, more } = reduceSmall(a, 0);
  const r = fastTwoSum(first, n.fma(-HALF_PI_F32[4], more));
  const z = r.high.square();
  const t = fastTwoSum(r.high, r.high.mul(z).fma(polynomial(z, TAN_F32), r.low.fma(z, r.low)));
  const q = t.high.rdiv(-1);
  const size = k.and(1).eq(0).select(t.high, q.square().fma(t.low, q));
  return size.bits().xor(x.bits().xor(a.bits())).float();
}

/** Up to here π/2 in two parts of f64 is enough. */
const HUGE = 2 ** 20;
const ROUNDER_F64 = 1.5 * 2 ** 52;
export const isHuge = (x: Value): Value => x.abs().lt(HUGE).not();
/** As reduceShort, below HUGE. */
function reduceMedium(x: Value): { quarter: Value; r: Value } {
  const quarter = x.fma(2 / Math.PI, ROUNDER_F64).sub(ROUNDER_F64);
  return { quarter, r: quarter.fma(-HALF_PI_LOW, x.sub(quarter.mul(HALF_PI[0]))) };
}
export const sinMedium = (x: Value): Value => sineShort(x, 0, reduceMedium);
export const cosMedium = (x: Value): Value => sineShort(x, 1, reduceMedium);
export const tanF32 = (x: Value): Value => tangent(x, reduceShort);
export const tanMedium = (x: Value): Value => tangent(x, reduceMedium);

/** π/2 in parts of 33 bits, the last one a full double. */
const HALF_PI = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32];
/** The first 1280 bits of 2/π after the binary point. */
// biome-ignore format: a table
const TWO_OVER_PI = [
  0xa2f9836e4e441529n, 0xfc2757d1f534ddc0n, 0xdb6295993c439041n, 0xfe5163abdebbc561n, 0xb7246e3a424dd2e0n,
  0x06492eea09d1921cn, 0xfe1deb1cb129a73en, 0xe88235f52ebb4484n, 0xe99c7026b45f7e41n, 0x3991d639835339f4n,
  0x9c845f8bbdf9283bn, 0x1ff897ffde05980fn, 0xef2f118b5a0a6d1fn, 0x6d367ecf27cb09b7n, 0x4f463f669e5fea2dn,
  0x7527bac7ebe5f17bn, 0x3d0739f78a5292ean, 0x6bfb5fb11f8d5d08n, 0x56033046fc7b6babn, 0xf0cfbc209af4361dn,
];
/** π/2 less its first part. */
const HALF_PI_LOW = 6.077100506506192e-11;
const MEDIUM = 2 ** 20;

/** The high 64 bits of a·b. */
function productHigh(f: ScalarFunction, a: Value, b: Value): Value {
  const mask = 0xffffffffn;
  const [a0, a1, b0, b1] = [a.and(mask), a.shr(32), b.and(mask), b.shr(32)];
  const middle = f.let(a1.mul(b0).add(a0.mul(b0).shr(32)));
  const carry = a0.mul(b1).add(middle.and(mask)).shr(32);
  return f.let(a1.mul(b1).add(middle.shr(32)).add(carry));
}

/** Adds code that gives the quarter turns (an i32 whose two low bits count) and the rest of x as a pair. */
function reduceLong(f: ScalarFunction, x: Value): { quarter: Value; r: Double } {
  const quarter = f.var(x.constant(0, "i32"));
  const high = f.var(x);
  const low = f.var(x.constant(0));
  f.if(
    x.abs().lt(MEDIUM),
    () => {
      const n = f.let(x.mul(2 / Math.PI).round());
      // π/2's first parts times n are exact
      const first = f.let(x.sub(n.mul(HALF_PI[0])));
      const second = f.letDouble(twoSum(first, n.mul(-HALF_PI[1])));
      const third = f.letDouble(twoSum(second.high, n.mul(-HALF_PI[2])));
      const rest = third.low.add(second.low).sub(n.mul(HALF_PI[3]));
      const r = f.letDouble(fastTwoSum(third.high, rest));
      quarter.set(n.to("i32"));
      high.set(r.high);
      low.set(r.low);
    },
    () => {
      const bits = f.let(x.abs().bitcast("u64"));
      const mantissa = f.let(bits.and((1n << 52n) - 1n).or(1n << 52n));
      // bit of 2/π (after 64 zero bits) from which on products are less than 4
      const from = f.let(
        bits
          .shr(52)
          .to("i32")
          .sub(1075 - 62),
      );
      const shift = f.let(from.and(63).to("u64"));
      const word = f.let(from.sar(6));
      const zero = bits.constant(0n);
      const window = [0, 1, 2, 3].map(() => f.var(zero));
      const at = f.var(word);
      f.while(
        () => at.get().lt(word.add(4)),
        () => {
          for (let i = 0; i < 3; i++) window[i].set(window[i + 1].get());
          let picked = zero;
          TWO_OVER_PI.forEach((w, i) => {
            picked = at
              .get()
              .eq(i + 1)
              .select(bits.constant(w), picked);
          });
          window[3].set(picked);
          at.set(at.get().add(1));
        },
      );
      const [g0, g1, g2] = [0, 1, 2].map((i) => {
        const next = window[i + 1].get().shr(1).shrBy(shift.rsub(63n));
        return f.let(window[i].get().shlBy(shift).or(next));
      });
      const middleLow = f.let(mantissa.mul(g1));
      const middle = f.let(middleLow.add(productHigh(f, mantissa, g2)));
      const carry = middle.lt(middleLow).select(bits.constant(1n), 0n);
      const top = f.let(
        mantissa
          .mul(g0)
          .add(productHigh(f, mantissa, g1))
          .add(carry),
      );
      // two integer bits, then the fraction, read as signed: a half or more counts down from the next quarter
      const fraction = f.let(top.shl(2).or(middle.shr(62)).bitcast("i64"));
      const up = fraction.lt(0n).select(x.constant(1, "i32"), 0);
      const whole = top.shr(62).to("i32").add(up);
      const coarse = fraction
        .sar(32)
        .to("f64")
        .mul(2 ** -32);
      const fine = fraction
        .and(0xffffffffn)
        .to("f64")
        .mul(2 ** -64);
      const sum = f.letDouble(twoSum(coarse, fine));
      const beyond = middle
        .shl(2)
        .shr(11)
        .to("f64")
        .mul(2 ** -117);
      const turns = f.letDouble(fastTwoSum(sum.high, sum.low.add(beyond)));
      const halfPi = { high: x.constant(Math.PI / 2), low: x.constant(6.123233995736766e-17) };
      const r = f.letDouble(doubleProduct(turns, halfPi));
      const minus = x.lt(0);
      quarter.set(minus.select(whole.neg(), whole));
      // infinite and NaN: everything above was nonsense
      const valid = x.abs().lt(Number.POSITIVE_INFINITY);
      high.set(valid.select(minus.select(r.high.neg(), r.high), Number.NaN));
      low.set(minus.select(r.low.neg(), r.low));
    },
  );
  return { quarter: f.let(quarter.get()), r: { high: f.let(high.get()), low: f.let(low.get()) } };
}
function sinePair({ high: r, low }: Double): Double {
  const z = r.square();
  return fastTwoSum(
    r,
    r
      .mul(z)
      .mul(polynomial(z, SIN_F64))
      .add(low.mul(z.mul(-0.5).add(1))),
  );
}
function cosinePair({ high: r, low }: Double): Double {
  const z = r.square();
  const half = z.mul(0.5);
  const most = half.rsub(1);
  const rest = z.square().mul(polynomial(z, COS_F64)).sub(r.mul(low));
  return fastTwoSum(most, most.rsub(1).sub(half).add(rest));
}
/** Up to here the products of quarter turns with the first three parts are exact. */
const SMALL_F64 = 2 ** 19;
export const isLargeF64 = (x: Value): Value => x.abs().lt(SMALL_F64).not();
/**
 * Of 0 ≤ x < SMALL_F64: what is lost by the second and third difference is found exactly. Where more is taken away than was left (only then
 * may such a loss come out wrong), the difference has no more bits than a double, and loses nothing.
 */
function reduceSmallF64(x: Value, quarterTurns: number): { k: Value; r: Double } {
  const [a, b, c, d] = HALF_PI.map((part) => -part);
  const sum = x.fma(2 / Math.PI, ROUNDER_F64 + quarterTurns);
  const n = sum.sub(ROUNDER_F64 + quarterTurns);
  const first = n.fma(a, x);
  const second = n.fma(b, first);
  const third = n.fma(c, second);
  const lost = n.fma(b, first.sub(second)).add(n.fma(c, second.sub(third)));
  return { k: sum.bits(), r: fastTwoSum(third, n.fma(d, lost)) };
}
function sineSmallF64(x: Value, quarterTurns: number): { size: Value; sign: Value } {
  const { k, r } = reduceSmallF64(x, quarterTurns);
  const size = k.and(1).eq(0).select(sinePair(r).high, cosinePair(r).high);
  return { size, sign: k.and(2).shl(62) };
}
export function sinSmallF64(x: Value): Value {
  const a = x.abs();
  const { size, sign } = sineSmallF64(a, 0);
  return size.bits().xor(sign).xor(x.bits().xor(a.bits())).float();
}
export function cosSmallF64(x: Value): Value {
  const { size, sign } = sineSmallF64(x.abs(), 1);
  return size.bits().xor(sign).float();
}
export function tanSmallF64(x: Value): Value {
  const a = x.abs();
  const { k, r } = reduceSmallF64(a, 0);
  const y = tangentPair(k.and(1).ne(0), r);
  return a
    .lt(2 ** -500)
    .select(a, y)
    .bits()
    .xor(x.bits().xor(a.bits()))
    .float();
}

function sine(name: string, quarterTurns: number): LoopMathFunction {
  return ScalarFunction.make(name, ["x"], (f, x) => {
    const { quarter, r } = reduceLong(f, x);
    const k = f.let(quarter.add(quarterTurns));
    const y = f.var(x);
    f.if(
      k.and(1).ne(0),
      () => y.set(cosinePair(r).high),
      () => y.set(sinePair(r).high),
    );
    const result = k.and(2).ne(0).select(y.get().neg(), y.get());
    // sin -0 = -0
    return quarterTurns === 0 ? x.eq(0).select(x, result) : result;
  });
}
export const sinF64 = (): LoopMathFunction => sine("sin", 0);
export const cosF64 = (): LoopMathFunction => sine("cos", 1);
/** The quotient of the pairs, corrected by its remainder. */
function tangentPair(odd: Value, r: Double): Value {
  const [s, c] = [sinePair(r), cosinePair(r)];
  const top = { high: odd.select(c.high.neg(), s.high), low: odd.select(c.low.neg(), s.low) };
  const bottom = { high: odd.select(s.high, c.high), low: odd.select(s.low, c.low) };
  const q = top.high.div(bottom.high);
  const p = twoProduct(q, bottom.high);
  const rest = top.high.sub(p.high).sub(p.low).add(top.low).sub(q.mul(bottom.low));
  return q.add(rest.div(bottom.high));
}
export const tanF64 = (): LoopMathFunction =>
  ScalarFunction.make("tan", ["x"], (f, x) => {
    const { quarter, r } = reduceLong(f, x);
    const corrected = f.let(tangentPair(f.let(quarter.and(1).ne(0)), r));
    // zeros, and subnormals whose products underflow
    return x
      .abs()
      .lt(2 ** -500)
      .select(x, corrected);
  });
