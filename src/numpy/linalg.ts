/** `np.linalg`. Matrices are the last two axes. */
import type { Like } from "../tracer/num.js";
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { type Dim, dimAdd, dimAtLeast, dimEqual, dimMax, isStatic } from "../ir/dim.js";
import { type DType, isFloat } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import {
  arrayList,
  astype,
  axisList,
  broadcastShapes,
  broadcastTo,
  canonicalAxes,
  canonicalAxis,
  checkFlags,
} from "../lax/operand.js";
import { checkOptions, describeValue } from "../tracer/leaf.js";
import type { Tensor } from "../tracer/tensor.js";
import { diagonal, eye } from "./creation.js";
import { finfo } from "./dtype-info.js";
import { divide, greater, isnan, multiply, where } from "./elementwise.js";
import { cross, matmul, outer, tensordot, trace, vecdot } from "./products.js";
import { promoteDtypes, type TensorLike, toFloat } from "./promote.js";
import { any, type AxisArg, max, min, sum } from "./reduction.js";
import { matrixTranspose, swapaxes } from "./movement.js";
import { otherAxes } from "../util/index.js";

/** Factorisations run in f32 or f64; narrower floats are widened and the result narrowed again. */
function matrix(what: string, x: Tensor, square = false): Tensor {
  const t = toFloat(what, x);
  if (t.ndim < 2)
    fail("TW2007", `linalg.${what}: needs a matrix, got ${printAval(t.aval)}`, {
      help: "give an array with at least two axes",
    });
  const [n, m] = t.aval.shape.slice(-2);
  if (square && dimEqual(n, m) === false)
    fail("TW2001", `linalg.${what}: needs a square matrix, got ${printAval(t.aval)}`, {});
  return t.aval.dtype === "f16" || t.aval.dtype === "bf16" ? astype(t, "f32") : t;
}
const back = (like: Tensor, y: Tensor): Tensor =>
  isFloat(like.aval.dtype) && isFloat(y.aval.dtype) ? astype(y, like.aval.dtype) : y;

