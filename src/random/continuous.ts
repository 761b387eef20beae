/** Continuous distributions that are a function of uniform or normal numbers. Formulas and their order are JAX's. */
import { fail } from "../diagnostics/error.js";
import type { Shape } from "../ir/dim.js";
import type { DType } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { isTensor, type TensorLike } from "../lax/operand.js";
import * as np from "../numpy/index.js";
import type { Tensor } from "../tracer/tensor.js";
import {
  type DTypeLike,
  floatType,
  formatOf,
  parameter,
  resultShape,
  type ShapeLike,
  shapeOf,
  shapeOfParameter,
  spread,
} from "./parameters.js";
import { type Source, sampler } from "./source.js";
import { drawUniform } from "./uniform.js";

/** √2 · erf⁻¹(u), u uniform in (-1, 1). */
export function drawNormal(source: Source, shape: Shape, dtype: DType): Tensor {
  // the least number above -1: at -1 itself erf⁻¹ is infinite
  const low = -(1 - formatOf(dtype).eps / 2);
  return lax.mul(lax.erfInv(drawUniform(source, shape, dtype, low, 1)), Math.SQRT2);
}
/** -log(1 - u): the logarithm never meets 0. */
export function drawExponential(source: Source, shape: Shape, dtype: DType): Tensor {
  return lax.neg(lax.log1p(lax.neg(drawUniform(source, shape, dtype))));
}

/** A distribution without parameters. */
function standard(name: string, draw: (source: Source, shape: Shape, dtype: DType) => Tensor) {
  return sampler(
    name,
    (source, shape: ShapeLike = [], dtype: DTypeLike = "f32"): Tensor =>
      draw(source, shapeOf(name, shape), floatType(name, dtype)),
  );
}

/**
 * Standard normal numbers.
 *
 * @example random.normal(random.key(0), [3])
 */
export const normal = standard("normal", drawNormal);
/** Exponential numbers of rate 1. */
export const exponential = standard("exponential", drawExponential);
/** Standard Cauchy numbers. */
export const cauchy = standard("cauchy", (source, shape, dtype) => {
  const u = drawUniform(source, shape, dtype, formatOf(dtype).eps, 1);
  return lax.tan(lax.mul(lax.sub(u, 0.5), Math.PI));
});
/** Laplace numbers of scale 1. */
export const laplace = standard("laplace", (source, shape, dtype) => {
  const u = drawUniform(source, shape, dtype, -1 + formatOf(dtype).eps / 2, 1);
  return lax.mul(lax.sign(u), lax.log1p(lax.neg(lax.abs(u))));
});
/** Standard logistic numbers. */
export const logistic = standard("logistic", (source, shape, dtype) => {
  const x = drawUniform(source, shape, dtype, formatOf(dtype).tiny, 1);
  return lax.sub(lax.log(x), lax.log1p(lax.neg(x)));
});
/** Maxwell numbers of scale 1: the length of a normal vector in three dimensions. */
export const maxwell = standard("maxwell", drawMaxwell);
function drawMaxwell(source: Source, shape: Shape, dtype: DType): Tensor {
  const v = drawNormal(source, [...shape, 3], dtype);
  return lax.sqrt(lax.reduceSum(lax.mul(v, v), [shape.length]));
}

export type GumbelMode = "low" | "high";
/** -log(-log u). "high": two uniform numbers, so that the far tail is reached too. */
export function drawGumbel(source: Source, shape: Shape, dtype: DType, mode: GumbelMode): Tensor {
  const { mantissa, tiny } = formatOf(dtype);
  const outer = (x: Tensor): Tensor => lax.neg(lax.log(lax.neg(x)));
  if (mode === "low") return outer(lax.log(drawUniform(source, shape, dtype, tiny, 1)));
  const both = drawUniform(source, [2, ...shape], dtype);
  const part = (i: number): Tensor => lax.squeeze(lax.sliceInDim(both, i, i + 1), [0]);
  const [high, low] = [part(0), part(1)];
  const fine = np.add(np.add(high, lax.mul(low, 2 ** -mantissa)), Math.max(2 ** -(2 * mantissa + 1), tiny));
  return outer(lax.log1p(lax.neg(lax.select(lax.ge(high, 0.5), high, fine))));
}
/** Standard Gumbel numbers. */
export const gumbel = sampler(
  "gumbel",
  (source, shape: ShapeLike = [], dtype: DTypeLike = "f32", mode: GumbelMode = "low"): Tensor =>
    drawGumbel(source, shapeOf("gumbel", shape), floatType("gumbel", dtype), mode),
);

/** Normal numbers restricted to (lower, upper). */
export const truncatedNormal = sampler(
  "truncatedNormal",
  (source, lower: TensorLike, upper: TensorLike, shape?: ShapeLike | null, dtype: DTypeLike = "f32"): Tensor => {
    const d = floatType("truncatedNormal", dtype);
    const s = resultShape("truncatedNormal", shape, shapeOfParameter(lower), shapeOfParameter(upper));
    const [low, high] = [parameter(lower, d), parameter(upper, d)];
    const cdf = (x: Tensor): Tensor => lax.erf(lax.div(x, Math.SQRT2));
    const out = lax.mul(lax.erfInv(drawUniform(source, s, d, cdf(low), cdf(high))), Math.SQRT2);
    // rounding must not lead out of the open interval
    const inside = (x: Tensor, to: number): Tensor => lax.nextafter(lax.stopGradient(x), to);
    return np.clip(out, inside(low, Number.POSITIVE_INFINITY), inside(high, Number.NEGATIVE_INFINITY));
  },
);

