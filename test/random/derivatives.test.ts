/** Samples move with their parameters: the mean of the derivative is the derivative of the mean. */
import { describe, expect, it } from "vitest";
import type { NDArray } from "../../src/interpreter/array.js";
import { interpret } from "../../src/interpreter/index.js";
import { digamma, polygamma } from "../../src/interpreter/special/gamma.js";
import { randomGammaGrad } from "../../src/interpreter/special/igamma.js";
import { aval } from "../../src/ir/aval.js";
import * as np from "../../src/numpy/index.js";
import * as random from "../../src/random/index.js";
import type { Tensor } from "../../src/tracer/tensor.js";
import { traceFlat } from "../../src/tracer/trace.js";
import { jvpProgram } from "../../src/transforms/grad/jvp/index.js";
import { batchProgram } from "../../src/transforms/vmap/index.js";
import { useInterpreter } from "./evaluator.js";

useInterpreter();
const N = 2000;
const key: NDArray = { dtype: "key", shape: [], data: BigUint64Array.of(7n << 32n) };
const scalar = (x: number): NDArray => ({ dtype: "f64", shape: [], data: Float64Array.of(x) });

/** Values and derivatives at `a` with tangent 1. */
function derivative(draw: (key: Tensor, a: Tensor) => Tensor, a: number): { values: number[]; dots: number[] } {
  const { program } = traceFlat((k, x) => [draw(k, x)], [aval([], "key"), aval([], "f64")], {
    kind: "jit",
    name: "draw",
  });
  const jvp = jvpProgram(program, [false, true], true).program;
  const [values, dots] = interpret(jvp, [key, scalar(a), scalar(1)]);
  return { values: [...values.data].map(Number), dots: [...dots.data].map(Number) };
}
const mean = (x: readonly number[]): number => x.reduce((s, v) => s + v, 0) / x.length;
/** Within five standard deviations of the estimate. */
function expectMean(x: readonly number[], want: number): void {
  const m = mean(x);
  const deviation = Math.sqrt(mean(x.map((v) => (v - m) ** 2)) / x.length);
  expect(Math.abs(m - want), `${m} for ${want} ± ${deviation}`).toBeLessThan(5 * deviation);
}

describe("gamma", () => {
  it.each([0.4, 1, 6])("of concentration %s: E[s] = a, so E[ds/da] = 1", (a) => {
    const { values, dots } = derivative((k, x) => random.gamma(k, x, [N], "f64"), a);
    expectMean(values, a);
    expectMean(dots, 1);
    // the implicit derivative, element by element
    values.slice(0, 50).forEach((s, i) => expect(dots[i]).toBeCloseTo(randomGammaGrad(a, s), 10));
  });
  it.each([0.05, 3])("log of concentration %s: E[log s] = ψ(a), so its derivative is ψ'(a)", (a) => {
    const { values, dots } = derivative((k, x) => random.loggamma(k, x, [N], "f64"), a);
    expectMean(values, digamma(a));
    expectMean(dots, polygamma(1, a));
  });
  it("beta: E[x] = a / (a + b)", () => {
    const { values, dots } = derivative((k, x) => random.beta(k, x, 2, [N], "f64"), 1.5);
    expectMean(values, 1.5 / 3.5);
    expectMean(dots, 2 / 3.5 ** 2);
  });
  it("in the older order too, and mapped over concentrations", () => {
    const draw = (k: Tensor, x: Tensor): Tensor => random.legacy.gamma(k, x, [4], "f64");
    const { program } = traceFlat((k, x) => [draw(k, x)], [aval([], "key"), aval([], "f64")], {
      kind: "jit",
      name: "draw",
    });
    const jvp = jvpProgram(program, [false, true], true).program;
    const batched = batchProgram(jvp, { axisSize: 2, inDims: [null, 0, null], outDims: [0, 0] }).program;
    const [values, dots] = interpret(batched, [
      key,
      { dtype: "f64", shape: [2], data: Float64Array.of(0.5, 3) },
      scalar(1),
    ]);
    [0.5, 3].forEach((a, row) => {
      const own = derivative(draw, a);
      expect([...values.data].slice(4 * row, 4 * row + 4)).toEqual(own.values);
      expect([...dots.data].slice(4 * row, 4 * row + 4)).toEqual(own.dots);
    });
  });
});

describe("distributions that are a function of numbers without parameters", () => {
  it("lognormal, pareto, weibull, truncatedNormal", () => {
    expectMean(derivative((k, x) => random.lognormal(k, x, [N], "f64"), 0.5).dots, 0.5 * Math.exp(0.125));
    expectMean(derivative((k, x) => random.pareto(k, x, [N], "f64"), 6).dots, -1 / 25);
    expectMean(derivative((k, x) => random.weibullMin(k, x, 1, [N], "f64"), 2).dots, 1);
    const cut = derivative((k, x) => random.truncatedNormal(k, np.negative(x), x, [N], "f64"), 1);
    expect(cut.dots.every((d, i) => Math.sign(d) === Math.sign(cut.values[i]))).toBe(true);
  });
});
