/** Bits, uniform floats and integers: the same bits as JAX gives for the same key. */
import { fail } from "../diagnostics/error.js";
import type { Shape } from "../ir/dim.js";
import { bitWidth, castScalar, type DType, isDType, isSignedInt, isUnsignedInt, isWide, limits } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { astype, isTensor, type TensorLike } from "../lax/operand.js";
import * as np from "../numpy/index.js";
import { scalar } from "../tracer/frame.js";
import type { Tensor } from "../tracer/tensor.js";
import {
  type DTypeLike,
  floatType,
  formatOf,
  integerType,
  parameter,
  resultShape,
  type ShapeLike,
  shapeOf,
  shapeOfParameter,
} from "./parameters.js";
import { type Source, sampler } from "./source.js";
import type { BitWidth } from "./threefry.js";

const UINT: Record<number, DType> = { 8: "u8", 16: "u16", 32: "u32", 64: "u64" };
export const numberOf = (x: number | bigint, dtype: DType): Tensor =>
  scalar(castScalar(isWide(dtype) ? BigInt(x) : x, dtype), dtype);

/** Uniform bits as unsigned integers (u8, u16, u32, u64). */
export const bits = sampler("bits", (source, shape: ShapeLike = [], dtype: DTypeLike = "u32"): Tensor => {
  const d = integerType("bits", dtype, "u32");
  if (!isDType(d) || !isUnsignedInt(d))
    fail("TW2005", `random.bits: gives unsigned integers, not ${d}`, { help: "use u8, u16, u32 or u64" });
  return source.bits(bitWidth(d) as BitWidth, shapeOf("bits", shape));
});

/**
 * Floats in [minval, maxval). Random bits become the mantissa of a number in [1, 2), from which 1 is subtracted: every
 * multiple of eps is as likely, and no rounding can reach the upper end of [0, 1).
 */
export function drawUniform(
  source: Source,
  shape: Shape,
  dtype: DType,
  minval: TensorLike = 0,
  maxval: TensorLike = 1,
): Tensor {
  const { mantissa, bits: width, one } = formatOf(dtype);
  const uint = UINT[width];
  // a mantissa of less than 8 bits needs no more than a byte
  const drawn: BitWidth = mantissa < 8 ? 8 : width;
  const raw = astype(source.bits(drawn, shape), uint);
  const whole = raw.aval.shape;
  const constant = (x: number | bigint): Tensor => lax.broadcastInDim(numberOf(x, uint), whole, []);
  const pattern = lax.bitwiseOr(lax.shiftRightLogical(raw, constant(drawn - mantissa)), constant(one));
  const unit = lax.sub(lax.bitcastConvertType(pattern, dtype), 1);
  if (minval === 0 && maxval === 1) return unit;
  const low = parameter(minval, dtype);
  const range = np.subtract(parameter(maxval, dtype), low);
  return np.maximum(low, np.add(np.multiply(unit, range), low));
}

export interface UniformOptions {
  readonly dtype?: DType;
  readonly minval?: TensorLike;
  readonly maxval?: TensorLike;
}
/**
 * Uniform floats in [minval, maxval), by default [0, 1).
 *
 * @example random.uniform(key, [2, 3]); random.uniform(key, [3], { minval: -1, dtype: "f64" })
 */
export const uniform = sampler(
  "uniform",
  (
    source,
    shape: ShapeLike = [],
    dtype: DType | UniformOptions = "f32",
    minval: TensorLike = 0,
    maxval: TensorLike = 1,
  ): Tensor => {
    const o: UniformOptions = typeof dtype === "string" ? { dtype, minval, maxval } : dtype;
    const [low, high] = [o.minval ?? minval, o.maxval ?? maxval];
    const s = resultShape("uniform", shape, shapeOfParameter(low), shapeOfParameter(high));
    return drawUniform(source, s, floatType("uniform", o.dtype), low, high);
  },
);

type IntegerLike = number | bigint | Tensor;

function checkBound(x: IntegerLike): void {
  if (isTensor(x)) {
    if (!isSignedInt(x.aval.dtype) && !isUnsignedInt(x.aval.dtype)) {
      fail("TW2005", `random.randint: a bound is ${x.aval.dtype}`, { help: "convert it with .astype('i32')" });
    }
  } else if (typeof x === "number" && !Number.isInteger(x)) {
    fail("TW2010", `random.randint: the bound ${x} is not a whole number`, { help: "use integers" });
  }
}
const big = (x: number | bigint): bigint => BigInt(x);
const clampBig = (x: bigint, low: bigint, high: bigint): bigint => (x < low ? low : x > high ? high : x);

/** Bounds within the dtype: the first value, how many values there are (0: all of them), and 2^bits modulo that number. */
interface Range {
  readonly start: Tensor;
  readonly span: Tensor;
  readonly multiplier: Tensor;
  /** True when known to be 0; a tensor when it is known only at run time. */
  readonly full: boolean | Tensor;
}

