/** Kernels over blocks: compiled code computes what the interpreter does, at sizes that blocks divide and at others. */
import { expect, test } from "vitest";
import { interpret } from "../../src/interpreter/index.js";
import type { Program } from "../../src/ir/program.js";
import { verify } from "../../src/ir/verify.js";
import { lowerToPlan } from "../../src/lowering/plan/index.js";
import { simplify } from "../../src/simplify/index.js";
import { runCompiled } from "../jit/run.js";
import { expectSame } from "../laws/compare.js";
import { randomInputs } from "../laws/fuzz-program.js";
import {
  columnSums,
  convolution,
  flash,
  gatherRows,
  layerNorm,
  layerNormLoops,
  matmul,
  softmax,
  stencil,
  transpose,
  vectorAdd,
} from "./block-programs.js";

const programs: Record<string, () => Program<"core">> = {
  "vector add": () => vectorAdd(1000, 64),
  "vector add, blocks of one": () => vectorAdd(37, 1),
  "vector add, fewer than a block": () => vectorAdd(5, 64),
  softmax: () => softmax(5, 33, 64),
  "softmax, whole blocks": () => softmax(3, 32, 32),
  "layer norm": () => layerNorm(5, 33, 64),
  matmul: () => matmul(17, 19, 23, 8, 8, 8),
  "matmul, whole blocks": () => matmul(16, 16, 32, 8, 8, 8),
  "column sums": () => columnSums(21, 35, 8, 16),
  stencil: () => stencil(13, 19, 4, 8),
  transpose: () => transpose(13, 19, 4, 8),
  "gathered rows": () => gatherRows(9, 7, 21, 8),
  "layer norm in loops": () => layerNormLoops(5, 33, 8),
  convolution: () => convolution(2, 9, 10, 4, 5, 3, 4, 8),
  flash: () => flash(2, 21, 8, 8, 8),
  "causal flash": () => flash(2, 21, 8, 8, 8, true),
};

test.each(Object.entries(programs))("%s", (_name, make) => {
  const program = make();
  verify(program);
  const inputs = randomInputs(program, 1);
  for (const x of inputs) if (x.dtype === "i32") x.data.forEach((_, i) => (x.data[i] = (5 * i) % 9));
  const want = interpret(program, inputs);
  expectSame("simplified", interpret(simplify(program), inputs), want, { rel: 1e-6, abs: 1e-6 });
  expectSame("compiled", runCompiled(program, inputs).outputs, want, { rel: 1e-5, abs: 1e-5 });
});

test("kernels without memory of their own are one launch", () => {
  for (const make of [vectorAdd(1000, 64), softmax(5, 33, 64), layerNorm(5, 33, 64), transpose(13, 19, 4, 8)]) {
    const plan = lowerToPlan(simplify(make));
    expect(plan.steps.map((s) => s.kind)).toEqual(["launch"]);
    expect(plan.arenaBytes).toBe(0);
  }
});
