/** Arithmetic, rounding, bits and conversions: the corners that XLA and IEEE 754 define. */
import { describe, expect, it } from "vitest";
import { DTYPES } from "../../src/ir/dtype.js";
import { array, elements, run, values, vector } from "./run.js";

const [nan, inf] = [Number.NaN, Number.POSITIVE_INFINITY];

describe("integers", () => {
  it("wrap", () => {
    expect(values("add", {}, vector("i8", 127, -128), vector("i8", 1, -1))).toEqual([-128, 127]);
    expect(values("sub", {}, vector("u8", 0, 3), vector("u8", 1, 5))).toEqual([255, 254]);
    expect(values("mul", {}, vector("i32", 2147483647, 65537), vector("i32", 2147483647, 65537))).toEqual([1, 131073]);
    expect(values("mul", {}, vector("u32", 4294967295), vector("u32", 4294967295))).toEqual([1]);
    expect(values("mul", {}, vector("i64", 2n ** 62n), vector("i64", 2n))).toEqual([-(2n ** 63n)]);
    expect(values("neg", {}, vector("i16", -32768, 5))).toEqual([-32768, -5]);
    expect(values("neg", {}, vector("u16", 1, 0))).toEqual([65535, 0]);
    expect(values("abs", {}, vector("i32", -2147483648, -7))).toEqual([-2147483648, 7]);
    expect(values("integer_pow", { y: 5 }, vector("u8", 3))).toEqual([243]);
    expect(values("integer_pow", { y: 7 }, vector("i32", 100))).toEqual([276447232]); // 10^14 mod 2^32
  });
  it("divide towards zero; by zero it is all ones and the remainder the dividend", () => {
    expect(values("div", {}, vector("i32", -7, 7, 5, -2147483648), vector("i32", 2, -2, 0, -1))).toEqual([
      -3, -3, -1, -2147483648,
    ]);
    expect(values("div", {}, vector("u8", 7, 9), vector("u8", 0, 2))).toEqual([255, 4]);
    expect(values("div", {}, vector("u64", 9n, 9n), vector("u64", 0n, 2n))).toEqual([2n ** 64n - 1n, 4n]);
    expect(values("div", {}, vector("i64", -(2n ** 63n)), vector("i64", -1n))).toEqual([-(2n ** 63n)]);
    expect(values("rem", {}, vector("i32", -7, 7, 5, -2147483648), vector("i32", 2, -2, 0, -1))).toEqual([-1, 1, 5, 0]);
    expect(values("rem", {}, vector("i64", -7n, 5n), vector("i64", 2n, 0n))).toEqual([-1n, 5n]);
  });
  it("shift by amounts read as unsigned", () => {
    expect(values("shift_left", {}, vector("i32", 1, 1, 1, -1), vector("i32", 31, 32, -1, 1))).toEqual([
      -2147483648, 0, 0, -2,
    ]);
    expect(values("shift_right_logical", {}, vector("i32", -1, -1, -8), vector("i32", 28, 32, 1))).toEqual([
      15, 0, 2147483644,
    ]);
    expect(values("shift_right_arithmetic", {}, vector("i32", -8, -8, 8), vector("i32", 1, 99, 99))).toEqual([
      -4, -1, 0,
    ]);
    expect(values("shift_right_arithmetic", {}, vector("u8", 200, 200), vector("u8", 1, 8))).toEqual([100, 0]);
    expect(values("shift_left", {}, vector("i64", 1n, 1n), vector("i64", 63n, 64n))).toEqual([-(2n ** 63n), 0n]);
  });
  it("have bits", () => {
    expect(values("not", {}, vector("u8", 0, 5))).toEqual([255, 250]);
    expect(values("not", {}, vector("bool", true, false))).toEqual([0, 1]);
    expect(values("xor", {}, vector("i8", -1, 3), vector("i8", 1, 6))).toEqual([-2, 5]);
    expect(values("population_count", {}, vector("i32", -1, 0, 5))).toEqual([32, 0, 2]);
    expect(values("clz", {}, vector("i16", 0, 1, -1))).toEqual([16, 15, 0]);
    expect(values("clz", {}, vector("u64", 1n))).toEqual([63n]);
  });
});

