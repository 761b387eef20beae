/** gzip and zip, on fflate's inflate and deflate: what it trusts (sizes, checksums) is checked here. */
import { deflateSync, inflateSync } from "fflate";
import { fail } from "../diagnostics/error.js";

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

/** CRC-32 as in gzip and zip. */
function crc32(bytes: Uint8Array): number {
  let c = -1;
  for (let i = 0; i < bytes.length; i++) c = CRC_TABLE[(c ^ bytes[i]) & 0xff] ^ (c >>> 8);
  return ~c >>> 0;
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length > 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Unpacks gzip of one or more members, checking length and checksum. */
export function gunzip(bytes: Uint8Array, what = "gzip"): Uint8Array {
  const members: Uint8Array[] = [];
  let at = 0;
  do {
    const out = inflate(bytes.subarray(gzipHeaderEnd(bytes, at, what)), what);
    const end = findTrailer(bytes, at, out);
    if (end < 0) fail("TW5001", `${what}: the gzip member at byte ${at} has a wrong length or checksum`);
    members.push(out);
    at = end;
  } while (at < bytes.length);
  return concat(members);
}

/** Where the compressed data of the member at `start` begin. */
function gzipHeaderEnd(bytes: Uint8Array, start: number, what: string): number {
  if (!isGzip(bytes.subarray(start)) || bytes[start + 2] !== 8)
    fail("TW5001", `${what}: no gzip member begins at byte ${start}`);
  const flags = bytes[start + 3];
  let at = start + 10;
  if (flags & 4) at += 2 + bytes[at] + 256 * bytes[at + 1];
  for (const flag of [8, 16]) {
    if ((flags & flag) === 0) continue;
    const zero = bytes.indexOf(0, at);
    at = zero < 0 ? bytes.length : zero + 1;
  }
  if (flags & 2) at += 2;
  if (!(at < bytes.length)) fail("TW5001", `${what}: the gzip header at byte ${start} does not end`);
  return at;
}

/**
 * The end of the member that unpacked to `content`, or -1. fflate does not say how much it read, but checksum and length stand
 * right behind what it read, before the end or another member: 64 bits that would hardly be there by chance.
 */
function findTrailer(bytes: Uint8Array, start: number, content: Uint8Array): number {
  const trailer = new Uint8Array(8);
  const view = new DataView(trailer.buffer);
  view.setUint32(0, crc32(content), true);
  view.setUint32(4, content.length, true);
  for (let at = bytes.indexOf(trailer[0], start + 10); at >= 0; at = bytes.indexOf(trailer[0], at + 1)) {
    const end = at + 8;
    if (end > bytes.length) return -1;
    if (trailer.every((b, i) => bytes[at + i] === b) && (end === bytes.length || isGzip(bytes.subarray(end))))
      return end;
  }
  return -1;
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0];
  const out = new Uint8Array(chunks.reduce((n, c) => n + c.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const ALL_ONES = 0xffffffff;

interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packedSize: number;
  readonly size: number;
  readonly offset: number;
}

/** The files in a zip archive by name, stored or deflated, zip64 sizes included (NumPy writes those). */
export function unzip(bytes: Uint8Array, what = "zip"): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Map<string, Uint8Array>();
  for (const entry of readDirectory(view, bytes, what)) {
    if (out.has(entry.name))
      fail("TW5001", `${what}: the entry ${JSON.stringify(entry.name)} stands in the archive twice`);
    out.set(entry.name, readEntry(view, bytes, entry, `${what}: entry ${JSON.stringify(entry.name)}`));
  }
  return out;
}

function readDirectory(view: DataView, bytes: Uint8Array, what: string): ZipEntry[] {
  // the end record is followed by a comment of at most 64 KiB
  let end = bytes.length - 22;
  const limit = Math.max(0, end - 0xffff);
  while (end >= limit && view.getUint32(end, true) !== END_OF_DIRECTORY) end--;
  if (end < limit) fail("TW5001", `${what}: this is not a zip archive, or its end is missing`);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count === 0xffff || at === ALL_ONES)
    fail("TW5001", `${what}: archives of more than 4 GiB or 65534 entries are not supported`);
  const entries: ZipEntry[] = [];
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== DIRECTORY_ENTRY) {
      fail("TW5001", `${what}: the directory is damaged at byte ${at} (entry ${i + 1} of ${count})`);
    }
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > bytes.length) fail("TW5001", `${what}: the directory entry at byte ${at} leaves the file`);
    if (view.getUint16(at + 8, true) & 1) fail("TW5001", `${what}: the entry at byte ${at} is encrypted`);
    entries.push({
      name: new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength)),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      ...readSizes(view, at, at + 46 + nameLength, at + 46 + nameLength + extraLength),
    });
    at = next;
  }
  return entries;
}

