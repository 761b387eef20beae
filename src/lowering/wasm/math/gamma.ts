/** log Γ, ψ and the parts of them that the incomplete functions need: series about 1 and 2, Stirling's series, reflection. */
import type { LoopMathFunction } from "../../../ir/loop.js";
import { COS_F64, DIGAMMA_1_2, DIGAMMA_ZERO, LGAMMA_2, SIN_F64 } from "./coefficients.js";
import { exp } from "./exponential.js";
import { log, log1p } from "./logarithm.js";
import { ScalarFunction } from "./scalar-function.js";
import { polynomial, type Value } from "./value.js";

const EULER_GAMMA = 0.5772156649015329;
export const HALF_LOG_TWO_PI = 0.9189385332046728;
/** B₂ₖ/(2k(2k - 1)): log Γ x = (x - ½) log x - x + ½ log 2π + Σ c/x^(2k-1) (DLMF 5.11.1). */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400];
/** B₂ₖ/2k: ψ x = log x - 1/2x - Σ c/x²ᵏ (DLMF 5.11.2). */
const PSI = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12, -3617 / 8160];
const ASYMPTOTIC = 10;

/** log Γ*(x), what Stirling's formula lacks, for x ≥ 10. */
export function stirlingRest(x: Value): Value {
  const w = x.rdiv(1);
  return w.mul(polynomial(w.square(), STIRLING));
}
/** |sin πd| for |d| ≤ ½. */
function sineOfTurn(d: Value): Value {
  const a = d.abs();
  const near = a.le(0.25);
  const r = near.select(a, a.rsub(0.5)).mul(Math.PI);
  const z = r.square();
  const s = r.add(r.mul(z).mul(polynomial(z, SIN_F64)));
  return near.select(s, cosine(z));
}
function cosine(z: Value): Value {
  return z
    .mul(0.5)
    .rsub(1)
    .add(z.square().mul(polynomial(z, COS_F64)));
}
/** π cot πd for |d| ≤ ½. */
function cotangentOfTurn(d: Value): Value {
  const a = d.abs();
  const near = a.le(0.25);
  const r = near.select(a, a.rsub(0.5)).mul(Math.PI);
  const z = r.square();
  const s = r.add(r.mul(z).mul(polynomial(z, SIN_F64)));
  const c = cosine(z);
  const size = near.select(c, s).div(near.select(s, c)).mul(Math.PI);
  return d.lt(0).select(size.neg(), size);
}

/** log Γ of a positive number (NaN and infinity included). */
export function lgammaPositive(f: ScalarFunction, x: Value): Value {
  const result = f.var(x);
  f.if(
    x.lt(1.5),
    () => {
      const low = f.let(x.lt(0.5));
      const z = f.let(low.select(x, x.sub(1)));
      const curved = z.sub(log1p(z)).add(z.square().mul(polynomial(z, LGAMMA_2)));
      const aboutOne = f.let(curved.sub(z.mul(EULER_GAMMA)));
      result.set(aboutOne);
      f.if(low, () => result.set(aboutOne.sub(log(x))));
    },
    () =>
      f.if(
        x.lt(ASYMPTOTIC),
        () => {
          const y = f.var(x);
          const product = f.var(x.constant(1));
          f.while(
            () => y.get().gt(2.5),
            () => {
              y.set(y.get().sub(1));
              product.set(product.get().mul(y.get()));
            },
          );
          const z = f.let(y.get().sub(2));
          const aboutTwo = z.mul(z.mul(polynomial(z, LGAMMA_2)).add(1 - EULER_GAMMA));
          result.set(aboutTwo.add(log(product.get())));
        },
        () => {
          const main = x
            .sub(0.5)
            .mul(log(x).sub(1))
            .add(HALF_LOG_TWO_PI - 0.5);
          result.set(main.add(stirlingRest(x)));
        },
      ),
  );
  return f.let(result.get());
}
export const lgamma = (): LoopMathFunction =>
  ScalarFunction.make("lgamma", ["x"], (f, x) => {
    const a = f.let(x.abs());
    const positive = lgammaPositive(f, a);
    const result = f.var(positive);
    f.if(x.lt(0), () => {
      // Γ(x) Γ(-x) = -π/(x sin πx); beyond 2⁵² every number is an integer, a pole
      const d = f.let(a.sub(a.round()));
      const reflected = log(a.mul(sineOfTurn(d)).rdiv(Math.PI)).sub(positive);
      const pole = d.eq(0).or(a.eq(Number.POSITIVE_INFINITY));
      result.set(pole.select(x.constant(Number.POSITIVE_INFINITY), reflected));
      f.if(a.lt(2 ** -60), () => result.set(log(a).neg()));
    });
    return result.get();
  });

