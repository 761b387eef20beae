/** Which dtype operands meet in: JAX's lattice (https://docs.jax.dev/en/latest/jep/9407-type-promotion.html), JavaScript's numbers weak. */
import { describe, expect, it } from "vitest";
import { array, type DType, grad, numpy as np, type Tensor, tensor } from "../../src/index.js";
import { codeOf } from "../api/helpers.js";

const D: readonly DType[] = ["bool", "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "bf16", "f16", "f32", "f64"];
/** Row and column in the order of D. */
const TABLE = `
bool u8   u16  u32  u64  i8   i16  i32  i64  bf16 f16 f32 f64
u8   u8   u16  u32  u64  i16  i16  i32  i64  bf16 f16 f32 f64
u16  u16  u16  u32  u64  i32  i32  i32  i64  bf16 f16 f32 f64
u32  u32  u32  u32  u64  i64  i64  i64  i64  bf16 f16 f32 f64
u64  u64  u64  u64  u64  f32  f32  f32  f32  bf16 f16 f32 f64
i8   i16  i32  i64  f32  i8   i16  i32  i64  bf16 f16 f32 f64
i16  i16  i32  i64  f32  i16  i16  i32  i64  bf16 f16 f32 f64
i32  i32  i32  i64  f32  i32  i32  i32  i64  bf16 f16 f32 f64
i64  i64  i64  i64  f32  i64  i64  i64  i64  bf16 f16 f32 f64
bf16 bf16 bf16 bf16 bf16 bf16 bf16 bf16 bf16 bf16 f32 f32 f64
f16  f16  f16  f16  f16  f16  f16  f16  f16  f32  f16 f32 f64
f32  f32  f32  f32  f32  f32  f32  f32  f32  f32  f32 f32 f64
f64  f64  f64  f64  f64  f64  f64  f64  f64  f64  f64 f64 f64`
  .trim()
  .split("\n")
  .map((row) => row.split(/\s+/));

const one = (d: DType): Tensor => np.ones([2], d);

describe("two arrays", () => {
  for (const [i, a] of D.entries()) {
    it(`${a} with each dtype`, () => {
      for (const [j, b] of D.entries()) {
        const want = TABLE[i][j];
        expect(np.promoteTypes(a, b), `${a} ${b}`).toBe(want);
        expect(np.add(one(a), one(b)).dtype, `${a} + ${b}`).toBe(want);
        expect(np.where(true, one(a), one(b)).dtype, `where ${a} ${b}`).toBe(want);
        expect(np.concatenate([one(a), one(b)]).dtype, `concatenate ${a} ${b}`).toBe(want);
      }
    });
  }
  it("comparisons give bool, division a float", () => {
    for (const a of D) {
      expect(np.less(one(a), one("i32")).dtype).toBe("bool");
      expect(np.divide(one(a), one(a)).dtype).toBe(a.startsWith("f") || a === "bf16" ? a : "f32");
    }
  });
});

describe("a JavaScript number", () => {
  it("takes the array's dtype", () => {
    for (const d of D) expect(np.multiply(one(d), 3).dtype, d).toBe(d === "bool" ? "i32" : d);
    for (const d of ["bf16", "f16", "f32", "f64"] as const) expect(np.add(one(d), 0.5).dtype).toBe(d);
  });
  it("alone is f32, and stays weak", () => {
    expect(tensor(np.exp(1)).dtype).toBe("f32");
    expect(np.add(np.exp(1), one("f16")).dtype).toBe("f16");
    expect(tensor(np.add(1, 2)).item()).toBe(3);
  });
  it("that is no whole number beside integers is an error with the remedy", () => {
    expect(codeOf(() => one("i32").add(0.5))).toBe("TW2010");
    expect(codeOf(() => np.where(true, one("u8"), 1.5))).toBe("TW2010");
    expect(codeOf(() => one("i32").at(0).set(0.5))).toBe("TW2010");
  });
  it("booleans beside numbers are 0 and 1, bigints i64", () => {
    expect(tensor(np.add(true, 1)).item()).toBe(2);
    expect(np.add(one("i32"), true).dtype).toBe("i32");
    expect(np.array([1n]).dtype).toBe("i64");
    expect(np.add(np.array([1n]), 2).js()).toEqual([3n]);
    expect(np.add(one("i32"), 2n).dtype).toBe("i32");
  });
  it("as an argument of grad takes part in f32", () => {
    expect(grad((x: Tensor) => x.mul(3))(2).dtype).toBe("f32");
  });
});

describe("integers and floats", () => {
  it("integers become f32 where only floats make sense", () => {
    for (const f of [np.sin, np.sqrt, np.mean, np.std, np.exp]) expect(f(np.arange(3)).dtype).toBe("f32");
  });
  it("int / int is f32, int // int is int", () => {
    expect(np.divide(array(7, "i32"), array(2, "i32")).item()).toBe(3.5);
    expect(np.floorDivide(array(-7, "i32"), array(2, "i32")).item()).toBe(-4);
    expect(np.remainder(array(-7, "i32"), array(2, "i32")).item()).toBe(1);
    expect(np.fmod(array(-7, "i32"), array(2, "i32")).item()).toBe(-1);
  });
  it("sums of small integers and bools are 32 bits wide", () => {
    expect(np.sum(np.full([300], 1, "u8")).item()).toBe(300);
    expect(np.sum(np.full([300], 1, "i8")).dtype).toBe("i32");
    expect(np.sum(np.full([3], true)).item()).toBe(3);
    expect(np.sum(np.ones([2], "i64")).dtype).toBe("i64");
  });
  it("64-bit integers keep every digit", () => {
    const big = 2n ** 62n + 1n;
    expect(np.add(np.array([big]), 1n).js()).toEqual([big + 1n]);
    expect(np.max(np.array([big, 3n])).item()).toBe(big);
    expect(np.sort(np.array([big, -big, 0n])).js()).toEqual([-big, 0n, big]);
  });
  it("resultType", () => expect(np.resultType("i8", one("u8"), "f16")).toBe("f16"));
  it("finfo and iinfo", () => {
    expect(np.finfo("f32").eps).toBe(2 ** -23);
    expect(np.iinfo("i8")).toMatchObject({ min: -128, max: 127, bits: 8 });
    expect(codeOf(() => np.finfo("i32"))).toBe("TW2005");
  });
});
