/** The idx format of MNIST: two zero bytes, a type, the rank, the sizes as big-endian 32-bit words, the elements. */
import { fail } from "../diagnostics/error.js";
import { byteSize } from "../ir/dtype.js";
import { prod } from "../util/index.js";
import { gunzip, isGzip } from "./compression.js";
import {
  type Bytes,
  checkRaw,
  checkShape,
  type FileDType,
  fromBytes,
  type RawArray,
  swapBytes,
  toBytes,
} from "./raw.js";

const TO_DTYPE = new Map<number, FileDType>([
  [0x08, "u8"],
  [0x09, "i8"],
  [0x0b, "i16"],
  [0x0c, "i32"],
  [0x0d, "f32"],
  [0x0e, "f64"],
]);

/** Reads an idx file, also one that is packed with gzip. */
export function decodeIdx(input: Bytes): RawArray {
  const packed = toBytes(input);
  const bytes = isGzip(packed) ? gunzip(packed, "idx") : packed;
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0)
    fail("TW5001", "idx: the file does not begin with two zero bytes");
  const dtype = TO_DTYPE.get(bytes[2]);
  if (dtype === undefined)
    fail("TW5002", `idx: byte 2 gives the unknown type 0x${bytes[2].toString(16).padStart(2, "0")}`);
  const rank = bytes[3];
  const start = 4 + 4 * rank;
  if (bytes.length < start) fail("TW5001", `idx: byte 3 gives ${rank} axes, and the file ends at byte ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  checkShape("idx", shape);
  const size = byteSize(dtype);
  const expected = prod(shape) * size;
  if (bytes.length - start !== expected) {
    fail(
      "TW5001",
      `idx: ${dtype} of shape [${shape.join(", ")}] takes ${expected} bytes from byte ${start}, the file has ${bytes.length - start}`,
    );
  }
  let data = bytes.subarray(start);
  if (size > 1) {
    data = data.slice();
    swapBytes(data, size);
  }
  return fromBytes(dtype, shape, data);
}

/** Writes an idx file. */
export function encodeIdx(array: RawArray): Uint8Array {
  checkRaw("idx", array);
  const { shape } = array;
  const type = [...TO_DTYPE].find(([, dtype]) => dtype === array.dtype)?.[0];
  if (type === undefined) {
    fail("TW5002", `idx: the format has no dtype ${array.dtype}, only ${[...TO_DTYPE.values()].join(", ")}`);
  }
  if (shape.length > 255) fail("TW5001", `idx: the format has at most 255 axes, not ${shape.length}`);
  const start = 4 + 4 * shape.length;
  const out = new Uint8Array(start + array.data.byteLength);
  out[2] = type;
  out[3] = shape.length;
  const view = new DataView(out.buffer);
  shape.forEach((d, axis) => {
    view.setUint32(4 + 4 * axis, d);
  });
  out.set(toBytes(array.data), start);
  swapBytes(out.subarray(start), byteSize(array.dtype));
  return out;
}
