/** Derivatives through loops and branches, as users write them: each equals that of the same computation written out. */
import { describe, expect, it } from "vitest";
import {
  cond,
  debug,
  foriLoop,
  grad,
  hessian,
  isTileworkError,
  jacfwd,
  jacrev,
  jit,
  jvp,
  linearize,
  linearTranspose,
  numpy as np,
  scan,
  switchCase,
  type Tensor,
  vjp,
  vmap,
  whileLoop,
} from "tilework";

const f64 = (x: number | number[] | number[][]): Tensor => np.array(x as never, { dtype: "f64" }) as Tensor;
const flat = (t: unknown): number[] => Array.from((t as Tensor).dataSync() as Float64Array, Number);
function near(actual: unknown, expected: unknown, digits = 10): void {
  const [a, b] = [flat(actual), Array.isArray(expected) ? (expected as number[]) : flat(expected)];
  expect(a.length).toBe(b.length);
  a.forEach((x, i) => {
    expect(x).toBeCloseTo(b[i], digits);
  });
}
const code = (f: () => unknown): string => {
  try {
    f();
  } catch (e) {
    return isTileworkError(e) ? e.code : String(e);
  }
  return "no error";
};

const w = f64([
  [0.3, -0.2],
  [0.5, 0.1],
]);
const xs = f64([
  [1, 2],
  [-1, 0.5],
  [0.25, -0.75],
]);

