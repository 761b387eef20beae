/** Derivatives that do not exist say so, and what to do. */
import { expect, it } from "vitest";
import { aval } from "../../../src/ir/aval.js";
import { buildProgram } from "../../../src/ir/builder.js";
import { jvpProgram } from "../../../src/transforms/grad/index.js";

const f64 = aval([2], "f64");
it.each([
  ["igamma_grad_a", [true, false], /second derivative of igamma/, /stopGradient .*customJvp/],
  ["random_gamma_grad", [true, false], /gamma sample/, /stopGradient .*log density/],
  ["random_gamma_grad", [false, true], /gamma sample/, /stopGradient .*log density/],
  ["zeta", [true, false], /zeta in its first argument/, /stopGradient .*customJvp/],
] as const)("%s in the arguments %s", (prim, marked, reason, help) => {
  const p = buildProgram("f", [f64, f64], (b, a, x) => [b.op(prim, a, x)]);
  let error: { code?: string; message?: string; help?: string } = {};
  try {
    jvpProgram(p, marked);
  } catch (e) {
    error = e as typeof error;
  }
  expect(error.code).toBe("TW3004");
  expect(error.message).toMatch(reason);
  expect(error.message).toMatch(help);
});
