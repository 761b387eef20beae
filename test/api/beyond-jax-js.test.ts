/** What jax-js 0.1.25 fails at or lacks, by its own FEATURES.md or when run: each case works here. */
import {
  array,
  associativeScan,
  checkpoint,
  cond,
  customJvp,
  customVjp,
  debug,
  evalShape,
  foriLoop,
  grad,
  hessian,
  jacfwd,
  jacrev,
  jit,
  jvp,
  lax,
  linearTranspose,
  map,
  nn,
  numpy as np,
  random,
  scan,
  ShapeDtype,
  switchCase,
  type Tensor,
  tree,
  vmap,
  whileLoop,
} from "tilework";
import { describe, expect, it } from "vitest";
import { codeOf, expectClose } from "./helpers.js";

describe("wrong or refused in jax-js", () => {
  it("jit(grad(take)) with constant indices", () => {
    const index = array([0, 2, 2], { dtype: "i32" });
    const g = jit(grad((w: Tensor) => np.sum(np.take(w, index, 0).square())));
    expectClose(
      g(
        array([
          [0, 1],
          [2, 3],
          [4, 5],
        ]),
      ),
      [
        [0, 2],
        [0, 0],
        [16, 20],
      ],
    );
  });

  it("boolean masks select, they are not read as indices 0 and 1", () => {
    const mask = array([true, false, true, true]);
    expectClose(np.arange(4).index(mask), [0, 2, 3]);
    expectClose(array([5, 6, 7, 8]).slice(mask), [5, 7, 8]);
    expectClose(
      array([
        [1, 2],
        [3, 4],
      ]).index(
        array([
          [true, false],
          [false, true],
        ]),
      ),
      [1, 4],
    );
    // the number of elements is not known under jit: an error says what to write instead
    expect(codeOf(() => jit((x: Tensor, m: Tensor) => x.index(m))(np.arange(4), mask))).toBe("TW2012");
    expectClose(jit((x: Tensor, m: Tensor) => np.where(m, x, 0))(np.arange(4), mask), [0, 0, 2, 3]);
    expectClose(jit((x: Tensor, m: Tensor) => x.at(m).set(9))(np.arange(4), mask), [9, 1, 9, 9]);
  });

  it("Hessians and Jacobians of matrices and of trees", () => {
    // PyTorch 1.13, torch.autograd.functional.hessian of sum(sin(M M) * M)
    const want = [
      -11.310135665942527, 5.843923272198765, -34.941222170411734, -13.205602797127197, 5.843923272198764,
      13.216107999689399, -6.975429220578285, 5.373979314176444, -34.941222170411734, -6.9754292205782855,
      -58.854792586600674, -35.25451814242661, -13.205602797127197, 5.373979314176446, -35.25451814242661,
      -34.938727452255094,
    ];
    const h = hessian((m: Tensor) => np.sin(np.matmul(m, m)).mul(m).sum())(
      array(
        [
          [1, 2],
          [3, 4],
        ],
        { dtype: "f64" },
      ),
    );
    expect(h.shape).toEqual([2, 2, 2, 2]);
    expectClose(h.ravel(), want, 1e-10);
    expect(jacfwd((m: Tensor) => np.matmul(m, m.T))(np.ones([2, 3])).shape).toEqual([2, 2, 2, 3]);
    expect(jacrev((m: Tensor) => np.matmul(m, m.T))(np.ones([2, 3])).shape).toEqual([2, 2, 2, 3]);
    const t = jacfwd((p: { a: Tensor; b: Tensor }) => p.a.mul(p.b.sum()))({
      a: array([1, 2]),
      b: np.ones([2, 2]),
    }) as unknown as { a: Tensor; b: Tensor };
    expect([t.a.shape, t.b.shape]).toEqual([
      [2, 2],
      [2, 2, 2],
    ]);
  });

  it("vmap of pooling, and its gradient", () => {
    const x = np.arange(32).astype("f32").reshape(2, 1, 4, 4, 1);
    const pool = (image: Tensor): Tensor =>
      lax.reduceWindow(image, "max", [1, 2, 2, 1], { strides: [1, 2, 2, 1], padding: "VALID" });
    const pooled = vmap(pool)(x);
    expectClose(pooled.reshape(2, 2, 2), [
      [
        [5, 7],
        [13, 15],
      ],
      [
        [21, 23],
        [29, 31],
      ],
    ]);
    const g = vmap(grad((image: Tensor) => pool(image).sum()))(x);
    expectClose(g.sum(), 8);
    expectClose(g.index(0, 0, 1, 1, 0), 1);
  });

  it("null, undefined and class instances in trees", () => {
    class Layer {
      constructor(
        readonly w: Tensor,
        readonly b: Tensor | null,
      ) {}
    }
    tree.register(Layer, {
      flatten: (l) => [[l.w, l.b], null],
      unflatten: (_, [w, b]) => new Layer(w as Tensor, b as Tensor | null),
    });
    const g = jit(grad((l: Layer) => l.w.mul(l.w).sum()))(new Layer(array([1, 2]), null) as never) as unknown as Layer;
    expect(g).toBeInstanceOf(Layer);
    expectClose(g.w, [2, 4]);
    expect(g.b).toBeNull();
    const h = grad((p: { w: Tensor; skip?: Tensor | undefined }) => p.w.sum())({
      w: array([1, 2]),
      skip: undefined,
    } as never) as unknown as { w: Tensor; skip: unknown };
    expectClose(h, { w: [1, 1], skip: undefined });
  });

  it("values may be used many times: nothing is consumed by an operation or by reading it", () => {
    const x = array([1, 2]);
    const y = x.add(x).mul(x).add(x.ref);
    x.dispose();
    expectClose(
      [y, x, x.ref, y],
      [
        [3, 10],
        [1, 2],
        [1, 2],
        [3, 10],
      ],
    );
    expect([x.item === undefined, x.disposed]).toEqual([false, false]);
    const s = array(5);
    expect([s.item(), s.item()]).toEqual([5, 5]);
  });

  it("linear algebra has derivatives: eigh, svd, qr, cholesky, inv", () => {
    const A = array(
      [
        [2, 1],
        [1, 3],
      ],
      { dtype: "f64" },
    );
    // trace of eigenvalues is the trace
    expectClose(
      grad((a: Tensor) => np.linalg.eigh(a)[0].sum())(A),
      [
        [1, 0],
        [0, 1],
      ],
      1e-9,
    );
    for (const f of [
      (a: Tensor): Tensor => np.linalg.eigh(a)[0],
      (a: Tensor): Tensor => np.linalg.qr(a)[1],
      (a: Tensor): Tensor => np.linalg.svd(a, { computeUv: false } as never) as unknown as Tensor,
      (a: Tensor): Tensor => np.linalg.cholesky(a),
      (a: Tensor): Tensor => np.linalg.inv(a),
    ]) {
      const scalar = (a: Tensor): Tensor => np.sum(np.sin(f(a.add(a.T).div(2))));
      const g = grad(scalar)(A);
      const e = 1e-6;
      for (const [i, j] of [
        [0, 0],
        [0, 1],
        [1, 1],
      ]) {
        const d = np.zeros([2, 2], { dtype: "f64" }).at(i, j).set(e);
        const finite = (scalar(A.add(d)).item() - scalar(A.sub(d)).item()) / (2 * e);
        expectClose(g.index(i, j), finite, 1e-6);
      }
    }
  });

  it("f64 functions have f64 accuracy", () => {
    const v = [0.1, 1.7, -2.3, 12.5];
    expectClose(np.exp(array(v, { dtype: "f64" })), v.map(Math.exp), 1e-15);
    expectClose(np.sin(array(v, { dtype: "f64" })), v.map(Math.sin), 1e-15);
  });

  it("small dtypes: i8, u8, i16, u16, i64, u64, bf16, and a bool of one byte", () => {
    for (const dtype of ["i8", "u8", "i16", "u16", "i64", "u64", "bf16", "f16"] as const) {
      const x = array([1, 2, 3], { dtype });
      expect(x.dtype).toBe(dtype);
      expect(np.add(x, x).js()).toEqual(dtype.endsWith("64") ? [2n, 4n, 6n] : [2, 4, 6]);
    }
    expect(array([true, false, true]).nbytes).toBe(3);
  });
});

