/**
 * Slices, gather and scatter. Where only the operand is batched, the batch axis is one more window axis; where the
 * indices are, it is a batching axis of operand and indices, so that no index is ever widened by a counter.
 */
import type { Builder } from "../../../ir/builder.js";
import { dimSame } from "../../../ir/dim.js";
import type { DType } from "../../../ir/dtype.js";
import type { GatherDims, GatherParams, IndexingOps, ScatterDims, ScatterParams } from "../../../ir/ops/index.js";
import { type Atom, isVar } from "../../../ir/program.js";
import type { Rules } from "../../../ir/rules.js";
import { type BatchDim, elementShape, firstDim, insertAt, moveAxis, moveIfBatched, rankOf, toDim } from "../axes.js";
import { type BatchContext, type BatchKind, type BatchOut, emitAs, same, someDim } from "../rule.js";
import { range } from "../../../util/index.js";

const up = (axes: readonly number[]): number[] => axes.map((a) => a + 1);

/** The dimension numbers when the operand has a new first axis. */
const gatherOperandUp = (d: GatherDims): GatherDims => ({
  ...d,
  collapsedSliceDims: up(d.collapsedSliceDims),
  operandBatchingDims: up(d.operandBatchingDims),
  startIndexMap: up(d.startIndexMap),
});
/** The dimension numbers when the indices have a new first axis. */
const gatherIndicesUp = (d: GatherDims): GatherDims => ({
  ...d,
  startIndicesBatchingDims: up(d.startIndicesBatchingDims),
  offsetDims: up(d.offsetDims),
});

function gather(
  b: Builder,
  [x, indices]: readonly Atom[],
  [xDim, iDim]: readonly BatchDim[],
  p: GatherParams,
  { axisSize }: BatchContext,
): BatchOut {
  const operand = moveIfBatched(b, x, xDim, 0);
  if (xDim !== null && iDim === null) {
    const dims = gatherOperandUp(p.dims);
    const params = {
      ...p,
      dims: { ...dims, offsetDims: [0, ...up(p.dims.offsetDims)] },
      sliceSizes: [axisSize, ...p.sliceSizes],
    };
    return same([b.emit1("gather", [operand, indices], params)], 0);
  }
  const at = toDim(b, indices, iDim, 0, axisSize);
  if (xDim === null) {
    return same([b.emit1("gather", [operand, at], { ...p, dims: gatherIndicesUp(p.dims) })], 0);
  }
  const dims = gatherIndicesUp(gatherOperandUp(p.dims));
  const params = {
    ...p,
    dims: {
      ...dims,
      operandBatchingDims: [0, ...dims.operandBatchingDims],
      startIndicesBatchingDims: [0, ...dims.startIndicesBatchingDims],
    },
    sliceSizes: [1, ...p.sliceSizes],
  };
  return same([b.emit1("gather", [operand, at], params)], 0);
}

function scatter(
  b: Builder,
  [x, indices, updates]: readonly Atom[],
  [xDim, iDim, uDim]: readonly BatchDim[],
  p: ScatterParams,
  ctx: BatchContext,
): BatchOut {
  const operand = toDim(b, x, xDim, 0, ctx.axisSize);
  const written = toDim(b, updates, uDim, 0, ctx.axisSize);
  const dims: ScatterDims = {
    ...p.dims,
    insertedWindowDims: up(p.dims.insertedWindowDims),
    operandBatchingDims: up(p.dims.operandBatchingDims),
    scatterDimsToOperandDims: up(p.dims.scatterDimsToOperandDims),
    updateWindowDims: up(p.dims.updateWindowDims),
  };
  if (iDim === null) {
    const params = { ...p, dims: { ...dims, updateWindowDims: [0, ...dims.updateWindowDims] } };
    return same(emitAs(b, ctx, [operand, indices, written], params), 0);
  }
  const params = {
    ...p,
    dims: {
      ...dims,
      operandBatchingDims: [0, ...dims.operandBatchingDims],
      scatterIndicesBatchingDims: [0, ...up(p.dims.scatterIndicesBatchingDims)],
    },
  };
  return same(emitAs(b, ctx, [operand, moveAxis(b, indices, iDim, 0), written], params), 0);
}

/** Integer types that hold all values of any of these. */
function indexType(dtypes: readonly DType[]): DType {
  if (dtypes.every((d) => d === dtypes[0])) return dtypes[0];
  return dtypes.some((d) => d === "i64" || d === "u64" || d === "u32") ? "i64" : "i32";
}

