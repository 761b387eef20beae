/** Fused programs as users write them: what GPUs have to run. */
import { cond, foriLoop, grad, lax, map, nn, numpy as np, random, scan, type Tensor, vmap, whileLoop } from "tilework";
import { adam, applyUpdates, sgd } from "tilework/optim";

// biome-ignore lint/suspicious/noExplicitAny: functions of one, two and more tensors in one table
type Function = (...args: any[]) => unknown;
export type ShaderProgram = readonly [f: Function, args: readonly unknown[]];

const f32 = (...shape: number[]): Tensor => {
  const n = shape.reduce((a, b) => a * b, 1);
  return np.sin(np.arange(n).astype("f32").mul(1.7)).reshape(shape);
};
const i32 = (...values: number[]): Tensor => np.array(values, { dtype: "i32" });
const half = (dtype: "f16" | "bf16", ...shape: number[]): Tensor => f32(...shape).astype(dtype);

const mlp = (w1: Tensor, w2: Tensor, x: Tensor) => np.dot(nn.gelu(np.dot(x, w1)), w2);
const attention = (q: Tensor, k: Tensor, v: Tensor) =>
  np.matmul(nn.softmax(np.matmul(q, np.swapaxes(k, -1, -2)).div(Math.sqrt(8))), v);
const norm = (x: Tensor, g: Tensor, b: Tensor) => nn.standardize(x).mul(g).add(b);
const rms = (x: Tensor, g: Tensor) => x.mul(lax.rsqrt(np.mean(np.square(x), -1, { keepdims: true }).add(1e-6))).mul(g);
const lstm = (w: Tensor, u: Tensor, h: Tensor, c: Tensor, x: Tensor): [Tensor, Tensor] => {
  const [i, f, g, o] = np.split(np.dot(x, w).add(np.dot(h, u)), 4, -1) as Tensor[];
  const next = nn
    .sigmoid(f)
    .mul(c)
    .add(nn.sigmoid(i).mul(np.tanh(g)));
  return [nn.sigmoid(o).mul(np.tanh(next)), next];
};

