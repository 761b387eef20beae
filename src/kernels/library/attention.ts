/**
 * Attention in blocks of queries and keys with a running softmax (Dao et al. 2022): only a block's scores are in memory, which grows as
 * the length. Backward makes the probabilities again, from each row's greatest score and the sum of its exponentials.
 */
import { kernel } from "../../dsl/kernel/own.js";
import { customVjp } from "../../tracer/custom.js";
import type { Tensor } from "../../tracer/tensor.js";
import * as np from "../../numpy/index.js";
import {
  arange,
  cast,
  type Block,
  type constexpr,
  dot,
  exp,
  expandDims,
  floorDiv,
  full,
  load,
  max,
  maximum,
  minimum,
  programId,
  type Ref,
  range,
  store,
  sum,
  trans,
  where,
  zeros,
} from "../../dsl/kernel/index.js";
import { ceilDiv } from "./rows.js";

/** The score of what must not be seen: low, but no infinity, so that a query that sees nothing gives the mean of all values. */
const HIDDEN = -0.7 * 3.4e38;

/** Which keys a block of queries sees, without those behind the last one: query t of T stands at t + S - T. */
function visible(mask: Ref, b: Block, h: Block, query: Block, key: Block, shift: number, CAUSAL: boolean): boolean {
  const inMask =
    mask.size === 1
      ? true
      : load(
          mask,
          [
            mask.shape[0] === 1 ? 0 : b,
            mask.shape[1] === 1 ? 0 : h,
            mask.shape[2] === 1 ? 0 : query,
            mask.shape[3] === 1 ? 0 : key,
          ],
          { mask: (mask.shape[2] === 1 || query < mask.shape[2]) && (mask.shape[3] === 1 || key < mask.shape[3]) },
        );
  return (inMask as boolean) && (CAUSAL ? query + shift >= key : true);
}

interface Constants {
  readonly SCALE: number;
  readonly CAUSAL: boolean;
  readonly BQ: number;
  readonly BK: number;
}
type Pair = readonly Tensor[];

/** q [b, t, h, d], k and v [b, s, heads of keys, d], mask [b or 1, h or 1, t or 1, s or 1] → result, greatest scores and sums [b, h, t]. */
export const attentionKernel = kernel<Pair>(
  function attention(
    q: Ref,
    k: Ref,
    v: Ref,
    mask: Ref,
    out: Ref,
    greatest: Ref,
    total: Ref,
    SCALE: constexpr,
    CAUSAL: constexpr<boolean>,
    BQ: constexpr,
    BK: constexpr,
  ) {
    const [b, h] = [programId(0), programId(1)];
    const [T, S, D, E] = [q.shape[1], k.shape[1], q.shape[3], v.shape[3]];
    const group = q.shape[2] / k.shape[2];
    const ofKeys = group === 1 ? h : floorDiv(h, group);
    const rows = programId(2) * BQ + arange(BQ);
    const query = expandDims(rows, 1);
    const queries = load(q, [b, query, h, expandDims(arange(D), 0)], { mask: query < T }) * SCALE;
    if (BK >= S) {
      // all keys at once: an ordinary softmax
      const at = arange(S);
      const [keyRow, keyCol] = [expandDims(at, 1), expandDims(at, 0)];
      const keys = load(k, [b, keyRow, ofKeys, expandDims(arange(D), 0)]);
      const values = load(v, [b, keyRow, ofKeys, expandDims(arange(E), 0)]);
      const scores = where(visible(mask, b, h, query, keyCol, S - T, CAUSAL), dot(queries, trans(keys)), HIDDEN);
      const top = max(scores, 1);
      const p = exp(scores - expandDims(top, 1));
      const sums = sum(p, 1);
      store(greatest, [b, h, rows], top, { mask: rows < T });
      store(total, [b, h, rows], sums, { mask: rows < T });
      store(out, [b, query, h, expandDims(arange(E), 0)], dot(p, values) / expandDims(sums, 1), { mask: query < T });
      return;
    }
    let m = full([BQ], -Infinity, q.dtype);
    let l = zeros([BQ], q.dtype);
    let acc = zeros([BQ, E], q.dtype);
    const cut = CAUSAL && mask.size === 1 && T <= S;
    const last = (programId(2) + 1) * BQ + (S - T - 1);
    for (const j of range(cut ? minimum(floorDiv(last, BK) + 1, Math.ceil(S / BK)) : Math.ceil(S / BK))) {
      const at = j * BK + arange(BK);
      const [keyRow, keyCol] = [expandDims(at, 1), expandDims(at, 0)];
      const keys = load(k, [b, keyRow, ofKeys, expandDims(arange(D), 0)], { mask: keyRow < S });
      const values = load(v, [b, keyRow, ofKeys, expandDims(arange(E), 0)], { mask: keyRow < S });
      const products = dot(queries, trans(keys));
      const seen = where(visible(mask, b, h, query, keyCol, S - T, CAUSAL), products, HIDDEN);
      const scores = where(keyCol < S, seen, -Infinity);
      const top = maximum(m, max(scores, 1));
      const p = exp(scores - expandDims(top, 1));
      const rescale = exp(m - top);
      l = l * rescale + sum(p, 1);
      acc = acc * expandDims(rescale, 1) + dot(p, values);
      m = top;
    }
    store(greatest, [b, h, rows], m, { mask: rows < T });
    store(total, [b, h, rows], l, { mask: rows < T });
    store(out, [b, query, h, expandDims(arange(E), 0)], acc / expandDims(l, 1), { mask: query < T });
  },
  {
    out: (q: Tensor, _k: Tensor, v: Tensor) => {
      const [b, t, h] = q.shape;
      const perRow = { shape: [b, h, t], dtype: q.dtype };
      return [{ shape: [b, t, h, v.shape[3]], dtype: q.dtype }, perRow, perRow];
    },
    grid: (q: Tensor, _k: Tensor, _v: Tensor, _m: Tensor, { BQ }: Constants) => [
      q.shape[0],
      q.shape[2],
      ceilDiv(q.shape[1], BQ),
    ],
  },
);

