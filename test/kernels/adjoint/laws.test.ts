/** Derivatives of kernels: forward mode against finite differences, reverse against forward, compiled against the interpreter. */
import { expect, test } from "vitest";
import type { Program } from "../../../src/ir/program.js";
import { expectJvp, expectTransposed, tangentsFor } from "../../transforms/grad/helpers.js";
import * as sample from "../block-programs.js";
import { floatInputs, kernelInputs, wide } from "./laws.js";

const programs: Record<string, () => Program<"core">> = {
  "vector add": () => sample.vectorAdd(37, 8),
  softmax: () => sample.softmax(3, 5, 8),
  "layer norm": () => sample.layerNorm(5, 6, 8),
  matmul: () => sample.matmul(5, 7, 6, 2, 4, 4),
  "column sums": () => sample.columnSums(7, 5, 2, 4),
  stencil: () => sample.stencil(5, 7, 2, 4),
  transpose: () => sample.transpose(5, 7, 2, 4),
  "gather of rows": () => sample.gatherRows(4, 6, 5, 2),
  attention: () => sample.flash(2, 5, 3, 2, 2),
  "causal attention": () => sample.flash(2, 5, 3, 2, 2, true),
};

test.each(Object.entries(programs))("%s", (_name, make) => {
  const p = wide(make());
  const inputs = kernelInputs(p, 3);
  const tangents = tangentsFor(inputs, floatInputs(p), 4);
  expectJvp(p, inputs, tangents);
  expectTransposed(p, inputs, tangents, 5);
  expect(true).toBe(true);
});
