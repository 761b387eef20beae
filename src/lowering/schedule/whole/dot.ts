/** Contractions of blocks: brought into the form [batch, rows, sum] times [batch, sum, columns]. */
import type { DType } from "../../../ir/dtype.js";
import type { DotParams } from "../../../ir/ops/index.js";
import type { TileAtom } from "../../../ir/tile.js";
import { otherAxes } from "../../../util/index.js";
import type { WholeKernel } from "./kernel.js";
import { accumulator } from "./kernel.js";

export function lowerDot(
  k: WholeKernel,
  lhs: TileAtom,
  rhs: TileAtom,
  { lhsContract, rhsContract, lhsBatch, rhsBatch }: DotParams,
  dtype: DType,
  shape: readonly number[],
): TileAtom {
  const { b } = k;
  const free = (a: TileAtom, contract: readonly number[], batch: readonly number[]): number[] =>
    otherAxes(a.shape.length, [...contract, ...batch]);
  const size = (a: TileAtom, axes: readonly number[]): number => axes.reduce((n, i) => n * a.shape[i], 1);
  const side = (a: TileAtom, perm: readonly number[], to: readonly number[]): TileAtom => {
    const turned = perm.every((p, i) => p === i) ? a : b.transpose(a, perm);
    return turned.shape.join() === to.join() ? turned : b.reshape(turned, to);
  };
  const lhsFree = free(lhs, lhsContract, lhsBatch);
  const rhsFree = free(rhs, rhsContract, rhsBatch);
  const batch = lhsBatch.length > 0 ? [size(lhs, lhsBatch)] : [];
  const depth = size(lhs, lhsContract);
  const l = side(lhs, [...lhsBatch, ...lhsFree, ...lhsContract], [...batch, size(lhs, lhsFree), depth]);
  const r = side(rhs, [...rhsBatch, ...rhsContract, ...rhsFree], [...batch, depth, size(rhs, rhsFree)]);
  const product = b.convert(b.dot(l, r, accumulator(dtype)), dtype);
  return product.shape.join() === shape.join() ? product : b.reshape(product, shape);
}
