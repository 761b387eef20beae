/** Slices at run-time starts, gather and scatter, straight from XLA's definition of their dimension numbers. */
import { isFloat, isSignedInt, limits } from "../ir/dtype.js";
import type { DType } from "../ir/dtype.js";
import type { GatherDims, IndexingOps, IndexMode, ScatterParams } from "../ir/ops/index.js";
import type { Rules } from "../ir/rules.js";
import { type Element, flatIndex, forEachIndex, isBig, type NDArray, roundTo, zeros } from "./array.js";
import { maxOf, minOf, multiply } from "./arithmetic.js";
import { gatherBy } from "./movement.js";
import type { InterpretContext, InterpretKind } from "./rule.js";
import { range, stridesOf } from "../util/index.js";

const clamp = (x: number, lo: number, hi: number): number => Math.min(Math.max(x, lo), hi);

/** Starts moved so that a slice of `sizes` fits into `shape`. */
function clampStarts(starts: readonly NDArray[], shape: readonly number[], sizes: readonly number[]): number[] {
  return starts.map((s, a) => clamp(Number(s.data[0]), 0, shape[a] - sizes[a]));
}

/** What gather reads out of bounds in mode "fill". */
function fillValue(dtype: DType): Element {
  if (isFloat(dtype)) return Number.NaN;
  if (dtype === "key") return 2n ** 64n - 1n;
  const { min, max } = limits(dtype);
  return isSignedInt(dtype) ? min : max;
}

/**
 * Where the slice that belongs to batch position `batch` (an index of `indices` without its last axis) starts in the
 * operand. undefined: it does not fit and the mode is not "clip".
 */
function sliceStart(
  indices: NDArray,
  batch: readonly number[],
  dims: Pick<GatherDims, "operandBatchingDims" | "startIndicesBatchingDims" | "startIndexMap">,
  shape: readonly number[],
  sizes: readonly number[],
  mode: IndexMode,
): number[] | undefined {
  const start = new Array<number>(shape.length).fill(0);
  const strides = stridesOf(indices.shape);
  const base = flatIndex(batch, strides);
  let fits = true;
  dims.startIndexMap.forEach((axis, k) => {
    const wanted = Number(indices.data[base + k]);
    start[axis] = clamp(wanted, 0, shape[axis] - sizes[axis]);
    if (start[axis] !== wanted) fits = false;
  });
  dims.operandBatchingDims.forEach((axis, i) => {
    start[axis] = batch[dims.startIndicesBatchingDims[i]];
  });
  return fits || mode === "clip" ? start : undefined;
}

const without = (n: number, ...dropped: (readonly number[])[]): number[] =>
  range(n).filter((a) => !dropped.some((d) => d.includes(a)));

type Combine = (old: Element, update: Element, dtype: DType) => Element;

/** Floats are combined in f64 and rounded once, when all updates are in. */
function scatter(
  operand: NDArray,
  indices: NDArray,
  updates: NDArray,
  { dims, mode }: ScatterParams,
  combine: Combine,
): NDArray {
  const rank = operand.shape.length;
  // operand axes that the window axes of updates run over, in order
  const windowAxes = without(rank, dims.insertedWindowDims, dims.operandBatchingDims);
  const sizes = operand.shape.map(() => 1);
  windowAxes.forEach((a, i) => {
    sizes[a] = updates.shape[dims.updateWindowDims[i]];
  });
  const batchAxes = without(updates.shape.length, dims.updateWindowDims);
  const strides = stridesOf(operand.shape);
  const acc = Array.from(operand.data as ArrayLike<Element>);
  const read = {
    operandBatchingDims: dims.operandBatchingDims,
    startIndicesBatchingDims: dims.scatterIndicesBatchingDims,
    startIndexMap: dims.scatterDimsToOperandDims,
  };
  forEachIndex(updates.shape, (index, u) => {
    const batch = batchAxes.map((a) => index[a]);
    const start = sliceStart(indices, batch, read, operand.shape, sizes, mode);
    if (!start) return;
    windowAxes.forEach((a, i) => {
      start[a] += index[dims.updateWindowDims[i]];
    });
    const at = flatIndex(start, strides);
    acc[at] = combine(acc[at], updates.data[u], operand.dtype);
  });
  const out = zeros(operand.shape, operand.dtype);
  acc.forEach((v, i) => {
    out.data[i] = roundTo(operand.dtype, v) as never;
  });
  return out;
}

const settle = (d: DType, v: Element): Element => (isFloat(d) ? v : roundTo(d, v));
type ScatterRule = (ctx: InterpretContext, inputs: readonly NDArray[], params: ScatterParams) => readonly NDArray[];
const scatterWith =
  (combine: Combine): ScatterRule =>
  (_ctx, [operand, indices, updates], params) => [scatter(operand, indices, updates, params, combine)];

export const indexing = {
  dynamic_slice: (ctx, [x, ...starts], params) => {
    const sizes = params.sizes.map(ctx.size);
    const from = clampStarts(starts, x.shape, sizes);
    return [gatherBy(x, sizes, (index) => index.map((i, a) => i + from[a]))];
  },
  dynamic_update_slice: (_ctx, [x, update, ...starts]) => {
    const from = clampStarts(starts, x.shape, update.shape);
    const out: NDArray = { ...x, data: x.data.slice() };
    const strides = stridesOf(x.shape);
    const base = flatIndex(from, strides);
    forEachIndex(update.shape, (index, i) => {
      out.data[base + flatIndex(index, strides)] = update.data[i] as never;
    });
    return [out];
  },
  gather: (ctx, [operand, indices], { dims, mode, ...params }) => {
    const sliceSizes = params.sliceSizes.map(ctx.size);
    const rank = operand.shape.length;
    const kept = without(rank, dims.collapsedSliceDims, dims.operandBatchingDims);
    const outRank = indices.shape.length - 1 + dims.offsetDims.length;
    const batchAxes = without(outRank, dims.offsetDims);
    const shape = new Array<number>(outRank);
    batchAxes.forEach((a, i) => {
      shape[a] = indices.shape[i];
    });
    dims.offsetDims.forEach((a, i) => {
      shape[a] = sliceSizes[kept[i]];
    });
    const out = zeros(shape, operand.dtype);
    const strides = stridesOf(operand.shape);
    forEachIndex(shape, (index, o) => {
      const batch = batchAxes.map((a) => index[a]);
      // outside of what was promised anything may be read; the nearest slice is
      const start = sliceStart(indices, batch, dims, operand.shape, sliceSizes, mode === "fill" ? "fill" : "clip");
      if (!start) {
        out.data[o] = fillValue(operand.dtype) as never;
        return;
      }
      dims.offsetDims.forEach((a, i) => {
        start[kept[i]] += index[a];
      });
      out.data[o] = operand.data[flatIndex(start, strides)] as never;
    });
    return [out];
  },
  scatter: scatterWith((_old, update) => update),
  scatter_add: scatterWith((x, y, d) =>
    settle(d, isBig(d) ? (x as bigint) + (y as bigint) : (x as number) + (y as number)),
  ),
  scatter_mul: scatterWith((x, y, d) =>
    settle(d, isBig(d) ? (x as bigint) * (y as bigint) : multiply(x as number, y as number, d)),
  ),
  scatter_min: scatterWith(minOf),
  scatter_max: scatterWith(maxOf),
} satisfies Rules<IndexingOps, InterpretKind>;
