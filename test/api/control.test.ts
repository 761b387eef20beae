/** Control flow on traced values: cond, switchCase, whileLoop, foriLoop, scan, map, associativeScan, nested and closing over values. */
import {
  array,
  associativeScan,
  checkpoint,
  cond,
  customJvp,
  customRoot,
  customVjp,
  evalShape,
  explain,
  foriLoop,
  hessian,
  interpret,
  jacfwd,
  jacrev,
  jit,
  jvp,
  lax,
  linearize,
  linearTranspose,
  makeProgram,
  map,
  numpy as np,
  scan,
  switchCase,
  type Tensor,
  vjp,
  vmap,
  whileLoop,
} from "tilework";
import { describe, expect, it } from "vitest";
import { codeOf, errorOf, expectClose } from "./helpers.js";

const modes: [string, <A extends unknown[], R>(f: (...args: A) => R) => (...args: never[]) => unknown][] = [
  ["eager", (f) => f as never],
  ["jit", (f) => jit(f as never) as never],
];

describe("what is no function", () => {
  const x = array([1, 2]);
  const bad = 3 as never;
  const f = (v: Tensor): Tensor => v;
  it.each<[string, () => unknown]>([
    ["scan", () => scan(bad, x, x)],
    ["cond", () => cond(true, bad, f, x)],
    ["cond", () => cond(true, f, bad, x)],
    ["whileLoop", () => whileLoop(bad, f, x)],
    ["whileLoop", () => whileLoop(() => true, bad, x)],
    ["foriLoop", () => foriLoop(0, 2, bad, x)],
    ["map", () => map(bad, x)],
    ["switchCase", () => switchCase(0, [bad], x)],
    ["switchCase", () => switchCase(0, f as never, x)],
    ["associativeScan", () => associativeScan(bad, x)],
    ["checkpoint", () => checkpoint(bad)],
    ["customJvp", () => customJvp(bad)],
    ["customVjp", () => customVjp(undefined as never)],
    ["defjvp", () => customJvp(f).defjvp(bad)],
    ["defvjp", () => customVjp(f).defvjp((v: Tensor) => [v, null], bad)],
    ["jit", () => jit(undefined as never)],
    ["jvp", () => jvp(bad, [x], [x])],
    ["vjp", () => vjp(bad, x)],
    ["linearize", () => linearize(bad, x)],
    ["linearTranspose", () => linearTranspose(bad, x)],
    ["jacfwd", () => jacfwd(bad)],
    ["jacrev", () => jacrev(bad)],
    ["hessian", () => hessian(bad)],
    ["evalShape", () => evalShape(bad, x)],
    ["makeProgram", () => makeProgram(bad)],
    ["explain", () => explain(bad)],
    ["interpret", () => interpret(bad)],
    ["customRoot", () => customRoot(f, x, x, bad, bad)],
  ])("is named by %s", (name, run) => {
    const e = errorOf(run);
    expect(e.code).toBe("TW1003");
    expect(e.message).toMatch(new RegExp(`${name}:? takes a (function|list of functions), not `));
    expect(e.file).toMatch(/control\.test\.ts$/);
  });
  it("nor arguments that stand alone, nor options that are no object", () => {
    expect(errorOf(() => jvp(f, x as never, [x])).message).toMatch(/takes the arguments as a list/);
    expect(codeOf(() => jit(f, "fast" as never))).toBe("TW1007");
  });
});

