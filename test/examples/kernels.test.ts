/** The kernels of the examples: puzzles against loops over plain numbers, tutorials against the library, at sizes that no block divides. */
import { grad, jit, nn, numpy as np, random, type Tensor } from "tilework";
import { describe, expect, test } from "vitest";
import { puzzles } from "../../examples/kernels/puzzles/index.js";
import { makeAttention } from "../../examples/kernels/tutorials/attention.js";
import { dropout } from "../../examples/kernels/tutorials/dropout.js";
import { group, groupedGemm } from "../../examples/kernels/tutorials/grouped-gemm.js";
import { layerNorm } from "../../examples/kernels/tutorials/layer-norm.js";
import { matmul } from "../../examples/kernels/tutorials/matmul.js";
import { persistentMatmul } from "../../examples/kernels/tutorials/persistent-matmul.js";
import { softmax } from "../../examples/kernels/tutorials/softmax.js";
import { vectorAdd } from "../../examples/kernels/tutorials/vector-add.js";

function close(got: Tensor, want: Tensor, tolerance = 1e-5): void {
  expect(got.shape).toEqual(want.shape);
  const [a, b] = [got.dataSync(), want.dataSync()];
  const scale = Math.max(1, ...b.map(Math.abs));
  a.forEach((v: number, i: number) => {
    expect(Math.abs(v - b[i]) / scale, `element ${i}: ${v} and ${b[i]}`).toBeLessThan(tolerance);
  });
}
const normal = (seed: number, ...shape: number[]): Tensor => random.normal(random.key(seed), shape);

describe.each([100, 33, 3])("puzzles over %i elements", (n) => {
  test.each(puzzles(n).map((p) => [p.title, p] as const))("%s", (_title, { solve, want }) => {
    const got = solve().dataSync();
    const expected = want();
    const scale = Math.max(1, ...expected.map(Math.abs));
    expect(got.length).toBe(expected.length);
    expected.forEach((v, i) => {
      expect(Math.abs(v - got[i]) / scale, `element ${i}`).toBeLessThan(1e-5);
    });
  });
});

describe("tutorials", () => {
  test.each([1, 7, 1000, 98432])("vector addition of %i elements", (n) => {
    const [x, y] = [normal(1, n), normal(2, n)];
    close(vectorAdd(x, y, { BLOCK: 1024 }), x.add(y));
  });
  test.each([1, 33, 781])("softmax of rows of %i", (n) => {
    const x = normal(3, 13, n);
    close(softmax(x), nn.softmax(x));
  });
  test.each([
    [1, 1, 1],
    [64, 64, 64],
    [129, 33, 65],
    [100, 7, 200],
  ])("matmul %i×%i×%i", (m, k, n) => {
    const [a, b] = [normal(4, m, k), normal(5, k, n)];
    const blocks = { BM: 32, BN: 64, BK: 16 };
    close(matmul(a, b, { ...blocks, GROUP: 3 }), np.dot(a, b));
    const activated = matmul(a, b, { ...blocks, GROUP: 2, ACTIVATION: "leaky relu" });
    close(activated, nn.leakyRelu(np.dot(a, b), 0.01));
    close(persistentMatmul(a, b, { ...blocks, PROGRAMS: 4 }), np.dot(a, b));
  });
  test("dropout keeps about 1 − p of the elements, the same ones for a seed", () => {
    const x = np.ones([10_007]);
    const once = dropout(x, 0.3, 123, { BLOCK: 256 });
    close(dropout(x, 0.3, 123, { BLOCK: 512 }), once);
    const kept = once.dataSync().filter((v) => v !== 0);
    expect(Math.abs(kept.length / 10_007 - 0.7)).toBeLessThan(0.02);
    for (const v of kept) expect(v).toBeCloseTo(1 / 0.7, 5);
    expect(dropout(x, 0.3, 124, { BLOCK: 256 }).dataSync()).not.toEqual(once.dataSync());
  });
  test.each([
    [5, 7],
    [151, 129],
  ])("layer norm of [%i, %i] and its gradient", (rows, cols) => {
    const args = [normal(6, rows, cols), normal(7, cols), normal(8, cols)] as const;
    const dy = normal(9, rows, cols);
    const plain = (x: Tensor, w: Tensor, b: Tensor): Tensor => {
      const d = x.sub(np.mean(x, 1, { keepdims: true }));
      return d
        .div(np.sqrt(np.mean(d.mul(d), 1, { keepdims: true }).add(1e-5)))
        .mul(w)
        .add(b);
    };
    close(layerNorm(...args), plain(...args));
    const through = (f: typeof plain) =>
      grad((x: Tensor, w: Tensor, b: Tensor) => np.sum(f(x, w, b).mul(dy)), { argnums: [0, 1, 2] })(...args);
    const want = through(plain) as unknown as Tensor[];
    (through(layerNorm) as unknown as Tensor[]).forEach((g, i) => {
      close(g, want[i], 1e-4);
    });
  });
  test.each([
    [2, 33, 8, false],
    [3, 100, 16, true],
  ])("attention of %i heads, %i positions, %i features, causal %s, and its gradient", (heads, n, d, causal) => {
    const args = [1, 2, 3].map((i) => normal(i + 20, heads, n, d)) as [Tensor, Tensor, Tensor];
    const dout = normal(30, heads, n, d);
    const attention = makeAttention({ BM: 32, BN: 16, CAUSAL: causal });
    const plain = (q: Tensor, k: Tensor, v: Tensor): Tensor => {
      const scores = np.einsum("hid,hjd->hij", q, k).div(Math.sqrt(d));
      const seen = causal ? np.where(np.greater(np.tri(n), 0), scores, -Infinity) : scores;
      return np.einsum("hij,hjd->hid", nn.softmax(seen), v);
    };
    close(jit(attention)(...args), plain(...args));
    const through = (f: typeof plain) =>
      jit(grad((q: Tensor, k: Tensor, v: Tensor) => np.sum(f(q, k, v).mul(dout)), { argnums: [0, 1, 2] }))(...args);
    const want = through(plain) as unknown as Tensor[];
    (through(attention) as unknown as Tensor[]).forEach((g, i) => {
      close(g, want[i], 1e-4);
    });
  });
  test("grouped matrix products", () => {
    const pairs = [
      [normal(1, 17, 33), normal(2, 33, 40)],
      [normal(3, 5, 8), normal(4, 8, 3)],
      [normal(5, 64, 64), normal(6, 64, 64)],
    ] as const;
    const { table, size } = group(pairs);
    const flat = (side: 0 | 1): Tensor => np.concatenate(pairs.map((p) => np.ravel(p[side])));
    const c = groupedGemm(flat(0), flat(1), table, { BM: 16, BN: 16, BK: 16, SIZE: size });
    close(c, np.concatenate(pairs.map(([a, b]) => np.ravel(np.dot(a, b)))));
  });
});
