/** A program over a named size gives what the program of each size alone gives, and the interpreter, from the smallest sizes to large ones. */
import { grad, interpret, jit, nn, numpy as np, type Tensor, tree, valueAndGrad } from "tilework";
import { adam, applyUpdates, sgd } from "tilework/optim";
import { describe, expect, it } from "vitest";
import { expectClose } from "./helpers.js";

// biome-ignore lint/suspicious/noExplicitAny: any function
type Any = any;

const SIZES = [1, 2, 3, 7, 8, 9, 16, 31, 32, 33, 64, 100, 128];
/** Sizes at which the interpreter, which is slow, has its say. */
const SLOW = new Set([3, 31]);

/** Numbers between -1 and 1 that differ. */
const data = (...shape: number[]): Tensor => {
  const n = shape.reduce((a, b) => a * b, 1);
  return np.sin(np.arange(n).astype("f32").mul(1.3)).reshape(shape) as Tensor;
};
const labels = (n: number, classes: number): Tensor => np.mod(np.arange(n).mul(7), classes).astype("i32") as Tensor;

/** Two programs, and one more for size 1, give the same at all sizes. */
function check(f: Any, args: (n: number) => unknown[], tolerance = 2e-5, sizes = SIZES): void {
  const dynamic: Any = jit(f);
  const fixed = jit(f, { dynamic: false });
  // what is found first decides what is compiled: two sizes in the middle
  for (const n of [7, 8, ...sizes]) {
    const given = args(n);
    const actual = tree.leaves(dynamic(...given)) as Tensor[];
    const compare = (expected: readonly Tensor[]): void => {
      expect(actual.map((x) => x.shape)).toEqual(expected.map((x) => x.shape));
      actual.forEach((x, i) => expectClose(x, expected[i].js() as Any, tolerance));
    };
    compare(tree.leaves(fixed(...given)) as Tensor[]);
    if (SLOW.has(n)) compare(tree.leaves(interpret(f)(...given)) as Tensor[]);
  }
  const entries = dynamic.entries() as { reason: string; refusal: string }[];
  expect(entries.map((e) => e.refusal).filter((r) => r !== "")).toEqual([]);
  expect(entries.length, entries.map((e) => e.reason).join("\n")).toBe(sizes.includes(1) ? 3 : 2);
}

const mlpParams = (): Any => ({
  w1: data(40, 48).mul(0.2),
  b1: data(48),
  w2: data(48, 48).mul(0.2),
  b2: data(48),
  w3: data(48, 10).mul(0.2),
  b3: data(10),
});
const mlp = (p: Any, x: Tensor): Tensor => {
  const h1 = nn.relu(np.dot(x, p.w1).add(p.b1));
  const h2 = nn.relu(np.dot(h1, p.w2).add(p.b2));
  return np.dot(h2, p.w3).add(p.b3);
};
const mlpLoss = (p: Any, x: Tensor, y: Tensor): Tensor => nn.crossEntropy(mlp(p, x), y);

const cnn = (p: Any, x: Tensor): Tensor => {
  const h1 = nn.maxPool(nn.relu(nn.conv({ w: p.k1, b: p.c1 }, x, { padding: 1 })), [2, 2]);
  const h2 = nn.relu(nn.conv({ w: p.k2, b: p.c2 }, h1, { padding: 1, strides: 2 }));
  return np.dot(h2.reshape(h2.shape[0], -1), p.w).add(p.b);
};
const cnnParams = (): Any => ({
  k1: data(3, 3, 2, 8).mul(0.5),
  c1: data(8),
  k2: data(3, 3, 8, 12).mul(0.2),
  c2: data(12),
  w: data(48, 5).mul(0.3),
  b: data(5),
});

const blockParams = (d: number): Any => ({
  n1: data(d),
  m1: data(d),
  qkv: data(d, 3 * d).mul(0.3),
  o: data(d, d).mul(0.3),
  n2: data(d),
  m2: data(d),
  u: data(d, 2 * d).mul(0.3),
  d: data(2 * d, d).mul(0.3),
});
const block = (p: Any, x: Tensor): Tensor => {
  const [b, t, d] = x.shape;
  const qkv = np.dot(nn.layerNorm({ scale: p.n1, bias: p.m1 }, x), p.qkv);
  const [q, k, v] = np.split(qkv, 3, -1).map((y: Tensor) => y.reshape(b, t, 2, d / 2));
  const y = x.add(np.dot(nn.dotProductAttention(q, k, v).reshape(b, t, d), p.o));
  return y.add(np.dot(nn.gelu(np.dot(nn.layerNorm({ scale: p.n2, bias: p.m2 }, y), p.u)), p.d));
};

const step =
  (tx: Any): Any =>
  (p: Any, x: Tensor, y: Tensor) => {
    const [loss, gradient] = valueAndGrad((q: Any) => mlpLoss(q, x, y))(p) as Any;
    const [updates] = tx.update(gradient, tx.init(p), p);
    return [applyUpdates(p, updates), loss];
  };

