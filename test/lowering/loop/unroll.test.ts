/** Wide code takes four steps of a sum at a time, and what is left one by one. */
import { expect, it } from "vitest";
import { makeProgram, numpy as np, type Tensor } from "../../../src/index.js";
import { TileBuilder } from "../../../src/ir/tile-builder.js";
import { printLoop } from "../../../src/ir/print-loop.js";
import { engineTarget } from "../../../src/jit/engine.js";
import { lowerToLoop } from "../../../src/lowering/loop/lower.js";
import { runCompiled } from "../../kernels/compiled.js";
import { matmul, planFor } from "../../kernels/matmul.js";
import { lowerToPlan } from "../../../src/lowering/plan/index.js";
import { simplify } from "../../../src/simplify/index.js";

const wide = { ...engineTarget(), wide: true };
/** Rows of small whole numbers: sums are exact in any order. */
const numbers = (n: number, seed: number): number[] => Array.from({ length: n }, (_, i) => ((i * seed) % 7) - 3);

it.each([3, 4, 5, 6, 7, 8, 9, 31, 63])("sums of %i products", (k) => {
  const [m, n] = [13, 35];
  const params = { lhsContract: [1], rhsContract: [0], lhsBatch: [], rhsBatch: [], preferred: null };
  const spec = { params, lhsShape: [m, k], rhsShape: [k, n], dtype: "f32", outDtype: "f32" } as const;
  const operands = [numbers(m * k, 5), numbers(k * n, 3)];
  const program = matmul(spec, planFor({ simd: true, relaxedMadd: true, wide: true, gpu: null }));
  const [expected] = runCompiled(matmul(spec), operands);
  expect(runCompiled(program, operands, wide)).toEqual([expected]);
  if (wide.relaxedMadd && k >= 4) expect(printLoop(lowerToLoop(program, wide))).toMatch(/ step 4:/);
});

it("sums whose operands are read backwards", () => {
  const [m, k, n] = [12, 9, 32];
  const f = (a: Tensor, b: Tensor): Tensor => np.sum(np.expandDims(a, 2).mul(np.expandDims(np.flip(b, 0), 0)), 1);
  const core = simplify(makeProgram(f)(np.zeros([m, k]), np.zeros([k, n])));
  const [step] = lowerToPlan(core, { machine: { ...wide, relaxedMadd: true } }).steps;
  if (step.kind !== "launch") throw new Error(step.kind);
  const loop = lowerToLoop(step.kernel, { ...wide, relaxedMadd: true });
  expect(printLoop(loop)).toMatch(/ step 4:/);
  const offsets = [...JSON.stringify(loop.functions.map((s) => s.body)).matchAll(/"offset":(-?\d+)/g)];
  expect(offsets.map(([, x]) => Number(x)).filter((x) => x < 0)).toEqual([]);
  if (!wide.relaxedMadd) return;
  const [a, b] = [numbers(m * k, 5), numbers(k * n, 3)];
  const rows = Array.from({ length: k }, (_, i) => b.slice((k - 1 - i) * n, (k - i) * n));
  const expected = Array.from({ length: m * n }, (_, at) =>
    rows.reduce((sum, row, i) => sum + a[Math.floor(at / n) * k + i] * row[at % n], 0),
  );
  expect(runCompiled(step.kernel, [a, b], wide)).toEqual([expected]);
});

/** A sum of n numbers in blocks of 16, `part` numbers at a time. */
function sumOf(n: number, part: number) {
  const b = new TileBuilder("sums");
  const x = b.ref("x", "f32", "in", n);
  const out = b.ref("out", "f32", "out", 1);
  b.stage([], () => {
    const sum = b.var(b.const(0, "f32", [16]));
    b.for(b.i32(0), b.i32(n), part, (start) => {
      const end = b.op("min", [b.add(start, b.i32(part)), b.i32(n)]);
      b.for(start, end, 16, (i) => b.assign(sum, b.add(sum, b.load(x, i, [16], [1]))));
    });
    b.store(out, b.i32(0), b.reduce("sum", sum, 0));
  });
  return b.finish();
}

it.each([
  [64, 64],
  [16, 16],
  [80, 80],
  [208, 112],
  [224, 48],
  [1008, 256],
])("sums of %i numbers, %i at a time", (n, part) => {
  const x = numbers(n, 5);
  const program = sumOf(n, part);
  expect(runCompiled(program, [x], wide)).toEqual([[x.reduce((a, b) => a + b)]]);
  expect(printLoop(lowerToLoop(program, wide))).toMatch(/ step 64:/);
});
