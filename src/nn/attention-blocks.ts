/**
 * Attention of long sequences, one block of queries after the other. A block sees all of its keys at once, so its softmax is
 * an ordinary one; its scores are computed again in the backward pass. Memory grows as the length, not as its square
 * (Rabe & Staats 2021; there keys are cut too).
 */
import * as lax from "../lax/index.js";
import { broadcastTo } from "../lax/operand.js";
import { handOverWalks } from "../lowering/hand-over/walks.js";
import * as np from "../numpy/index.js";
import { peak } from "../numpy/peak.js";
import { map } from "../tracer/control.js";
import { checkpoint } from "../tracer/custom.js";
import type { Tensor } from "../tracer/tensor.js";
import type { TensorOptions } from "./attention.js";
import { prod, range } from "../util/index.js";

/** Queries of a block; where causal queries are cut into parts, a part should have several. */
const BLOCK = 256;
const CAUSAL_BLOCK = 128;
/** Queries of the shortest sequences that are cut. */
const LONG = 256;
/** From here on what causal blocks leave out is worth more than the rest of it costs, backwards too. */
const LONG_CAUSAL = 384;
/** Parts into which causal queries are cut; each part leaves out the keys behind its last query. */
const PARTS = 4;
/** Scores of a head, and of all, from which blocks are at least as fast as everything at once. */
const MANY_OF_HEAD = 2 ** 18;
const MANY = 2 ** 22;

export function isLong(batch: number, queries: number, heads: number, keys: number, options: TensorOptions): boolean {
  const sizes = [batch, queries, heads, keys];
  if (sizes.some((n) => typeof n !== "number" || n === 0) || queries < LONG) return false;
  if (queries >= LONG_CAUSAL && leavesOut(queries, keys, options)) return true;
  return queries * keys >= MANY_OF_HEAD || prod(sizes) >= MANY;
}
/** Whether blocks of causal queries need not see all keys: a query that sees nothing gives the mean over all. */
function leavesOut(queries: number, keys: number, { causal, mask, bias }: TensorOptions): boolean {
  return causal === true && !mask && !bias && queries <= keys;
}
/** The score of what must not be seen: low, but no infinity, so that a query that sees nothing does not become NaN. */
export function hiddenScore(x: Tensor): number {
  return -0.7 * (x.dtype === "f16" ? 65504 : 3.4e38);
}

/** As `dotProductAttention`, for operands that it has checked. */
export function attendInBlocks(q: Tensor, k: Tensor, v: Tensor, options: TensorOptions): Tensor {
  handOverWalks();
  const [b, t, h, d] = q.shape;
  const [, s, kv, e] = v.shape;
  const g = h / kv;
  const scale = options.scale ?? 1 / Math.sqrt(d);
  // [batch, head of keys, …]: all but the query heads of a group is walked
  const queries = lax.transpose(lax.reshape(q, [b, t, kv, g, d]), [0, 2, 3, 1, 4]);
  const swap = (x: Tensor): Tensor => lax.transpose(x, [0, 2, 1, 3]);
  const out = eachOf(b, [queries, swap(k), swap(v), ...masksOf(options, [b, h, t, s], kv)], (ofBatch) =>
    eachOf(kv, ofBatch, ([queries1, keys, values, ...masks]) => {
      const parts = partsOf(t, s, options).map((part) =>
        attendPart({ ...part, scale, options }, queries1, keys, values, masks),
      );
      return parts.length === 1 ? parts[0] : lax.concatenate(parts, 1);
    }),
  );
  return lax.reshape(lax.transpose(out, [0, 3, 1, 2, 4]), [b, t, h, e]);
}

/** Mask and bias, where given, as [batch, key head, query head of its group, query, key], with 1 where all are the same. */
function masksOf(options: TensorOptions, full: readonly number[], kv: number): Tensor[] {
  return [options.mask, options.bias].flatMap((x) => {
    if (!x) return [];
    const shape = [1, 1, 1, 1, ...x.shape].slice(-4);
    const fits = x.ndim <= 4 && shape.every((n, i) => n === 1 || n === full[i]);
    if (!fits) broadcastTo("dotProductAttention", x, full); // which says what is wrong
    const heads = shape[1] === 1 ? [1, 1] : [kv, full[1] / kv];
    return [lax.reshape(x, [shape[0], ...heads, shape[2], shape[3]])];
  });
}

