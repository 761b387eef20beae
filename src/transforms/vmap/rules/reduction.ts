/** Reductions keep the batch axis; windows get a unit window on it. */
import type { Axes, Cumulative, ReductionOps, Window } from "../../../ir/ops/index.js";
import type { Rules } from "../../../ir/rules.js";
import { insertAt, shift, shiftAll } from "../axes.js";
import { aligned, type BatchKind, reduceLike } from "../rule.js";

const reduce = reduceLike<Axes>(
  (p) => p.axes,
  (p, dim) => ({ ...p, axes: shiftAll(p.axes, dim) }),
);
const argReduce = reduceLike<{ readonly axis: number }>(
  (p) => [p.axis],
  (p, dim) => ({ ...p, axis: shift(p.axis, dim) }),
);
const cumulative = aligned<Cumulative>((p, dim) => ({ ...p, axis: shift(p.axis, dim) }));

const NO_PADDING: readonly [number, number] = [0, 0];
type AnyWindow = Omit<Window, "baseDilation" | "windowDilation"> & Partial<Window>;
const windowed = aligned<AnyWindow>((p, dim) => ({
  ...p,
  windowDims: insertAt(p.windowDims, dim, 1),
  strides: insertAt(p.strides, dim, 1),
  padding: insertAt(p.padding, dim, NO_PADDING),
  ...(p.baseDilation ? { baseDilation: insertAt(p.baseDilation, dim, 1) } : {}),
  ...(p.windowDilation ? { windowDilation: insertAt(p.windowDilation, dim, 1) } : {}),
}));

export const reduction = {
  reduce_sum: reduce,
  reduce_prod: reduce,
  reduce_max: reduce,
  reduce_min: reduce,
  reduce_and: reduce,
  reduce_or: reduce,
  reduce_xor: reduce,
  argmax: argReduce,
  argmin: argReduce,
  cumsum: cumulative,
  cumprod: cumulative,
  cummax: cumulative,
  cummin: cumulative,
  cumlogsumexp: cumulative,
  reduce_window: windowed,
  select_and_scatter_add: windowed,
  select_and_gather_add: windowed,
} satisfies Rules<ReductionOps, BatchKind>;
