/** Attention of queries to keys and values, and the layer made of it. */
import type { TensorLike } from "../lax/operand.js";
import type { Like, Num, Weights } from "../tracer/num.js";
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { dimEqual, dimSub } from "../ir/dim.js";
import { isFloat } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { asTensor, broadcastTo, isTensor } from "../lax/operand.js";
import * as np from "../numpy/index.js";
import { peak } from "../numpy/peak.js";
import * as random from "../random/index.js";
import { switchCase } from "../tracer/control.js";
import { describeValue } from "../tracer/leaf.js";
import type { Tensor } from "../tracer/tensor.js";
import { attendInBlocks, hiddenScore, isLong } from "./attention-blocks.js";
import { both, type Limits, maskOfLimits, withoutPadding } from "./attention-masks.js";
import { glorotUniform } from "./initializers.js";
import { type InitOptions, type LinearParams, linear } from "./layers.js";

/** Masks and scale of attention. */
export interface AttentionOptions {
  /**
   * Each position sees itself and what stands before it, where the last query stands at the last key. JAX's `is_causal` differs
   * where queries and keys differ in number: there the first query stands at the first key.
   */
  causal?: boolean;
  /**
   * True where attention is allowed; broadcast to [batch, heads, query, key]. A query that may see no key gets the mean of all
   * values.
   */
  mask?: Tensor | boolean;
  /** Added to the scores; broadcast likewise. */
  bias?: Tensor | number;
  /** Default 1/√(features of a head). */
  scale?: number;
  /** Integers [batch]: queries behind them are padding, whose results are 0. */
  querySeqLengths?: Tensor;
  /** Integers [batch]: keys and values behind them are padding, or the part of a cache that is not filled yet. */
  keyValueSeqLengths?: Tensor;
  /** A query sees so many keys before and after its own place (the last query stands at the last key); one number for both. */
  localWindowSize?: number | readonly [before: number, after: number];
}
/** The same where all that may be arrays are. */
export interface TensorOptions extends Omit<AttentionOptions, "mask" | "bias"> {
  readonly mask?: Tensor;
  readonly bias?: Tensor;
}
function onTensors({ mask, bias, ...rest }: AttentionOptions): TensorOptions {
  return {
    ...rest,
    ...(mask === undefined ? {} : { mask: asTensor("dotProductAttention", mask) }),
    ...(bias === undefined ? {} : { bias: asTensor("dotProductAttention", bias) }),
  };
}
/**
 * softmax(q kᵀ · scale) v for [batch, position, heads, features], or without the batch; fewer key/value heads than query heads
 * are shared by groups.
 * Vaswani et al. 2017; grouped queries by Ainslie et al. 2023. Long sequences are attended to block by block of queries, so
 * that memory, backwards too, grows as their length.
 */
export function dotProductAttention<X extends TensorLike, Y extends TensorLike, Z extends TensorLike>(
  q: X,
  k: Y,
  v: Z,
  options?: AttentionOptions,
): Like<X | Y | Z>;
export function dotProductAttention(
  query: TensorLike,
  key: TensorLike,
  value: TensorLike,
  given: AttentionOptions = {},
): Tensor {
  const [q, k, v] = [query, key, value].map((x) => asTensor("dotProductAttention", x));
  if (q.ndim === 3 && k.ndim === 3 && v.ndim === 3) {
    const [q1, k1, v1] = [q, k, v].map((x) => np.expandDims(x, 0));
    return np.squeeze(dotProductAttention(q1, k1, v1, given), 0);
  }
  const options = onTensors(given);
  if (q.ndim !== 4 || k.ndim !== 4 || v.ndim !== 4) {
    fail(
      "TW2007",
      `dotProductAttention: needs [batch, position, heads, features], got ${printAval(q.aval)}, ${printAval(k.aval)}, ${printAval(v.aval)}`,
      { help: "add the missing axes with np.expandDims" },
    );
  }
  if (!isFloat(q.aval.dtype) && !isFloat(k.aval.dtype)) {
    fail("TW2005", `dotProductAttention: needs floats, got ${printAval(q.aval)} and ${printAval(k.aval)}`, {
      help: "convert them with .astype('f32')",
    });
  }
  const scale: unknown = options.scale;
  if (scale !== undefined && typeof scale !== "number" && !isTensor(scale)) {
    fail("TW1003", `dotProductAttention: the scale is ${describeValue(scale)}, not a number`, {
      help: "leave it out for 1/√(features of a head)",
    });
  }
  const [b, t, h, d] = q.shape;
  const [, s, kv] = k.shape;
  const agree = (what: string, x: Tensor, i: number, y: Tensor, j: number): void => {
    if (dimEqual(x.aval.shape[i], y.aval.shape[j]) !== false) return;
    fail("TW2001", `dotProductAttention: ${what} differ: ${printAval(x.aval)} and ${printAval(y.aval)}`, {
      help: "queries, keys and values are [batch, position, heads, features]; keys and values have the same positions",
    });
  };
  agree("the batches", q, 0, k, 0);
  agree("the features of queries and keys", q, 3, k, 3);
  agree("the positions of keys and values", k, 1, v, 1);
  agree("the heads of keys and values", k, 2, v, 2);
  if (h % kv !== 0)
    fail("TW2001", `dotProductAttention: ${h} query heads do not divide among ${kv} key heads`, {
      help: "the number of query heads is a multiple of that of key heads",
    });
  if (given.querySeqLengths || given.keyValueSeqLengths || given.localWindowSize !== undefined)
    return attendWithin(q, k, v, options, given);
  if (isLong(b, t, h, s, options)) return attendInBlocks(q, k, v, options);
  const g = h / kv;
  const grouped = lax.reshape(q, [b, t, kv, g, d]);
  // [b, kv, g, t, s]
  const scores = lax.mul(np.einsum("btkgd,bskd->bkgts", grouped, k), options.scale ?? 1 / Math.sqrt(d));
  const toGroups = (x: Tensor): Tensor =>
    lax.reshape(broadcastTo("dotProductAttention", x, [b, h, t, s]), [b, kv, g, t, s]);
  let masked = options.bias ? lax.add(scores, toGroups(options.bias)) : scores;
  const hidden = hiddenScore(q);
  if (options.mask) masked = np.where(toGroups(options.mask), masked, hidden);
  if (options.causal) {
    const row = lax.broadcastedIota("i32", [t, s], 0);
    const column = lax.broadcastedIota("i32", [t, s], 1);
    // the last query sees the last key
    const shift = broadcastTo("attention", lax.dimensionValue(dimSub(s, t)), [t, s]);
    masked = np.where(lax.ge(lax.add(row, shift), column), masked, hidden);
  }
  const m = lax.stopGradient(peak(masked, [4]));
  const e = lax.exp(lax.sub(masked, broadcastTo("attention", m, masked.aval.shape)));
  const p = lax.div(e, broadcastTo("attention", np.sum(e, { axis: -1, keepdims: true }), e.aval.shape));
  return lax.reshape(np.einsum("bkgts,bskd->btkgd", p, v), [b, t, h, v.shape[3]]);
}

