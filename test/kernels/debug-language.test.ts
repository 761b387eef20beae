/** The functions of the kernel language, compiled and interpreted: one kernel for each few of them. */
import { interpret, kernel, numpy as np, random, type Tensor } from "tilework";
import * as language from "tilework/kernels";
import { describe, expect, it, vi } from "vitest";
import { captured } from "../dsl/captured.js";
import { agree, type AgreeOptions } from "./agree.js";

// biome-ignore lint/suspicious/noExplicitAny: kernels of texts take anything
type Any = any;

const same = (x: Tensor) => ({ shape: x.shape, dtype: x.dtype });
const shaped = (shape: readonly number[], dtype = "f32") => ({ shape, dtype });
const kernelOf = (text: string, options: Any, scope: object = {}): Any =>
  (kernel as Any)(captured(text, { ...language, k: language, ...scope }), options);

const x = random.normal(random.key(1), [4, 6]);
const y = random.normal(random.key(2), [4, 6]);
const n = np.array([5, -3, 7, 0, 2, -8], { dtype: "i32" });

interface Case {
  readonly text: string;
  readonly out: unknown;
  readonly args: readonly unknown[];
  readonly grid?: unknown;
  readonly how?: AgreeOptions;
  readonly options?: object;
}

const CASES: Readonly<Record<string, Case>> = {
  "elementwise functions": {
    text: `(x, out) => {
      const v = load(x, [programId(0), null]);
      const a = exp(v) + log(abs(v) + 1) * sqrt(abs(v)) - sigmoid(v) / (1.5 + sin(v) * cos(v));
      const b = clamp(v, -0.5, 0.5) + maximum(v, 0) * minimum(v, 1) + floor(v) - ceil(v) + tanh(v) ** 2 + erf(v) - -v;
      store(out, [programId(0), null], where(v > 0 && v < 1, a, v < -1 ? fma(a, b, v) : b));
    }`,
    out: same,
    args: [x],
    grid: 4,
  },
  "integers wrap, shift and divide as they are compiled to": {
    text: `(n, out) => {
      const v = load(n, [null]);
      store(out, [0, null], v * 1000003 * v + (v >> 1) - (v << 3));
      store(out, [1, null], (v % 3) + (v & 6) + (v | 1) + (v ^ 5) - ~v);
      store(out, [2, null], cast(v / 2, "i32") + cdiv(v + 8, 3));
    }`,
    out: shaped([3, 6], "i32"),
    args: [n],
  },
  "reductions along axes": {
    text: `(x, rows, cols, all) => {
      const v = load(x, [null, null]);
      store(rows, [null, 0], sum(v, 1)); store(rows, [null, 1], max(v, 1)); store(rows, [null, 2], prod(v, 1));
      store(cols, [0, null], min(v, 0)); store(cols, [1, null], sum(v * v, { axis: 0, keepDims: true }).reshape([6]));
      store(all, [0], argmax(v)); store(all, [1], argmin(ravel(v), 0)); store(all, [2], xorSum(cast(v * 10, "i32")));
    }`,
    out: [shaped([4, 3]), shaped([2, 6]), shaped([3], "i32")],
    args: [x],
  },
  "reductions and scans by functions of the user": {
    text: `(x, out) => {
      const v = load(x, [programId(0), null]);
      const larger = (a, b) => (a > b ? a : b);
      store(out, [programId(0), null], k.associativeScan(v, 0, (a, b) => a + b) + reduce(v, 0, larger));
    }`,
    out: same,
    args: [x],
    grid: 4,
  },
  "cumulative functions, sorting": {
    text: `(x, out) => {
      const r = programId(0);
      const v = load(x, [r, null]);
      store(out, [r, null], cumsum(v, 0) + cummax(v, 0) * sort(v));
    }`,
    out: same,
    args: [x],
    grid: 4,
  },
  "blocks in other shapes": {
    text: `(x, y, out) => {
      const [a, b] = [load(x, [null, null]), load(y, [null, null])];
      const j = join(a, b);
      const [p, q] = split(j);
      const t = trans(reshape(p, [6, 4])) + flip(q, 1);
      store(out, [null, null], t + broadcastTo(expandDims(sum(a, 0), 0), [4, 6]) + full([4, 6], 2) * zerosLike(a));
    }`,
    out: same,
    args: [x, y],
  },
  "a product by blocks, with masks": {
    text: `(a, b, out, BM, BN, BK) => {
      const i = programId(0) * BM + arange(BM), j = programId(1) * BN + arange(BN);
      let acc = zeros([BM, BN]);
      for (const k of range(cdiv(a.shape[1], BK))) {
        const kk = k * BK + arange(BK);
        const p = load(a, [expandDims(i, 1), expandDims(kk, 0)], { mask: expandDims(i < a.shape[0], 1) && expandDims(kk < a.shape[1], 0) });
        const q = load(b, [expandDims(kk, 1), expandDims(j, 0)], { mask: expandDims(kk < a.shape[1], 1) && expandDims(j < b.shape[1], 0) });
        acc = dot(p, q, { acc });
      }
      store(out, [expandDims(i, 1), expandDims(j, 0)], acc, { mask: expandDims(i < a.shape[0], 1) && expandDims(j < b.shape[1], 0) });
    }`,
    out: (a: Tensor, b: Tensor) => shaped([a.shape[0], b.shape[1]]),
    args: [random.normal(random.key(3), [7, 10]), random.normal(random.key(4), [10, 5]), { BM: 4, BN: 4, BK: 4 }],
    grid: [2, 2],
  },
  "block references with boundaries": {
    text: `(x, out) => {
      const [i, j] = [programId(0) * 3, programId(1) * 4];
      const v = blockRef(x, [i, j], [3, 4]).load();
      blockRef(out, [i, j], [3, 4]).store(v * 2);
    }`,
    out: same,
    args: [x],
    grid: [2, 2],
  },
  "branches, loops, early exit and helper functions": {
    text: `(x, out) => {
      const r = programId(0);
      if (r === 2) { store(out, [r, null], 0); return; }
      let v = load(x, [r, null]);
      let steps = 0;
      while (sum(v * v) > 0.5) { v = half(v); steps += 1; }
      for (const k of range(r + 1)) v = v + k;
      if (steps > 1) v = -v; else v = v + 0.25;
      store(out, [r, null], v + steps);
    }`,
    out: same,
    args: [x],
    grid: 4,
  },
  "scalars, several outs, init and alias": {
    text: `(x, s, k, count, acc, N) => {
      const i = arange(N);
      store(count, [i], load(count, [i]) + k);
      store(acc, [null, null], load(acc, [null, null]) + load(x, [null, null]) * s);
    }`,
    out: [shaped([3], "i32"), shaped([4, 6])],
    args: [x, 0.5, 2, { N: 3 }],
    options: { init: [7, null], alias: { acc: "x" } },
  },
  "scratch that a program has for itself": {
    text: `(x, out) => {
      const r = programId(0);
      const s = scratch([6], "f32");
      store(s, [null], load(x, [r, null]));
      store(s, [arange(3) * 2], -1);
      store(out, [r, null], load(s, [5 - arange(6)]));
    }`,
    out: same,
    args: [x],
    grid: 4,
  },
  "an index that the data give": {
    text: `(x, n, out) => {
      const i = abs(load(n, [null])) % 4;
      store(out, [null], load(x, [i, arange(6)]));
    }`,
    out: shaped([6]),
    args: [x, n],
  },
  "half precision is rounded after each operation": {
    text: `(x, out) => { const v = cast(load(x, [null, null]), "f16"); store(out, [null, null], v * v + v / 3); }`,
    out: shaped([4, 6], "f16"),
    args: [x],
  },
};

