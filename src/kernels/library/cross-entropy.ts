/** Cross-entropy of logits against class numbers. Probabilities are never in memory: forward keeps one number of each row. */
import { kernel } from "../../dsl/kernel/own.js";
import { customVjp } from "../../tracer/custom.js";
import type { Tensor } from "../../tracer/tensor.js";
import { arange, cast, exp, load, log, max, programId, type Ref, store, sum } from "../../dsl/kernel/index.js";
import { asRows } from "./rows.js";
import { reshape } from "../../lax/structure.js";

/** Of each row of logits [rows, classes] its loss and log Σ e^x. */
export const crossEntropyKernel = kernel<readonly Tensor[]>(
  function crossEntropy(logits: Ref, labels: Ref, loss: Ref, logSum: Ref) {
    const row = programId(0);
    const v = load(logits, [row, null]);
    const top = max(v);
    const total = top + log(sum(exp(v - top)));
    store(logSum, [row], total);
    store(loss, [row], total - load(logits, [row, load(labels, [row])]));
  },
  {
    out: (x: Tensor) => [
      { shape: [x.shape[0]], dtype: x.dtype },
      { shape: [x.shape[0]], dtype: x.dtype },
    ],
    grid: (x: Tensor) => x.shape[0],
  },
);

/** (softmax(x) - [class = label]) g */
const crossEntropyBackward = kernel(
  function crossEntropyBackward(logits: Ref, labels: Ref, logSum: Ref, g: Ref, out: Ref) {
    const row = programId(0);
    const p = exp(load(logits, [row, null]) - load(logSum, [row]));
    const hit = cast(arange(logits.shape[1]) === load(labels, [row]), logits.dtype);
    store(out, [row, null], (p - hit) * load(g, [row]));
  },
  { out: (x: Tensor) => x, grid: (x: Tensor) => x.shape[0] },
);

const onRows = customVjp((x: Tensor, labels: Tensor) => crossEntropyKernel(x, labels)[0]).defvjp(
  (x, labels) => {
    const [loss, logSum] = crossEntropyKernel(x, labels);
    return [loss, [x, labels, logSum]];
  },
  ([x, labels, logSum]: Tensor[], g) => [crossEntropyBackward(x, labels, logSum, g), null],
);

/** -log softmax(logits)[label] along the last axis, for integer labels of the leading axes' shape: one loss for each of them. */
export function crossEntropy(logits: Tensor, labels: Tensor): Tensor {
  const loss = onRows(asRows(logits), labels.ndim === 1 ? labels : reshape(labels, [labels.size]));
  return labels.ndim === 1 ? loss : reshape(loss, labels.shape);
}
