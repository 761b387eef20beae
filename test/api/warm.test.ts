/** Repeated calls: what they allocate, that they keep nothing alive, and that a call inside of a call is a call of its own. */
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { array, debug, jit, numpy as np, type Tensor, tree } from "tilework";
import { describe, expect, it } from "vitest";
import { codeOf, expectClose } from "./helpers.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** JavaScript bytes that a call takes: the least of several rounds, those that a collection fell into left out. */
function bytesOf(call: () => unknown, calls: number): number {
  for (let i = 0; i < 2000; i++) call();
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 8; round++) {
    collect();
    const before = getHeapStatistics().used_heap_size;
    for (let i = 0; i < calls; i++) call();
    const each = (getHeapStatistics().used_heap_size - before) / calls;
    if (each > 0) least = Math.min(least, each);
  }
  return least;
}

describe("a warm call", () => {
  it("allocates its results and next to nothing else", () => {
    const add = jit((a: Tensor, b: Tensor) => a.add(b));
    const [a, b] = [array(1), array(2)];
    // a handle, its cell with its block, and the record of its finalizer: about 400 bytes
    expect(bytesOf(() => add(a, b), 400)).toBeLessThan(800);
    const state = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`w${i}`, np.full([8], i)]));
    const step = jit((p: Record<string, Tensor>) => tree.map((x) => x.mul(0.5), p), { donate: 0 });
    let p: Record<string, Tensor> = tree.map((x) => x.add(0), state);
    expect(bytesOf(() => (p = step(p)), 40)).toBeLessThan(20 * 600);
    expectClose(p.w0, np.zeros([8]));
  });

  it("keeps neither its arguments nor its results", async () => {
    const double = jit((x: Tensor) => [x.add(x)]);
    const seen: WeakRef<Tensor>[] = [];
    const run = (): void => {
      const x = np.ones([4]);
      const [y] = double(x);
      seen.push(new WeakRef(x), new WeakRef(y));
    };
    for (let i = 0; i < 3; i++) run();
    await new Promise((resolve) => setTimeout(resolve, 10));
    collect();
    expect(seen.map((r, i) => (r.deref() === undefined ? -1 : i)).filter((i) => i >= 0)).toEqual([]);
  });

  it("a callback may call the function again with arguments of the same types", () => {
    let depth = 0;
    const f = jit((x: Tensor) => {
      debug.callback((v: Tensor) => {
        if (depth++ === 0) expectClose(f(v.add(10)), array([12, 14]));
      }, x);
      return x.mul(2).sub(10);
    });
    const x = array([1, 2]);
    f(x);
    depth = 0;
    expectClose(f(x), array([-8, -6]));
    expect(depth).toBe(2);
  });

  it("leaves everything in order when it fails", () => {
    const f = jit((x: Tensor, y: Tensor) => x.mul(y), { donate: 0 });
    const y = array([1, 2]);
    const gone = array([3, 4]);
    f(gone, y);
    f(array([3, 4]), y);
    expect(codeOf(() => f(gone, y))).toBe("TW1008");
    expect(codeOf(() => f(y, y))).toBe("TW1008");
    expectClose(f(array([5, 6]), y), array([5, 12]));
  });
});
