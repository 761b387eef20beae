/** Products keep being products: a batch axis becomes a free axis, a batch axis of the product, or features of a convolution. */
import type { Builder } from "../../../ir/builder.js";
import { type Dim, dimFloorDiv, dimMul } from "../../../ir/dim.js";
import type { ContractionOps, ConvParams } from "../../../ir/ops/index.js";
import type { Atom } from "../../../ir/program.js";
import type { Rules } from "../../../ir/rules.js";
import { type BatchDim, mergeAxis, moveAxis, rankOf, shiftAll, splitAxis, staticSize } from "../axes.js";
import { type BatchKind, type BatchOut, same, someDim } from "../rule.js";

/** Axes of one element before `dim` that stay free. */
function freeBefore(dim: number, contract: readonly number[], batch: readonly number[]): number {
  return dim - [...contract, ...batch].filter((a) => a < dim).length;
}

export const contraction = {
  dot_general: (b, [x, y], [xDim, yDim], p) => {
    const { lhsContract, rhsContract, lhsBatch, rhsBatch } = p;
    const lhs = (d: number | null) => (axes: readonly number[]) => (d === null ? [...axes] : shiftAll(axes, d));
    const l = lhs(xDim);
    const r = lhs(yDim);
    const shifted = {
      ...p,
      lhsContract: l(lhsContract),
      lhsBatch: l(lhsBatch),
      rhsContract: r(rhsContract),
      rhsBatch: r(rhsBatch),
    };
    if (xDim !== null && yDim !== null) {
      const params = { ...shifted, lhsBatch: [xDim, ...shifted.lhsBatch], rhsBatch: [yDim, ...shifted.rhsBatch] };
      return same([b.emit1("dot_general", [x, y], params)], 0);
    }
    const out = b.emit1("dot_general", [x, y], shifted);
    // result axes: batch, free axes of lhs, free axes of rhs
    if (xDim !== null) return same([out], lhsBatch.length + freeBefore(xDim, lhsContract, lhsBatch));
    const dim = someDim([yDim]);
    const lhsFree = rankOf(x, null) - lhsContract.length;
    return same([out], lhsFree + freeBefore(dim, rhsContract, rhsBatch));
  },

  conv_general_dilated: (b, [x, w], dims, p) => conv(b, x, w, dims, p),
} satisfies Rules<ContractionOps, BatchKind>;

/** Folds batch axis `dim` into axis `axis` of an element, right inside of `groups` outer groups: [groups, n, size / groups]. */
function fold(b: Builder, x: Atom, dim: number, axis: number, groups: number): Atom {
  if (groups === 1) return mergeAxis(b, moveAxis(b, x, dim, axis), axis);
  const front = moveAxis(b, x, dim, 0);
  const split = splitAxis(b, front, axis + 1, groups, dimFloorDiv(front.aval.shape[axis + 1], groups));
  return mergeAxis(b, mergeAxis(b, moveAxis(b, split, 0, axis + 1), axis + 1), axis);
}
/** The inverse: the batch axis comes out at `axis`. */
function unfold(b: Builder, x: Atom, axis: number, size: Dim, groups: number): Atom {
  const whole = x.aval.shape[axis];
  if (groups === 1) return splitAxis(b, x, axis, size, dimFloorDiv(whole, size));
  const inner = dimFloorDiv(whole, dimMul(size, groups));
  const split = splitAxis(b, splitAxis(b, x, axis, groups, dimMul(size, inner)), axis + 1, size, inner);
  return mergeAxis(b, moveAxis(b, split, axis + 1, axis), axis + 1);
}

function conv(b: Builder, x: Atom, w: Atom, [xDim, wDim]: readonly BatchDim[], p: ConvParams): BatchOut {
  const { lhsSpec, rhsSpec, outSpec, featureGroupCount, batchGroupCount } = p;
  if (xDim !== null && wDim === null) {
    const size = x.aval.shape[xDim];
    const out = b.emit1("conv_general_dilated", [fold(b, x, xDim, lhsSpec[0], batchGroupCount), w], p);
    // the result's batch holds no groups any more: [n, batch / groups]
    return same([unfold(b, out, outSpec[0], size, 1)], outSpec[0]);
  }
  const dim = someDim([wDim]);
  const size = w.aval.shape[dim];
  const groups = Math.max(featureGroupCount, batchGroupCount);
  if (xDim === null) {
    const out = b.emit1("conv_general_dilated", [x, fold(b, w, dim, rhsSpec[0], groups)], p);
    return same([unfold(b, out, outSpec[1], size, groups)], outSpec[1]);
  }
  // element i is group i: of the batch when the convolution has batch groups already, else of the features
  const byBatch = batchGroupCount > 1;
  const lhs = fold(b, x, xDim, byBatch ? lhsSpec[0] : lhsSpec[1], 1);
  const rhs = fold(b, w, dim, rhsSpec[0], 1);
  const count = staticSize(size, "a convolution");
  const params = byBatch
    ? { ...p, batchGroupCount: batchGroupCount * count }
    : { ...p, featureGroupCount: featureGroupCount * count };
  const out = b.emit1("conv_general_dilated", [lhs, rhs], params);
  return same([unfold(b, out, outSpec[1], size, 1)], outSpec[1]);
}
