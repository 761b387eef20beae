/** Copies of operands kept from call to call: when there are some, that results are right whatever changes, and that they go. */
import { afterAll, describe, expect, it } from "vitest";
import { explain, jit, numpy as np, type Tensor } from "../../src/index.js";
import { fromValues, type NDArray } from "../../src/interpreter/array.js";
import { interpret } from "../../src/interpreter/index.js";
import { aval } from "../../src/ir/aval.js";
import { type Builder, buildProgram } from "../../src/ir/builder.js";
import { symbol } from "../../src/ir/dim.js";
import type { Atom, Program, Var } from "../../src/ir/program.js";
import { type Executable, makeExecutable, Workspace } from "../../src/jit/execute.js";
import { compileKept } from "../../src/jit/compile.js";
import { KEEP } from "../../src/jit/keep.js";
import { largeOperands } from "../../src/jit/operands.js";
import { type ArrayCell, Heap } from "../../src/runtime/heap.js";
import { expectSame } from "../laws/compare.js";
import { runCompiled, runOn } from "./run.js";

const MB = 2 ** 20;
const before = { ...KEEP };
Object.assign(KEEP, { worth: 0, steady: 3 });
afterAll(() => Object.assign(KEEP, before));

const [M, K, N] = [8, 128, 144];
const dot = (b: Builder, x: Atom, y: Atom): Var =>
  b.emit1("dot_general", [x, y], {
    lhsBatch: [],
    rhsBatch: [],
    lhsContract: [1],
    rhsContract: [0],
    preferred: null,
  });
const layer = buildProgram("layer", [aval([K, N], "f32"), aval([M, K], "f32")], (b, w, x) => [
  b.op("tanh", dot(b, x, w)),
]);
const noise = (shape: readonly number[], seed: number): NDArray => {
  let s = seed;
  return fromValues(
    shape,
    "f32",
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
      s = (s * 1103515245 + 12345) % 2147483648;
      return s / 2147483648 / 8 - 1 / 16;
    }),
  );
};

class Bench {
  readonly heap: Heap;
  readonly f: Executable;
  readonly arrays = new Map<ArrayCell, NDArray>();
  constructor(
    readonly program: Program<"core">,
    options: { readonly softLimit?: number; readonly donate?: readonly number[] } = {},
  ) {
    this.heap = new Heap(options.softLimit === undefined ? {} : { softLimit: options.softLimit });
    this.f = makeExecutable(program, new Workspace(this.heap), options.donate);
  }
  put(shape: readonly number[], seed: number): ArrayCell {
    const x = noise(shape, seed);
    const cell = this.heap.allocate(aval([...shape], "f32"));
    new Float32Array(this.heap.buffer, cell.address, x.data.length).set(Float32Array.from(x.data as ArrayLike<number>));
    this.arrays.set(cell, x);
    return cell;
  }
  /** One call, whose results are those of the interpreter. */
  call(...cells: readonly ArrayCell[]): void {
    const given = cells.map((c) => this.arrays.get(c) ?? expect.fail("an unknown array"));
    const out = this.f.run(cells);
    const found = out.map((c) => fromValues(c.aval.shape as number[], "f32", Array.from(c.read() as Float32Array)));
    for (const c of out) c.dispose();
    expectSame(this.program.name, found, interpret(this.program, given), { rel: 1e-4, abs: 1e-5 });
  }
  get kept(): readonly number[] {
    return this.f.keeper?.positions ?? [];
  }
}
/** Calls with the same weights and other data, until their copy is kept. */
function warm(bench: Bench, w: ArrayCell): ArrayCell[] {
  const data = [1, 2, 3].map((seed) => bench.put([M, K], seed));
  for (let i = 0; i < 8; i++) bench.call(w, data[i % 3]);
  expect(bench.kept).toEqual([0]);
  return data;
}

describe("a copy of an operand is kept", () => {
  it("when it is the same in call after call, and something else is not", () => {
    const bench = new Bench(layer);
    const w = bench.put([K, N], 9);
    const [x] = warm(bench, w);
    for (let i = 0; i < 3; i++) bench.call(w, x);
    // a working copy beside the array itself, which no list of arrays shows
    expect(bench.heap.stats().residentBytes - 4 * K * N).toBeGreaterThanOrEqual(4 * K * N);
    const places = [...bench.arrays.keys()].map((c) => c.place);
    expect(bench.heap.live().every((p) => places.includes(p))).toBe(true);
  });
  it("of weights inside of a loop", () => {
    const body = buildProgram("body", [aval([K, K], "f32"), aval([M, K], "f32")], (b, w, h) => [
      b.op("tanh", dot(b, h, w)),
    ]);
    const bench = new Bench(
      buildProgram("loop", [aval([K, K], "f32"), aval([M, K], "f32")], (b, w, x) =>
        b.emit("scan", [w, x], { body, length: 3, reverse: false, numConsts: 1, numCarry: 1 }),
      ),
    );
    warm(bench, bench.put([K, K], 9));
  });
  it("not when nothing differs between calls, nor when the weights do", () => {
    const bench = new Bench(layer);
    const [w, x] = [bench.put([K, N], 9), bench.put([M, K], 1)];
    for (let i = 0; i < 12; i++) bench.call(w, x);
    expect(bench.kept).toEqual([]);
    for (let i = 0; i < 12; i++) bench.call(bench.put([K, N], i), bench.put([M, K], i));
    expect(bench.kept).toEqual([]);
  });
  it("never of small operands, given ones, or in programs with effects", () => {
    expect(largeOperands(layer, [])).toEqual([[0, K * N]]);
    expect(largeOperands(layer, [0])).toEqual([]);
    const watched = buildProgram("watched", [aval([K, N], "f32"), aval([M, K], "f32")], (b, w, x) => {
      b.emit("debug_callback", [x], { callback: () => {}, ordered: true });
      return [dot(b, x, w)];
    });
    expect(largeOperands(watched, [])).toEqual([]);
  });
});