describe.each(modes)("%s", (_, wrap) => {
  it("cond runs one branch, with trees, numbers and closures", () => {
    const k = array([10, 20]);
    const f = wrap((p: Tensor, x: Tensor) => {
      const y = x.mul(3);
      return cond(
        p,
        (t: { x: Tensor }) => ({ r: t.x.add(k), n: y, c: 1 as unknown }),
        (t: { x: Tensor }) => ({ r: t.x.sub(y), n: k, c: t.x.sum() as unknown }),
        { x },
      );
    });
    expectClose(f(array(true) as never, array([1, 2]) as never), { r: [11, 22], n: [3, 6], c: 1 });
    expectClose(f(array(false) as never, array([1, 2]) as never), { r: [-2, -4], n: [10, 20], c: 3 });
    // a number is true when it is not zero
    expectClose(
      wrap((n: Tensor) =>
        cond(
          n,
          () => array(1),
          () => array(2),
        ),
      )(array(-3) as never),
      1,
    );
  });

  it("switchCase clamps its index", () => {
    const f = wrap((i: Tensor, x: Tensor) =>
      switchCase(i, [(a: Tensor) => a, (a: Tensor) => a.mul(2), (a: Tensor) => a.mul(a)], x),
    );
    const at = (i: number): unknown => f(array(i, { dtype: "i32" }) as never, array(5) as never);
    expectClose([at(-4), at(0), at(1), at(2), at(9)], [5, 5, 10, 25, 25]);
  });

  it("whileLoop: Newton's iteration, and a carry that is a tree", () => {
    const sqrt = wrap((a: Tensor) =>
      whileLoop(
        ({ x, old }: { x: Tensor; old: Tensor }) => np.abs(x.sub(old)).greater(1e-6),
        ({ x }) => ({ old: x, x: x.add(a.div(x)).mul(0.5) }),
        { x: a, old: a.add(1) },
      ),
    );
    expectClose((sqrt(array(2) as never) as { x: Tensor }).x, Math.SQRT2, 1e-6);
    // from JAX's documentation: the carry may start as a number
    const triangle = wrap((n: Tensor) =>
      whileLoop(
        ([i]) => (i as Tensor).less(n),
        ([i, s]) => [(i as Tensor).add(1), (s as Tensor).add(i)],
        [array(0), array(0)],
      ),
    );
    expectClose((triangle(array(5) as never) as Tensor[])[1], 10);
  });

  it("foriLoop with fixed and with traced bounds, also empty", () => {
    const f = wrap((n: Tensor, x: Tensor) => [
      foriLoop(0, 4, (i, c) => c.add(i), x),
      foriLoop(2, n, (i, c) => c.mul(i), x),
      foriLoop(3, 1, (_i, c) => c.mul(0), x),
    ]);
    expectClose(f(array(5, { dtype: "i32" }) as never, array(1) as never), [7, 24, 1]);
  });

  it("scan: running sums, trees, reverse, length alone, no steps", () => {
    const xs = array([1, 2, 3, 4]);
    const sums = (reverse: boolean): unknown =>
      wrap((v: Tensor) => scan((c: Tensor, x: Tensor) => [c.add(x), c.add(x)], array(0), v, { reverse }))(xs as never);
    expectClose(sums(false), [10, [1, 3, 6, 10]]);
    expectClose(sums(true), [10, [10, 9, 7, 4]]);
    const k = array(3);
    const f = wrap((a: Tensor, m: Tensor) =>
      scan(
        (c: { s: Tensor; n: number | Tensor }, x: { v: Tensor; z: null }) => [
          { s: c.s.add(x.v.mul(k)).mul(a), n: np.add(c.n, 1) },
          [x.v.sum(), c.n],
        ],
        { s: np.zeros([2]), n: 0 as number | Tensor },
        { v: m, z: null },
      ),
    );
    expectClose(
      f(
        array(2) as never,
        array([
          [1, 2],
          [3, 4],
          [5, 6],
        ]) as never,
      ),
      [
        { s: [24 + 36 + 30, 48 + 48 + 36], n: 3 },
        [
          [3, 7, 11],
          [0, 1, 2],
        ],
      ],
    );
    expectClose(
      wrap((x: Tensor) => scan((c: Tensor, _: null) => [c.mul(2), c], x, null, { length: 3 }))(array(1) as never),
      [8, [1, 2, 4]],
    );
    expectClose(
      wrap((x: Tensor) => scan((c: Tensor, v: Tensor) => [c.add(v), v], array(7), x))(np.zeros([0]) as never),
      [7, []],
    );
  });

  it("map and associativeScan", () => {
    expectClose(
      wrap((m: Tensor) => map((row: Tensor) => ({ s: row.sum(), m: row.max() }), m))(
        array([
          [1, 2],
          [3, 0],
        ]) as never,
      ),
      { s: [3, 3], m: [2, 3] },
    );
    for (const n of [0, 1, 2, 3, 4, 5, 7, 8, 13]) {
      const v = Array.from({ length: n }, (_, i) => ((i * 7) % 5) + 1);
      const sums = v.map((_, i) => v.slice(0, i + 1).reduce((a, b) => a + b, 0));
      expectClose(
        wrap((x: Tensor) => associativeScan((a, b) => np.add(a, b), x))(np.array(v, { dtype: "f32" }) as never),
        sums,
      );
    }
    // an operation that does not commute: 2×2 matrices of a linear recurrence
    const r = wrap((a: Tensor, b: Tensor) =>
      associativeScan(([a1, b1], [a2, b2]) => [a1.mul(a2), a2.mul(b1).add(b2)], [a, b]),
    )(array([1, 2, 3, 4]) as never, array([1, 1, 1, 1]) as never) as Tensor[];
    expectClose(r[1], [1, 3, 10, 41]);
    expectClose(
      wrap((x: Tensor) => associativeScan(np.maximum as never, x, { reverse: true, axis: 1 }))(
        array([
          [1, 3, 2],
          [4, 0, 5],
        ]) as never,
      ),
      [
        [3, 3, 2],
        [5, 5, 5],
      ],
    );
  });

  it("loops in branches in loops, each closing over all values around it", () => {
    const f = wrap((x: Tensor, n: Tensor) => {
      const a = x.add(1);
      const [total] = scan(
        (c: Tensor, i: Tensor) => {
          const b = c.mul(a);
          const inner = cond(
            i.greater(1),
            (v: Tensor) => foriLoop(0, 2, (j, acc) => acc.add(b).add(x).add(j), v),
            (v: Tensor) =>
              whileLoop(
                (w: Tensor) => w.less(b.add(n)),
                (w: Tensor) => w.add(a),
                v,
              ),
            i,
          );
          return [inner, inner];
        },
        x,
        array([0, 1, 2, 3]),
      );
      return total;
    });
    const plain = (x: number, n: number): number => {
      const a = x + 1;
      let c = x;
      for (const i of [0, 1, 2, 3]) {
        const b = c * a;
        let v = i;
        if (i > 1) for (let j = 0; j < 2; j++) v = v + b + x + j;
        else while (v < b + n) v += a;
        c = v;
      }
      return c;
    };
    expectClose(f(array(2) as never, array(3) as never), plain(2, 3));
    expectClose(f(array(1) as never, array(0.5) as never), plain(1, 0.5));
  });
});

