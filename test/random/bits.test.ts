/** Bits, keys, uniform numbers and integers: the same as JAX's, bit for bit, in both orders of counters. */
import { describe, expect, it } from "vitest";
import type { NDArray } from "../../src/interpreter/array.js";
import { interpret } from "../../src/interpreter/index.js";
import { aval } from "../../src/ir/aval.js";
import * as np from "../../src/numpy/index.js";
import * as random from "../../src/random/index.js";
import type { Tensor } from "../../src/tracer/tensor.js";
import { traceFlat } from "../../src/tracer/trace.js";
import { batchProgram } from "../../src/transforms/vmap/index.js";
import { elements, numbers, useInterpreter } from "./evaluator.js";
import { ORACLE } from "./oracle.js";

useInterpreter();
const key = random.key(42);

describe("published numbers", () => {
  // https://docs.jax.dev/en/latest/jax.random.html, "Basic usage" (JAX 0.5 and later: partitionable)
  it("JAX's documentation", () => {
    const k = random.key(0);
    expect(numbers(random.keyData(k))).toEqual([0, 0]);
    expect(random.uniform(k).item()).toBeCloseTo(0.947667, 6);
    const [, subkey] = random.split(k);
    expect(random.uniform(subkey).item()).toBeCloseTo(0.00729382, 8);
  });
  // jax-ml/jax, tests/random_test.py, testRngRandomBits at cec06d116c (Apache-2.0): the older order
  it("JAX's test of bits", () => {
    const k = random.key(1701);
    const { bits } = random.legacy;
    expect(numbers(bits(k, [3], "u8"))).toEqual([216, 115, 43]);
    expect(numbers(bits(k, [3], "u16"))).toEqual([41682, 1300, 55017]);
    expect(numbers(bits(k, [3], "u32"))).toEqual([56197195, 4200222568, 961309823]);
    expect(elements(bits(k, [3], "u64"))).toEqual([3982329540505020460n, 16822122385914693683n, 7882654074788531506n]);
  });
  // Chollet, Deep Learning with Python, third edition, as quoted at livebook.manning.com: printed by a JAX before 0.5
  it("a book's example", () => {
    const k = random.key(123);
    const { normal, split } = random.legacy;
    for (const [x, y] of [
      [normal(k, [3]), [-0.1470326, 0.5524756, 1.648498]],
      [normal(np.index(split(k, 1), 0), [3]), [0.5362355, -1.1920372, 2.450225]],
    ] as const) {
      numbers(x).forEach((v, i) => expect(v).toBeCloseTo(y[i], 6));
    }
  });
});

describe.each(["partitionable", "legacy"] as const)("an independent implementation, %s", (mode) => {
  const r = mode === "legacy" ? random.legacy : random;
  const want = ORACLE[mode];
  it("split", () => {
    expect(random.keyData(r.split(key, 3)).js()).toEqual(want.split3);
  });
  it.each([8, 16, 32, 64] as const)("bits of width %i", (width) => {
    expect(elements(r.bits(key, [5], `u${width}`))).toEqual(want[`bits${width}`]);
  });
  it.each(["f16", "bf16", "f32", "f64"] as const)("uniform %s", (dtype) => {
    const x = r.uniform(key, [4], dtype);
    expect(x.dtype).toBe(dtype);
    expect(numbers(x)).toEqual(want[`uniform ${dtype}`]);
  });
  it.each([
    ["i32", -7, 1000, "randint i32 -7 1000"],
    ["u8", 0, 256, "randint u8 0 256"],
    ["i8", -100, 100, "randint i8 -100 100"],
    ["i16", -300, 32768, "randint i16 -300 32768"],
    ["u16", 5, 6, "randint u16 5 6"],
    ["u32", 0, 2 ** 32, "randint u32 0 2^32"],
    ["u32", 10, 3e9, "randint u32 10 3e9"],
    ["i64", -5e12, 7e15, "randint i64 -5e12 7e15"],
    ["u64", 0, 2n ** 64n, "randint u64 0 2^64"],
    ["u64", 3, 1000, "randint u64 3 1000"],
  ] as const)("randint %s in [%s, %s)", (dtype, low, high, name) => {
    const x = r.randint(key, [5], low, high, dtype);
    expect(x.dtype).toBe(dtype);
    expect(elements(x)).toEqual(want[name]);
  });
  it("randint with bounds that are arrays", () => {
    const low = np.array([-7, -7, -7, -7, -7], { dtype: "i32" });
    expect(elements(r.randint(key, [5], low, 1000))).toEqual(want["randint i32 -7 1000"]);
    const high = np.array([2n ** 32n], { dtype: "i64" });
    expect(elements(r.randint(key, [5], 0, high, "u32"))).toEqual(want["randint u32 0 2^32"]);
    const byte = np.array([256], { dtype: "i32" });
    expect(elements(r.randint(key, [5], 0, byte, "u8"))).toEqual(want["randint u8 0 256"]);
  });
});