export const programs: Readonly<Record<string, ShaderProgram>> = {
  softmax: [(x: Tensor) => nn.softmax(x), [f32(5, 33)]],
  "log softmax": [(x: Tensor) => nn.logSoftmax(x), [f32(4, 7)]],
  "softmax over columns": [(x: Tensor) => nn.softmax(x, 0), [f32(6, 9)]],
  "grad of log-sum-exp": [grad((x: Tensor) => nn.logsumexp(x)), [f32(31)]],
  "layer norm": [norm, [f32(6, 32), f32(32), f32(32)]],
  "layer norm, backward": [
    grad((x: Tensor, g: Tensor, b: Tensor) => norm(x, g, b).mul(x).sum(), { argnums: [0, 1, 2] }),
    [f32(5, 16), f32(16), f32(16)],
  ],
  "rms norm": [rms, [f32(4, 24), f32(24)]],
  "rms norm in bf16": [(x: Tensor) => rms(x.astype("f32"), np.ones([24])).astype("bf16"), [half("bf16", 4, 24)]],
  "cross entropy": [
    (x: Tensor, y: Tensor) => nn.logSoftmax(x).mul(nn.oneHot(y, 10)).sum().neg(),
    [f32(4, 10), i32(3, 9, 0, 1)],
  ],
  "mean squared error": [(x: Tensor, y: Tensor) => np.mean(np.square(x.sub(y))), [f32(100), f32(100)]],
  "huber loss": [
    (x: Tensor) => np.where(np.abs(x).less(1), np.square(x).mul(0.5), np.abs(x).sub(0.5)).sum(),
    [f32(77).mul(3)],
  ],
  matmul: [(a: Tensor, b: Tensor) => np.matmul(a, b), [f32(17, 23), f32(23, 9)]],
  "matmul with bias and relu": [
    (a: Tensor, b: Tensor, c: Tensor) => nn.relu(np.matmul(a, b).add(c)),
    [f32(8, 16), f32(16, 12), f32(12)],
  ],
  "matmul of transposed": [(a: Tensor, b: Tensor) => np.matmul(a.T, b.T), [f32(7, 5), f32(6, 7)]],
  "batched matmul": [(a: Tensor, b: Tensor) => np.matmul(a, b), [f32(3, 4, 5), f32(3, 5, 6)]],
  "matmul in f16": [(a: Tensor, b: Tensor) => np.matmul(a, b), [half("f16", 6, 8), half("f16", 8, 5)]],
  "matmul of i8": [
    (a: Tensor, b: Tensor) => np.matmul(a.astype("i32"), b.astype("i32")),
    [i32(1, -2, 3, -4).astype("i8").reshape([2, 2]), i32(5, 6, -7, 8).astype("i8").reshape([2, 2])],
  ],
  einsum: [(a: Tensor, b: Tensor) => np.einsum("bij,bkj->bik", a, b), [f32(2, 3, 4), f32(2, 5, 4)]],
  perceptron: [mlp, [f32(8, 16), f32(16, 4), f32(5, 8)]],
  "perceptron, backward": [
    grad((w1: Tensor, w2: Tensor, x: Tensor) => np.mean(np.square(mlp(w1, w2, x))), { argnums: [0, 1] }),
    [f32(8, 16), f32(16, 4), f32(5, 8)],
  ],
  attention: [attention, [f32(2, 6, 8), f32(2, 6, 8), f32(2, 6, 8)]],
  "causal attention": [
    (q: Tensor, k: Tensor, v: Tensor) => {
      const scores = np.matmul(q, k.T).div(Math.sqrt(8));
      const i = np.arange(6);
      const seen = i.reshape([6, 1]).greaterEqual(i.reshape([1, 6]));
      return np.matmul(nn.softmax(np.where(seen, scores, -1e9)), v);
    },
    [f32(6, 8), f32(6, 8), f32(6, 8)],
  ],
  "attention, backward": [
    grad((q: Tensor, k: Tensor, v: Tensor) => attention(q, k, v).sum(), { argnums: [0, 1, 2] }),
    [f32(1, 5, 8), f32(1, 5, 8), f32(1, 5, 8)],
  ],
  "convolution 3×3": [(x: Tensor, k: Tensor) => lax.conv(x, k, [1, 1], "SAME"), [f32(1, 3, 8, 8), f32(4, 3, 3, 3)]],
  "strided convolution": [
    (x: Tensor, k: Tensor) => nn.relu(lax.conv(x, k, [2, 2], "VALID")),
    [f32(2, 2, 9, 9), f32(3, 2, 3, 3)],
  ],
  "convolution, gradient of the filter": [
    grad((k: Tensor, x: Tensor) => np.square(lax.conv(x, k, [1, 1], "SAME")).sum()),
    [f32(2, 2, 3, 3), f32(1, 2, 6, 6)],
  ],
  "convolution, gradient of the image": [
    grad((x: Tensor, k: Tensor) => np.square(lax.conv(x, k, [2, 2], "SAME")).sum()),
    [f32(1, 2, 6, 6), f32(2, 2, 3, 3)],
  ],
  "max pooling": [
    (x: Tensor) => lax.reduceWindow(x, "max", [1, 1, 2, 2], { strides: [1, 1, 2, 2] }),
    [f32(1, 2, 6, 6)],
  ],
  "sum of everything": [(x: Tensor) => x.sum(), [f32(300, 500)]],
  "mean and variance": [(x: Tensor) => [np.mean(x, 0), np.var(x, 0)], [f32(50, 7)]],
  "greatest and least": [(x: Tensor) => [np.max(x, 1), np.min(x, 0), np.argmax(x, 1)], [f32(9, 11)]],
  "any and all": [(x: Tensor) => [np.any(x.greater(0.9), 0), np.all(x.less(2), 1)], [f32(7, 13)]],
  "product along an axis": [(x: Tensor) => np.prod(x, 1), [f32(6, 4)]],
  "running sum": [(x: Tensor) => np.cumsum(x, 0), [f32(40, 3)]],
  "running maximum": [(x: Tensor) => lax.cummax(x, 1), [f32(3, 40)]],
  sort: [(x: Tensor) => np.sort(x), [f32(4, 21)]],
  "argsort of many": [(x: Tensor) => np.argsort(x), [f32(300)]],
  "top k": [(x: Tensor) => lax.topK(x, 3), [f32(4, 30)]],
  gather: [(t: Tensor, i: Tensor) => np.take(t, i, 0), [f32(10, 4), i32(9, 0, 3)]],
  "gather along an axis": [
    (t: Tensor, i: Tensor) => np.takeAlongAxis(t, i.reshape([3, 1]), 1),
    [f32(3, 5), i32(4, 0, 2)],
  ],
  "scatter-add, by a gradient": [
    grad((t: Tensor, i: Tensor) => np.square(np.take(t, i, 0)).sum()),
    [f32(6, 4), i32(5, 1, 5, 0)],
  ],
  "one-hot": [(i: Tensor) => nn.oneHot(i, 6), [i32(0, 5, 2)]],
  "where, clip and sign": [(x: Tensor) => np.where(x.greater(0), np.clip(x, -0.5, 0.5), np.sign(x)), [f32(64)]],
  "concatenate and flip": [(a: Tensor, b: Tensor) => np.flip(np.concatenate([a, b], 1), 1), [f32(3, 4), f32(3, 2)]],
  "pad and slice": [(x: Tensor) => lax.sliceInDim(np.pad(x, [[1, 2]]), 2, 9), [f32(8)]],
  "transpose of three axes": [(x: Tensor) => np.transpose(x, [2, 0, 1]).add(1), [f32(3, 4, 5)]],
  "gelu, silu, softplus, erf": [(x: Tensor) => [nn.gelu(x), nn.silu(x), nn.softplus(x), lax.erf(x)], [f32(50).mul(4)]],
  "gelu by erf, second derivative": [vmap(grad(grad((x: Tensor) => nn.gelu(x, false)))), [f32(20).mul(2)]],
  "rotary embedding": [
    (x: Tensor) => {
      const at = np.arange(6).astype("f32").reshape([6, 1]);
      const angle = at.mul(np.exp(np.arange(4).astype("f32").mul(-1.5)));
      const [a, b] = np.split(x, 2, 1) as Tensor[];
      const [s, c] = [np.sin(angle), np.cos(angle)];
      return np.concatenate([a.mul(c).sub(b.mul(s)), a.mul(s).add(b.mul(c))], 1);
    },
    [f32(6, 8)],
  ],
  "a step of an LSTM": [lstm, [f32(4, 24), f32(6, 24), f32(2, 6), f32(2, 6), f32(2, 4)]],
  "an RNN over time": [
    (w: Tensor, h: Tensor, xs: Tensor) =>
      scan((h: Tensor, x: Tensor) => [np.tanh(np.dot(h, w).add(x)), h.sum()], h, xs),
    [f32(5, 5), f32(5), f32(7, 5)],
  ],
  "an RNN, backward": [
    grad((w: Tensor, h: Tensor, xs: Tensor) =>
      (scan((h: Tensor, x: Tensor) => [np.tanh(np.dot(h, w).add(x)), h.sum()], h, xs)[1] as Tensor).sum(),
    ),
    [f32(4, 4), f32(4), f32(5, 4)],
  ],
  "Newton's method": [
    (a: Tensor) =>
      whileLoop(
        (x: Tensor) => np.abs(x.mul(x).sub(a)).greater(1e-3),
        (x: Tensor) => x.add(a.div(x)).mul(0.5),
        a,
      ),
    [np.array(7)],
  ],
  "a branch": [
    (x: Tensor) =>
      cond(
        x.sum().greater(0),
        (y: Tensor) => np.exp(y),
        (y: Tensor) => y.mul(2),
        x,
      ),
    [f32(12)],
  ],
  "a loop over an array": [
    (x: Tensor) => foriLoop(0, 5, (i: Tensor, y: Tensor) => y.mul(0.5).add(i.astype("f32")), x),
    [f32(9)],
  ],
  "a map of rows": [(x: Tensor) => map((r: Tensor) => nn.softmax(r), x), [f32(3, 17)]],
  "stochastic gradient descent": [(p: Tensor, g: Tensor) => p.sub(g.mul(0.1)), [f32(40), f32(40)]],
  adam: [
    (p: Tensor, g: Tensor) => {
      const o = adam(1e-2);
      const [u] = o.update(g, o.init(p), p);
      return applyUpdates(p, u);
    },
    [f32(30), f32(30)],
  ],
  momentum: [
    (p: Tensor, g: Tensor) => {
      const o = sgd(1e-2, { momentum: 0.9 });
      const [u] = o.update(g, o.init(p), p);
      return applyUpdates(p, u);
    },
    [f32(30), f32(30)],
  ],
  "random bits": [(k: Tensor<never, "key">) => random.bits(k, [33]), [random.key(3)]],
  "uniform and normal numbers": [
    (k: Tensor<never, "key">) => [random.uniform(k, [20]), random.normal(k, [20])],
    [random.key(5)],
  ],
  dropout: [
    (k: Tensor<never, "key">, x: Tensor) => np.where(random.bernoulli(k, 0.5, x.shape as number[]), x.mul(2), 0),
    [random.key(9), f32(50)],
  ],
  "integers: division, remainder, shifts": [
    (a: Tensor, b: Tensor) => [np.floorDivide(a, b), np.remainder(a, b), np.leftShift(a, b), np.bitwiseXor(a, b)],
    [i32(7, -7, 100, -3), i32(2, 2, 7, 5)],
  ],
  "u8 image to f32 and back": [
    (x: Tensor) => np.clip(x.astype("f32").div(255).mul(300), 0, 255).astype("u8"),
    [np.arange(48).astype("u8")],
  ],
  cholesky: [(a: Tensor) => np.linalg.cholesky(np.dot(a, a.T).add(np.eye(5).mul(5))), [f32(5, 5)]],
  "sines of a table": [
    (x: Tensor) => [np.sin(x), np.cos(x), np.arctan2(x, np.add(x, 1)), np.power(np.abs(x), 1.7)],
    [f32(40).mul(9)],
  ],
};