/** dq = scale · (p ∘ (g vᵀ - Σ g y)) k: a block of queries, over all keys. */
const queriesBackward = kernel(
  function attentionQueriesBackward(
    q: Ref,
    k: Ref,
    v: Ref,
    mask: Ref,
    ofRows: Ref,
    g: Ref,
    out: Ref,
    SCALE: constexpr,
    CAUSAL: constexpr<boolean>,
    BQ: constexpr,
    BK: constexpr,
  ) {
    const [b, h] = [programId(0), programId(1)];
    const [T, S, D, E] = [q.shape[1], k.shape[1], q.shape[3], v.shape[3]];
    const group = q.shape[2] / k.shape[2];
    const ofKeys = group === 1 ? h : floorDiv(h, group);
    const rows = programId(2) * BQ + arange(BQ);
    const query = expandDims(rows, 1);
    const inQ = query < T;
    const queries = load(q, [b, query, h, expandDims(arange(D), 0)], { mask: inQ }) * SCALE;
    const cotangent = load(g, [b, query, h, expandDims(arange(E), 0)], { mask: inQ });
    const m = load(ofRows, [0, b, h, query], { mask: inQ });
    const l = load(ofRows, [1, b, h, query], { mask: inQ, other: 1 });
    const d = load(ofRows, [2, b, h, query], { mask: inQ });
    let acc = zeros([BQ, D], q.dtype);
    const cut = CAUSAL && mask.size === 1 && T <= S;
    const last = (programId(2) + 1) * BQ + (S - T - 1);
    for (const j of range(cut ? minimum(floorDiv(last, BK) + 1, Math.ceil(S / BK)) : Math.ceil(S / BK))) {
      const at = j * BK + arange(BK);
      const [keyRow, keyCol] = [expandDims(at, 1), expandDims(at, 0)];
      const keys = load(k, [b, keyRow, ofKeys, expandDims(arange(D), 0)], { mask: keyRow < S });
      const values = load(v, [b, keyRow, ofKeys, expandDims(arange(E), 0)], { mask: keyRow < S });
      const seen = visible(mask, b, h, query, keyCol, S - T, CAUSAL) && keyCol < S;
      const p = where(seen, exp(dot(queries, trans(keys)) - m) / l, 0);
      acc += dot(p * (dot(cotangent, trans(values)) - d), keys);
    }
    store(out, [b, query, h, expandDims(arange(D), 0)], acc * SCALE, { mask: inQ });
  },
  {
    out: (q: Tensor) => q,
    grid: (...given: unknown[]) => {
      const q = given[0] as Tensor;
      return [q.shape[0], q.shape[2], ceilDiv(q.shape[1], (given[6] as Constants).BQ)];
    },
  },
);

