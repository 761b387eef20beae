/** The gamma, beta and zeta families and Bessel functions, by the names of their primitives. */
import { besselI0e, besselI1e } from "./bessel.js";
import { digamma, lgamma } from "./gamma.js";
import type { SPECIAL_EXPANSIONS, SPECIAL_FUNCTIONS, SpecialMath } from "./handed-over.js";
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
  expansions: { bessel_i0e: besselI0e, bessel_i1e: besselI1e },
} satisfies SpecialMath & {
  functions: Record<(typeof SPECIAL_FUNCTIONS)[number], unknown>;
  expansions: Record<(typeof SPECIAL_EXPANSIONS)[number], unknown>;
};