/** `f` of each element of the first axis, of size `n`; operands with 1 there take part in all. */
function eachOf(n: number, xs: readonly Tensor[], f: (xs: Tensor[]) => Tensor): Tensor {
  const moves = (x: Tensor): boolean => n > 1 && x.shape[0] === n;
  const still = xs.map((x) => (moves(x) ? null : lax.reshape(x, x.shape.slice(1))));
  if (n === 1) return lax.expandDims(f(still.flatMap((x) => x ?? [])), [0]);
  return map((moving: Tensor[]) => {
    let next = 0;
    return f(still.map((x) => x ?? moving[next++]));
  }, xs.filter(moves));
}

interface Part {
  /** Its first query, its blocks, and queries of each. */
  readonly from: number;
  readonly blocks: number;
  readonly size: number;
  /** Keys that any of its queries may see. */
  readonly keys: number;
}
/** Blocks of equal size, the rest in one of its own; causal queries in several parts, the earlier ones with fewer keys. */
function partsOf(t: number, s: number, options: TensorOptions): Part[] {
  const { causal } = options;
  const block = causal === true && t < PARTS * BLOCK ? CAUSAL_BLOCK : BLOCK;
  const whole = Math.floor(t / block);
  const cut = leavesOut(t, s, options);
  const bounds = cut ? range(PARTS + 1).map((i) => Math.round((i * whole) / PARTS)) : [0, whole];
  const parts = bounds.slice(1).map((end, i): Part => {
    const blocks = end - bounds[i];
    return { from: bounds[i] * block, blocks, size: block, keys: cut ? end * block + s - t : s };
  });
  if (whole * block < t) parts.push({ from: whole * block, blocks: 1, size: t - whole * block, keys: s });
  return parts.filter((p) => p.blocks > 0);
}

/** q [group, query, features], k and v [key, features], masks [group, query, key] with 1 where all are the same. */
function attendPart(
  part: Part & { readonly scale: number; readonly options: TensorOptions },
  q: Tensor,
  k: Tensor,
  v: Tensor,
  masks: readonly Tensor[],
): Tensor {
  const { from, blocks, size, keys, scale, options } = part;
  const [g, t] = q.shape;
  const first = (x: Tensor): Tensor => lax.sliceInDim(x, 0, keys, 1, 0);
  const [ks, vs] = [first(k), first(v)];
  /** [block, group, query, …] */
  const cut = (x: Tensor): Tensor => {
    const [heads, rows, last] = x.shape;
    if (rows === 1) return lax.reshape(x, [1, heads, 1, last]);
    const own = lax.sliceInDim(x, from, from + blocks * size, 1, 1);
    return lax.transpose(lax.reshape(own, [heads, blocks, size, last]), [1, 0, 2, 3]);
  };
  const start = lax.add(lax.mul(lax.iota("i32", blocks), size), from + k.shape[0] - t);
  // queries are fewer than scores; in types of 16 bits the product would lose what its sum keeps
  const early = q.dtype === "f32" || q.dtype === "f64";
  const block = checkpoint(function attend([qs, row, ...own]: Tensor[]): Tensor {
    const products = np.einsum("gtd,sd->gts", early ? lax.mul(qs, scale) : qs, ks);
    let scores = early ? products : lax.mul(products, scale);
    const all = (x: Tensor): Tensor => broadcastTo("dotProductAttention", x, scores.shape);
    const hidden = hiddenScore(q);
    if (options.bias) scores = lax.add(scores, all(own[own.length - 1]));
    if (options.mask) scores = np.where(all(own[0]), scores, hidden);
    if (options.causal) {
      const rows = lax.add(lax.broadcastedIota("i32", scores.shape, 1), all(row));
      scores = np.where(lax.ge(rows, lax.broadcastedIota("i32", scores.shape, 2)), scores, hidden);
    }
    const exponentials = lax.exp(lax.sub(scores, all(lax.stopGradient(peak(scores, [2])))));
    const sum = np.sum(exponentials, { axis: -1, keepdims: true });
    // the sum divides the result, which is smaller; in f16 the result without it might overflow
    const late = q.dtype !== "f16";
    const weights = late ? exponentials : lax.div(exponentials, all(sum));
    const seen = np.einsum("gts,sd->gtd", weights, vs);
    return late ? lax.div(seen, broadcastTo("dotProductAttention", sum, seen.shape)) : seen;
  });
  const each = eachOf(blocks, [cut(q), start, ...masks.map(cut)], block);
  return lax.reshape(lax.transpose(each, [1, 0, 2, 3]), [g, blocks * size, v.shape[1]]);
}
