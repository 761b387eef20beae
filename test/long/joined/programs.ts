/** Loops, random numbers, the library's kernels and whole training steps. */
import { grad, lax, nn, numpy as np, random, type Tensor, valueAndGrad, vmap } from "tilework";
import { library } from "tilework/kernels";
import type { Rng } from "../../laws/random.js";
import { type Case, data, type F, floating, type Kind, sizeUpTo } from "./cases.js";

const square = (x: Tensor): Tensor => np.sum(x.mul(x));

function chain(rng: Rng): Case {
  const rank = rng.int(1, 3);
  const shape = Array.from({ length: rank }, () => sizeUpTo(rng, 40));
  const axis = rng.int(0, rank - 1);
  const steps = Array.from({ length: rng.int(1, 5) }, () => rng.int(0, 8));
  const f: F = (a, b, c) => {
    const kept: Tensor[] = [];
    let y = a.mul(b);
    for (const step of steps) {
      if (step === 0) y = y.add(c);
      else if (step === 1) y = np.exp(y.mul(0.1));
      else if (step === 2) y = np.where(np.greater(y, 0), y, a);
      else if (step === 3) kept.push(np.sum(y, axis));
      else if (step === 4) y = y.sub(np.max(y, axis, { keepdims: true }));
      else if (step === 5) kept.push(np.maximum(y, b));
      else if (step === 6) y = y.mul(y).add(b);
      else if (step === 7) y = np.cumsum(y, axis);
      else y = np.sin(y);
    }
    return [y, ...kept];
  };
  return {
    label: `chain ${steps.join("")} [${shape.join()}] ${axis}`,
    f,
    args: [
      data(rng, shape, floating(rng)),
      data(rng, shape.slice(-1)),
      data(
        rng,
        shape.map((n, i) => (i === rank - 1 ? 1 : n)),
      ),
    ],
  };
}

function recurrence(rng: Rng): Case {
  const dtype = floating(rng);
  const [t, b, n, m] = [rng.int(2, 6), rng.int(1, 7), sizeUpTo(rng, 20), rng.pick([3, 5, 9, 12, 17, 20, 28, 36])];
  const step = (w: Tensor, u: Tensor, h: Tensor, x: Tensor): Tensor => np.tanh(np.dot(x, w).add(np.dot(h, u)).mul(0.1));
  const last = (w: Tensor, u: Tensor, h: Tensor, xs: Tensor): Tensor => {
    const [c, ys] = lax.scan((g: Tensor, x: Tensor) => [step(w, u, g, x), np.sum(step(w, u, g, x), 0)], h, xs);
    return np.sum(c as Tensor).add(np.sum(ys as Tensor));
  };
  const gated = (w: Tensor, u: Tensor, h: Tensor, c: Tensor, x: Tensor): Tensor[] => {
    const z = step(w, u, h, x);
    const cell = nn
      .sigmoid(z)
      .mul(c)
      .add(nn.sigmoid(z.mul(2)).mul(np.tanh(z)));
    return [nn.sigmoid(z).mul(np.tanh(cell)), cell];
  };
  const [name, f] = rng.pick<[string, F]>([
    ["plain", (xs, w, u, h) => lax.scan((g: Tensor, x: Tensor) => [step(w, u, g, x), np.sum(x, 0)], h, xs) as Tensor[]],
    ["gradient", (xs, w, u, h) => grad((v: Tensor) => last(v, u, h, xs))(w) as Tensor],
    [
      "gated",
      (xs, w, u, h) => {
        const [[a, c], ys] = lax.scan(
          ([g, k]: [Tensor, Tensor], x: Tensor) => {
            const [next, cell] = gated(w, u, g, k, x);
            return [[next, cell], next.mul(2)] as never;
          },
          [h, h.mul(0)] as never,
          xs,
        ) as unknown as [[Tensor, Tensor], Tensor];
        return [a, c, ys];
      },
    ],
    [
      "carried sums",
      (xs, _w, _u, h) => {
        const [[a, k, g], ys] = lax.scan(
          ([sum, most, i]: [Tensor, Tensor, Tensor], x: Tensor) =>
            [[sum.add(np.sum(x)), np.maximum(most, np.max(x)), i.add(1)], np.cos(x).add(sum)] as never,
          [np.sum(h), np.max(h), np.array(0, { dtype: "i32" })] as never,
          xs,
        ) as unknown as [[Tensor, Tensor, Tensor], Tensor];
        return [a, k, g, ys];
      },
    ],
  ]);
  return {
    label: `recurrence, ${name} ${t} ${b} ${n} ${m} ${dtype}`,
    f,
    args: [data(rng, [t, b, n], dtype), data(rng, [n, m], dtype), data(rng, [m, m], dtype), data(rng, [b, m], dtype)],
  };
}

