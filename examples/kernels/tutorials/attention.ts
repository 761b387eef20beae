/**
 * 6. Fused attention (Dao 2023, "FlashAttention-2"): scores are made and used a block at a time, so that memory grows with the length
 * of the sequence and not with its square. Heads are rows of the grid. The backward pass makes the scores again from the
 * logarithms of their sums.
 */
import { customVjp, kernel, numpy as np, range, type Tensor } from "tilework";
import {
  arange,
  cdiv,
  type constexpr,
  dot,
  exp,
  expandDims,
  full,
  load,
  log,
  max,
  maximum,
  type Out,
  programId,
  type Ref,
  store,
  sum,
  trans,
  zeros,
} from "tilework/kernels";

export const forward = kernel(
  function attention(
    q: Ref<"f32", ["heads", "n", "d"]>,
    k: Ref<"f32", ["heads", "n", "d"]>,
    v: Ref<"f32", ["heads", "n", "d"]>,
    out: Out<"f32", ["heads", "n", "d"]>,
    lse: Out<"f32", ["heads", "n"]>,
    BM: constexpr,
    BN: constexpr,
    CAUSAL: constexpr<boolean>,
  ) {
    const head = programId(0);
    const [, n, d] = q.shape;
    const scale = 1 / Math.sqrt(d);
    const i = programId(1) * BM + arange(BM);
    const rows = expandDims(i, 1);
    const along = expandDims(arange(d), 0);
    const query = load(q, [head, rows, along], { mask: rows < n }) * scale;
    let top = full([BM], -1e30, "f32");
    let total = zeros([BM], "f32");
    let acc = zeros([BM, d], "f32");
    for (const step of range(cdiv(n, BN))) {
      const j = step * BN + arange(BN);
      const at = expandDims(j, 1);
      const keys = load(k, [head, at, along], { mask: at < n });
      const values = load(v, [head, at, along], { mask: at < n });
      const seen = CAUSAL ? expandDims(j, 0) <= rows && expandDims(j, 0) < n : expandDims(j, 0) < n;
      const scores = seen ? dot(query, trans(keys)) : -Infinity;
      const higher = maximum(top, max(scores, 1));
      const weights = exp(scores - expandDims(higher, 1));
      const shrink = exp(top - higher);
      total = total * shrink + sum(weights, 1);
      acc = dot(weights, values, { acc: acc * expandDims(shrink, 1) });
      top = higher;
    }
    store(out, [head, rows, along], acc / expandDims(total, 1), { mask: rows < n });
    store(lse, [head, i], top + log(total), { mask: i < n });
  },
  {
    out: (q) => [q, { shape: [q.shape[0], q.shape[1]], dtype: "f32" }],
    grid: (q, _k, _v, { BM }) => [q.shape[0], cdiv(q.shape[1], BM)],
  },
);

/** Gradients of keys and values: a program for each block of them, over all queries. */
export const backwardKeys = kernel(
  function attentionBackwardKeys(
    q: Ref<"f32", ["heads", "n", "d"]>,
    k: Ref<"f32", ["heads", "n", "d"]>,
    v: Ref<"f32", ["heads", "n", "d"]>,
    lse: Ref<"f32", ["heads", "n"]>,
    delta: Ref<"f32", ["heads", "n"]>,
    dout: Ref<"f32", ["heads", "n", "d"]>,
    dk: Out<"f32", ["heads", "n", "d"]>,
    dv: Out<"f32", ["heads", "n", "d"]>,
    BM: constexpr,
    BN: constexpr,
    CAUSAL: constexpr<boolean>,
  ) {
    const head = programId(0);
    const [, n, d] = q.shape;
    const scale = 1 / Math.sqrt(d);
    const at = expandDims(programId(1) * BN + arange(BN), 1);
    const along = expandDims(arange(d), 0);
    const keys = load(k, [head, at, along], { mask: at < n });
    const values = load(v, [head, at, along], { mask: at < n });
    let gradKeys = zeros([BN, d], "f32");
    let gradValues = zeros([BN, d], "f32");
    for (const step of range(cdiv(n, BM))) {
      const i = step * BM + arange(BM);
      const rows = expandDims(i, 1);
      const query = load(q, [head, rows, along], { mask: rows < n });
      const grad = load(dout, [head, rows, along], { mask: rows < n });
      const across = expandDims(i, 0);
      const seen = CAUSAL ? at <= across && across < n : across < n;
      const sums = expandDims(load(lse, [head, i], { mask: i < n }), 0);
      const weights = seen ? exp(dot(keys, trans(query)) * scale - sums) : 0;
      gradValues = dot(weights, grad, { acc: gradValues });
      const along2 = dot(values, trans(grad));
      const ds = weights * (along2 - expandDims(load(delta, [head, i], { mask: i < n }), 0));
      gradKeys = dot(ds, query, { acc: gradKeys });
    }
    store(dk, [head, at, along], gradKeys * scale, { mask: at < n });
    store(dv, [head, at, along], gradValues, { mask: at < n });
  },
  {
    out: (_q, k, v) => [k, v],
    grid: (q, _k, _v, _l, _d, _g, { BN }) => [q.shape[0], cdiv(q.shape[1], BN)],
  },
);

