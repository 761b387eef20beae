import type { Dim, Shape } from "../dim.js";
import type { DType } from "../dtype.js";

export interface MovementOps {
  reshape: { readonly shape: Shape };
  transpose: { readonly perm: readonly number[] };
  /** Operand axis i becomes axis dims[i] of `shape`; operand sizes are 1 or equal; dims strictly increase. */
  broadcast_in_dim: { readonly shape: Shape; readonly dims: readonly number[] };
  slice: { readonly start: readonly Dim[]; readonly limit: readonly Dim[]; readonly strides: readonly number[] };
  /** (operand, scalar fill). Negative low/high crop; interior puts that many fills between elements. */
  pad: { readonly low: readonly Dim[]; readonly high: readonly Dim[]; readonly interior: readonly number[] };
  concatenate: { readonly axis: number };
  rev: { readonly axes: readonly number[] };
  /** No operands: counts 0, 1, 2… along `axis`. */
  iota: { readonly dtype: DType; readonly shape: Shape; readonly axis: number };
}
