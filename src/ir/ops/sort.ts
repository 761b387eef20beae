export interface SortOps {
  /** Operands of one shape are sorted along `axis` by the first `numKeys` of them, ascending, NaN last, -0 = 0. */
  sort: { readonly axis: number; readonly numKeys: number; readonly stable: boolean };
  /** The k greatest along the last axis, descending: (values, indices i32); ties: the lower index first; NaN is greatest. */
  top_k: { readonly k: number };
}
