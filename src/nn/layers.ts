/**
 * Layers as pairs of functions: `nn.linear.init(key, …)` makes a tree of parameters, `nn.linear(params, x)` applies the layer.
 */
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { dimEqual, dimSub } from "../ir/dim.js";
import { type DType, isInt } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { broadcastTo } from "../lax/operand.js";
import type { Padding } from "../lax/structure.js";
import * as np from "../numpy/index.js";
import { peak } from "../numpy/peak.js";
import * as random from "../random/index.js";
import type { Tensor } from "../tracer/tensor.js";
import { glorotUniform, type Initializer, lecunNormal, varianceScaling } from "./initializers.js";
import { prod } from "../util/index.js";

/** How the weights of a layer are drawn. */
export interface InitOptions {
  dtype?: DType;
  initializer?: Initializer;
  /** Default true. */
  bias?: boolean;
}

/** Weights of `linear`. */
export interface LinearParams {
  /** [in, out] */
  w: Tensor;
  /** [out] */
  b?: Tensor;
}
function applyLinear(p: LinearParams, x: Tensor): Tensor {
  const y = np.dot(x, p.w);
  return p.b ? np.add(y, p.b) : y;
}
/** x w + b on the last axis. `nn.linear.init(key, 784, 10)`. */
export const linear = Object.assign(applyLinear, {
  init(key: Tensor, inSize: number, outSize: number, options: InitOptions = {}): LinearParams {
    const w = (options.initializer ?? lecunNormal())(key, [inSize, outSize], options.dtype);
    return options.bias === false ? { w } : { w, b: np.zeros([outSize], options.dtype) };
  },
});

/** Weights of `conv`. */
export interface ConvParams {
  /** [...spatial, in / groups, out] */
  w: Tensor;
  b?: Tensor;
}
/** Strides, padding and dilation of `conv`. */
export interface ConvLayerOptions {
  strides?: number | readonly number[];
  /** "SAME" (default), "VALID", [before, after] for each axis of space, or one number for all. */
  padding?: Padding | number;
  dilation?: number | readonly number[];
  groups?: number;
}
function applyConv(p: ConvParams, x: Tensor, options: ConvLayerOptions = {}): Tensor {
  const n = x.ndim - 2;
  if (p.w.ndim !== n + 2)
    fail("TW2007", `conv: the input ${printAval(x.aval)} and the filter ${printAval(p.w.aval)} have different ranks`, {
      help: "the input is [batch, ...space, features], the filter [...space, in, out]",
    });
  const each = (v: number | readonly number[] | undefined): number[] =>
    v === undefined ? Array(n).fill(1) : typeof v === "number" ? Array(n).fill(v) : [...v];
  const s = "HWD".slice(0, n);
  const y = lax.convGeneralDilated(x, p.w, {
    windowStrides: each(options.strides),
    padding:
      typeof options.padding === "number"
        ? Array(n).fill([options.padding, options.padding])
        : (options.padding ?? "SAME"),
    rhsDilation: each(options.dilation),
    dimensionNumbers: [`N${s}C`, `${s}IO`, `N${s}C`],
    featureGroupCount: options.groups ?? 1,
  });
  return p.b ? np.add(y, p.b) : y;
}
/** Convolution of [batch, ...space, features] with 1 to 3 axes of space. `nn.conv.init(key, [3, 3], 1, 16)`. */
export const conv = Object.assign(applyConv, {
  init(
    key: Tensor,
    window: readonly number[],
    inSize: number,
    outSize: number,
    options: InitOptions & { groups?: number } = {},
  ): ConvParams {
    const shape = [...window, inSize / (options.groups ?? 1), outSize];
    const w = (options.initializer ?? lecunNormal())(key, shape, options.dtype);
    return options.bias === false ? { w } : { w, b: np.zeros([outSize], options.dtype) };
  },
});

function pool(
  x: Tensor,
  op: "max" | "sum",
  window: readonly number[],
  strides: readonly number[] | undefined,
  padding: Padding,
): Tensor {
  const at = (list: readonly number[]): number[] => [1, ...list, 1];
  return lax.reduceWindow(x, op, at(window), {
    strides: at(strides ?? window),
    padding: Array.isArray(padding) ? [[0, 0], ...padding, [0, 0]] : padding,
  });
}
/** Greatest of each window of [batch, ...space, features]; strides default to the window. */
export function maxPool(
  x: Tensor,
  window: readonly number[],
  options: { strides?: readonly number[]; padding?: Padding } = {},
): Tensor {
  return pool(x, "max", window, options.strides, options.padding ?? "VALID");
}
/** Mean of each window; padding counts unless `countIncludePad` is false. */
export function avgPool(
  x: Tensor,
  window: readonly number[],
  options: { strides?: readonly number[]; padding?: Padding; countIncludePad?: boolean } = {},
): Tensor {
  const total = pool(x, "sum", window, options.strides, options.padding ?? "VALID");
  if (options.countIncludePad === false)
    return lax.div(total, pool(np.onesLike(x), "sum", window, options.strides, options.padding ?? "VALID"));
  return lax.div(total, prod(window));
}

