/** Derivatives of kernels: forward mode against finite differences, reverse against forward, twice, and under vmap. */
import { expect, test } from "vitest";
import { interpret } from "../../../src/interpreter/index.js";
import { batchProgram } from "../../../src/transforms/vmap/index.js";
import { expectSame } from "../../laws/compare.js";
import { expectJvp, expectTransposed, reverse, tangentsFor } from "../../transforms/grad/helpers.js";
import { vjpProgram } from "../../../src/transforms/grad/index.js";
import * as blocks from "../block-programs.js";
import { floatInputs, kernelInputs, samples, wide } from "./laws.js";

test.each(samples)("%s", (_name, make) => {
  const p = wide(make());
  const inputs = kernelInputs(p, 3);
  const tangents = tangentsFor(inputs, floatInputs(p), 4);
  expectJvp(p, inputs, tangents);
  expectTransposed(p, inputs, tangents, 5);
  expect(inputs.length).toBe(p.inputs.length);
});

test.each(samples)("second derivatives of %s", (_name, make) => {
  const p = wide(make());
  const second = reverse(p, floatInputs(p));
  const inputs = kernelInputs(second, 6);
  const tangents = tangentsFor(inputs, floatInputs(second), 7);
  expectJvp(second, inputs, tangents, 1e-5);
  expectTransposed(second, inputs, tangents, 8);
  expect(inputs.length).toBe(second.inputs.length);
});

test.each(samples)("vmap of the gradient of %s is the gradient of its vmap", (_name, make) => {
  const p = wide(make());
  const floats = floatInputs(p);
  const inDims = p.inputs.map((_, i) => (floats[i] ? 0 : null));
  const outDims = p.outputs.map(() => 0);
  const batched = batchProgram(p, { axisSize: 2, inDims, outDims }).program;
  const back = reverse(p, floats);
  const dims = back.inputs.map((_, i) => (i < inDims.length ? inDims[i] : 0));
  const left = batchProgram(back, { axisSize: 2, inDims: dims, outDims: back.outputs.map(() => 0) }).program;
  const right = reverse(batched, floats);
  const inputs = kernelInputs(left, 9);
  expectSame("gradient", interpret(right, inputs), interpret(left, inputs), { rel: 1e-12, abs: 1e-12 });
  expect(right.inputs.length).toBe(left.inputs.length);
});

test("the adjoint of a product is two products, each of whose elements is stored once", () => {
  const p = blocks.matmul(130, 130, 20, 16, 16, 16);
  const { backward } = vjpProgram(p, [true, true]);
  const calls = backward.eqns.flatMap((e) => (e.prim === "kernel_call" ? [e.params] : []));
  expect(calls.map((c) => c.grid)).toEqual([
    [9, 2],
    [9, 2],
  ]);
  for (const { inits, serial, notes } of calls) {
    expect([inits, serial]).toEqual([[false], undefined]);
    expect(notes?.join()).toMatch(/stored, since every element is touched once/);
  }
  const wider = wide(p);
  const inputs = kernelInputs(wider, 1);
  expectTransposed(wider, inputs, tangentsFor(inputs, [true, true], 2), 3);
});
