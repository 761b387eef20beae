/** softmax and its logarithm along the last axis: a row is one block. */
import { kernel } from "../../dsl/kernel/own.js";
import { customVjp } from "../../tracer/custom.js";
import type { Tensor } from "../../tracer/tensor.js";
import { exp, load, log, max, programId, type Ref, store, sum } from "../../dsl/kernel/index.js";
import { asRows, fromRows } from "./rows.js";

const likeFirst = { out: (x: Tensor) => x, grid: (x: Tensor) => x.shape[0] };

/** [rows, cols]; `grad` makes its adjoint kernel. */
export const softmaxKernel = kernel(function softmax(x: Ref, out: Ref) {
  const row = programId(0);
  const v = load(x, [row, null]);
  const e = exp(v - max(v));
  store(out, [row, null], e / sum(e));
}, likeFirst);

/** p (g - Σ p g) */
const softmaxBackward = kernel(function softmaxBackward(p: Ref, g: Ref, out: Ref) {
  const row = programId(0);
  const probability = load(p, [row, null]);
  const weighted = probability * load(g, [row, null]);
  store(out, [row, null], weighted - probability * sum(weighted));
}, likeFirst);

const onRows = customVjp((x: Tensor) => softmaxKernel(x)).defvjp(
  (x) => {
    const p = softmaxKernel(x);
    return [p, p];
  },
  (p, g) => [softmaxBackward(p, g)],
);

/** softmax along the last axis. */
export const softmax = (x: Tensor): Tensor => fromRows(onRows(asRows(x)), x);

export const logSoftmaxKernel = kernel(function logSoftmax(x: Ref, out: Ref) {
  const row = programId(0);
  const v = load(x, [row, null]);
  const shifted = v - max(v);
  store(out, [row, null], shifted - log(sum(exp(shifted))));
}, likeFirst);

/** g - e^y Σ g */
const logSoftmaxBackward = kernel(function logSoftmaxBackward(y: Ref, g: Ref, out: Ref) {
  const row = programId(0);
  const cotangent = load(g, [row, null]);
  store(out, [row, null], cotangent - exp(load(y, [row, null])) * sum(cotangent));
}, likeFirst);

const logOnRows = customVjp((x: Tensor) => logSoftmaxKernel(x)).defvjp(
  (x) => {
    const y = logSoftmaxKernel(x);
    return [y, y];
  },
  (y, g) => [logSoftmaxBackward(y, g)],
);

/** log softmax along the last axis. */
export const logSoftmax = (x: Tensor): Tensor => fromRows(logOnRows(asRows(x)), x);
