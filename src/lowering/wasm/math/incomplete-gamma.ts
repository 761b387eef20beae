/**
 * The regularised incomplete gamma functions and their derivatives in a: power series below x = a, continued fraction
 * above (Lentz), for large a near x Temme's uniform expansion (DLMF 8.7.1, 8.9.2, 8.12.3-4).
 */
import type { LoopMathFunction } from "../../../ir/loop.js";
import { erfcF64 } from "./error-function.js";
import { exp, expm1 } from "./exponential.js";
import { digammaOf, HALF_LOG_TWO_PI, lgammaPositive, logDeficit, stirlingRest } from "./gamma.js";
import { log, log1p, powF64 } from "./logarithm.js";
import { ScalarFunction, type Variable } from "./scalar-function.js";
import { polynomial, type Value } from "./value.js";

const EPSILON = 2 ** -53;
const LIMIT = 1e5;
/** From here on Temme's expansion is exact to the last bits with its first two coefficients. */
const TEMME = 1e5;
/** Coefficients of the expansion as power series in η (Temme 1979). */
const TEMME_0 = [-1 / 3, 1 / 12, -2 / 135, 1 / 864, 1 / 2835, -139 / 777600];
const TEMME_1 = [-1 / 540, -1 / 288, 1 / 378, -77 / 77760, 1 / 4860];

/** xᵃ e⁻ˣ / Γ(a + 1). */
function prefactor(f: ScalarFunction, a: Value, x: Value): Value {
  const result = f.var(a);
  f.if(
    a.ge(10),
    () => {
      const deficit = logDeficit(f, f.let(x.sub(a).div(a)), f.let(x.div(a)));
      const exponent = a.mul(deficit).add(stirlingRest(a)).add(HALF_LOG_TWO_PI);
      result.set(exp(exponent.neg()).div(a.sqrt()));
    },
    () => {
      const l = lgammaPositive(f, f.let(a.add(1)));
      // xᵃ alone stays finite while e⁻ˣ is not yet zero
      const value = powF64(x, a).mul(exp(x.add(l).neg()));
      result.set(x.gt(1000).select(x.constant(0), value));
    },
  );
  return f.let(result.get());
}
interface WithSlope {
  readonly value: Value;
  /** Derivative with respect to a. */
  readonly slope: Value;
}
/** Σ xⁿ/((a + 1)…(a + n)). */
function series(f: ScalarFunction, a: Value, x: Value): WithSlope {
  const n = f.var(a);
  const term = f.var(a.constant(1));
  const sum = f.var(a.constant(1));
  const rate = f.var(a.constant(0));
  const slope = f.var(a.constant(0));
  f.while(
    () => term.get().gt(sum.get().mul(EPSILON)).and(n.get().sub(a).lt(LIMIT)),
    () => {
      n.set(n.get().add(1));
      const inverse = f.let(n.get().rdiv(1));
      term.set(term.get().mul(x).mul(inverse));
      sum.set(sum.get().add(term.get()));
      rate.set(rate.get().sub(inverse));
      slope.set(slope.get().add(term.get().mul(rate.get())));
    },
  );
  return { value: f.let(sum.get()), slope: f.let(slope.get()) };
}
/** Γ(a, x) eˣ x⁻ᵃ = 1/(x + 1 - a - 1(1 - a)/(x + 3 - a - …)). */
function fraction(f: ScalarFunction, a: Value, x: Value): WithSlope {
  const zero = a.constant(0);
  const b = f.var(x.add(1).sub(a));
  const c = f.var(a.constant(1e300));
  const d = f.var(b.get().rdiv(1));
  const h = f.var(d.get());
  const dc = f.var(zero);
  const dd = f.var(d.get().square());
  const dh = f.var(dd.get());
  const i = f.var(zero);
  const change = f.var(a.constant(2));
  const settled = f.var(zero);
  f.while(
    () => change.get().sub(1).abs().gt(EPSILON).or(settled.get().eq(0)).and(i.get().lt(LIMIT)),
    () => {
      i.set(i.get().add(1));
      const an = f.let(i.get().mul(a.sub(i.get())));
      b.set(b.get().add(2));
      const bottom = f.let(an.mul(d.get()).add(b.get()).rdiv(1));
      const dBottom = f.let(i.get().mul(d.get()).add(an.mul(dd.get())).sub(1));
      const inverse = f.let(c.get().rdiv(1));
      const ratio = f.let(an.mul(inverse));
      dc.set(i.get().mul(inverse).sub(ratio.mul(inverse).mul(dc.get())).sub(1));
      c.set(b.get().add(ratio));
      dd.set(dBottom.mul(bottom.square()).neg());
      d.set(bottom);
      change.set(d.get().mul(c.get()));
      const dChange = f.let(dd.get().mul(c.get()).add(d.get().mul(dc.get())));
      settled.set(dChange.abs().lt(EPSILON).select(x.constant(1), 0));
      dh.set(dh.get().mul(change.get()).add(h.get().mul(dChange)));
      h.set(h.get().mul(change.get()));
    },
  );
  return { value: f.let(h.get()), slope: f.let(dh.get()) };
}
/** Near x = a ≥ 1e5: ½ erfc(±η√(a/2)) ± e^(-aη²/2)/√(2πa)·(C₀ + C₁/a), η²/2 = μ - log(1 + μ). */
function temme(f: ScalarFunction, a: Value, mu: Value, lower: boolean): Value {
  const deficit = logDeficit(f, mu, f.let(mu.add(1)));
  const eta = f.let(deficit.mul(2).sqrt().withSignOf(mu));
  const direct = mu.rdiv(1).sub(eta.rdiv(1));
  const c0 = f.let(eta.abs().lt(0.02).select(polynomial(eta, TEMME_0), direct));
  const bell = exp(a.mul(deficit).neg()).div(a.mul(2 * Math.PI).sqrt());
  const rest = bell.mul(c0.add(polynomial(eta, TEMME_1).div(a)));
  const main = f.let(eta.mul(a.mul(0.5).sqrt()));
  const half = f.let(erfcF64(lower ? main.neg() : main).mul(0.5));
  return lower ? half.sub(rest) : half.add(rest);
}
/** Q for x ≤ 1 where it is small with a: 1 - xᵃ/Γ(a + 1)·(1 + a Σ (-x)ⁿ/((a + n) n!)). */
function upperNearZero(f: ScalarFunction, a: Value, x: Value): Value {
  const n = f.var(a.constant(0));
  const power = f.var(a.constant(1));
  const sum = f.var(a.constant(0));
  f.while(
    () => power.get().abs().gt(1e-18).and(n.get().lt(60)),
    () => {
      n.set(n.get().add(1));
      power.set(power.get().mul(x).div(n.get()).neg());
      sum.set(sum.get().add(power.get().div(a.add(n.get()))));
    },
  );
  const l = lgammaPositive(f, f.let(a.add(1)));
  const exponent = f.let(a.mul(log(x)).sub(l));
  return expm1(exponent).add(exp(exponent).mul(a).mul(sum.get())).neg();
}

