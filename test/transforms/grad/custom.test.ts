/** Functions with derivative rules of their own, under every transformation; and what is refused. */
import { describe, expect, it } from "vitest";
import {
  customJvp,
  customRoot,
  customVjp,
  foriLoop,
  grad,
  isTileworkError,
  jacfwd,
  jit,
  jvp,
  lax,
  linearize,
  numpy as np,
  scan,
  type Tensor,
  type TileworkError,
  vjp,
  vmap,
  whileLoop,
} from "tilework";

const f64 = (x: number | number[]): Tensor => np.array(x, { dtype: "f64" });
const flat = (t: unknown): number[] => Array.from((t as Tensor).dataSync() as Float64Array, Number);
function near(actual: unknown, expected: readonly number[]): void {
  const is = flat(actual);
  expect(is.length).toBe(expected.length);
  is.forEach((x, i) => {
    expect(x).toBeCloseTo(expected[i], 9);
  });
}
function failure(f: () => unknown): TileworkError {
  try {
    f();
  } catch (e) {
    if (isTileworkError(e)) return e as TileworkError;
    throw e;
  }
  throw new Error("nothing was refused");
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

describe("customJvp", () => {
  // its rule calls the function itself, so that higher derivatives use the rule too
  const softplus: (x: Tensor) => Tensor = customJvp((x: Tensor) => np.log(np.exp(x).add(1))).defjvp(([x], [t]) => [
    softplus(x),
    t.div(np.exp(np.negative(x)).add(1)),
  ]);
  it("is used by both modes and by higher derivatives", () => {
    const x = 0.8;
    const s = sigmoid(x);
    near(jvp(softplus, [f64(x)], [f64(2)])[1], [2 * s]);
    near(grad(softplus)(f64(x)), [s]);
    near(grad((y: Tensor) => grad(softplus)(y))(f64(x)), [s * (1 - s)]);
    near(jacfwd((y: Tensor) => grad(softplus)(y) as unknown as Tensor)(f64(x)), [s * (1 - s)]);
    // where the plain formula overflows, the rule does not
    near(grad(softplus)(f64(800)), [1]);
  });
  it("under vmap, jit and scan", () => {
    const xs = [-1, 0.5, 2];
    near(vmap((x: Tensor) => grad(softplus)(x))(f64(xs)), xs.map(sigmoid));
    near(jit(grad((x: Tensor) => np.sum(softplus(x))))(f64(xs) as never), xs.map(sigmoid));
    const looped = (x: Tensor): Tensor => foriLoop(0, 3, (_, c: Tensor) => softplus(c), x);
    let [v, d] = [0.3, 1];
    for (let i = 0; i < 3; i++) {
      d *= sigmoid(v);
      v = Math.log1p(Math.exp(v));
    }
    near(grad(looped)(f64(0.3)), [d]);
  });
});

describe("customVjp", () => {
  const clip = customVjp((x: Tensor) => x.mul(3)).defvjp(
    (x) => [x.mul(3), x],
    (x, g) => [np.clip(g.mul(x), -1, 1)],
  );
  it("is used by reverse mode, whatever the true derivative", () => {
    near(grad((x: Tensor) => np.sum(clip(x)))(f64([0.5, -7])), [0.5, -1]);
    near(vmap((x: Tensor) => grad((y: Tensor) => clip(y))(x))(f64([0.5, -7])), [0.5, -1]);
  });
  it("in a scan, its residuals stacked", () => {
    const f = (x: Tensor): Tensor => scan((c: Tensor): [Tensor, null] => [clip(c), null], x, null, { length: 2 })[0];
    // backwards: clip(1 · 3x) = 0.6, then clip(0.6 · x)
    near(grad(f)(f64(0.2)), [0.12]);
  });
  it("has a second derivative, of its backward rule", () => {
    const square = customVjp((x: Tensor) => x.mul(x)).defvjp(
      (x) => [x.mul(x), x],
      (x, g) => [g.mul(x).mul(2)],
    );
    near(grad((x: Tensor) => grad(square)(x))(f64(3)), [2]);
  });
  it("has no forward mode, and says so", () => {
    expect(failure(() => flat(jvp(clip, [f64(1)], [f64(1)])[1])).code).toBe("TW3004");
  });
});

describe("customRoot", () => {
  const newton = (f: (x: Tensor) => Tensor, guess: Tensor): Tensor =>
    whileLoop(
      (x: Tensor) => np.abs(f(x)).greater(1e-12),
      (x: Tensor) => {
        const [y, slope] = jvp(f, [x], [np.onesLike(x)]);
        return x.sub((y as Tensor).div(slope as Tensor));
      },
      guess,
    );
  const cubeRoot = (a: Tensor): Tensor =>
    customRoot(
      (x: Tensor, t: Tensor) => x.mul(x).mul(x).sub(t),
      f64(1.5),
      a,
      newton,
      (g: (x: Tensor) => Tensor, y: Tensor) => y.div(g(np.onesLike(y))),
    );
  it("has reverse mode although its solver is a while loop", () => {
    near(cubeRoot(f64(8)), [2]);
    near(grad(cubeRoot)(f64(8)), [1 / 12]);
    near(jvp(cubeRoot, [f64(8)], [f64(3)])[1], [0.25]);
  });
  it("twice", () => {
    near(grad((a: Tensor) => grad(cubeRoot)(a))(f64(8)), [(-2 / 9) * 8 ** (-5 / 3)]);
  });
});

describe("what has no derivative", () => {
  it("is refused by name", () => {
    const e = failure(() => grad((x: Tensor) => lax.nextafter(x, f64(2)))(f64(1)));
    expect(e.code).toBe("TW3004");
    expect(e.message).toContain("nextafter");
    // but not where no derivative flows
    near(grad((x: Tensor) => x.add(lax.nextafter(lax.stopGradient(x), f64(2))))(f64(1)), [1]);
  });
  it("names the loop and the remedy", () => {
    const e = failure(() =>
      grad((a: Tensor) =>
        whileLoop(
          (x: Tensor) => x.less(10),
          (x: Tensor) => x.mul(a),
          a,
        ),
      )(f64(2)),
    );
    expect(e.code).toBe("TW3003");
    expect(e.message).toMatch(/customRoot|scan|foriLoop/);
  });
  it("integers get zeros from vjp and are refused by grad", () => {
    const [, pull] = vjp((x: Tensor, n: Tensor) => x.mul(n.astype("f64")), f64(2), np.array(3, { dtype: "i32" }));
    const [gx, gn] = pull(f64(1)) as unknown as [Tensor, Tensor];
    near(gx, [3]);
    near(gn, [0]);
    expect(failure(() => grad((n: Tensor) => n.astype("f64"))(np.array(3, { dtype: "i32" }))).code).toBe("TW3002");
  });
});

describe("linearize", () => {
  it("computes the nonlinear part once", () => {
    let calls = 0;
    const f = customJvp((x: Tensor) => np.sin(x)).defjvp(([x], [t]) => {
      calls++;
      return [np.sin(x), t.mul(np.cos(x))];
    });
    const [y, push] = linearize(f, f64([0.2, 0.4]));
    near(y, [Math.sin(0.2), Math.sin(0.4)]);
    near(push(f64([1, 0])), [Math.cos(0.2), 0]);
    near(push(f64([0, 2])), [0, 2 * Math.cos(0.4)]);
    expect(calls).toBe(1);
  });
});
