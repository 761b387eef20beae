/**
 * Weights of few bits: each group of rows of a column has one scale. Products with them are composed of primitives, into which
 * the numbers become floats where they are read.
 */
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import * as lax from "../lax/index.js";
import { asTensor, type TensorLike } from "../lax/operand.js";
import * as np from "../numpy/index.js";
import { checkpoint } from "../tracer/custom.js";
import type { Like, Weights } from "../tracer/num.js";
import type { Tensor } from "../tracer/tensor.js";
import type { LinearParams } from "./layers.js";

/** A matrix [k, n] as whole numbers times scales. */
export interface QuantizedWeights {
  /** i8 [k, n], or 4-bit numbers plus 8, rows 2i and 2i + 1 in the low and the high half of row i of u8 [k / 2, n]. */
  values: Tensor;
  /** [groups, n]: of k / groups neighbouring rows each. */
  scale: Tensor;
}
export interface QuantizeOptions {
  /** Default 8. */
  bits?: 4 | 8;
  /** Neighbouring rows that share a scale: by default all for 8 bits, 32 for 4 bits. */
  group?: number;
}

/** w [k, n] rounded to 8 or 4 bits; the greatest of each group becomes 127 or 7. */
export function quantize(w: Tensor, options: QuantizeOptions = {}): QuantizedWeights {
  const { bits = 8 } = options;
  if (w.ndim !== 2 || !["f32", "f64", "f16", "bf16"].includes(w.dtype))
    fail("TW2005", `quantize: takes a matrix of floats, not ${printAval(w.aval)}`, {
      help: "quantise each matrix of weights by itself: nn.quantize(p.w, { bits: 8 })",
    });
  const [k, n] = w.shape;
  const { group = bits === 8 ? k : 32 } = options;
  if (
    (bits !== 8 && bits !== 4) ||
    !(Number.isInteger(group) && group > 0 && k % group === 0) ||
    (bits === 4 && k % 2 !== 0)
  )
    fail("TW2011", `quantize: ${k} rows of ${bits} bits in groups of ${group}`, {
      help: "bits is 8 or 4, group divides the number of rows, and of 4 bits there is an even number of rows",
    });
  const most = bits === 8 ? 127 : 7;
  const groups = lax.reshape(w, [k / group, group, n]);
  const scale = np.divide(np.maximum(np.max(np.abs(groups), { axis: 1 }), w.dtype === "f16" ? 1e-5 : 1e-12), most);
  const whole = lax.reshape(np.round(np.divide(groups, np.expandDims(scale, 1))), [k, n]);
  if (bits === 8) return { values: whole.astype("i8"), scale };
  const pairs = np.add(whole, 8).astype("u8");
  return { values: np.add(everySecond(pairs, 0, 0), np.multiply(everySecond(pairs, 0, 1), 16)), scale };
}
/** The floats [k, n] that the weights stand for. */
export function dequantize({ values, scale }: QuantizedWeights): Tensor {
  const rows = values.shape[0] * (values.dtype === "u8" ? 2 : 1);
  const [groups, n] = scale.shape;
  const whole =
    values.dtype === "u8"
      ? np.stack([lowHalf(values, scale.dtype), highHalf(values, scale.dtype)], 1)
      : values.astype(scale.dtype);
  const scaled = np.multiply(lax.reshape(whole, [groups, rows / groups, n]), np.expandDims(scale, 1));
  return lax.reshape(scaled, [rows, n]);
}
/** x [..., k] times quantised weights [k, n]. Weights are constants: the gradient is that of x. */
export function quantizedDot<X extends TensorLike>(x: X, w: Weights<QuantizedWeights>): Like<X>;
export function quantizedDot(given: TensorLike, w: Weights<QuantizedWeights>): Tensor {
  const [x, values, floats] = [given, w.values, w.scale].map((t) => asTensor("quantizedDot", t));
  const packed = values.dtype === "u8";
  const k = values.shape[0] * (packed ? 2 : 1);
  if (x.ndim === 0 || x.aval.shape[x.ndim - 1] !== k)
    fail("TW2001", `quantizedDot: ${printAval(x.aval)} times quantised weights of ${k} rows`, {
      help: "the last axis of the input is as long as the weights have rows",
    });
  const scale = lax.stopGradient(floats.astype(x.dtype));
  const groups = scale.shape[0];
  // a scale of a whole column is a factor of the result
  if (!packed && groups === 1) return np.multiply(np.dot(x, values.astype(x.dtype)), np.squeeze(scale, 0));
  // the floats are made again for the gradient, rather than kept of all layers
  return checkpoint(packed ? dotPacked : dotGroups)(x, values, scale);
}
function dotGroups(x: Tensor, values: Tensor, scale: Tensor): Tensor {
  const each = values.shape[0] / scale.shape[0];
  return np.dot(x, np.multiply(values.astype(x.dtype), np.repeat(scale, each, 0)));
}
function dotPacked(x: Tensor, values: Tensor, scale: Tensor): Tensor {
  const each = (2 * values.shape[0]) / scale.shape[0];
  if (each % 2 !== 0) return np.dot(x, dequantize({ values, scale }));
  // halves of bytes belong to neighbouring elements of x: two products of half the length
  const scales = np.repeat(scale, each / 2, 0);
  const low = np.multiply(lowHalf(values, x.dtype), scales);
  const high = np.multiply(highHalf(values, x.dtype), scales);
  return np.add(np.dot(everySecond(x, -1, 0), low), np.dot(everySecond(x, -1, 1), high));
}
const lowHalf = (bytes: Tensor, dtype: Tensor["dtype"]): Tensor =>
  np.subtract(np.bitwiseAnd(bytes, 15).astype(dtype), 8);
const highHalf = (bytes: Tensor, dtype: Tensor["dtype"]): Tensor =>
  np.subtract(np.rightShift(bytes, 4).astype(dtype), 8);
function everySecond(x: Tensor, axis: number, from: number): Tensor {
  const along = axis < 0 ? axis + x.ndim : axis;
  return lax.sliceInDim(x, from, x.shape[along], 2, along);
}

/** Weights of `quantizedLinear`. */
export interface QuantizedLinearParams {
  w: QuantizedWeights;
  b?: Tensor;
}
function applyQuantizedLinear(p: QuantizedLinearParams, x: Tensor): Tensor {
  const y = quantizedDot(x, p.w);
  return p.b ? np.add(y, p.b) : y;
}
type QuantizedLinear = <X extends TensorLike>(p: Weights<QuantizedLinearParams>, x: X) => Like<X>;
/** `linear` with weights of 8 or 4 bits: `nn.quantizedLinear.from(params, { bits: 4 })` makes them of trained ones. */
export const quantizedLinear = Object.assign(applyQuantizedLinear as QuantizedLinear, {
  from({ w, b }: LinearParams, options: QuantizeOptions = {}): QuantizedLinearParams {
    const weights = quantize(w, options);
    return b ? { w: weights, b } : { w: weights };
  },
});