function ends(f: ScalarFunction, a: Value, x: Value, result: Variable, atZero: number, atInfinity: number): Value {
  const infinity = Number.POSITIVE_INFINITY;
  const inside = a.eq(infinity).select(x.constant(atZero), result.get());
  const y = x.eq(0).select(x.constant(atZero), x.eq(infinity).select(x.constant(atInfinity), inside));
  const valid = a.gt(0).and(x.ge(0));
  return f.let(valid.select(y, x.constant(Number.NaN)));
}
function incomplete(name: string, lower: boolean): LoopMathFunction {
  return ScalarFunction.make(name, ["a", "x"], (f, a, x) => {
    const result = f.var(a);
    const inside = x.gt(0).and(x.lt(Number.POSITIVE_INFINITY)).and(a.gt(0)).and(a.lt(Number.POSITIVE_INFINITY));
    f.if(inside, () => {
      const mu = f.let(x.sub(a).div(a));
      f.if(
        a.ge(TEMME).and(mu.abs().lt(0.3)),
        () => result.set(temme(f, a, mu, lower)),
        () => {
          const below = f.let(x.le(a).or(x.le(1)));
          const direct = () => {
            const front = prefactor(f, a, x);
            f.if(
              below,
              () => {
                const p = f.let(front.mul(series(f, a, x).value));
                result.set(lower ? p : p.rsub(1));
              },
              () => {
                const q = f.let(front.mul(a).mul(fraction(f, a, x).value));
                result.set(lower ? q.rsub(1) : q);
              },
            );
          };
          if (lower) direct();
          else f.if(a.le(1).and(x.le(1)), () => result.set(upperNearZero(f, a, x)), direct);
        },
      );
    });
    return ends(f, a, x, result, lower ? 0 : 1, lower ? 1 : 0);
  });
}
export const igamma = (): LoopMathFunction => incomplete("igamma", true);
export const igammac = (): LoopMathFunction => incomplete("igammac", false);

