/** Corners in which transforms, loops, effects and errors meet. */
import {
  array,
  checkpoint,
  cond,
  customJvp,
  debug,
  foriLoop,
  grad,
  jit,
  jvp,
  lax,
  numpy as np,
  scan,
  type Tensor,
  vjp,
  vmap,
  whileLoop,
  hessian,
} from "tilework";
import { expect, it } from "vitest";
import { codeOf, errorOf, expectClose } from "./helpers.js";
it("psum grads", () => {
  expectClose(
    vmap(
      grad((x: Tensor) => lax.psum(x.mul(x), "i")),
      { axisName: "i" },
    )(array([1, 2, 3])),
    [6, 12, 18],
  );
  expectClose(
    grad((x: Tensor) => vmap((v: Tensor) => lax.psum(v.mul(v), "i"), { axisName: "i" })(x).sum())(array([1, 2, 3])),
    [6, 12, 18],
  );
});
it("vmapped whileLoop test inside grad-free parts; nested vmap in cond of while", () => {
  const f = (x: Tensor): Tensor =>
    whileLoop(
      (c: Tensor) => vmap((v: Tensor) => v.less(10))(np.stack([c, c.add(x)])).all(),
      (c: Tensor) => c.add(x),
      x,
    );
  expectClose(vmap(f)(array([1, 3])), [9, 9]);
  expectClose(jvp(f, [3], [1]), [9, 3]);
});
it("each callback is called, when the loops around two of them are the same", () => {
  const seen: string[] = [];
  const run = (tag: string): Tensor =>
    foriLoop(
      0,
      2,
      (_i, x: Tensor) => {
        debug.callback(() => seen.push(tag), x);
        return x;
      },
      np.ones([2]),
    );
  run("a");
  run("b");
  expect(seen).toEqual(["a", "a", "b", "b"]);
});

it("without jit, a function with a rule of its own is compiled once", () => {
  const double = customJvp((x: Tensor) => x.mul(2).add(1)).defjvp(([x], [t]) => [double(x), t.mul(2)]);
  const Module = WebAssembly.Module;
  let compiled = 0;
  class Counted extends Module {
    constructor(bytes: Uint8Array<ArrayBuffer>) {
      super(bytes);
      compiled++;
    }
  }
  WebAssembly.Module = Counted;
  try {
    for (let i = 0; i < 3; i++) expectClose(double(array([i, 1, 2, 3, 4])), [2 * i + 1, 3, 5, 7, 9]);
  } finally {
    WebAssembly.Module = Module;
  }
  expect(compiled).toBe(1);
});

it("callback under grad of scan keeps count", () => {
  const seen: number[] = [];
  const f = (x: Tensor): Tensor =>
    scan(
      (c: Tensor, _: null) => {
        debug.callback((v: Tensor) => seen.push(v.item()), c);
        return [c.mul(x), null];
      },
      x,
      null,
      { length: 3 },
    )[0];
  expectClose(grad(f)(2), 32);
  expect(seen).toEqual([2, 4, 8]);
  seen.length = 0;
  expectClose(jit(grad(f))(2), 32);
  expect(seen).toEqual([2, 4, 8]);
  seen.length = 0;
  expectClose(jit(grad((x: Tensor) => checkpoint(f)(x)))(2), 32);
  expect(seen).toEqual([2, 4, 8]);
});
it("rule that makes arrays and calls itself, second derivative", () => {
  const f = customJvp((x: Tensor) => x.mul(array([1, 2])).sum());
  f.defjvp(([x], [t]) => [f(x), t.mul(array([1, 2])).sum()]);
  expectClose(grad(f)(array([1, 1])), [1, 2]);
  expectClose(hessian(f)(array([1, 1])), [
    [0, 0],
    [0, 0],
  ]);
});
it("jit static in vmap in grad; loop over static", () => {
  const p = jit(
    (x: Tensor, n: number) => {
      let y = x;
      for (let i = 1; i < n; i++) y = y.mul(x);
      return y;
    },
    { staticArgnums: 1 },
  );
  expectClose(vmap(grad((x: Tensor) => p(x, 3)))(array([1, 2])), [3, 12]);
});
it("vjp pullback used inside vmap, jit later, twice", () => {
  const [, pull] = vjp((x: Tensor) => np.sin(x).mul(x), array([1, 2]));
  const a = pull(array([1, 0]))[0];
  expectClose(vmap((c: Tensor) => pull(c)[0])(np.eye(2)).index(0), a);
  expectClose(jit((c: Tensor) => pull(c)[0])(array([1, 0])), a);
});
it("empty arrays and zero size", () => {
  expectClose(grad((x: Tensor) => x.sum())(np.zeros([0])), []);
  expectClose(jit(vmap((x: Tensor) => x.mul(2)))(np.zeros([0, 3])).shape, [0, 3]);
});
it("switching closures on traced scalars: cond in while in vmap in grad by jvp", () => {
  const f = (x: Tensor): Tensor =>
    foriLoop(
      0,
      3,
      (i, c) =>
        cond(
          c.less(x),
          (v: Tensor) => v.mul(x).add(i),
          (v: Tensor) => v.sub(x),
          c,
        ),
      x.mul(0.5),
    );
  const e = 1e-5;
  for (const v of [0.7, 1.5, 2.2]) {
    const at = (t: number): number => f(array(t, { dtype: "f64" })).item() as number;
    expectClose(grad(f)(array(v, { dtype: "f64" })), (at(v + e) - at(v - e)) / (2 * e), 1e-6);
    expectClose(jit(vmap(grad(f)))(array([v], { dtype: "f64" })), [(at(v + e) - at(v - e)) / (2 * e)], 1e-6);
  }
});
it("errors inside nested traces have the user's line", () => {
  const e = errorOf(() =>
    jit(
      grad((x: Tensor) =>
        vmap((y: Tensor) => scan((c: Tensor, z: Tensor) => [c.add(z).add(np.ones([3])), null], y, x)[0])(x).sum(),
      ),
    )(array([1, 2])),
  );
  expect([e.code, e.file.endsWith("corners.test.ts")]).toEqual(["TW3008", true]);
  expect(codeOf(() => jit((x: Tensor) => np.dot(x, np.ones([3])))(array([1, 2])))).toBe("TW2003");
});
