import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { gunzip } from "../../src/io/compression.js";
import { decodeIdx, encodeIdx } from "../../src/io/idx.js";
import { errorOf, fuzz, SAMPLES } from "./helpers.js";

// gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]), mtime=0), Python 3
const packed = Buffer.from("1f8b08000000000002036360e0606460606066e7e00400ad980aba0b000000", "hex");

describe("idx", () => {
  it("reads plain and gzipped files", () => {
    const labels = { dtype: "u8", shape: [3], data: Uint8Array.of(7, 8, 9) };
    expect(decodeIdx(packed)).toEqual(labels);
    expect(decodeIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9))).toEqual(labels);
    expect(decodeIdx(Uint8Array.of(0, 0, 0x0b, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 0xff, 0xfe))).toEqual({
      dtype: "i16",
      shape: [1, 2],
      data: Int16Array.of(258, -2),
    });
  });

  it("brings back every dtype that it has", () => {
    for (const a of SAMPLES) {
      if (["u8", "i8", "i16", "i32", "f32", "f64"].includes(a.dtype)) expect(decodeIdx(encodeIdx(a))).toEqual(a);
      else expect(errorOf(() => encodeIdx(a))).toContain(`the format has no dtype ${a.dtype}`);
    }
  });

  it.each<[string, number[], string]>([
    ["an empty file", [], "does not begin with two zero bytes"],
    ["another file", [1, 2, 3, 4], "does not begin with two zero bytes"],
    ["an unknown type", [0, 0, 7, 1], "byte 2 gives the unknown type 0x07"],
    ["missing sizes", [0, 0, 8, 2, 0, 0, 0, 1], "byte 3 gives 2 axes, and the file ends at byte 8"],
    ["missing data", [0, 0, 8, 1, 0, 0, 0, 5, 1], "u8 of shape [5] takes 5 bytes from byte 8, the file has 1"],
    ["immense sizes", [0, 0, 8, 2, 255, 255, 255, 255, 255, 255, 255, 255], "too large"],
  ])("refuses %s", (_, bytes, text) => {
    expect(errorOf(() => decodeIdx(Uint8Array.from(bytes)))).toContain(text);
  });

  it("does not crash on damaged files", () => {
    fuzz(packed, decodeIdx, 3, 5000);
    fuzz(encodeIdx(SAMPLES[5]), decodeIdx, 4);
  });
});

describe("gunzip", () => {
  it("unpacks large data and several members", () => {
    const large = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 7);
    expect(gunzip(gzipSync(large))).toEqual(large);
    expect(gunzip(Buffer.concat([gzipSync("one"), gzipSync("two")]))).toEqual(new Uint8Array(Buffer.from("onetwo")));
    expect(gunzip(gzipSync(""))).toEqual(new Uint8Array(0));
  });

  it("checks length, checksum and every byte of the end", () => {
    const change = (at: number) => Uint8Array.from(packed, (b, i) => (i === packed.length + at ? b ^ 1 : b));
    expect(errorOf(() => gunzip(change(-1)))).toContain("wrong length or checksum");
    expect(errorOf(() => gunzip(change(-8)))).toContain("wrong length or checksum");
    for (let n = 3; n < packed.length; n++) expect(errorOf(() => gunzip(packed.subarray(0, n)))).toContain("gzip");
  });
});
