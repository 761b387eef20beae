/** The functions of the language on blocks of many sizes, compiled, against numpy on the whole arrays. */
import { kernel, nn, num, numpy as np, random, type Tensor } from "tilework";
import {
  all,
  any,
  arange,
  argmax,
  argmin,
  associativeScan,
  block,
  type Block,
  blockRef,
  cast,
  cat,
  cdiv,
  clamp,
  type constexpr,
  cummax,
  cumprod,
  cumsum,
  dot,
  expandDims,
  flip,
  floorDiv,
  fma,
  full,
  gather,
  histogram,
  interleave,
  join,
  load,
  max,
  min,
  numPrograms,
  programId,
  range,
  ravel,
  reduce,
  type Ref,
  reshape,
  scratch,
  sigmoid,
  softmax,
  sort,
  split,
  staticRange,
  store,
  sum,
  swizzle2d,
  topK,
  trans,
  umulhi,
  where,
  xorSum,
} from "tilework/kernels";
import { describe, expect, test } from "vitest";

const SIZES = [1, 2, 3, 7, 31, 33, 127, 129, 1000];
const normal = (seed: number, ...shape: number[]): Tensor => random.normal(random.key(seed), shape);

function expectSame(got: Tensor, want: Tensor, rel = 1e-5): void {
  expect(got.shape).toEqual(want.shape);
  expect(got.dtype).toBe(want.dtype);
  const [a, b] = [got.dataSync(), want.dataSync()] as unknown as [ArrayLike<number>, ArrayLike<number>];
  for (let i = 0; i < b.length; i++) {
    const scale = Math.max(1, Math.abs(Number(b[i])));
    if (!(Math.abs(Number(a[i]) - Number(b[i])) <= rel * scale) && !Object.is(a[i], b[i]))
      throw new Error(`element ${i}: ${a[i]}, not ${b[i]}`);
  }
}

/** One program that loads a vector, whole. */
const vector = (f: (v: Block) => Block, shape: (x: Tensor) => number[] = (x) => [...x.shape], dtype = "f32") =>
  kernel(
    function vector(x: Ref, out: Ref, f: constexpr<(v: Block) => Block>) {
      const given = f(load(x, [null]));
      if (out.rank === 1) store(out, [null], given);
      else store(out, [null, null], given);
    },
    { out: (x) => ({ shape: shape(x), dtype: dtype as "f32" }) },
  );
const run = (g: ReturnType<typeof vector>, x: Tensor, f: (v: Block) => Block): Tensor => g(x, { f });
const one = (): number[] => [1];
function unary(f: (v: Block) => Block, x: Tensor, shape?: (x: Tensor) => number[], dtype?: string): Tensor {
  return run(vector(f, shape, dtype), x, f);
}