/** dv = pᵀ g and dk = scale · (p ∘ (g vᵀ - Σ g y))ᵀ q: a block of keys, over all queries of all heads that share them. */
const keysBackward = kernel<Pair>(
  function attentionKeysBackward(
    q: Ref,
    k: Ref,
    v: Ref,
    mask: Ref,
    ofRows: Ref,
    g: Ref,
    outK: Ref,
    outV: Ref,
    SCALE: constexpr,
    CAUSAL: constexpr<boolean>,
    BQ: constexpr,
    BK: constexpr,
  ) {
    const [b, ofKeys] = [programId(0), programId(1)];
    const [T, S, D, E] = [q.shape[1], k.shape[1], q.shape[3], v.shape[3]];
    const group = q.shape[2] / k.shape[2];
    const blocks = Math.ceil(T / BQ);
    const at = programId(2) * BK + arange(BK);
    const [keyRow, keyCol] = [expandDims(at, 1), expandDims(at, 0)];
    const keys = load(k, [b, keyRow, ofKeys, expandDims(arange(D), 0)], { mask: keyRow < S });
    const values = load(v, [b, keyRow, ofKeys, expandDims(arange(E), 0)], { mask: keyRow < S });
    let dk = zeros([BK, D], q.dtype);
    let dv = zeros([BK, E], q.dtype);
    // queries before the first key of the block see none of them
    const cut = CAUSAL && mask.size === 1 && T <= S && group === 1;
    const first = cut ? maximum(floorDiv(programId(2) * BK - (S - T), BQ), 0) : 0;
    for (const step of range(first, group * blocks)) {
      const h = group === 1 ? ofKeys : ofKeys * group + floorDiv(step, blocks);
      const query = expandDims((group === 1 ? step : step % blocks) * BQ + arange(BQ), 1);
      const inQ = query < T;
      const queries = load(q, [b, query, h, expandDims(arange(D), 0)], { mask: inQ }) * SCALE;
      const cotangent = load(g, [b, query, h, expandDims(arange(E), 0)], { mask: inQ });
      const m = load(ofRows, [0, b, h, query], { mask: inQ });
      const l = load(ofRows, [1, b, h, query], { mask: inQ, other: 1 });
      const d = load(ofRows, [2, b, h, query], { mask: inQ });
      const seen = visible(mask, b, h, query, keyCol, S - T, CAUSAL);
      const p = exp(where(seen, dot(queries, trans(keys)), HIDDEN) - m) / l;
      dv += dot(trans(p), cotangent);
      dk += dot(trans(where(seen, p * (dot(cotangent, trans(values)) - d), 0)), queries);
    }
    store(outK, [b, keyRow, ofKeys, expandDims(arange(D), 0)], dk, { mask: keyRow < S });
    store(outV, [b, keyRow, ofKeys, expandDims(arange(E), 0)], dv, { mask: keyRow < S });
  },
  {
    out: (_q: Tensor, k: Tensor, v: Tensor) => [k, v],
    grid: (...given: unknown[]) => {
      const k = given[1] as Tensor;
      return [k.shape[0], k.shape[2], ceilDiv(k.shape[1], (given[6] as Constants).BK)];
    },
  },
);

/** Queries and keys of a block: long ones, since each block of queries lays out all keys anew. */
const BLOCK_Q = 256;
const BLOCK_K = 512;
/** Keys that are one block: then all blocks of queries share what was laid out once, and nothing is scaled again. */
const AT_ONCE = 1024;
/** Causal attention leaves out keys block by block. */
const CAUSAL = 128;
/** Of a block backwards. */
const BLOCK_BACKWARD = 256;

/** The length of about as few blocks as there must be, alike so that the last one is not mostly empty. */
function blockOf(length: number, most: number): number {
  const least = ceilDiv(length, most);
  for (let count = least; count < 2 * least; count++) if (length % count === 0) return length / count;
  return ceilDiv(ceilDiv(length, Math.max(least, 1)), LANES) * LANES;
}
const LANES = 16;

/** Forwards: sizes of blocks for so many queries and keys. */
function blocksOf(queries: number, keys: number, causal: boolean): Pick<Constants, "BQ" | "BK"> {
  if (causal) return { BQ: blockOf(queries, CAUSAL), BK: blockOf(keys, CAUSAL) };
  return { BQ: blockOf(queries, BLOCK_Q), BK: keys <= AT_ONCE ? keys : blockOf(keys, BLOCK_K) };
}

function withConstants(SCALE: number, causal: boolean) {
  const run = (q: Tensor, k: Tensor, v: Tensor, mask: Tensor): Pair =>
    attentionKernel(q, k, v, mask, { SCALE, CAUSAL: causal, ...blocksOf(q.shape[1], k.shape[1], causal) });
  const most = causal ? CAUSAL : BLOCK_BACKWARD;
  return customVjp((q: Tensor, k: Tensor, v: Tensor, mask: Tensor) => run(q, k, v, mask)[0]).defvjp(
    (q, k, v, mask) => {
      const [y, greatest, total] = run(q, k, v, mask);
      return [y, [q, k, v, mask, y, greatest, total]];
    },
    ([q, k, v, mask, y, greatest, total]: Tensor[], g) => {
      const delta = np.transpose(np.sum(np.multiply(g, y), { axis: -1 }), [0, 2, 1]);
      // one array of the three: a GPU need not have more than eight for a kernel
      const ofRows = np.stack([greatest, total, delta]);
      const blocks = { BQ: blockOf(q.shape[1], most), BK: blockOf(k.shape[1], most) };
      const operands = [q, k, v, mask, ofRows, g, { SCALE, CAUSAL: causal, ...blocks }] as const;
      return [queriesBackward(...operands), ...keysBackward(...operands), null];
    },
  );
}
const known = new Map<string, ReturnType<typeof withConstants>>();

