/** Outside of a trace a sampler is one equation; its program is remembered by everything that it depends on. */
import { expect, it, vi } from "vitest";
import * as np from "../../src/numpy/index.js";
import * as random from "../../src/random/index.js";
import { currentEvaluator } from "../../src/tracer/frame.js";
import { numbers, useInterpreter } from "./evaluator.js";

useInterpreter();
const key = random.key(1);

it("one call runs one equation", () => {
  const spy = vi.spyOn(currentEvaluator(), "evaluate");
  random.gamma(key, 2.5, [3]);
  expect(spy.mock.calls.map(([eqn]) => eqn.prim)).toEqual(["call"]);
  spy.mockRestore();
});
it("the same call again uses the same program", () => {
  const spy = vi.spyOn(currentEvaluator(), "evaluate");
  random.normal(key, [5]);
  random.normal(random.key(2), [5]);
  const [a, b] = spy.mock.calls.map(([eqn]) => (eqn.params as { program: object }).program);
  expect(a).toBe(b);
  spy.mockRestore();
});
it("plain numbers, dtypes, shapes, options and the order of counters are part of what is remembered", () => {
  const draws = [
    random.uniform(key, [4], "f32", 0, 1),
    random.uniform(key, [4], "f32", 0, 2),
    random.uniform(key, [4], { maxval: 3 }),
    random.uniform(key, [4], { minval: 3, maxval: 4 }),
    random.uniform(key, [4], { minval: np.array(3), maxval: 5 }),
    random.uniform(key, [4], { minval: np.array(4), maxval: 5 }),
    random.uniform(key, [4], "f64"),
    random.legacy.uniform(key, [4]),
    random.laplace(key, [4]),
  ];
  expect(new Set(draws.map((d) => String(numbers(d)))).size).toBe(draws.length);
  expect(numbers(random.uniform(key, [4]))).toEqual(numbers(draws[0]));
});
