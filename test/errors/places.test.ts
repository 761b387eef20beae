/** Errors of compiled, transformed and differentiated code name the line that the user wrote; the user's own errors stay as they are. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  array,
  configure,
  customVjp,
  grad,
  isTileworkError,
  jit,
  jvp,
  lax,
  numpy as np,
  scan,
  type Tensor,
  vmap,
  whileLoop,
} from "tilework";
import { afterEach, describe, expect, it } from "vitest";

const file = fileURLToPath(import.meta.url);
const lines = readFileSync(file, "utf8").split("\n");
afterEach(() => configure({ debugNans: false }));

/** The text of the line that an error names. */
function lineOf(f: () => unknown): string {
  try {
    f();
  } catch (e) {
    if (!isTileworkError(e)) throw e;
    const { span } = e.diagnostic;
    expect(span?.file, e.message).toBe(file);
    return lines[(span?.line ?? 0) - 1].trim();
  }
  return expect.fail("no error");
}
const x = array([1, -2, 3]);
const two = array(2);

const shapes = (t: Tensor): Tensor => {
  const y = t.mul(2);
  return np.dot(np.ones([2, 5]), y).sum(); // culprit: shapes
};
const nan = (t: Tensor): Tensor => {
  const y = t.sub(1);
  return np.sqrt(y).sum(); // culprit: nan
};
const integerOutput = (t: Tensor): Tensor => t.astype("i32").sum();
const inner = jit((t: Tensor): Tensor => {
  return np.log(t).sum(); // culprit: inner nan
});
const double = (c: Tensor) => c.mul(2);
const small = (c: Tensor) => c.less(10);
const loop = (t: Tensor): Tensor => whileLoop(small, double, t); // culprit: loop
const rule = customVjp((t: Tensor) => t.sin());
rule.defvjp(
  (t: Tensor) => [t.sin(), t] as [Tensor, Tensor],
  (t: Tensor, ct: Tensor) => [np.dot(np.ones([2, 5]), ct.mul(t))] as [Tensor], // culprit: rule
);

describe("at the trace", () => {
  it.each<[string, () => unknown]>([
    ["jit", () => jit(shapes)(x)],
    ["grad", () => grad(shapes)(x)],
    ["vmap", () => vmap(shapes)(np.ones([4, 3]))],
    ["jit of vmap of grad", () => jit(vmap(grad(shapes)))(np.ones([4, 3]))],
    ["jvp", () => jvp(shapes, [x], [x])],
    [
      "scan in jit",
      () => jit((t: Tensor) => scan((c: Tensor, v: Tensor) => [shapes(t), v] as [Tensor, Tensor], two, x)[0])(x),
    ],
  ])("%s", (_, run) => {
    expect(lineOf(run)).toContain("culprit: shapes");
    // also when the function is known already
    expect(lineOf(run)).toContain("culprit: shapes");
  });
});

describe("at the transformation", () => {
  it("reverse mode of a loop", () => {
    expect(lineOf(() => grad(loop)(two))).toContain("culprit: loop");
    expect(lineOf(() => jit(grad(loop))(two))).toContain("culprit: loop");
    expect(lineOf(() => jit(grad((t: Tensor) => jit(loop)(t)))(two))).toContain("culprit: loop");
  });
  it("the rule of a custom derivative", () => {
    expect(lineOf(() => grad((t: Tensor) => rule(t).sum())(x))).toContain("culprit: rule");
    expect(lineOf(() => jit(vmap(grad((t: Tensor) => rule(t).sum())))(np.ones([4, 3])))).toContain("culprit: rule");
  });
  it("what is asked of the whole function names the call", () => {
    expect(lineOf(() => grad(integerOutput)(x))).toMatch(/^expect\(lineOf\(\(\) => grad\(integerOutput\)/);
  });
});

describe("at the run", () => {
  it.each<[string, () => unknown]>([
    ["eager", () => nan(x)],
    ["jit", () => jit(nan)(x)],
    ["grad", () => grad(nan)(x)],
    ["jit of grad", () => jit(grad(nan))(x)],
    ["vmap", () => vmap(nan)(np.ones([2, 3]).mul(-1))],
    ["jit of vmap of grad", () => jit(vmap(grad(nan)))(np.ones([2, 3]).mul(-1))],
  ])("a NaN in %s", (_, run) => {
    configure({ debugNans: true });
    expect(lineOf(run)).toContain("culprit: nan");
  });
  it.each<[string, () => unknown]>([
    ["jit", () => jit((t: Tensor) => inner(t))(x)],
    ["grad", () => grad((t: Tensor) => inner(t))(x)],
  ])("a NaN in a function that %s calls", (_, run) => {
    configure({ debugNans: true });
    expect(lineOf(run)).toContain("culprit: inner nan");
  });
});

it.each<[string, (f: (t: Tensor) => Tensor) => unknown]>([
  ["jit", (f) => jit(f)(x)],
  ["grad", (f) => grad(f)(x)],
  ["vmap", (f) => vmap(f)(x)],
  ["jit of vmap of grad", (f) => jit(vmap(grad(f)))(np.ones([2, 3]))],
  ["scan", (f) => scan((c: Tensor, v: Tensor) => [f(c), v] as [Tensor, Tensor], two, x)],
  ["map", (f) => lax.map(f, x)],
])("the user's own error comes through %s with its stack", (_, call) => {
  const own = new Error("mine");
  const f = (): Tensor => {
    throw own;
  };
  const { stack } = own;
  expect(() => call(f)).toThrow(own);
  expect(own.stack).toBe(stack);
});
