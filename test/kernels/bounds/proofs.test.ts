/** What kernels write is known to be in bounds: nothing is added to it. What is not known is made safe. */
import { expect, test } from "vitest";
import { aval } from "../../../src/ir/aval.js";
import type { Atom, Program, Var } from "../../../src/ir/program.js";
import { simplify } from "../../../src/simplify/index.js";
import { guardKernels } from "../../../src/simplify/bounds/guard.js";
import {
  Blocks,
  f32,
  flash,
  gatherRows,
  kernelProgram,
  layerNorm,
  matmul,
  softmax,
  stencil,
} from "../block-programs.js";

type Core = Program<"core">;
type Body = (k: Blocks, x: Var, ids: readonly Var[]) => { at: readonly (Atom | number)[]; mask?: Atom };

/** A kernel with one load and nothing else to prove. */
function loading(shape: readonly number[], grid: readonly number[], body: Body): Core {
  return kernelProgram("k", [f32(...shape)], [f32()], grid, (k, [x], ids, [out]) => {
    const { at, mask } = body(k, x, ids);
    const v = k.load(x, at, mask);
    const all = k.emit1("reduce_sum", [v], { axes: v.aval.shape.map((_, i) => i) });
    return [k.store(out, [], all)];
  });
}
const N = 1000;
const within = (k: Blocks, i: Atom, n: number): Atom => k.bin("and", k.bin("ge", i, 0), k.bin("lt", i, n));
const block = (k: Blocks, id: Atom, n: number): Atom => k.bin("add", k.bin("mul", id, n), k.arange(n));
const rem = (k: Blocks, a: Atom, n: number): Atom => k.op("rem", ...k.pair(a, n));

const proven: Record<string, () => Core> = {
  softmax: () => softmax(5, 33, 64),
  "layer norm": () => layerNorm(5, 33, 64),
  matmul: () => matmul(17, 19, 23, 8, 8, 8),
  "whole blocks": () => matmul(16, 16, 32, 8, 8, 8),
  stencil: () => stencil(13, 19, 4, 8),
  attention: () => flash(2, 21, 8, 8, 8, true),
  "the last block is cut": () =>
    loading([N], [8], (k, _x, [p]) => ({ at: [block(k, p, 128)], mask: k.bin("lt", block(k, p, 128), N) })),
  "the index again, elsewhere": () =>
    loading([N], [8], (k, _x, [p]) => ({
      at: [k.bin("add", k.arange(128), k.bin("mul", p, 128))],
      mask: k.bin("lt", block(k, p, 128), N),
    })),
  "from behind": () =>
    loading([N], [8], (k, _x, [p]) => {
      const i = block(k, p, 128);
      return { at: [k.op("sub", ...k.pair(N - 1, i))], mask: k.bin("lt", i, N) };
    }),
  "every third": () =>
    loading([N], [3], (k, _x, [p]) => {
      const i = k.bin("mul", block(k, p, 128), 3);
      return { at: [k.bin("add", i, 2)], mask: k.bin("lt", k.bin("add", i, 2), N) };
    }),
  "a mask on the lane's number, before the stride": () =>
    loading([N], [3], (k, _x, [p]) => {
      const i = block(k, p, 128);
      return { at: [k.bin("add", k.bin("mul", i, 3), 2)], mask: k.bin("lt", i, 333) };
    }),
  halo: () =>
    loading([N], [8], (k, _x, [p]) => {
      const i = k.bin("add", block(k, p, 128), -1);
      return { at: [i], mask: within(k, i, N) };
    }),
  "clamped by hand": () => loading([N], [8], (k, _x, [p]) => ({ at: [k.bin("min", block(k, p, 128), N - 1)] })),
  "modulo the length": () => loading([N], [8], (k, _x, [p]) => ({ at: [rem(k, block(k, p, 128), N)] })),
  "quotient and remainder of the program": () =>
    loading([7, 5], [35], (k, _x, [p]) => ({ at: [k.bin("div", p, 5), rem(k, p, 5)] })),
  "quotient and remainder of the lane": () =>
    loading([8, 8], [1], (k) => {
      const i = k.arange(64);
      return { at: [k.bin("div", i, 8), rem(k, i, 8)] };
    }),
  "programs in groups": () => {
    // 13×6 blocks of 16, four rows of blocks at a time
    const [rows, cols, group] = [13, 6, 4];
    return loading([rows * 16, cols * 16], [rows * cols], (k, _x, [p]) => {
      const width = group * cols;
      const first = k.bin("mul", k.bin("div", p, width), group);
      const height = k.bin("min", k.op("sub", ...k.pair(rows, first)), group);
      const inside = rem(k, p, width);
      const pm = k.bin("add", first, k.op("rem", inside, height));
      const pn = k.op("div", inside, height);
      const r = k.expand(block(k, pm, 16), 1);
      const c = k.expand(block(k, pn, 16), 0);
      return { at: [r, c], mask: k.bin("lt", c, cols * 16) };
    });
  },
  "lanes as a plane": () =>
    loading([64], [1], (k) => ({ at: [k.emit1("reshape", [k.arange(64)], { shape: [8, 8] })] })),
  "a selected index": () =>
    loading([N], [8], (k, _x, [p]) => {
      const i = block(k, p, 128);
      return { at: [k.select(k.bin("lt", i, N), i, k.full([128], 0, "i32"))] };
    }),
  "floor of a quotient of floats": () =>
    loading([7], [35], (k, _x, [p]) => {
      const q = k.op("floor", k.op("div", k.convert(p, "f32"), k.scalar(5, "f32")));
      return { at: [k.convert(q, "i32")] };
    }),
  "a value from memory under its own mask": () =>
    kernelProgram("k", [f32(N), aval([64], "i32")], [f32(64)], [1], (k, [x, index], _ids, [out]) => {
      const i = k.load(index, [k.arange(64)]);
      return [k.store(out, [k.arange(64)], k.load(x, [i], within(k, i, N)))];
    }),
};

