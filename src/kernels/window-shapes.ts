/** Shapes of pooling as kernels see them: the leading axes along which no window slides are one. */
import { type Dim, dimProduct, type Shape } from "../ir/dim.js";
import type { ReductionOps } from "../ir/ops/index.js";

export interface WindowShapes {
  readonly batch: Dim;
  /** Of one element of the batch, whose axis comes first, with size 1. */
  readonly source: Shape;
  readonly operand: Shape;
}
type Params = ReductionOps["select_and_scatter_add"];

export function windowShapes(params: Params, source: Shape, operand: Shape): [Params, WindowShapes] {
  const { windowDims, strides, padding } = params;
  let batch = 0;
  while (
    batch < operand.length &&
    windowDims[batch] === 1 &&
    strides[batch] === 1 &&
    padding[batch].every((p) => p === 0)
  )
    batch++;
  // the last axis, if it is one of them, stays what it is: its neighbours are computed side by side
  batch = Math.min(batch, Math.max(operand.length - 1, 0));
  const turned = {
    ...params,
    windowDims: [1, ...windowDims.slice(batch)],
    strides: [1, ...strides.slice(batch)],
    padding: [[0, 0] as const, ...padding.slice(batch)],
  };
  const rest = (shape: Shape): Shape => [1, ...shape.slice(batch)];
  return [turned, { batch: dimProduct(operand.slice(0, batch)), source: rest(source), operand: rest(operand) }];
}