it("explain says that copies are kept", () => {
  const f = jit((w: Tensor, x: Tensor) => np.dot(x, w));
  const w = np.ones([K, N]);
  const data = [1, 2, 3].map((value) => np.full([M, K], value));
  const noted = (): boolean => explain(f)(w, data[0]).notes.some((n) => n.includes("copies of in0 are kept between"));
  f(w, data[0]);
  expect(noted()).toBe(false);
  for (let i = 0; i < 8; i++) expect(f(w, data[i % 3]).dataSync()[7]).toBe(K * (1 + (i % 3)));
  expect(noted()).toBe(true);
});

describe("results do not change when copies are kept", () => {
  const lengths = [1, 4, 8, 17, 33];
  const inputsOf = (a: readonly number[], b: readonly number[]): NDArray[] => [noise(a, 3), noise(b, 4)];
  it.each([
    ["NN", 1, 0],
    ["NT", 1, 1],
    ["TN", 0, 0],
  ] as const)("%s", (_, l, r) => {
    let copies = 0;
    for (const [i, rows] of lengths.entries()) {
      for (const [columns, depth] of [
        [160, 112],
        [10, 1700],
        [300, 64],
        [40, 2500],
      ]) {
        const [a, b] = [l ? [rows, depth] : [depth, rows], r ? [columns, depth] : [depth, columns]];
        const program = buildProgram("f", [aval(a, "f32"), aval(b, "f32")], (x, p, q) => [
          x.op(
            "tanh",
            x.emit1("dot_general", [p, q], {
              lhsBatch: [],
              rhsBatch: [],
              lhsContract: [l],
              rhsContract: [r],
              preferred: null,
            }),
          ),
        ]);
        const keep = i % 3 === 2 ? [0, 1] : [1];
        const kept = compileKept(program, {}, keep);
        if (!kept) continue;
        copies++;
        const inputs = inputsOf(a, b);
        const packed = runOn(
          kept.prepare,
          keep.map((k) => inputs[k]),
        );
        const found = runOn(kept.main, [...inputs, ...packed]);
        const bits = (xs: readonly NDArray[]): string =>
          xs.map((x) => Array.from(x.data as ArrayLike<number>).join()).join(";");
        expect(bits(found), `${rows}×${depth}×${columns}`).toBe(bits(runCompiled(program, inputs).outputs));
      }
    }
    expect(copies).toBeGreaterThan(5);
  });
});

describe("a kept copy", () => {
  it("is made anew for other operands, and given up when they change again and again", () => {
    const bench = new Bench(layer);
    const w = bench.put([K, N], 9);
    const [x] = warm(bench, w);
    const other = bench.put([K, N], 10);
    bench.call(other, x);
    bench.call(w, x);
    expect(bench.kept).toEqual([0]);
    for (let i = 0; i < 8; i++) bench.call(i % 2 ? w : other, x);
    expect(bench.kept).toEqual([]);
    expect(bench.heap.stats().residentArrays).toBe(bench.arrays.size);
  });
  it("goes with its array: disposed, or given away to another call", () => {
    for (const end of ["dispose", "donate"] as const) {
      const bench = new Bench(layer);
      const w = bench.put([K, N], 9);
      const [x] = warm(bench, w);
      const held = bench.heap.stats().residentArrays;
      if (end === "dispose") w.dispose();
      else {
        const twice = buildProgram("twice", [aval([K, N], "f32")], (b, v) => [b.add(v, v)]);
        makeExecutable(twice, bench.f.workspace, [0]).run([w])[0].dispose();
      }
      expect(bench.heap.stats().residentArrays).toBe(held - 2);
      bench.call(bench.put([K, N], 11), x);
    }
  });
  it("goes when memory is scarce, and is made again", () => {
    const bench = new Bench(layer, { softLimit: MB });
    const w = bench.put([K, N], 9);
    const [x] = warm(bench, w);
    const big = bench.heap.allocate(aval([(MB * 15) / 64], "f32"));
    // the arrays were, the copy was not
    const all = [...bench.arrays.keys()].reduce((n, c) => n + c.bytes, 0);
    expect(bench.heap.stats()).toMatchObject({ residentArrays: 1, spilledBytes: all });
    big.dispose();
    for (let i = 0; i < 3; i++) bench.call(w, x);
    expect(bench.kept).toEqual([0]);
  });
  it("is right for every value of a named size", () => {
    const named = buildProgram("named", [aval([K, N], "f32"), aval([symbol("m"), K], "f32")], (b, w, x) => [
      dot(b, x, w),
    ]);
    const heap = new Heap();
    const f = makeExecutable(named, new Workspace(heap), [], [{ name: "m", atLeast: 1, hint: 64 }]);
    const upload = (x: NDArray): ArrayCell => {
      const cell = heap.allocate(aval([...x.shape], "f32"));
      new Float32Array(heap.buffer, cell.address, x.data.length).set(Float32Array.from(x.data as ArrayLike<number>));
      return cell;
    };
    const w = noise([K, N], 9);
    const weights = upload(w);
    for (let i = 0; i < 12; i++) {
      const m = [33, 1, 7][i % 3];
      const x = noise([m, K], i);
      const [y] = f.run([weights, upload(x)], [m]);
      const found = fromValues([m, N], "f32", Array.from(y.read() as Float32Array));
      expectSame(`${m} rows`, [found], interpret(named, [w, x]), { rel: 1e-4, abs: 1e-5 });
    }
  });
});
