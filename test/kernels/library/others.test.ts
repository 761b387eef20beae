/** Embedding, rotary embedding, scans, quantised products, Adam: against numpy's functions and plain JavaScript. */
import { grad, lax, numpy as np, type Tensor } from "tilework";
import { library } from "tilework/kernels";
import { describe, expect, test } from "vitest";
import { expectClose, expectKernel, expectSlopes, integers, normal, SIZES } from "./check.js";

describe.each(SIZES)("%d", (n) => {
  test("embedding and scatter-add", () => {
    const table = normal([n, 5]);
    const ids = integers([2, 3], n);
    expectKernel(
      (t, i) => library.embedding(t, i),
      (t, i) => np.take(t, i, 0),
      [table, ids],
    );
    const wide = normal([4, n]);
    const at = integers([4], 3);
    const byOneHot = (i: Tensor, rows: Tensor): Tensor =>
      np.matmul(np.equal(np.reshape(np.arange(3), [3, 1]), i).astype("f32"), rows);
    expectKernel((i, rows) => library.scatterAdd(i, rows, 3), byOneHot, [at, wide], 1e-5);
    expectSlopes((t, i) => library.embedding(t, i), [normal([n, 3], "f64"), integers([7], n)]);
  });
  test("rotary embedding", () => {
    const d = 2 * (n > 500 ? 3 : n);
    const x = normal([2, n > 500 ? n : 3, 2, d]);
    const [cos, sin] = library.rotaryTables(x.shape[1], d);
    const reference = (a: Tensor, c: Tensor, s: Tensor): Tensor => {
      const [u, v] = np.split(a, 2, -1);
      const [c4, s4] = [c, s].map((t) => np.expandDims(t, 1));
      return np.concatenate([u.mul(c4).sub(v.mul(s4)), v.mul(c4).add(u.mul(s4))], -1);
    };
    expectKernel((a, c, s) => library.rotary(a, c, s), reference, [x, cos, sin]);
    const half = normal([2, 3, 2, 4], "f64");
    const tables = library.rotaryTables(3, 4).map((t) => t.astype("f64"));
    expectSlopes((a) => library.rotary(a, tables[0], tables[1]), [half]);
  });
  test("cumulative sums and the greatest", () => {
    const x = normal([3, n]);
    expectKernel(
      (a) => library.cumsum(a),
      (a) => np.cumsum(a, 1),
      [x],
      1e-4,
    );
    expectSlopes((a) => library.cumsum(a), [normal([2, n], "f64")]);
    const k = Math.min(n, 4);
    for (const part of [0, 1])
      expectKernel(
        (a) => library.topK(a, k)[part],
        (a) => lax.topK(a, k)[part],
        [x],
        0,
      );
    expectSlopes((a) => library.topK(a, k)[0], [normal([2, n], "f64")]);
  });
  test("products by quantised weights", () => {
    // at most half a step of the column's scale from each weight
    const w = normal([64, n > 500 ? 3 : n]);
    const [w8, s8] = library.quantizeInt8(w);
    const wide8 = w8.astype("f32").mul(s8);
    expect(np.max(np.abs(wide8.sub(w)).div(s8)).item()).toBeLessThanOrEqual(0.5001);
    const x = normal([n > 500 ? n : 5, 64]);
    expectKernel(
      (a, b, s) => library.matmulInt8(a, b, s),
      (a, b, s) => np.matmul(a, b.astype("f32")).mul(s),
      [x, w8, s8],
      1e-4,
    );
    const [w4, s4] = library.quantizeInt4(w, { group: 16 });
    const wide4 = unpacked(w4, s4, 16);
    expect(np.max(np.abs(wide4.sub(w)).div(np.repeat(s4, 16, 0))).item()).toBeLessThanOrEqual(0.5001);
    expectKernel(
      (a, b, s) => library.matmulInt4(a, b, s),
      (a, b, s) => np.matmul(a, unpacked(b, s, 16)),
      [x, w4, s4],
      1e-4,
    );
    const doubles = normal([2, 64], "f64");
    expectSlopes((a) => library.matmulInt8(a, w8, s8.astype("f64")), [doubles]);
    expectSlopes((a) => library.matmulInt4(a, w4, s4.astype("f64")), [doubles]);
  });
  test("Adam", () => {
    const [p, m, v, g] = [normal([n]), normal([n]), np.square(normal([n])), normal([n])];
    const rates = np.array([0.02, 1.7]);
    const got = library.adamStep(p, m, v, g, rates, { decay: 0.01 }).map((t) => t.dataSync());
    const [P, M, V, G] = [p, m, v, g].map((t) => t.dataSync());
    for (let i = 0; i < n; i++) {
      const first = 0.9 * M[i] + 0.1 * G[i];
      const second = 0.999 * V[i] + 0.001 * G[i] ** 2;
      expect(got[1][i]).toBeCloseTo(first, 5);
      expect(got[2][i]).toBeCloseTo(second, 5);
      const next = 0.99 * P[i] - (0.02 * first) / (Math.sqrt(1.7 * second) + 1e-8);
      expect(Math.abs(got[0][i] - next)).toBeLessThan(1e-4 * (1 + Math.abs(next)));
    }
  });
});