describe("scan", () => {
  const step = (m: Tensor, h: Tensor, x: Tensor): Tensor => np.tanh(np.dot(h, m).add(x));
  const looped = (reverse: boolean) => (m: Tensor, h: Tensor, x: Tensor) => {
    const [last, all] = scan(
      (c: Tensor, xi: Tensor): [Tensor, Tensor] => {
        const next = step(m, c, xi);
        return [next, next.mul(c)];
      },
      h,
      x,
      { reverse },
    );
    return last.sum().add(all.mul(all).sum());
  };
  const unrolled = (reverse: boolean) => (m: Tensor, h: Tensor, x: Tensor) => {
    let c = h;
    let total = f64(0);
    for (const i of reverse ? [2, 1, 0] : [0, 1, 2]) {
      const next = step(m, c, np.take(x, i, 0));
      const y = next.mul(c);
      total = total.add(y.mul(y).sum());
      c = next;
    }
    return c.sum().add(total);
  };
  const h0 = f64([0.1, -0.4]);

  for (const reverse of [false, true]) {
    it(`gives gradients of captured constants, carry and xs${reverse ? ", reversed" : ""}`, () => {
      const argnums = [0, 1, 2];
      const a = grad(looped(reverse), { argnums })(w, h0, xs) as unknown as Tensor[];
      const b = grad(unrolled(reverse), { argnums })(w, h0, xs) as unknown as Tensor[];
      a.forEach((g, i) => {
        near(g, b[i]);
      });
    });
    it(`has second derivatives, in every order of modes${reverse ? ", reversed" : ""}`, () => {
      const f = looped(reverse);
      const of = (g: typeof f) => (h: Tensor) => g(w, h, xs);
      const want = hessian(of(unrolled(reverse)))(h0);
      near(hessian(of(f))(h0), want);
      near(jacrev(jacrev(of(f)) as never)(h0), want);
      near(jacfwd(jacfwd(of(f)) as never)(h0), want);
      near(jacrev(jacfwd(of(f)) as never)(h0), want);
    });
  }

  it("of a gradient, differentiated", () => {
    // gradient descent on sum(cos(a p)), three steps; the derivative of where it ends
    const descend = (a: Tensor): Tensor => {
      const loss = (p: Tensor): Tensor => np.cos(p.mul(a)).sum();
      const [p] = scan((q: Tensor): [Tensor, null] => [q.sub(grad(loss)(q).mul(0.1)), null], f64([0.4, 0.7]), null, {
        length: 3,
      });
      return p.sum();
    };
    const byHand = (a: number): number =>
      [0.4, 0.7]
        .map((p) => {
          let q = p;
          for (let i = 0; i < 3; i++) q += 0.1 * a * Math.sin(q * a);
          return q;
        })
        .reduce((x, y) => x + y, 0);
    const h = 1e-5;
    near(grad(descend)(f64(1.3)), [(byHand(1.3 + h) - byHand(1.3 - h)) / (2 * h)], 8);
  });

  it("with an integer carry and a captured table that it indexes", () => {
    const f = (t: Tensor): Tensor =>
      foriLoop(0, 4, (i, acc: Tensor) => acc.mul(0.5).add(np.sin(np.take(t, i))), f64(0));
    const t = [0.3, -1.2, 2, 0.7];
    near(
      grad(f)(f64(t)),
      t.map((x, i) => 0.5 ** (3 - i) * Math.cos(x)),
    );
    near(
      jacfwd(f)(f64(t)),
      t.map((x, i) => 0.5 ** (3 - i) * Math.cos(x)),
    );
  });

  it("of no steps hands the carry's cotangent on and gives zeros to the rest", () => {
    const f = (m: Tensor, h: Tensor): Tensor =>
      scan((c: Tensor): [Tensor, null] => [np.dot(c, m), null], h, null, { length: 0 })[0]
        .mul(f64([2, 3]))
        .sum();
    const [gm, gh] = grad(f, { argnums: [0, 1] })(w, h0) as unknown as Tensor[];
    near(gm, [0, 0, 0, 0]);
    near(gh, [2, 3]);
  });

  it("nested, with a cond on the inner carry", () => {
    const f = (a: Tensor): Tensor =>
      scan(
        (c: Tensor, x: Tensor): [Tensor, null] => {
          const [d] = scan(
            (e: Tensor): [Tensor, null] => [
              cond(
                e.sum().greater(0),
                (v: Tensor) => v.mul(a),
                (v: Tensor) => v.mul(v).add(x),
                e,
              ),
              null,
            ],
            c.add(x),
            null,
            { length: 2 },
          );
          return [d, null];
        },
        a,
        xs,
      )[0].sum();
    const byHand = (a: number[]): number => {
      let c = [...a];
      for (const x of [
        [1, 2],
        [-1, 0.5],
        [0.25, -0.75],
      ]) {
        c = c.map((v, i) => v + x[i]);
        for (let k = 0; k < 2; k++) c = c[0] + c[1] > 0 ? c.map((v, i) => v * a[i]) : c.map((v, i) => v * v + x[i]);
      }
      return c[0] + c[1];
    };
    const a = [0.2, -0.3];
    const h = 1e-6;
    const fd = [0, 1].map((i) => {
      const at = (s: number): number => byHand(a.map((v, k) => (k === i ? v + s : v)));
      return (at(h) - at(-h)) / (2 * h);
    });
    near(grad(f)(f64(a)), fd, 6);
  });

  it("under vmap, and vmap under it", () => {
    const f = (m: Tensor, h: Tensor): Tensor => looped(false)(m, h, xs);
    const hs = f64([
      [0.1, -0.4],
      [0.9, 0.2],
    ]);
    const each = vmap((h: Tensor) => grad(f, { argnums: 1 })(w, h))(hs);
    const whole = grad((h: Tensor) => vmap((x: Tensor) => f(w, x))(h).sum())(hs);
    near(each, whole);
  });
});

describe("branches", () => {
  it("take only the derivative of the branch that ran", () => {
    const f = (i: number) => (x: Tensor) =>
      switchCase(i, [(v: Tensor) => np.sin(v), (v: Tensor) => v.mul(v), () => f64(7)], x);
    near(grad(f(0))(f64(0.5)), [Math.cos(0.5)]);
    near(grad(f(1))(f64(0.5)), [1]);
    near(grad(f(2))(f64(0.5)), [0]);
    near(grad(grad(f(1)))(f64(0.5)), [2]);
  });
  it("close over values that are differentiated", () => {
    const f = (x: Tensor): Tensor =>
      cond(
        x.greater(0),
        () => np.exp(x).mul(x),
        () => np.log(np.abs(x)),
      );
    near(grad(f)(f64(0.5)), [Math.exp(0.5) * 1.5]);
    near(grad(f)(f64(-0.5)), [-2]);
  });
});

