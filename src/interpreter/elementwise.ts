/** All elementwise primitives: arithmetic, and the special functions. */
import type { ElementwiseOps } from "../ir/ops/index.js";
import type { Rules } from "../ir/rules.js";
import { arithmetic, real } from "./arithmetic.js";
import type { InterpretKind } from "./rule.js";
import { i0e, i1e } from "./special/bessel.js";
import { betainc } from "./special/beta.js";
import { erf, erfc, erfInv } from "./special/erf.js";
import { digamma, lgamma, polygamma, zeta } from "./special/gamma.js";
import { igamma, igammac, igammaGradA, randomGammaGrad } from "./special/igamma.js";

export const elementwise = {
  ...arithmetic,
  erf: real(erf),
  erfc: real(erfc),
  erf_inv: real(erfInv),
  lgamma: real(lgamma),
  digamma: real(digamma),
  bessel_i0e: real(i0e),
  bessel_i1e: real(i1e),
  igamma: real(igamma),
  igammac: real(igammac),
  igamma_grad_a: real(igammaGradA),
  random_gamma_grad: real(randomGammaGrad),
  polygamma: real(polygamma),
  zeta: real(zeta),
  regularized_incomplete_beta: real(betainc),
} satisfies Rules<ElementwiseOps, InterpretKind>;