/** 4-bit weights as floats, by plain JavaScript. */
function unpacked(w: Tensor, scale: Tensor, group: number): Tensor {
  const [half, n] = w.shape;
  const low = np.bitwiseAnd(w, np.array(15, { dtype: "u8" })).astype("f32");
  const high = np.floor(np.divide(w.astype("f32"), 16));
  const whole = np.reshape(np.stack([low, high], 1), [half * 2, n]).sub(8);
  return whole.mul(np.repeat(scale, group, 0));
}

test("gradients flow through parameters that were made one vector", () => {
  const params = { w: normal([2, 3]), b: normal([3]) };
  const [vector, back] = library.flattenParameters(params);
  expect(vector.shape).toEqual([9]);
  const again = back(vector) as typeof params;
  expectClose(again.w, params.w, 0);
  expectClose(again.b, params.b, 0);
  const slope = grad((x: Tensor) => np.sum(np.square((back(x) as typeof params).w)))(vector);
  expectClose(np.sum(slope), np.sum(params.w).mul(2), 1e-5);
});

describe("dropout", () => {
  const seed = (n: number): Tensor => np.array(n, { dtype: "i32" });
  test.each(SIZES)("of %d elements is a choice by seed and place, and linear", (n) => {
    const x = np.add(np.abs(normal([n])), 0.5);
    const f = (a: Tensor, s: Tensor): Tensor => library.dropout(a, s, { rate: 0.25 });
    // what stays does not depend on the elements, nor on how many there are
    const stays = np.greater(f(np.ones([n]), seed(7)), 0);
    expectKernel(f, (a) => np.where(stays, a.div(0.75), 0), [x, seed(7)], 1e-6);
    const more = np.greater(f(np.ones([n + 300]), seed(7)), 0);
    expect([...stays.dataSync()]).toEqual([...lax.sliceInDim(more, 0, n, 1, 0).dataSync()]);
    expectSlopes(f, [normal([2, n], "f64"), seed(3)]);
  });
  test("leaves the share that it says, another choice with another seed", () => {
    const [a, b] = [1, 2].map((s) => np.greater(library.dropout(np.ones([100, 1000]), seed(s), { rate: 0.1 }), 0));
    // 100,000 draws: a standard deviation is 95
    for (const x of [a, b]) expect(Math.abs(Number(np.sum(x.astype("i32")).item()) - 90000)).toBeLessThan(500);
    // both agree at 0.82 of the places
    expect(Math.abs(Number(np.sum(np.equal(a, b).astype("i32")).item()) - 82000)).toBeLessThan(700);
    expect([...library.dropout(np.ones([5]), seed(1), { rate: 0 }).dataSync()]).toEqual([1, 1, 1, 1, 1]);
    expect(() => library.dropout(np.ones([5]), seed(1), { rate: 1 })).toThrow(/rate/);
  });
  test("a number is a seed, and fractions are none", () => {
    const of = (s: Tensor | number): number[] => [...library.dropout(np.ones([300]), s, { rate: 0.5 }).dataSync()];
    expect(of(7)).toEqual(of(seed(7)));
    for (const wrong of [0.5, -1, np.array(0.5), np.array([1, 2], { dtype: "i32" })])
      expect(() => of(wrong)).toThrow(/TW2005: dropout: the seed is/);
  });
});

test("4-bit weights with many rows", () => {
  const [w, s] = library.quantizeInt4(normal([64, 70]), { group: 16 });
  expectKernel(
    (a, b, c) => library.matmulInt4(a, b, c),
    (a, b, c) => np.matmul(a, unpacked(b, c, 16)),
    [normal([33, 64]), w, s],
    1e-4,
  );
  expectSlopes((a) => library.matmulInt4(a, w, s.astype("f64")), [normal([9, 64], "f64")]);
});
