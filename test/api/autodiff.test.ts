/** Derivatives as users ask for them, against numbers from JAX's documentation (Apache-2.0) and from PyTorch 1.13 in f64. */
import {
  array,
  checkpoint,
  checkpointPolicies,
  cond,
  customJvp,
  customRoot,
  customVjp,
  debug,
  foriLoop,
  grad,
  hessian,
  jacfwd,
  jacrev,
  jit,
  jvp,
  lax,
  linearize,
  linearTranspose,
  makeProgram,
  nn,
  numpy as np,
  printProgram,
  scan,
  type Tensor,
  tree,
  valueAndGrad,
  vjp,
  vjpWithAux,
  vmap,
  whileLoop,
} from "tilework";
import { describe, expect, it } from "vitest";
import { codeOf, errorOf, expectClose } from "./helpers.js";

const f64 = (x: unknown): Tensor => array(x as number[], { dtype: "f64" });

describe("grad", () => {
  it("of tanh, one, two and three times (JAX, autodiff cookbook)", () => {
    expectClose(grad(np.tanh)(2), 0.070650816, 1e-6);
    expectClose(grad(grad(np.tanh))(2), -0.13621868, 1e-6);
    expectClose(grad(grad(grad(np.tanh)))(2), 0.25265414, 1e-6);
  });

  const inputs = f64([
    [0.52, 1.12, 0.77],
    [0.88, -1.08, 0.15],
    [0.52, 0.06, -1.3],
    [0.74, -2.49, 1.39],
  ]);
  const targets = array([true, true, false, true]);
  const loss = (W: Tensor, b: Tensor): Tensor => {
    const p = np.tanh(np.dot(inputs, W).add(b).div(2)).add(1).mul(0.5);
    const label = p.mul(targets).add(np.subtract(1, p).mul(np.logicalNot(targets)));
    return np.log(label).sum().neg();
  };
  const [W, b] = [f64([0.3, -0.2, 0.1]), f64(0.05)];
  const dW = [-0.5195285981169323, 0.5990013574051803, -1.4987067514887245];
  const db = -0.6234894714141361;

  it("of the cookbook's logistic regression, by position, for several arguments and for trees (PyTorch)", () => {
    expectClose(grad(loss)(W, b), dW, 1e-12);
    expectClose(grad(loss, { argnums: 1 })(W, b), db, 1e-12);
    expectClose(grad(loss, { argnums: [1, 0] })(W, b), [db, dW], 1e-12);
    expectClose(grad(loss, { argnums: -1 })(W, b), db, 1e-12);
    const loss2 = (p: Map<string, Tensor | null>): Tensor => loss(p.get("W") as Tensor, p.get("b") as Tensor);
    const g = grad(loss2)(
      new Map<string, Tensor | null>([
        ["W", W],
        ["none", null],
        ["b", b],
      ]) as never,
    ) as unknown as Map<string, Tensor | null>;
    expectClose(
      g,
      new Map<string, unknown>([
        ["W", dW],
        ["none", null],
        ["b", db],
      ]),
      1e-12,
    );
    const [value, both] = jit(valueAndGrad((p: { W: Tensor; b: Tensor; u: undefined }) => loss(p.W, p.b)))({
      W,
      b,
      u: undefined,
    });
    expectClose(value, 2.1856267730349743, 1e-12);
    expectClose(both, { W: dW, b: db, u: undefined }, 1e-12);
  });

  it("hessian of it (PyTorch), each way", () => {
    const H = [
      [0.427082484419608, -0.4447429016327636, 0.1724248312524335],
      [-0.44474290163276353, 1.8544742713351572, -0.5502527788660596],
      [0.17242483125243335, -0.5502527788660594, 0.9709266883414769],
    ];
    expectClose(hessian(loss)(W, b), H, 1e-10);
    expectClose(jit(jacrev(jacrev(loss)))(W, b), H, 1e-10);
    expectClose(jacrev(jacfwd(loss))(W, b), H, 1e-10);
    expectClose(jacfwd(jacfwd(loss))(W, b), H, 1e-10);
    // Hessian-vector product, forward over reverse
    const v = f64([1, -2, 0.5]);
    const hvp = jvp(
      grad((w: Tensor) => loss(w, b)),
      [W],
      [v],
    )[1];
    expectClose(
      hvp,
      H.map((r) => r[0] - 2 * r[1] + 0.5 * r[2]),
      1e-10,
    );
  });

  it("passes aux through, undifferentiated, whatever it is", () => {
    const f = (x: Tensor): readonly [Tensor, { n: Tensor; y: Tensor; k: number }] => [
      x.mul(x).sum(),
      { n: array(3, { dtype: "i32" }), y: x.mul(2), k: 5 },
    ];
    const [g, aux] = grad(f, { hasAux: true })(array([1, 2]));
    expectClose([g, aux], [[2, 4], { n: 3, y: [2, 4], k: 5 }]);
    const [[v, aux2], g2] = jit(valueAndGrad(f, { hasAux: true }))(array([1, 2]));
    expectClose([v, aux2, g2], [5, { n: 3, y: [2, 4], k: 5 }, [2, 4]]);
    expect(codeOf(() => grad((x: Tensor) => x as never, { hasAux: true })(array(1)))).toBe("TW1009");
  });

  it("perturbations are told apart", () => {
    // d/dx (x · d/dy (x + y)) = 1, and d/dx (x · d/dy (x y)) = 2x
    expectClose(grad((x: Tensor) => x.mul(grad((y: Tensor) => x.add(y))(1)))(1), 1);
    expectClose(grad((x: Tensor) => x.mul(grad((y: Tensor) => x.mul(y))(2)))(3), 6);
    expectClose(jvp((x: Tensor) => x.mul(jvp((y: Tensor) => x.mul(y), [2], [1])[1]), [3], [1])[1], 6);
    expectClose(
      grad((x: Tensor) => jvp((y: Tensor) => grad((z: Tensor) => z.mul(y).mul(x))(y).mul(y), [x], [1])[1])(3),
      12,
    );
  });

  it("dtypes: f16, bf16 and f64 stay; a number gives f32; integers are refused", () => {
    for (const dtype of ["f16", "bf16", "f32", "f64"] as const) {
      const g = grad((x: Tensor) => x.mul(x).sum())(array([1, 2], { dtype }));
      expect(g.dtype).toBe(dtype);
      expectClose(g, [2, 4]);
    }
    expect(grad((x: Tensor) => x.mul(x))(3).dtype).toBe("f32");
    // an integer argument that is not differentiated, and one that is
    const take = (x: Tensor, i: Tensor): Tensor => x.take(i).sum();
    expectClose(grad(take)(array([1, 2, 3]), array([0, 0, 2], { dtype: "i32" })), [2, 0, 1]);
    const e = errorOf(() => grad(take, { argnums: 1 })(array([1, 2, 3]), array([0], { dtype: "i32" })));
    expect([e.code, e.message.includes("argument 1")]).toEqual(["TW3002", true]);
  });

  it("results that do not depend on the argument, or only through integers", () => {
    expectClose(grad((_x: Tensor) => array(3))(array([1, 2])), [0, 0]);
    expectClose(grad((x: Tensor) => x.astype("i32").astype("f32").sum())(array([1.5, 2])), [0, 0]);
    expectClose(grad((x: Tensor) => lax.stopGradient(x).mul(x))(array(3)), 3);
    expectClose(grad((x: Tensor, y: Tensor) => x.add(y.mul(0)), { argnums: [0, 1] })(1, 2), [1, 0]);
    expectClose(grad((x: Tensor) => np.floor(x).add(x))(2.5), 1);
  });

  it("mistakes: the result must be one float scalar", () => {
    const message = (f: (x: Tensor) => unknown): string =>
      errorOf(() => grad(f as never)(array([1, 2]) as never)).message;
    expect(message((x) => x)).toMatch(/TW3001: grad\(.*\): the function must return one scalar, it returns f32\[2\]/);
    expect(message((x) => [x.sum(), x.sum()])).toMatch(/TW3001.*2 arrays/);
    expect(message(() => array(1, { dtype: "i32" }))).toMatch(/TW3001.*float/);
    expect(message(() => undefined)).toMatch(/TW3001.*0 arrays/);
    expect(codeOf(() => grad((x: Tensor) => x, { argnums: 3 } as never)(1))).toBe("TW1007");
    expect(codeOf(() => grad((async (x: Tensor) => x) as never)(1))).toBe("TW1005");
  });
});

