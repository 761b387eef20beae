/**
 * Sums of products over strided views: out[b, m, n] = Σ_k lhs[b, m, k] · rhs[b, k, n], where b, m, n and k are lists of
 * axes and every element lies at a sum of index · stride. Matrix products of any layout are of this form, and so are
 * convolutions of a padded input.
 */
import type { Dim } from "../../ir/dim.js";
import type { DType } from "../../ir/dtype.js";
import type { TileRef } from "../../ir/tile.js";
import type { SizedAxis } from "./sized.js";

/** One axis with its strides, in elements, in the operands and the result (0 where it does not occur). */
export interface Axis {
  /** What the axis is to whoever wrote the contraction. */
  readonly key?: number;
  readonly size: number;
  readonly lhs: number;
  readonly rhs: number;
  readonly out: number;
  /** Of an axis whose size or strides are known when it runs: what they are, and the least size. */
  readonly real?: SizedAxis;
  readonly least?: number;
}
export interface Contraction {
  readonly lhs: TileRef;
  readonly rhs: TileRef;
  /** Places of the elements with index 0 everywhere. */
  readonly lhsBase?: Dim;
  readonly rhsBase?: Dim;
  /** Type of products and sums. */
  readonly accumulate: DType;
  /** Finished sums are stored as they are: nothing is computed from them, their type is that of the result. */
  readonly plain: boolean;
  /** What is written for a piece is read for it too (sums are added to what is there): no piece may be computed twice. */
  readonly once?: boolean;
  /** The operand stays the same over many runs, for which one copy is enough. */
  readonly lhsKept?: boolean;
  readonly rhsKept?: boolean;
  readonly batch: readonly Axis[];
  /** Axes of lhs and out. */
  readonly rows: readonly Axis[];
  /** Axes of rhs and out. */
  readonly columns: readonly Axis[];
  /** Axes of lhs and rhs. */
  readonly inner: readonly Axis[];
}

/** The size that an axis has at least. */
export function leastSize(axis: Axis): number {
  return axis.least ?? axis.size;
}
export function product(axes: readonly { readonly size: number }[]): number {
  return axes.reduce((n, a) => n * a.size, 1);
}
/** Fewer axes over the same elements in the same order: axes of size 1 go, neighbours that nest become one. */
export function collapse(axes: readonly Axis[]): Axis[] {
  const result: Axis[] = [];
  for (const axis of axes) {
    if (axis.size === 1) continue;
    const outer = result[result.length - 1];
    const nests = (side: "lhs" | "rhs" | "out"): boolean => outer[side] === axis[side] * axis.size;
    if (outer && nests("lhs") && nests("rhs") && nests("out")) {
      result[result.length - 1] = { ...axis, size: outer.size * axis.size };
    } else result.push(axis);
  }
  return result;
}
/** The same contraction with its sides exchanged. */
export function exchange(c: Contraction): Contraction {
  const turned = <A extends { lhs: Dim; rhs: Dim }>(a: A): A => ({ ...a, lhs: a.rhs, rhs: a.lhs });
  const turn = (axes: readonly Axis[]): Axis[] =>
    axes.map((a) => (a.real ? { ...turned(a), real: turned(a.real) } : turned(a)));
  return {
    ...c,
    lhs: c.rhs,
    rhs: c.lhs,
    lhsBase: c.rhsBase ?? 0,
    rhsBase: c.lhsBase ?? 0,
    lhsKept: c.rhsKept ?? false,
    rhsKept: c.lhsKept ?? false,
    batch: turn(c.batch),
    rows: turn(c.columns),
    columns: turn(c.rows),
    inner: turn(c.inner),
  };
}

/** Elements of a type in a vector register of 16 bytes, when it is computed with. */
export function vectorLanes(dtype: DType): number {
  return dtype === "f64" || dtype === "i64" || dtype === "u64" ? 2 : 4;
}
/** Registers that `columns` neighbours take: whole vectors, then single elements. */
export function registersOf(columns: number, lanes: number): number {
  return Math.floor(columns / lanes) + (columns % lanes);
}
/** Starts of tiles of `height` that cover `size` (≥ height): the last one starts early, so that none is cut. */
export function tilesOf(size: number, height: number): number {
  return Math.ceil(size / height);
}
