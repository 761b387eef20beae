/** The clipped objective of proximal policy optimisation, said with `if` for one action. */
import { jit, type Num, num, numpy as np, type Tensor, vmap } from "tilework";

const CLIP = 0.2;

/** -min(r·A, clip(r)·A), where r is how much likelier the action has become. */
export const clippedLoss = jit(function clippedLoss(logProbability: Num<[]>, before: Num<[]>, advantage: Num<[]>) {
  const ratio = np.exp(logProbability - before);
  if (advantage >= 0) {
    // good actions gain nothing beyond 1 + ε
    if (ratio > 1 + CLIP) return -(1 + CLIP) * advantage;
  } else if (ratio < 1 - CLIP) {
    // bad ones nothing below 1 - ε
    return -(1 - CLIP) * advantage;
  }
  return -ratio * advantage;
});

export const batchLoss = jit((logProbabilities: Tensor, before: Tensor, advantages: Tensor) =>
  np.mean(num(vmap(clippedLoss)(logProbabilities, before, advantages))),
);
