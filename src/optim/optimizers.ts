/** Optimisers as people name them. */
import {
  addDecayedWeights,
  type AdamOptions,
  chain,
  type GradientTransformation,
  identity,
  type Schedule,
  scaleByAdam,
  scaleByLearningRate,
  scaleByLion,
  scaleByRms,
  scaleByRss,
  trace,
  type Tree,
} from "./transform.js";

/** Stochastic gradient descent, with momentum if asked for. */
export function sgd(
  learningRate: Schedule,
  options: { momentum?: number; nesterov?: boolean } = {},
): GradientTransformation {
  return chain(
    options.momentum ? trace(options.momentum, options.nesterov) : identity(),
    scaleByLearningRate(learningRate),
  );
}
/**
 * Kingma & Ba 2015.
 * @example
 * const tx = optim.adam(1e-3);
 * let state = tx.init(params);
 * [updates, state] = tx.update(grads, state, params);
 * params = optim.applyUpdates(params, updates);
 */
export function adam(learningRate: Schedule, options: AdamOptions = {}): GradientTransformation {
  return chain(scaleByAdam(options), scaleByLearningRate(learningRate));
}
/** Adam with decoupled weight decay (Loshchilov & Hutter 2019). */
export function adamw(
  learningRate: Schedule,
  options: AdamOptions & { weightDecay?: number; mask?: (params: Tree) => Tree } = {},
): GradientTransformation {
  return chain(
    scaleByAdam(options),
    addDecayedWeights(options.weightDecay ?? 1e-4, options.mask),
    scaleByLearningRate(learningRate),
  );
}
/** RMSProp (Tieleman & Hinton 2012): gradients over a running root mean square. */
export function rmsprop(
  learningRate: Schedule,
  options: { decay?: number; eps?: number; momentum?: number } = {},
): GradientTransformation {
  return chain(
    scaleByRms(options.decay, options.eps),
    scaleByLearningRate(learningRate),
    options.momentum ? trace(options.momentum) : identity(),
  );
}
/** Steps shrink with the sum of all squared gradients so far (Duchi et al. 2011). */
export function adagrad(
  learningRate: Schedule,
  options: { initialAccumulator?: number; eps?: number } = {},
): GradientTransformation {
  return chain(scaleByRss(options.initialAccumulator, options.eps), scaleByLearningRate(learningRate));
}
/** The sign of an interpolated momentum (Chen et al. 2023). */
export function lion(
  learningRate: Schedule,
  options: { b1?: number; b2?: number; weightDecay?: number; mask?: (params: Tree) => Tree } = {},
): GradientTransformation {
  return chain(
    scaleByLion(options.b1, options.b2),
    addDecayedWeights(options.weightDecay ?? 1e-3, options.mask),
    scaleByLearningRate(learningRate),
  );
}
