/** Kernels over named sizes: one program for many batches, values right at all of them. */
import { describe, expect, it } from "vitest";
import { grad, jit, kernel, numpy as np, type Tensor } from "../../src/index.js";
import {
  arange,
  cdiv,
  type constexpr,
  dot,
  exp,
  expandDims,
  load,
  max,
  maximum,
  programId,
  range,
  type Ref,
  store,
  sum,
  trans,
  zeros,
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
  it("a second size makes it dynamic, without names", () => {
    const f = jit((x: Tensor) => double(x, { BLOCK: 4 }));
    for (const n of [7, 8, 9, 31]) close(numbers(f(filled([n]))), numbers(filled([n]).mul(2)));
    expect(f.entries().length).toBe(2);
  });
  it("masks along a named axis that is summed up: as long as the block, longer, shorter", () => {
    const f = jit((x: Tensor) => softmax(x, { BLOCK: 16 }), { dynamic: [{ 1: "n" }] });
    for (const n of [7, 8, 2, 15, 16]) close(numbers(f(filled([3, n]))), rowsSoftmax(filled([3, n]), n));
    // what masks leave out counts: 16 - n twos, and none where the block is full
    const padded = kernel(
      function padded(x: Rows, out: Ref<"f32", ["rows"]>, BLOCK: constexpr) {
        const column = arange(BLOCK);
        const v = load(x, [programId(0), column], { mask: column < x.shape[1], other: 2 });
        store(out, [programId(0)], sum(v) + max(v));
      },
      { out: (x) => ({ shape: [x.shape[0]], dtype: x.dtype }), grid: (x) => x.shape[0] },
    );
    const g = jit((x: Tensor) => padded(x, { BLOCK: 16 }), { dynamic: [{ 1: "n" }] });
    for (const n of [7, 8, 15, 16, 40]) {
      const v = numbers(filled([2, n]));
      const rows = [v.slice(0, n), v.slice(n)].map((row) => Array.from({ length: 16 }, (_, i) => (i < n ? row[i] : 2)));
      close(
        numbers(g(filled([2, n]))),
        rows.map((row) => row.reduce((a, b) => a + b, 0) + Math.max(...row)),
      );
    }
    expect(g.entries().length).toBe(1);
  });
  it("sums in steps along a named axis, products of blocks with named rows", () => {
    const columnSums = kernel(
      function columnSums(x: Rows, out: Ref<"f32", ["columns"]>, R: constexpr, C: constexpr) {
        const column = programId(0) * C + arange(C);
        let sums = zeros([C]);
        for (const step of range(cdiv(x.shape[0], R))) {
          const row = step * R + arange(R);
          const inside = expandDims(row < x.shape[0], 1);
          const block = load(x, [expandDims(row, 1), expandDims(column, 0)], { mask: inside });
          sums = sums + sum(block, { axis: 0 });
        }
        store(out, [column], sums);
      },
      { out: (x) => ({ shape: [x.shape[1]], dtype: x.dtype }), grid: (x, { C }) => x.shape[1] / Number(C) },
    );
    const matmul = kernel(
      function matmul(a: Rows, b: Ref<"f32", ["columns", "m"]>, out: Ref<"f32", ["rows", "m"]>, B: constexpr) {
        const i = expandDims(programId(0) * B + arange(B), 1);
        const j = expandDims(programId(1) * B + arange(B), 0);
        const [down, across] = [expandDims(arange(B), 1), expandDims(arange(B), 0)];
        const left = load(a, [i, across], { mask: i < a.shape[0] && across < a.shape[1] });
        const right = load(b, [down, j], { mask: down < b.shape[0] && j < b.shape[1] });
        store(out, [i, j], dot(left, right), { mask: i < a.shape[0] && j < b.shape[1] });
      },
      {
        out: (a, b) => ({ shape: [a.shape[0], b.shape[1]], dtype: a.dtype }),
        grid: (a, b, { B }) => [cdiv(a.shape[0], Number(B)), cdiv(b.shape[1], Number(B))],
      },
    );
    const f = jit((x: Tensor) => columnSums(x, { R: 4, C: 8 }));
    const g = jit((a: Tensor, b: Tensor) => matmul(a, b, { B: 16 }));
    const b = filled([11, 21]);
    for (const n of [7, 8, 9, 31]) {
      close(numbers(f(filled([n, 16]))), numbers(np.sum(filled([n, 16]), 0)));
      close(numbers(g(filled([n, 11]), b)), numbers(np.dot(filled([n, 11]), b)));
    }
    expect(f.entries().length).toBe(2);
    expect(g.entries().length).toBe(2);
  });
});

describe("kernels that keep something in memory for each of their programs", () => {
  it("over a named grid, in steps along a named axis, with their gradients", () => {
    const attention = kernel(
      function attention(q: Rows, k: Ref<"f32", ["keys", "columns"]>, out: Rows, B: constexpr, D: constexpr) {
        const i = expandDims(programId(0) * B + arange(B), 1);
        const d = expandDims(arange(D), 0);
        const queries = load(q, [i, d], { mask: i < q.shape[0] });
        let sums = zeros([B, D]);
        let most = zeros([B]);
        for (const step of range(cdiv(k.shape[0], B))) {
          const j = expandDims(step * B + arange(B), 1);
          const keys = load(k, [j, d], { mask: j < k.shape[0] });
          const scores = dot(queries, trans(keys));
          most = maximum(most, max(scores, { axis: 1 }));
          sums = sums + dot(scores, keys);
        }
        store(out, [i, d], sums * expandDims(most, 1), { mask: i < q.shape[0] });
      },
      { out: (q) => q, grid: (q, _, { B }) => cdiv(q.shape[0], Number(B)) },
    );
    const wanted = (q: number[][], k: number[][]): number[][] =>
      q.map((row) => {
        const scores = k.map((key) => key.reduce((s, x, d) => s + x * row[d], 0));
        const most = Math.max(0, ...scores);
        return row.map((_, d) => most * scores.reduce((s, x, j) => s + x * k[j][d], 0));
      });
    const f = jit((q: Tensor, k: Tensor) => attention(q, k, { B: 8, D: 4 }));
    const g = jit(grad((q: Tensor, k: Tensor) => attention(q, k, { B: 8, D: 4 }).sum()));
    const exact = jit(
      grad((q: Tensor, k: Tensor) => attention(q, k, { B: 8, D: 4 }).sum()),
      { dynamic: false },
    );
    for (const n of [17, 18, 7, 8, 9, 31]) {
      const [q, k] = [filled([n, 4]).mul(0.3), np.cos(filled([n + 3, 4])).mul(0.3)];
      close(numbers(f(q, k)), wanted(q.js() as number[][], k.js() as number[][]).flat());
      close(numbers(g(q, k)), numbers(exact(q, k)));
    }
    expect(f.entries().flatMap((e) => e.refusal || [])).toEqual([]);
    expect(f.entries().length).toBe(2);
    expect(g.entries().length).toBe(2);
  });
});
