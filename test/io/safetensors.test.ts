import { describe, expect, it } from "vitest";
import type { RawArray } from "../../src/io/raw.js";
import { decodeSafetensors, encodeSafetensors } from "../../src/io/safetensors.js";
import { errorOf, fuzz, latin1, SAMPLES } from "./helpers.js";

/** A file of this header and this many zero bytes. */
function file(header: string, dataBytes = 0): Uint8Array {
  const out = new Uint8Array(8 + header.length + dataBytes);
  new DataView(out.buffer).setUint32(0, header.length, true);
  out.set(latin1(header), 8);
  return out;
}

const zeros = (shape: number[], n: number): RawArray => ({ dtype: "f32", shape, data: new Float32Array(n) });

describe("safetensors", () => {
  // the bytes that the tests of the reference implementation expect (huggingface/safetensors, Apache-2.0, tensor.rs)
  it.each([
    ["attn.0", [1, 2, 3], '@\0\0\0\0\0\0\0{"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}}'],
    ["attn0", [1, 1, 2, 3], 'H\0\0\0\0\0\0\0{"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}}       '],
  ])("writes what the reference implementation writes (%s)", (name, shape, header) => {
    const bytes = encodeSafetensors([[name, zeros(shape, 6)]]);
    expect(Buffer.from(bytes).toString("latin1")).toBe(header + "\0".repeat(24));
  });

  it("brings back every dtype, name and word of metadata", () => {
    const tensors = SAMPLES.map((a) => [`layer.${a.dtype}/ü "q"`, a] as const);
    const metadata = { format: "pt", note: 'line\nbreak "ü"' };
    const back = decodeSafetensors(encodeSafetensors(tensors, metadata));
    expect(back.metadata).toEqual(metadata);
    expect(back.tensors.size).toBe(tensors.length);
    for (const [name, array] of tensors) expect(back.tensors.get(name)).toEqual(array);
  });

  it("reads unaligned data, empty tensors, scalars and names that objects have already", () => {
    const header =
      '{"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"__proto__":{"dtype":"F32","shape":[],"data_offsets":[1,5]},' +
      '"empty":{"dtype":"F64","shape":[0,7],"data_offsets":[5,5]}}';
    const bytes = file(header, 5);
    bytes.set([7, 0, 0, 0xc0, 0x3f], 8 + header.length);
    const { tensors } = decodeSafetensors(bytes);
    expect(tensors.get("b")?.data).toEqual(Uint8Array.of(7));
    expect(tensors.get("__proto__")).toEqual({ dtype: "f32", shape: [], data: Float32Array.of(1.5) });
    expect(tensors.get("empty")).toEqual({ dtype: "f64", shape: [0, 7], data: new Float64Array(0) });
    expect(decodeSafetensors(file("{}")).tensors.size).toBe(0);
    // any byte but 0 is true
    const bool = file('{"m":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}}', 2);
    bool.set([0, 9], bool.length - 2);
    expect(decodeSafetensors(bool).tensors.get("m")?.data).toEqual(Uint8Array.of(0, 1));
  });

  const entry = (dtype: string, shape: string, offsets: string) =>
    `{"w":{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}}`;
  it.each<[string, Uint8Array, string]>([
    ["no header", new Uint8Array(7), "7 bytes, too few"],
    ["a header beyond the end", file("{}").fill(200, 0, 2), "a header of 51400 bytes, and only 2 follow"],
    ["an immense header", new Uint8Array(8).fill(255), "more than 100000000"],
    ["bad JSON", file("{,}"), "the header (bytes 8–10) is not valid JSON"],
    ["a list", file("[]"), "is not a JSON object"],
    ["bad metadata", file('{"__metadata__":{"n":1}}'), '__metadata__ has a value that is no string, at "n"'],
    [
      "an unknown dtype",
      file(entry('"F8_E4M3"', "[1]", "[0,1]"), 1),
      'tensor "w": the dtype F8_E4M3 is not one of BOOL',
    ],
    [
      "a dtype that objects have",
      file(entry('"constructor"', "[1]", "[0,1]"), 1),
      "the dtype constructor is not one of",
    ],
    ["a fractional shape", file(entry('"U8"', "[1.5]", "[0,1]"), 1), "[1.5] has a size that is no whole number"],
    ["an overflowing shape", file(entry('"U8"', "[4294967296,4294967296]", "[0,1]"), 1), "is too large"],
    [
      "a wrong extent",
      file(entry('"F32"', "[2]", "[0,4]"), 4),
      "F32 of shape [2] takes 8 bytes, data_offsets [0, 4] give 4",
    ],
    [
      "offsets beyond the end",
      file(entry('"U8"', "[9]", "[0,9]"), 4),
      "data_offsets [0, 9] leave the file, whose data are 4 bytes",
    ],
    ["offsets the wrong way round", file(entry('"U8"', "[1]", "[2,1]"), 4), "leave the file"],
    ["a hole", file(entry('"U8"', "[1]", "[1,2]"), 2), 'tensor "w" at data offset 1 leaves a hole of 1 bytes'],
    ["bytes of nobody", file(entry('"U8"', "[1]", "[0,1]"), 3), "2 bytes after the last tensor belong to none"],
    [
      "an overlap",
      file(
        '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}',
        3,
      ),
      'tensor "b" at data offset 1 overlaps',
    ],
  ])("refuses %s", (_, bytes, text) => {
    expect(errorOf(() => decodeSafetensors(bytes))).toContain(text);
  });

  it("refuses to write what it could not read", () => {
    expect(errorOf(() => encodeSafetensors([["w", zeros([2], 3)]]))).toContain(
      "shape [2] has 2 elements, and the data has 3",
    );
    expect(errorOf(() => encodeSafetensors([["__metadata__", zeros([1], 1)]]))).toContain("reserved");
    expect(
      errorOf(() =>
        encodeSafetensors([
          ["w", zeros([1], 1)],
          ["w", zeros([1], 1)],
        ]),
      ),
    ).toContain("used twice");
    const wrong = { dtype: "f16" as const, shape: [1], data: new Float32Array(1) };
    expect(errorOf(() => encodeSafetensors([["w", wrong]]))).toContain(
      "f16 data must be a Uint16Array, not a Float32Array",
    );
  });

  it("does not crash on damaged files", () => {
    const whole = encodeSafetensors(
      SAMPLES.map((a) => [a.dtype, a] as const),
      { k: "v" },
    );
    fuzz(whole, decodeSafetensors, 1, 3000);
    fuzz(encodeSafetensors([["w", zeros([2], 2)]]), decodeSafetensors, 2, 3000);
  });
});