/** ψ, NaN at the poles. */
export function digammaOf(f: ScalarFunction, x: Value): Value {
  const negative = f.let(x.lt(0));
  const y = f.var(negative.select(x.rsub(1), x));
  const sum = f.var(x.constant(0));
  f.if(
    y.get().ge(ASYMPTOTIC),
    () => {
      const w = f.let(y.get().rdiv(1));
      const z = w.square();
      sum.set(log(y.get()).sub(w.mul(0.5).add(z.mul(polynomial(z, PSI)))));
    },
    () => {
      f.while(
        () => y.get().gt(2),
        () => {
          y.set(y.get().sub(1));
          sum.set(sum.get().add(y.get().rdiv(1)));
        },
      );
      f.if(y.get().lt(1), () => {
        sum.set(sum.get().sub(y.get().rdiv(1)));
        y.set(y.get().add(1));
      });
      const fromZero = y.get().sub(DIGAMMA_ZERO[0]).sub(DIGAMMA_ZERO[1]);
      sum.set(sum.get().add(fromZero.mul(polynomial(y.get().sub(1.5), DIGAMMA_1_2))));
    },
  );
  const d = f.let(x.sub(x.round()));
  f.if(negative, () => sum.set(sum.get().sub(cotangentOfTurn(d))));
  const pole = x.le(0).and(d.eq(0)).or(x.eq(Number.NEGATIVE_INFINITY));
  return f.let(pole.or(x.isNaN()).select(x.constant(Number.NaN), sum.get()));
}
export const digamma = (): LoopMathFunction => ScalarFunction.make("digamma", ["x"], (f, x) => digammaOf(f, x));

/** Γ*(x) = Γ(x)/(√(2π/x) (x/e)ˣ), for positive x. */
export function gammaStar(f: ScalarFunction, x: Value): Value {
  const result = f.var(x);
  f.if(
    x.ge(ASYMPTOTIC),
    () => result.set(exp(stirlingRest(x))),
    () => {
      const l = lgammaPositive(f, x);
      const exponent = l.sub(x.sub(0.5).mul(log(x))).add(x.sub(HALF_LOG_TWO_PI));
      result.set(exp(exponent));
    },
  );
  return f.let(result.get());
}
/**
 * μ - log(1 + μ) without cancellation near zero: s(μ - 2s²(1/3 + s²/5 + …)), s = μ/(2 + μ). Far from zero the logarithm
 * is that of `ratio` = 1 + μ, which keeps its precision where μ is almost -1.
 */
export function logDeficit(f: ScalarFunction, mu: Value, ratio: Value): Value {
  const result = f.var(mu);
  f.if(
    mu.abs().lt(0.4),
    () => {
      const s = f.let(mu.div(mu.add(2)));
      const z = f.let(s.square());
      const series = polynomial(
        z,
        Array.from({ length: 14 }, (_, k) => 2 / (2 * k + 3)),
      );
      result.set(s.mul(mu.sub(z.mul(series))));
    },
    () => result.set(mu.sub(log(ratio))),
  );
  return f.let(result.get());
}
