/** Dense factorisations of the last two axes, computed in f64 and rounded at the end. */
import type { LinalgOps } from "../ir/ops/index.js";
import type { Rules } from "../ir/rules.js";
import { type NDArray, roundTo, sizeOfShape, zeros } from "./array.js";
import { symmetricEigen, singularValues } from "./matrix/jacobi.js";
import { choleskyFactor, luFactor, Matrix, qrFactor, solveTriangular } from "./matrix/factor.js";
import type { InterpretKind } from "./rule.js";

interface Result {
  readonly shape: readonly number[];
  /** Results that are not of the operand's dtype: pivots. */
  readonly dtype?: "i32";
}

/** Runs `f` on the matrices at each batch position and stacks what it returns (row-major values, one list for each result). */
function batched(
  operands: readonly NDArray[],
  results: readonly Result[],
  f: (...matrices: Matrix[]) => readonly (readonly number[] | Float64Array)[],
): NDArray[] {
  const [first] = operands;
  const batch = first.shape.slice(0, -2);
  const outs = results.map((r) => zeros([...batch, ...r.shape], r.dtype ?? first.dtype));
  for (let b = 0; b < sizeOfShape(batch); b++) {
    const matrices = operands.map((x) => {
      const [rows, columns] = x.shape.slice(-2);
      return new Matrix(
        rows,
        columns,
        Float64Array.from(x.data.slice(b * rows * columns, (b + 1) * rows * columns) as Float64Array),
      );
    });
    f(...matrices).forEach((values, r) => {
      const n = sizeOfShape(results[r].shape);
      for (let i = 0; i < n; i++) outs[r].data[b * n + i] = roundTo(outs[r].dtype, values[i]) as never;
    });
  }
  return outs;
}

export const linalg = {
  cholesky: (_ctx, [a]) => batched([a], [{ shape: a.shape.slice(-2) }], (m) => [choleskyFactor(m).data]),
  triangular_solve: (_ctx, [a, b], params) =>
    batched([a, b], [{ shape: b.shape.slice(-2) }], (m, rhs) => {
      const { leftSide, lower, transposeA, unitDiagonal } = params;
      // x op(a) = b is op(a)ᵀ xᵀ = bᵀ
      const x = leftSide
        ? solveTriangular(m, rhs, lower, transposeA, unitDiagonal)
        : solveTriangular(m, rhs.transposed(), lower, !transposeA, unitDiagonal).transposed();
      return [x.data];
    }).slice(0, 1),
  lu: (_ctx, [a]) => {
    const [m, n] = a.shape.slice(-2);
    const results: Result[] = [
      { shape: [m, n] },
      { shape: [Math.min(m, n)], dtype: "i32" },
      { shape: [m], dtype: "i32" },
    ];
    return batched([a], results, (matrix) => {
      const { packed, pivots, permutation } = luFactor(matrix);
      return [packed.data, pivots, permutation];
    });
  },
  qr: (_ctx, [a], { fullMatrices }) => {
    const [m, n] = a.shape.slice(-2);
    const k = fullMatrices ? m : Math.min(m, n);
    return batched([a], [{ shape: [m, k] }, { shape: [k, n] }], (matrix) => {
      const { q, r } = qrFactor(matrix, k);
      return [q.data, r.data];
    });
  },
  eigh: (_ctx, [a]) => {
    const n = a.shape[a.shape.length - 1];
    return batched([a], [{ shape: [n] }, { shape: [n, n] }], (matrix) => {
      const { values, vectors } = symmetricEigen(matrix);
      return [values, vectors.data];
    });
  },
  svd: (_ctx, [a], { fullMatrices }) => {
    const [m, n] = a.shape.slice(-2);
    const k = Math.min(m, n);
    const results = fullMatrices
      ? [{ shape: [m, m] }, { shape: [k] }, { shape: [n, n] }]
      : [{ shape: [m, k] }, { shape: [k] }, { shape: [k, n] }];
    return batched([a], results, (matrix) => {
      const { u, s, vt } = singularValues(matrix, fullMatrices);
      return [u.data, s, vt.data];
    });
  },
} satisfies Rules<LinalgOps, InterpretKind>;