const half = captured("(v) => v * 0.5");

describe("compiled and interpreted kernels agree", () => {
  it.each(Object.entries(CASES))("%s", (_, { text, out, args, grid = 1, how, options }) => {
    agree(kernelOf(text, { out, grid, ...options }, { half }), args, how);
  });
});

describe("only interpreted here", () => {
  it("atomics of several programs", () => {
    const f = kernelOf(
      `(n, total, old, top) => {
        const i = programId(0);
        const v = load(n, [i]);
        store(old, [i], atomicAdd(total, [0], v));
        atomicMax(top, [0], v);
        atomicXor(top, [1], v);
      }`,
      { out: [shaped([1], "i32"), shaped([6], "i32"), shaped([2], "i32")], grid: 6, init: [0, null, 0] },
    );
    const results = (order: unknown): unknown => (interpret as Any)(f, { order })(n).map((t: Tensor) => t.js());
    expect(results("forward")).toEqual([[3], [0, 5, 2, 9, 9, 11], [7, 5 ^ -3 ^ 7 ^ 0 ^ 2 ^ -8]]);
    expect((results("reverse") as number[][])[0]).toEqual([3]);
  });
  it("devicePrint tells the program, deviceAssert its line", () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    const text = `(n, out) => {
      const i = programId(0);
      const v = load(n, [i]);
      devicePrint("v", v);
      deviceAssert(v > -5, "too small");
      store(out, [i], v);
    }`;
    const f = kernelOf(text, { out: same, grid: 6, name: "looked" });
    expect(() => (interpret as Any)(f, {})(n)).toThrow(/^TW8015: looked\(5\): too small\n {2}at model.ts:6:/);
    expect(log.mock.calls.map(([line]) => line)).toEqual([5, -3, 7, 0, 2, -8].map((v, i) => `looked(${i}): v ${v}`));
    vi.restoreAllMocks();
  });
});