describe("under vmap", () => {
  it("each control construct behaves as on every element by itself", () => {
    const bodies: Record<string, (x: Tensor, y: Tensor) => unknown> = {
      cond: (x, y) =>
        cond(
          x.greater(y),
          (a: Tensor) => a.mul(2),
          (a: Tensor) => a.sub(y),
          x,
        ),
      switchCase: (x, y) =>
        switchCase(x.astype("i32"), [(a: Tensor) => a, (a: Tensor) => a.mul(y), (a: Tensor) => a.neg()], x),
      whileLoop: (x, y) =>
        whileLoop(
          (c: Tensor) => c.less(y),
          (c: Tensor) => c.add(x).add(1),
          x,
        ),
      foriLoop: (x, y) => foriLoop(0, y.astype("i32"), (i, c) => c.add(x).mul(1.5).add(i), x),
      scan: (x, y) => scan((c: Tensor, v: Tensor) => [c.mul(x).add(v), c.sum()], y, array([1, 2, 3])),
      map: (x, y) => map((v: Tensor) => v.mul(x).add(y), array([1, 2])),
      associativeScan: (x, y) => associativeScan((a, b) => np.add(a, b).mul(1), np.stack([x, y, x])),
    };
    const xs = [0, 1, 2.5];
    const ys = [2, 0.5, 3];
    for (const [name, f] of Object.entries(bodies)) {
      for (const [inX, inY] of [
        [0, 0],
        [0, null],
        [null, 0],
      ] as const) {
        const batched = jit(vmap(f as never, { inAxes: [inX, inY] }) as never) as (...args: unknown[]) => unknown;
        const got = batched(inX === null ? array(1) : array(xs), inY === null ? array(2) : array(ys));
        const one = (i: number): unknown => f(array(inX === null ? 1 : xs[i]), array(inY === null ? 2 : ys[i]));
        const want = [0, 1, 2].map(one);
        const leaves = (t: unknown): Tensor[] => (Array.isArray(t) ? t.flatMap(leaves) : [t as Tensor]);
        leaves(got).forEach((g, k) => {
          try {
            expectClose(
              g,
              want.map((w) => leaves(w)[k].js()),
            );
          } catch (e) {
            throw new Error(`${name} [${inX}, ${inY}]: ${String(e)}`);
          }
        });
      }
    }
  });

  it("closures over values of the outer map and of an outer jit", () => {
    const f = jit((k: Tensor, m: Tensor) =>
      vmap((row: Tensor) =>
        vmap((x: Tensor) =>
          cond(
            x.greater(row.mean()),
            () => x.mul(k),
            () => row.sum(),
          ),
        )(row),
      )(m),
    );
    expectClose(
      f(
        array(10),
        array([
          [1, 2, 6],
          [4, 4, 1],
        ]),
      ),
      [
        [9, 9, 60],
        [40, 40, 9],
      ],
    );
  });

  it("collectives see the axis through jit, scan and a nested map", () => {
    const f = vmap(
      (x: Tensor) =>
        jit((v: Tensor) => {
          const mean = lax.pmean(v, "batch");
          const [, ys] = scan((c: Tensor, s: Tensor) => [c, lax.psum(v.mul(s), "batch")], v, array([1, 2]));
          return [
            v.sub(mean),
            ys,
            lax.axisIndex("batch"),
            vmap((w: Tensor) => lax.psum(w, ["batch", "in"]), { axisName: "in" })(np.stack([v, v])),
          ];
        })(x),
      { axisName: "batch" },
    );
    expectClose(f(array([1, 2, 6])), [
      [-2, -1, 3],
      [
        [9, 18],
        [9, 18],
        [9, 18],
      ],
      [0, 1, 2],
      [
        [18, 18],
        [18, 18],
        [18, 18],
      ],
    ]);
  });
});