/** Bounds that are plain numbers: everything is known before the program runs. */
function staticRange(minval: bigint, maxval: bigint, dtype: DType): Range {
  const { min, max } = limits(dtype);
  const bitsOf = BigInt(bitWidth(dtype));
  const uint = UINT[Number(bitsOf)];
  const low = clampBig(minval, big(min), big(max));
  const high = clampBig(maxval, big(min), big(max));
  // a maxval beyond the type means that its greatest value is included
  const extra = maxval > big(max) && high > low ? 1n : 0n;
  const count = high <= low ? 1n : high - low + extra;
  const span = BigInt.asUintN(Number(bitsOf), count);
  const full = span === 0n;
  // what (2^(bits/2) mod span)² gives in this width
  const half = full ? 0n : 2n ** (bitsOf / 2n) % span;
  const multiplier = full ? 0n : BigInt.asUintN(Number(bitsOf), half * half) % span;
  return {
    start: numberOf(low, dtype),
    span: numberOf(full ? 1n : span, uint),
    multiplier: numberOf(multiplier, uint),
    full,
  };
}

/** Clipped to what `dtype` holds, in the bound's own type, then converted. */
function clipTo(x: Tensor, dtype: DType): Tensor {
  const own = limits(x.aval.dtype);
  const to = limits(dtype);
  const low = big(own.min) > big(to.min) ? own.min : to.min;
  const high = big(own.max) < big(to.max) ? own.max : to.max;
  return astype(lax.clamp(numberOf(big(low), x.aval.dtype), x, numberOf(big(high), x.aval.dtype)), dtype);
}
function boundTensor(x: IntegerLike, dtype: DType): { value: Tensor; beyond: Tensor } {
  if (!isTensor(x)) {
    const { min, max } = limits(dtype);
    return { value: numberOf(clampBig(big(x), big(min), big(max)), dtype), beyond: scalar(big(x) > big(max), "bool") };
  }
  const own = limits(x.aval.dtype);
  const { max } = limits(dtype);
  const beyond =
    big(own.max) > big(max)
      ? lax.gt(x, lax.broadcastInDim(numberOf(big(max), x.aval.dtype), x.aval.shape, []))
      : lax.full(x.aval.shape, false, "bool");
  return { value: clipTo(x, dtype), beyond };
}
function tracedRange(minval: IntegerLike, maxval: IntegerLike, dtype: DType, shape: Shape): Range {
  const uint = UINT[bitWidth(dtype)];
  const to = (x: Tensor): Tensor => np.broadcastTo(x, shape);
  const low = to(boundTensor(minval, dtype).value);
  const { value, beyond } = boundTensor(maxval, dtype);
  const high = to(value);
  const constant = (x: number | bigint): Tensor => lax.broadcastInDim(numberOf(x, uint), shape, []);
  const some = lax.gt(high, low);
  const distance = lax.select(some, astype(lax.sub(high, low), uint), constant(1));
  const span = lax.select(lax.bitwiseAnd(to(beyond), some), lax.add(distance, constant(1)), distance);
  const full = lax.eq(span, constant(0));
  const divisor = lax.select(full, constant(1), span);
  const half = lax.rem(constant(2n ** BigInt(bitWidth(dtype) / 2)), divisor);
  return { start: low, span: divisor, multiplier: lax.rem(lax.mul(half, half), divisor), full };
}

/**
 * Integers in [minval, maxval): twice the bits of the type, taken modulo the number of values, which leaves a bias of at most
 * 2^-bits. Types of less than 32 bits are drawn with 32.
 */
export function drawInteger(
  source: Source,
  shape: Shape,
  minval: IntegerLike,
  maxval: IntegerLike,
  dtype: DType,
): Tensor {
  const width = bitWidth(dtype) as BitWidth;
  const range =
    isTensor(minval) || isTensor(maxval)
      ? tracedRange(minval, maxval, dtype, shape)
      : staticRange(big(minval), big(maxval), dtype);
  const to = (x: Tensor): Tensor => np.broadcastTo(x, shape);
  const [k1, k2] = source.split(2);
  const [high, low] = [k1.bits(width, shape), k2.bits(width, shape)];
  const { full } = range;
  if (full === true) return lax.add(to(range.start), astype(low, dtype));
  const span = to(range.span);
  // (high · 2^bits + low) mod span, where only `bits` bits can be held at a time
  const sum = lax.add(lax.mul(lax.rem(high, span), to(range.multiplier)), lax.rem(low, span));
  const within = lax.rem(sum, span);
  const offset = full === false ? within : lax.select(full, low, within);
  return lax.add(to(range.start), astype(offset, dtype));
}

/**
 * Integers in [minval, maxval); `maxval` may be one more than the type holds.
 *
 * @example random.randint(key, [5], 0, 10); random.randint(key, [16], 0, 256, "u8")
 */
export const randint = sampler(
  "randint",
  (source, shape: ShapeLike, minval: IntegerLike, maxval: IntegerLike, dtype: DTypeLike = "i32"): Tensor => {
    const d = integerType("randint", dtype);
    for (const x of [minval, maxval]) checkBound(x);
    const s = resultShape("randint", shape, shapeOfParameter(minval), shapeOfParameter(maxval));
    if (bitWidth(d) >= 32) return drawInteger(source, s, minval, maxval, d);
    const { min, max } = limits(d) as { min: number; max: number };
    const clip = (x: IntegerLike, low: number, high: number): IntegerLike =>
      isTensor(x) ? lax.clamp(low, clipTo(x, "i32"), high) : Number(clampBig(big(x), big(low), big(high)));
    return astype(drawInteger(source, s, clip(minval, min, max), clip(maxval, min, max + 1), "i32"), d);
  },
);
