/** Discrete distributions, by JAX's algorithms. */
import { fail } from "../diagnostics/error.js";
import type { Shape } from "../ir/dim.js";
import { type DType, isFloat } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { isTensor, type TensorLike } from "../lax/operand.js";
import * as np from "../numpy/index.js";
import type { Tensor } from "../tracer/tensor.js";
import { drawGumbel, drawSign, type GumbelMode } from "./continuous.js";
import {
  type DTypeLike,
  floatType,
  formatOf,
  integerType,
  resultShape,
  type ShapeLike,
  shapeOf,
  shapeOfParameter,
  spread,
} from "./parameters.js";
import { Source, sampler } from "./source.js";
import { drawUniform } from "./uniform.js";

const and = lax.bitwiseAnd;
const or = lax.bitwiseOr;
const anyOf = (x: Tensor): Tensor => lax.reduceOr(x);

/** The dtype in which a probability is compared: its own when it is a float. */
function probabilityType(what: string, p: TensorLike): DType {
  if (!isTensor(p)) return "f32";
  if (!isFloat(p.aval.dtype))
    fail("TW2005", `random.${what}: the probability is ${p.aval.dtype}`, { help: "give floats" });
  return p.aval.dtype;
}

/**
 * True with probability `p`. "high" uses two uniform numbers, for probabilities far below the resolution of one.
 *
 * @example random.bernoulli(key, 0.9, [10])
 */
export const bernoulli = sampler(
  "bernoulli",
  (source, p: TensorLike = 0.5, shape?: ShapeLike | null, mode: "low" | "high" = "low"): Tensor => {
    const d = probabilityType("bernoulli", p);
    const s = resultShape("bernoulli", shape, shapeOfParameter(p));
    const q = spread("bernoulli", p, d, s);
    if (mode === "low") return lax.lt(drawUniform(source, s, d), q);
    const both = drawUniform(source, [2, ...s], d);
    const part = (i: number): Tensor => lax.squeeze(lax.sliceInDim(both, i, i + 1), [0]);
    return lax.lt(lax.mul(part(1), 2 ** -formatOf(d).mantissa), lax.sub(q, part(0)));
  },
);

/** -1 or 1 with the same probability. */
export const rademacher = sampler(
  "rademacher",
  (source, shape: ShapeLike = [], dtype: DType | { dtype?: DType } = "i32"): Tensor => {
    const d = (typeof dtype === "string" ? dtype : dtype.dtype) ?? "i32";
    return drawSign(
      source,
      shapeOf("rademacher", shape),
      isFloat(d) ? floatType("rademacher", d) : integerType("rademacher", d),
    );
  },
);

export interface CategoricalOptions {
  readonly axis?: number;
  readonly shape?: ShapeLike | null;
  /** False: no class twice among the leading axes of `shape`. */
  readonly replace?: boolean;
  readonly mode?: GumbelMode;
}
/**
 * Class numbers with probabilities softmax(logits) along an axis: the greatest of logits + Gumbel noise.
 *
 * @example random.categorical(key, np.log(np.array([0.1, 0.6, 0.3])), -1, [5])
 */
export const categorical = sampler(
  "categorical",
  (
    source,
    logits: Tensor,
    axis: number | CategoricalOptions = -1,
    shape?: ShapeLike | null,
    replace: boolean = true,
    mode: GumbelMode = "low",
  ): Tensor => {
    const o: CategoricalOptions = typeof axis === "number" ? { axis, shape: shape ?? null, replace, mode } : axis;
    const rank = logits.ndim;
    const given = o.axis ?? -1;
    if (rank === 0 || given < -rank || given >= rank) {
      fail("TW2004", `random.categorical: the logits of shape [${logits.shape.join(", ")}] have no axis ${given}`, {
        help: "name the axis of the classes",
      });
    }
    const at = given < 0 ? given + rank : given;
    const d = probabilityType("categorical", logits);
    const batch = logits.aval.shape.filter((_, i) => i !== at);
    const s = resultShape("categorical", o.shape ?? batch, batch);
    const lead = s.slice(0, s.length - batch.length);
    const kind = o.mode ?? "low";
    if (o.replace === false) return withoutReplacement(source, logits, at, s, lead, d, kind);
    const own = [...s.slice(s.length - batch.length)];
    own.splice(at, 0, logits.aval.shape[at]);
    return lax.argmax(np.add(drawGumbel(source, [...lead, ...own], d, kind), logits), at + lead.length);
  },
);

/** The first k of a random order in which class i comes early with its probability (Gumbel top-k). */
function withoutReplacement(
  source: Source,
  logits: Tensor,
  axis: number,
  shape: Shape,
  lead: Shape,
  dtype: DType,
  mode: GumbelMode,
): Tensor {
  const k = lead.reduce<number>((a, b) => a * Number(b), 1);
  if (k > logits.shape[axis]) {
    fail("TW2011", `random.categorical: ${k} samples without replacement of ${logits.shape[axis]} classes`, {
      help: "draw fewer, or with replacement",
    });
  }
  const noisy = np.moveaxis(lax.add(logits, drawGumbel(source, logits.aval.shape, dtype, mode)), axis, -1);
  const [, indices] = lax.topK(noisy, k);
  return lax.reshape(np.moveaxis(indices, -1, 0), shape);
}