describe.each(SIZES)("blocks of %d", (n) => {
  const x = normal(n, n);
  test("reductions", () => {
    expectSame(
      unary((v: Block) => sum(v), x, one),
      np.sum(x).reshape([1]),
      1e-4,
    );
    expectSame(
      unary((v: Block) => max(v) - min(v), x, one),
      np.max(x).sub(np.min(x)).reshape([1]),
    );
    expectSame(
      unary((v: Block) => argmax(v) * 1000 + argmin(v), x, one, "i32"),
      np.argmax(x).mul(1000).add(np.argmin(x)).reshape([1]),
    );
    expectSame(unary((v: Block) => cast(any(v > 2), "f32") + cast(all(v < 3), "f32"), x, one), np.any(x.greater(2)).astype("f32").add(np.all(x.less(3)).astype("f32")).reshape([1])); // biome-ignore format: one law in a line
    const bits = np.arange(n).mul(7).astype("i32");
    const want = Array.from({ length: n }, (_, i) => i * 7).reduce((a, b) => a ^ b, 0);
    expect(unary((v: Block) => xorSum(v), bits, one, "i32").js()).toEqual([want]);
  });
  test("a reduction by a function, which need not commute", () => {
    expectSame(
      unary((v: Block) => reduce(v, 0, (a, b) => where(a > b, a, b)), x, one),
      np.max(x).reshape([1]),
    );
    // a·t + b composed: the last of all prefixes
    const step = (v: Block): Block => {
      const [a, b] = reduce([sigmoid(v), v] as [Block, Block], 0, ([a1, b1], [a2, b2]) => [a1 * a2, a2 * b1 + b2]);
      return a + b;
    };
    let [a, b] = [1, 0];
    for (const v of x.dataSync() as Float32Array) {
      const s = 1 / (1 + Math.exp(-v));
      [a, b] = [a * s, s * b + v];
    }
    expectSame(unary(step, x, one), np.array([a + b]), 1e-4);
  });
  test("scans", () => {
    expectSame(
      unary((v: Block) => cumsum(v), x),
      np.cumsum(x),
      1e-4,
    );
    expectSame(
      unary((v: Block) => cumsum(v, 0, { reverse: true }), x),
      np.flip(np.cumsum(np.flip(x))),
      1e-4,
    );
    expectSame(
      unary((v: Block) => cumprod(clamp(v, 0.9, 1.1)), x),
      np.cumprod(np.clip(x, 0.9, 1.1)),
      1e-4,
    );
    expectSame(
      unary((v: Block) => cummax(v) - associativeScan(v, 0, (a, b) => where(a > b, a, b)), x),
      np.zeros([n]),
    );
  });
  test("sorting and counting", () => {
    expectSame(
      unary((v: Block) => sort(v), x),
      np.sort(x),
    );
    expectSame(
      unary((v: Block) => sort(v, 0, { descending: true }), x),
      np.flip(np.sort(x)),
    );
    const k = Math.min(3, n);
    expectSame(
      unary(
        (v: Block) => topK(v, k)[0],
        x,
        () => [k],
      ),
      np.flip(np.sort(x)).slice([0, k]),
    );
    const digits = np.arange(n).mul(3).remainder(5).astype("i32");
    expect(
      unary(
        (v: Block) => histogram(v, 5, { mask: v < 4 }),
        digits,
        () => [5],
        "i32",
      ).js(),
    ).toEqual(
      Array.from({ length: 5 }, (_, d) => (d < 4 ? (digits.js() as number[]).filter((v) => v === d).length : 0)),
    );
  });
  test("order and shape", () => {
    expectSame(
      unary((v: Block) => flip(v), x),
      np.flip(x),
    );
    expectSame(unary((v: Block) => gather(v, (arange(n) * 3) % n, 0), x), np.take(x, np.arange(n).mul(3).remainder(n).astype("i32"))); // biome-ignore format: one law in a line
    expectSame(
      unary(
        (v: Block) => interleave(v, -v),
        x,
        () => [2 * n],
      ),
      np.stack([x, x.neg()], 1).reshape([2 * n]),
    );
    expectSame(
      unary(
        (v: Block) => join(v, v * 2),
        x,
        () => [n, 2],
      ),
      np.stack([x, x.mul(2)], 1),
    );
    expectSame(
      unary(
        (v: Block) => cat([v, full([2], 7)]),
        x,
        () => [n + 2],
      ),
      np.concatenate([x, np.array([7, 7])]),
    );
    expectSame(
      unary(
        (v: Block) => trans(reshape(v, [1, n])),
        x,
        () => [n, 1],
      ),
      x.reshape([n, 1]),
    );
    const pairs = (v: Block): Block => {
      const [a, b] = split(join(v, v + 1));
      return ravel(expandDims(b - a, 0));
    };
    expectSame(unary(pairs, x), np.ones([n]));
  });
  test("elementwise", () => {
    expectSame(
      unary((v: Block) => softmax(fma(v, 2, 1)), x),
      nn.softmax(x.mul(2)),
    );
    expectSame(
      unary((v: Block) => (v > 0 && v < 1 ? v : -v), x),
      np.where(np.logicalAnd(x.greater(0), x.less(1)), x, x.neg()),
    );
  });
});

