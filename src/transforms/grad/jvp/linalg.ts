/** Forward-mode rules of matrix decompositions and solves (Giles 2008; Walter and Lehmann 2018 for QR). */
import type { Builder } from "../../../ir/builder.js";
import { type Dim, dimAtLeast, dimMin, dimSame, dimSub } from "../../../ir/dim.js";
import type { LinalgOps } from "../../../ir/ops/index.js";
import type { Atom } from "../../../ir/program.js";
import type { Rules } from "../../../ir/rules.js";
import { addAll, copyEqn, indicator, maskTo, padAxis, scale, sizeScalar, sliceAxis } from "../emit.js";
import {
  diagonal,
  identity,
  matmul,
  minusTranspose,
  part,
  plusTranspose,
  spread,
  symmetric,
  transposed,
  triangle,
} from "../matrix.js";
import { failNotDifferentiable, type JvpKind } from "./rule.js";
import { range } from "../../../util/index.js";

interface Solve {
  readonly left?: boolean;
  readonly lower?: boolean;
  readonly transpose?: boolean;
  readonly unit?: boolean;
}
function solve(b: Builder, a: Atom, x: Atom, { left, lower, transpose, unit }: Solve): Atom {
  return b.emit1("triangular_solve", [a, x], {
    leftSide: left ?? false,
    lower: lower ?? false,
    transposeA: transpose ?? false,
    unitDiagonal: unit ?? false,
  });
}

/** Rows and columns of the matrices. */
function matrixShape(x: Atom): [Dim, Dim] {
  const { shape } = x.aval;
  return [shape[shape.length - 2], shape[shape.length - 1]];
}

/** m > n, or may be so for all that is known. */
function longer(m: Dim, n: Dim): boolean {
  return !dimSame(m, n) && dimAtLeast(m, n) !== false;
}

/** Rows of x in the order that `permutation` ([..., rows]) says. */
function takeRows(b: Builder, x: Atom, permutation: Atom): Atom {
  const n = x.aval.shape.length;
  const index = b.broadcast(permutation, x.aval.shape, range(n - 1));
  const others = [...range(n - 2), n - 1];
  return b.emit1("gather", [x, b.reshape(index, [...x.aval.shape, 1])], {
    dims: {
      offsetDims: [],
      collapsedSliceDims: [n - 2],
      operandBatchingDims: others,
      startIndicesBatchingDims: others,
      startIndexMap: [n - 2],
    },
    sliceSizes: x.aval.shape.map((d) => (d === 0 ? 0 : 1)),
    mode: "promise",
  });
}

/** 1 / x with 0 for 1 / 0. */
function safeReciprocal(b: Builder, x: Atom): Atom {
  const zero = b.op("eq", x, b.fullLike(x, 0));
  return maskTo(b, b.op("not", zero), b.div(b.fullLike(x, 1), b.select(zero, b.fullLike(x, 1), x)));
}