/** Gradients of queries: a program for each block of them, over all keys. */
export const backwardQueries = kernel(
  function attentionBackwardQueries(
    q: Ref<"f32", ["heads", "n", "d"]>,
    k: Ref<"f32", ["heads", "n", "d"]>,
    v: Ref<"f32", ["heads", "n", "d"]>,
    lse: Ref<"f32", ["heads", "n"]>,
    delta: Ref<"f32", ["heads", "n"]>,
    dout: Ref<"f32", ["heads", "n", "d"]>,
    dq: Ref<"f32", ["heads", "n", "d"]>,
    BM: constexpr,
    BN: constexpr,
    CAUSAL: constexpr<boolean>,
  ) {
    const head = programId(0);
    const [, n, d] = q.shape;
    const scale = 1 / Math.sqrt(d);
    const i = programId(1) * BM + arange(BM);
    const rows = expandDims(i, 1);
    const along = expandDims(arange(d), 0);
    const query = load(q, [head, rows, along], { mask: rows < n });
    const grad = load(dout, [head, rows, along], { mask: rows < n });
    const sums = expandDims(load(lse, [head, i], { mask: i < n }), 1);
    const deltas = expandDims(load(delta, [head, i], { mask: i < n }), 1);
    let acc = zeros([BM, d], "f32");
    for (const step of range(cdiv(n, BN))) {
      const j = step * BN + arange(BN);
      const at = expandDims(j, 1);
      const keys = load(k, [head, at, along], { mask: at < n });
      const values = load(v, [head, at, along], { mask: at < n });
      const across = expandDims(j, 0);
      const seen = CAUSAL ? across <= rows && across < n : across < n;
      const weights = seen ? exp(dot(query, trans(keys)) * scale - sums) : 0;
      const ds = weights * (dot(grad, trans(values)) - deltas);
      acc = dot(ds, keys, { acc });
    }
    store(dq, [head, rows, along], acc * scale, { mask: rows < n });
  },
  { out: (q) => q, grid: (q, _k, _v, _l, _d, _g, { BM }) => [q.shape[0], cdiv(q.shape[1], BM)] },
);

export type AttentionBlocks = {
  readonly BM: number;
  readonly BN: number;
  readonly CAUSAL: boolean;
};

/** Attention over [heads, n, d], differentiated by the two backward kernels. */
export function makeAttention(blocks: AttentionBlocks): (q: Tensor, k: Tensor, v: Tensor) => Tensor {
  const attention = customVjp((q: Tensor, k: Tensor, v: Tensor): Tensor => forward(q, k, v, blocks)[0]);
  attention.defvjp(
    (q: Tensor, k: Tensor, v: Tensor) => {
      const [out, lse] = forward(q, k, v, blocks);
      return [out, { q, k, v, out, lse }] as const;
    },
    ({ q, k, v, out, lse }, dout: Tensor) => {
      const delta = np.sum(out.mul(dout), -1);
      const [dk, dv] = backwardKeys(q, k, v, lse, delta, dout, blocks);
      return [backwardQueries(q, k, v, lse, delta, dout, blocks), dk, dv];
    },
  );
  return attention;
}