export interface FlashAttentionOptions {
  /** Each position sees itself and what stands before it; the last query sees the last key. */
  readonly causal?: boolean;
  /** Bools, true where attention is allowed: [b or 1, heads or 1, queries or 1, keys or 1]. */
  readonly mask?: Tensor;
  /** Default 1/√(features of a head). */
  readonly scale?: number;
}

/** softmax(q kᵀ · scale) v of q [b, t, h, d], k and v [b, s, heads, d], where h is a multiple of the heads of keys. */
export function flashAttention(q: Tensor, k: Tensor, v: Tensor, options: FlashAttentionOptions = {}): Tensor {
  const scale = options.scale ?? 1 / Math.sqrt(q.shape[3]);
  const causal = options.causal ?? false;
  const key = `${scale} ${causal}`;
  let f = known.get(key);
  if (!f) known.set(key, (f = withConstants(scale, causal)));
  const mask = options.mask ?? np.ones([1, 1, 1, 1], { dtype: "bool" });
  return f(q, k, v, mask);
}

/** One query of each sequence against the first `length` entries of its cache; all heads that share keys in one program. */
export const decodeKernel = kernel(
  function decodeAttention(q: Ref, k: Ref, v: Ref, length: Ref, out: Ref, SCALE: constexpr, BK: constexpr) {
    const [b, ofKeys] = [programId(0), programId(1)];
    const [S, D, E] = [k.shape[1], q.shape[2], v.shape[3]];
    const group = q.shape[1] / k.shape[2];
    const heads = expandDims(ofKeys * group + arange(group), 1);
    const count = load(length, [b]);
    const queries = load(q, [b, heads, expandDims(arange(D), 0)]) * SCALE;
    let m = full([group], -Infinity, q.dtype);
    let l = zeros([group], q.dtype);
    let acc = zeros([group, E], q.dtype);
    let from = cast(0, "i32");
    while (from < count) {
      const at = from + arange(BK);
      const inside = expandDims(at, 1) < count && expandDims(at, 1) < S;
      const keys = load(k, [b, expandDims(at, 1), ofKeys, expandDims(arange(D), 0)], { mask: inside });
      const values = load(v, [b, expandDims(at, 1), ofKeys, expandDims(arange(E), 0)], { mask: inside });
      const scores = where(expandDims(at, 0) < count, dot(queries, trans(keys)), -Infinity);
      const top = maximum(m, max(scores, 1));
      const p = exp(scores - expandDims(top, 1));
      const rescale = exp(m - top);
      l = l * rescale + sum(p, 1);
      acc = acc * expandDims(rescale, 1) + dot(p, values);
      m = top;
      from += BK;
    }
    store(out, [b, heads, expandDims(arange(E), 0)], acc / expandDims(l, 1));
  },
  {
    out: (q: Tensor, _k: Tensor, v: Tensor) => ({ shape: [q.shape[0], q.shape[1], v.shape[3]], dtype: q.dtype }),
    grid: (q: Tensor, k: Tensor) => [q.shape[0], k.shape[2]],
  },
);

/** Keys of a block there: what a cache does not hold yet is left out block by block. */
const DECODE_K = 128;
/** Attention of one new position: q [b, h, d] against caches [b, capacity, heads, d] filled up to lengths [b] (i32). */
export function decodeAttention(
  q: Tensor,
  keys: Tensor,
  values: Tensor,
  lengths: Tensor,
  { scale = 1 / Math.sqrt(q.shape[2]) }: { readonly scale?: number } = {},
): Tensor {
  return decodeKernel(q, keys, values, lengths, { SCALE: scale, BK: Math.min(DECODE_K, keys.shape[1]) });
}

/** A cache [b, capacity, heads, d] with entries [b, heads, d] written at positions [b]: in place inside `jit` where the cache is not used again. */
export const writeCache = kernel(
  function writeCache(cache: Ref, entry: Ref, position: Ref, out: Ref) {
    const b = programId(0);
    store(out, [b, load(position, [b]), null, null], load(entry, [b, null, null]));
  },
  { out: (cache: Tensor) => cache, alias: { out: "cache" }, grid: (cache: Tensor) => cache.shape[0] },
);
