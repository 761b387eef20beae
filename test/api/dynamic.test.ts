/** Dynamic sizes: one compiled program for many sizes, declared or found, and right at each of them. */
import {
  array,
  cond,
  configure,
  debug,
  explain,
  foriLoop,
  grad,
  jit,
  nn,
  numpy as np,
  random,
  scan,
  type Tensor,
  tree,
  vmap,
  whileLoop,
} from "tilework";
import { describe, expect, it } from "vitest";
import { expectClose } from "./helpers.js";

const SIZES = [7, 8, 9, 31];
// biome-ignore lint/suspicious/noExplicitAny: any function
type Any = any;

/** Numbers that differ. */
const data = (...shape: number[]): Tensor =>
  np
    .sin(
      np
        .arange(shape.reduce((a, b) => a * b, 1))
        .astype("f32")
        .mul(1.3),
    )
    .reshape(shape) as Tensor;

/** Calls the jitted and the plain function at these sizes; the results are equal. Returns the jitted one. */
function same(f: Any, args: (n: number) => unknown[], sizes: readonly number[] = SIZES, options: Any = {}): Any {
  const jitted = jit(f, options);
  const plain = jit(f, { ...options, dynamic: false, donate: [] });
  for (const n of [...sizes, ...sizes]) {
    const expected = tree.leaves(plain(...args(n)));
    const actual = tree.leaves(jitted(...args(n)));
    expect(actual.length).toBe(expected.length);
    actual.forEach((x, i) => {
      const [a, b] = [x as Tensor, expected[i] as Tensor];
      expect([a.shape, a.dtype]).toEqual([b.shape, b.dtype]);
      expectClose(a, b.js() as Any, 1e-5);
    });
  }
  return jitted;
}
function expectPrograms(f: Any, programs: number): void {
  expect(f.entries().flatMap((e: { refusal: string }) => e.refusal || [])).toEqual([]);
  expect(f.entries().length, reasons(f).join("\n")).toBe(programs);
}
const reasons = (f: Any): string[] => f.entries().map((e: { reason: string }) => e.reason);

const mlp = (p: { w: Tensor; b: Tensor }[], x: Tensor): Tensor =>
  p.reduce((h, { w, b }, i) => (i === 0 ? np.dot(h, w).add(b) : np.dot(np.tanh(h), w).add(b)), x);
const params = (): { w: Tensor; b: Tensor }[] => [
  { w: data(5, 4), b: data(4) },
  { w: data(4, 3), b: data(3) },
];
const loss = (p: { w: Tensor; b: Tensor }[], x: Tensor, y: Tensor): Tensor => np.mean(np.square(mlp(p, x).sub(y)));

describe("a second size of an axis makes it dynamic", () => {
  it("jit(f): two programs for four sizes, and explain says why", () => {
    const f = same(
      (w: Tensor, x: Tensor) => np.tanh(np.dot(x, w)),
      (n) => [data(5, 4), data(n, 5)],
    );
    expect(reasons(f)).toEqual(["first call", "axis 0 of argument 1 seen as 7 and 8: dynamic, as n"]);
    const e = explain(f)(data(5, 4), data(31, 5));
    expect(e.compiles).toEqual(reasons(f));
    expect(e.dynamic).toEqual(["n ≥ 2: axis 0 of argument 1"]);
    expect(e.core).toContain("f32[n,5]");
  });
  it("jit(grad(f)) of a batch with its labels, which share a size", () => {
    const f = same(grad(loss), (n) => [params(), data(n, 5), data(n, 3)]);
    expectPrograms(f, 2);
    expect(reasons(f)[1]).toBe("axis 0 of argument 1, axis 0 of argument 2 seen as 7 and 8: dynamic, as n");
  });
  it("few rows and many of one contraction, whose other side is packed for many alone", () => {
    const wide = [
      { w: data(40, 70), b: data(70) },
      { w: data(70, 33), b: data(33) },
    ];
    const sizes = [12, 13, 2, 3, 4, 7, 11, 29, 30, 31, 61];
    const f = same(grad(loss), (n) => [wide, data(n, 40), data(n, 33)], sizes);
    expect(f.entries().length).toBe(2);
    const g = same(
      (x: Tensor, w: Tensor) => np.dot(x.reshape([-1, 96]), w).add(x.reshape([-1, 96])),
      (n) => [data(n, 6 * 96), data(96, 96)],
      sizes.slice(0, 8),
    );
    expect(g.entries().length).toBe(2);
  });
  it("jit(vmap(f))", () => {
    const f = same(
      vmap((x: Tensor) => np.sum(np.exp(x)).add(x)),
      (n) => [data(n, 6)],
    );
    expectPrograms(f, 2);
  });
  it("jit(vmap(grad(f)))", () => {
    const f = same(vmap(grad((x: Tensor) => np.sum(np.sin(x).mul(x)))), (n) => [data(n, 6)]);
    expectPrograms(f, 2);
  });
});