describe("one program for sizes from 2 to 128", () => {
  it("a network", () => check(mlp, (n) => [mlpParams(), data(n, 40)]));
  it("a step of gradient descent", () => check(step(sgd(0.1)), (n) => [mlpParams(), data(n, 40), labels(n, 10)]));
  it("a step of Adam, whose first steps divide by the gradient", () =>
    check(step(adam(1e-3)), (n) => [mlpParams(), data(n, 40), labels(n, 10)], 2e-3));
  it("convolutions and pooling", () => check(cnn, (n) => [cnnParams(), data(n, 8, 8, 2)]));
  it("their gradients", () =>
    check(
      grad((p: Any, x: Tensor, y: Tensor) => nn.crossEntropy(cnn(p, x), y)),
      (n) => [cnnParams(), data(n, 8, 8, 2), labels(n, 5)],
      1e-4,
    ));
  it("a transformer block over batches", () => check(block, (n) => [blockParams(16), data(n, 5, 16)], 1e-4));
  it("a transformer block over sequences", () => check(block, (n) => [blockParams(16), data(2, n, 16)], 1e-4));
  it("softmax along the size, and across it", () =>
    check(
      (x: Tensor) => [nn.softmax(x, -1), nn.softmax(x, 0)],
      (n) => [data(n, 20)],
    ));
  it("lines of the size", () =>
    check(
      (x: Tensor) => nn.softmax(x),
      (n) => [data(30, n)],
    ));
  it("reductions of rows of the size, of which two and three have code of their own", () =>
    check(
      (x: Tensor, w: Tensor) => [
        np.sum(x, 1),
        np.max(x, 1),
        np.argmin(x, 1),
        np.var(x.mul(w), 1),
        nn.logsumexp(x, -1),
        np.sum(x.reshape(10, 7, -1), 2),
        np.matmul(x, np.ones([x.shape[1], 80])).sub(np.arange(80)),
      ],
      (n) => [data(70, n), data(n)],
      1e-4,
      [1, 2, 3, 4, 5, 17],
    ));
  it("layer norm", () =>
    check(
      (p: Any, x: Tensor) => nn.layerNorm(p, x),
      (n) => [{ scale: data(24), bias: data(24) }, data(n, 24)],
      1e-4,
    ));
  it("cross-entropy and its gradient", () =>
    check(
      valueAndGrad((x: Tensor, y: Tensor) => nn.crossEntropy(x, y)),
      (n) => [data(n, 30), labels(n, 30)],
    ));
  it("arithmetic on each element", () =>
    check(
      (a: Tensor, b: Tensor) => nn.sigmoid(a).mul(np.tanh(b)).add(a),
      (n) => [data(n, 6), data(n, 6)],
    ));
  it("products whose rows, columns and sums have the size", () =>
    check(
      (x: Tensor, w: Tensor, v: Tensor) => [
        np.dot(x, w),
        np.dot(w.T, x.T),
        np.dot(x.T, x),
        np.dot(x, v.T),
        np.dot(v, x.T),
      ],
      (n) => [data(n, 40), data(40, 36), data(36, 40)],
      1e-4,
    ));
  it("factorisations of each matrix of a batch", () =>
    check(
      (x: Tensor) => {
        const a = np.matmul(x, np.matrixTranspose(x)).add(np.eye(4).mul(3));
        const [q, r] = np.linalg.qr(x.add(np.eye(4).mul(2)));
        const [w] = np.linalg.eigh(a);
        return [np.linalg.cholesky(a), np.linalg.solve(a, x), np.matmul(q, r), w, np.linalg.svd(a)[1]];
      },
      (n) => [data(n, 4, 4)],
      2e-4,
      [3, 33],
    ));
  it("gradients of pooling with windows that overlap", () =>
    check(
      grad((x: Tensor) =>
        np.mean(
          np.square(
            nn.maxPool(x, [3, 3], {
              strides: [2, 2],
              padding: [
                [1, 1],
                [1, 1],
              ],
            }),
          ),
        ),
      ),
      (n) => [data(n, 7, 7, 5)],
    ));
  it("gradients of pooling over images of the size: windows apart, windows that overlap, few features", () => {
    const pooled = (x: Tensor): Any => {
      const padding: [number, number][] = [
        [1, 1],
        [1, 1],
      ];
      return [
        np.square(nn.maxPool(x, [2, 2])),
        np.sin(nn.maxPool(x, [3, 3], { strides: [2, 2], padding })),
        np.sin(nn.maxPool(x.slice([null], [null], [null], [0, 2]), [3, 2])),
      ].reduce((sum: Any, y) => np.sum(y).add(sum), 0);
    };
    check(grad(pooled), (n) => [data(2, n + 1, n + 1, 5)], 1e-4, [2, 7, 8, 33]);
  });
  it("running sums along another axis", () =>
    check(
      (x: Tensor) => [np.cumsum(x, 0), np.cumsum(x, 1)],
      (n) => [data(5, n)],
    ));
  it("a long sum with few results", () =>
    check(
      (x: Tensor, y: Tensor) => np.einsum("nkc,nkd->cd", x, y),
      (n) => [data(n, 160, 8), data(n, 160, 12)],
      2e-4,
    ));
});