function loop(rng: Rng): Case {
  const dtype = floating(rng);
  const shape = [sizeUpTo(rng, 20), sizeUpTo(rng, 65)];
  const f = rng.pick<F>([
    (x) => lax.foriLoop(0, 5, (_i: unknown, y: Tensor) => np.sin(y).add(x.mul(0.5)), x) as Tensor,
    (x) =>
      lax.whileLoop(
        (y: Tensor) => np.less(np.sum(np.abs(y)), 1e4),
        (y: Tensor) => np.abs(y).mul(1.5).add(1),
        x,
      ) as Tensor,
    (x) => [
      lax.foriLoop(0, 4, (i: Tensor, y: Tensor) => y.add(np.multiply(i, x).astype(dtype)), x) as Tensor,
      np.sum(x, 0),
    ],
    (x) => vmap((r: Tensor) => lax.foriLoop(0, 3, (_i: unknown, y: Tensor) => np.cumsum(y).mul(0.3), r))(x) as Tensor,
    (x) =>
      lax.cond(
        np.greater(np.sum(x), 0),
        (y: Tensor) => np.exp(y.mul(0.1)),
        (y: Tensor) => y.mul(2),
        x,
      ) as Tensor,
    (x) => lax.associativeScan((a: Tensor, b: Tensor) => a.mul(0.5).add(b), x) as Tensor,
    (x) =>
      vmap((r: Tensor) =>
        lax.whileLoop(
          (y: Tensor) => np.less(np.max(y), 50),
          (y: Tensor) => np.abs(y).mul(2).add(1),
          r,
        ),
      )(x) as Tensor,
  ]);
  return { label: `loop [${shape.join()}] ${dtype}`, f, args: [data(rng, shape, dtype)] };
}

function draws(rng: Rng): Case {
  const shape = rng.pick([[1], [7], [33], [5, 20], [300], [1000], [3, 65]]);
  const dtype = rng.pick(["f32", "f32", "f64"] as const);
  const key = random.key(rng.int(0, 1000));
  const of = { dtype } as never;
  const [name, f] = rng.pick<[string, F]>([
    ["uniform", () => random.uniform(key, shape, of)],
    ["normal", (x) => [random.normal(key, shape, of), x]],
    ["normal plus", (x) => random.normal(key, shape, of).mul(np.sum(x)).add(1)],
    ["bits", () => [random.bits(key, shape)]],
    ["exponential", () => random.exponential(key, shape, of)],
    ["gumbel", () => random.gumbel(key, shape, of)],
    ["laplace", () => random.laplace(key, shape, of)],
    ["cauchy", () => random.cauchy(key, shape, of)],
    ["gamma", () => random.gamma(key, 1.7, shape, of)],
    ["poisson", () => random.poisson(key, 4, shape)],
    ["beta", () => random.beta(key, 0.7, 2, shape, of)],
    ["randint", (x) => [random.randint(key, shape, 0, 17), np.sum(x)]],
    ["permutation", (x) => random.permutation(key, x)],
    ["bernoulli", () => random.bernoulli(key, 0.3, shape)],
    ["truncated", () => random.truncatedNormal(key, -1, 2, shape, of)],
    ["categorical", (x) => random.categorical(key, x)],
    ["split", () => vmap((k: Tensor) => random.normal(k as never, [5]))(random.split(key, 9) as never) as Tensor],
    ["dropout", (x) => nn.dropout(x, 0.3, key)],
    [
      "philox",
      (x) => {
        const words = random.bits(key, [6, 64]).astype("u32");
        const [a, b, c, d, k, l] = [0, 1, 2, 3, 4, 5].map((i) => np.take(words, i, 0) as Tensor);
        return random.philox4x32(a, b, c, d, k, l);
      },
    ],
    ["binomial", () => random.binomial(key, 20, 0.3, shape)],
    ["student", () => random.t(key, 3, shape, of)],
    ["rademacher", () => random.rademacher(key, shape)],
  ]);
  return { label: `random ${name} [${shape.join()}] ${dtype}`, f, args: [data(rng, shape)] };
}

