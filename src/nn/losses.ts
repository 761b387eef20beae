/** Losses. Means over all elements unless `reduction` says otherwise. */
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { isInt } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import * as np from "../numpy/index.js";
import type { Tensor } from "../tracer/tensor.js";
import { logSigmoid, logSoftmax } from "./activations.js";

export type Reduction = "mean" | "sum" | "none";
export interface LossOptions {
  reduction?: Reduction;
}
function reduce(x: Tensor, options: LossOptions): Tensor {
  return options.reduction === "none" ? x : options.reduction === "sum" ? np.sum(x) : np.mean(x);
}
/** Cross-entropy of logits [..., classes] with integer labels [...] or with probabilities [..., classes], in nats. */
export function crossEntropy(logits: Tensor, labels: Tensor, options: LossOptions = {}): Tensor {
  const logp = logSoftmax(logits, -1);
  if (isInt(labels.aval.dtype)) {
    if (labels.ndim !== logits.ndim - 1 || labels.shape.some((d, i) => d !== logits.shape[i])) {
      fail("TW2001", `crossEntropy: labels ${printAval(labels.aval)} do not fit logits ${printAval(logits.aval)}`, {
        help: "integer labels have the shape of the logits without the last axis; probabilities have the shape of the logits",
      });
    }
    const picked = np.takeAlongAxis(logp, lax.expandDims(labels, [labels.ndim]), -1);
    return reduce(lax.neg(lax.squeeze(picked, [picked.ndim - 1])), options);
  }
  if (labels.ndim !== logits.ndim)
    fail(
      "TW2001",
      `crossEntropy: probabilities ${printAval(labels.aval)} do not fit logits ${printAval(logits.aval)}`,
      { help: "give integer labels, or probabilities of the logits' shape" },
    );
  return reduce(lax.neg(np.sum(np.multiply(logp, labels), -1)), options);
}
/** Cross-entropy of independent bits: labels in [0, 1]. */
export function binaryCrossEntropy(logits: Tensor, labels: Tensor, options: LossOptions = {}): Tensor {
  const p = np.multiply(labels, logSigmoid(logits));
  const q = np.multiply(np.subtract(1, labels), logSigmoid(lax.neg(logits)));
  return reduce(lax.neg(np.add(p, q)), options);
}
function sameShapes(what: string, a: Tensor, b: Tensor): void {
  if (a.ndim !== b.ndim || a.shape.some((d, i) => d !== b.shape[i])) {
    fail("TW2001", `${what}: ${printAval(a.aval)} and ${printAval(b.aval)} differ in shape`, {
      help: "a loss compares arrays of one shape; reshape or squeeze one side",
    });
  }
}
export function meanSquaredError(predictions: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  sameShapes("meanSquaredError", predictions, targets);
  return reduce(np.square(np.subtract(predictions, targets)), options);
}
export function meanAbsoluteError(predictions: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  sameShapes("meanAbsoluteError", predictions, targets);
  return reduce(np.abs(np.subtract(predictions, targets)), options);
}
/** Quadratic within `delta` of the target, linear beyond. Huber 1964. */
export function huber(predictions: Tensor, targets: Tensor, options: LossOptions & { delta?: number } = {}): Tensor {
  sameShapes("huber", predictions, targets);
  const delta = options.delta ?? 1;
  const e = np.abs(np.subtract(predictions, targets));
  const inside = np.minimum(e, delta);
  return reduce(np.add(np.multiply(np.square(inside), 0.5), np.multiply(np.subtract(e, inside), delta)), options);
}
/** Kullback–Leibler divergence of log-probabilities from target probabilities along the last axis. */
export function klDivergence(logPredictions: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  const safe = np.where(np.greater(targets, 0), targets, 1);
  return reduce(np.sum(np.multiply(targets, np.subtract(np.log(safe), logPredictions)), -1), options);
}
export function hinge(scores: Tensor, labels: Tensor, options: LossOptions = {}): Tensor {
  return reduce(np.maximum(np.subtract(1, np.multiply(scores, labels)), 0), options);
}
