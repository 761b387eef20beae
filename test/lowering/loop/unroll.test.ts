/** Wide code takes four steps of a sum of products at a time, and what is left one by one. */
import { expect, it } from "vitest";
import { printLoop } from "../../../src/ir/print-loop.js";
import { engineTarget } from "../../../src/jit/engine.js";
import { lowerToLoop } from "../../../src/lowering/loop/lower.js";
import { runCompiled } from "../../kernels/compiled.js";
import { matmul, planFor } from "../../kernels/matmul.js";

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
