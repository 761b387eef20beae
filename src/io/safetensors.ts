/**
 * safetensors: 8 bytes of header length (little-endian), a JSON header, then the tensors' bytes without holes.
 * https://github.com/huggingface/safetensors#format
 */
import { fail } from "../diagnostics/error.js";
import { byteSize } from "../ir/dtype.js";
import { prod, roundUp } from "../util/index.js";
import { type Bytes, checkRaw, checkShape, type FileDType, fromBytes, type RawArray, toBytes } from "./raw.js";

const TO_DTYPE: Record<string, FileDType> = {
  BOOL: "bool",
  I8: "i8",
  U8: "u8",
  I16: "i16",
  U16: "u16",
  I32: "i32",
  U32: "u32",
  I64: "i64",
  U64: "u64",
  F16: "f16",
  BF16: "bf16",
  F32: "f32",
  F64: "f64",
};
const FROM_DTYPE = Object.fromEntries(Object.entries(TO_DTYPE).map(([name, dtype]) => [dtype, name]));

/** The limit of the reference implementation: a header beyond it is an attack or a mistake. */
const MAX_HEADER = 100_000_000;

export interface SafetensorsFile {
  readonly tensors: Map<string, RawArray>;
  readonly metadata: Record<string, string>;
}

/** Reads a safetensors file. The arrays share memory with the bytes where alignment allows. */
export function decodeSafetensors(input: Bytes): SafetensorsFile {
  const bytes = toBytes(input);
  const { header, start } = readHeader(bytes);
  const data = bytes.subarray(start);
  const tensors = new Map<string, RawArray>();
  let metadata: Record<string, string> = {};
  const extents: { name: string; begin: number; end: number }[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") {
      metadata = readMetadata(entry);
      continue;
    }
    const what = `safetensors: tensor ${JSON.stringify(name)}`;
    const { dtype, shape, begin, end } = readEntry(what, entry, data.length, start);
    extents.push({ name, begin, end });
    tensors.set(name, fromBytes(dtype, shape, data.subarray(begin, end)));
  }
  checkCoverage(extents, data.length);
  return { tensors, metadata };
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; start: number } {
  if (bytes.length < 8)
    fail("TW5001", `safetensors: the file has ${bytes.length} bytes, too few for the header's length`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > MAX_HEADER)
    fail("TW5001", `safetensors: bytes 0–7 give a header of ${length} bytes, more than ${MAX_HEADER}`);
  if (length > bytes.length - 8) {
    fail("TW5001", `safetensors: bytes 0–7 give a header of ${length} bytes, and only ${bytes.length - 8} follow`);
  }
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch (cause) {
    fail("TW5001", `safetensors: the header (bytes 8–${7 + length}) is not valid JSON: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (!isRecord(header)) fail("TW5001", `safetensors: the header (bytes 8–${7 + length}) is not a JSON object`);
  return { header, start: 8 + length };
}

function isRecord(x: unknown): x is Record<string, unknown> {
  return typeof x === "object" && x !== null && !Array.isArray(x);
}

function readMetadata(entry: unknown): Record<string, string> {
  if (!isRecord(entry)) fail("TW5001", "safetensors: __metadata__ is not a JSON object");
  const wrong = Object.entries(entry).find(([, value]) => typeof value !== "string");
  if (wrong) fail("TW5001", `safetensors: __metadata__ has a value that is no string, at ${JSON.stringify(wrong[0])}`);
  return entry as Record<string, string>;
}

function readEntry(
  what: string,
  entry: unknown,
  available: number,
  start: number,
): { dtype: FileDType; shape: readonly number[]; begin: number; end: number } {
  if (!isRecord(entry)) fail("TW5001", `${what}: its header entry is not an object`);
  const { dtype: name, shape, data_offsets: offsets } = entry;
  if (typeof name !== "string") fail("TW5001", `${what}: the dtype is missing`);
  const dtype = Object.hasOwn(TO_DTYPE, name) ? TO_DTYPE[name] : undefined;
  if (dtype === undefined)
    fail("TW5002", `${what}: the dtype ${name} is not one of ${Object.keys(TO_DTYPE).join(", ")}`);
  if (!Array.isArray(shape)) fail("TW5001", `${what}: the shape is not a list`);
  checkShape(what, shape);
  const isOffset = (x: unknown): x is number => typeof x === "number" && Number.isInteger(x) && x >= 0;
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isOffset)) {
    fail("TW5001", `${what}: data_offsets must be [begin, end]`);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > available) {
    fail(
      "TW5001",
      `${what}: data_offsets [${begin}, ${end}] leave the file, whose data are ${available} bytes from byte ${start}`,
    );
  }
  const expected = prod(shape) * byteSize(dtype);
  if (end - begin !== expected) {
    fail(
      "TW5001",
      `${what}: ${name} of shape [${shape.join(", ")}] takes ${expected} bytes, data_offsets [${begin}, ${end}] give ${end - begin}`,
    );
  }
  return { dtype, shape, begin, end };
}

/** The format forbids holes and overlaps: no byte may hide, and none may belong to two tensors. */
function checkCoverage(extents: { name: string; begin: number; end: number }[], length: number): void {
  let next = 0;
  for (const { name, begin, end } of extents.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== next) {
      const problem =
        begin < next ? "overlaps the tensor before it" : `leaves a hole of ${begin - next} bytes before it`;
      fail("TW5001", `safetensors: tensor ${JSON.stringify(name)} at data offset ${begin} ${problem}`);
    }
    next = end;
  }
  if (next !== length) fail("TW5001", `safetensors: ${length - next} bytes after the last tensor belong to none`);
}

/** Writes a safetensors file: widest elements first, so that all are aligned; the same input always gives the same bytes. */
export function encodeSafetensors(
  tensors: Iterable<readonly [string, RawArray]>,
  metadata: Record<string, string> = {},
): Uint8Array {
  const entries = [...tensors].sort(
    ([a, x], [b, y]) => byteSize(y.dtype) - byteSize(x.dtype) || (a < b ? -1 : a > b ? 1 : 0),
  );
  const fields: string[] = [];
  const names = new Set(["__metadata__"]);
  if (Object.keys(metadata).length > 0) fields.push(`"__metadata__":${JSON.stringify(metadata)}`);
  let offset = 0;
  for (const [name, array] of entries) {
    const key = JSON.stringify(name);
    if (names.has(name))
      fail("TW5001", `safetensors: the name ${key} is ${name === "__metadata__" ? "reserved" : "used twice"}`);
    names.add(name);
    checkRaw(`safetensors: tensor ${key}`, array);
    const end = offset + array.data.byteLength;
    const dtype = FROM_DTYPE[array.dtype];
    fields.push(`${key}:{"dtype":"${dtype}","shape":[${array.shape.join(",")}],"data_offsets":[${offset},${end}]}`);
    offset = end;
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const headerLength = roundUp(json.length, 8);
  const out = new Uint8Array(8 + headerLength + offset);
  new DataView(out.buffer).setBigUint64(0, BigInt(headerLength), true);
  out.fill(0x20, 8, 8 + headerLength);
  out.set(json, 8);
  let at = 8 + headerLength;
  for (const [, { data }] of entries) {
    out.set(toBytes(data), at);
    at += data.byteLength;
  }
  return out;
}
