import { describe, expect, it } from "vitest";
import { decodeNpy, encodeNpy } from "../../src/io/npy.js";
import { decodeNpz, encodeNpz } from "../../src/io/npz.js";
import { parsePython } from "../../src/io/python-literal.js";
import { errorOf, fuzz, latin1, SAMPLES } from "./helpers.js";

/** A file with this header text, padded as little as possible. */
function npy(header: string, data: number[] | Uint8Array, version = 1): Uint8Array {
  const length = header.length;
  const size = version === 1 ? [length & 255, length >> 8] : [length & 255, length >> 8, 0, 0];
  return Uint8Array.of(0x93, ...latin1("NUMPY"), version, 0, ...size, ...latin1(header), ...data);
}
const describeArray = (descr: string, shape: string, fortran = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

describe("npy", () => {
  // np.save(f, np.arange(6, dtype='<f4').reshape(2, 3)) and np.save(f, np.array(2.5)), NumPy 2.4.6
  const matrix = latin1(
    `\x93NUMPY\x01\x00v\x00${describeArray("<f4", "(2, 3)")}${" ".repeat(58)}\n` +
      "\x00\x00\x00\x00\x00\x00\x80?\x00\x00\x00@\x00\x00@@\x00\x00\x80@\x00\x00\xa0@",
  );
  const scalar = latin1(
    `\x93NUMPY\x01\x00v\x00${describeArray("<f8", "()")}${" ".repeat(62)}\n\x00\x00\x00\x00\x00\x00\x04@`,
  );
  it.each([
    ["a matrix", matrix, { dtype: "f32" as const, shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) }],
    ["a scalar", scalar, { dtype: "f64" as const, shape: [], data: Float64Array.of(2.5) }],
  ])("reads and writes what NumPy writes: %s", (_, bytes, array) => {
    expect(decodeNpy(bytes)).toEqual(array);
    expect(Buffer.from(encodeNpy(array)).toString("latin1")).toBe(Buffer.from(bytes).toString("latin1"));
  });

  it("brings back every dtype that NumPy has", () => {
    for (const a of SAMPLES) {
      if (a.dtype === "bf16") expect(errorOf(() => encodeNpy(a))).toContain("NumPy has no dtype bf16");
      else expect(decodeNpy(encodeNpy(a))).toEqual(a);
    }
  });

  it("reads big-endian and column-major arrays", () => {
    // np.asfortranarray(np.arange(4, dtype='>i2').reshape(2, 2)): the bytes as NumPy 2.4.6 wrote them
    const both = npy(describeArray(">i2", "(2, 2)", "True"), [0, 0, 0, 2, 0, 1, 0, 3]);
    expect(decodeNpy(both)).toEqual({ dtype: "i16", shape: [2, 2], data: Int16Array.of(0, 1, 2, 3) });
    // element [i, j, k] of a column-major [2, 3, 2] array stands at i + 2j + 6k
    const deep = decodeNpy(
      npy(
        describeArray("|u1", "(2, 3, 2)", "True"),
        Array.from({ length: 12 }, (_, i) => i),
      ),
    );
    expect([...(deep.data as Uint8Array)]).toEqual([0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]);
    expect(decodeNpy(npy(describeArray("<f8", "(0, 3)", "True"), [])).shape).toEqual([0, 3]);
  });

  it("leaves the bytes that it reads alone, also a Buffer's", () => {
    const file = Buffer.from(npy(describeArray(">i2", "(2,)"), [0, 1, 0, 2]));
    const before = file.toString("hex");
    expect(decodeNpy(file).data).toEqual(Int16Array.of(1, 2));
    expect(file.toString("hex")).toBe(before);
    const unaligned = Buffer.from(npy(`${describeArray("<f8", "(1,)")} `, [0, 0, 0, 0, 0, 0, 4, 64]));
    for (let shift = 0; shift < 8; shift++) {
      const shifted = Buffer.concat([Buffer.alloc(shift), unaligned]).subarray(shift);
      expect(decodeNpy(shifted).data).toEqual(Float64Array.of(2.5));
    }
  });

  it("reads versions 2 and 3, headers without padding and those of Python 2", () => {
    for (const version of [2, 3]) {
      expect(decodeNpy(npy(describeArray("|b1", "(2,)"), [1, 0], version)).data).toEqual(Uint8Array.of(1, 0));
    }
    const old = `{"shape": (2L,), 'descr':'|u1','fortran_order':False}`;
    expect(decodeNpy(npy(old, [1, 2])).shape).toEqual([2]);
    expect(decodeNpy(npy(describeArray("<f2", "(1,)"), [0, 0x3c]))).toEqual({
      dtype: "f16",
      shape: [1],
      data: Uint16Array.of(0x3c00),
    });
  });

  it.each<[string, Uint8Array, string]>([
    ["other files", latin1("PK\x03\x04 and more"), "does not begin with \\x93NUMPY"],
    ["future versions", npy("{}", [], 9), "byte 6 gives format version 9"],
    ["a header beyond the end", npy("{}", []).fill(0xff, 8, 10), "a header of 65535 bytes, and only 2 follow"],
    ["a header that is code", npy("__import__('os')", []), "not a Python dictionary: __import__('os')"],
    ["objects", npy(describeArray("|O", "(1,)"), []), 'the dtype "|O" is not a bool, integer or float'],
    ["complex numbers", npy(describeArray("<c8", "()"), []), 'the dtype "<c8"'],
    ["bfloat16", npy(describeArray("<V2", "()"), [0, 0]), "use safetensors"],
    ["records", npy("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': ()}", []), "records"],
    ["too little data", npy(describeArray("<i4", "(2,)"), [1, 2, 3]), "i32 of shape [2] takes 8 bytes from byte"],
    ["too much data", npy(describeArray("|u1", "()"), [1, 2, 3]), "takes 1 bytes"],
    ["a negative shape", npy(describeArray("|u1", "(-1,)"), []), "[-1] has a size that is no whole number"],
    ["an overflowing shape", npy(describeArray("|u1", "(9999999999, 9999999999)"), []), "too large"],
  ])("refuses %s", (_, bytes, text) => {
    expect(errorOf(() => decodeNpy(bytes))).toContain(text);
  });

  it("reads Python literals and nothing else", () => {
    expect(parsePython("{'a': (1, -2,), \"b\": [True, None], 3: ()}")).toEqual(
      new Map<unknown, unknown>([
        ["a", [1, -2]],
        ["b", [true, null]],
        [3, []],
      ]),
    );
    for (const bad of ["", "{", "(1", "{'a'}", "1 2", "'a\\''", "[1,,2]", "(,)", "x", "(".repeat(100_000)]) {
      expect(parsePython(bad)).toBe(undefined);
    }
  });

  it("does not crash on damaged files", () => {
    for (const [i, a] of SAMPLES.filter((s) => s.dtype !== "bf16").entries()) fuzz(encodeNpy(a), decodeNpy, i, 500);
  });
});

