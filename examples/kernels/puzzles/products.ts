/** Puzzles 21–24: products of blocks. */
import { kernel, range } from "tilework";
import {
  arange,
  cast,
  type constexpr,
  dot,
  exp,
  expandDims,
  full,
  load,
  max,
  maximum,
  programId,
  type Ref,
  store,
  sum,
  trans,
  zeros,
} from "tilework/kernels";

/** 21. Matrix product: a program for each block of the result. */
export const matmul = kernel(
  function matmul(
    a: Ref<"f32", ["m", "k"]>,
    b: Ref<"f32", ["k", "n"]>,
    out: Ref<"f32", ["m", "n"]>,
    BM: constexpr,
    BN: constexpr,
    BK: constexpr,
  ) {
    const i = expandDims(programId(0) * BM + arange(BM), 1);
    const j = expandDims(programId(1) * BN + arange(BN), 0);
    const [m, n, depth] = [a.shape[0], b.shape[1], a.shape[1]];
    let acc = zeros([BM, BN], "f32");
    for (const step of range(Math.ceil(depth / BK))) {
      const k = step * BK + arange(BK);
      const [across, down] = [expandDims(k, 0), expandDims(k, 1)];
      const left = load(a, [i, across], { mask: i < m && across < depth });
      const right = load(b, [down, j], { mask: down < depth && j < n });
      acc = dot(left, right, { acc });
    }
    store(out, [i, j], acc, { mask: i < m && j < n });
  },
  {
    out: (a, b) => ({ shape: [a.shape[0], b.shape[1]], dtype: "f32" }),
    grid: (a, b, { BM, BN }) => [Math.ceil(a.shape[0] / BM), Math.ceil(b.shape[1] / BN)],
  },
);

/** 22. A batch of matrix products, one program for each. */
export const batchedMatmul = kernel(
  function batchedMatmul(
    a: Ref<"f32", ["batch", "m", "k"]>,
    b: Ref<"f32", ["batch", "k", "n"]>,
    out: Ref<"f32", ["batch", "m", "n"]>,
  ) {
    const one = programId(0);
    store(out, [one, null, null], dot(load(a, [one, null, null]), load(b, [one, null, null])));
  },
  {
    out: (a, b) => ({ shape: [a.shape[0], a.shape[1], b.shape[2]], dtype: "f32" }),
    grid: (a) => a.shape[0],
  },
);

/** 23. Attention of one vector of queries q[i], keys k[j] and values v[j], a block of keys at a time. */
export const scalarAttention = kernel(
  function scalarAttention(
    q: Ref<"f32", ["n"]>,
    k: Ref<"f32", ["n"]>,
    v: Ref<"f32", ["n"]>,
    out: Ref<"f32", ["n"]>,
    BLOCK: constexpr,
  ) {
    const n = q.shape[0];
    const i = programId(0) * BLOCK + arange(BLOCK);
    const query = expandDims(load(q, [i], { mask: i < n }), 1);
    let top = full([BLOCK], -Infinity, "f32");
    let total = zeros([BLOCK], "f32");
    let acc = zeros([BLOCK], "f32");
    for (const step of range(Math.ceil(n / BLOCK))) {
      const j = step * BLOCK + arange(BLOCK);
      const inside = j < n;
      const products = query * expandDims(load(k, [j], { mask: inside }), 0);
      const scores = expandDims(inside, 0) ? products : -Infinity;
      const higher = maximum(top, max(scores, 1));
      const weights = exp(scores - expandDims(higher, 1));
      const shrink = exp(top - higher);
      total = total * shrink + sum(weights, 1);
      acc = acc * shrink + sum(weights * expandDims(load(v, [j], { mask: inside }), 0), 1);
      top = higher;
    }
    store(out, [i], acc / total, { mask: i < n });
  },
  { out: (q) => q, grid: (q, _k, _v, { BLOCK }) => Math.ceil(q.shape[0] / BLOCK) },
);

/**
 * 24. Quantised matrix product: weights of 4 bits, eight to a word, with a scale and an offset for each group of 32 along the sum:
 * w[i, k] = scale[i, k / 32] · (bits − zero[i, k / 32]).
 */
export const quantisedMatmul = kernel(
  function quantisedMatmul(
    words: Ref<"u32", ["m", "k//8"]>,
    scale: Ref<"f32", ["m", "k//32"]>,
    zero: Ref<"f32", ["m", "k//32"]>,
    x: Ref<"f32", ["k", "n"]>,
    out: Ref<"f32", ["m", "n"]>,
    BM: constexpr,
    BN: constexpr,
  ) {
    const i = expandDims(programId(0) * BM + arange(BM), 1);
    const j = expandDims(programId(1) * BN + arange(BN), 0);
    const [m, n, depth] = [words.shape[0], x.shape[1], x.shape[0]];
    let acc = zeros([BM, BN], "f32");
    for (const group of range(depth / 32)) {
      const k = group * 32 + arange(32);
      const across = expandDims(k, 0);
      const packed = load(words, [i, across >> 3], { mask: i < m });
      const bits = (packed >> cast((across & 7) * 4, "u32")) & 15;
      const factor = load(scale, [i, group], { mask: i < m });
      const offset = load(zero, [i, group], { mask: i < m });
      const weights = factor * (cast(bits, "f32") - offset);
      acc = dot(weights, load(x, [expandDims(k, 1), j], { mask: j < n }), { acc });
    }
    store(out, [i, j], acc, { mask: i < m && j < n });
  },
  {
    out: (words, _s, _z, x) => ({ shape: [words.shape[0], x.shape[1]], dtype: "f32" }),
    grid: (words, _s, _z, x, { BM, BN }) => [Math.ceil(words.shape[0] / BM), Math.ceil(x.shape[1] / BN)],
  },
);

/** 25. The product with the transpose of the right side, of integers of 8 bits summed in 32. */
export const integerMatmul = kernel(
  function integerMatmul(
    a: Ref<"i8", ["m", "k"]>,
    b: Ref<"i8", ["n", "k"]>,
    out: Ref<"i32", ["m", "n"]>,
    BLOCK: constexpr,
  ) {
    const i = expandDims(programId(0) * BLOCK + arange(BLOCK), 1);
    const j = expandDims(programId(1) * BLOCK + arange(BLOCK), 1);
    const k = expandDims(arange(a.shape[1]), 0);
    const left = load(a, [i, k], { mask: i < a.shape[0] });
    const right = load(b, [j, k], { mask: j < b.shape[0] });
    store(out, [i, trans(j)], dot(left, trans(right), { dtype: "i32" }), {
      mask: i < a.shape[0] && trans(j) < b.shape[0],
    });
  },
  {
    out: (a, b) => ({ shape: [a.shape[0], b.shape[0]], dtype: "i32" }),
    grid: (a, b, { BLOCK }) => [Math.ceil(a.shape[0] / BLOCK), Math.ceil(b.shape[0] / BLOCK)],
  },
);
