/** `np.linalg`. Matrices are the last two axes. */
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { isFloat } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { astype } from "../lax/operand.js";
import type { Tensor } from "../tracer/tensor.js";
import { diagonal, eye } from "./creation.js";
import { matmul } from "./products.js";
import { promoteDtypes, toFloat } from "./promote.js";
import { max, sum } from "./reduction.js";
import { swapaxes } from "./movement.js";

/** Factorisations run in f32 or f64; narrower floats are widened and the result narrowed again. */
function matrix(what: string, x: Tensor, square = false): Tensor {
  const t = toFloat(what, x);
  if (t.ndim < 2)
    fail("TW2007", `linalg.${what}: needs a matrix, got ${printAval(t.aval)}`, {
      help: "give an array with at least two axes",
    });
  const [n, m] = t.shape.slice(-2);
  if (square && n !== m) fail("TW2001", `linalg.${what}: needs a square matrix, got ${printAval(t.aval)}`, {});
  return t.aval.dtype === "f16" || t.aval.dtype === "bf16" ? astype(t, "f32") : t;
}
const back = (like: Tensor, y: Tensor): Tensor =>
  isFloat(like.aval.dtype) && isFloat(y.aval.dtype) ? astype(y, like.aval.dtype) : y;

/** Lower factor L of a symmetric positive-definite matrix: L Lᵀ. NaN where the matrix is not. */
export function cholesky(x: Tensor, options: { upper?: boolean } = {}): Tensor {
  const l = lax.linalg.cholesky(symmetrize(matrix("cholesky", x, true)));
  return back(x, options.upper ? swapaxes(l, -1, -2) : l);
}
function symmetrize(a: Tensor): Tensor {
  return lax.mul(lax.add(a, swapaxes(a, -1, -2)), 0.5);
}
export function qr(x: Tensor, mode: "reduced" | "complete" = "reduced"): [Tensor, Tensor] {
  const [q, r] = lax.linalg.qr(matrix("qr", x), { fullMatrices: mode === "complete" });
  return [back(x, q), back(x, r)];
}
/** [eigenvalues ascending, eigenvectors in columns] of a symmetric matrix. */
export function eigh(x: Tensor): [Tensor, Tensor] {
  const [w, v] = lax.linalg.eigh(symmetrize(matrix("eigh", x, true)));
  return [back(x, w), back(x, v)];
}
export function eigvalsh(x: Tensor): Tensor {
  return eigh(x)[0];
}
/** [u, s, vt] with s descending. */
export function svd(x: Tensor, options: { fullMatrices?: boolean } = {}): [Tensor, Tensor, Tensor] {
  const [u, s, vt] = lax.linalg.svd(matrix("svd", x), { fullMatrices: options.fullMatrices ?? true });
  return [back(x, u), back(x, s), back(x, vt)];
}
export function svdvals(x: Tensor): Tensor {
  return svd(x, { fullMatrices: false })[1];
}
/** x with a x = b. `b` is a vector or a matrix of columns. */
export function solve(a: Tensor, b: Tensor): Tensor {
  const [p, q] = promoteDtypes("linalg.solve", [matrix("solve", a, true), toFloat("solve", b)]);
  const vector = q.ndim === p.ndim - 1;
  const rhs = vector ? lax.expandDims(q, [q.ndim]) : q;
  const [lu, , perm] = lax.linalg.lu(p);
  const permuted = takeRows(rhs, perm);
  const y = lax.linalg.triangularSolve(lu, permuted, { leftSide: true, lower: true, unitDiagonal: true });
  const x = lax.linalg.triangularSolve(lu, y, { leftSide: true, lower: false });
  return back(b, vector ? lax.squeeze(x, [x.ndim - 1]) : x);
}
function takeRows(x: Tensor, perm: Tensor): Tensor {
  const batch = perm.shape.slice(0, -1).map((_, i) => i);
  const n = batch.length;
  return lax.gather(x, lax.expandDims(perm, [perm.ndim]), {
    dims: {
      offsetDims: [n + 1],
      collapsedSliceDims: [n],
      operandBatchingDims: batch,
      startIndicesBatchingDims: batch,
      startIndexMap: [n],
    },
    sliceSizes: x.shape.map((d, i) => (i < n || i === n ? 1 : d)),
    mode: "promise",
  });
}
export function inv(x: Tensor): Tensor {
  const a = matrix("inv", x, true);
  const n = a.shape[a.ndim - 1];
  return back(x, solve(a, lax.broadcastInDim(eye(n, n, 0, a.aval.dtype), a.aval.shape, [a.ndim - 2, a.ndim - 1])));
}
/** [sign, log of the absolute determinant]. */
export function slogdet(x: Tensor): [Tensor, Tensor] {
  const a = matrix("slogdet", x, true);
  const [lu, pivots] = lax.linalg.lu(a);
  const d = diagonal(lu);
  const swaps = lax.ne(pivots, lax.broadcastedIota("i32", pivots.aval.shape, pivots.ndim - 1));
  const negatives = lax.add(sum(astype(swaps, "i32"), -1), sum(astype(lax.lt(d, 0), "i32"), -1));
  const odd = lax.eq(lax.bitwiseAnd(negatives, lax.full(negatives.aval.shape, 1, "i32")), 1);
  const magnitude = sum(lax.log(lax.abs(d)), -1);
  const one = lax.full(magnitude.aval.shape, 1, a.aval.dtype);
  const sign = lax.select(
    lax.eq(magnitude, Number.NEGATIVE_INFINITY),
    lax.full(magnitude.aval.shape, 0, a.aval.dtype),
    lax.select(odd, lax.neg(one), one),
  );
  return [back(x, sign), back(x, magnitude)];
}
export function det(x: Tensor): Tensor {
  const a = matrix("det", x, true);
  const [lu, pivots] = lax.linalg.lu(a);
  const swaps = sum(astype(lax.ne(pivots, lax.broadcastedIota("i32", pivots.aval.shape, pivots.ndim - 1)), "i32"), -1);
  const odd = lax.eq(lax.bitwiseAnd(swaps, lax.full(swaps.aval.shape, 1, "i32")), 1);
  const p = lax.reduceProd(diagonal(lu), [-1]);
  return back(x, lax.select(odd, lax.neg(p), p));
}
export function pinv(x: Tensor, rcond?: number): Tensor {
  const a = matrix("pinv", x);
  const [u, s, vt] = svd(a, { fullMatrices: false });
  const cut = rcond ?? 10 * Math.max(...a.shape.slice(-2)) * (a.aval.dtype === "f64" ? 2.2e-16 : 1.2e-7);
  const least = lax.mul(max(s, -1, { keepdims: true }), cut);
  const big = lax.gt(
    s,
    lax.broadcastInDim(
      least,
      s.aval.shape,
      s.shape.map((_, i) => i),
    ),
  );
  const inverse = lax.select(
    big,
    lax.div(1, lax.select(big, s, lax.full(s.aval.shape, 1, s.aval.dtype))),
    lax.full(s.aval.shape, 0, s.aval.dtype),
  );
  const v = swapaxes(vt, -1, -2);
  return back(
    x,
    matmul(
      lax.mul(
        v,
        lax.broadcastInDim(
          inverse,
          v.aval.shape,
          [...inverse.shape.keys()].map((i) => (i === inverse.ndim - 1 ? v.ndim - 1 : i)),
        ),
      ),
      swapaxes(u, -1, -2),
    ),
  );
}
/** Least squares by the pseudo-inverse. */
export function lstsq(a: Tensor, b: Tensor): Tensor {
  return matmul(pinv(a), b);
}
export function matrixRank(x: Tensor): Tensor {
  const s = svdvals(x);
  const least = lax.mul(
    max(s, -1, { keepdims: true }),
    Math.max(...x.shape.slice(-2)) * (x.aval.dtype === "f64" ? 2.2e-16 : 1.2e-7),
  );
  return sum(
    astype(
      lax.gt(
        s,
        lax.broadcastInDim(
          least,
          s.aval.shape,
          s.shape.map((_, i) => i),
        ),
      ),
      "i32",
    ),
    -1,
  );
}
export function matrixPower(x: Tensor, n: number): Tensor {
  if (n < 0) return matrixPower(inv(x), -n);
  if (n === 0)
    return lax.broadcastInDim(eye(x.shape[x.ndim - 1], undefined, 0, x.aval.dtype), x.aval.shape, [
      x.ndim - 2,
      x.ndim - 1,
    ]);
  if (n === 1) return x;
  const half = matrixPower(x, Math.floor(n / 2));
  const both = matmul(half, half);
  return n % 2 ? matmul(both, x) : both;
}
export type NormOrder = number | "fro" | "nuc";
/** Vector norm (one axis or none) or matrix norm (two axes). */
export function norm(
  x: Tensor,
  options: { ord?: NormOrder; axis?: number | readonly [number, number]; keepdims?: boolean } = {},
): Tensor {
  const t = toFloat("linalg.norm", x);
  const { ord, axis, keepdims } = options;
  if (ord === undefined || ord === "fro") return lax.sqrt(sum(lax.square(t), { axis: axis ?? null, keepdims }));
  const one = typeof axis === "number" || (axis === undefined && t.ndim === 1);
  const a = axis === undefined ? (t.ndim === 1 ? 0 : ([t.ndim - 2, t.ndim - 1] as const)) : axis;
  const size = lax.abs(t);
  if (one && typeof ord === "number") {
    if (ord === Number.POSITIVE_INFINITY) return max(size, { axis: a, keepdims });
    if (ord === 0) return sum(astype(lax.ne(size, 0), t.aval.dtype), { axis: a, keepdims });
    if (ord === 1) return sum(size, { axis: a, keepdims });
    if (ord === 2) return lax.sqrt(sum(lax.square(t), { axis: a, keepdims }));
    const p = sum(lax.pow(size, lax.full(size.aval.shape, ord, t.aval.dtype)), { axis: a, keepdims });
    return lax.pow(p, lax.full(p.aval.shape, 1 / ord, t.aval.dtype));
  }
  const s = (): Tensor => svdvals(t);
  if (ord === "nuc") return sum(s(), -1);
  if (ord === 2) return max(s(), -1);
  if (ord === 1) return max(sum(size, -2), -1);
  if (ord === Number.POSITIVE_INFINITY) return max(sum(size, -1), -1);
  return fail("TW2011", `linalg.norm: unknown order ${String(ord)}`, {
    help: 'use a number, Infinity, "fro" or "nuc"',
  });
}
export { diagonal, matmul };