/**
 * The derivative of Temme's expansion, divided by e^(-aη²/2)/√(2πa): with ∂η/∂a = -μ/(aη) and ∂(aη²/2)/∂a = -log(1 + μ),
 * η/2 - μ/η - (log(1 + μ) - 1/2a)·C + (μ/aη)·C₀' + C₁/a², where C = C₀ + C₁/a.
 */
function temmeSlope(f: ScalarFunction, a: Value, mu: Value): Value {
  const eta = f.let(
    logDeficit(f, mu, f.let(mu.add(1)))
      .mul(2)
      .sqrt()
      .withSignOf(mu),
  );
  const near = f.let(eta.abs().lt(0.02));
  // μ = η + η²/3 + η³/36 - η⁴/270 + …
  const ratio = f.let(near.select(polynomial(eta, [1, 1 / 3, 1 / 36, -1 / 270, 1 / 4320]), mu.div(eta)));
  const direct = mu.rdiv(1).sub(eta.rdiv(1));
  const c0 = f.let(near.select(polynomial(eta, TEMME_0), direct));
  const c1 = f.let(polynomial(eta, TEMME_1));
  const derivative = polynomial(
    eta,
    TEMME_0.slice(1).map((c, i) => c * (i + 1)),
  );
  const inverse = f.let(a.rdiv(1));
  const c = c0.add(c1.mul(inverse));
  const rate = log1p(mu).sub(inverse.mul(0.5));
  const rest = ratio.mul(inverse).mul(derivative).add(c1.mul(inverse.square()));
  return f.let(eta.mul(0.5).sub(ratio).sub(rate.mul(c)).add(rest));
}
/** ∂P/∂a divided by xᵃ e⁻ˣ/Γ(a + 1). */
function slopeOverFront(f: ScalarFunction, a: Value, x: Value): Value {
  const result = f.var(a);
  const logX = f.let(log(x));
  const mu = f.let(x.sub(a).div(a));
  f.if(
    a.ge(TEMME).and(mu.abs().lt(0.3)),
    () => result.set(temmeSlope(f, a, mu).mul(exp(stirlingRest(a)))),
    () =>
      f.if(
        x.le(a).or(x.le(1)),
        () => {
          const s = series(f, a, x);
          const psi = digammaOf(f, f.let(a.add(1)));
          result.set(logX.sub(psi).mul(s.value).add(s.slope));
        },
        () => {
          const q = fraction(f, a, x);
          const psi = digammaOf(f, a);
          result.set(logX.sub(psi).mul(q.value).add(q.slope).mul(a).neg());
        },
      ),
  );
  return f.let(result.get());
}
export const igammaGradA = (): LoopMathFunction =>
  ScalarFunction.make("igamma_grad_a", ["a", "x"], (f, a, x) => {
    const result = f.var(a);
    const inside = x.gt(0).and(x.lt(Number.POSITIVE_INFINITY)).and(a.gt(0)).and(a.lt(Number.POSITIVE_INFINITY));
    f.if(inside, () => {
      const front = prefactor(f, a, x);
      result.set(front.constant(0));
      f.if(front.gt(0), () => result.set(front.mul(slopeOverFront(f, a, x))));
    });
    return ends(f, a, x, result, 0, 0);
  });
/** dx/da = -(∂P/∂a)/(∂P/∂x), and ∂P/∂x = a/x times the common factor, which cancels. */
export const randomGammaGrad = (): LoopMathFunction =>
  ScalarFunction.make("random_gamma_grad", ["a", "x"], (f, a, x) => {
    const result = f.var(a);
    const inside = x.gt(0).and(x.lt(Number.POSITIVE_INFINITY)).and(a.gt(0)).and(a.lt(Number.POSITIVE_INFINITY));
    f.if(inside, () => result.set(slopeOverFront(f, a, x).mul(x.div(a)).neg()));
    return ends(f, a, x, result, 0, Number.POSITIVE_INFINITY);
  });
