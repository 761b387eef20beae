/** Adjoint kernels compiled: what the interpreter gives, at odd sizes with masks. */
import { expect, test } from "vitest";
import { interpret } from "../../../src/interpreter/index.js";
import { simplify } from "../../../src/simplify/index.js";
import { runCompiled } from "../../jit/run.js";
import { expectSame } from "../../laws/compare.js";
import { reverse } from "../../transforms/grad/helpers.js";
import * as sample from "../block-programs.js";
import { floatInputs, kernelInputs, samples } from "./laws.js";

const larger: typeof samples = Object.entries({
  "layer norm of many rows": () => sample.layerNorm(70, 200, 256),
  "larger matmul": () => sample.matmul(70, 50, 33, 16, 32, 8),
  "product of many blocks": () => sample.matmul(130, 130, 20, 16, 16, 16),
  "larger attention": () => sample.flash(2, 21, 8, 4, 8, true),
});

test.each([...samples, ...larger])("%s", (_name, make) => {
  const p = make();
  const program = simplify(reverse(p, floatInputs(p)));
  const inputs = kernelInputs(program, 3);
  const want = interpret(program, inputs);
  const got = runCompiled(program, inputs).outputs;
  expectSame("compiled", got, want, { rel: 2e-5, abs: 2e-5 });
  expect(got.length).toBe(want.length);
});
