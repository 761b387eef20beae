/** An array as files hold it: elements in row-major order, in the typed array of their dtype. */
import { fail } from "../diagnostics/error.js";
import { byteSize, type DType, STORAGE, type TypedArray } from "../ir/dtype.js";
import { prod } from "../util/index.js";

/** What a file can hold: every dtype but opaque keys. */
export type FileDType = Exclude<DType, "key">;

export type RawData = TypedArray;

/** `f16` and `bf16` are given as their bits (Uint16Array), `bool` as bytes 0 and 1. */
export interface RawArray {
  readonly dtype: FileDType;
  readonly shape: readonly number[];
  readonly data: RawData;
}

/** What files are read from and written as. */
export type Bytes = Uint8Array | ArrayBuffer;

/** A plain Uint8Array: Node's Buffer is one too, but its `slice` does not copy. */
export function toBytes(input: Bytes | ArrayBufferView): Uint8Array {
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  return new Uint8Array(input);
}

/**
 * Little-endian bytes as elements. The result shares memory with the bytes where these are aligned; a copy of a model's
 * weights is only made where it must be.
 */
export function fromBytes(dtype: FileDType, shape: readonly number[], bytes: Uint8Array): RawArray {
  const size = byteSize(dtype);
  const source = bytes.byteOffset % size === 0 && bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice();
  const data = new STORAGE[dtype](source.buffer as ArrayBuffer, source.byteOffset, source.byteLength / size);
  return { dtype, shape, data: dtype === "bool" ? normalizeBool(data as Uint8Array) : data };
}

/** Any byte but 0 is true; compiled code relies on 1. */
function normalizeBool(data: Uint8Array): Uint8Array {
  return data.every((b) => b <= 1) ? data : data.map((b) => (b === 0 ? 0 : 1));
}

/** Checks an array that is about to be written. */
export function checkRaw(what: string, array: RawArray): void {
  const { dtype, shape, data } = array;
  const cls = STORAGE[dtype];
  if (cls === undefined || (dtype as DType) === "key")
    fail("TW5002", `${what}: a file cannot hold the dtype ${String(dtype)}`);
  if (!(data instanceof cls)) {
    fail("TW5001", `${what}: ${dtype} data must be a ${cls.name}, not a ${data?.constructor?.name ?? typeof data}`);
  }
  if (prod(shape) !== data.length) {
    fail("TW5001", `${what}: shape [${shape.join(", ")}] has ${prod(shape)} elements, and the data has ${data.length}`);
  }
}

/** Reverses the bytes of each element in place. */
export function swapBytes(bytes: Uint8Array, elementSize: number): void {
  for (let at = 0; at < bytes.length; at += elementSize) bytes.subarray(at, at + elementSize).reverse();
}

/** Elements that stand in column-major order, in row-major order. */
export function fromFortranOrder(bytes: Uint8Array, shape: readonly number[], elementSize: number): Uint8Array {
  const n = prod(shape);
  const out = new Uint8Array(bytes.length);
  const index = new Array<number>(shape.length).fill(0);
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = 0; axis < shape.length; axis++) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  let from = 0;
  for (let to = 0; to < n; to++) {
    for (let b = 0; b < elementSize; b++) out[to * elementSize + b] = bytes[from * elementSize + b];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}

/** A size that a file claims: a whole number that its product with the others can't push beyond what a program can address. */
export function checkShape(what: string, shape: readonly unknown[]): asserts shape is readonly number[] {
  let n = 1;
  for (const d of shape) {
    if (typeof d !== "number" || !Number.isInteger(d) || d < 0) {
      fail("TW5001", `${what}: the shape [${shape.map(String).join(", ")}] has a size that is no whole number`);
    }
    n *= d;
    if (n > Number.MAX_SAFE_INTEGER) fail("TW5001", `${what}: the shape [${shape.join(", ")}] is too large`);
  }
}