test("products of blocks: floats, halves with f32 sums, bytes", () => {
  const product = kernel(
    function product(a: Ref, b: Ref, out: Ref, BM: constexpr, BN: constexpr, BK: constexpr) {
      const [i, j] = swizzle2d(programId(0), programId(1), numPrograms(0), numPrograms(1), 2);
      const rows = expandDims(i * BM + arange(BM), 1);
      const columns = expandDims(j * BN + arange(BN), 0);
      let acc = full([BM, BN], 0, out.dtype);
      for (const k of range(cdiv(a.shape[1], BK))) {
        const at = k * BK + arange(BK);
        const [down, across] = [expandDims(at, 1), expandDims(at, 0)];
        const x = load(a, [rows, across], { mask: rows < a.shape[0] && across < a.shape[1] });
        const y = load(b, [down, columns], { mask: down < b.shape[0] && columns < b.shape[1] });
        acc = dot(x, y, { acc });
      }
      store(out, [rows, columns], acc, { mask: rows < out.shape[0] && columns < out.shape[1] });
    },
    {
      out: (a, b) => ({
        shape: [a.shape[0], b.shape[1]],
        dtype: a.dtype === "i8" ? ("i32" as const) : ("f32" as const),
      }),
      grid: (a, b, { BM, BN }) => [cdiv(a.shape[0], BM), cdiv(b.shape[1], BN)],
    },
  );
  const sizes = { BM: 16, BN: 8, BK: 12 };
  const [a, b] = [normal(1, 33, 31), normal(2, 31, 17)];
  expectSame(product(a, b, sizes), np.matmul(a, b), 1e-4);
  const [h, g] = [a.astype("f16"), b.astype("f16")];
  expectSame(product(h, g, sizes), np.matmul(h.astype("f32"), g.astype("f32")), 1e-4);
  const [s, t] = [a.mul(20).astype("i8"), b.mul(20).astype("i8")];
  expectSame(product(s, t, sizes), np.matmul(s.astype("i32"), t.astype("i32")));
});

test("block references check the boundary on every side", () => {
  const shift = kernel(
    function shift(x: Ref<"f32", ["n", "m"]>, out: Ref<"f32", ["n", "m"]>, B: constexpr) {
      const [i, j] = [programId(0) * B, programId(1) * B];
      const left = blockRef(x, [i, j - 1], [B, B]).load({ padding: 5 });
      const below = blockRef(x, [i, j], [B, B]).advance([1, 0]).load();
      blockRef(out, [i, j], [B, B]).store(left + below + load(x, block([i, j], [B, B])));
    },
    { out: (x) => x, grid: (x, { B }) => [cdiv(x.shape[0], B), cdiv(x.shape[1], B)] },
  );
  const x = normal(3, 7, 13);
  const left = np.concatenate([np.full([7, 1], 5), x.slice([], [0, 12])], 1);
  const below = np.concatenate([x.slice([1, 7]), np.zeros([1, 13])], 0);
  expectSame(shift(x, { B: 4 }), left.add(below).add(x));
});

test("scratch, branches, loops and early exits store what they reach", () => {
  const walk = kernel(
    function walk(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>) {
      const i = programId(0);
      if (i >= x.shape[0] - 1) return;
      const own = scratch([4]);
      store(own, [null], full([4], 1));
      for (const k of range(3)) store(own, [k], load(x, [i]) * k);
      const total = sum(load(own, [null]));
      if (total > 1) store(out, [i], total);
      else {
        for (const k of staticRange(2)) if (k === 1) store(out, [i], -total);
      }
    },
    { out: (x) => x, grid: (x) => x.shape[0], init: 9 },
  );
  const x = np.array([1, -1, 2, 5]);
  expect(walk(x).js()).toEqual([4, 2, 7, 9]);
});

test("aliases, several outs, scalars, and arrays that the kernel closes over", () => {
  const weights = np.array([10, 20, 30]);
  const step = kernel(
    function step(x: Ref<"f32", ["n"]>, by: number, next: Ref<"f32", ["n"]>, count: Ref<"i32", [1]>) {
      const i = programId(0);
      store(next, [i], load(next, [i]) + load(x, [i]) * by);
      if (i === 0) store(count, [0], floorDiv(umulhi(1 << 20, 1 << 20), 2) + cast(sum(num(weights)), "i32"));
    },
    {
      out: (x: Tensor) => [x, { shape: [1], dtype: "i32" }] as const,
      grid: (x: Tensor) => x.shape[0],
      alias: { next: "x" },
    },
  );
  const [next, count] = step(np.array([1, 2, 3]), 0.5);
  expect(next.js()).toEqual([1.5, 3, 4.5]);
  expect(count.js()).toEqual([2 ** 7 + 60]);
  // whole numbers are numbers beside floats
  expect(step(np.array([1, 2, 3]), 2)[0].js()).toEqual([3, 6, 9]);
});
