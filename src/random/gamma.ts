/**
 * Gamma numbers and what is made of them. Marsaglia and Tsang (2000), "A simple method for generating gamma variables":
 * x normal, v = (1 + c x)³, accepted with probability given by a uniform number; every element has its own key and loops
 * until it is accepted, so a result does not depend on its neighbours.
 */
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import type { Shape } from "../ir/dim.js";
import type { DType } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { isTensor, type TensorLike } from "../lax/operand.js";
import * as np from "../numpy/index.js";
import { type CustomJvp, customJvp } from "../tracer/custom.js";
import type { Tensor } from "../tracer/tensor.js";
import { drawExponential, drawNormal } from "./continuous.js";
import {
  type DTypeLike,
  floatType,
  formatOf,
  parameter,
  resultShape,
  type ShapeLike,
  shapeOfParameter,
  spread,
} from "./parameters.js";
import { Source, sampler } from "./source.js";
import { type Engine, LEGACY, PARTITIONABLE, type Words } from "./threefry.js";
import { drawUniform } from "./uniform.js";

const and = lax.bitwiseAnd;
const anyOf = (x: Tensor): Tensor => lax.reduceOr(x);

/** One gamma number for each key and alpha; with `log`, its logarithm, which small alphas need. */
function sampleGamma(engine: Engine, words: Words, alpha: Tensor, log: boolean): Tensor {
  const dtype = alpha.aval.dtype;
  const shape = alpha.aval.shape;
  const constant = (x: number): Tensor => lax.full(shape, x, dtype);
  // Gamma(a) = Gamma(a + 1) · u^(1/a) for a < 1
  const large = lax.ge(alpha, 1);
  const boosted = lax.select(large, alpha, lax.add(alpha, 1));
  const d = lax.sub(boosted, 1 / 3);
  const c = lax.div(constant(1 / 3), lax.sqrt(d));
  const [main, forBoost] = new Source(engine, words).split(2);

  /** Elements that are not accepted yet. X is x², V is (1 + c x)³. */
  const open = (X: Tensor, V: Tensor, U: Tensor): Tensor => {
    const quick = lax.ge(U, lax.sub(1, lax.mul(lax.mul(X, X), 0.0331)));
    const exact = lax.add(lax.mul(X, 0.5), lax.mul(d, lax.add(lax.sub(1, V), lax.log(V))));
    return and(quick, lax.ge(lax.log(U), exact));
  };
  type State = [k0: Tensor, k1: Tensor, X: Tensor, V: Tensor, U: Tensor];
  const [, , , V] = lax.whileLoop<State>(
    ([, , X, v, U]) => anyOf(open(X, v, U)),
    ([k0, k1, X, v, U]) => {
      const going = open(X, v, U);
      const [next, xSource, uSource] = new Source(engine, { k0, k1 }).split(3);
      const cube = positiveCube(xSource, c, going, dtype);
      const u = drawUniform(uSource, [], dtype);
      const choose = (a: Tensor, b: Tensor): Tensor => lax.select(going, a, b);
      return [
        choose(next.words.k0, k0),
        choose(next.words.k1, k1),
        choose(lax.mul(cube.x, cube.x), X),
        choose(lax.mul(lax.mul(cube.v, cube.v), cube.v), v),
        choose(u, U),
      ];
    },
    // U = 2 is never accepted
    [main.words.k0, main.words.k1, constant(0), constant(1), constant(2)],
  );
  const inverse = lax.div(1, alpha);
  if (log) {
    const logU = lax.neg(drawExponential(forBoost, [], dtype));
    const none = lax.bitwiseOr(large, lax.eq(logU, 0));
    return lax.add(lax.add(lax.log(d), lax.log(V)), lax.select(none, constant(0), lax.mul(logU, inverse)));
  }
  const u = lax.sub(1, drawUniform(forBoost, [], dtype));
  return lax.mul(lax.mul(d, V), lax.select(large, constant(1), lax.pow(u, inverse)));
}

/** Normal numbers x with v = 1 + c·x > 0, drawn again where it is not. */
function positiveCube(source: Source, c: Tensor, going: Tensor, dtype: DType): { x: Tensor; v: Tensor } {
  const { engine } = source;
  const shape = c.aval.shape;
  type State = [k0: Tensor, k1: Tensor, x: Tensor, v: Tensor];
  const zero = lax.full(shape, 0, dtype);
  const one = lax.full(shape, 1, dtype);
  const [, , x, v] = lax.whileLoop<State>(
    ([, , , v]) => anyOf(lax.le(v, 0)),
    ([k0, k1, x, v]) => {
      const again = lax.le(v, 0);
      const [next, own] = new Source(engine, { k0, k1 }).split(2);
      const drawn = drawNormal(own, [], dtype);
      const choose = (a: Tensor, b: Tensor): Tensor => lax.select(again, a, b);
      return [
        choose(next.words.k0, k0),
        choose(next.words.k1, k1),
        choose(drawn, x),
        choose(lax.add(lax.mul(drawn, c), 1), v),
      ];
    },
    // elements that are done do not take part
    [source.words.k0, source.words.k1, zero, lax.select(going, lax.neg(one), one)],
  );
  return { x, v };
}

type GammaSampler = (k0: Tensor, k1: Tensor, alpha: Tensor) => Tensor;