describe("shapes", () => {
  it("the numbers of an array do not depend on its shape", () => {
    expect(numbers(random.bits(key, [2, 3]))).toEqual(numbers(random.bits(key, [6])));
    expect(numbers(random.legacy.bits(key, [3, 1, 2], "u8"))).toEqual(numbers(random.legacy.bits(key, 6, "u8")));
  });
  it("the first numbers do not depend on how many follow (partitionable), they do in the older order", () => {
    expect(numbers(random.bits(key, [9])).slice(0, 4)).toEqual(numbers(random.bits(key, [4])));
    expect(numbers(random.legacy.bits(key, [9])).slice(0, 4)).not.toEqual(numbers(random.legacy.bits(key, [4])));
  });
  it("empty and scalar", () => {
    expect(random.uniform(key, [0, 3]).shape).toEqual([0, 3]);
    expect(random.legacy.bits(key, [0], "u16").shape).toEqual([0]);
    expect(random.legacy.bits(key, [], "u64").shape).toEqual([]);
    expect(random.normal(key).shape).toEqual([]);
    const [k0, k1] = random.split(key);
    const pair = random.split(key);
    for (const [one, same] of [
      [k0, pair[0]],
      [k1, pair[1]],
    ]) {
      expect(random.keyData(one).js()).toEqual(random.keyData(same).js());
    }
    expect(random.split(key, [2, 3]).shape).toEqual([2, 3]);
  });
  it("parameters must fit into the shape", () => {
    expect(() => random.uniform(key, [3], "f32", np.zeros([2]))).toThrow(/TW2002/);
    expect(() => random.truncatedNormal(key, np.zeros([2, 1]), np.ones([3]), [3])).toThrow(/TW2002/);
  });
});

