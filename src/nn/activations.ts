/** Activation functions, after `jax.nn`. */
import type { Like, Unary } from "../tracer/num.js";
import { type DType, isFloat } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { astype, broadcastTo, canonicalAxes, operand } from "../lax/operand.js";
import * as np from "../numpy/index.js";
import type { TensorLike } from "../numpy/promote.js";
import { toFloat } from "../numpy/promote.js";
import { peak } from "../numpy/peak.js";
import { type CustomJvp, customJvp } from "../tracer/custom.js";
import type { Tensor } from "../tracer/tensor.js";
import { range } from "../util/index.js";

const like = (x: Tensor, v: number): Tensor => {
  const { shape, dtype } = operand("an activation", x).aval;
  return lax.full(shape, v, dtype);
};

const rectify: CustomJvp<[x: Tensor], Tensor> = customJvp(function relu(x: Tensor): Tensor {
  return lax.max(x, like(x, 0));
}).defjvp(([x], [t]) => [rectify(x), lax.select(lax.gt(x, like(x, 0)), t, like(t, 0))]);
/** max(x, 0); its derivative at 0 is 0. */
export const relu = rectify as Unary;
/** min(max(x, 0), 6). */
export function relu6<X extends TensorLike>(x: X): Like<X>;
export function relu6(x: Tensor): Tensor {
  return np.minimum(relu(x), 6);
}
/** 1 / (1 + exp(-x)), stable at both ends. */
export function sigmoid<X extends TensorLike>(x: X): Like<X>;
export function sigmoid(x: TensorLike): Tensor {
  return lax.logistic(toFloat("sigmoid", x));
}
/** log(sigmoid(x)), without overflow. */
export function logSigmoid<X extends TensorLike>(x: X): Like<X>;
export function logSigmoid(x: TensorLike): Tensor {
  return lax.neg(softplus(lax.neg(toFloat("logSigmoid", x))));
}
/** log(1 + exp(x)), stable at both ends. */
export function softplus<X extends TensorLike>(x: X): Like<X>;
export function softplus(x: TensorLike): Tensor {
  return np.logaddexp(toFloat("softplus", x), 0);
}
/** x / (1 + |x|). */
export function softSign<X extends TensorLike>(x: X): Like<X>;
export function softSign(x: TensorLike): Tensor {
  const t = toFloat("softSign", x);
  return lax.div(t, lax.add(lax.abs(t), 1));
}
/** x · sigmoid(x), also called swish. */
export function silu<X extends TensorLike>(x: X): Like<X>;
export function silu(x: TensorLike): Tensor {
  const t = toFloat("silu", x);
  return lax.mul(t, lax.logistic(t));
}
export const swish = silu;
/** The hyperbolic tangent. */
export function tanh<X extends TensorLike>(x: X): Like<X>;
export function tanh(x: TensorLike): Tensor {
  return np.tanh(x);
}
/** x where positive, else negativeSlope · x. */
export function leakyRelu<X extends TensorLike>(x: X, negativeSlope?: number): Like<X>;
export function leakyRelu(x: Tensor, negativeSlope = 0.01): Tensor {
  return lax.select(lax.ge(x, like(x, 0)), x, lax.mul(x, negativeSlope));
}
/** x where positive, else alpha · (exp(x) - 1). */
export function elu<X extends TensorLike>(x: X, alpha?: number): Like<X>;
export function elu(x: TensorLike, alpha = 1): Tensor {
  const t = toFloat("elu", x);
  const positive = lax.gt(t, like(t, 0));
  // the unused side is kept finite, so that its gradient is not NaN
  return lax.select(positive, t, lax.mul(lax.expm1(lax.select(positive, like(t, 0), t)), alpha));
}
/** The continuously differentiable elu. */
export function celu<X extends TensorLike>(x: X, alpha?: number): Like<X>;
export function celu(x: TensorLike, alpha = 1): Tensor {
  const t = toFloat("celu", x);
  return lax.add(lax.max(t, like(t, 0)), lax.mul(lax.expm1(lax.div(lax.min(t, like(t, 0)), alpha)), alpha));
}
/** The self-normalising elu (Klambauer et al. 2017). */
export function selu<X extends TensorLike>(x: X): Like<X>;
export function selu(x: TensorLike): Tensor {
  return lax.mul(elu(x, 1.6732632423543772), 1.0507009873554805);
}
/** x Φ(x), by tanh (approximate, the default as in JAX) or by erf. */
export function gelu<X extends TensorLike>(x: X, approximate?: boolean): Like<X>;
export function gelu(x: TensorLike, approximate = true): Tensor {
  const t = toFloat("gelu", x);
  if (!approximate) return lax.mul(lax.mul(t, 0.5), lax.erfc(lax.mul(t, -Math.SQRT1_2)));
  const inner = lax.mul(lax.add(t, lax.mul(lax.integerPow(t, 3), 0.044715)), Math.sqrt(2 / Math.PI));
  return lax.mul(lax.mul(t, 0.5), lax.add(lax.tanh(inner), 1));
}
/** x · tanh(softplus(x)) (Misra 2019). */
export function mish<X extends TensorLike>(x: X): Like<X>;
export function mish(x: TensorLike): Tensor {
  const t = toFloat("mish", x);
  return lax.mul(t, lax.tanh(softplus(t)));
}
/** x cut to [-1, 1]. */
export function hardTanh<X extends TensorLike>(x: X): Like<X>;
export function hardTanh(x: Tensor): Tensor {
  return np.clip(x, -1, 1);
}
/** relu6(x + 3) / 6. */
export function hardSigmoid<X extends TensorLike>(x: X): Like<X>;
export function hardSigmoid(x: Tensor): Tensor {
  return lax.div(relu6(lax.add(x, 3)), 6);
}
/** x · hardSigmoid(x) (Howard et al. 2019). */
export function hardSwish<X extends TensorLike>(x: X): Like<X>;
export function hardSwish(x: Tensor): Tensor {
  return lax.mul(x, hardSigmoid(x));
}
/** (x + √(x² + b)) / 2 (Barron 2021). */
export function squareplus<X extends TensorLike>(x: X, b?: number): Like<X>;
export function squareplus(x: TensorLike, b = 4): Tensor {
  const t = toFloat("squareplus", x);
  return lax.mul(lax.add(t, lax.sqrt(lax.add(lax.square(t), b))), 0.5);
}
/** 0 below -1, x above 1, and a parabola between (Martins & Astudillo 2016). */
export function sparsePlus<X extends TensorLike>(x: X): Like<X>;
export function sparsePlus(x: TensorLike): Tensor {
  const t = toFloat("sparsePlus", x);
  const middle = lax.mul(lax.square(lax.add(t, 1)), 0.25);
  return np.where(lax.le(t, -1), 0, np.where(lax.ge(t, 1), t, middle));
}
/** The derivative of sparsePlus. */
export function sparseSigmoid<X extends TensorLike>(x: X): Like<X>;
export function sparseSigmoid(x: TensorLike): Tensor {
  return np.multiply(np.clip(np.add(toFloat("sparseSigmoid", x), 1), 0, 2), 0.5);
}
export const hardSilu = hardSwish;
/** x itself. */
export const identity = <X extends TensorLike>(x: X): X => x;
/** Halves along the axis: the first times the sigmoid of the second. */
export function glu<X extends TensorLike>(x: X, axis?: number): Like<X>;
export function glu(x: Tensor, axis = -1): Tensor {
  x = operand("glu", x);
  const [a, b] = np.split(x, 2, axis);
  return lax.mul(a, sigmoid(b));
}

