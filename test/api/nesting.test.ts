/**
 * Transforms inside transforms, in any order: stacks of them over exp(a·x), whose nth derivative is aⁿ·exp(a·x). `a` belongs to an
 * outer trace, and each layer closes over its own argument as well, so that every program lifts values of every program around it
 * (custom rules excepted: as in JAX they may close over values, but not over those that are being differentiated).
 */
import {
  array,
  associativeScan,
  checkpoint,
  cond,
  customJvp,
  customVjp,
  foriLoop,
  grad,
  hessian,
  jacfwd,
  jacrev,
  jit,
  jvp,
  linearize,
  map,
  numpy as np,
  scan,
  switchCase,
  type Tensor,
  valueAndGrad,
  vjp,
  vmap,
  whileLoop,
} from "tilework";
import { describe, expect, it } from "vitest";
import { mulberry } from "../runtime/random.js";
import { codeOf } from "./helpers.js";

type F = (x: Tensor) => Tensor;
interface Layer {
  readonly name: string;
  /** How many derivatives it takes. */
  readonly order: number;
  readonly wrap: (f: F) => F;
  /** Reverse mode does not go through it. */
  readonly forwardOnly?: boolean;
}
const nil = (x: Tensor): Tensor => x.mul(0);

const layers: Layer[] = [
  { name: "jit", order: 0, wrap: (f) => (x) => jit((y: Tensor) => f(y.add(nil(x))))(x) },
  { name: "grad", order: 1, wrap: (f) => (x) => grad((y: Tensor) => f(y.add(nil(x))))(x) },
  { name: "valueAndGrad", order: 1, wrap: (f) => (x) => valueAndGrad((y: Tensor) => f(y.add(nil(x))))(x)[1] },
  { name: "jvp", order: 1, wrap: (f) => (x) => jvp((y: Tensor) => f(y.add(nil(x))), [x], [1])[1] },
  { name: "linearize", order: 1, wrap: (f) => (x) => linearize((y: Tensor) => f(y.add(nil(x))), x)[1](1) },
  { name: "vjp", order: 1, wrap: (f) => (x) => vjp((y: Tensor) => f(y.add(nil(x))), x)[1](1)[0] },
  { name: "jacfwd", order: 1, wrap: (f) => (x) => jacfwd((y: Tensor) => f(y.add(nil(x))))(x) },
  { name: "jacrev", order: 1, wrap: (f) => (x) => jacrev((y: Tensor) => f(y.add(nil(x))))(x) },
  { name: "hessian", order: 2, wrap: (f) => (x) => hessian((y: Tensor) => f(y.add(nil(x))))(x) },
  {
    name: "vmap",
    order: 0,
    wrap: (f) => (x) => vmap((y: Tensor) => f(y.add(nil(x))))(np.stack([x, x.add(1)])).index(0),
  },
  {
    name: "vmap of nothing",
    order: 0,
    wrap: (f) => (x) => vmap((y: Tensor) => f(x).add(nil(y)))(array([1, 2])).index(1),
  },
  { name: "checkpoint", order: 0, wrap: (f) => (x) => checkpoint((y: Tensor) => f(y.add(nil(x))))(x) },
  {
    name: "cond",
    order: 0,
    wrap: (f) => (x) =>
      cond(
        x.greater(-9),
        (y: Tensor) => f(y.add(nil(x))),
        (y: Tensor) => y,
        x,
      ),
  },
  {
    name: "switchCase",
    order: 0,
    wrap: (f) => (x) => switchCase(1, [(y: Tensor) => y, (y: Tensor) => f(y.add(nil(x)))], x),
  },
  {
    name: "scan",
    order: 0,
    wrap: (f) => (x) => scan((c: Tensor, k: Tensor) => [c.add(f(x.mul(k))).mul(k), c], nil(x), array([0, 1]))[0],
  },
  { name: "map", order: 0, wrap: (f) => (x) => map((y: Tensor) => f(y.add(nil(x))), np.stack([x.sub(1), x])).index(1) },
  { name: "foriLoop", order: 0, wrap: (f) => (x) => foriLoop(0, 2, (i, c) => np.where(i.equal(0), f(x), c), nil(x)) },
  {
    name: "whileLoop",
    order: 0,
    forwardOnly: true,
    wrap: (f) => (x) =>
      whileLoop(
        ([n]: Tensor[]) => n.less(1),
        ([n, c]: Tensor[]) => [n.add(1), c.add(f(x))],
        [np.zeros([]), nil(x)],
      )[1],
  },
  {
    name: "associativeScan",
    order: 0,
    wrap: (f) => (x) => associativeScan((a, b) => a.add(b).add(nil(x)), np.stack([nil(x), f(x)])).index(1),
  },
  {
    name: "customJvp",
    order: 0,
    wrap: (f) => (x) =>
      customJvp((y: Tensor) => f(y)).defjvp(([y], [t]) => jvp((z: Tensor) => f(z.add(nil(y))), [y], [t]))(x),
  },
  {
    name: "customVjp",
    order: 0,
    wrap: (f) => (x) =>
      customVjp((y: Tensor) => f(y)).defvjp(
        (y) => [f(y), y],
        (y, g) => [g.mul(grad((z: Tensor) => f(z.add(nil(y))))(y))],
      )(x),
  },
];
const byName = new Map(layers.map((l) => [l.name, l]));

