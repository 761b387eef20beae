/** Primitives that rearrange elements: the batch axis is one more axis that nothing happens to. */
import { internal } from "../../../diagnostics/error.js";
import type { MovementOps } from "../../../ir/ops/index.js";
import type { Rules } from "../../../ir/rules.js";
import { broadcastBatch, elementShape, insertAt, moveAxis, shift, shiftAll, sliceAxis } from "../axes.js";
import { aligned, type BatchKind, same, someDim } from "../rule.js";
import { range } from "../../../util/index.js";

export const movement = {
  reshape: (b, [x], dims, { shape }, { axisSize }) => {
    const dim = someDim(dims);
    // axes that keep their place in front of the batch axis need no transpose
    const old = elementShape(x, dim);
    const kept = range(dim).every((a) => a < shape.length && old[a] === shape[a]);
    const at = kept ? dim : 0;
    return same([b.reshape(moveAxis(b, x, dim, at), insertAt(shape, at, axisSize))], at);
  },
  transpose: (b, [x], dims, { perm }) => {
    const dim = someDim(dims);
    return same([b.transpose(x, [dim, ...shiftAll(perm, dim)])], 0);
  },
  broadcast_in_dim: (b, [x], dims, { shape, dims: to }, { axisSize }) => {
    const dim = someDim(dims);
    // right after the result axis of the operand's axis before it, so that the order stays
    const at = dim === 0 ? 0 : to[dim - 1] + 1;
    const places = insertAt(to.slice(0, dim), dim, at).concat(to.slice(dim).map((a) => a + 1));
    return same([b.broadcast(x, insertAt(shape, at, axisSize), places)], at);
  },
  slice: (b, [x], dims, { start, limit, strides }, { axisSize }) => {
    const dim = someDim(dims);
    const params = {
      start: insertAt(start, dim, 0),
      limit: insertAt(limit, dim, axisSize),
      strides: insertAt(strides, dim, 1),
    };
    return same([b.emit1("slice", [x], params)], dim);
  },
  pad: (b, [x, fill], [xDim, fillDim], { low, high, interior }, { axisSize }) => {
    const dim = xDim ?? 0;
    const operand = xDim === null ? broadcastBatch(b, x, 0, axisSize) : x;
    const params = {
      low: insertAt(low, dim, 0),
      high: insertAt(high, dim, 0),
      interior: insertAt(interior, dim, 0),
    };
    if (fillDim === null) return same([b.emit1("pad", [operand, fill], params)], dim);
    // each element has its own fill: pad with any of them, then put the right one where no operand stands
    const first = b.reshape(sliceAxis(b, fill, 0, 0, 1), []);
    const padded = b.emit1("pad", [operand, first], params);
    const inside = b.emit1("pad", [b.full(operand.aval.shape, true, "bool"), b.scalar(false, "bool")], params);
    return same([b.select(inside, padded, b.broadcast(fill, padded.aval.shape, [dim]))], dim);
  },
  concatenate: aligned((p, dim) => ({ axis: shift(p.axis, dim) })),
  rev: aligned((p, dim) => ({ axes: shiftAll(p.axes, dim) })),
  iota: () => internal("iota has no operands and is never batched"),
} satisfies Rules<MovementOps, BatchKind>;