describe("mistakes", () => {
  const x = array([1, 2]);
  it.each<[string, string, () => unknown]>([
    [
      "a vector as predicate",
      "TW2007",
      () =>
        cond(
          x.greater(0),
          (a: Tensor) => a,
          (a: Tensor) => a,
          x,
        ),
    ],
    [
      "branches of different structure",
      "TW3009",
      () =>
        cond(
          true,
          (a: Tensor) => [a] as unknown,
          (a: Tensor) => a as unknown,
          x,
        ),
    ],
    [
      "branches of different shape",
      "TW3009",
      () =>
        cond(
          true,
          (a: Tensor) => a.sum(),
          (a: Tensor) => a,
          x,
        ),
    ],
    [
      "branches of different dtype",
      "TW3009",
      () =>
        cond(
          true,
          (a: Tensor) => a.astype("i32"),
          (a: Tensor) => a,
          x,
        ),
    ],
    ["no branches", "TW2011", () => switchCase(0, [], x)],
    ["a float as index", "TW2005", () => switchCase(array(0.5), [(a: Tensor) => a], x)],
    [
      "a test that is no bool",
      "TW2005",
      () =>
        whileLoop(
          (c: Tensor) => c,
          (c: Tensor) => c,
          array(1),
        ),
    ],
    [
      "a carry that grows",
      "TW3008",
      () =>
        whileLoop(
          () => array(true),
          (c: Tensor) => np.concatenate([c, c]),
          x,
        ),
    ],
    ["a carry that changes dtype", "TW3008", () => scan((c: Tensor, v: Tensor) => [c.astype("i32"), v], array(0.5), x)],
    [
      "a carry that changes structure",
      "TW3008",
      () => scan((c: Tensor, v: Tensor) => [[c, c], v] as never, array(0), x),
    ],
    ["a body that returns no pair", "TW1009", () => scan((c: Tensor) => c as never, array(0), x)],
    ["xs of different lengths", "TW2001", () => scan((c: Tensor) => [c, null], array(0), [x, array([1, 2, 3])])],
    ["a scalar to scan over", "TW2007", () => scan((c: Tensor) => [c, null], array(0), array(1))],
    ["no length", "TW2014", () => scan((c: Tensor) => [c, null], array(0), null)],
    ["an array as bound of a foriLoop", "TW2007", () => foriLoop(0, x.astype("i32"), (_i, c) => c, x)],
    ["a fraction as bound of a foriLoop", "TW2005", () => foriLoop(0, 2.5, (_i, c) => c, x)],
    [
      "an async branch",
      "TW1005",
      () =>
        cond(
          true,
          async (a: Tensor) => a,
          async (a: Tensor) => a,
          x,
        ),
    ],
    ["an associative function with another structure", "TW1009", () => associativeScan((a) => [a] as never, x)],
    ["an axis that is not there", "TW2004", () => associativeScan((a) => a, x, { axis: 3 })],
  ])("%s", (_, code, f) => {
    const e = errorOf(f);
    expect(e.code).toBe(code);
    expect(e.file).toMatch(/control\.test\.ts$/);
    expect(e.help.length).toBeGreaterThan(10);
    expect(codeOf(() => jit(() => f() as never)())).toBe(code);
    expectClose(x.add(1), [2, 3]); // nothing was left open
  });
});
