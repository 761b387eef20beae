/**
 * Contractions over sizes that are known when they run. They are planned as if their named sizes were large, by hints, and
 * written with the sizes themselves.
 */
import { type Dim, dimFloorDiv, dimAdd, dimProduct, isStatic, leastOf } from "../../ir/dim.js";
import { hintOf, mostLikely } from "../../ir/size.js";
import type { Axis, Contraction } from "./contraction.js";

export interface SizedAxis {
  readonly key?: number;
  readonly size: Dim;
  readonly lhs: Dim;
  readonly rhs: Dim;
  readonly out: Dim;
}
type AxisList = "batch" | "rows" | "columns" | "inner";
export interface SizedContraction extends Omit<Contraction, AxisList> {
  readonly batch: readonly SizedAxis[];
  readonly rows: readonly SizedAxis[];
  readonly columns: readonly SizedAxis[];
  readonly inner: readonly SizedAxis[];
}

/** Tiles of every height and width divide it: nothing speaks for a tile but its speed. */
const COMMON = 192;

/** Numbers to plan with; each axis remembers what it is. */
export function planned(c: SizedContraction): Contraction {
  const axes = (list: readonly SizedAxis[]): Axis[] => list.map(plannedAxis);
  return {
    ...c,
    batch: axes(c.batch),
    rows: axes(c.rows),
    columns: axes(c.columns),
    inner: axes(c.inner),
  };
}
function isPlain(axis: SizedAxis): axis is Axis {
  return isStatic(axis.size) && isStatic(axis.lhs) && isStatic(axis.rhs) && isStatic(axis.out);
}
/** Without named sizes. */
export function isFixed(c: SizedContraction): c is Contraction {
  return [c.batch, c.rows, c.columns, c.inner].every((list) => list.every(isPlain));
}
function plannedAxis(axis: SizedAxis): Axis {
  if (isPlain(axis)) return axis;
  const size = isStatic(axis.size) ? axis.size : Math.ceil(hintOf(axis.size) / COMMON) * COMMON;
  // a stride with a name is not 1, whatever its hint
  const stride = (d: Dim): number => (isStatic(d) ? d : Math.max(2, hintOf(d)));
  const { lhs, rhs, out } = axis;
  const real: SizedAxis = axis;
  return { ...axis, size, lhs: stride(lhs), rhs: stride(rhs), out: stride(out), least: leastOf(axis.size), real };
}
/** What was planned for, with its own sizes. */
export function realised(c: Contraction): SizedContraction {
  const axes = (list: readonly Axis[]): SizedAxis[] => list.map((a) => a.real ?? a);
  return { ...c, batch: axes(c.batch), rows: axes(c.rows), columns: axes(c.columns), inner: axes(c.inner) };
}

/** How many steps a sum over these axes is likely to have at most. */
export function stepsOf(axes: readonly SizedAxis[]): number {
  return mostLikely(productOf(axes));
}
export function productOf(axes: readonly SizedAxis[]): Dim {
  return dimProduct(axes.map((a) => a.size));
}
/** Tiles of `height` that cover `size`: the last one starts early, so that none is cut. */
export function tileCount(size: Dim, height: number): Dim {
  return dimFloorDiv(dimAdd(size, height - 1), height);
}
