/** Dense row-major arrays of the interpreter: every value held exactly, in f64 or in 64-bit integers. */
import type { Aval } from "../ir/aval.js";
import { type DType, fromBf16Bits, fromF16Bits, isWide, toBf16Bits, toF16Bits } from "../ir/dtype.js";

/** One element: a bigint for i64, u64 and key, a number for the rest (bool: 0 or 1). */
export type Element = number | bigint;
export type NDData = Float64Array | BigInt64Array | BigUint64Array;

/**
 * A concrete array. `data` is a BigInt64Array for i64, a BigUint64Array for u64 and key (first word in the low 32 bits),
 * and a Float64Array for everything else; each element holds a value that its dtype can hold.
 */
export interface NDArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: NDData;
}

export function sizeOfShape(shape: readonly number[]): number {
  let n = 1;
  for (const d of shape) n *= d;
  return n;
}

export function isBig(dtype: DType): boolean {
  return isWide(dtype) || dtype === "key";
}

/** Zeros. */
export function zeros(shape: readonly number[], dtype: DType): NDArray {
  const n = sizeOfShape(shape);
  const data = dtype === "i64" ? new BigInt64Array(n) : isBig(dtype) ? new BigUint64Array(n) : new Float64Array(n);
  return { dtype, shape, data };
}

/** The array whose element at flat position i is `f(i)`; `f` must give values that the dtype can hold. */
export function generate(shape: readonly number[], dtype: DType, f: (i: number) => Element): NDArray {
  const out = zeros(shape, dtype);
  for (let i = 0; i < out.data.length; i++) out.data[i] = f(i) as never;
  return out;
}

export function full(shape: readonly number[], dtype: DType, value: Element): NDArray {
  return generate(shape, dtype, () => value);
}

/** From plain values, each rounded or wrapped to the dtype. */
export function fromValues(
  shape: readonly number[],
  dtype: DType,
  values: ArrayLike<number | bigint | boolean>,
): NDArray {
  if (values.length !== sizeOfShape(shape)) {
    throw new RangeError(`fromValues: ${values.length} values for shape [${shape.join(",")}]`);
  }
  return generate(shape, dtype, (i) => {
    const v = values[i];
    const x = typeof v === "boolean" ? Number(v) : v;
    return roundTo(dtype, isBig(dtype) && typeof x === "number" ? BigInt(x) : x);
  });
}

/** The same elements under another shape. */
export function withShape(x: NDArray, shape: readonly number[]): NDArray {
  return { dtype: x.dtype, shape, data: x.data };
}

export function ndAval(x: NDArray): Aval {
  return { shape: x.shape, dtype: x.dtype };
}

/** Calls `visit` with every index of `shape` in row-major order. The index array is reused: copy it to keep it. */
export function forEachIndex(shape: readonly number[], visit: (index: readonly number[], flat: number) => void): void {
  const n = sizeOfShape(shape);
  const index = new Array<number>(shape.length).fill(0);
  for (let flat = 0; flat < n; flat++) {
    visit(index, flat);
    for (let a = shape.length - 1; a >= 0; a--) {
      if (++index[a] < shape[a]) break;
      index[a] = 0;
    }
  }
}

export function flatIndex(index: readonly number[], strides: readonly number[]): number {
  let flat = 0;
  for (let a = 0; a < index.length; a++) flat += index[a] * strides[a];
  return flat;
}

/** What the result of an operation becomes in its dtype: floats round to nearest even, integers wrap. */
export function roundTo(dtype: DType, v: Element): Element {
  switch (dtype) {
    case "f64":
      return Number(v);
    case "f32":
      return Math.fround(Number(v));
    case "f16":
      return fromF16Bits(toF16Bits(Number(v)));
    case "bf16":
      return fromBf16Bits(toBf16Bits(Number(v)));
    case "bool":
      return v ? 1 : 0;
    case "i64":
      return BigInt.asIntN(64, BigInt(v));
    case "u64":
    case "key":
      return BigInt.asUintN(64, BigInt(v));
    default:
      return wrapInt(dtype, typeof v === "bigint" ? Number(BigInt.asIntN(32, v)) : v);
  }
}

/** An integer of magnitude below 2^53 reduced modulo 2^bits. */
function wrapInt(dtype: DType, v: number): number {
  switch (dtype) {
    case "i8":
      return (v << 24) >> 24;
    case "i16":
      return (v << 16) >> 16;
    case "i32":
      return v | 0;
    case "u8":
      return v & 0xff;
    case "u16":
      return v & 0xffff;
    default:
      return v >>> 0;
  }
}
