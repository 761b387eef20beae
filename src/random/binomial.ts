/** Binomial and multinomial numbers. */
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import type { Shape } from "../ir/dim.js";
import { type DType, isFloat } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { isTensor, type TensorLike } from "../lax/operand.js";
import * as np from "../numpy/index.js";
import type { Tensor } from "../tracer/tensor.js";
import { type DTypeLike, floatType, resultShape, type ShapeLike, shapeOfParameter, spread } from "./parameters.js";
import { Source, sampler } from "./source.js";
import { drawUniform } from "./uniform.js";

const and = lax.bitwiseAnd;
const or = lax.bitwiseOr;
const anyOf = (x: Tensor): Tensor => lax.reduceOr(x);

/** Counts how many geometric waiting times fit into `count` trials; quick when count · prob is small. */
function byInversion(source: Source, count: Tensor, prob: Tensor, shape: Shape): Tensor {
  const { engine } = source;
  const type = prob.aval.dtype;
  const failure = lax.log1p(lax.neg(prob));
  type State = [k0: Tensor, k1: Tensor, successes: Tensor, trials: Tensor];
  const [, , successes] = lax.whileLoop<State>(
    ([, , , trials]) => anyOf(lax.le(trials, count)),
    ([k0, k1, n, trials]) => {
      const [own, next] = new Source(engine, { k0, k1 }).split(2);
      const waiting = lax.ceil(lax.div(lax.log(drawUniform(own, shape, type)), failure));
      const more = lax.select(lax.le(trials, count), lax.add(n, 1), n);
      return [next.words.k0, next.words.k1, more, lax.add(trials, waiting)];
    },
    [source.words.k0, source.words.k1, lax.full(shape, 0, type), lax.full(shape, 0, type)],
  );
  return lax.sub(successes, 1);
}

const STIRLING_TAIL = [
  0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211, 0.0138761288230707,
  0.0118967099458917, 0.010411265261972, 0.00925546218271273, 0.00833056343336287,
]; // biome-ignore format: a table

/** log k! minus Stirling's formula: a table up to 9, then the series. */
function stirlingTail(k: Tensor): Tensor {
  const next = lax.add(k, 1);
  const squared = lax.mul(next, next);
  const series = lax.div(lax.sub(1 / 12, lax.div(lax.sub(1 / 360, lax.div(1 / 1260, squared)), squared)), next);
  return STIRLING_TAIL.reduce<Tensor>((rest, value, i) => {
    // the table is read by whole k, 0 … 9
    const here = and(lax.le(k, 9), lax.eq(lax.floor(lax.max(k, 0)), i));
    return lax.select(here, lax.full(k.aval.shape, value, k.aval.dtype), rest);
  }, series);
}

/** Transformed rejection with squeeze (Hörmann 1993, "The generation of binomial random variates"), for count · prob > 10. */
function byRejection(source: Source, count: Tensor, prob: Tensor, shape: Shape): Tensor {
  const { engine } = source;
  const type = prob.aval.dtype;
  const deviation = lax.sqrt(lax.mul(lax.mul(count, prob), lax.sub(1, prob)));
  const b = lax.add(lax.mul(deviation, 2.53), 1.15);
  const a = lax.add(lax.add(lax.mul(b, 0.0248), -0.0873), lax.mul(prob, 0.01));
  const c = lax.add(lax.mul(count, prob), 0.5);
  const vr = lax.sub(0.92, lax.div(4.2, b));
  const r = lax.div(prob, lax.sub(1, prob));
  const alpha = lax.mul(lax.add(lax.div(5.1, b), 2.83), deviation);
  const mode = lax.floor(lax.mul(lax.add(count, 1), prob));
  const after = lax.add(lax.sub(count, mode), 1);
  type State = [k0: Tensor, k1: Tensor, result: Tensor, accepted: Tensor];
  const [, , result] = lax.whileLoop<State>(
    ([, , , accepted]) => anyOf(lax.not(accepted)),
    ([k0, k1, out, accepted]) => {
      const [next, s0, s1] = new Source(engine, { k0, k1 }).split(3);
      const u = lax.sub(drawUniform(s0, shape, type), 0.5);
      const v = drawUniform(s1, shape, type);
      const us = lax.sub(0.5, lax.abs(u));
      const quick = and(lax.ge(us, 0.07), lax.le(v, vr));
      const k = lax.floor(lax.add(lax.mul(lax.add(lax.div(lax.mul(a, 2), us), b), u), c));
      const outside = or(lax.lt(k, 0), lax.gt(k, count));
      const logV = lax.log(lax.div(lax.mul(v, alpha), lax.add(lax.div(a, lax.mul(us, us)), b)));
      const left = lax.add(lax.sub(count, k), 1);
      const first = lax.mul(lax.add(mode, 0.5), lax.log(lax.div(lax.add(mode, 1), lax.mul(r, after))));
      const second = lax.mul(lax.add(count, 1), lax.log(lax.div(after, left)));
      const third = lax.mul(lax.add(k, 0.5), lax.log(lax.div(lax.mul(r, left), lax.add(k, 1))));
      const tails = lax.sub(
        lax.add(stirlingTail(mode), stirlingTail(lax.sub(count, mode))),
        lax.add(stirlingTail(k), stirlingTail(lax.sub(count, k))),
      );
      const bound = lax.add(lax.add(lax.add(first, second), third), tails);
      const accept = or(quick, and(lax.not(outside), lax.le(logV, bound)));
      return [next.words.k0, next.words.k1, lax.select(accept, k, out), or(accepted, accept)];
    },
    [source.words.k0, source.words.k1, lax.full(shape, -1, type), lax.full(shape, false, "bool")],
  );
  return result;
}

