/**
 * NumPy's .npy: a magic string, a version, a Python dictionary that says dtype, order and shape, then the elements.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { fail } from "../diagnostics/error.js";
import { byteSize } from "../ir/dtype.js";
import { prod, roundUp } from "../util/index.js";
import { parsePython } from "./python-literal.js";
import {
  type Bytes,
  checkRaw,
  checkShape,
  type FileDType,
  fromBytes,
  fromFortranOrder,
  type RawArray,
  swapBytes,
  toBytes,
} from "./raw.js";

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

const TO_DTYPE: Record<string, FileDType> = {
  b1: "bool",
  "?": "bool",
  i1: "i8",
  u1: "u8",
  i2: "i16",
  u2: "u16",
  i4: "i32",
  u4: "u32",
  i8: "i64",
  u8: "u64",
  f2: "f16",
  f4: "f32",
  f8: "f64",
};
const FROM_DTYPE: Partial<Record<FileDType, string>> = {
  bool: "|b1",
  i8: "|i1",
  u8: "|u1",
  i16: "<i2",
  u16: "<u2",
  i32: "<i4",
  u32: "<u4",
  i64: "<i8",
  u64: "<u8",
  f16: "<f2",
  f32: "<f4",
  f64: "<f8",
};

/** Reads an .npy file of any version, byte order and memory order. */
export function decodeNpy(input: Bytes, what = "npy"): RawArray {
  const bytes = toBytes(input);
  const { text, start } = readHeader(what, bytes);
  const { dtype, bigEndian, fortran, shape } = readDescription(what, text);
  const size = byteSize(dtype);
  const expected = prod(shape) * size;
  const available = bytes.length - start;
  if (available !== expected) {
    fail(
      "TW5001",
      `${what}: ${dtype} of shape [${shape.join(", ")}] takes ${expected} bytes from byte ${start}, the file has ${available}`,
    );
  }
  let data = bytes.subarray(start);
  if (bigEndian && size > 1) {
    data = data.slice();
    swapBytes(data, size);
  }
  if (fortran && shape.length > 1) data = fromFortranOrder(data, shape, size);
  return fromBytes(dtype, shape, data);
}

function readHeader(what: string, bytes: Uint8Array): { text: string; start: number } {
  if (bytes.length < 10 || MAGIC.some((b, i) => bytes[i] !== b)) {
    fail("TW5001", `${what}: the file does not begin with \\x93NUMPY`);
  }
  const major = bytes[6];
  if (major < 1 || major > 3) fail("TW5001", `${what}: byte 6 gives format version ${major}; 1, 2 and 3 are known`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const from = major === 1 ? 10 : 12;
  const length =
    major === 1 ? view.getUint16(8, true) : bytes.length < 12 ? Number.POSITIVE_INFINITY : view.getUint32(8, true);
  if (from + length > bytes.length) {
    fail("TW5001", `${what}: byte 8 gives a header of ${length} bytes, and only ${bytes.length - from} follow`);
  }
  const text = new TextDecoder(major === 3 ? "utf-8" : "latin1").decode(bytes.subarray(from, from + length));
  return { text, start: from + length };
}

function readDescription(
  what: string,
  text: string,
): { dtype: FileDType; bigEndian: boolean; fortran: boolean; shape: readonly number[] } {
  const header = parsePython(text);
  if (!(header instanceof Map)) {
    fail("TW5001", `${what}: the header is not a Python dictionary: ${text.trim().slice(0, 80)}`);
  }
  const descr = header.get("descr");
  const fortran = header.get("fortran_order");
  const shape = header.get("shape");
  if (Array.isArray(descr)) fail("TW5002", `${what}: arrays of records (structured dtypes) are not supported`);
  if (typeof descr !== "string") fail("TW5001", `${what}: the header has no descr`);
  if (typeof fortran !== "boolean") fail("TW5001", `${what}: the header has no fortran_order`);
  if (!Array.isArray(shape)) fail("TW5001", `${what}: the header has no shape`);
  checkShape(what, shape);
  const name = /^[<>|=]/.test(descr) ? descr.slice(1) : descr;
  const dtype = Object.hasOwn(TO_DTYPE, name) ? TO_DTYPE[name] : undefined;
  if (dtype === undefined) {
    const help = /^V2$/.test(name)
      ? "NumPy writes bfloat16 as raw bytes; save it as float32, or use safetensors"
      : "convert it with .astype(...) in NumPy before saving";
    fail("TW5002", `${what}: the dtype ${JSON.stringify(descr)} is not a bool, integer or float`, { help });
  }
  return { dtype, bigEndian: descr.startsWith(">"), fortran, shape };
}

/** Writes an .npy file, byte for byte as `np.save` does. */
export function encodeNpy(array: RawArray, what = "npy"): Uint8Array {
  checkRaw(what, array);
  const descr = FROM_DTYPE[array.dtype];
  if (descr === undefined) {
    fail("TW5002", `${what}: NumPy has no dtype ${array.dtype}`, {
      help: "convert it with .astype('f32'), or use safetensors",
    });
  }
  const { shape } = array;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  let header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // room for the first axis to grow in place, as NumPy leaves it
  if (shape.length > 0) header += " ".repeat(21 - String(shape[0]).length);
  // version 1 counts its header in 16 bits: enough for any rank that is less than thousands
  const version = header.length + 1 + 64 > 0xffff ? 2 : 1;
  const fixed = version === 1 ? 10 : 12;
  const start = roundUp(fixed + header.length + 1, 64);
  header = `${header.padEnd(start - fixed - 1)}\n`;
  const out = new Uint8Array(start + array.data.byteLength);
  out.set(MAGIC);
  out[6] = version;
  const view = new DataView(out.buffer);
  if (version === 1) view.setUint16(8, header.length, true);
  else view.setUint32(8, header.length, true);
  out.set(new TextEncoder().encode(header), fixed);
  out.set(toBytes(array.data), start);
  return out;
}
