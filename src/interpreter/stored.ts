/** Elements as memory stores them, and as the interpreter holds them. */
import type { Aval } from "../ir/aval.js";
import { fromBf16Bits, fromF16Bits, STORAGE, toBf16Bits, toF16Bits, type TypedArray } from "../ir/dtype.js";
import { isBig, type NDArray } from "./array.js";

/** The interpreter's array of stored elements; `stored` becomes its own for 64-bit integers. */
export function fromStored(stored: TypedArray, { dtype, shape: dims }: Aval): NDArray {
  const shape = dims as readonly number[];
  if (isBig(dtype)) return { dtype, shape, data: stored as never };
  const decodeOne = dtype === "f16" ? fromF16Bits : dtype === "bf16" ? fromBf16Bits : (x: number): number => x;
  return { dtype, shape, data: Float64Array.from(stored as Float64Array, decodeOne) };
}

/** The elements of an array as memory stores them. */
export function toStored(a: NDArray): TypedArray {
  const n = a.data.length;
  const out = new STORAGE[a.dtype](n) as unknown as { [i: number]: number | bigint };
  const encodeOne = a.dtype === "f16" ? toF16Bits : a.dtype === "bf16" ? toBf16Bits : (x: number): number => x;
  for (let i = 0; i < n; i++) out[i] = typeof a.data[i] === "bigint" ? a.data[i] : encodeOne(a.data[i] as number);
  return out as unknown as TypedArray;
}