describe("while", () => {
  const newton = (a: Tensor): Tensor =>
    whileLoop(
      (x: Tensor) => np.abs(x.mul(x).sub(a)).greater(1e-12),
      (x: Tensor) => x.add(a.div(x)).mul(0.5),
      a,
    );
  it("has forward mode", () => {
    near(jvp(newton, [f64(2)], [f64(1)])[1], [0.5 / Math.SQRT2], 9);
    const [value, pushed] = linearize(newton, f64(2));
    near(value, [Math.SQRT2]);
    near(pushed(f64(3)), [1.5 / Math.SQRT2], 9);
  });
  it("has no reverse mode, and says so", () => {
    expect(code(() => grad(newton)(f64(2)))).toBe("TW3003");
  });
  it("stands in a function whose gradient does not go through it", () => {
    const f = (x: Tensor): Tensor => {
      const n = whileLoop(
        (i: Tensor) => i.less(3),
        (i: Tensor) => i.add(1),
        np.array(0, { dtype: "i32" }) as Tensor,
      );
      return x.mul(n.astype("f64"));
    };
    near(grad(f)(f64(2)), [3]);
  });
});

describe("nesting", () => {
  it("a gradient inside of a gradient closes over the outer argument", () => {
    // d/dx [ x · d/dy (x y²) at y = x ] = d/dx 2x³
    const f = (x: Tensor): Tensor => x.mul(grad((y: Tensor) => x.mul(y).mul(y))(x));
    near(grad(f)(f64(1.5)), [6 * 1.5 ** 2]);
  });
  it("perturbations are not confused", () => {
    const f = (x: Tensor): Tensor => x.mul(jvp((y: Tensor) => x.add(y), [f64(1)], [f64(1)])[1]);
    near(jvp(f, [f64(1)], [f64(1)])[1], [1]);
  });
  it("through jit, in either order, and three times", () => {
    const f = jit((x: Tensor) => np.sin(x).mul(x));
    const d3 = (x: number): number => -3 * Math.sin(x) - x * Math.cos(x);
    near(grad(grad(grad(f as never) as never) as never)(f64(0.7) as never), [d3(0.7)]);
    near(jit(grad(jit(grad(grad(f as never) as never)) as never))(f64(0.7) as never), [d3(0.7)]);
  });
  it("a pullback is used more than once", () => {
    const [, pull] = vjp((x: Tensor) => np.exp(x), f64([0, 1]));
    near(pull(f64([1, 0]))[0], [1, 0]);
    near(pull(f64([0, 1]))[0], [0, Math.E]);
  });
  it("a callback runs once", () => {
    const seen: number[] = [];
    const f = (x: Tensor): Tensor =>
      scan(
        (c: Tensor): [Tensor, null] => {
          debug.callback((v: { item?: () => number }) => seen.push(Number((v as unknown as Tensor).item())), c);
          return [np.sin(c), null];
        },
        x,
        null,
        { length: 3 },
      )[0];
    grad(f)(f64(0.5));
    expect(seen).toEqual([0.5, Math.sin(0.5), Math.sin(Math.sin(0.5))]);
  });
});

describe("linearTranspose", () => {
  it("of what is linear, loops included", () => {
    const f = (x: Tensor): Tensor =>
      scan((c: Tensor): [Tensor, Tensor] => [np.dot(c, w), c.sum()], x, null, { length: 2 })[1];
    near(linearTranspose(f, f64([0, 0]))(f64([1, 1]))[0], jacrev((x: Tensor) => f(x).sum())(f64([0, 0])));
  });
  it("refuses what is not", () => {
    expect(code(() => linearTranspose((x: Tensor) => np.sin(x), f64(1)))).toBe("TW3011");
    expect(code(() => linearTranspose((x: Tensor) => x.add(1), f64(1)))).toBe("TW3011");
    expect(code(() => linearTranspose((x: Tensor) => x.mul(x), f64(1)))).toBe("TW3011");
    expect(code(() => linearTranspose((x: Tensor) => x.add(0), f64([1, 2])))).toBe("no error");
  });
});
