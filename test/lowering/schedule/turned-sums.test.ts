/** Sums over an axis of one element have no loop of their own; read across, blocks of rows are walked one after the other. */
import { describe, expect, test } from "vitest";
import { jit, numpy as np } from "../../../src/index.js";

describe("products over an axis of one element, read across", () => {
  test.each(["f16", "f32"] as const)("%s", (dtype) => {
    const numbers = Array.from({ length: 2 * 17 * 2 }, (_, i) => i % 5);
    const q = np.array([1, 2, 3, 4], { dtype }).reshape(2, 1, 2, 1);
    const k = np.array(numbers, { dtype }).reshape(2, 17, 2, 1);
    const f = jit((q, k) => np.einsum("bthd,bshd->bhts", q, k));
    const want: number[] = [];
    for (const b of [0, 1])
      for (const h of [0, 1]) for (let s = 0; s < 17; s++) want.push((1 + 2 * b + h) * numbers[(b * 17 + s) * 2 + h]);
    expect([...f(q, k).dataSync()].map(Number)).toEqual(want);
  });
});