/** Sizes and offset; those that are all ones stand as 64 bits in the extra field 1. */
function readSizes(
  view: DataView,
  at: number,
  extra: number,
  extraEnd: number,
): { packedSize: number; size: number; offset: number } {
  const sizes = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)];
  while (extra + 4 <= extraEnd) {
    const length = view.getUint16(extra + 2, true);
    let field = extra + 4;
    const fieldEnd = Math.min(field + length, extraEnd);
    if (view.getUint16(extra, true) === 1) {
      for (let i = 0; i < 3; i++) {
        if (sizes[i] !== ALL_ONES || field + 8 > fieldEnd) continue;
        sizes[i] = Number(view.getBigUint64(field, true));
        field += 8;
      }
    }
    extra += 4 + length;
  }
  return { size: sizes[0], packedSize: sizes[1], offset: sizes[2] };
}

function readEntry(view: DataView, bytes: Uint8Array, entry: ZipEntry, what: string): Uint8Array {
  const { offset, packedSize, size, method } = entry;
  if (offset + 30 > bytes.length || view.getUint32(offset, true) !== LOCAL_HEADER) {
    fail("TW5001", `${what}: there is no entry at byte ${offset}`);
  }
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + packedSize > bytes.length)
    fail("TW5001", `${what}: its ${packedSize} bytes from byte ${start} leave the file`);
  const packed = bytes.subarray(start, start + packedSize);
  const out = method === 0 ? packed : method === 8 ? inflate(packed, what) : undefined;
  if (out === undefined) fail("TW5001", `${what}: the compression method ${method} is not supported`);
  if (out.length !== size) fail("TW5001", `${what}: it unpacks to ${out.length} bytes, the directory says ${size}`);
  if (crc32(out) !== entry.crc) fail("TW5001", `${what}: the checksum is wrong`);
  return out;
}

function inflate(packed: Uint8Array, what: string): Uint8Array {
  try {
    return inflateSync(packed);
  } catch (cause) {
    fail("TW5001", `${what}: the compressed data are damaged: ${(cause as Error).message}`, { cause });
  }
}

/** 1980-01-01, the first day of zip: the same content always gives the same archive. */
const DOS_DATE = 0x21;

/** Makes a zip archive. */
export function zip(files: Iterable<readonly [string, Uint8Array]>, options: { compress?: boolean } = {}): Uint8Array {
  const chunks: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  let count = 0;
  for (const [name, content] of files) {
    const encoded = new TextEncoder().encode(name);
    const packed = options.compress ? deflateSync(content) : content;
    const common = new Uint8Array(26);
    const view = new DataView(common.buffer);
    view.setUint16(0, 20, true);
    view.setUint16(2, 0x800, true); // names are UTF-8
    view.setUint16(4, options.compress ? 8 : 0, true);
    view.setUint16(8, DOS_DATE, true);
    view.setUint32(10, crc32(content), true);
    view.setUint32(14, packed.length, true);
    view.setUint32(18, content.length, true);
    view.setUint16(22, encoded.length, true);
    const local = new Uint8Array(30 + encoded.length);
    new DataView(local.buffer).setUint32(0, LOCAL_HEADER, true);
    local.set(common, 4);
    local.set(encoded, 30);
    const entry = new Uint8Array(46 + encoded.length);
    const entryView = new DataView(entry.buffer);
    entryView.setUint32(0, DIRECTORY_ENTRY, true);
    entryView.setUint16(4, 20, true);
    entry.set(common, 6);
    entryView.setUint32(42, offset, true);
    entry.set(encoded, 46);
    chunks.push(local, packed);
    directory.push(entry);
    offset += local.length + packed.length;
    count++;
  }
  const end = new Uint8Array(22);
  const view = new DataView(end.buffer);
  view.setUint32(0, END_OF_DIRECTORY, true);
  view.setUint16(8, count, true);
  view.setUint16(10, count, true);
  view.setUint32(
    12,
    directory.reduce((n, e) => n + e.length, 0),
    true,
  );
  view.setUint32(16, offset, true);
  return concat([...chunks, ...directory, end]);
}
