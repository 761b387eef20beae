/** Nested loops with jumps, and deep calls: right, and traced in a time that the depth does not multiply. */
import { array, jit, type Tensor } from "tilework";
import { expect, it } from "vitest";
import { captured } from "./captured.js";

/** `depth` loops, the innermost of which counts a step of its own, and may return. */
function nest(depth: number): string {
  let body = "n.steps++; s = s + 1; if (s > x) return s * 10;";
  for (let k = 0; k < depth; k++) body = `for (const i${k} of range(2)) { ${body} }`;
  return `(x) => { let s = 0; ${body} return s; }`;
}

it("nested loops with an early return are right, and traced a number of times that grows with their depth", () => {
  const traces = [3, 6, 9].map((depth) => {
    const n = { steps: 0 };
    const f = jit(captured(nest(depth).replace("n.steps++", "tick()"), { tick: () => void n.steps++ })) as (
      x: unknown,
    ) => Tensor;
    const all = 2 ** depth;
    expect(f(array(all)).js()).toBe(all);
    expect(f(array(4)).js()).toBe(50);
    expect(f(array(0)).js()).toBe(10);
    return n.steps;
  });
  expect(traces[2] - traces[1]).toBeLessThanOrEqual(2 * (traces[1] - traces[0]) + 4);
});

it("recursion that JavaScript ends is unrolled, and refused where it is too deep", () => {
  const deep = (n: number): unknown =>
    jit(captured(`(x) => { const f = (n) => (n === 0 ? x : f(n - 1) + 1); return f(${n}); }`))(array(2) as never);
  expect((deep(150) as Tensor).js()).toBe(152);
  expect(() => deep(500)).toThrow(/TW7009.*200 calls/);
});

it("a bit operation on floats names np.trunc", () => {
  expect(() => jit(captured("(x) => x | 0"))(array(2.5) as never)).toThrow(/TW2005[\s\S]*np\.trunc/);
});

it("the index of a range takes part in sums and products of floats", () => {
  const f = jit(
    captured("(x) => { let s = x; for (const i of range(4)) s = s + (i + 1) * 0.5 - 0.5 + x * i; return s; }"),
  ) as (x: unknown) => Tensor;
  expect(f(array(2)).js()).toBe(17);
});
