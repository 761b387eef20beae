/** The gamma, beta and zeta families and Bessel functions, by the names of their primitives. */
import { besselI0e, besselI1e } from "./bessel.js";
import { digamma, lgamma } from "./gamma.js";
import { type MathGroup, viaDouble } from "./handed-over.js";
import { regularizedIncompleteBeta } from "./incomplete-beta.js";
import { igamma, igammac, igammaGradA, randomGammaGrad } from "./incomplete-gamma.js";
import { polygamma, zeta } from "./zeta.js";

export const special = {
  functions: {
    lgamma,
    digamma,
    polygamma,
    zeta,
    igamma,
    igammac,
    igamma_grad_a: igammaGradA,
    random_gamma_grad: randomGammaGrad,
    regularized_incomplete_beta: regularizedIncompleteBeta,
  },
  inline: {
    f32: { bessel_i0e: viaDouble(besselI0e), bessel_i1e: viaDouble(besselI1e) },
    f64: { bessel_i0e: besselI0e, bessel_i1e: besselI1e },
  },
  short: { f32: {}, f64: {} },
} satisfies MathGroup;
