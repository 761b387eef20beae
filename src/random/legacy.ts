/**
 * All samplers with JAX's older order of counters (`jax_threefry_partitionable=False`), for programs that must reproduce
 * its numbers: `import { random } from "tilework"; const { normal, split } = random.legacy`. Keys are the same in both.
 */
import * as binomials from "./binomial.js";
import * as continuous from "./continuous.js";
import * as discrete from "./discrete.js";
import * as gammas from "./gamma.js";
import * as keys from "./keys.js";
import * as multivariate from "./multivariate.js";
import * as selection from "./selection.js";
import * as uniforms from "./uniform.js";

const { key, PRNGKey, keyData, wrapKeyData, keyImpl, clone } = keys;

export const legacy = {
  key,
  PRNGKey,
  keyData,
  wrapKeyData,
  keyImpl,
  clone,
  split: keys.split.legacy,
  foldIn: keys.foldIn.legacy,
  bits: uniforms.bits.legacy,
  uniform: uniforms.uniform.legacy,
  randint: uniforms.randint.legacy,
  normal: continuous.normal.legacy,
  exponential: continuous.exponential.legacy,
  cauchy: continuous.cauchy.legacy,
  laplace: continuous.laplace.legacy,
  logistic: continuous.logistic.legacy,
  maxwell: continuous.maxwell.legacy,
  gumbel: continuous.gumbel.legacy,
  truncatedNormal: continuous.truncatedNormal.legacy,
  lognormal: continuous.lognormal.legacy,
  pareto: continuous.pareto.legacy,
  rayleigh: continuous.rayleigh.legacy,
  weibullMin: continuous.weibullMin.legacy,
  triangular: continuous.triangular.legacy,
  wald: continuous.wald.legacy,
  doubleSidedMaxwell: continuous.doubleSidedMaxwell.legacy,
  gamma: gammas.gamma.legacy,
  loggamma: gammas.loggamma.legacy,
  beta: gammas.beta.legacy,
  dirichlet: gammas.dirichlet.legacy,
  chisquare: gammas.chisquare.legacy,
  f: gammas.f.legacy,
  t: gammas.t.legacy,
  multivariateNormal: multivariate.multivariateNormal.legacy,
  orthogonal: multivariate.orthogonal.legacy,
  generalizedNormal: multivariate.generalizedNormal.legacy,
  ball: multivariate.ball.legacy,
  bernoulli: discrete.bernoulli.legacy,
  rademacher: discrete.rademacher.legacy,
  categorical: discrete.categorical.legacy,
  poisson: discrete.poisson.legacy,
  geometric: discrete.geometric.legacy,
  binomial: binomials.binomial.legacy,
  multinomial: binomials.multinomial.legacy,
  permutation: selection.permutation.legacy,
  choice: selection.choice.legacy,
};