/** Knuth: how many uniform numbers can be multiplied until the product is below e^-lam. */
function poissonKnuth(source: Source, lam: Tensor, shape: Shape): Tensor {
  const { engine } = source;
  const least = lax.neg(lam);
  type State = [k0: Tensor, k1: Tensor, count: Tensor, logProduct: Tensor];
  const [, , count] = lax.whileLoop<State>(
    ([, , , sum]) => anyOf(lax.gt(sum, least)),
    ([k0, k1, n, sum]) => {
      const [next, own] = new Source(engine, { k0, k1 }).split(2);
      const u = drawUniform(own, shape, "f32");
      return [next.words.k0, next.words.k1, lax.select(lax.gt(sum, least), lax.add(n, 1), n), lax.add(sum, lax.log(u))];
    },
    [source.words.k0, source.words.k1, lax.full(shape, 0, "i32"), lax.full(shape, 0, "f32")],
  );
  return lax.sub(count, 1);
}

/** Transformed rejection (Hörmann 1993, "The transformed rejection method for generating Poisson random variables"), for lam ≥ 10. */
function poissonRejection(source: Source, lam: Tensor, shape: Shape): Tensor {
  const { engine } = source;
  const logLam = lax.log(lam);
  const b = lax.add(lax.mul(lax.sqrt(lam), 2.53), 0.931);
  const a = lax.add(lax.mul(b, 0.02483), -0.059);
  const inverseAlpha = lax.add(lax.div(1.1328, lax.sub(b, 3.4)), 1.1239);
  const vr = lax.sub(0.9277, lax.div(3.6224, lax.sub(b, 2)));
  type State = [k0: Tensor, k1: Tensor, result: Tensor, accepted: Tensor];
  const [, , result] = lax.whileLoop<State>(
    ([, , , accepted]) => anyOf(lax.not(accepted)),
    ([k0, k1, out, accepted]) => {
      const [next, s0, s1] = new Source(engine, { k0, k1 }).split(3);
      const u = lax.sub(drawUniform(s0, shape, "f32"), 0.5);
      const v = drawUniform(s1, shape, "f32");
      const us = lax.sub(0.5, lax.abs(u));
      const k = lax.floor(lax.add(lax.add(lax.mul(lax.add(lax.div(lax.mul(a, 2), us), b), u), lam), 0.43));
      const s = lax.log(lax.div(lax.mul(v, inverseAlpha), lax.add(lax.div(a, lax.mul(us, us)), b)));
      const t = lax.sub(lax.add(lax.neg(lam), lax.mul(k, logLam)), lax.lgamma(lax.add(k, 1)));
      const quick = and(lax.ge(us, 0.07), lax.le(v, vr));
      const refused = or(lax.lt(k, 0), and(lax.lt(us, 0.013), lax.gt(v, us)));
      const accept = or(quick, and(lax.not(refused), lax.le(s, t)));
      return [next.words.k0, next.words.k1, lax.select(accept, k, out), or(accepted, accept)];
    },
    [source.words.k0, source.words.k1, lax.full(shape, -1, "f32"), lax.full(shape, false, "bool")],
  );
  return lax.convertElementType(result, "i32");
}

/** Poisson numbers of rate `lam`; -1 where `lam` is NaN or infinite. */
export const poisson = sampler(
  "poisson",
  (source, lam: TensorLike, shape?: ShapeLike | null, dtype: DTypeLike = "i32"): Tensor => {
    const d = integerType("poisson", dtype);
    const s = resultShape("poisson", shape, shapeOfParameter(lam));
    const rate = spread("poisson", lam, "f32", s);
    const bad = lax.not(lax.isFinite(rate));
    const small = or(bad, lax.lt(rate, 10));
    const constant = (x: number): Tensor => lax.full(s, x, "f32");
    const few = poissonKnuth(source, lax.select(small, lax.select(bad, constant(-1), rate), constant(0)), s);
    const many = poissonRejection(source, lax.select(small, constant(1e5), rate), s);
    const zero = lax.full(s, 0, "i32");
    return lax.convertElementType(lax.select(lax.eq(rate, 0), zero, lax.select(small, few, many)), d);
  },
);

/** How many trials of probability `p` until the first success: 1, 2, … */
export const geometric = sampler(
  "geometric",
  (source, p: TensorLike, shape?: ShapeLike | null, dtype: DTypeLike = "i32"): Tensor => {
    const d = integerType("geometric", dtype);
    const type = probabilityType("geometric", p);
    const s = resultShape("geometric", shape, shapeOfParameter(p));
    const u = drawUniform(source, s, type);
    // log 0 must not be met
    const safe = lax.select(lax.eq(u, 0), lax.full(s, 1, type), u);
    const failure = lax.log1p(lax.neg(spread("geometric", p, type, s)));
    return lax.convertElementType(lax.add(lax.floor(lax.div(lax.log(safe), failure)), 1), d);
  },
);