/** Keys of the shortest cache of which only the filled part is read, and the parts that are read then. */
const LONG_CACHE = 512;
const PARTS_OF_CACHE = [4, 2, 1];

/** Attention within lengths and windows, which become a mask; one query reads no more of a long cache than it must. */
function attendWithin(q: Tensor, k: Tensor, v: Tensor, options: TensorOptions, limits: Limits): Tensor {
  const { querySeqLengths, keyValueSeqLengths, localWindowSize, ...rest } = options as TensorOptions & Limits;
  const [b, t, h] = q.aval.shape;
  const s = k.aval.shape[1];
  const own = maskOfLimits(limits, [b, h, t, s]);
  const mask = options.mask && own ? both(options.mask, own) : (own ?? options.mask);
  const padded = (y: Tensor): Tensor => (querySeqLengths ? withoutPadding(y, querySeqLengths) : y);
  const plain = { ...rest, ...(mask ? { mask } : {}) };
  const isDecoding = t === 1 && keyValueSeqLengths && typeof s === "number" && s >= LONG_CACHE;
  if (!isDecoding || options.mask || options.bias || localWindowSize !== undefined)
    return padded(dotProductAttention(q, k, v, plain));
  const sizes = PARTS_OF_CACHE.map((part) => Math.ceil(s / part));
  const first = (x: Tensor, n: number, axis: number): Tensor => lax.sliceInDim(x, 0, n, 1, axis);
  // a sequence without keys sees all of them alike, as a mask that hides all does
  const filled = keyValueSeqLengths.astype("i32");
  const longest = np.max(np.where(np.greater(filled, 0), filled, s));
  const index = sizes
    .slice(0, -1)
    .reduce<Tensor>((i, n) => lax.add(i, lax.gt(longest, n).astype("i32")), lax.full([], 0, "i32"));
  // a query that may see all sees the filled part, whatever stands behind it
  const branches = sizes.map(
    (n) => (query: Tensor, keys: Tensor, values: Tensor, seen: Tensor) =>
      dotProductAttention(query, first(keys, n, 1), first(values, n, 1), {
        ...rest,
        causal: false,
        mask: first(seen, n, 3),
      }),
  );
  return padded(switchCase(index, branches, q, k, v, own as Tensor));
}

/** Weights of `multiHeadAttention`. */
export interface MultiHeadAttentionParams {
  query: LinearParams;
  key: LinearParams;
  value: LinearParams;
  out: LinearParams;
}
type MultiHead = <X extends TensorLike>(
  p: Weights<MultiHeadAttentionParams>,
  x: X,
  heads: number,
  options?: AttentionOptions & { context?: Tensor | Num },
) => Like<X>;
function applyMultiHead(
  p: MultiHeadAttentionParams,
  x: Tensor,
  heads: number,
  options: AttentionOptions & { context?: Tensor } = {},
): Tensor {
  const context = options.context ?? x;
  const split = (t: Tensor): Tensor => lax.reshape(t, [...t.shape.slice(0, -1), heads, t.shape[t.ndim - 1] / heads]);
  const y = dotProductAttention(
    split(linear(p.query, x)),
    split(linear(p.key, context)),
    split(linear(p.value, context)),
    options,
  );
  return linear(p.out, lax.reshape(y, [...y.shape.slice(0, 2), -1]));
}
/** Projections, attention in `heads` heads, and a projection back: [batch, position, features]. */
export const multiHeadAttention = Object.assign(applyMultiHead as MultiHead, {
  init(key: Tensor, features: number, options: InitOptions = {}): MultiHeadAttentionParams {
    const keys = random.split(key, 4);
    const part = (i: number): LinearParams =>
      linear.init(np.index(keys, i), features, features, { initializer: glorotUniform(), ...options });
    return { query: part(0), key: part(1), value: part(2), out: part(3) };
  },
});
