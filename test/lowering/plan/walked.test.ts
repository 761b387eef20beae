/** Maps over axes that are not the first read arrays where they are; results are those of the interpreter. */
import { describe, expect, it } from "vitest";
import { grad, lax, makeProgram, numpy as np, type Tensor } from "../../../src/index.js";
import { fromValues, type NDArray } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import type { PlanStep } from "../../../src/ir/plan.js";
import { expectSame } from "../../laws/compare.js";
import { runCompiled } from "../../jit/run.js";
import { runPlan } from "../run-plan.js";

const values = (shape: readonly number[], seed: number): NDArray => {
  const n = shape.reduce((a, b) => a * b, 1);
  return fromValues(
    shape,
    "f32",
    Array.from({ length: n }, (_, i) => Math.sin(1 + i * (seed + 0.37))),
  );
};
/** Copies before the first loop. */
function copiesBefore(steps: readonly PlanStep[]): number {
  const loop = steps.findIndex((s) => s.kind === "loop");
  return steps.slice(0, loop).filter((s) => s.kind === "copy" || (s.kind === "launch" && /copy/.test(s.kernel.name)))
    .length;
}

function check(
  f: (...xs: Tensor[]) => Tensor | Tensor[],
  shapes: readonly (readonly number[])[],
  copies: number,
): void {
  const program = makeProgram(f)(...shapes.map((s) => np.zeros([...s])));
  const inputs = shapes.map(values);
  const expected = interpret(program, inputs);
  const { plan, outputs } = runPlan(program, inputs);
  expectSame("step by step", outputs, expected, { rel: 1e-5, abs: 1e-5 });
  expectSame("compiled", runCompiled(program, inputs).outputs, expected, { rel: 1e-5, abs: 1e-5 });
  expect(copiesBefore(plan.steps)).toBe(copies);
}
const sums = (x: Tensor): Tensor => np.sum(np.square(x), { axis: 0 });
const headsFirst = (x: Tensor): Tensor => np.transpose(x, [1, 0, 2]);

describe("maps over an axis of an array", () => {
  it("the middle one", () => check((x) => lax.map(sums, headsFirst(x)), [[6, 5, 32]], 0));
  it("of a part of it, under another shape", () => {
    const queries = (x: Tensor): Tensor => headsFirst(np.reshape(lax.sliceInDim(x, 64, 128, 1, 1), [6, 4, 16]));
    check((x) => lax.map(sums, queries(x)), [[6, 192]], 0);
  });
  it("every second element", () => {
    const odd = (x: Tensor): Tensor => headsFirst(lax.slice(x, [1, 1, 0], [7, 8, 32], [2, 3, 1]));
    check((x) => lax.map(sums, odd(x)), [[8, 9, 32]], 0);
  });
  it("in a map, with what all its iterations read", () => {
    const pairs = (q: Tensor, k: Tensor): Tensor =>
      lax.map(
        ([query, key]: Tensor[]) => {
          const blocks = np.reshape(query, [3, 2, 16]);
          return lax.map((block: Tensor) => np.matmul(block, np.transpose(key)), blocks);
        },
        [headsFirst(q), headsFirst(k)],
      );
    check(
      pairs,
      [
        [6, 4, 16],
        [10, 4, 16],
      ],
      0,
    );
  });
  it("its gradient", () => {
    const loss = (x: Tensor): Tensor =>
      np.sum(np.square(lax.map((y: Tensor) => np.cumsum(np.sin(y), 0), headsFirst(x))));
    const program = makeProgram(grad(loss))(np.zeros([6, 5, 32]));
    const inputs = [values([6, 5, 32], 1)];
    expectSame("gradient", runPlan(program, inputs).outputs, interpret(program, inputs), { rel: 1e-4, abs: 1e-4 });
  });
  it("an array of which each iteration gives back its part", () => {
    check((x) => lax.map((y: Tensor) => y, headsFirst(x)), [[6, 5, 32]], 0);
  });
  it("short rows and transposed parts are copied before", () => {
    check((x) => lax.map(sums, headsFirst(x)), [[6, 5, 8]], 1);
    check((x) => lax.map(sums, np.transpose(x, [1, 2, 0])), [[32, 5, 32]], 1);
  });
});