test.each(Object.entries(proven))("%s", (_name, make) => {
  const program = make();
  expect(guardKernels(program)).toBe(program);
  const simple = simplify(program);
  expect(guardKernels(simple)).toBe(simple);
});

function loopProgram(by: number, start: number, length: number, reverse: boolean): Core {
  return kernelProgram("k", [f32(N)], [f32(128)], [1], (k, [x], _ids, [out]) => {
    const s = new Blocks();
    const [X, at, acc] = [s.input(f32(N)), s.input(aval([128], "i32")), s.input(f32(128))];
    const body = s.finish([s.bin("add", at, by), s.add(acc, s.load(X, [at], s.bin("lt", at, N)))], "step");
    const init = k.bin("add", k.arange(128), start);
    const params = { body, length, reverse, numConsts: 1, numCarry: 2 };
    const [, sum] = k.emit("scan", [x, init, k.full([128], 0, "f32")], params);
    return [k.store(out, [k.arange(128)], sum)];
  });
}
test("pointers that advance in loops", () => {
  for (const p of [loopProgram(128, 0, 8, false), loopProgram(128, 0, 8, true), loopProgram(-128, 896, 8, false)])
    expect(guardKernels(p)).toBe(p);
  // one step too many backwards
  const far = loopProgram(-128, 896, 9, false);
  expect(guardKernels(far)).not.toBe(far);
});

test("a counter of a while loop", () => {
  const make = (least: number): Core =>
    kernelProgram("k", [f32(N), aval([1], "i32")], [f32(1)], [1], (k, [x, n], _ids, [out]) => {
      const c = new Blocks();
      const ci = [c.input(aval([], "i32")), c.input(f32())];
      const cond = c.finish([c.bin("lt", ci[0], N)], "cond");
      const s = new Blocks();
      const [X] = [s.input(f32(N)), s.input(aval([], "i32"))];
      const [i, acc] = [s.input(aval([], "i32")), s.input(f32())];
      const body = s.finish([s.add(i, s.scalar(3, "i32")), s.add(acc, s.load(X, [i]))], "body");
      const [, sum] = k.emit("while", [x, k.load(n, [0]), k.scalar(least, "i32"), k.scalar(0, "f32")], {
        cond,
        body,
        condConsts: 0,
        bodyConsts: 2,
      });
      return [k.store(out, [0], sum)];
    });
  const good = make(0);
  expect(guardKernels(good)).toBe(good);
  const bad = make(-1);
  expect(guardKernels(bad)).not.toBe(bad);
});

test("what the data decide is made safe", () => {
  const p = gatherRows(9, 7, 21, 8);
  expect(guardKernels(p)).not.toBe(p);
  // sums that may wrap are no sums
  const wraps = kernelProgram("k", [f32(N), aval([64], "i32")], [f32(64)], [1], (k, [x, index], _ids, [out]) => {
    const i = k.load(index, [k.arange(64)]);
    const inside = k.bin("lt", k.bin("add", i, 5), N);
    return [k.store(out, [k.arange(64)], k.load(x, [i], k.bin("and", inside, k.bin("ge", i, 0))))];
  });
  expect(guardKernels(wraps)).not.toBe(wraps);
});