/** Functions of a batch x [n, 6], with what each compiles into: two programs, or as many as there are sizes. */
const CASES: readonly (readonly [string, (x: Tensor) => unknown, number?])[] = [
  ["mean, a divisor that is a size", (x) => [np.mean(x), np.mean(x, 0), np.var(x, 0), np.std(x)]],
  ["softmax, logsumexp, cumulative sums", (x) => [nn.softmax(x, 0), nn.logsumexp(x), np.cumsum(x, 0)]],
  ["the size read as a number", (x) => x.mul(x.shape[0]).add(1 / Math.sqrt(x.shape[0]))],
  ["reshape with and without -1", (x) => [x.reshape([-1]), x.reshape([x.shape[0], 2, 3]), x.reshape([-1, 2])]],
  ["slices", (x) => [x.slice([1, null]), x.slice([null, -2]), x.slice([null, null, 2]), x.index(-1), x.index(0)]],
  ["neighbours", (x) => x.slice([1, null]).sub(x.slice([null, -1]))],
  [
    "concatenate, stack, pad, roll, flip",
    (x) => [np.concatenate([x, x.mul(2)]), np.stack([x, x]), np.pad(x, 1), np.roll(x, 2, 0), np.flip(x, 0)],
  ],
  [
    "arange, linspace, eye, tri, ones",
    (x) => [
      np.arange(x.shape[0]),
      np.linspace(0, 1, x.shape[0]),
      np.eye(x.shape[0]),
      np.tri(x.shape[0]),
      np.ones([x.shape[0], 2]),
    ],
  ],
  [
    "a matrix of all pairs, masked",
    (x) => {
      const s = np.dot(x, x.T);
      const n = x.shape[0];
      return nn.softmax(np.where(np.tri(n, n).greater(0), s, -1e9), -1);
    },
  ],
  [
    "the position of what never wins",
    (x) => [np.argmax(x.mul(0).sub(Infinity), 0), np.argmin(x.mul(0).add(Infinity), 1)],
  ],
  ["sort, argsort, argmax", (x) => [np.sort(x, 0), np.argsort(x, 0), np.argmax(x, 0), np.argmin(x)]],
  [
    "take, along every axis",
    (x) => [np.take(x, array([0, 2, 4], { dtype: "i32" }), 1), np.take(x, array([1, 0], { dtype: "i32" }), 0)],
  ],
  ["one-hot and a gather of rows", (x) => [nn.oneHot(np.argmax(x, 1), 6), np.takeAlongAxis(x, np.argsort(x, 0), 0)]],
  ["random numbers", (x) => [random.normal(random.key(3), [x.shape[0], 2]), random.uniform(random.key(1), x.shape)]],
  ["dropout", (x) => np.where(random.bernoulli(random.key(0), 0.5, x.shape), x.mul(2), 0)],
  ["a permutation", (x) => random.permutation(random.key(0), x)],
  ["scan over the batch", (x) => scan((c: Tensor, row: Tensor) => [c.mul(0.5).add(row), c], np.zeros([6]), x)],
  [
    "a loop of as many steps as the batch has",
    (x) => foriLoop(0, x.shape[0], (i: Tensor, c: Tensor) => c.add(i), array(0, { dtype: "i32" })),
  ],
  [
    "cond",
    (x) =>
      cond(
        np.sum(x).greater(0),
        (y: Tensor) => y.mul(y.shape[0]),
        (y: Tensor) => y.neg(),
        x,
      ),
  ],
  [
    "while over a size",
    (x) =>
      whileLoop(
        (c: Tensor) => c.less(x.shape[0]),
        (c: Tensor) => c.add(1),
        array(0),
      ),
  ],
  ["einsum and outer products", (x) => [np.einsum("ij,kj->ik", x, x), np.outer(x.index(0), x.slice([null], 0))]],
  ["nested jit", (x) => inner(x).add(inner(x.mul(2)))],
  ["a gradient inside", (x) => grad((y: Tensor) => np.mean(np.exp(y)))(x)],
  [
    "a gradient of scan and gather",
    (x) =>
      grad((y: Tensor) => {
        const [c, ys] = scan((c: Tensor, row: Tensor) => [np.tanh(c.add(row)), c], np.zeros([6]), y) as [
          Tensor,
          Tensor,
        ];
        return np.sum(c).add(np.mean(np.take(ys, array([1, 0, 1], { dtype: "i32" }), 0)));
      })(x),
  ],
  [
    "layer norm, cross-entropy",
    (x) => [nn.crossEntropy ? nn.crossEntropy(x, np.argmax(x, 1)) : x, nn.standardize ? nn.standardize(x) : x],
  ],
  ["constants made in the trace", (x) => x.add(np.array(Array.from({ length: x.shape[0] }, (_, i) => [i])))],
];

const inner = jit((x: Tensor) => np.exp(x).div(x.shape[0]));

describe("two programs for batches of 7, 8, 9 and 31, equal to what each size alone gives", () => {
  it.each(CASES.map(([name, f, programs = 2]) => ({ name, f, programs })))("$name", ({ f, programs }) => {
    const jitted = same(f, (n) => [data(n, 6)]);
    expectPrograms(jitted, programs);
  });

  it("callbacks are those of the trace at hand, also when one of them calls the function again", () => {
    const seen: number[] = [];
    let nested = 0;
    const f: Any = jit((x: Tensor) => {
      const n = x.shape[0];
      debug.callback((sum: Tensor) => {
        if (n === 9 && nested++ === 0) f(data(7));
        seen.push(n, Math.round((sum.item() as number) * 1e3));
      }, np.sum(x));
      debug.callback(() => seen.push(-n), np.max(x));
      return x.mul(2);
    });
    const of = (n: number): number[] => [n, Math.round((np.sum(data(n)).item() as number) * 1e3), -n];
    for (const n of [7, 8, 9, 31]) f(data(n));
    expect(seen).toEqual([...of(7), ...of(8), ...of(7), ...of(9), ...of(31)]);
    expect(f.entries().length).toBe(2);
  });

  it("debugNans can be switched on between two calls of one size", () => {
    const f: Any = jit((x: Tensor) => np.log(x));
    for (const n of [4, 5, 6]) f(np.ones([n]));
    configure({ debugNans: true });
    try {
      expect(f(np.ones([6])).shape).toEqual([6]);
      expect(() => f(np.full([6], -1))).toThrow(/TW4002/);
    } finally {
      configure({ debugNans: false });
    }
    expect(f(np.ones([6])).shape).toEqual([6]);
  });
});