describe("keys", () => {
  it("seeds", () => {
    const words = (s: number | bigint): number[] => numbers(random.keyData(random.key(s)));
    expect(words(7)).toEqual([0, 7]);
    expect(words(-1)).toEqual([0, 4294967295]);
    expect(words(2 ** 32 - 1)).toEqual([0, 4294967295]);
    expect(words(2 ** 32 + 5)).toEqual([1, 5]);
    expect(words(0x123456789abcdef0n)).toEqual([0x12345678, 0x9abcdef0]);
    expect(numbers(random.PRNGKey(7))).toEqual([0, 7]);
    expect(() => random.key(0.5)).toThrow(/TW2011/);
    expect(() => random.key(0, { impl: "rbg" })).toThrow(/TW2011/);
  });
  it("seeds that are arrays", () => {
    const of = (x: Tensor): number[] => numbers(random.keyData(random.key(x)));
    expect(of(np.array(-1, { dtype: "i32" }))).toEqual([0, 4294967295]);
    expect(of(np.array(0x123456789abcdef0n))).toEqual([0x12345678, 0x9abcdef0]);
  });
  it("raw keys give the same numbers and raw keys", () => {
    const raw = random.PRNGKey(42);
    expect(numbers(random.bits(raw, [3]))).toEqual(numbers(random.bits(key, [3])));
    const parts = random.split(raw);
    expect([parts.dtype, parts.shape]).toEqual(["u32", [2, 2]]);
    expect(numbers(parts)).toEqual(numbers(random.keyData(random.split(key))));
    expect(random.foldIn(raw, 3).dtype).toBe("u32");
    expect(numbers(random.keyData(random.wrapKeyData(raw)))).toEqual([0, 42]);
  });
  it("foldIn is the hash of the number, the same in both orders", () => {
    // threefry((0, 42), (0, 1)) is also the second key of a partitionable split
    const second = ORACLE.partitionable.split3[1];
    expect(numbers(random.keyData(random.foldIn(key, 1)))).toEqual(second);
    expect(numbers(random.keyData(random.legacy.foldIn(key, 1)))).toEqual(second);
    expect(numbers(random.keyData(random.foldIn(key, np.array(1, { dtype: "i32" }))))).toEqual(second);
    expect(() => random.foldIn(key, 0.5)).toThrow(/TW2011/);
  });
  it("what is no key is refused with the remedy", () => {
    expect(() => random.normal(np.zeros([3]), [2])).toThrow(/TW2005.*random\.key/s);
    expect(() => random.normal(random.split(key, 3), [2])).toThrow(/TW2007.*vmap/s);
    expect(() => random.normal(0 as unknown as Tensor)).toThrow(/TW1003/);
    for (const bad of ["2", {}, ["2"], [null], () => 2] as never[]) {
      expect(() => random.normal(key, bad)).toThrow(/TW2011: random.normal: the shape/);
      expect(() => random.bits(key, bad)).toThrow(/TW2011: random.bits: the shape/);
      expect(() => random.split(key, bad)).toThrow(/TW2011: random.split: the shape/);
    }
    for (const bad of ["a", undefined, null, {}, true] as never[]) {
      expect(() => random.key(bad)).toThrow(/TW2011: random.key: the seed is .*, not a whole number/);
      expect(() => random.foldIn(key, bad)).toThrow(/TW2011: random.foldIn: the data is .*, not a whole number/);
      if (typeof bad !== "boolean") expect(() => random.wrapKeyData(bad)).toThrow(/TW1003/);
    }
    expect(() => random.uniform(key, [2], "i32")).toThrow(/TW2005/);
    expect(() => random.bits(key, [2], "i32")).toThrow(/TW2005/);
    expect(() => random.randint(key, [2], 0.5, 3)).toThrow(/TW2010/);
  });
});

describe("under transforms", () => {
  const nd = (t: Tensor): NDArray => {
    const data = t.dataSync();
    const wide = t.dtype === "key";
    return { dtype: t.dtype, shape: t.shape, data: wide ? (data as never) : Float64Array.from(data as Float64Array) };
  };
  const draw = (k: Tensor): Tensor[] => {
    const [a, b] = random.split(k);
    return [random.normal(a, [2]), random.randint(b, [3], 0, 10), random.gamma(a, 0.5, [2]), random.permutation(b, 5)];
  };
  it("traced numbers are the eager ones; mapped over keys they are those of each key", () => {
    const { program, captures } = traceFlat((k) => draw(k), [aval([], "key")], { kind: "jit", name: "draw" });
    expect(captures).toEqual([]);
    const keys = random.split(key, 3);
    const each = [...keys].map((k) => draw(k).map(numbers));
    expect(interpret(program, [nd(np.index(keys, 1))]).map((x) => [...x.data])).toEqual(each[1]);
    const outDims = program.outputs.map(() => 0);
    const batched = batchProgram(program, { axisSize: 3, inDims: [0], outDims }).program;
    interpret(batched, [nd(keys)]).forEach((x, i) => expect([...x.data]).toEqual(each.flatMap((e) => e[i])));
  });
  it("seeds may be traced", () => {
    const { program } = traceFlat(
      (s) => [random.bits(random.key(s), [2]), random.bits(random.key(5), [2])],
      [aval([], "i32")],
      {
        kind: "jit",
        name: "seed",
      },
    );
    const [a, b] = interpret(program, [{ dtype: "i32", shape: [], data: Float64Array.of(5) }]);
    expect([...a.data]).toEqual([...b.data]);
    expect([...a.data]).toEqual(numbers(random.bits(random.key(5), [2])));
  });
});