describe("npz", () => {
  // np.savez_compressed(f, a=np.array([True, False]), b=np.arange(40, dtype='<i4')), NumPy 2.4.6
  const fromNumpy = Buffer.from(
    "UEsDBC0AAAAIAAAAIQDuGbtd//////////8FABQAYS5ucHkBABAAggAAAAAAAABGAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loF6TZKiuo6Cell9U" +
      "UpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6mjoKtQoUAC5GBgBQSwMELQAAAAgAAAAhABvN6zz//////////wUAFABiLm5weQEAEAAgAQAAAAAAAJMA" +
      "AAAAAAAAncq5CsJAAIThxPu+73M9VyGFRSqxtlNsLKwkmBUFMbIRG/EpfGH/vIIDXzHDfLf7ze5gGi/jLV3ln7RcCrm62tIS8uzpp3buR0+7KtjXzs1X" +
      "7P7FeSj6zF5Yc0t8xP9JGcRECGFEEEUMcSSQRHBMI4MscsijgCJKKKOCKmqoo4EmWmijgy566ENggCFGGGOCKSR+UEsBAi0DLQAAAAgAAAAhAO4Zu11G" +
      "AAAAggAAAAUAAAAAAAAAAAAAAIABAAAAAGEubnB5UEsBAi0DLQAAAAgAAAAhABvN6zyTAAAAIAEAAAUAAAAAAAAAAAAAAIABfQAAAGIubnB5UEsFBgAA" +
      "AAACAAIAZgAAAEcBAAAAAA==",
    "base64",
  );
  const arrays = new Map(SAMPLES.filter((s) => s.dtype !== "bf16").map((a) => [`x/${a.dtype} ü`, a]));

  it("reads what NumPy compressed", () => {
    const back = decodeNpz(fromNumpy);
    expect([...back.keys()]).toEqual(["a", "b"]);
    expect(back.get("a")).toEqual({ dtype: "bool", shape: [2], data: Uint8Array.of(1, 0) });
    expect(back.get("b")?.data).toEqual(Int32Array.from({ length: 40 }, (_, i) => i));
  });

  it.each([true, false])("brings back what it wrote, and writes the same bytes again (compress: %s)", (compress) => {
    const bytes = encodeNpz(arrays, { compress });
    expect(decodeNpz(bytes)).toEqual(arrays);
    expect(encodeNpz(arrays, { compress })).toEqual(bytes);
  });

  it("says what is wrong with an archive", () => {
    const bytes = encodeNpz([["a", SAMPLES[0]]]);
    expect(errorOf(() => decodeNpz(bytes.subarray(0, 40)))).toContain("not a zip archive, or its end is missing");
    expect(errorOf(() => decodeNpz(new Uint8Array(3)))).toContain("not a zip archive");
    const damaged = bytes.slice();
    damaged[100] ^= 1;
    expect(errorOf(() => decodeNpz(damaged))).toContain('npz: entry "a.npy": the checksum is wrong');
  });

  it("does not crash on damaged files", () => {
    fuzz(fromNumpy, decodeNpz, 5, 3000);
    fuzz(encodeNpz([["a", SAMPLES[5]]]), decodeNpz, 6, 1000);
  });
});