describe("floats", () => {
  it("round", () => {
    const x = vector("f64", 0.5, 1.5, 2.5, -0.5, -1.5, 0.49999999999999994, 2 ** 52 + 1, inf);
    expect(values("round", { method: "even" }, x)).toEqual([0, 2, 2, -0, -2, 0, 2 ** 52 + 1, inf]);
    expect(values("round", { method: "away" }, x)).toEqual([1, 2, 3, -1, -2, 0, 2 ** 52 + 1, inf]);
    expect(values("floor", {}, vector("f32", -0.5, 1.5, -0))).toEqual([-1, 1, -0]);
    expect(values("ceil", {}, vector("f32", -0.5, 1.5))).toEqual([-0, 2]);
  });
  it("let NaN win in max and min, and keep the signs of zeros", () => {
    expect(values("max", {}, vector("f32", nan, 1, -0, -0), vector("f32", 1, nan, 0, -0))).toEqual([nan, nan, 0, -0]);
    expect(values("min", {}, vector("f32", nan, 1, -0), vector("f32", 1, nan, 0))).toEqual([nan, nan, -0]);
    expect(values("sign", {}, vector("f32", -3, 0, -0, nan))).toEqual([-1, 0, -0, nan]);
    expect(values("clamp", {}, vector("f32", 0, 0), vector("f32", nan, 5), vector("f32", 1, 1))).toEqual([nan, 1]);
    // the minimum is applied last
    expect(values("clamp", {}, vector("i32", 5), vector("i32", 0), vector("i32", 1))).toEqual([1]);
  });
  it("have C99's pow and fmod", () => {
    const x = vector("f64", 1, -1, 0, -8, -2, 2, nan);
    const y = vector("f64", nan, inf, 0, 1 / 3, 3, -1, 0);
    expect(values("pow", {}, x, y)).toEqual([1, 1, 1, nan, -8, 0.5, 1]);
    expect(values("rem", {}, vector("f64", 5.5, -5.5, -4, 1, inf), vector("f64", 2, 2, 2, inf, 1))).toEqual([
      1.5,
      -1.5,
      -0,
      1,
      nan,
    ]);
    expect(values("atan2", {}, vector("f64", 0, -0, 1), vector("f64", -1, -1, 0))).toEqual([
      Math.PI,
      -Math.PI,
      Math.PI / 2,
    ]);
  });
  it("compare NaN as unordered and zeros as equal", () => {
    const [x, y] = [vector("f32", nan, 0, 1), vector("f32", nan, -0, 2)];
    expect(values("eq", {}, x, y)).toEqual([0, 1, 0]);
    expect(values("ne", {}, x, y)).toEqual([1, 0, 1]);
    expect(values("le", {}, x, y)).toEqual([0, 1, 1]);
    expect(values("gt", {}, x, y)).toEqual([0, 0, 0]);
  });
  it("round results to their format", () => {
    expect(values("add", {}, vector("f32", 16777216), vector("f32", 1))).toEqual([16777216]);
    expect(values("add", {}, vector("f16", 2048, 65504), vector("f16", 1, 16))).toEqual([2048, inf]);
    expect(values("add", {}, vector("bf16", 256, 256), vector("bf16", 1, 3))).toEqual([256, 260]);
    expect(values("mul", {}, vector("f16", 2 ** -14), vector("f16", 2 ** -10))).toEqual([2 ** -24]);
    expect(values("exp", {}, vector("f32", 1))).toEqual([Math.fround(Math.E)]);
  });
  it("step to their neighbours", () => {
    expect(values("nextafter", {}, vector("f32", 1, 1, 0, -0), vector("f32", 2, 0, 1, -1))).toEqual([
      1 + 2 ** -23,
      1 - 2 ** -24,
      2 ** -149,
      -(2 ** -149),
    ]);
    expect(values("nextafter", {}, vector("f16", 1, 65504, -1), vector("f16", 2, inf, -2))).toEqual([
      1 + 2 ** -10,
      inf,
      -1 - 2 ** -10,
    ]);
    expect(values("nextafter", {}, vector("f64", 3, nan, 2), vector("f64", 3, 1, nan))).toEqual([3, nan, nan]);
  });
  it("reduce precision as XLA does", () => {
    const x = vector("f32", 1.0009765625, 70000, 1e-6, -1e-9, nan, 2 ** -14, 65520);
    // to f16: ties to even, overflow to infinity, subnormals to zero
    expect(values("reduce_precision", { exponentBits: 5, mantissaBits: 10 }, x)).toEqual([
      1.0009765625,
      inf,
      0,
      -0,
      nan,
      2 ** -14,
      inf,
    ]);
    expect(
      values("reduce_precision", { exponentBits: 8, mantissaBits: 7 }, vector("f32", 1.00390625, 1.01171875)),
    ).toEqual([1, 1.015625]);
  });
});

