/** Elements as bit patterns: bitcasts, reduced precision, the neighbours of a float. */
import { internal } from "../diagnostics/error.js";
import {
  bitWidth,
  byteSize,
  type DType,
  fromBf16Bits,
  fromF16Bits,
  isSignedInt,
  toBf16Bits,
  toF16Bits,
} from "../ir/dtype.js";
import { type Element, generate, isBig, type NDArray } from "./array.js";

const f64 = new Float64Array(1);
const u64 = new BigUint64Array(f64.buffer);
const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);

/** The element's bits as an unsigned integer. */
export function elementToBits(dtype: DType, x: Element): bigint {
  switch (dtype) {
    case "f64":
      f64[0] = Number(x);
      return u64[0];
    case "f32":
      f32[0] = Number(x);
      return BigInt(u32[0]);
    case "f16":
      return BigInt(toF16Bits(Number(x)));
    case "bf16":
      return BigInt(toBf16Bits(Number(x)));
    default:
      return BigInt.asUintN(bitWidth(dtype), BigInt(x));
  }
}

export function elementFromBits(dtype: DType, bits: bigint): Element {
  switch (dtype) {
    case "f64":
      u64[0] = bits;
      return f64[0];
    case "f32":
      u32[0] = Number(bits);
      return f32[0];
    case "f16":
      return fromF16Bits(Number(bits));
    case "bf16":
      return fromBf16Bits(Number(bits));
    case "bool":
      return bits === 0n ? 0 : 1;
    default: {
      const v = isSignedInt(dtype) ? BigInt.asIntN(bitWidth(dtype), bits) : bits;
      return isBig(dtype) ? v : Number(v);
    }
  }
}

/** Reinterprets storage, little-endian: a narrower type adds a last axis, a wider one takes it away. */
export function bitcast(x: NDArray, dtype: DType): NDArray {
  const from = byteSize(x.dtype);
  const to = byteSize(dtype);
  const bits = (i: number): bigint => elementToBits(x.dtype, x.data[i]);
  if (from === to) return generate(x.shape, dtype, (i) => elementFromBits(dtype, bits(i)));
  if (from > to) {
    const parts = from / to;
    return generate([...x.shape, parts], dtype, (i) =>
      elementFromBits(dtype, BigInt.asUintN(to * 8, bits(Math.floor(i / parts)) >> BigInt((i % parts) * to * 8))),
    );
  }
  const parts = to / from;
  if (x.shape.at(-1) !== parts) internal(`bitcast of ${x.dtype}[${x.shape.join()}] to ${dtype}`);
  return generate(x.shape.slice(0, -1), dtype, (i) => {
    let all = 0n;
    for (let k = 0; k < parts; k++) all |= bits(i * parts + k) << BigInt(k * from * 8);
    return elementFromBits(dtype, all);
  });
}

const FORMAT: Partial<Record<DType, { exponent: number; mantissa: number }>> = {
  f16: { exponent: 5, mantissa: 10 },
  bf16: { exponent: 8, mantissa: 7 },
  f32: { exponent: 8, mantissa: 23 },
  f64: { exponent: 11, mantissa: 52 },
};

/**
 * XLA's ReducePrecision: rounds to nearest even at the mantissa bit; what is then too large for the exponent becomes
 * infinite, what is below its least normal becomes a signed zero. NaN stays NaN.
 */
export function reducePrecision(dtype: DType, x: number, exponentBits: number, mantissaBits: number): number {
  const format = FORMAT[dtype] ?? internal(`reduce_precision of ${dtype}`);
  if (!Number.isFinite(x)) return x;
  let bits = elementToBits(dtype, x);
  const width = BigInt(bitWidth(dtype));
  const sign = bits & (1n << (width - 1n));
  bits ^= sign;
  const drop = BigInt(Math.max(0, format.mantissa - mantissaBits));
  if (drop > 0n) {
    const half = (1n << (drop - 1n)) - 1n;
    bits = ((bits + half + ((bits >> drop) & 1n)) >> drop) << drop;
  }
  if (exponentBits < format.exponent) {
    const bias = 2 ** (format.exponent - 1) - 1;
    const reducedBias = 2 ** (exponentBits - 1) - 1;
    const exponent = Number(bits >> BigInt(format.mantissa)) - bias;
    if (exponent > reducedBias) bits = ((1n << BigInt(format.exponent)) - 1n) << BigInt(format.mantissa);
    else if (exponent < 1 - reducedBias) bits = 0n;
  }
  return elementFromBits(dtype, sign | bits) as number;
}
