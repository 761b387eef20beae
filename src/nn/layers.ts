/**
 * Layers as pairs of functions: `nn.linear.init(key, …)` makes a tree of parameters, `nn.linear(params, x)` applies the layer.
 */
import type { TensorLike } from "../lax/operand.js";
import type { Like, Weights } from "../tracer/num.js";
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { type DType, isInt } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { broadcastTo } from "../lax/operand.js";
import type { Padding } from "../lax/structure.js";
import * as np from "../numpy/index.js";
import * as random from "../random/index.js";
import type { Tensor } from "../tracer/tensor.js";
import { type Initializer, lecunNormal, varianceScaling } from "./initializers.js";
import { prod } from "../util/index.js";

/** How the weights of a layer are drawn. */
export interface InitOptions {
  dtype?: DType;
  initializer?: Initializer;
  /** Default true. */
  bias?: boolean;
}

/** A layer as a function: of tensors, and in staged code of numbers. */
type Layer<P, Options extends unknown[] = []> = <X extends TensorLike>(
  p: Weights<P>,
  x: X,
  ...options: Options
) => Like<X>;
type Lookup = <T extends TensorLike>(p: { table: T }, ids: TensorLike) => Like<T>;

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
export const linear = Object.assign(applyLinear as Layer<LinearParams>, {
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
export const conv = Object.assign(applyConv as Layer<ConvParams, [options?: ConvLayerOptions]>, {
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
export function maxPool<X extends TensorLike>(
  x: X,
  window: readonly number[],
  options?: { strides?: readonly number[]; padding?: Padding },
): Like<X>;
export function maxPool(
  x: Tensor,
  window: readonly number[],
  options: { strides?: readonly number[]; padding?: Padding } = {},
): Tensor {
  return pool(x, "max", window, options.strides, options.padding ?? "VALID");
}
/** Mean of each window; padding counts unless `countIncludePad` is false. */
export function avgPool<X extends TensorLike>(
  x: X,
  window: readonly number[],
  options?: { strides?: readonly number[]; padding?: Padding; countIncludePad?: boolean },
): Like<X>;
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
export const embedding = Object.assign(applyEmbedding as Lookup, {
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
export const layerNorm = Object.assign(applyLayerNorm as Layer<NormParams, [options?: { epsilon?: number }]>, {
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
export const rmsNorm = Object.assign(applyRmsNorm as Layer<NormParams, [options?: { epsilon?: number }]>, {
  init(features: number, options: { dtype?: DType } = {}): NormParams {
    return { scale: np.ones([features], options.dtype) };
  },
});

/** Zeroes elements with probability `rate` and scales the others to keep the mean; without a key it does nothing. */
export function dropout<X extends TensorLike>(x: X, rate: number, key: Tensor | number | null): Like<X>;
export function dropout(x: Tensor, rate: number, key: Tensor | number | null): Tensor {
  if (!(rate >= 0 && rate < 1))
    fail("TW2011", `dropout: the rate ${rate} is not in [0, 1)`, {
      help: "rate is the share of elements that are dropped",
    });
  if (key === null || rate === 0) return x;
  const keep = random.bernoulli(key, 1 - rate, x.shape);
  return lax.select(keep, lax.div(x, 1 - rate), np.zerosLike(x));
}
