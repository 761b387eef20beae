import type { None } from "./elementwise.js";

/** Matrices are the last two axes; all before them are batch axes. f32 and f64 (narrower floats are converted by the library). */
export interface LinalgOps {
  /** Lower factor of a symmetric positive-definite matrix; reads the lower triangle; NaN where it fails. */
  cholesky: None;
  /** (a, b): solves op(a) x = b (left) or x op(a) = b; reads one triangle of a. */
  triangular_solve: {
    readonly leftSide: boolean;
    readonly lower: boolean;
    readonly transposeA: boolean;
    readonly unitDiagonal: boolean;
  };
  /** (lu packed, pivots i32 [min(m,n)], permutation i32 [m]): a[permutation] = L U. */
  lu: None;
  /** (q, r) by Householder reflections. */
  qr: { readonly fullMatrices: boolean };
  /** (w ascending, v): reads the lower triangle. */
  eigh: None;
  /** (u, s descending, vt). */
  svd: { readonly fullMatrices: boolean };
}
