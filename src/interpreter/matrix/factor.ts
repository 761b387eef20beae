/** Triangular and orthogonal factorisations of one matrix (Golub and Van Loan, Matrix Computations, chapters 3 to 5). */
import { range } from "../../util/index.js";

/** A dense row-major matrix. */
export class Matrix {
  constructor(
    readonly rows: number,
    readonly columns: number,
    readonly data: Float64Array = new Float64Array(rows * columns),
  ) {}
  static identity(n: number): Matrix {
    const m = new Matrix(n, n);
    for (let i = 0; i < n; i++) m.set(i, i, 1);
    return m;
  }
  at(i: number, j: number): number {
    return this.data[i * this.columns + j];
  }
  set(i: number, j: number, x: number): void {
    this.data[i * this.columns + j] = x;
  }
  copy(): Matrix {
    return new Matrix(this.rows, this.columns, this.data.slice());
  }
  transposed(): Matrix {
    const t = new Matrix(this.columns, this.rows);
    for (let i = 0; i < this.rows; i++) for (let j = 0; j < this.columns; j++) t.set(j, i, this.at(i, j));
    return t;
  }
  /** Rows [0, rows) and columns [0, columns). */
  corner(rows: number, columns: number): Matrix {
    const m = new Matrix(rows, columns);
    for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) m.set(i, j, this.at(i, j));
    return m;
  }
}

/** L with L Lᵀ = A, from A's lower triangle. If A is not positive definite the whole lower triangle is NaN. */
export function choleskyFactor(a: Matrix): Matrix {
  const n = a.rows;
  const l = new Matrix(n, n);
  let definite = true;
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = a.at(i, j);
      for (let k = 0; k < j; k++) sum -= l.at(i, k) * l.at(j, k);
      if (i === j) {
        if (!(sum > 0)) definite = false;
        l.set(j, j, Math.sqrt(sum));
      } else l.set(i, j, sum / l.at(j, j));
    }
  }
  if (!definite) for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) l.set(i, j, Number.NaN);
  return l;
}

/** x with op(a) x = b, where a's `lower` (or upper) triangle is read and op transposes if asked. */
export function solveTriangular(
  a: Matrix,
  b: Matrix,
  lower: boolean,
  transpose: boolean,
  unitDiagonal: boolean,
): Matrix {
  const n = a.rows;
  const at = (i: number, j: number): number => (transpose ? a.at(j, i) : a.at(i, j));
  const forward = lower !== transpose;
  const x = b.copy();
  for (let c = 0; c < b.columns; c++) {
    for (let step = 0; step < n; step++) {
      const i = forward ? step : n - 1 - step;
      let sum = x.at(i, c);
      for (let k = forward ? 0 : i + 1; k < (forward ? i : n); k++) sum -= at(i, k) * x.at(k, c);
      x.set(i, c, unitDiagonal ? sum : sum / at(i, i));
    }
  }
  return x;
}

/** A[permutation] = L U, packed in one matrix (L's unit diagonal left out); pivots[k] is the row swapped with k at step k. */
export function luFactor(a: Matrix): { packed: Matrix; pivots: number[]; permutation: number[] } {
  const lu = a.copy();
  const m = a.rows;
  const n = a.columns;
  const permutation = range(m);
  const pivots: number[] = [];
  for (let k = 0; k < Math.min(m, n); k++) {
    let p = k;
    for (let i = k + 1; i < m; i++) if (Math.abs(lu.at(i, k)) > Math.abs(lu.at(p, k))) p = i;
    pivots.push(p);
    if (p !== k) {
      [permutation[k], permutation[p]] = [permutation[p], permutation[k]];
      for (let j = 0; j < n; j++) {
        const t = lu.at(k, j);
        lu.set(k, j, lu.at(p, j));
        lu.set(p, j, t);
      }
    }
    const pivot = lu.at(k, k);
    if (pivot === 0) continue; // singular: the column below is zero already
    for (let i = k + 1; i < m; i++) {
      const factor = lu.at(i, k) / pivot;
      lu.set(i, k, factor);
      for (let j = k + 1; j < n; j++) lu.set(i, j, lu.at(i, j) - factor * lu.at(k, j));
    }
  }
  return { packed: lu, pivots, permutation };
}

/**
 * Q (rows × k) and R (k × columns) by Householder reflections with LAPACK's signs: R's diagonal is opposite in sign to the
 * column that was reflected, and a column that is zero below its diagonal is left as it is. Reflections do not depend on
 * the scale of their columns, and are computed of columns scaled to 1: of subnormal ones too they are then orthogonal.
 */
export function qrFactor(a: Matrix, k: number): { q: Matrix; r: Matrix } {
  const r = a.copy();
  const m = a.rows;
  const n = a.columns;
  const q = Matrix.identity(m);
  for (let j = 0; j < Math.min(m, n); j++) {
    let below = 0;
    for (let i = j + 1; i < m; i++) below = Math.max(below, Math.abs(r.at(i, j)));
    if (below === 0) continue;
    const largest = Math.max(below, Math.abs(r.at(j, j)));
    const v = new Float64Array(m);
    let sum = 0;
    for (let i = j; i < m; i++) {
      v[i] = r.at(i, j) / largest;
      sum += v[i] * v[i];
    }
    const norm = Math.sqrt(sum);
    const alpha = v[j];
    const beta = alpha >= 0 ? -norm : norm;
    const tau = (beta - alpha) / beta;
    v[j] = 1;
    for (let i = j + 1; i < m; i++) v[i] /= alpha - beta;
    r.set(j, j, beta * largest);
    for (let i = j + 1; i < m; i++) r.set(i, j, 0);
    // R ← (I - τ v vᵀ) R
    for (let c = j + 1; c < n; c++) {
      let dot = 0;
      for (let i = j; i < m; i++) dot += v[i] * r.at(i, c);
      for (let i = j; i < m; i++) r.set(i, c, r.at(i, c) - tau * v[i] * dot);
    }
    // Q ← Q (I - τ v vᵀ)
    for (let i = 0; i < m; i++) {
      let dot = 0;
      for (let c = j; c < m; c++) dot += q.at(i, c) * v[c];
      for (let c = j; c < m; c++) q.set(i, c, q.at(i, c) - tau * dot * v[c]);
    }
  }
  return { q: q.corner(m, k), r: r.corner(k, n) };
}