describe("missing in jax-js", () => {
  const x = array([3, 1, 2]);
  it("cond, switch, while_loop, fori_loop, scan, map, associative_scan: loops of the program, not unrolled", () => {
    expectClose(
      jit((p: Tensor) =>
        cond(
          p,
          () => x.sum(),
          () => x.max(),
        ),
      )(array(true)),
      6,
    );
    expectClose(jit((i: Tensor) => switchCase(i, [() => x.min(), () => x.max()]))(array(1, { dtype: "i32" })), 3);
    expectClose(
      jit((n: Tensor) =>
        whileLoop(
          (c: Tensor) => c.less(n),
          (c: Tensor) => c.mul(2),
          array(1),
        ),
      )(array(100)),
      128,
    );
    expectClose(jit((n: Tensor) => foriLoop(0, n, (i, c) => c.add(i), array(0)))(array(5, { dtype: "i32" })), 10);
    expectClose(
      scan((c: Tensor, v: Tensor) => [c.add(v), c], array(0), x),
      [6, [0, 3, 4]],
    );
    expectClose(
      map((v: Tensor) => v.mul(v), x),
      [9, 1, 4],
    );
    expectClose(
      associativeScan((a, b) => np.maximum(a, b), x),
      [3, 3, 3],
    );
    const steps = jit((v: Tensor) => scan((c: Tensor, _: null) => [np.sin(c), null], v, null, { length: 1000 })[0]);
    steps(array(1));
    expect(steps.entries()[0].program.eqns.length).toBeLessThan(10);
  });

  it("custom_jvp, custom_vjp, checkpoint, linear_transpose, eval_shape", () => {
    expectClose(grad(customJvp((v: Tensor) => v).defjvp(([v], [t]) => [v, t.mul(7)]))(1), 7);
    expectClose(
      grad(
        customVjp((v: Tensor) => v).defvjp(
          (v) => [v, null],
          (_, g) => [g.mul(9)],
        ),
      )(1),
      9,
    );
    expectClose(grad((v: Tensor) => checkpoint((w: Tensor) => np.sin(np.sin(w)))(v))(0), 1);
    expectClose(linearTranspose((v: Tensor) => v.mul(3), array(1))(2), [6]);
    expect((evalShape((v: Tensor) => np.outer(v, v), new ShapeDtype([1_000_000])) as ShapeDtype).shape).toEqual([
      1_000_000, 1_000_000,
    ]);
  });

  it("vmap with outAxes, named axes and collectives", () => {
    const m = array([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(vmap((r: Tensor) => r, { outAxes: 1 })(m).shape).toEqual([2, 3]);
    expectClose(vmap((r: Tensor) => r.sub(lax.pmean(r, "i")), { axisName: "i" })(m), [
      [-2, -2],
      [0, 0],
      [2, 2],
    ]);
    expectClose(vmap((r: Tensor) => r.sum(), 0)(m), [3, 7, 11]); // positional, as there
  });

  it("dynamic slices, functional updates, scatter, strided slices", () => {
    const v = np.arange(6);
    expectClose(jit((i: Tensor) => lax.dynamicSlice(v, [i], [2]))(array(3, { dtype: "i32" })), [3, 4]);
    expectClose(v.at(array([1, 1, 4], { dtype: "i32" })).add(10), [0, 21, 2, 3, 14, 5]);
    expectClose(v.at("::2").set(0), [0, 1, 0, 3, 0, 5]);
    expectClose(v.index("::-2"), [5, 3, 1]);
    expectClose(
      grad((w: Tensor) =>
        w
          .at(array([0, 0], { dtype: "i32" }))
          .mul(2)
          .sum(),
      )(array([1, 5])),
      [4, 1],
    );
  });

  it("foldIn, gamma, beta, poisson, dirichlet, truncatedNormal, orthogonal", () => {
    const key = random.foldIn(random.key(0), 7);
    expect(random.gamma(key, 2, [3]).shape).toEqual([3]);
    const q = random.orthogonal(key, 4);
    expectClose(np.matmul(q, q.T), np.eye(4), 1e-4);
    const t = random.truncatedNormal(key, -1, 1, [100]).dataSync() as Float32Array;
    expect(Math.max(...t)).toBeLessThanOrEqual(1);
    expect(Math.min(...t)).toBeGreaterThanOrEqual(-1);
  });

  it("debug.print inside compiled functions, under vmap and grad", () => {
    const lines: string[] = [];
    const f = (v: Tensor): Tensor => {
      debug.printTo((l) => lines.push(l), "v = {}", v);
      return v.mul(v);
    };
    jit(f)(array(2));
    jit(grad(f))(array(3));
    jit(vmap(f))(array([4, 5]));
    expect(lines.slice(0, 2)).toEqual(["v = 2.0", "v = 3.0"]);
    expect(lines.slice(2).sort()).toEqual(["v = 4.0", "v = 5.0"]);
    expectClose(jvp(f, [2], [1]), [4, 4]);
  });

  it("an optimiser step with the loss inside jit, the step count traced", () => {
    let traces = 0;
    const step = jit((w: Tensor, t: Tensor) => {
      traces++;
      return w.sub(grad((v: Tensor) => nn.relu(v).square().sum())(w).div(t.add(1)));
    });
    let w = array([1, -1]);
    for (let i = 0; i < 5; i++) w = step(w, array(i));
    expect(traces).toBe(1);
    expect(Number.isFinite(w.sum().item())).toBe(true);
  });
});
