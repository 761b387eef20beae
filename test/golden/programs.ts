/** The programs of the golden documents. What stands here is the SOURCE section, word for word. */
import { cond, grad, lax, nn, numpy as np, scan, type Tensor, vmap, whileLoop } from "../../src/index.js";

// biome-ignore lint/suspicious/noExplicitAny: functions of one, two and more tensors in one table
type Program = (...args: any[]) => unknown;

export interface Golden {
  readonly f: Program;
  readonly args: readonly Tensor[];
  readonly grad?: Program;
  readonly vmap?: Program;
  readonly vmapArgs?: readonly Tensor[];
  /** The text of the module; only for small ones. */
  readonly wat?: boolean;
}

const ramp = (...shape: number[]): Tensor => {
  const n = shape.reduce((a, b) => a * b, 1);
  return np.arange(n).astype("f32").mul(0.125).sub(0.5).reshape(shape);
};

const mlpLoss = (w1: Tensor, b1: Tensor, w2: Tensor, x: Tensor, y: Tensor) =>
  np.mean(np.square(np.dot(np.tanh(np.dot(x, w1).add(b1)), w2).sub(y)));
export const mlp = (): Golden => ({
  f: mlpLoss,
  args: [ramp(3, 4), ramp(4), ramp(4, 2), ramp(5, 3), ramp(5, 2)],
  grad: grad(mlpLoss, { argnums: [0, 1, 2] }),
});

const softmaxRow = (x: Tensor) => nn.softmax(x);
export const softmax = (): Golden => ({
  f: softmaxRow,
  args: [ramp(8)],
  grad: grad((x: Tensor) => softmaxRow(x).mul(np.arange(8)).sum()),
  vmap: vmap(softmaxRow),
  vmapArgs: [ramp(3, 8)],
});

const norm = (x: Tensor, g: Tensor) => nn.standardize(x).mul(g);
export const layerNorm = (): Golden => ({
  f: norm,
  args: [ramp(3, 8), ramp(8)],
  grad: grad((x: Tensor, g: Tensor) => norm(x, g).mul(x).sum()),
});

const rnn = (w: Tensor, h: Tensor, xs: Tensor) =>
  scan(
    (h: Tensor, x: Tensor) => {
      const next = np.tanh(np.dot(h, w).add(x));
      return [next, next.sum()];
    },
    h,
    xs,
  )[1];
export const rnnScan = (): Golden => ({
  f: rnn,
  args: [ramp(3, 3), ramp(3), ramp(4, 3)],
  grad: grad((w: Tensor, h: Tensor, xs: Tensor) => rnn(w, h, xs).sum()),
});

const clipped = (x: Tensor) =>
  cond(
    x.sum().greater(1),
    (x: Tensor) => x.mul(0.5),
    (x: Tensor) => np.exp(x),
    x,
  );
export const condClip = (): Golden => ({
  f: clipped,
  args: [ramp(4)],
  grad: grad((x: Tensor) => (clipped(x) as Tensor).sum()),
  vmap: vmap(clipped),
  vmapArgs: [ramp(3, 4)],
});

const embedded = (table: Tensor, tokens: Tensor) => np.take(table, tokens, 0);
export const embedding = (): Golden => ({
  f: embedded,
  args: [ramp(5, 3), np.array([4, 0, 2], { dtype: "i32" })],
  grad: grad((table: Tensor, tokens: Tensor) => embedded(table, tokens).mul(2).sum()),
});

const blur = (x: Tensor, k: Tensor) => np.maximum(lax.conv(x, k, [1, 1], "SAME"), 0);
export const conv = (): Golden => ({
  f: blur,
  args: [ramp(1, 1, 4, 4), ramp(2, 1, 3, 3)],
  grad: grad((x: Tensor, k: Tensor) => blur(x, k).sum(), { argnums: 1 }),
});

const sqrtOf = (a: Tensor) =>
  whileLoop(
    (x: Tensor) => np.abs(x.mul(x).sub(a)).greater(1e-6),
    (x: Tensor) => x.add(a.div(x)).mul(0.5),
    a,
  );
export const newton = (): Golden => ({ f: sqrtOf, args: [np.array(2, { dtype: "f64" })], wat: true });
