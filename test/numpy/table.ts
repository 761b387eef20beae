/** Runs a table of expressions against the results that NumPy gives, eagerly and compiled. */
import { describe, expect, it } from "vitest";
import { array, type DType, jit, numpy as np, Tensor } from "../../src/index.js";

export const A = array([[1, 2, 3], [4, 5, 6]]); // biome-ignore format: a matrix
export const B = array([[1.5, -2, 0.25], [-0.5, 3, 7]]); // biome-ignore format: a matrix
export const I = array([[7, -7, 3], [-3, 0, 5]], "i32"); // biome-ignore format: a matrix
export const J = array([[2, 2, -2], [2, 3, -4]], "i32"); // biome-ignore format: a matrix
export const U = array([200, 100, 3], "u8");
export const V = array([3, 1, 2, 5, 4]);
export const N = array([[1, Number.NaN, 3], [4, 5, Number.NaN]]); // biome-ignore format: a matrix
export const M = array([[true, false, true], [false, true, true]]); // biome-ignore format: a matrix
export const T = np.arange(24, { dtype: "f32" }).reshape(2, 3, 4);
/** Symmetric and positive definite. */
export const S = array([[4, 1, 0.5], [1, 3, 0.25], [0.5, 0.25, 2]]); // biome-ignore format: a matrix
export const G = array([[2, 1, 1], [1, 3, 2], [1, 0, 0]]); // biome-ignore format: a matrix
export const W = array([0.5, -1.5, 2.5, -0, Number.POSITIVE_INFINITY, Number.NaN]);
export const E = np.zeros([0, 3]);
export const Z = array(2.5);
export const K = array([2, 0, 1], "i32");
export const D = array([1, 3, 1, 2, 3, 3], "i32");

export class Empty {
  constructor(readonly shape: readonly number[]) {}
}
/** An array without elements, whose shape is all there is to see. */
export const empty = (...shape: number[]): Empty => new Empty(shape);

type Value = number | boolean | bigint | Empty | readonly Value[];
/** An expression, what it gives, and its dtype; the expression's own text is the test's name. */
export type Case = readonly [
  run: () => Tensor | readonly Tensor[],
  expected: Value,
  dtype?: DType | "eager" | `${DType} eager`,
];

function compare(got: Tensor, want: Value, path: string): void {
  if (want instanceof Empty) {
    expect([...got.shape], `${path}: shape`).toEqual(want.shape);
    return;
  }
  const shape: number[] = [];
  for (let v: Value = want; Array.isArray(v); v = v[0]) shape.push(v.length);
  expect([...got.shape], `${path}: shape`).toEqual(shape);
  const flat = (shape.length === 0 ? [want] : (want as Value[]).flat(20)) as (number | boolean | bigint)[];
  const data = got.dataSync();
  const tolerance = got.dtype === "f64" ? 1e-8 : got.dtype === "f16" ? 2e-3 : got.dtype === "bf16" ? 1e-2 : 2e-6;
  flat.forEach((w, i) => {
    const g = data[i];
    if (typeof w === "boolean") expect(Boolean(g), `${path} element ${i}`).toBe(w);
    else if (typeof w === "bigint" || typeof g === "bigint") expect(BigInt(g), `${path} element ${i}`).toBe(BigInt(w));
    else if (!Number.isFinite(w)) expect(g, `${path} element ${i}`).toBe(w);
    else {
      expect(Math.abs(g - w), `${path} element ${i}: ${g} for ${w}`).toBeLessThanOrEqual(
        tolerance * Math.max(1, Math.abs(w)),
      );
    }
  });
}

function check(result: Tensor | readonly Tensor[], expected: Value, dtype: string | undefined): void {
  if (result instanceof Tensor) {
    compare(result, expected, "result");
    if (dtype) expect(result.dtype).toBe(dtype);
  } else {
    const list = expected as readonly Value[];
    expect(result.length).toBe(list.length);
    result.forEach((r, i) => compare(r, list[i], `result ${i}`));
  }
}

/** The expression as it is written, without what the test runner makes of imports. */
const textOf = (run: () => unknown): string =>
  String(run)
    .replace(/^\(\)\s*=>\s*/, "")
    .replace(/__vite_ssr_import_\d+__\.numpy/g, "np")
    .replace(/\(0,\s*__vite_ssr_import_\d+__\.(\w+)\)/g, "$1")
    .replace(/__vite_ssr_import_\d+__\./g, "");

/** Every case eagerly, and (unless marked eager: its shape depends on values) compiled as one program. */
export function checkTable(cases: readonly Case[]): void {
  describe.each(cases.map((c) => [textOf(c[0]), c] as const))("%s", (_, [run, expected, kind]) => {
    const dtype = kind?.replace(/ ?eager$/, "") || undefined;
    it("eager", () => check(run(), expected, dtype));
    if (!kind?.endsWith("eager")) it("jit", () => check(jit(run as () => Tensor)(), expected, dtype));
  });
}
