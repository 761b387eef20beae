/** Slices at dynamic positions, gather and scatter. */
import { fail } from "../../diagnostics/error.js";
import { type Aval, aval, printAval } from "../aval.js";
import { dimAtLeast } from "../dim.js";
import { isInt } from "../dtype.js";
import type { IndexingOps, ScatterParams } from "../ops/index.js";
import type { Rules } from "../rules.js";
import { accepts, bad, checkAxes, checkLength, checkRank, differ, sameDtype } from "./check.js";
import type { AbstractEvalContext, AbstractEvalKind } from "./index.js";

function starts(ctx: AbstractEvalContext, x: Aval, list: readonly Aval[]): void {
  checkLength(ctx, "starts", list, x.shape.length);
  for (const s of list) {
    checkRank(ctx, s, 0, "a start");
    accepts(ctx, s, isInt, "integer starts");
  }
}

function scatter(
  ctx: AbstractEvalContext,
  [x, indices, updates]: readonly Aval[],
  { dims }: ScatterParams,
): readonly Aval[] {
  accepts(ctx, indices, isInt, "integer indices");
  sameDtype(ctx, [x, updates]);
  const depth = indices.shape[indices.shape.length - 1];
  if (depth !== dims.scatterDimsToOperandDims.length)
    bad(ctx, `the index vectors ${printAval(indices)} do not name ${dims.scatterDimsToOperandDims.length} axes`);
  checkAxes(ctx, dims.scatterDimsToOperandDims, x.shape.length);
  const rank = indices.shape.length - 1 + dims.updateWindowDims.length;
  checkRank(ctx, updates, rank, "the update");
  checkAxes(ctx, dims.updateWindowDims, rank);
  const window = x.shape.length - dims.insertedWindowDims.length - dims.operandBatchingDims.length;
  if (window !== dims.updateWindowDims.length)
    bad(ctx, `${dims.updateWindowDims.length} window axes where the operand has ${window}`);
  const batch = updates.shape.filter((_, i) => !dims.updateWindowDims.includes(i));
  batch.forEach((d, i) => {
    if (differ(d, indices.shape[i]))
      fail("TW2001", `${ctx.prim}: updates ${printAval(updates)} do not fit indices ${printAval(indices)}`, {
        span: ctx.span,
        help: "give one update for each index vector",
      });
  });
  return [aval(x.shape, x.dtype)];
}

export const indexing = {
  dynamic_slice: (ctx, [x, ...at], { sizes }) => {
    starts(ctx, x, at);
    checkLength(ctx, "sizes", sizes, x.shape.length);
    sizes.forEach((n, i) => {
      const d = x.shape[i];
      if ((typeof n === "number" && !(Number.isInteger(n) && n >= 0)) || dimAtLeast(d, n) === false)
        fail("TW2009", `dynamic_slice: size ${String(n)} is more than axis ${i} of ${printAval(x)} has`, {
          span: ctx.span,
          help: "a slice fits into its operand",
        });
    });
    return [aval(sizes, x.dtype)];
  },
  dynamic_update_slice: (ctx, [x, update, ...at]) => {
    starts(ctx, x, at);
    sameDtype(ctx, [x, update]);
    checkRank(ctx, update, x.shape.length, "the update");
    update.shape.forEach((n, i) => {
      const d = x.shape[i];
      if (typeof n === "number" && typeof d === "number" && n > d)
        fail(
          "TW2009",
          `dynamic_update_slice: the update ${printAval(update)} is larger than ${printAval(x)} on axis ${i}`,
          { span: ctx.span, help: "an update fits into its operand" },
        );
    });
    return [aval(x.shape, x.dtype)];
  },
  gather: (ctx, [x, indices], { dims, sliceSizes }) => {
    accepts(ctx, indices, isInt, "integer indices");
    checkLength(ctx, "sliceSizes", sliceSizes, x.shape.length);
    if (indices.shape.length === 0 || indices.shape[indices.shape.length - 1] !== dims.startIndexMap.length)
      bad(ctx, `the index vectors ${printAval(indices)} do not name ${dims.startIndexMap.length} axes`);
    checkAxes(ctx, dims.startIndexMap, x.shape.length);
    const gone = [...dims.collapsedSliceDims, ...dims.operandBatchingDims];
    checkAxes(ctx, gone, x.shape.length);
    // where there is nothing to gather, one element of an empty axis is never read
    const nothing = indices.shape.slice(0, -1).includes(0) || sliceSizes.some((n, i) => n === 0 && !gone.includes(i));
    sliceSizes.forEach((n, i) => {
      const d = x.shape[i];
      const fits = dimAtLeast(d, n) !== false || (n === 1 && nothing && gone.includes(i));
      if (dimAtLeast(n, 0) === false || !fits)
        fail("TW2009", `gather: a slice of ${String(n)} is more than axis ${i} of ${printAval(x)} has`, {
          span: ctx.span,
          help: "index an axis that is not empty",
        });
      if (gone.includes(i) && dimAtLeast(1, n) === false)
        bad(ctx, `axis ${i} is taken away but its slice has size ${String(n)}`);
    });
    const window = sliceSizes.filter((_, i) => !gone.includes(i));
    if (window.length !== dims.offsetDims.length)
      bad(ctx, `${dims.offsetDims.length} offset axes for ${window.length} window axes`);
    const rank = indices.shape.length - 1 + window.length;
    let [w, b] = [0, 0];
    const shape = Array.from({ length: rank }, (_, i) =>
      dims.offsetDims.includes(i) ? window[w++] : indices.shape[b++],
    );
    return [aval(shape, x.dtype)];
  },
  scatter,
  scatter_add: scatter,
  scatter_mul: scatter,
  scatter_min: scatter,
  scatter_max: scatter,
} satisfies Rules<IndexingOps, AbstractEvalKind>;