/** Starts of each element as index vectors [n, k]; only of the axes where a slice has room to move. */
function startVectors(
  b: Builder,
  starts: readonly Atom[],
  dims: readonly BatchDim[],
  axes: readonly number[],
  ctx: BatchContext,
): Atom {
  const dtype = indexType(axes.map((a) => starts[a].aval.dtype));
  const columns = axes.map((a) => {
    const all = toDim(b, b.convert(starts[a], dtype), dims[a], 0, ctx.axisSize);
    return b.reshape(all, [ctx.axisSize, 1]);
  });
  return columns.length === 1 ? columns[0] : b.emit1("concatenate", columns, { axis: 1 });
}

const isZero = (a: Atom): boolean => !isVar(a) && Number(a.value) === 0;
const zeroStart = (b: Builder, starts: readonly Atom[]): Atom => {
  const dtype = starts[0]?.aval.dtype ?? "i32";
  return b.scalar(dtype === "i64" || dtype === "u64" ? 0n : 0, dtype);
};

export const indexing = {
  dynamic_slice: (b, [x, ...starts], [xDim, ...startDims], { sizes }, ctx) => {
    const varies = startDims.some((d) => d !== null);
    if (!varies) {
      const dim = someDim([xDim]);
      const at = insertAt(starts, dim, zeroStart(b, starts));
      return same([b.emit1("dynamic_slice", [x, ...at], { sizes: insertAt(sizes, dim, ctx.axisSize) })], dim);
    }
    const shape = elementShape(x, xDim);
    // where the slice is the whole axis its start is clamped to 0
    const axes = range(shape.length).filter((a) => !dimSame(shape[a], sizes[a]) && !isZero(starts[a]));
    if (axes.length === 0) {
      // no start has room to move: every element is sliced at 0
      const moved = moveIfBatched(b, x, xDim, 0);
      const limit = xDim === null ? sizes : [ctx.axisSize, ...sizes];
      const cut = { start: limit.map(() => 0), limit, strides: limit.map(() => 1) };
      return same([b.emit1("slice", [moved], cut)], xDim === null ? null : 0);
    }
    const batched = xDim !== null;
    const o = batched ? 1 : 0;
    const params: GatherParams = {
      dims: {
        offsetDims: range(shape.length).map((a) => a + 1),
        collapsedSliceDims: [],
        operandBatchingDims: batched ? [0] : [],
        startIndicesBatchingDims: batched ? [0] : [],
        startIndexMap: axes.map((a) => a + o),
      },
      sliceSizes: batched ? [1, ...sizes] : sizes,
      mode: "clip",
    };
    const indices = startVectors(b, starts, startDims, axes, ctx);
    return same([b.emit1("gather", [moveIfBatched(b, x, xDim, 0), indices], params)], 0);
  },

  dynamic_update_slice: (b, [x, update, ...starts], [xDim, uDim, ...startDims], _params, ctx) => {
    const { axisSize } = ctx;
    const rank = rankOf(x, xDim);
    const [shape, sizes] = [elementShape(x, xDim), elementShape(update, uDim)];
    const axes = range(rank).filter((a) => !dimSame(shape[a], sizes[a]) && !isZero(starts[a]));
    const fixed = startDims.every((d) => d === null);
    if (fixed || axes.length === 0) {
      const dim = firstDim([xDim, uDim]) ?? 0;
      // where no start has room to move they are all clamped to 0
      const own = fixed ? starts : starts.map(() => zeroStart(b, starts));
      if (xDim === null && uDim === null) return same([b.emit1("dynamic_update_slice", [x, update, ...own], {})], null);
      const at = insertAt(own, dim, zeroStart(b, starts));
      const operand = toDim(b, x, xDim, dim, axisSize);
      return same([b.emit1("dynamic_update_slice", [operand, toDim(b, update, uDim, dim, axisSize), ...at], {})], dim);
    }
    const params: ScatterParams = {
      dims: {
        updateWindowDims: range(rank).map((a) => a + 1),
        insertedWindowDims: [],
        operandBatchingDims: [0],
        scatterIndicesBatchingDims: [0],
        scatterDimsToOperandDims: axes.map((a) => a + 1),
      },
      mode: "clip",
      uniqueIndices: true,
    };
    const operand = toDim(b, x, xDim, 0, axisSize);
    const indices = startVectors(b, starts, startDims, axes, ctx);
    return same([b.emit1("scatter", [operand, indices, toDim(b, update, uDim, 0, axisSize)], params)], 0);
  },

  gather,
  scatter,
  scatter_add: scatter,
  scatter_mul: scatter,
  scatter_min: scatter,
  scatter_max: scatter,
} satisfies Rules<IndexingOps, BatchKind>;
