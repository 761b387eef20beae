/** Kernels over named sizes: one program for many batches, values right at all of them. */
import { describe, expect, it } from "vitest";
import { grad, jit, kernel, numpy as np, type Tensor } from "../../src/index.js";
import {
  arange,
  cdiv,
  type constexpr,
  exp,
  load,
  max,
  programId,
  type Ref,
  store,
  sum,
} from "../../src/dsl/kernel/index.js";

type Rows = Ref<"f32", ["rows", "columns"]>;
const softmax = kernel(
  function softmax(x: Rows, out: Rows, BLOCK: constexpr) {
    const row = programId(0);
    const column = arange(BLOCK);
    const inside = column < x.shape[1];
    const v = load(x, [row, column], { mask: inside, other: -Infinity });
    const e = exp(v - max(v));
    store(out, [row, column], e / sum(e), { mask: inside });
  },
  { out: (x) => x, grid: (x) => x.shape[0] },
);
const double = kernel(
  function double(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>, BLOCK: constexpr) {
    const i = programId(0) * BLOCK + arange(BLOCK);
    const inside = i < x.shape[0];
    store(out, [i], load(x, [i], { mask: inside }) * 2, { mask: inside });
  },
  { out: (x) => x, grid: (x, { BLOCK }) => cdiv(x.shape[0], Number(BLOCK)) },
);

const filled = (shape: number[]): Tensor =>
  np.sin(np.arange(shape.reduce((a, b) => a * b, 1)).astype("f32")).reshape(shape);
const numbers = (x: Tensor): number[] => Array.from(x.dataSync() as Float32Array);
const rowsSoftmax = (x: Tensor, columns: number): number[] => {
  const v = numbers(x);
  return v.map((_, i) => {
    const first = i - (i % columns);
    const row = v.slice(first, first + columns);
    const m = Math.max(...row);
    return Math.exp(v[i] - m) / row.reduce((s, y) => s + Math.exp(y - m), 0);
  });
};
const close = (a: readonly number[], b: readonly number[]): void => {
  expect(a.length).toBe(b.length);
  expect(a.length).toBeGreaterThan(0);
  a.forEach((x, i) => expect(x).toBeCloseTo(b[i], 5));
};

describe("kernels over named sizes", () => {
  it("one program for batches 7, 8, 9, 31", () => {
    const f = jit((x: Tensor) => softmax(x.mul(2), { BLOCK: 16 }), { dynamic: [{ 0: "n" }] });
    for (const n of [7, 8, 9, 31, 2, 200]) close(numbers(f(filled([n, 13]))), rowsSoftmax(filled([n, 13]).mul(2), 13));
    expect(f.entries().filter((e) => e.sizes.length > 0).length).toBe(1);
    expect(f.entries().length).toBe(1);
  });
  it("grids and masks that follow a size", () => {
    const f = jit((x: Tensor) => double(x, { BLOCK: 4 }), { dynamic: true });
    for (const n of [7, 8, 9, 31, 2, 100]) close(numbers(f(filled([n]))), numbers(filled([n]).mul(2)));
    expect(f.entries().length).toBe(1);
  });
  it("gradients", () => {
    const f = jit(
      grad((x: Tensor) => softmax(x, { BLOCK: 8 }).mul(np.cos(x)).sum()),
      { dynamic: [{ 0: "n" }] },
    );
    const g = (n: number): number[] => {
      const exact = jit(
        grad((x: Tensor) => softmax(x, { BLOCK: 8 }).mul(np.cos(x)).sum()),
        { dynamic: false },
      );
      return numbers(exact(filled([n, 5])));
    };
    for (const n of [7, 8, 9, 31]) close(numbers(f(filled([n, 5]))), g(n));
  });
  it("without a mask, where blocks fit at some sizes", () => {
    const plain = kernel(
      function plain(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>, BLOCK: constexpr) {
        const i = programId(0) * BLOCK + arange(BLOCK);
        store(out, [i], load(x, [i]) + 1);
      },
      { out: (x) => x, grid: (x, { BLOCK }) => x.shape[0] / Number(BLOCK) },
    );
    const f = jit((x: Tensor) => plain(x, { BLOCK: 4 }), { dynamic: true });
    for (const n of [8, 12, 16, 40]) close(numbers(f(filled([n]))), numbers(filled([n]).add(1)));
  });
  it("says why sizes without names have a program each", () => {
    const f = jit((x: Tensor) => double(x, { BLOCK: 4 }));
    for (const n of [7, 8]) close(numbers(f(filled([n]))), numbers(filled([n]).mul(2)));
    expect(f.entries().length).toBe(2);
    for (const e of f.entries()) expect(e.refusal).toContain("unless `dynamic` names the axis");
  });
});
