/** Losses. Means over all elements unless `reduction` says otherwise. */
import type { TensorLike } from "../lax/operand.js";
import type { Like } from "../tracer/num.js";
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { dimEqual, type Shape } from "../ir/dim.js";
import { isInt } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import * as np from "../numpy/index.js";
import { operand } from "../lax/operand.js";
import type { Tensor } from "../tracer/tensor.js";
import { logSigmoid, logSoftmax } from "./activations.js";

export type Reduction = "mean" | "sum" | "none";
export interface LossOptions {
  reduction?: Reduction;
  /** Which of the losses count in the mean or sum; broadcast to them. */
  where?: Tensor;
}
function reduce(x: Tensor, options: LossOptions): Tensor {
  const { reduction = "mean", where } = options;
  if (reduction === "none") return where ? np.where(where, x, 0) : x;
  if (reduction !== "mean" && reduction !== "sum") {
    fail("TW2011", `the reduction ${JSON.stringify(reduction)} of a loss is not known`, {
      help: "one of mean, sum, none",
    });
  }
  return (reduction === "sum" ? np.sum : np.mean)(x, where ? { where } : {});
}
export interface CrossEntropyOptions extends LossOptions {
  /** This share of the target is spread evenly over all classes (Szegedy et al. 2016). */
  labelSmoothing?: number;
}
/** Cross-entropy of logits [..., classes] with integer labels [...] or with probabilities [..., classes], in nats. */
export function crossEntropy<X extends TensorLike, Y extends TensorLike>(
  logits: X,
  labels: Y,
  options?: CrossEntropyOptions,
): Like<X | Y>;
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const logp = logSoftmax(logits, -1);
  const smoothing = options.labelSmoothing ?? 0;
  if (!(smoothing >= 0 && smoothing <= 1)) {
    fail("TW2011", `crossEntropy: labelSmoothing ${smoothing}`, { help: "give a share from 0 to 1" });
  }
  const smooth = (exact: Tensor): Tensor =>
    smoothing === 0
      ? exact
      : np.add(np.multiply(exact, 1 - smoothing), np.multiply(lax.neg(np.mean(logp, -1)), smoothing));
  if (isInt(labels.aval.dtype)) {
    if (labels.ndim !== logits.ndim - 1 || differ(labels.aval.shape, logits.aval.shape)) {
      fail("TW2001", `crossEntropy: labels ${printAval(labels.aval)} do not fit logits ${printAval(logits.aval)}`, {
        help: "integer labels have the shape of the logits without the last axis; probabilities have the shape of the logits",
      });
    }
    const picked = np.takeAlongAxis(logp, lax.expandDims(labels, [labels.ndim]), -1);
    return reduce(smooth(lax.neg(lax.squeeze(picked, [picked.ndim - 1]))), options);
  }
  if (labels.ndim !== logits.ndim || differ(labels.aval.shape, logits.aval.shape))
    fail(
      "TW2001",
      `crossEntropy: probabilities ${printAval(labels.aval)} do not fit logits ${printAval(logits.aval)}`,
      { help: "give integer labels, or probabilities of the logits' shape" },
    );
  return reduce(smooth(lax.neg(np.sum(np.multiply(logp, labels), -1))), options);
}
/** Cross-entropy of independent bits: labels in [0, 1]. */
export function binaryCrossEntropy<X extends TensorLike, Y extends TensorLike>(
  logits: X,
  labels: Y,
  options?: LossOptions,
): Like<X | Y>;
export function binaryCrossEntropy(logits: Tensor, labels: Tensor, options: LossOptions = {}): Tensor {
  sameShapes("binaryCrossEntropy", logits, labels);
  const p = np.multiply(labels, logSigmoid(logits));
  const q = np.multiply(np.subtract(1, labels), logSigmoid(lax.neg(logits)));
  return reduce(lax.neg(np.add(p, q)), options);
}
/** Whether a size of `a` is certainly not that of `b`. */
function differ(a: Shape, b: Shape): boolean {
  return a.some((d, i) => dimEqual(d, b[i]) === false);
}
function sameShapes(what: string, a: Tensor, b: Tensor): void {
  a = operand(what, a);
  b = operand(what, b);
  if (a.ndim !== b.ndim || differ(a.aval.shape, b.aval.shape)) {
    fail("TW2001", `${what}: ${printAval(a.aval)} and ${printAval(b.aval)} differ in shape`, {
      help: "a loss compares arrays of one shape; reshape or squeeze one side",
    });
  }
}
/** (prediction - target)², reduced (by default the mean); same shapes. */
export function meanSquaredError<X extends TensorLike, Y extends TensorLike>(
  predictions: X,
  targets: Y,
  options?: LossOptions,
): Like<X | Y>;
export function meanSquaredError(predictions: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  sameShapes("meanSquaredError", predictions, targets);
  return reduce(np.square(np.subtract(predictions, targets)), options);
}
/** |prediction - target|, reduced (by default the mean); same shapes. */
export function meanAbsoluteError<X extends TensorLike, Y extends TensorLike>(
  predictions: X,
  targets: Y,
  options?: LossOptions,
): Like<X | Y>;
export function meanAbsoluteError(predictions: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  sameShapes("meanAbsoluteError", predictions, targets);
  return reduce(np.abs(np.subtract(predictions, targets)), options);
}
/** Quadratic within `delta` of the target, linear beyond. Huber 1964. */
export function huber<X extends TensorLike, Y extends TensorLike>(
  predictions: X,
  targets: Y,
  options?: LossOptions & { delta?: number },
): Like<X | Y>;
export function huber(predictions: Tensor, targets: Tensor, options: LossOptions & { delta?: number } = {}): Tensor {
  sameShapes("huber", predictions, targets);
  const delta = options.delta ?? 1;
  const e = np.abs(np.subtract(predictions, targets));
  const inside = np.minimum(e, delta);
  return reduce(np.add(np.multiply(np.square(inside), 0.5), np.multiply(np.subtract(e, inside), delta)), options);
}
/** Kullback–Leibler divergence of log-probabilities from target probabilities along the last axis. */
export function klDivergence<X extends TensorLike, Y extends TensorLike>(
  logPredictions: X,
  targets: Y,
  options?: LossOptions,
): Like<X | Y>;
export function klDivergence(logPredictions: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  const safe = np.where(np.greater(targets, 0), targets, 1);
  return reduce(np.sum(np.multiply(targets, np.subtract(np.log(safe), logPredictions)), -1), options);
}
/** max(0, 1 - label · score) for labels -1 and 1, reduced (by default the mean). */
export function hinge<X extends TensorLike, Y extends TensorLike>(
  scores: X,
  labels: Y,
  options?: LossOptions,
): Like<X | Y>;
export function hinge(scores: Tensor, labels: Tensor, options: LossOptions = {}): Tensor {
  return reduce(np.maximum(np.subtract(1, np.multiply(scores, labels)), 0), options);
}
