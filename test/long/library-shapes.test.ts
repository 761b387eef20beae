/** The library's kernels at random shapes against the same thing composed of np and nn, with gradients. */
import { grad, jit, nn, numpy as np, random, type Tensor } from "tilework";
import { library } from "tilework/kernels";
import { expect, test } from "vitest";
import { Rng } from "../laws/random.js";

const RUNS = Number(process.env.TILEWORK_FUZZ ?? 12);
const FIRST = Number(process.env.TILEWORK_FUZZ_SEED ?? 1);

type F = (...args: Tensor[]) => Tensor;
interface Case {
  readonly args: readonly Tensor[];
  readonly got: F;
  readonly want: F;
}
let key = 0;
const normal = (...shape: number[]): Tensor => random.normal(random.key(key++), shape);
const rms = (x: Tensor): Tensor => np.sqrt(np.mean(np.square(x), -1, { keepdims: true }).add(1e-6));

const cases: Readonly<Record<string, (n: (most: number) => number) => Case>> = {
  softmax: (n) => ({ args: [normal(n(9), n(300))], got: library.softmax as F, want: (x) => nn.softmax(x) }),
  logSoftmax: (n) => ({
    args: [normal(n(3), n(5), n(300))],
    got: library.logSoftmax as F,
    want: (x) => nn.logSoftmax(x),
  }),
  layerNorm: (n) => {
    const d = n(300);
    const args = [normal(n(40), d), normal(d), normal(d)];
    return {
      args,
      got: (x, g, b) => library.layerNorm(x, g, b),
      want: (x, g, b) => nn.layerNorm({ scale: g, bias: b }, x),
    };
  },
  rmsNorm: (n) => {
    const d = n(300);
    return {
      args: [normal(n(40), d), normal(d)],
      got: (x, g) => library.rmsNorm(x, g),
      want: (x, g) => x.div(rms(x)).mul(g),
    };
  },
  matmul: (n) => {
    const k = n(90);
    return {
      args: [normal(n(90), k), normal(k, n(90))],
      got: (a, b) => library.matmul(a, b),
      want: (a, b) => np.dot(a, b),
    };
  },
  attention: (n) => {
    const [b, s, heads, d] = [n(2), n(150), n(3), n(20)];
    const queries = n(150);
    const args = [normal(b, queries, heads, d), normal(b, s, heads, d), normal(b, s, heads, d)];
    return {
      args,
      got: (q, k, v) => library.flashAttention(q, k, v),
      want: (q, k, v) => nn.dotProductAttention(q, k, v),
    };
  },
  "causal attention": (n) => {
    const shape = [n(2), n(150), n(3), n(20)];
    const args = [normal(...shape), normal(...shape), normal(...shape)];
    return {
      args,
      got: (q, k, v) => library.flashAttention(q, k, v, { causal: true }),
      want: (q, k, v) => nn.dotProductAttention(q, k, v, { causal: true }),
    };
  },
  conv2d: (n) => {
    const [size, c] = [4 + n(12), n(7)];
    const args = [normal(n(3), size, size, c), normal(3, 3, c, n(7))];
    const [stride, padding] = [n(2), n(2) - 1];
    return {
      args,
      got: (x, w) => library.conv2d(x, w, { stride, padding }),
      want: (x, w) => nn.conv({ w }, x, { strides: stride, padding }),
    };
  },
  cumsum: (n) => ({ args: [normal(n(9), n(300))], got: library.cumsum as F, want: (x) => np.cumsum(x, -1) }),
};

function difference(got: Tensor, want: Tensor): number {
  expect(got.shape).toEqual(want.shape);
  const [a, b]: ArrayLike<number>[] = [got.dataSync(), want.dataSync()];
  let worst = 0;
  let scale = 1;
  for (let i = 0; i < b.length; i++) {
    scale = Math.max(scale, Math.abs(b[i]));
    const d = Math.abs(a[i] - b[i]);
    worst = Math.max(worst, Number.isNaN(d) ? Number.POSITIVE_INFINITY : d);
  }
  return worst / scale;
}

test.each(Object.keys(cases))("%s", (name) => {
  for (let seed = FIRST; seed < FIRST + RUNS; seed++) {
    const rng = new Rng(seed);
    key = 1000 * seed;
    const { args, got, want } = cases[name]((most) => rng.int(1, most));
    const where = `seed ${seed}: ${args.map((x) => `[${x.shape.join()}]`).join(" ")}`;
    const expected = jit(want)(...args) as Tensor;
    expect(difference(jit(got)(...args) as Tensor, expected), where).toBeLessThan(1e-5);
    const weight = normal(...(expected.shape as number[]));
    const slope = (f: F) =>
      jit(grad((...xs: Tensor[]) => np.sum(f(...xs).mul(weight)), { argnums: args.map((_, i) => i) }))(...args);
    const slopes = slope(want) as unknown as Tensor[];
    (slope(got) as unknown as Tensor[]).forEach((g, i) => {
      expect(difference(g, slopes[i]), `gradient ${i}, ${where}`).toBeLessThan(1e-4);
    });
  }
});