/** The loop is not differentiable; the implicit derivative of a sample with respect to alpha is (Figurnov et al. 2018). */
function differentiable(engine: Engine, log: boolean): GammaSampler {
  const gamma: CustomJvp<[Tensor, Tensor, Tensor], Tensor> = customJvp(function gammaSample(
    k0: Tensor,
    k1: Tensor,
    alpha: Tensor,
  ): Tensor {
    return sampleGamma(engine, { k0, k1 }, alpha, log);
  });
  return gamma.defjvp(([k0, k1, alpha], [, , dot]) => {
    const sample = gamma(k0, k1, alpha);
    if (!log) return [sample, lax.mul(dot, lax.randomGammaGrad(alpha, sample))];
    // d log(s) = ds / s; exp may round to 0 where the logarithm is still exact
    const s = lax.exp(sample);
    const safe = lax.select(lax.eq(s, 0), lax.full(s.aval.shape, formatOf(s.aval.dtype).tiny, s.aval.dtype), s);
    return [sample, lax.mul(dot, lax.div(lax.randomGammaGrad(alpha, safe), safe))];
  });
}
/** Made when first used: importing the module runs nothing. */
const samplers = new Map<string, GammaSampler>();
function gammaSampler(engine: Engine, log: boolean): GammaSampler {
  const key = `${engine.name} ${log}`;
  let s = samplers.get(key);
  if (!s) {
    s = differentiable(engine === LEGACY ? LEGACY : PARTITIONABLE, log);
    samplers.set(key, s);
  }
  return s;
}

/** Gamma numbers of this shape with concentrations `a`. */
export function drawGamma(source: Source, a: Tensor, log: boolean): Tensor {
  const { words } = source.splitTo(a.aval.shape);
  return gammaSampler(source.engine, log)(words.k0, words.k1, a);
}
function gammaOf(what: string, log: boolean) {
  return sampler(what, (source, a: TensorLike, shape?: ShapeLike | null, dtype: DTypeLike = "f32"): Tensor => {
    const d = floatType(what, dtype);
    const s = resultShape(what, shape, shapeOfParameter(a));
    return drawGamma(source, spread(what, a, d, s), log);
  });
}
/** Gamma numbers of concentration `a` and rate 1; differentiable in `a`. */
export const gamma = gammaOf("gamma", false);
/** Logarithms of gamma numbers, exact also where the numbers themselves would be 0. */
export const loggamma = gammaOf("loggamma", true);

/** Beta numbers. */
export const beta = sampler(
  "beta",
  (source, a: TensorLike, b: TensorLike, shape?: ShapeLike | null, dtype: DTypeLike = "f32"): Tensor => {
    const d = floatType("beta", dtype);
    const s = resultShape("beta", shape, shapeOfParameter(a), shapeOfParameter(b));
    const [ka, kb] = source.split(2);
    const logA = drawGamma(ka, spread("beta", a, d, s), true);
    const logB = drawGamma(kb, spread("beta", b, d, s), true);
    // A / (A + B) without overflow
    const most = lax.max(logA, logB);
    const [x, y] = [lax.exp(lax.sub(logA, most)), lax.exp(lax.sub(logB, most))];
    return lax.div(x, lax.add(x, y));
  },
);

/** Vectors that sum to 1, with concentrations on the last axis of `alpha`. */
export const dirichlet = sampler(
  "dirichlet",
  (source, alpha: Tensor, shape?: ShapeLike | null, dtype: DTypeLike = "f32"): Tensor => {
    const d = floatType("dirichlet", dtype);
    if (!isTensor(alpha) || alpha.ndim === 0) {
      fail(
        "TW2007",
        `random.dirichlet: alpha must have at least one axis${isTensor(alpha) ? `, not ${printAval(alpha.aval)}` : ""}`,
        { help: "give one concentration for each class" },
      );
    }
    const lead = resultShape("dirichlet", shape, alpha.aval.shape.slice(0, -1));
    const logs = drawGamma(source, spread("dirichlet", alpha, d, [...lead, alpha.aval.shape[alpha.ndim - 1]]), true);
    const last = logs.ndim - 1;
    const most = lax.expandDims(lax.stopGradient(lax.reduceMax(logs, [last])), [last]);
    const parts = lax.exp(np.subtract(logs, most));
    return np.divide(parts, lax.expandDims(lax.reduceSum(parts, [last]), [last]));
  },
);

function drawChisquare(what: string, source: Source, df: TensorLike, shape: Shape, dtype: DType): Tensor {
  const half = lax.div(spread(what, df, dtype, shape), 2);
  return lax.mul(lax.exp(drawGamma(source, half, true)), 2);
}
/** Chi-square numbers with `df` degrees of freedom. */
export const chisquare = sampler(
  "chisquare",
  (source, df: TensorLike, shape?: ShapeLike | null, dtype: DTypeLike = "f32"): Tensor => {
    const s = resultShape("chisquare", shape, shapeOfParameter(df));
    return drawChisquare("chisquare", source, df, s, floatType("chisquare", dtype));
  },
);

/** Numbers of the F distribution. */
export const f = sampler(
  "f",
  (source, dfnum: TensorLike, dfden: TensorLike, shape?: ShapeLike | null, dtype: DTypeLike = "f32"): Tensor => {
    const d = floatType("f", dtype);
    const s = resultShape("f", shape, shapeOfParameter(dfnum), shapeOfParameter(dfden));
    const [kDen, kNum] = source.split(2);
    const mean = (k: Source, df: TensorLike): Tensor => np.divide(drawChisquare("f", k, df, s, d), parameter(df, d));
    return lax.div(mean(kNum, dfnum), mean(kDen, dfden));
  },
);

/** Numbers of Student's t distribution with `df` degrees of freedom. */
export const t = sampler("t", (source, df: TensorLike, shape?: ShapeLike | null, dtype: DTypeLike = "f32"): Tensor => {
  const d = floatType("t", dtype);
  const s = resultShape("t", shape, shapeOfParameter(df));
  const [kn, kg] = source.split(2);
  const n = drawNormal(kn, s, d);
  const half = lax.div(spread("t", df, d, s), 2);
  return lax.mul(n, lax.sqrt(lax.div(half, drawGamma(kg, half, false))));
});