/** Lower factor L of a symmetric positive-definite matrix: L Lᵀ. NaN where the matrix is not. */
export function cholesky<X extends TensorLike>(x: X, options?: { upper?: boolean }): Like<X>;
export function cholesky(x: Tensor, options: { upper?: boolean } = {}): Tensor {
  checkFlags("linalg.cholesky", options, ["upper"]);
  const l = lax.linalg.cholesky(symmetrize(matrix("cholesky", x, true)));
  return back(x, options.upper ? swapaxes(l, -1, -2) : l);
}
function symmetrize(a: Tensor): Tensor {
  return lax.mul(lax.add(a, swapaxes(a, -1, -2)), 0.5);
}
/** [Q, R] with orthonormal columns in Q and R upper triangular; mode "r" gives R alone. */
export function qr(x: Tensor, mode?: "reduced" | "complete"): [Tensor, Tensor];
export function qr(x: Tensor, mode: "r"): Tensor;
export function qr(x: Tensor, mode: "reduced" | "complete" | "r" = "reduced"): [Tensor, Tensor] | Tensor {
  if (!["reduced", "complete", "r"].includes(mode))
    fail("TW2011", `linalg.qr: the mode is ${describeValue(mode)}`, { help: 'one of "reduced", "complete", "r"' });
  const [q, r] = lax.linalg.qr(matrix("qr", x), { fullMatrices: mode === "complete" });
  return mode === "r" ? back(x, r) : [back(x, q), back(x, r)];
}
/** [eigenvalues ascending, eigenvectors in columns] of a symmetric matrix. */
export function eigh<X extends TensorLike>(x: X): [Like<X>, Like<X>];
export function eigh(x: Tensor): [Tensor, Tensor] {
  const [w, v] = lax.linalg.eigh(symmetrize(matrix("eigh", x, true)));
  return [back(x, w), back(x, v)];
}
/** Eigenvalues of symmetric matrices, ascending. */
export function eigvalsh<X extends TensorLike>(x: X): Like<X>;
export function eigvalsh(x: Tensor): Tensor {
  return eigh(x)[0];
}
/** [U, singular values descending, Vᵀ]; with `computeUv: false` the singular values alone. */
export function svd(x: Tensor, options?: { fullMatrices?: boolean; computeUv?: true }): [Tensor, Tensor, Tensor];
export function svd(x: Tensor, options: { fullMatrices?: boolean; computeUv: false }): Tensor;
export function svd(
  x: Tensor,
  options: { fullMatrices?: boolean; computeUv?: boolean } = {},
): [Tensor, Tensor, Tensor] | Tensor {
  checkFlags("linalg.svd", options, ["fullMatrices", "computeUv"]);
  const full = options.computeUv !== false && (options.fullMatrices ?? true);
  const [u, s, vt] = lax.linalg.svd(matrix("svd", x), { fullMatrices: full });
  return options.computeUv === false ? back(x, s) : [back(x, u), back(x, s), back(x, vt)];
}
/** Singular values, descending. */
export function svdvals<X extends TensorLike>(x: X): Like<X>;
export function svdvals(x: Tensor): Tensor {
  return svd(x, { fullMatrices: false })[1];
}
/** The right side of equations as columns, which fit the matrix. */
function rightSide(what: string, p: Tensor, q: Tensor, vector: boolean): Tensor {
  const rhs = vector ? lax.expandDims(q, [q.ndim]) : q;
  const n = p.aval.shape[p.ndim - 1];
  if (rhs.ndim < 2 || dimEqual(rhs.aval.shape[rhs.ndim - 2], n) === false) {
    fail(
      "TW2001",
      `linalg.${what}: the matrix ${printAval(p.aval)} and the right side ${printAval(q.aval)} differ in size`,
      { help: "the right side is a vector [n] or a matrix [n, k] for a matrix [n, n]" },
    );
  }
  return rhs;
}
/** x with a x = b. `b` is a vector or a matrix of columns; leading axes broadcast. */
export function solve<X extends TensorLike, Y extends TensorLike>(a: X, b: Y): Like<X | Y>;
export function solve(a: Tensor, b: Tensor): Tensor {
  const [p, q] = promoteDtypes("linalg.solve", [matrix("solve", a, true), toFloat("solve", b)]);
  const vector = q.ndim === 1;
  const rhs = rightSide("solve", p, q, vector);
  const n = p.aval.shape[p.ndim - 1];
  const lead = broadcastShapes("linalg.solve", [p.aval.shape.slice(0, -2), rhs.aval.shape.slice(0, -2)]);
  const [lu, , perm] = lax.linalg.lu(broadcastTo("linalg.solve", p, [...lead, n, n]));
  const permuted = takeRows(broadcastTo("linalg.solve", rhs, [...lead, ...rhs.aval.shape.slice(-2)]), perm);
  const y = lax.linalg.triangularSolve(lu, permuted, { leftSide: true, lower: true, unitDiagonal: true });
  const x = lax.linalg.triangularSolve(lu, y, { leftSide: true, lower: false });
  return back(q, vector ? lax.squeeze(x, [x.ndim - 1]) : x);
}
/** x with a x = b for a triangular a; only its triangle is read. */
export function solveTriangular<X extends TensorLike, Y extends TensorLike>(
  a: X,
  b: Y,
  options?: { lower?: boolean; trans?: boolean; unitDiagonal?: boolean },
): Like<X | Y>;
export function solveTriangular(
  a: Tensor,
  b: Tensor,
  options: { lower?: boolean; trans?: boolean; unitDiagonal?: boolean } = {},
): Tensor {
  checkFlags("linalg.solveTriangular", options, ["lower", "trans", "unitDiagonal"]);
  const [p, q] = promoteDtypes("linalg.solveTriangular", [
    matrix("solveTriangular", a, true),
    toFloat("solveTriangular", b),
  ]);
  const vector = q.ndim === p.ndim - 1;
  const rhs = rightSide("solveTriangular", p, q, vector);
  const leading = (x: Tensor): Dim[] => x.aval.shape.slice(0, -2);
  if (rhs.ndim !== p.ndim || leading(rhs).some((d, i) => dimEqual(d, leading(p)[i]) === false)) {
    fail(
      "TW2001",
      `linalg.solveTriangular: the matrix ${printAval(p.aval)} and the right side ${printAval(q.aval)} differ in their leading axes`,
      { help: "repeat one of them with np.broadcastTo, or map over the axes with vmap" },
    );
  }
  const x = lax.linalg.triangularSolve(p, rhs, {
    leftSide: true,
    lower: options.lower ?? false,
    transposeA: options.trans ?? false,
    unitDiagonal: options.unitDiagonal ?? false,
  });
  return back(q, vector ? lax.squeeze(x, [x.ndim - 1]) : x);
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
/** The inverse of square matrices: [..., n, n]. */
export function inv<X extends TensorLike>(x: X): Like<X>;
export function inv(x: Tensor): Tensor {
  const a = matrix("inv", x, true);
  const n = a.aval.shape[a.ndim - 1];
  return back(x, solve(a, lax.broadcastInDim(eye(n, n, 0, a.aval.dtype), a.aval.shape, [a.ndim - 2, a.ndim - 1])));
}
/** [sign, log of the absolute determinant]. */
export function slogdet<X extends TensorLike>(x: X): [Like<X>, Like<X>];
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
/** Determinants of square matrices: [..., n, n] → [...]. */
export function det<X extends TensorLike>(x: X): Like<X>;
export function det(x: Tensor): Tensor {
  const a = matrix("det", x, true);
  const [lu, pivots] = lax.linalg.lu(a);
  const swaps = sum(astype(lax.ne(pivots, lax.broadcastedIota("i32", pivots.aval.shape, pivots.ndim - 1)), "i32"), -1);
  const odd = lax.eq(lax.bitwiseAnd(swaps, lax.full(swaps.aval.shape, 1, "i32")), 1);
  const p = lax.reduceProd(diagonal(lu), [-1]);
  return back(x, lax.select(odd, lax.neg(p), p));
}
const epsOf = (d: DType): number => finfo(d).eps;
/** Singular values (and more) below this share of the greatest count as zero. */
function cutoff(a: Tensor, factor: number): TensorLike {
  const [n, m] = a.aval.shape.slice(-2);
  const largest = dimMax(n, m);
  const by = factor * epsOf(a.aval.dtype);
  return isStatic(largest) ? by * largest : lax.mul(lax.dimensionValue(largest, a.aval.dtype), by);
}
function significant(s: Tensor, rcond: TensorLike): Tensor {
  return greater(s, multiply(max(s, -1, { keepdims: true, initial: 0 }), rcond));
}
/** The Moore–Penrose inverse, by SVD. */
export function pinv<X extends TensorLike>(x: X, rcond?: number): Like<X>;
export function pinv(x: Tensor, rcond?: number): Tensor {
  const a = matrix("pinv", x);
  const [u, s, vt] = svd(a, { fullMatrices: false });
  const big = significant(s, rcond ?? cutoff(a, 10));
  const inverse = where(big, lax.div(1, where(big, s, 1)), 0);
  const v = swapaxes(vt, -1, -2);
  return back(x, matmul(multiply(v, lax.expandDims(inverse, [inverse.ndim - 1])), swapaxes(u, -1, -2)));
}
/**
 * Least squares: [x of least norm that minimises |a x - b|, squared residuals (empty where the rank is not full), rank of a,
 * its singular values].
 */
export function lstsq<X extends TensorLike, Y extends TensorLike>(
  a: X,
  b: Y,
  rcond?: number,
): [x: Like<X | Y>, residuals: Like<X | Y>, rank: Like<X | Y>, s: Like<X | Y>];
export function lstsq(a: Tensor, b: Tensor, rcond?: number): [x: Tensor, residuals: Tensor, rank: Tensor, s: Tensor] {
  const [p, q] = promoteDtypes("linalg.lstsq", [matrix("lstsq", a), toFloat("lstsq", b)]);
  if (p.ndim !== 2 || q.ndim < 1 || q.ndim > 2 || dimEqual(p.aval.shape[0], q.aval.shape[0]) === false) {
    fail("TW2001", `linalg.lstsq: the matrix ${printAval(p.aval)} and the right side ${printAval(q.aval)} do not fit`, {
      help: "the right side is a vector [m] or a matrix [m, k] for a matrix [m, n]",
    });
  }
  const rhs = q.ndim === 1 ? lax.expandDims(q, [1]) : q;
  const [u, s, vt] = svd(p, { fullMatrices: false });
  const big = significant(s, rcond ?? cutoff(p, 1));
  const inverse = where(big, lax.div(1, where(big, s, 1)), 0);
  const x = matmul(swapaxes(vt, -1, -2), multiply(lax.expandDims(inverse, [1]), matmul(swapaxes(u, -1, -2), rhs)));
  const rank = sum(astype(big, "i32"));
  const [m, n] = p.aval.shape;
  const residuals =
    dimAtLeast(m, dimAdd(n, 1)) === true
      ? sum(lax.square(lax.sub(rhs, matmul(p, x))), 0)
      : lax.full([0], 0, p.aval.dtype);
  return [back(q, q.ndim === 1 ? lax.squeeze(x, [1]) : x), residuals, rank, s];
}
/** How many singular values are not zero (but for rounding). */
export function matrixRank<X extends TensorLike>(x: X, rtol?: number): Like<X>;
export function matrixRank(x: Tensor, rtol?: number): Tensor {
  const a = matrix("matrixRank", x);
  return sum(astype(significant(svdvals(a), rtol ?? cutoff(a, 1)), "i32"), -1);
}
/**
 * The ratio of the greatest to the least singular value, or the product of another norm of the matrix and of its inverse;
 * infinite where there is no inverse.
 */
export function cond<X extends TensorLike>(x: X, ord?: NormOrder): Like<X>;
export function cond(x: Tensor, ord?: NormOrder): Tensor {
  const spectral = ord === undefined || ord === 2 || ord === -2;
  const a = matrix("cond", x, !spectral);
  if (a.aval.shape.slice(-2).includes(0))
    fail("TW2011", `linalg.cond: ${printAval(a.aval)} is empty, it has no condition number`, {
      help: "give matrices of at least one row and column",
    });
  const ratio = spectral ? ratioOfEnds(svdvals(a), ord === -2) : productOfNorms(a, ord);
  // 0 / 0 and 0 · ∞ come from matrices without an inverse; NaN among the elements stays
  const unknown = any(isnan(a), [-2, -1]);
  return where(lax.bitwiseAnd(isnan(ratio), lax.not(unknown)), Number.POSITIVE_INFINITY, ratio);
}
function ratioOfEnds(s: Tensor, turned: boolean): Tensor {
  const [greatest, least] = [max(s, -1), min(s, -1)];
  return turned ? divide(least, greatest) : divide(greatest, least);
}
function productOfNorms(a: Tensor, ord: NormOrder | undefined): Tensor {
  return multiply(norm(a, ord, { axis: [-2, -1] }), norm(inv(a), ord, { axis: [-2, -1] }));
}
/** A square matrix to a whole power, by squaring. */
export function matrixPower<X extends TensorLike>(x: X, n: number): Like<X>;
export function matrixPower(x: Tensor, n: number): Tensor {
  if (!Number.isInteger(n)) fail("TW2011", `linalg.matrixPower: ${n} is not a whole number`, {});
  if (x.ndim < 2 || dimEqual(x.aval.shape[x.ndim - 1], x.aval.shape[x.ndim - 2]) === false) {
    fail("TW2001", `linalg.matrixPower: needs a square matrix, got ${printAval(x.aval)}`, {});
  }
  if (n < 0) return matrixPower(inv(x), -n);
  const size = x.aval.shape[x.ndim - 1];
  if (n === 0) return lax.broadcastInDim(eye(size, size, 0, x.aval.dtype), x.aval.shape, [x.ndim - 2, x.ndim - 1]);
  if (n === 1) return x;
  const half = matrixPower(x, Math.floor(n / 2));
  const both = matmul(half, half);
  return n % 2 ? matmul(both, x) : both;
}
/** The product of several matrices, in the order that takes the fewest multiplications. */
export function multiDot<X extends TensorLike>(xs: readonly X[]): Like<X>;
export function multiDot(xs: readonly Tensor[]): Tensor {
  xs = arrayList("linalg.multiDot", xs);
  if (xs.length < 2) fail("TW2011", `linalg.multiDot: ${xs.length} arrays`, { help: "give at least two" });
  const first = xs[0].ndim === 1 ? lax.expandDims(xs[0], [0]) : xs[0];
  const end = xs[xs.length - 1];
  const last = end.ndim === 1 ? lax.expandDims(end, [1]) : end;
  const list = [first, ...xs.slice(1, -1), last];
  const size = (d: Dim): number => (isStatic(d) ? d : 64);
  const sizes = [...list.map((x) => size(x.aval.shape[0])), size(last.aval.shape[1])];
  // the classic dynamic program over intervals
  const best = new Map<string, { cost: number; product: () => Tensor }>();
  const solveFor = (i: number, j: number): { cost: number; product: () => Tensor } => {
    if (i === j) return { cost: 0, product: () => list[i] };
    const key = `${i},${j}`;
    const known = best.get(key);
    if (known) return known;
    let found: { cost: number; product: () => Tensor } | undefined;
    for (let k = i; k < j; k++) {
      const [left, right] = [solveFor(i, k), solveFor(k + 1, j)];
      const cost = left.cost + right.cost + sizes[i] * sizes[k + 1] * sizes[j + 1];
      if (!found || cost < found.cost) found = { cost, product: () => matmul(left.product(), right.product()) };
    }
    const r = found as { cost: number; product: () => Tensor };
    best.set(key, r);
    return r;
  };
  const r = solveFor(0, list.length - 1).product();
  const gone = [...(xs[0].ndim === 1 ? [0] : []), ...(end.ndim === 1 ? [1] : [])];
  return lax.squeeze(r, gone);
}

export type NormOrder = number | "fro" | "nuc";
export interface NormOptions {
  ord?: NormOrder | undefined;
  axis?: number | readonly [number, number] | null | undefined;
  keepdims?: boolean | undefined;
}
/** The norm of vectors (along one axis) or matrices (two axes); of all elements as one vector without an order. */
export function norm<X extends TensorLike>(
  x: X,
  ordOrOptions?: NormOrder | null | NormOptions,
  options?: NormOptions,
): Like<X>;
export function norm(x: Tensor, ordOrOptions?: NormOrder | null | NormOptions, options: NormOptions = {}): Tensor {
  const o: NormOptions =
    typeof ordOrOptions === "object" && ordOrOptions !== null
      ? ordOrOptions
      : { ...options, ord: ordOrOptions ?? options.ord };
  checkOptions("linalg.norm", o, ["ord", "axis", "keepdims"]);
  const t = toFloat("linalg.norm", x);
  const { ord, keepdims } = o;
  if ((o.axis ?? null) === null && ord === undefined) return lax.sqrt(sum(lax.square(t), { axis: null, keepdims }));
  if ((o.axis ?? null) === null && t.ndim !== 1 && t.ndim !== 2) {
    fail("TW2007", `linalg.norm: the order ${String(ord)} of ${printAval(t.aval)}, which is no vector or matrix`, {
      help: "give { axis }",
    });
  }
  const axis = o.axis ?? (t.ndim === 1 ? 0 : ([-2, -1] as const));
  const axes = axisList(axis).map((a) => canonicalAxis("linalg.norm", a, t.ndim));
  if (axes.length === 1) return vectorNormOf(t, ord, axes[0], keepdims);
  if (axes.length === 2) return matrixNormOf(t, ord, axes, keepdims);
  return fail("TW2004", `linalg.norm: ${axes.length} axes are named`, {
    help: "one for vectors, two for matrices; linalg.vectorNorm takes any number of them",
  });
}
/** The norm of vectors along an axis (or several, or all). */
export function vectorNorm<X extends TensorLike>(
  x: X,
  options?: { ord?: number; axis?: AxisArg; keepdims?: boolean },
): Like<X>;
export function vectorNorm(x: Tensor, options: { ord?: number; axis?: AxisArg; keepdims?: boolean } = {}): Tensor {
  checkOptions("linalg.vectorNorm", options, ["ord", "axis", "keepdims"]);
  const t = toFloat("linalg.vectorNorm", x);
  const axes = canonicalAxes("linalg.vectorNorm", options.axis, t.ndim);
  return vectorNormOf(t, options.ord, axes, options.keepdims);
}
/** The norm of matrices on the last two axes. */
export function matrixNorm<X extends TensorLike>(x: X, options?: { ord?: NormOrder; keepdims?: boolean }): Like<X>;
export function matrixNorm(x: Tensor, options: { ord?: NormOrder; keepdims?: boolean } = {}): Tensor {
  checkOptions("linalg.matrixNorm", options, ["ord", "keepdims"]);
  return matrixNormOf(matrix("matrixNorm", x), options.ord, [-2, -1], options.keepdims);
}
function vectorNormOf(t: Tensor, ord: NormOrder | undefined, axis: AxisArg, keepdims: boolean | undefined): Tensor {
  const at = { axis, keepdims };
  const size = lax.abs(t);
  if (ord === undefined || ord === 2) return lax.sqrt(sum(lax.square(t), at));
  if (ord === Number.POSITIVE_INFINITY) return max(size, at);
  if (ord === Number.NEGATIVE_INFINITY) return min(size, at);
  if (ord === 0) return sum(astype(lax.ne(size, 0), t.aval.dtype), at);
  if (ord === 1) return sum(size, at);
  if (typeof ord !== "number" || Number.isNaN(ord)) return unknownOrder(ord);
  const p = sum(lax.pow(size, lax.full(size.aval.shape, ord, t.aval.dtype)), at);
  return lax.pow(p, lax.full(p.aval.shape, 1 / ord, t.aval.dtype));
}
function matrixNormOf(
  t: Tensor,
  ord: NormOrder | undefined,
  axes: readonly number[],
  keepdims: boolean | undefined,
): Tensor {
  const [row, column] = axes.map((a) => canonicalAxis("linalg.norm", a, t.ndim));
  if (row === column) fail("TW2004", `linalg.norm: axis ${row} is named twice`, { help: "name two axes" });
  if (ord === undefined || ord === "fro") return lax.sqrt(sum(lax.square(t), { axis: axes, keepdims }));
  const rest = otherAxes(t.shape.length, [row, column]);
  const m = lax.transpose(t, [...rest, row, column]);
  const r = orderedNorm(m, ord);
  return keepdims
    ? lax.reshape(
        r,
        t.aval.shape.map((d, i) => (i === row || i === column ? 1 : d)),
      )
    : r;
}
function orderedNorm(m: Tensor, ord: NormOrder): Tensor {
  const size = lax.abs(m);
  switch (ord) {
    case "nuc":
      return sum(svdvals(m), -1);
    case 2:
      return max(svdvals(m), -1);
    case -2:
      return min(svdvals(m), -1);
    case 1:
      return max(sum(size, -2), -1);
    case -1:
      return min(sum(size, -2), -1);
    case Number.POSITIVE_INFINITY:
      return max(sum(size, -1), -1);
    case Number.NEGATIVE_INFINITY:
      return min(sum(size, -1), -1);
    default:
      return unknownOrder(ord);
  }
}
function unknownOrder(ord: NormOrder): never {
  return fail("TW2011", `linalg.norm: there is no norm of order ${String(ord)}`, {
    help: 'vectors: any number, Infinity; matrices: 1, 2, Infinity, their negatives, "fro" or "nuc"',
  });
}
export { cross, diagonal, matmul, matrixTranspose, outer, tensordot, trace, vecdot };
