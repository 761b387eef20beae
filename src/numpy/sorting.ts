/** Order: sorting, searching, counting. */
import { isFloat } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { canonicalAxis } from "../lax/operand.js";
import { bind, scalar } from "../tracer/frame.js";
import type { Tensor } from "../tracer/tensor.js";
import { promoteDtypes, type TensorLike } from "./promote.js";

export interface SortOptions {
  descending?: boolean;
  stable?: boolean;
}
function flatOr(x: Tensor, axis: number | null): [Tensor, number] {
  return axis === null ? [lax.reshape(x, [-1]), 0] : [x, canonicalAxis("sort", axis, x.ndim)];
}
/** Ascending (NaN last) along an axis; null sorts the flattened array. */
export function sort(x: Tensor, axis: number | null = -1, options: SortOptions = {}): Tensor {
  const [t, a] = flatOr(x, axis);
  const s = lax.sort(t, { axis: a, stable: options.stable ?? true });
  return options.descending ? lax.rev(s, [a]) : s;
}
/** The positions that sort the array. */
export function argsort(x: Tensor, axis: number | null = -1, options: SortOptions = {}): Tensor {
  const [t, a] = flatOr(x, axis);
  if (options.descending) {
    // reversed before and after, so that equals keep their order
    const n = t.shape[a];
    const back = argsort(lax.rev(t, [a]), a, { stable: options.stable ?? true });
    return lax.rev(lax.sub(lax.full(back.aval.shape, n - 1, "i32"), back), [a]);
  }
  const i = lax.broadcastedIota("i32", t.aval.shape, a);
  return lax.sort([t, i], { axis: a, numKeys: 1, stable: options.stable ?? true })[1];
}
export function lexsort(keys: readonly Tensor[], axis = -1): Tensor {
  const a = canonicalAxis("lexsort", axis, keys[0].ndim);
  const i = lax.broadcastedIota("i32", keys[0].aval.shape, a);
  const sorted = lax.sort([...[...keys].reverse(), i], { axis: a, numKeys: keys.length });
  return sorted[sorted.length - 1];
}
/** Where `v` would be inserted in the sorted vector `a` to keep it sorted. */
export function searchsorted(a: Tensor, v: TensorLike, options: { side?: "left" | "right" } = {}): Tensor {
  const [sorted, query] = promoteDtypes("searchsorted", [a, v]);
  const n = sorted.shape[0];
  const shape = query.aval.shape;
  let low = lax.full(shape, 0, "i32");
  let high = lax.full(shape, n, "i32");
  const rounds = Math.max(1, Math.ceil(Math.log2(n + 1)));
  for (let r = 0; r < rounds; r++) {
    const middle = lax.shiftRightArithmetic(lax.add(low, high), lax.full(shape, 1, "i32"));
    const x = lax.gather(sorted, lax.expandDims(middle, [shape.length]), {
      dims: {
        offsetDims: [],
        collapsedSliceDims: [0],
        operandBatchingDims: [],
        startIndicesBatchingDims: [],
        startIndexMap: [0],
      },
      sliceSizes: [1],
      mode: "clip",
    });
    const open = lax.lt(low, high);
    const right = lax.bitwiseAnd(open, options.side === "right" ? lax.le(x, query) : lax.lt(x, query));
    const left = lax.bitwiseAnd(open, lax.not(right));
    low = lax.select(right, lax.add(middle, 1), low);
    high = lax.select(left, middle, high);
  }
  return low;
}
export function digitize(x: Tensor, bins: Tensor, options: { right?: boolean } = {}): Tensor {
  return searchsorted(bins, x, { side: options.right ? "left" : "right" });
}
/** How often 0, 1, … length-1 occur; with weights, their sums. */
export function bincount(x: Tensor, options: { weights?: Tensor; length: number }): Tensor {
  const w = options.weights ?? lax.full(x.aval.shape, 1, "i32");
  return bind(
    "scatter_add",
    [lax.full([options.length], 0, w.aval.dtype), lax.expandDims(lax.convertElementType(x, "i32"), [1]), w],
    {
      dims: {
        updateWindowDims: [],
        insertedWindowDims: [0],
        operandBatchingDims: [],
        scatterIndicesBatchingDims: [],
        scatterDimsToOperandDims: [0],
      },
      mode: "fill",
      uniqueIndices: false,
    },
  )[0];
}
/** [counts, edges] of equally wide bins over a range. */
export function histogram(x: Tensor, bins = 10, range: readonly [number, number] = [0, 1]): [Tensor, Tensor] {
  const flat = lax.reshape(isFloat(x.aval.dtype) ? x : lax.convertElementType(x, "f32"), [-1]);
  const width = (range[1] - range[0]) / bins;
  const at = lax.convertElementType(lax.floor(lax.div(lax.sub(flat, range[0]), width)), "i32");
  // the last bin is closed on the right
  const closed = lax.select(lax.eq(flat, range[1]), lax.full(at.aval.shape, bins - 1, "i32"), at);
  const edges = lax.add(lax.mul(lax.iota(flat.aval.dtype, bins + 1), width), range[0]);
  return [
    bincount(lax.select(lax.lt(flat, range[0]), lax.full(at.aval.shape, bins, "i32"), closed), { length: bins }),
    edges,
  ];
}
/** Linear interpolation of the points (xp, fp), xp ascending; constant outside. */
export function interp(x: Tensor, xp: Tensor, fp: Tensor): Tensor {
  const [q, px, py] = promoteDtypes("interp", [x, xp, fp]);
  const n = px.shape[0];
  const i = lax.clamp(scalar(1, "i32"), searchsorted(px, q, { side: "right" }), scalar(n - 1, "i32"));
  const pick = (t: Tensor, k: Tensor): Tensor =>
    lax.gather(t, lax.expandDims(k, [k.ndim]), {
      dims: {
        offsetDims: [],
        collapsedSliceDims: [0],
        operandBatchingDims: [],
        startIndicesBatchingDims: [],
        startIndexMap: [0],
      },
      sliceSizes: [1],
      mode: "clip",
    });
  const before = lax.sub(i, 1);
  const [x0, x1, y0, y1] = [pick(px, before), pick(px, i), pick(py, before), pick(py, i)];
  const t = lax.div(lax.sub(q, x0), lax.sub(x1, x0));
  return lax.add(y0, lax.mul(lax.clamp(0, t, 1), lax.sub(y1, y0)));
}
