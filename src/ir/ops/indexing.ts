import type { Dim } from "../dim.js";
import type { None } from "./elementwise.js";

/** XLA's dimension numbers; the index vector is always the last axis of `indices`. */
export interface GatherDims {
  readonly offsetDims: readonly number[];
  readonly collapsedSliceDims: readonly number[];
  readonly operandBatchingDims: readonly number[];
  readonly startIndicesBatchingDims: readonly number[];
  readonly startIndexMap: readonly number[];
}
export interface ScatterDims {
  readonly updateWindowDims: readonly number[];
  readonly insertedWindowDims: readonly number[];
  readonly operandBatchingDims: readonly number[];
  readonly scatterIndicesBatchingDims: readonly number[];
  readonly scatterDimsToOperandDims: readonly number[];
}
/**
 * clip: starts are clamped so that the slice fits; fill: slices out of bounds read NaN / the type's least value (unsigned:
 * greatest) and are dropped by scatter; promise: in bounds, undefined otherwise.
 */
export type IndexMode = "clip" | "fill" | "promise";

export interface GatherParams {
  readonly dims: GatherDims;
  readonly sliceSizes: readonly Dim[];
  readonly mode: IndexMode;
}
export interface ScatterParams {
  readonly dims: ScatterDims;
  readonly mode: IndexMode;
  /** The caller promises that no two updates meet. */
  readonly uniqueIndices: boolean;
}
export interface IndexingOps {
  /** (operand, ...one i32 scalar start per axis); starts are clamped so that the slice fits. */
  dynamic_slice: { readonly sizes: readonly Dim[] };
  /** (operand, update, ...one i32 scalar start per axis). */
  dynamic_update_slice: None;
  /** (operand, indices). */
  gather: GatherParams;
  /** (operand, indices, updates); later updates win where they meet. */
  scatter: ScatterParams;
  scatter_add: ScatterParams;
  scatter_mul: ScatterParams;
  scatter_min: ScatterParams;
  scatter_max: ScatterParams;
}