function drawBinomial(source: Source, count: Tensor, prob: Tensor, shape: Shape): Tensor {
  const type = prob.aval.dtype;
  const constant = (x: number): Tensor => lax.full(shape, x, type);
  const small = lax.lt(prob, 0.5);
  const q = lax.select(small, prob, lax.sub(1, prob));
  const noCount = or(lax.ne(count, count), lax.lt(count, 0));
  const endless = lax.eq(count, Number.POSITIVE_INFINITY);
  const noProbability = or(lax.ne(q, q), lax.lt(q, 0));
  const safe = lax.select(noProbability, constant(0.01), q);
  const few = or(noCount, lax.le(lax.mul(count, safe), 10));
  const whole = lax.floor(count);
  const drawn = lax.select(
    few,
    byInversion(source, lax.select(few, whole, constant(0)), safe, shape),
    byRejection(source, lax.select(few, constant(10000), whole), lax.select(few, constant(0.5), safe), shape),
  );
  const invalid = or(noProbability, noCount);
  const mirrored = lax.select(or(or(small, noCount), or(lax.ne(q, q), endless)), drawn, lax.sub(whole, drawn));
  const bounded = lax.select(endless, constant(Number.POSITIVE_INFINITY), mirrored);
  return lax.select(invalid, constant(Number.NaN), bounded);
}

/** The number of successes in `n` trials of probability `p`, as a float. NaN where the parameters have no meaning. */
export const binomial = sampler(
  "binomial",
  (source, n: TensorLike, p: TensorLike, shape?: ShapeLike | null, dtype: DTypeLike = "f32"): Tensor => {
    const d = floatType("binomial", dtype);
    const s = resultShape("binomial", shape, shapeOfParameter(n), shapeOfParameter(p));
    const type: DType = isTensor(p) && isFloat(p.aval.dtype) ? p.aval.dtype : "f32";
    const x = drawBinomial(source, spread("binomial", n, type, s), spread("binomial", p, type, s), s);
    return lax.convertElementType(x, d);
  },
);

/** How often each class of the last axis of `p` occurs in `n` trials: one binomial after the other of what is left. */
export const multinomial = sampler(
  "multinomial",
  (source, n: TensorLike, p: Tensor, shape?: ShapeLike | null, dtype: DTypeLike = "f32"): Tensor => {
    const d = floatType("multinomial", dtype);
    if (!isTensor(p) || p.ndim === 0) {
      fail(
        "TW2007",
        `random.multinomial: p must have at least one axis${isTensor(p) ? `, not ${printAval(p.aval)}` : ""}`,
        { help: "give one probability for each class" },
      );
    }
    const type: DType = isFloat(p.aval.dtype) ? p.aval.dtype : "f32";
    const s = resultShape("multinomial", shape ?? p.aval.shape, p.aval.shape);
    const lead = s.slice(0, -1);
    const classes = np.moveaxis(spread("multinomial", p, type, s), -1, 0);
    const remaining = lax.cumsum(classes, 0, true);
    const none = lax.eq(remaining, 0);
    const ratios = np.clip(
      lax.div(classes, lax.select(none, lax.full(remaining.aval.shape, 1, type), remaining)),
      0,
      1,
    );
    const { k0, k1 } = source.splitTo([classes.shape[0]]).words;
    const { engine } = source;
    const [, counts] = lax.scan<Tensor, [Tensor, Tensor, Tensor], Tensor>(
      (left, [ratio, a, b]) => {
        const count = drawBinomial(new Source(engine, { k0: a, k1: b }), left, ratio, lead);
        return [lax.sub(left, count), count];
      },
      spread("multinomial", n, type, lead),
      [ratios, k0, k1],
    );
    return lax.convertElementType(np.moveaxis(counts, 0, -1), d);
  },
);