/** The table of `embedding`: [entries, features]. */
export interface EmbeddingParams {
  /** [vocabulary, features] */
  table: Tensor;
}
function applyEmbedding(p: EmbeddingParams, ids: Tensor): Tensor {
  if (!isInt(ids.aval.dtype))
    fail("TW2005", `embedding: ids must be integers, not ${printAval(ids.aval)}`, {
      help: "convert them with .astype('i32')",
    });
  return np.take(p.table, ids, 0, { mode: "clip" });
}
/** Rows of a table. `nn.embedding.init(key, vocabulary, features)`. */
export const embedding = Object.assign(applyEmbedding, {
  init(key: Tensor, vocabulary: number, features: number, options: InitOptions = {}): EmbeddingParams {
    return {
      table: (options.initializer ?? varianceScaling(1, "fanIn", "normal", -1, -2))(
        key,
        [vocabulary, features],
        options.dtype,
      ),
    };
  },
});

/** Scale and offset of a normalisation. */
export interface NormParams {
  scale: Tensor;
  bias?: Tensor;
}
function applyLayerNorm(p: NormParams, x: Tensor, options: { epsilon?: number } = {}): Tensor {
  const m = np.mean(x, -1, { keepdims: true });
  const centered = lax.sub(x, broadcastTo("layerNorm", m, x.aval.shape));
  const v = np.mean(lax.square(centered), -1, { keepdims: true });
  const y = np.multiply(
    lax.mul(centered, broadcastTo("layerNorm", lax.rsqrt(lax.add(v, options.epsilon ?? 1e-5)), x.aval.shape)),
    p.scale,
  );
  return p.bias ? np.add(y, p.bias) : y;
}
/** Ba et al. 2016, over the last axis. `nn.layerNorm.init(features)`. */
export const layerNorm = Object.assign(applyLayerNorm, {
  init(features: number, options: { dtype?: DType; bias?: boolean } = {}): NormParams {
    const scale = np.ones([features], options.dtype);
    return options.bias === false ? { scale } : { scale, bias: np.zeros([features], options.dtype) };
  },
});
function applyRmsNorm(p: NormParams, x: Tensor, options: { epsilon?: number } = {}): Tensor {
  const v = np.mean(lax.square(x), -1, { keepdims: true });
  return np.multiply(
    lax.mul(x, broadcastTo("rmsNorm", lax.rsqrt(lax.add(v, options.epsilon ?? 1e-6)), x.aval.shape)),
    p.scale,
  );
}
/** Zhang & Sennrich 2019, over the last axis. */
export const rmsNorm = Object.assign(applyRmsNorm, {
  init(features: number, options: { dtype?: DType } = {}): NormParams {
    return { scale: np.ones([features], options.dtype) };
  },
});

/** Zeroes elements with probability `rate` and scales the others to keep the mean; without a key it does nothing. */
export function dropout(x: Tensor, rate: number, key: Tensor | null): Tensor {
  if (!(rate >= 0 && rate < 1))
    fail("TW2011", `dropout: the rate ${rate} is not in [0, 1)`, {
      help: "rate is the share of elements that are dropped",
    });
  if (key === null || rate === 0) return x;
  const keep = random.bernoulli(key, 1 - rate, x.shape);
  return lax.select(keep, lax.div(x, 1 - rate), np.zerosLike(x));
}

/** Masks and scale of attention. */
export interface AttentionOptions {
  /** Each position sees itself and what stands before it. */
  causal?: boolean;
  /** True where attention is allowed; broadcast to [batch, heads, query, key]. */
  mask?: Tensor;
  /** Added to the scores; broadcast likewise. */
  bias?: Tensor;
  /** Default 1/√(features of a head). */
  scale?: number;
}
/**
 * softmax(q kᵀ · scale) v for [batch, position, heads, features]; fewer key/value heads than query heads are shared by groups.
 * Vaswani et al. 2017; grouped queries by Ainslie et al. 2023.
 */
export function dotProductAttention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  if (q.ndim !== 4 || k.ndim !== 4 || v.ndim !== 4) {
    fail(
      "TW2007",
      `dotProductAttention: needs [batch, position, heads, features], got ${printAval(q.aval)}, ${printAval(k.aval)}, ${printAval(v.aval)}`,
      { help: "add the missing axes with np.expandDims" },
    );
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
  const g = h / kv;
  const grouped = lax.reshape(q, [b, t, kv, g, d]);
  // [b, kv, g, t, s]
  const scores = lax.mul(np.einsum("btkgd,bskd->bkgts", grouped, k), options.scale ?? 1 / Math.sqrt(d));
  const toGroups = (x: Tensor): Tensor =>
    lax.reshape(broadcastTo("dotProductAttention", x, [b, h, t, s]), [b, kv, g, t, s]);
  let masked = options.bias ? lax.add(scores, toGroups(options.bias)) : scores;
  const hidden = -0.7 * (q.aval.dtype === "f16" ? 65504 : 3.4e38);
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

/** Weights of `multiHeadAttention`. */
export interface MultiHeadAttentionParams {
  query: LinearParams;
  key: LinearParams;
  value: LinearParams;
  out: LinearParams;
}
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
export const multiHeadAttention = Object.assign(applyMultiHead, {
  init(key: Tensor, features: number, options: InitOptions = {}): MultiHeadAttentionParams {
    const keys = random.split(key, 4);
    const part = (i: number): LinearParams =>
      linear.init(np.index(keys, i), features, features, { initializer: glorotUniform(), ...options });
    return { query: part(0), key: part(1), value: part(2), out: part(3) };
  },
});
