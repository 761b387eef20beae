/** Adjoint kernels compiled: what the interpreter gives, at odd sizes with masks. */
import { expect, test } from "vitest";
import { interpret } from "../../../src/interpreter/index.js";
import type { Program } from "../../../src/ir/program.js";
import { simplify } from "../../../src/simplify/index.js";
import { runCompiled } from "../../jit/run.js";
import { expectSame } from "../../laws/compare.js";
import { reverse } from "../../transforms/grad/helpers.js";
import * as sample from "../block-programs.js";
import { floatInputs, kernelInputs } from "./laws.js";

const programs: Record<string, () => Program<"core">> = {
  "vector add": () => sample.vectorAdd(37, 8),
  softmax: () => sample.softmax(3, 5, 8),
  "layer norm": () => sample.layerNorm(5, 6, 8),
  "layer norm of many rows": () => sample.layerNorm(70, 200, 256),
  matmul: () => sample.matmul(21, 23, 19, 8, 4, 8),
  "larger matmul": () => sample.matmul(70, 50, 33, 16, 32, 8),
  "column sums": () => sample.columnSums(7, 5, 2, 4),
  stencil: () => sample.stencil(5, 7, 2, 4),
  transpose: () => sample.transpose(5, 7, 2, 4),
  "gather of rows": () => sample.gatherRows(4, 6, 5, 2),
  attention: () => sample.flash(2, 21, 8, 4, 8),
  "causal attention": () => sample.flash(2, 21, 8, 4, 8, true),
};

test.each(Object.entries(programs))("%s", (_name, make) => {
  const p = make();
  const program = simplify(reverse(p, floatInputs(p)));
  const inputs = kernelInputs(program, 3);
  const want = interpret(program, inputs);
  const got = runCompiled(program, inputs).outputs;
  expectSame("compiled", got, want, { rel: 2e-5, abs: 2e-5 });
  expect(got.length).toBe(want.length);
});