describe("conversions", () => {
  it("saturate from floats and wrap from integers", () => {
    expect(values("convert_element_type", { dtype: "i8" }, vector("f32", 300, -300, -1.9, nan))).toEqual([
      127, -128, -1, 0,
    ]);
    expect(values("convert_element_type", { dtype: "i8" }, vector("i32", 300, -129))).toEqual([44, 127]);
    expect(values("convert_element_type", { dtype: "u32" }, vector("i64", -1n, 2n ** 40n + 7n))).toEqual([
      4294967295, 7,
    ]);
    expect(values("convert_element_type", { dtype: "i64" }, vector("f64", 1e30, -1e30, -2.5))).toEqual([
      2n ** 63n - 1n,
      -(2n ** 63n),
      -2n,
    ]);
    expect(values("convert_element_type", { dtype: "u64" }, vector("f64", 2 ** 63, -1, 1e30))).toEqual([
      2n ** 63n,
      0n,
      2n ** 64n - 1n,
    ]);
    expect(values("convert_element_type", { dtype: "u64" }, vector("i8", -1))).toEqual([2n ** 64n - 1n]);
    expect(values("convert_element_type", { dtype: "bool" }, vector("f32", 0, -0, 0.1, nan))).toEqual([0, 0, 1, 1]);
  });
  it("round large integers once", () => {
    // just above the middle between 2^60 and its f32 neighbour 2^60 + 2^37: rounding to f64 first would drop the 1 and tie to even
    const x = 2n ** 60n + 2n ** 36n + 1n;
    expect(values("convert_element_type", { dtype: "f32" }, vector("i64", x, -x))).toEqual([
      2 ** 60 + 2 ** 37,
      -(2 ** 60) - 2 ** 37,
    ]);
    expect(values("convert_element_type", { dtype: "f32" }, vector("u64", x - 1n))).toEqual([2 ** 60]);
  });
  it("keep bits in bitcasts", () => {
    expect(values("bitcast_convert_type", { dtype: "u32" }, vector("f32", 1, -2))).toEqual([0x3f800000, 0xc0000000]);
    expect(values("bitcast_convert_type", { dtype: "f16" }, vector("u16", 0x3c00, 0xfc00))).toEqual([1, -inf]);
    const [bytes] = run("bitcast_convert_type", { dtype: "u8" }, vector("u32", 0x04030201));
    expect([bytes.shape, elements(bytes)]).toEqual([
      [1, 4],
      [1, 2, 3, 4],
    ]);
    const [back] = run("bitcast_convert_type", { dtype: "u32" }, array("u8", [1, 4], [1, 2, 3, 4]));
    expect([back.shape, elements(back)]).toEqual([[1], [0x04030201]]);
    expect(values("bitcast_convert_type", { dtype: "i64" }, vector("f64", -1))).toEqual([-0x4010000000000000n]);
  });
  it("is the identity to the same type", () => {
    for (const d of DTYPES.filter((t) => t !== "key")) {
      const x = d === "i64" || d === "u64" ? vector(d, 0n, 1n, 7n) : vector(d, 0, 1, d === "bool" ? 1 : 7);
      expect(values("convert_element_type", { dtype: d }, x)).toEqual(Array.from(x.data as Float64Array));
    }
  });
});