/** exp(sigma · normal). */
export const lognormal = sampler(
  "lognormal",
  (source, sigma: TensorLike = 1, shape?: ShapeLike | null, dtype: DTypeLike = "f32"): Tensor => {
    const d = floatType("lognormal", dtype);
    const s = resultShape("lognormal", shape, shapeOfParameter(sigma));
    return lax.exp(lax.mul(drawNormal(source, s, d), spread("lognormal", sigma, d, s)));
  },
);

/** Pareto numbers of shape b and scale 1. */
export const pareto = sampler(
  "pareto",
  (source, b: TensorLike, shape?: ShapeLike | null, dtype: DTypeLike = "f32"): Tensor => {
    const d = floatType("pareto", dtype);
    const s = resultShape("pareto", shape, shapeOfParameter(b));
    return lax.exp(lax.div(drawExponential(source, s, d), spread("pareto", b, d, s)));
  },
);

/** Rayleigh numbers. */
export const rayleigh = sampler(
  "rayleigh",
  (source, scale: TensorLike, shape?: ShapeLike | null, dtype: DTypeLike = "f32"): Tensor => {
    const d = floatType("rayleigh", dtype);
    const s = resultShape("rayleigh", shape, shapeOfParameter(scale));
    const root = lax.sqrt(lax.mul(lax.log(drawUniform(source, s, d)), -2));
    return lax.mul(spread("rayleigh", scale, d, s), root);
  },
);

/** Weibull numbers: scale · (-log(1 - u))^(1 / concentration). */
export const weibullMin = sampler(
  "weibullMin",
  (
    source,
    scale: TensorLike,
    concentration: TensorLike,
    shape?: ShapeLike | null,
    dtype: DTypeLike = "f32",
  ): Tensor => {
    const d = floatType("weibullMin", dtype);
    const s = resultShape("weibullMin", shape, shapeOfParameter(scale), shapeOfParameter(concentration));
    const power = lax.div(1, spread("weibullMin", concentration, d, s));
    return lax.mul(lax.pow(drawExponential(source, s, d), power), spread("weibullMin", scale, d, s));
  },
);

/** Numbers between left and right whose density rises to `mode` and falls after it. */
export const triangular = sampler(
  "triangular",
  (
    source,
    left: TensorLike,
    mode: TensorLike,
    right: TensorLike,
    shape?: ShapeLike | null,
    dtype: DTypeLike = "f32",
  ): Tensor => {
    const d = floatType("triangular", dtype);
    const s = resultShape("triangular", shape, ...[left, mode, right].map(shapeOfParameter));
    const [a, c, b] = [left, mode, right].map((x) => spread("triangular", x, d, s));
    const width = lax.sub(b, a);
    const u = drawUniform(source, s, d);
    const rising = lax.add(a, lax.sqrt(lax.mul(lax.mul(u, width), lax.sub(c, a))));
    const falling = lax.sub(b, lax.sqrt(lax.mul(lax.mul(lax.sub(1, u), width), lax.sub(b, c))));
    return lax.select(lax.lt(u, lax.div(lax.sub(c, a), width)), rising, falling);
  },
);

/** Inverse Gaussian numbers of shape 1 (Michael, Schucany and Haas 1976). */
export const wald = sampler(
  "wald",
  (source, mean: TensorLike, shape?: ShapeLike | null, dtype: DTypeLike = "f32"): Tensor => {
    const d = floatType("wald", dtype);
    const s = resultShape("wald", shape, shapeOfParameter(mean));
    const [k1, k2] = source.split(2);
    const m = spread("wald", mean, d, s);
    const y = lax.square(drawNormal(k1, s, d));
    const z = drawUniform(k2, s, d);
    const squared = lax.square(m);
    const root = lax.sqrt(lax.add(lax.mul(lax.mul(m, 4), y), lax.mul(squared, lax.square(y))));
    const x = lax.sub(lax.add(m, lax.div(lax.mul(squared, y), 2)), lax.mul(lax.div(m, 2), root));
    return lax.select(lax.le(z, lax.div(m, lax.add(m, x))), x, lax.div(squared, x));
  },
);

/** Maxwell numbers with a random sign, scaled and moved. Without parameters that are arrays the result has `shape`; their shape is appended to it. */
export const doubleSidedMaxwell = sampler(
  "doubleSidedMaxwell",
  (source, loc: TensorLike, scale: TensorLike, shape: ShapeLike = [], dtype: DTypeLike = "f32"): Tensor => {
    const d = floatType("doubleSidedMaxwell", dtype);
    const own = resultShape("doubleSidedMaxwell", null, shapeOfParameter(loc), shapeOfParameter(scale));
    const given = shapeOf("doubleSidedMaxwell", shape);
    const s = [...(given.length === 0 ? own : given), ...own];
    const [k1, k2] = source.split(2);
    const signed = lax.mul(drawSign(k2, s, d), drawMaxwell(k1, s, d));
    return np.add(np.multiply(signed, parameter(scale, d)), parameter(loc, d));
  },
);

/** -1 or 1, each half of the time. */
export function drawSign(source: Source, shape: Shape, dtype: DType): Tensor {
  const up = lax.lt(drawUniform(source, shape, "f32"), 0.5);
  return np.where(
    up,
    lax.full(shape, dtype === "i64" ? 1n : 1, dtype),
    lax.full(shape, dtype === "i64" ? -1n : -1, dtype),
  );
}

/** Fails unless a parameter that must be a plain number is one. */
export function requireNumber(what: string, x: unknown, least: number): number {
  if (typeof x !== "number" || !(x >= least)) {
    fail(
      "TW2011",
      `random.${what}: ${isTensor(x) ? "an array" : String(x)} where a number of at least ${least} is needed`,
      {
        help: "give a plain number: it decides a shape",
      },
    );
  }
  return x;
}
