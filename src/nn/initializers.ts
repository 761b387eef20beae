/** First values of parameters, after `jax.nn.initializers`: each takes (key, shape, dtype). */
import type { DType } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import * as np from "../numpy/index.js";
import * as random from "../random/index.js";
import type { Tensor } from "../tracer/tensor.js";
import { prod } from "../util/index.js";

export type Initializer = (key: Tensor, shape: readonly number[], dtype?: DType) => Tensor;
export type FanMode = "fanIn" | "fanOut" | "fanAvg";

export const zeros: Initializer = (_key, shape, dtype = "f32") => np.zeros(shape, dtype);
export const ones: Initializer = (_key, shape, dtype = "f32") => np.ones(shape, dtype);
export function constant(value: number): Initializer {
  return (_key, shape, dtype = "f32") => np.full(shape, value, dtype);
}
export function normal(stddev = 0.01): Initializer {
  return (key, shape, dtype = "f32") => lax.mul(random.normal(key, shape, dtype), stddev);
}
export function truncatedNormal(stddev = 0.01): Initializer {
  return (key, shape, dtype = "f32") => lax.mul(random.truncatedNormal(key, -2, 2, shape, dtype), stddev);
}
export function uniform(scale = 0.01): Initializer {
  return (key, shape, dtype = "f32") => lax.mul(random.uniform(key, shape, dtype), scale);
}

/** Inputs and outputs of a weight whose last two axes are [in, out] and whose others are receptive field. */
export function fans(shape: readonly number[], inAxis = -2, outAxis = -1): { fanIn: number; fanOut: number } {
  if (shape.length < 2) return { fanIn: shape[0] ?? 1, fanOut: shape[0] ?? 1 };
  const at = (a: number): number => shape[a < 0 ? a + shape.length : a];
  const field = prod(shape) / (at(inAxis) * at(outAxis));
  return { fanIn: at(inAxis) * field, fanOut: at(outAxis) * field };
}

/** Variance scale / fan, by a normal, a truncated normal (cut at 2σ, corrected) or a uniform distribution. */
export function varianceScaling(
  scale: number,
  mode: FanMode,
  distribution: "normal" | "truncatedNormal" | "uniform",
  inAxis = -2,
  outAxis = -1,
): Initializer {
  return (key, shape, dtype = "f32") => {
    const { fanIn, fanOut } = fans(shape, inAxis, outAxis);
    const n = mode === "fanIn" ? fanIn : mode === "fanOut" ? fanOut : (fanIn + fanOut) / 2;
    const variance = scale / Math.max(n, 1e-12);
    if (distribution === "uniform") {
      const limit = Math.sqrt(3 * variance);
      return random.uniform(key, shape, dtype, -limit, limit);
    }
    if (distribution === "normal") return lax.mul(random.normal(key, shape, dtype), Math.sqrt(variance));
    // standard deviation of a normal cut at ±2
    return lax.mul(random.truncatedNormal(key, -2, 2, shape, dtype), Math.sqrt(variance) / 0.87962566103423978);
  };
}
/** Glorot & Bengio 2010. */
export const glorotUniform = (): Initializer => varianceScaling(1, "fanAvg", "uniform");
export const glorotNormal = (): Initializer => varianceScaling(1, "fanAvg", "truncatedNormal");
export const xavierUniform = glorotUniform;
export const xavierNormal = glorotNormal;
/** LeCun et al. 1998. */
export const lecunNormal = (): Initializer => varianceScaling(1, "fanIn", "truncatedNormal");
export const lecunUniform = (): Initializer => varianceScaling(1, "fanIn", "uniform");
/** He et al. 2015. */
export const heNormal = (): Initializer => varianceScaling(2, "fanIn", "truncatedNormal");
export const heUniform = (): Initializer => varianceScaling(2, "fanIn", "uniform");
export const kaimingNormal = heNormal;
export const kaimingUniform = heUniform;
export function orthogonal(scale = 1): Initializer {
  return (key, shape, dtype = "f32") => {
    const rows = prod(shape.slice(0, -1));
    const columns = shape[shape.length - 1];
    const tall = rows >= columns;
    const a = random.normal(key, tall ? [rows, columns] : [columns, rows], dtype);
    const [q, r] = np.linalg.qr(a);
    // signs of R's diagonal make the distribution uniform (Mezzadri 2007)
    const signed = lax.mul(q, np.broadcastTo(np.sign(np.diagonal(r)), q.shape));
    return lax.mul(np.reshape(tall ? signed : np.transpose(signed), shape), scale);
  };
}
