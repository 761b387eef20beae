import type { DType } from "../dtype.js";
import type { None } from "./elementwise.js";

export interface Axes {
  readonly axes: readonly number[]; // sorted, distinct
}
export interface Cumulative {
  readonly axis: number;
  readonly reverse: boolean;
}
export interface Window {
  /** One entry for each operand axis in every list. */
  readonly windowDims: readonly number[];
  readonly strides: readonly number[];
  readonly padding: readonly (readonly [number, number])[];
  readonly baseDilation: readonly number[];
  readonly windowDilation: readonly number[];
}
export type WindowOp = "sum" | "max" | "min" | "prod";

export interface ReductionOps {
  reduce_sum: Axes;
  reduce_prod: Axes;
  /**
   * passNaN: with NaN among the elements the result may be the greatest of the others, and 0 for -0. For what is subtracted from
   * the same elements, in which NaN is then met again.
   */
  reduce_max: Axes & { readonly passNaN?: true };
  reduce_min: Axes;
  reduce_and: Axes; // bool and integers (bitwise)
  reduce_or: Axes;
  reduce_xor: Axes;
  argmax: { readonly axis: number; readonly dtype: DType }; // first of equals; NaN wins
  argmin: { readonly axis: number; readonly dtype: DType };
  cumsum: Cumulative;
  cumprod: Cumulative;
  cummax: Cumulative;
  cummin: Cumulative;
  cumlogsumexp: Cumulative;
  reduce_window: Window & { readonly op: WindowOp };
  /** (source, operand): each source element is added where its window's greatest (ge) or least (le) operand stands: the transpose of max pooling. Padding never wins. No dilation. */
  select_and_scatter_add: Omit<Window, "baseDilation" | "windowDilation"> & { readonly select: "ge" | "le" };
  /** (tangents, operand): the tangent that stands where each window's greatest (or least) operand stands. */
  select_and_gather_add: Window & { readonly select: "ge" | "le" };
}
export type { None };
