/** Reductions of everything that are shared by several programs: right at sizes around their chunks, in every operation, whatever shares them. */
import { describe, expect, it } from "vitest";
import { array, jit, numpy as np, type Tensor } from "../../src/index.js";

const SIZES = [2 ** 17 - 1, 2 ** 17, 2 ** 17 + 1, 2 ** 17 + 65, 200_003, 2 ** 18 + 16];

describe("reductions of everything", () => {
  it.each(SIZES)("of %i elements", (n) => {
    const values = Array.from({ length: n }, (_, i) => ((i * 7919) % 1013) - 500);
    values[n - 1] = 600;
    values[(n * 3) >> 2] = -700;
    const x = array(values, { dtype: "i32" });
    const f = array(values, { dtype: "f32" });
    const sum = values.reduce((a, b) => a + b);
    expect(np.sum(x).item()).toBe(sum);
    expect(np.max(x).item()).toBe(600);
    expect(np.min(x).item()).toBe(-700);
    expect(np.max(f).item()).toBe(600);
    expect(np.min(f).item()).toBe(-700);
    expect(np.argmax(f).item()).toBe(n - 1);
    expect(np.any(x.equal(600)).item()).toBe(true);
    expect(np.all(x.less(600)).item()).toBe(false);
    // small whole numbers: every partial sum is exact
    expect(np.sum(f).item()).toBe(sum);
  });
  it("of several axes, of an axis that is short, and of products with what broadcasts", () => {
    const x = array(Array.from({ length: 3 * 70_001 }, (_, i) => (i % 97) - 48)).reshape([3, 70_001]);
    const rows = [0, 1, 2].map((r) => Array.from({ length: 70_001 }, (_, i) => ((r * 70_001 + i) % 97) - 48));
    const w = array([1, 2, 3]).reshape([3, 1]);
    const total = rows.reduce((s, row, r) => s + (r + 1) * row.reduce((a, b) => a + b), 0);
    expect(jit((a: Tensor, b: Tensor) => np.sum(a.mul(b)))(x, w).item()).toBe(total);
    expect(jit((a: Tensor) => np.sum(a.T))(x).item()).toBe(rows.flat().reduce((a, b) => a + b));
  });
  it("together, with what follows from them", () => {
    const x = array(Array.from({ length: 2 ** 18 }, (_, i) => (i % 8) - 2));
    const both = jit((a: Tensor) => {
      const [s, m] = [np.sum(a), np.max(a)];
      return [s, m, np.sqrt(np.sum(a.mul(a))).add(m), a.sub(m)] as const;
    })(x);
    expect(both.slice(0, 3).map((y) => y.item())).toEqual([
      1.5 * 2 ** 18,
      5,
      Math.fround(Math.fround(Math.sqrt(2 ** 15 * 60)) + 5),
    ]);
    expect(Array.from(both[3].dataSync().slice(0, 9))).toEqual([-7, -6, -5, -4, -3, -2, -1, 0, -7]);
  });
  it("NaN anywhere is the sum and both extrema", () => {
    const values = new Float32Array(2 ** 18);
    values[2 ** 18 - 3] = Number.NaN;
    const x = array(values);
    expect([np.sum(x), np.max(x), np.min(x)].map((y) => y.item())).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });
});