describe("jvp, vjp, linearize, linearTranspose", () => {
  it("of the functions in JAX's documentation", () => {
    const f = (x: Tensor): Tensor =>
      np
        .sin(x)
        .mul(3)
        .add(np.cos(x.div(2)));
    expectClose(jvp(f, [2], [3]), [3.26819, -5.00753], 1e-5);
    const [y, g] = linearize(f, 2);
    expectClose([y, g(3), g(4)], [3.26819, -5.00753, -6.67671], 1e-5);
    const [out, pull] = vjp((x: Tensor, y: Tensor) => [np.sin(x), np.cos(y)], 0.5, 1);
    expectClose(out, [Math.sin(0.5), Math.cos(1)], 1e-6);
    expectClose(pull([-0.7, 0.3]), [-0.61430776, -0.2524413], 1e-6);
    expectClose(
      jacfwd((x: Tensor) =>
        np.stack([
          x.index(0),
          x.index(2).mul(5),
          x.index(1).square().mul(4).sub(x.index(2).mul(2)),
          x.index(2).mul(np.sin(x.index(0))),
        ]),
      )(array([1, 2, 3])),
      [
        [1, 0, 0],
        [0, 0, 5],
        [0, 16, -2],
        [1.6209068, 0, 0.84147096],
      ],
    );
    const cubic = (x: Tensor): Tensor =>
      x
        .index(0)
        .pow(3)
        .sub(x.index(0).mul(x.index(1)).mul(2))
        .sub(x.index(1).pow(6));
    expectClose(hessian(cubic)(array([1, 2])), [
      [6, -2],
      [-2, -480],
    ]);
  });

  it("trees in and out; integer leaves have no tangents", () => {
    const f = (p: { x: Tensor; n: Tensor }, k: Tensor | null): { y: Tensor; m: Tensor; z: null } => ({
      y: p.x.mul(p.x).mul(k === null ? 1 : k),
      m: p.n.add(1),
      z: null,
    });
    const n = array(3, { dtype: "i32" });
    const [out, dot] = jvp(f, [{ x: array([1, 2]), n }, null], [{ x: array([10, 20]), n }, null]);
    expectClose(out, { y: [1, 4], m: 4, z: null });
    expectClose(dot, { y: [20, 80], m: 0, z: null });
    const [, pull] = vjp(f, { x: array([1, 2]), n }, array(2));
    const back = pull({ y: array([1, 1]), m: n, z: null }) as unknown[];
    expectClose((back[0] as { x: Tensor }).x, [4, 8]);
    expectClose(back[1], 5);
    const [, pull2, aux] = vjpWithAux((x: Tensor) => [x.mul(3), { extra: x }] as const, array(2));
    expectClose([pull2(1), aux], [[3], { extra: 2 }]);
  });

  it("linearTranspose of linear functions, and the refusal of others", () => {
    const A = array([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expectClose(linearTranspose((x: Tensor) => np.dot(A, x), np.zeros([3]))(array([1, 10])), [[41, 52, 63]]);
    expectClose(
      linearTranspose((p: { a: Tensor; b: Tensor }) => p.a.sum().add(p.b.mul(2)), {
        a: np.zeros([2]),
        b: np.zeros([]),
      })(3),
      [{ a: [3, 3], b: 6 }],
    );
    expect(codeOf(() => linearTranspose((x: Tensor) => x.mul(x), array(1))(1))).toBe("TW3011");
    expect(codeOf(() => linearTranspose((x: Tensor) => np.sin(x), array(1))(1))).toBe("TW3011");
  });

  it("Jacobians of trees, of matrices, of several outputs (PyTorch)", () => {
    const J = [
      0.199023192466936, 0.29853478870040406, 0.199023192466936, 0, 0.19801325816948798, 0.49503314542371996, 0,
      0.19801325816948798, 0.29334997402889507, 0, 0.4889166233814918, 0.29334997402889507, 0, 0.28593597871419035,
      0.19062398580946022, 0.7624959432378409,
    ];
    const f = (M: Tensor): Tensor => np.tanh(np.matmul(M, M));
    const A = f64([
      [0.1, 0.2],
      [0.3, 0.4],
    ]);
    for (const jac of [jacfwd, jacrev]) {
      const got = jit(jac(f))(A);
      expect(got.shape).toEqual([2, 2, 2, 2]);
      expectClose(got.ravel(), J, 1e-12);
      const t = jac((p: { a: Tensor; b: Tensor }) => ({ s: p.a.sum().mul(p.b), v: p.b.mul(array([1, 2])) }))({
        a: array([1, 2]),
        b: array(3),
      }) as unknown;
      expectClose(t, {
        s: { a: [3, 3], b: 3 },
        v: {
          a: [
            [0, 0],
            [0, 0],
          ],
          b: [1, 2],
        },
      });
    }
    const H = hessian((p: { a: Tensor; b: Tensor }) => p.a.mul(p.a).sum().mul(p.b))({
      a: array([1, 2]),
      b: array(3),
    }) as unknown;
    expectClose(H, {
      a: {
        a: [
          [6, 0],
          [0, 6],
        ],
        b: [2, 4],
      },
      b: { a: [2, 4], b: 0 },
    });
    expectClose(jacrev((x: Tensor, y: Tensor) => x.mul(y), { argnums: 1 })(2, array([1, 2])), [
      [2, 0],
      [0, 2],
    ]);
  });

  it("mistakes name what was expected", () => {
    const x = array([1, 2]);
    const f = (v: Tensor): Tensor => v.mul(2);
    expect(codeOf(() => jvp(f, [x], [array([1, 2, 3])]))).toBe("TW2001");
    expect(codeOf(() => jvp(f, [x], [f64([1, 2])]))).toBe("TW2006");
    expect(codeOf(() => jvp(f, [x], [] as never))).toBe("TW1009");
    expect(codeOf(() => vjp(f, x)[1](array(1)))).toBe("TW2001");
    expect(codeOf(() => vjp(f, x)[1]([x] as never))).toBe("TW1009");
    expect(codeOf(() => linearize(f, x)[1](array(1)))).toBe("TW2001");
    expect(codeOf(() => jacfwd(f)(array([1], { dtype: "i32" })))).toBe("TW3002");
  });
});

describe("control flow", () => {
  const xs = f64([
    [1, 0],
    [0.5, -1],
    [0.2, 0.3],
  ]);
  const rnn =
    (step: (f: (h: Tensor, x: Tensor, W: Tensor) => Tensor) => (h: Tensor, x: Tensor, W: Tensor) => Tensor) =>
    (W: Tensor): Tensor => {
      const cell = step((h, x, w) => np.tanh(np.dot(h, w).add(x)));
      const [, total] = scan(
        ([h, t]: [Tensor, Tensor], x: Tensor) => {
          const next = cell(h, x, W);
          const sum = t.add(next.square().sum());
          return [[next, sum], sum];
        },
        [np.zeros([2], { dtype: "f64" }), f64(0)] as [Tensor, Tensor],
        xs,
      );
      return total.index(-1);
    };
  const W = f64([
    [0.5, -0.3],
    [0.2, 0.1],
  ]);
  const dW = [
    [1.1078756120574964, -0.33943648887731187],
    [-0.5348997452330619, -0.0063003184728349605],
  ];

  it("reverse mode through scan (PyTorch), plain, jitted, checkpointed with each policy", () => {
    expectClose(grad(rnn((f) => f))(W), dW, 1e-12);
    expectClose(jit(grad(rnn((f) => f)))(W), dW, 1e-12);
    const { saveOnlyTheseNames, saveFromBothPolicies, ...policies } = checkpointPolicies;
    const named = saveFromBothPolicies(saveOnlyTheseNames("body"), policies.dotsSaveable);
    for (const policy of [...Object.values(policies), named]) {
      expectClose(jit(grad(rnn((f) => checkpoint(f, { policy }))))(W), dW, 1e-12);
    }
    expectClose(grad(checkpoint(rnn((f) => checkpoint(f))))(W), dW, 1e-12);
    expectClose(jacfwd(rnn((f) => f))(W), dW, 1e-12);
    expectClose(vmap(grad(rnn((f) => f)))(np.stack([W, W])), [dW, dW], 1e-12);
  });

  it("a checkpoint's intermediates are computed again, its policies keep what they name", () => {
    const f =
      (policy?: (prim: string) => boolean) =>
      (x: Tensor): Tensor =>
        checkpoint((y: Tensor) => np.sin(np.sin(np.dot(y, y))), policy ? { policy } : {})(x);
    const count = (g: (x: Tensor) => Tensor, prim: string): number => {
      const text = printProgram(makeProgram(grad(g))(np.ones([3])));
      return text.split(new RegExp(`\\b${prim}\\b`)).length - 1;
    };
    const plain = (x: Tensor): Tensor => np.sin(np.sin(np.dot(x, x)));
    expect(count(f(), "sin")).toBeGreaterThan(count(plain, "sin"));
    expect(count(f(checkpointPolicies.dotsSaveable), "dot_general")).toBeLessThan(count(f(), "dot_general"));
    expectClose(grad(f())(np.ones([3])), grad(plain)(np.ones([3])));
  });

  it("cond takes the branch's derivative only, also where the other one has none", () => {
    const f = (x: Tensor): Tensor =>
      cond(
        x.greater(0),
        (y: Tensor) => np.sqrt(y),
        (y: Tensor) => y.mul(-3),
        x,
      );
    expectClose([grad(f)(4), grad(f)(-4), jit(grad(f))(4)], [0.25, -3, 0.25]);
    expectClose(vmap(grad(f))(array([4, -4])), [0.25, -3]);
    const k = array(5);
    expectClose(
      grad((x: Tensor) =>
        cond(
          true,
          () => x.mul(x).mul(k),
          () => x,
        ),
      )(3),
      30,
    );
    expectClose(grad(grad(f))(4), -1 / 32);
  });

  it("whileLoop has forward mode, and reverse mode names the way out", () => {
    const power = (x: Tensor): Tensor =>
      whileLoop(
        ([i]: Tensor[]) => i.less(3),
        ([i, y]: Tensor[]) => [i.add(1), y.mul(x)],
        [array(0), np.ones([])],
      )[1];
    expectClose(jvp(power, [2], [1]), [8, 12]);
    expectClose(jacfwd(power)(2), 12);
    expectClose(jvp(jacfwd(power), [2], [1]), [12, 12]);
    const e = errorOf(() => grad(power)(2));
    expect(e.code).toBe("TW3003");
    expect(e.help).toMatch(/scan/);
    expect(e.help).toMatch(/customRoot/);
    expect(e.file).toMatch(/autodiff\.test\.ts$/);
    // a loop that the derivative does not go through is no obstacle
    const steps = (x: Tensor): Tensor =>
      whileLoop(
        (c: Tensor) => c.less(10),
        (c: Tensor) => c.mul(2),
        lax.stopGradient(x),
      ).mul(x);
    expectClose(grad(steps)(3), 12);
  });

  it("foriLoop with fixed bounds has reverse mode, with a traced bound it has not", () => {
    expectClose(grad((x: Tensor) => foriLoop(0, 3, (_i, c) => c.mul(x), np.ones([])))(2), 12);
    const e = errorOf(() =>
      jit(grad((x: Tensor, n: Tensor) => foriLoop(0, n, (_i, c) => c.mul(x), np.ones([]))))(
        2,
        array(3, { dtype: "i32" }),
      ),
    );
    expect(e.code).toBe("TW3003");
    expect(e.help).toMatch(/foriLoop/);
  });
});

describe("asking for numbers inside grad and jvp", () => {
  it("works on concrete inputs, as in JAX: what was traced so far is evaluated", () => {
    const seen: unknown[] = [];
    const f = (x: Tensor): Tensor => {
      const y = x.mul(x);
      seen.push(y.item());
      if (y.item() > 3) return y.mul(10);
      return y;
    };
    expectClose([grad(f)(2), grad(f)(1)], [40, 2]);
    expectClose(jvp(f, [2], [1]), [40, 40]);
    expectClose(vjp(f, 2)[1](1), [40]);
    expectClose(linearize(f, 2)[1](1), 40);
    expectClose(grad(grad(f))(2), 20);
    expect(seen).toEqual([4, 1, 4, 4, 4, 4]);
    expect(
      grad((x: Tensor) => {
        seen.push([...x.dataSync()], x.js(), JSON.parse(JSON.stringify({ x })));
        return x.sum();
      })(array([1, 2])).js(),
    ).toEqual([1, 1]);
    expect(seen.slice(-3)).toEqual([[1, 2], [1, 2], { x: [1, 2] }]);
  });

  it("replays no effect, and keeps their order", () => {
    const log: unknown[] = [];
    const note = (tag: string, x: Tensor): void => debug.callback((v: Tensor) => log.push(`${tag}${v.item()}`), x);
    const f = (x: Tensor): Tensor => {
      note("a", x);
      const y = x.mul(2);
      note("b", y);
      log.push(`item ${y.item()}`);
      note("c", y);
      return y.mul(y);
    };
    expectClose(grad(f)(3), 24);
    expect(log).toEqual(["a3", "b6", "item 6", "c6"]);
    log.length = 0;
    // also when the number is asked for in an inner trace
    expectClose(
      grad((x: Tensor) => {
        note("outer", x);
        return grad((y: Tensor) => {
          note("inner", y);
          log.push(`item ${y.mul(x).item()}`);
          return y.mul(y).mul(x);
        })(x);
      })(2),
      8,
    );
    expect(log).toEqual(["outer2", "inner2", "item 4"]);
  });

  it("is the concretisation error under jit and vmap, in every combination", () => {
    const f = (x: Tensor): Tensor => x.mul(x.item());
    expect(codeOf(() => jit(f)(2))).toBe("TW1001");
    expect(codeOf(() => jit(grad(f))(2))).toBe("TW1001");
    expect(codeOf(() => grad(jit(f))(2))).toBe("TW1001");
    expect(codeOf(() => vmap(f)(array([1, 2])))).toBe("TW1001");
    expect(codeOf(() => vmap(grad(f))(array([1, 2])))).toBe("TW1001");
    expect(codeOf(() => grad((x: Tensor) => vmap(f)(x).sum())(array([1, 2])))).toBe("TW1001");
    expect(codeOf(() => grad((x: Tensor) => cond(true, f, f, x))(2))).toBe("TW1001");
    expect(codeOf(() => grad((x: Tensor) => checkpoint(f)(x))(2))).toBe("TW1001");
    expect(codeOf(() => makeProgram(f)(2))).toBe("TW1001");
    // a concrete value that an outer function closes over is still there
    const k = array(5);
    expectClose(jit((x: Tensor) => x.mul(k.item()))(2), 10);
    // and so is an outer value of grad inside an inner vmap
    expectClose(grad((x: Tensor) => vmap((y: Tensor) => y.mul(x.item()).mul(x))(array([1, 2])).sum())(3), 9);
  });
});

describe("custom rules", () => {
  it("customJvp: log1pexp (JAX, custom derivative rules)", () => {
    const log1pexp = customJvp((x: Tensor) => np.log(np.exp(x).add(1)));
    log1pexp.defjvp(([x], [t]) => [log1pexp(x), t.mul(np.subtract(1, np.divide(1, np.exp(x).add(1))))]);
    expectClose(jit(grad(log1pexp))(3), 0.9525741);
    expectClose(grad(log1pexp)(100), 1);
    expectClose(vmap(jit(grad(log1pexp)))(array([0, 1, 2])), [0.5, 0.7310586, 0.8807971]);
    expectClose(grad(grad(log1pexp))(0), 0.25);
    expectClose(jit(jacfwd(jacrev(log1pexp)))(0), 0.25);
    const f = customJvp((x: Tensor, y: Tensor) => np.sin(x).mul(y)).defjvp(([x, y], [dx, dy]) => [
      np.sin(x).mul(y),
      np.cos(x).mul(dx).mul(y).add(np.sin(x).mul(dy)),
    ]);
    expectClose(grad(f)(2, 3), -1.2484405);
    expectClose(grad(f, { argnums: [0, 1] })(2, 3), [-1.2484405, Math.sin(2)]);
  });

  it("customVjp: Newton's square root by the implicit function theorem (JAX), twice", () => {
    const fixedPoint = (f: (a: Tensor, x: Tensor) => Tensor, a: Tensor, guess: Tensor): Tensor =>
      whileLoop(
        ([x, old]: Tensor[]) => np.abs(x.sub(old)).greater(1e-6),
        ([x]: Tensor[]) => [f(a, x), x],
        [f(a, guess), guess],
      )[0];
    const step = (a: Tensor, x: Tensor): Tensor => x.add(a.div(x)).mul(0.5);
    const solve = customVjp((a: Tensor): Tensor => fixedPoint(step, a, a));
    solve.defvjp(
      (a) => {
        const x = solve(a);
        return [x, [a, x]];
      },
      ([a, x]: Tensor[], g) => {
        // dx/da = (1 - ∂f/∂x)⁻¹ ∂f/∂a
        const [fa, fx] = grad((p: Tensor, q: Tensor) => step(p, q), { argnums: [0, 1] })(a, x) as [Tensor, Tensor];
        return [g.mul(fa).div(np.subtract(1, fx))];
      },
    );
    expectClose(solve(array(2)), Math.SQRT2, 1e-6);
    expectClose(grad(solve)(2), 0.35355338);
    expectClose(grad(grad(solve))(2), -0.088388346, 1e-4);
    expectClose(jit(vmap(grad(solve)))(array([2, 1])), [0.35355338, 0.5]);
    expect(codeOf(() => jvp(solve, [2], [1]))).toBe("TW3004");
  });

  it("customVjp: clipped gradients, trees, null cotangents, integer arguments", () => {
    const clip = customVjp((x: Tensor) => x).defvjp(
      (x) => [x, null],
      (_, g) => [np.clip(g, -1, 1)],
    );
    expectClose(grad((x: Tensor) => clip(x).mul(5).sum())(array([1, 2])), [1, 1]);
    const f = customVjp((p: { a: Tensor; b: Tensor }, n: Tensor, unused: Tensor) =>
      p.a.mul(p.b).add(n).add(unused.mul(0)),
    ).defvjp(
      (p, n, _u) => [p.a.mul(p.b).add(n), p],
      (p, g) => [{ a: g.mul(p.b).mul(2), b: null }, null, null],
    );
    const g = grad((p: { a: Tensor; b: Tensor }, u: Tensor) => f(p, array(3, { dtype: "i32" }), u), {
      argnums: [0, 1],
    })({ a: array(2), b: array(5) }, array(1));
    expectClose(g, [{ a: 10, b: 0 }, 0]);
  });

  it("rules close over arrays and over values of outer traces, also when the rule calls its own function", () => {
    const w = array([1, 2]);
    const run = (x: Tensor, k: Tensor): Tensor => {
      const f = customJvp((y: Tensor) => y.mul(w).mul(k));
      f.defjvp(([y], [t]) => [f(y), t.mul(w).mul(k).mul(100)]);
      const g = customVjp((y: Tensor) => y.mul(w).mul(k));
      g.defvjp(
        (y) => [g(y), null],
        (_, ct) => [ct.mul(w).mul(k).mul(1000)],
      );
      return grad((y: Tensor) => f(y).sum().add(g(y).sum()))(x);
    };
    expectClose(run(array([1, 1]), array(3)), [3300, 6600]);
    expectClose(jit(run)(array([1, 1]), array(3)), [3300, 6600]);
    expectClose(vmap(run, { inAxes: [null, 0] })(array([1, 1]), array([1, 3])), [
      [1100, 2200],
      [3300, 6600],
    ]);
  });

  it("second derivatives of a rule that calls its own function and closes over values", () => {
    const run = (x: Tensor, k: Tensor): Tensor => {
      const f = customJvp((y: Tensor) => np.exp(y.mul(k)));
      f.defjvp(([y], [t]) => [f(y), t.mul(k).mul(f(y))]);
      return grad(grad((y: Tensor) => f(y)))(x);
    };
    const want = 4 * Math.exp(2 * 0.5);
    expectClose(run(array(0.5), array(2)), want);
    expectClose(jit(run)(array(0.5), array(2)), want);
    expectClose(vmap(run, { inAxes: [null, 0] })(array(0.5), array([2, 2])), [want, want]);
  });

  it("a function without rules is itself", () => {
    expectClose(grad(customJvp((x: Tensor) => x.mul(x)))(3), 6);
    expectClose(grad(customVjp((x: Tensor) => x.mul(x)))(3), 6);
  });

  it("mistakes in rules are named", () => {
    const bad = (rule: (p: unknown, t: unknown) => unknown): string =>
      codeOf(() => grad(customJvp((x: Tensor) => x.mul(2)).defjvp(rule as never))(1));
    expect(bad(() => 5)).toBe("TW3010");
    expect(bad(() => [array(1), array([1, 2])])).toBe("TW3010");
    expect(bad(() => [[array(1)], array(1)])).toBe("TW3010");
    const badVjp = (back: () => unknown, forward: (x: Tensor) => unknown = (x) => [x, null]): string =>
      codeOf(() => grad(customVjp((x: Tensor) => x).defvjp(forward as never, back as never))(1));
    expect(badVjp(() => array(1))).toBe("TW3010");
    expect(badVjp(() => [array([1, 2])])).toBe("TW3010");
    expect(
      badVjp(
        () => [1],
        (x) => x,
      ),
    ).toBe("TW3010");
    expect(
      badVjp(
        () => [1],
        (x) => [[x], null],
      ),
    ).toBe("TW3010");
    const e = errorOf(() =>
      grad((k: Tensor) => customJvp((x: Tensor) => x.mul(k)).defjvp(([x], [t]) => [x.mul(k), t.mul(k)])(array(1)))(2),
    );
    expect(e.code).toBe("TW3004");
    expect(e.help).toMatch(/argument/);
  });

  it("customRoot: the square root of a matrix equation's solution, in both modes, under jit and vmap", () => {
    const newton = (f: (x: Tensor) => Tensor, guess: Tensor): Tensor =>
      foriLoop(0, 30, (_i, x) => x.sub(f(x).div(grad(f)(x))), guess);
    const sqrt = (a: Tensor): Tensor =>
      customRoot(
        (x: Tensor, t: Tensor) => x.mul(x).sub(t),
        np.ones([]),
        a,
        newton,
        (g, y) => y.div(g(np.ones([]))),
      );
    expectClose(sqrt(array(2)), Math.SQRT2, 1e-6);
    expectClose([grad(sqrt)(2), grad(sqrt)(9)], [0.35355338, 1 / 6]);
    expectClose(jvp(sqrt, [9], [3])[1], 0.5);
    expectClose(grad(grad(sqrt))(2), -0.088388346);
    expectClose(jit(vmap(grad(sqrt)))(array([1, 4])), [0.5, 0.25]);
    // the solver itself may be a whileLoop, which has no reverse mode
    const withWhile = (a: Tensor): Tensor =>
      customRoot(
        (x: Tensor, t: Tensor) => x.mul(x).sub(t),
        np.ones([]),
        a,
        (f, guess) =>
          whileLoop(
            (x: Tensor) => np.abs(f(x)).greater(1e-5),
            (x: Tensor) => x.sub(f(x).div(x.mul(2))),
            guess,
          ),
        (g, y) => y.div(g(np.ones([]))),
      );
    expectClose(grad(withWhile)(4), 0.25);
    const [, tangent] = jvp((p: { a: Tensor }) => sqrt(p.a), [{ a: array(9) }], [{ a: array(3) }]);
    expectClose(tangent, 0.5);
  });
});

describe("training", () => {
  it("a step of gradient descent over a tree, in one jitted function", () => {
    const params = {
      layers: [
        { w: np.ones([2, 3]).mul(0.1), b: np.zeros([3]) },
        { w: np.ones([3, 1]).mul(0.2), b: np.zeros([1]) },
      ],
      scale: null,
    };
    type P = typeof params;
    const model = (p: P, x: Tensor): Tensor =>
      p.layers.reduce<Tensor>((h, { w, b }) => np.tanh(np.dot(h, w).add(b)), x);
    const x = array([
      [0, 1],
      [1, 0],
      [1, 1],
      [0, 0],
    ]);
    const y = array([[1], [1], [0], [0]]);
    const loss = (p: P): Tensor => model(p, x).sub(y).square().mean();
    const step = jit((p: P): [Tensor, P] => {
      const [l, g] = valueAndGrad(loss)(p as never) as unknown as [Tensor, P];
      return [l, tree.map((w: Tensor, d: Tensor) => w.sub(d.mul(0.5)), p as never, g) as unknown as P];
    });
    let p = params;
    const losses: number[] = [];
    for (let i = 0; i < 50; i++) {
      const [l, next] = step(p as never) as unknown as [Tensor, P];
      losses.push(l.item());
      p = next;
    }
    expect(losses[49]).toBeLessThan(losses[0] * 0.8);
    expect(p.scale).toBeNull();
    expectClose(nn.relu(array([-1, 2])), [0, 2]);
  });
});