export interface SoftmaxOptions {
  /** Elements that take part; the others get 0. */
  where?: Tensor;
}
type Axis = number | readonly number[];

function shifted(x: Tensor, axes: readonly number[]): Tensor {
  const m = lax.stopGradient(peak(x, axes));
  return lax.sub(x, broadcastTo("softmax", m, x.aval.shape));
}
/** exp(x) / sum(exp(x)) along the axis (default the last). */
export function softmax<X extends TensorLike>(x: X, axis?: Axis, options?: SoftmaxOptions): Like<X>;
export function softmax(x: TensorLike, axis: Axis = -1, options: SoftmaxOptions = {}): Tensor {
  const t0 = toFloat("softmax", x);
  const axes = canonicalAxes("softmax", axis, t0.ndim);
  const t = options.where ? np.where(options.where, t0, Number.NEGATIVE_INFINITY) : t0;
  const e = lax.exp(shifted(t, axes));
  const p = lax.div(e, broadcastTo("softmax", np.sum(e, { axis: axes, keepdims: true }), e.aval.shape));
  // where nothing takes part the quotient is NaN
  return options.where ? np.where(options.where, p, 0) : p;
}
/** x - log(sum(exp(x))) along the axis (default the last). */
export function logSoftmax<X extends TensorLike>(x: X, axis?: Axis): Like<X>;
export function logSoftmax(x: TensorLike, axis: Axis = -1): Tensor {
  const t = toFloat("logSoftmax", x);
  const axes = canonicalAxes("logSoftmax", axis, t.ndim);
  const s = shifted(t, axes);
  return lax.sub(
    s,
    broadcastTo("logSoftmax", lax.log(np.sum(lax.exp(s), { axis: axes, keepdims: true })), t.aval.shape),
  );
}
/** log(sum(exp(x))) over axes, without overflow. */
export const logsumexp = np.logsumexp;
/** (x - mean) / sqrt(variance + epsilon) along the axis. */
export function standardize<X extends TensorLike>(x: X, axis?: Axis, epsilon?: number): Like<X>;
export function standardize(x: TensorLike, axis: Axis = -1, epsilon = 1e-5): Tensor {
  const t = toFloat("standardize", x);
  const axes = canonicalAxes("standardize", axis, t.ndim);
  const centered = lax.sub(t, broadcastTo("standardize", np.mean(t, { axis: axes, keepdims: true }), t.aval.shape));
  const v = np.mean(lax.square(centered), { axis: axes, keepdims: true });
  return lax.mul(centered, broadcastTo("standardize", lax.rsqrt(lax.add(v, epsilon)), t.aval.shape));
}
/** Rows of zeros with a one at the index (none where it is out of range). */
export function oneHot<X extends TensorLike>(
  x: X,
  numClasses: number,
  options?: { dtype?: DType; axis?: number },
): Like<X>;
export function oneHot(given: TensorLike, numClasses: number, options: { dtype?: DType; axis?: number } = {}): Tensor {
  const x = operand("oneHot", given);
  const index = isFloat(x.aval.dtype) ? astype(x, "i32") : x;
  const shape = [...index.shape, numClasses];
  const classes = lax.broadcastedIota(index.aval.dtype === "bool" ? "i32" : index.aval.dtype, shape, index.ndim);
  const hot = lax.eq(
    lax.broadcastInDim(index.aval.dtype === "bool" ? astype(index, "i32") : index, shape, range(index.shape.length)),
    classes,
  );
  const out = astype(hot, options.dtype ?? "f32");
  return options.axis === undefined ? out : np.moveaxis(out, -1, options.axis);
}
