/** Transposes of matrix routines: only a solve is linear, in its right-hand side. */
import type { LinalgOps } from "../../../ir/ops/index.js";
import type { Rules } from "../../../ir/rules.js";
import { failNotLinear, nonlinear, type TransposeKind } from "./rule.js";

const factors = nonlinear("the factors of a sum are not the sums of the factors");

export const linalg = {
  cholesky: factors,
  // op(A) X = B gives X = op(A)⁻¹ B, so the cotangent of B solves with op(A)ᵀ
  triangular_solve: (b, [ct], [a], params, ctx) => {
    if (a === null) return failNotLinear(ctx, "the matrix depends on the linear inputs");
    return [null, ct && b.emit1("triangular_solve", [a, ct], { ...params, transposeA: !params.transposeA })];
  },
  lu: factors,
  qr: factors,
  eigh: factors,
  svd: factors,
} satisfies Rules<LinalgOps, TransposeKind>;