export const linalg = {
  // dL = L Φ(L⁻¹ dA L⁻ᵀ), Φ taking the lower triangle and half of the diagonal
  cholesky: (b, primals, [t], _params, eqn) => {
    const [l] = copyEqn(b, eqn, primals);
    if (t === null) return { primals: [l], tangents: [null] };
    const right = solve(b, l, symmetric(b, t), { lower: true, transpose: true });
    const both = solve(b, l, right, { left: true, lower: true });
    const phi = b.sub(part(b, both, "ge"), scale(b, part(b, both, "eq"), 0.5));
    return { primals: [l], tangents: [matmul(b, l, phi)] };
  },

  // op(A) X = B: op(A) dX = dB - op(dA) X, dA being what the primitive reads of it
  triangular_solve: (b, primals, [ta, tb], params, eqn) => {
    const [a] = primals;
    const [x] = copyEqn(b, eqn, primals);
    const { leftSide, lower, transposeA, unitDiagonal } = params;
    const effect = (da: Atom): Atom => {
      const read = part(b, da, lower ? (unitDiagonal ? "gt" : "ge") : unitDiagonal ? "lt" : "le");
      return leftSide ? matmul(b, read, x, { x: transposeA }) : matmul(b, x, read, { y: transposeA });
    };
    const rhs = addAll(b, [tb, ta && b.neg(effect(ta))]);
    return { primals: [x], tangents: [rhs && b.emit1("triangular_solve", [a, rhs], params)] };
  },

  // P dA = dL U + L dU: with M = L⁻¹ (P dA) U⁻¹, dL = L tril(M, -1) and dU = triu(M) U; L and U are squared with ones
  lu: (b, primals, [t], _params, eqn) => {
    const [packed, pivots, permutation] = copyEqn(b, eqn, primals);
    if (t === null) return { primals: [packed, pivots, permutation], tangents: [null, null, null] };
    const rank = packed.aval.shape.length;
    const [m, n] = matrixShape(packed);
    const k = dimMin(m, n);
    const left = sliceAxis(b, packed, rank - 1, 0, k);
    const below = part(b, left, "gt");
    const l0 = dimSame(m, k) ? below : padAxis(b, below, 0, rank - 1, 0, dimSub(m, k));
    const l = b.add(l0, identity(b, l0));
    const upper = part(b, sliceAxis(b, packed, rank - 2, 0, k), "le");
    const u0 = dimSame(n, k) ? upper : padAxis(b, upper, 0, rank - 2, 0, dimSub(n, k));
    const outside = b.op(
      "ge",
      b.iota(u0.aval.shape, rank - 2, "i32"),
      b.broadcast(sizeScalar(b, k), u0.aval.shape, []),
    );
    const filler = b.op("and", triangle(b, u0.aval.shape, "eq"), outside);
    const u = dimSame(n, k) ? u0 : b.add(u0, indicator(b, filler, u0.aval.dtype));
    const rows = takeRows(b, t, permutation);
    const la = solve(b, l, rows, { left: true, lower: true, unit: true });
    const mid = solve(b, u, la, {});
    const d = b.add(matmul(b, l, part(b, mid, "gt")), matmul(b, part(b, mid, "le"), u));
    return { primals: [packed, pivots, permutation], tangents: [d, null, null] };
  },

  // For tall A = Q R: with M = Qᵀ dA R⁻¹ and the skew part Ω = tril(M, -1) - tril(M, -1)ᵀ,
  // dR = (M - Ω) R and dQ = dA R⁻¹ + Q (Ω - M). Of a wide A = [A₁ A₂], A₁ gives Q, and R₂ = Qᵀ A₂.
  qr: (b, primals, [t], { fullMatrices }, eqn) => {
    const [q, r] = copyEqn(b, eqn, primals);
    if (t === null) return { primals: [q, r], tangents: [null, null] };
    const [a] = primals;
    const rank = a.aval.shape.length;
    const [m, n] = matrixShape(a);
    const wide = longer(n, m);
    if (fullMatrices && !wide && !dimSame(m, n)) {
      failNotDifferentiable(
        eqn,
        "the columns that complete Q to a full basis are not unique",
        "use fullMatrices: false",
      );
    }
    const cut = (x: Atom): Atom => (wide ? sliceAxis(b, x, rank - 1, 0, m) : x);
    const r1 = cut(r);
    const dxr = solve(b, r1, cut(t), {});
    const mid = matmul(b, q, dxr, { x: true });
    const skew = minusTranspose(b, part(b, mid, "gt"));
    const dq = b.add(dxr, matmul(b, q, b.sub(skew, mid)));
    const dr1 = matmul(b, b.sub(mid, skew), r1);
    if (!wide) return { primals: [q, r], tangents: [dq, dr1] };
    const rest = (x: Atom): Atom => sliceAxis(b, x, rank - 1, m, n);
    const dr2 = b.add(matmul(b, dq, rest(a), { x: true }), matmul(b, q, rest(t), { x: true }));
    return { primals: [q, r], tangents: [dq, b.emit1("concatenate", [dr1, dr2], { axis: rank - 1 })] };
  },

  // dw = diag(Vᵀ dA V), dV = V (F ∘ Vᵀ dA V), F[i,j] = 1 / (w[j] - w[i]): infinite where eigenvalues are equal
  eigh: (b, primals, [t], _params, eqn) => {
    const [w, v] = copyEqn(b, eqn, primals);
    if (t === null) return { primals: [w, v], tangents: [null, null] };
    const mid = matmul(b, v, matmul(b, symmetric(b, t), v), { x: true });
    const { shape } = v.aval;
    const one = identity(b, v);
    const gaps = b.sub(spread(b, w, shape, "rows"), spread(b, w, shape, "columns"));
    const f = b.sub(b.div(b.fullLike(gaps, 1), b.add(gaps, one)), one);
    return { primals: [w, v], tangents: [diagonal(b, mid), matmul(b, v, b.mul(f, mid))] };
  },

  svd: (b, primals, [t], { fullMatrices }, eqn) => {
    const [u, s, vt] = copyEqn(b, eqn, primals);
    if (t === null) return { primals: [u, s, vt], tangents: [null, null, null] };
    const [m, n] = matrixShape(primals[0]);
    if (fullMatrices && !dimSame(m, n)) {
      failNotDifferentiable(
        eqn,
        "the vectors that complete U or V to a full basis are not unique",
        "use fullMatrices: false",
      );
    }
    const mid = matmul(b, matmul(b, u, t, { x: true }), vt, { y: true });
    const { shape } = mid.aval;
    const columns = spread(b, s, shape, "rows"); // s[j]
    const rows = spread(b, s, shape, "columns"); // s[i]
    const f = safeReciprocal(b, b.mul(b.add(columns, rows), b.sub(columns, rows)));
    const right = plusTranspose(b, b.mul(columns, mid));
    const left = plusTranspose(b, b.mul(rows, mid));
    let du = matmul(b, u, b.mul(f, right));
    let dvt = matmul(b, transposed(b, b.mul(f, left)), vt);
    if (longer(m, n)) {
      const av = matmul(b, t, vt, { y: true });
      const outside = b.sub(av, matmul(b, u, matmul(b, u, av, { x: true })));
      du = b.add(du, b.div(outside, spread(b, s, outside.aval.shape, "rows")));
    }
    if (longer(n, m)) {
      const ua = matmul(b, u, t, { x: true });
      const outside = b.sub(ua, matmul(b, matmul(b, ua, vt, { y: true }), vt));
      dvt = b.add(dvt, b.div(outside, spread(b, s, outside.aval.shape, "columns")));
    }
    return { primals: [u, s, vt], tangents: [du, diagonal(b, mid), dvt] };
  },
} satisfies Rules<LinalgOps, JvpKind>;
