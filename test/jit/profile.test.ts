import { expect, it } from "vitest";
import { debug, explain, jit, lax, memoryStats, numpy as np, type Tensor } from "../../src/index.js";

const step = jit(
  (x: Tensor, w: Tensor) => {
    const h = np.tanh(np.dot(x, w));
    const [, sums] = lax.scan((c: Tensor, row: Tensor) => [c.add(row), c.sum()], np.zeros([32]), h);
    return [x.mul(2), sums];
  },
  { donate: 0 },
);

it("has a row for each launch and copy, and leaves arguments as they are, donated ones too", () => {
  const [x, w] = [np.ones([64, 16]), np.ones([16, 32])];
  const profile = explain(step)(x, w).profile({ seconds: 0.01 });
  const product = profile.rows.find((r) => r.name.includes("rsum") && r.arrays.includes("f32[1024] f32[512]"));
  expect(product?.count).toBe(1);
  // 2·64·16·32 operations and 2048 tanh
  const operations = (product?.gops ?? 0) * (product?.ms ?? 0) * 1e6;
  expect(operations).toBeGreaterThan(2 * 64 * 16 * 32);
  expect(operations).toBeLessThan(4 * 64 * 16 * 32);
  expect(profile.rows.some((r) => r.count === 64)).toBe(true);
  for (const r of profile.rows) expect(r.ms).toBeGreaterThanOrEqual(0);
  expect(profile.ms).toBeGreaterThan(0);
  expect(String(profile).split("\n")).toHaveLength(profile.rows.length + 2);
  expect(x.dataSync()).toEqual(new Float32Array(1024).fill(1));
  expect((step(x, w)[0] as Tensor).dataSync()).toEqual(new Float32Array(1024).fill(2));
});

it("gives its memory back", () => {
  const explanation = explain(jit((x: Tensor) => x.mul(2)))(np.ones([1 << 18]));
  explanation.profile({ seconds: 0 });
  const { memoryBytes } = memoryStats();
  for (let i = 0; i < 20; i++) explanation.profile({ seconds: 0 });
  expect(memoryStats().memoryBytes).toBe(memoryBytes);
});

it("calls callbacks in every run", () => {
  let calls = 0;
  const f = jit((x: Tensor) => {
    debug.callback(() => calls++, x);
    return x.add(1);
  });
  explain(f)(np.ones([3])).profile({ seconds: 0 });
  expect(calls).toBe(8);
});
