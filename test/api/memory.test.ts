/** Memory as users see it, in a process with a small limit: spilling behind their backs, and an error that leaves all as it was. */
import { array, configure, grad, jit, liveArrays, memoryStats, numpy as np, type Tensor, vmap } from "tilework";
import { beforeAll, describe, expect, it } from "vitest";
import { codeOf, errorOf, expectClose } from "./helpers.js";

const MB = 1024 * 1024;

beforeAll(() => {
  expect(liveArrays()).toEqual([]);
  // before the first array
  configure({ memoryLimit: 24 * MB, spillLimit: 4 * MB });
});

describe("under pressure", () => {
  it("arrays that are kept keep their values, however many others come and go", () => {
    const kept = Array.from({ length: 12 }, (_, i) => np.full([256, 256], i)); // 3 MB
    for (let i = 0; i < 100; i++) np.ones([256, 256]).mul(i); // 50 MB more
    expect(memoryStats().memoryBytes).toBeLessThanOrEqual(24 * MB);
    kept.forEach((x, i) => {
      expect(x.index(255, 255).item()).toBe(i);
      expectClose(x.sum(), i * 256 * 256);
    });
    const f = jit((xs: Tensor[]) => xs.reduce((a, b) => a.add(b)).index(0, 0));
    expectClose(f(kept), 66);
  });

  it("training works in a memory that holds a few steps only", () => {
    let w = np.zeros([128, 128]);
    const x = np.eye(128);
    const step = jit((p: Tensor) => p.sub(grad((q: Tensor) => np.dot(x, q).sub(1).square().mean())(p).mul(1000)));
    for (let i = 0; i < 300; i++) w = step(w);
    expect(w.index(5, 7).item()).toBeGreaterThan(0.99);
    expect(memoryStats().memoryBytes).toBeLessThanOrEqual(24 * MB);
  });

  it("captured arrays of a jitted function are read back in for each call", () => {
    const table = np.arange(65536).astype("f32");
    const f = jit((i: Tensor) => table.take(i));
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 20; i++) np.ones([256, 256]);
      expectClose(f(array(round * 100, { dtype: "i32" })), round * 100);
    }
  });

  it("TW4001 names the array, the place and the remedy; nothing is lost, and the next call works", () => {
    const x = np.full([512, 512], 3);
    const f = jit((v: Tensor) => np.outer(v.ravel(), np.ones([64])).sum(1));
    for (const run of [
      () => np.zeros([4096, 4096]),
      () => x.broadcastTo([64, 512, 512]),
      () => vmap((k: Tensor) => x.mul(k))(np.ones([64])),
      () => jit((v: Tensor) => np.concatenate(Array.from({ length: 40 }, () => v)))(x),
    ]) {
      const e = errorOf(run);
      expect(e.code).toBe("TW4001");
      expect(e.message).toMatch(/no room for \d+\.\d MB/);
      expect(e.file).toMatch(/memory\.test\.ts$/);
      expect(e.help).toMatch(/batch/);
    }
    expectClose(x.sum(), 3 * 512 * 512);
    expectClose(f(np.ones([8])), Array(8).fill(64));
    // a call that fails takes no donated array with it
    const donating = jit(
      (v: Tensor) => np.concatenate([v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v]),
      { donate: 0 },
    );
    expect(codeOf(() => donating(x))).toBe("TW4001");
    expect(x.disposed).toBe(false);
    expectClose(x.mean(), 3);
  });
});

describe("for those who want certainty", () => {
  const disposeSymbol = (Symbol as unknown as { dispose: symbol }).dispose;
  const release = (x: Tensor): void => (x as unknown as Record<symbol, () => void>)[disposeSymbol]();

  it("`using` gives the memory back at once; dispose() and ref do nothing", () => {
    const x = array([1, 2, 3]);
    x.dispose();
    expectClose(x.ref.add(1), [2, 3, 4]);
    const before = liveArrays().length;
    const y = array([1, 2, 3]);
    expect(liveArrays().length).toBe(before + 1);
    release(y);
    release(y);
    expect([liveArrays().length, y.disposed]).toEqual([before, true]);
    for (const use of [
      () => y.add(1),
      () => y.dataSync(),
      () => y.js(),
      () => jit((v: Tensor) => v)(y),
      () => grad((v: Tensor) => v.sum())(y),
    ]) {
      expect(codeOf(use)).toBe("TW4003");
    }
    expect(`${y}`).toBe("Tensor<f32[3]>");
    // traced values have no memory of their own
    expectClose(
      jit((v: Tensor) => {
        release(v);
        return v.add(1);
      })(x),
      [2, 3, 4],
    );
    expectClose(x, [1, 2, 3]);
  });

  it("liveArrays shows shapes, dtypes and bytes", () => {
    const x = np.zeros([7, 11, 3], { dtype: "f64" });
    const mine = liveArrays().filter((a) => a.shape.join() === "7,11,3");
    expect(mine).toEqual([{ shape: [7, 11, 3], dtype: "f64", bytes: 7 * 11 * 3 * 8 }]);
    release(x);
    expect(liveArrays().filter((a) => a.shape.join() === "7,11,3")).toEqual([]);
  });

  it("donation: the results take the block of the donated array", () => {
    let w = np.ones([300, 300]);
    const step = jit((v: Tensor) => v.mul(0.5), { donate: 0 });
    w = step(w);
    const { memoryBytes } = memoryStats();
    for (let i = 0; i < 200; i++) w = step(w);
    expect(memoryStats().memoryBytes).toBe(memoryBytes);
    expect(liveArrays().filter((a) => a.shape.join() === "300,300").length).toBe(1);
  });
});
