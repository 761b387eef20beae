/** Methods are the functions of the namespace with the array first, also on traced values. */
import { describe, expect, it } from "vitest";
import { array, jit, numpy as np, type Tensor } from "../../src/index.js";
import { codeOf } from "../api/helpers.js";

const x = array([[1.5, -2, 3], [4, 0.5, -6]]); // biome-ignore format: a matrix
const y = array([[2, 2, -1], [1, 3, 2]]); // biome-ignore format: a matrix
const i = array([[1, 2, 3], [4, 5, 6]], "i32"); // biome-ignore format: a matrix

type Fn = (a: Tensor, ...rest: never[]) => Tensor;
const CASES: readonly (readonly [name: string, on: Tensor, ...args: unknown[]])[] = [
  ...["add", "subtract", "multiply", "divide", "floorDivide", "remainder", "mod", "maximum", "minimum"].map(
    (n) => [n, x, y] as const,
  ),
  ...["equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual", "logicalAnd", "logicalOr", "logicalXor"].map(
    (n) => [n, x, y] as const,
  ),
  ...[
    "negative",
    "abs",
    "exp",
    "square",
    "tanh",
    "sin",
    "cos",
    "sign",
    "floor",
    "ceil",
    "round",
    "isnan",
    "isfinite",
    "logicalNot",
  ].map((n) => [n, x] as const),
  ...["bitwiseAnd", "bitwiseOr", "bitwiseXor"].map((n) => [n, i, i.T.reshape(2, 3)] as const),
  ["bitwiseNot", i],
  ["log", np.abs(x)],
  ["sqrt", np.abs(x)],
  ["clip", x, -1, 2],
  ["dot", x, y.T],
  ["matmul", x, y.T],
  ...[
    "sum",
    "prod",
    "mean",
    "max",
    "min",
    "std",
    "var",
    "argmax",
    "argmin",
    "cumsum",
    "cumprod",
    "sort",
    "argsort",
    "ptp",
    "flip",
  ].map((n) => [n, x, 1] as const),
  ...["all", "any"].map((n) => [n, np.greater(x, 0), 0] as const),
  ["roll", x, 1, 0],
  ["ravel", x],
  ["swapaxes", x, 0, 1],
  ["moveaxis", x, 0, 1],
  ["expandDims", x, 1],
  ["squeeze", np.expandDims(x, 0), 0],
  ["broadcastTo", x, [2, 2, 3]],
  ["repeat", x, 2, 0],
  ["tile", x, 2],
  ["diagonal", x, 1],
  ["trace", x],
  ["take", x, array([1, 0], "i32"), 1],
  ["index", x, 0, "::2"],
];

describe("methods", () => {
  it.each(CASES.map((c) => [c[0], c] as const))("%s", (name, [, on, ...args]) => {
    const f = (np as unknown as Record<string, Fn>)[name];
    const method = (t: Tensor): Tensor => (t as unknown as Record<string, (...a: unknown[]) => Tensor>)[name](...args);
    const want = f(on, ...(args as never[]));
    expect(method(on).js()).toEqual(want.js());
    expect(method(on).dtype).toBe(want.dtype);
    expect(jit(method)(on).shape).toEqual(want.shape);
  });
  it("short names", () => {
    expect(x.sub(y).js()).toEqual(np.subtract(x, y).js());
    expect(x.mul(y).div(y).neg().pow(2).js()).toEqual(np.power(np.negative(np.divide(np.multiply(x, y), y)), 2).js());
  });
  it("shapes as arguments or as a list", () => {
    expect(x.reshape(3, 2).shape).toEqual([3, 2]);
    expect(x.reshape([6]).shape).toEqual([6]);
    expect(x.expandDims(0).transpose(2, 0, 1).shape).toEqual([3, 1, 2]);
    expect([x.T.shape, x.expandDims(0).mT.shape]).toEqual([
      [3, 2],
      [1, 3, 2],
    ]);
  });
  it("astype", () => {
    expect(x.astype("i32").js()).toEqual([[1, -2, 3], [4, 0, -6]]); // biome-ignore format: a matrix
    expect(x.astype("bool").dtype).toBe("bool");
    expect(array([-1, 300, Number.NaN]).astype("u8").js()).toEqual([0, 255, 0]);
    expect(codeOf(() => x.astype("float64" as never))).toBe("TW2005");
  });
  it("reading values", async () => {
    expect(x.js()).toEqual([[1.5, -2, 3], [4, 0.5, -6]]); // biome-ignore format: a matrix
    expect([x.size, x.ndim, x.shape, x.dtype]).toEqual([6, 2, [2, 3], "f32"]);
    expect(await x.index(0).data()).toEqual(new Float32Array([1.5, -2, 3]));
    expect(x.index(1, 2).item()).toBe(-6);
    expect(np.array([1n, 2n]).dataSync()).toEqual(new BigInt64Array([1n, 2n]));
    expect(np.array([true, false]).js()).toEqual([true, false]);
    expect(codeOf(() => x.item())).toBe("TW2001");
  });
  it("operators are refused with the remedy", () => {
    expect(codeOf(() => (x as never as number) + 1)).toBe("TW1004");
    expect(codeOf(() => (x as never as number) > 0)).toBe("TW1004");
  });
});

describe("the namespace", () => {
  it("has the names that models need", () => {
    const functions = Object.values(np).filter((f) => typeof f === "function").length;
    expect(functions).toBeGreaterThan(250);
    expect(Object.keys(np.linalg).length).toBeGreaterThan(25);
  });
  it("facts about arrays", () => {
    expect([np.shape(x), np.ndim(x), np.size(x), np.size(x, 1), np.ndim(2)]).toEqual([[2, 3], 2, 6, 3, 0]);
    expect([np.isscalar(2), np.isscalar(x)]).toEqual([true, false]);
    expect(np.astype(x, "i32").dtype).toBe("i32");
    expect(np.copy(x)).toBe(x);
  });
  it("constants and dtypes", () => {
    expect([np.pi, np.e, np.inf, np.newaxis]).toEqual([Math.PI, Math.E, Number.POSITIVE_INFINITY, null]);
    expect(np.zeros([1], np.float64).dtype).toBe("f64");
  });
});

describe("taking an array apart", () => {
  it("gives its parts along the first axis", () => {
    const [first, second] = x;
    expect([first.js(), second.js()]).toEqual(x.js());
    expect([...np.arange(3)].map((v) => v.item())).toEqual([0, 1, 2]);
    const f = jit((v: Tensor) => {
      const [a, b, c] = v;
      return a.mul(b).add(c);
    });
    expect(f(array([2, 3, 4])).item()).toBe(10);
    expect(codeOf(() => [...array(1)])).toBe("TW2007");
  });
  it("jsAsync gives what js does", async () => {
    expect(await x.jsAsync()).toEqual(x.js());
  });
});
