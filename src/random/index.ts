/** Random numbers after `jax.random`: explicit keys, and for the same key the same bits as JAX. `import { random } from "tilework"` */
export { clone, foldIn, key, keyData, keyImpl, PRNGKey, split, wrapKeyData } from "./keys.js";
export { bits, randint, uniform } from "./uniform.js";
export {
  cauchy,
  doubleSidedMaxwell,
  exponential,
  gumbel,
  laplace,
  logistic,
  lognormal,
  maxwell,
  normal,
  pareto,
  rayleigh,
  triangular,
  truncatedNormal,
  wald,
  weibullMin,
} from "./continuous.js";
export { beta, chisquare, dirichlet, f, gamma, loggamma, t } from "./gamma.js";
export { ball, generalizedNormal, multivariateNormal, orthogonal } from "./multivariate.js";
export { bernoulli, categorical, geometric, poisson, rademacher } from "./discrete.js";
export { binomial, multinomial } from "./binomial.js";
export { choice, permutation } from "./selection.js";
export { legacy } from "./legacy.js";
export { philox4x32, threefry2x32 } from "./threefry.js";
export type { KeyOptions, Keys } from "./keys.js";
export type { UniformOptions } from "./uniform.js";
export type { CategoricalOptions } from "./discrete.js";
export type { ChoiceOptions, PermutationOptions } from "./selection.js";
export type { Sampler } from "./source.js";