function kernels(rng: Rng): Case {
  const [n, d] = [sizeUpTo(rng, 40), rng.pick([1, 4, 7, 8, 16, 20, 33, 64, 100, 129])];
  const dtype = floating(rng);
  const x = data(rng, [n, d], dtype);
  const row = (): Tensor => data(rng, [d], dtype);
  const ids = np.array(
    Array.from({ length: n }, () => rng.int(0, d - 1)),
    { dtype: "i32" },
  );
  const slope =
    (f: (...xs: Tensor[]) => Tensor): F =>
    (a, ...rest) =>
      grad((v: Tensor) => square(f(v, ...rest)))(a) as Tensor;
  const maybe = (f: (...xs: Tensor[]) => Tensor): F => (rng.chance(0.4) ? slope(f) : f);
  const [b, t, h, e] = [rng.int(1, 2), rng.pick([1, 5, 16, 33, 70]), rng.int(1, 3), rng.pick([4, 8, 20, 32])];
  const qkv = (): Tensor => data(rng, [b, t, h, e], dtype);
  const image = data(rng, [1, rng.int(5, 9), rng.int(5, 12), rng.pick([1, 3, 8, 12])], dtype);
  const window = data(rng, [3, 3, image.shape[3], rng.pick([1, 4, 7, 16])], dtype);
  const [w8, s8] = library.quantizeInt8(data(rng, [64, d]));
  const [w4, s4] = library.quantizeInt4(data(rng, [64, d]), { group: 16 });
  const wide = data(rng, [n, 64]);
  const heads = data(rng, [b, t, h, e], dtype);
  const [cos, sin] = library.rotaryTables(t, e).map((a) => a.astype(dtype));
  const causal = rng.chance(0.5);
  const k = Math.min(d, 5);
  const [name, f, args] = rng.pick<() => [string, F, Tensor[]]>([
    () => ["softmax", maybe((a) => library.softmax(a)), [x]],
    () => ["log-softmax", maybe((a) => library.logSoftmax(a)), [x]],
    () => ["layer norm", maybe((a, s, o) => library.layerNorm(a, s, o)), [x, row(), row()]],
    () => ["rms norm", maybe((a, s) => library.rmsNorm(a, s)), [x, row()]],
    () => ["cross entropy", (a, i) => library.crossEntropy(a, i), [x, ids]],
    () => ["matmul", maybe((a, w) => library.matmul(a, w)), [x, data(rng, [d, sizeUpTo(rng, 65)], dtype)]],
    () => ["attention", maybe((q, u, v) => library.flashAttention(q, u, v, { causal })), [qkv(), qkv(), qkv()]],
    () => ["convolution", maybe((a, w) => library.conv2d(a, w, { padding: 1 })), [image, window]],
    () => ["max pool", maybe((a) => library.maxPool(a, { size: 2, stride: 2 } as never)), [image]],
    () => ["embedding", (a, i) => library.embedding(np.transpose(a), i), [x, ids]],
    () => ["scatter-add", (a, i) => library.scatterAdd(i, a, d), [x, ids]],
    () => ["cumulative sum", maybe((a) => library.cumsum(a)), [x]],
    () => ["greatest", (a) => library.topK(a, k), [x]],
    () => ["rotary", maybe((a, c, s) => library.rotary(a, c, s)), [heads, cos, sin]],
    () => ["int8", (a, w, s) => library.matmulInt8(a, w, s), [wide, w8, s8]],
    () => ["int4", (a, w, s) => library.matmulInt4(a, w, s), [wide, w4, s4]],
    () => ["dropout", (a) => library.dropout(np.ravel(a), 7, { rate: 0.3 }), [x]],
    () => [
      "Adam",
      (p, m, v, g) => library.adamStep(p, m, np.square(v), g, np.array([0.02, 1.7])),
      [0, 1, 2, 3].map(() => data(rng, [n * d])),
    ],
  ])();
  return { label: `kernel ${name} [${n},${d}] ${b} ${t} ${h} ${e} ${dtype}`, f, args };
}

