/** Forward-mode rules of the special functions; formulas are those of the NIST Digital Library of Mathematical Functions. */
import type { Builder } from "../../../ir/builder.js";
import type { Atom } from "../../../ir/program.js";
import { scale } from "../emit.js";
import { elementwise1, type NoDerivative, notDifferentiable, partials } from "./rule.js";

const one = (b: Builder, like: Atom): Atom => b.fullLike(like, 1);
/** c · exp(-x²) */
const gaussian = (b: Builder, x: Atom, c: number): Atom => scale(b, b.op("exp", b.neg(b.mul(x, x))), c);

/** Density of the gamma distribution, d P(a, x) / d x = x^(a-1) e^(-x) / Γ(a). */
function gammaDensity(b: Builder, a: Atom, x: Atom): Atom {
  const power = b.mul(b.sub(a, one(b, a)), b.op("log", x));
  return b.op("exp", b.sub(b.sub(power, x), b.op("lgamma", a)));
}

/** Density of the beta distribution, d I_x(a, b) / d x = x^(a-1) (1-x)^(b-1) / B(a, b). */
function betaDensity(b: Builder, p: Atom, q: Atom, x: Atom): Atom {
  const left = b.mul(b.sub(p, one(b, p)), b.op("log", x));
  const right = b.mul(b.sub(q, one(b, q)), b.op("log1p", b.neg(x)));
  const logBeta = b.sub(b.add(b.op("lgamma", p), b.op("lgamma", q)), b.op("lgamma", b.add(p, q)));
  return b.op("exp", b.sub(b.add(left, right), logBeta));
}

/** d/dx [e^-|x| I₁(x)] = e^-|x| I₀(x) - y (sign x + 1/x); near 0, where 1/x is lost, its limit ½. */
function besselI1eSlope(b: Builder, x: Atom, y: Atom): Atom {
  const tiny = b.op("lt", b.op("abs", x), b.fullLike(x, 1e-7));
  const safe = b.select(tiny, one(b, x), x);
  const slope = b.sub(b.op("bessel_i0e", safe), b.mul(y, b.add(b.op("sign", safe), b.div(one(b, x), safe))));
  return b.select(tiny, b.fullLike(x, 0.5), slope);
}

const BY_DIFFERENCES =
  "wrap that argument in stopGradient if no derivative should flow there, or give the function a customJvp rule, " +
  "for example with a difference: f(a + h, x) - f(a - h, x) over 2h";
const SECOND_IN_SHAPE: NoDerivative = {
  reason: "no primitive holds the second derivative of igamma in its first argument",
  help:
    "once is fine, twice is not: wrap the argument in stopGradient inside of the inner derivative, take the outer one in x, " +
    "or give the first derivative a customJvp rule with a difference in a",
};

export const special = {
  erf: elementwise1((b, x) => gaussian(b, x, 2 / Math.sqrt(Math.PI))),
  erfc: elementwise1((b, x) => gaussian(b, x, -2 / Math.sqrt(Math.PI))),
  erf_inv: elementwise1((b, _x, y) => scale(b, b.op("exp", b.mul(y, y)), Math.sqrt(Math.PI) / 2)),
  lgamma: elementwise1((b, x) => b.op("digamma", x)),
  digamma: elementwise1((b, x) => b.op("polygamma", one(b, x), x)),
  bessel_i0e: elementwise1((b, x, y) => b.sub(b.op("bessel_i1e", x), b.mul(b.op("sign", x), y))),
  bessel_i1e: elementwise1(besselI1eSlope),
  igamma: partials(
    (b, [a, x]) => b.op("igamma_grad_a", a, x),
    (b, [a, x]) => gammaDensity(b, a, x),
  ),
  igammac: partials(
    (b, [a, x]) => b.neg(b.op("igamma_grad_a", a, x)),
    (b, [a, x]) => b.neg(gammaDensity(b, a, x)),
  ),
  // d²P / da dx: the density's derivative, density · (log x - ψ(a))
  igamma_grad_a: partials(SECOND_IN_SHAPE, (b, [a, x]) =>
    b.mul(gammaDensity(b, a, x), b.sub(b.op("log", x), b.op("digamma", a))),
  ),
  random_gamma_grad: notDifferentiable(
    "the derivative of a gamma sample has no derivative of its own here",
    "wrap the concentration in stopGradient inside of the inner derivative (estimators by samples need only the first), " +
      "or differentiate the log density instead of the sample",
  ),
  polygamma: partials({ reason: "the order is a whole number" }, (b, [n, x]) =>
    b.op("polygamma", b.add(n, one(b, n)), x),
  ),
  zeta: partials(
    { reason: "no primitive holds the derivative of zeta in its first argument", help: BY_DIFFERENCES },
    (b, [x, q]) => b.neg(b.mul(x, b.op("zeta", b.add(x, one(b, x)), q))),
  ),
  regularized_incomplete_beta: partials(
    { reason: "no primitive holds the derivative of the incomplete beta function in a", help: BY_DIFFERENCES },
    { reason: "no primitive holds the derivative of the incomplete beta function in b", help: BY_DIFFERENCES },
    (b, [p, q, x]) => betaDensity(b, p, q, x),
  ),
};