/** The error of a stack at a = 0.7, x = 0.3 (outermost layer first), relative to the exact derivative. */
function mistake(stack: readonly Layer[], outerJit: boolean): number {
  const a = 0.7;
  const order = stack.reduce((n, l) => n + l.order, 0);
  const program = (x: Tensor, k: Tensor): Tensor =>
    stack.reduceRight<F>(
      (f, l) => l.wrap(f),
      (y) => np.exp(y.mul(k)),
    )(x);
  const got = (outerJit ? jit(program) : program)(array(0.3, { dtype: "f64" }), array(a, { dtype: "f64" }));
  const exact = a ** order * Math.exp(a * 0.3);
  return Math.abs(got.item() - exact) / exact;
}
/** customVjp has no forward mode; whileLoop has no reverse mode. */
function allowed(stack: readonly Layer[]): boolean {
  const reverse = ["grad", "valueAndGrad", "vjp", "jacrev", "hessian", "customVjp"];
  const forward = ["jvp", "linearize", "jacfwd", "hessian", "customJvp"];
  return stack.every((l, i) => {
    const outer = stack.slice(0, i).map((o) => o.name);
    if (l.name === "customVjp")
      return !outer.some((o) => forward.includes(o)) && outer.filter((o) => reverse.includes(o)).length <= 1;
    return !l.forwardOnly || !outer.some((o) => reverse.includes(o));
  });
}
function check(stack: readonly Layer[], outerJit: boolean): void {
  const name = stack.map((l) => l.name).join(" of ");
  let error: number;
  try {
    error = mistake(stack, outerJit);
  } catch (e) {
    throw new Error(`${outerJit ? "jit of " : ""}${name}: ${e instanceof Error ? e.stack : String(e)}`);
  }
  if (!(error < 1e-9)) throw new Error(`${outerJit ? "jit of " : ""}${name}: relative error ${error}`);
}

describe("stacks of transforms", () => {
  it.each(layers)("$name over each layer", (outer) => {
    for (const inner of layers) {
      if (allowed([outer, inner])) check([outer, inner], false);
    }
  });
  it.each(layers)("under jit: $name over each layer", (outer) => {
    for (const inner of layers) {
      if (allowed([outer, inner])) check([outer, inner], true);
    }
  });
  it.each([1, 2, 3, 4])("120 random stacks of three to five layers (seed %i)", (seed) => {
    const random = mulberry(seed * 7919);
    for (let n = 0; n < 30; ) {
      const stack = Array.from(
        { length: 3 + Math.floor(random() * 3) },
        () => layers[Math.floor(random() * layers.length)],
      );
      if (!allowed(stack)) continue;
      n++;
      check(stack, random() < 0.5);
    }
  });
  it("what has no rule is refused wherever it stands", () => {
    const get = (n: string): Layer => byName.get(n) ?? expect.fail(n);
    for (const around of ["jit", "vmap", "cond", "scan", "checkpoint"]) {
      expect(codeOf(() => mistake([get("grad"), get(around), get("whileLoop")], false))).toBe("TW3003");
      expect(codeOf(() => mistake([get("jvp"), get(around), get("customVjp")], true))).toBe("TW3004");
    }
  });
});