function step(rng: Rng): Case {
  const [b, n, m, o] = [rng.int(1, 14), sizeUpTo(rng, 40), sizeUpTo(rng, 40), sizeUpTo(rng, 40)];
  const act = rng.pick([nn.relu, nn.gelu, nn.silu, np.tanh, np.sin]);
  const net = (w: Tensor, u: Tensor, c: Tensor, x: Tensor): Tensor => np.dot(act(np.dot(x, w).add(c)), u);
  const loss = (w: Tensor, u: Tensor, c: Tensor, x: Tensor): Tensor => np.mean(nn.logSoftmax(net(w, u, c, x)).mul(-1));
  const named = rng.chance(0.3);
  return {
    label: `step ${b} ${n} ${m} ${o}${named ? " named" : ""}`,
    f: (w, u, c, x) => {
      const [value, slopes] = valueAndGrad((p: Tensor[]) => loss(p[0], p[1], p[2], x))([w, u, c]) as unknown as [
        Tensor,
        Tensor[],
      ];
      return [value, ...[w, u, c].map((p, i) => p.sub(slopes[i].mul(0.1)))];
    },
    args: [data(rng, [n, m]), data(rng, [m, o]), data(rng, [m]), data(rng, [b + 1, n])],
    ...(named && { dynamic: [null, null, null, { 0: "batch" }] }),
  };
}

function transformer(rng: Rng): Case {
  const [t, h, e] = [rng.pick([3, 8, 13, 20, 33]), rng.int(1, 3), rng.pick([4, 6, 8, 12])];
  const d = h * e;
  const block = (x: Tensor, w: Tensor, v: Tensor, u: Tensor): Tensor => {
    const y = nn.layerNorm(nn.layerNorm.init(d), x);
    const [q, k, r] = np.split(np.dot(y, w), 3, -1).map((p) => np.reshape(p, [2, t, h, e]));
    const a = nn.dotProductAttention(q, k, r, { isCausal: true } as never);
    const z = x.add(np.reshape(a, [2, t, d]));
    return z.add(np.dot(nn.gelu(np.dot(z, v)), u));
  };
  const backward = rng.chance(0.6);
  return {
    label: `transformer ${t} ${h} ${e}${backward ? " gradient" : ""}`,
    f: (x, w, v, u) =>
      backward
        ? (grad((p: Tensor[]) => np.mean(np.square(block(x, p[0], p[1], p[2]))))([w, v, u]) as unknown as Tensor[])
        : block(x, w, v, u),
    args: [
      data(rng, [2, t, d]),
      data(rng, [d, 3 * d]).mul(0.1),
      data(rng, [d, 2 * d]).mul(0.1),
      data(rng, [2 * d, d]).mul(0.1),
    ],
  };
}

function images(rng: Rng): Case {
  const [c, o, n] = [rng.pick([1, 3, 5]), rng.pick([3, 4, 8, 13]), rng.int(1, 3)];
  const [height, width] = [rng.int(6, 10), rng.int(6, 13)];
  const options = { padding: "SAME", windowStrides: [1, 1], dimensionNumbers: ["NHWC", "HWIO", "NHWC"] } as never;
  const net = (x: Tensor, w: Tensor, b: Tensor, u: Tensor): Tensor => {
    const y = nn.relu(lax.convGeneralDilated(x, w, options).add(b));
    const p = nn.maxPool(y, [2, 2], { strides: [2, 2], padding: "SAME" } as never);
    return np.dot(np.mean(p, [1, 2]), u);
  };
  return {
    label: `images [${n},${height},${width},${c}] ${o}`,
    f: (x, w, b, u) =>
      grad((p: Tensor[]) => np.mean(np.square(net(x, p[0], p[1], p[2]))))([w, b, u]) as unknown as Tensor[],
    args: [data(rng, [n, height, width, c]), data(rng, [3, 3, c, o]), data(rng, [o]), data(rng, [o, 10])],
  };
}

export const PROGRAMS: Readonly<Record<string, Kind>> = {
  chain,
  recurrence,
  loop,
  draws,
  kernels,
  step,
  transformer,
  images,
};
