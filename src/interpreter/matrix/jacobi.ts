/** Eigenvalues and singular values by Jacobi rotations: slow, simple, and accurate to the last digits. */
import { Matrix } from "./factor.js";
import { range } from "../../util/index.js";

const SWEEPS = 60;

/** tan of the rotation that makes a symmetric 2×2 matrix with diagonal (p, q) and off-diagonal o diagonal (the smaller one). */
function rotation(p: number, q: number, o: number): { c: number; s: number; t: number } {
  const theta = (q - p) / (2 * o);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  return { c, s: t * c, t };
}

/** Columns i and j of m become c·i - s·j and s·i + c·j. */
function rotateColumns(m: Matrix, i: number, j: number, c: number, s: number): void {
  for (let r = 0; r < m.rows; r++) {
    const x = m.at(r, i);
    const y = m.at(r, j);
    m.set(r, i, c * x - s * y);
    m.set(r, j, s * x + c * y);
  }
}

function columnsInOrder(m: Matrix, order: readonly number[]): Matrix {
  const out = new Matrix(m.rows, order.length);
  for (let r = 0; r < m.rows; r++) order.forEach((from, j) => out.set(r, j, m.at(r, from)));
  return out;
}

const hasNonFinite = (m: Matrix): boolean => m.data.some((x) => !Number.isFinite(x));

/** Eigenvalues in ascending order and their vectors as columns, of the symmetric matrix with a's lower triangle. */
export function symmetricEigen(a: Matrix): { values: Float64Array; vectors: Matrix } {
  const n = a.rows;
  const m = new Matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      m.set(i, j, a.at(i, j));
      m.set(j, i, a.at(i, j));
    }
  }
  if (hasNonFinite(m)) {
    return {
      values: new Float64Array(n).fill(Number.NaN),
      vectors: new Matrix(n, n, new Float64Array(n * n).fill(Number.NaN)),
    };
  }
  const v = Matrix.identity(n);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let rotated = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const o = m.at(p, q);
        if (
          Math.abs(o) <= 1e-17 * Math.sqrt(Math.abs(m.at(p, p) * m.at(q, q))) ||
          Math.abs(o) < Number.MIN_VALUE * 2 ** 52
        )
          continue;
        rotated = true;
        const { c, s, t } = rotation(m.at(p, p), m.at(q, q), o);
        const pp = m.at(p, p) - t * o;
        const qq = m.at(q, q) + t * o;
        for (let k = 0; k < n; k++) {
          if (k === p || k === q) continue;
          const x = m.at(k, p);
          const y = m.at(k, q);
          m.set(k, p, c * x - s * y);
          m.set(p, k, c * x - s * y);
          m.set(k, q, s * x + c * y);
          m.set(q, k, s * x + c * y);
        }
        m.set(p, p, pp);
        m.set(q, q, qq);
        m.set(p, q, 0);
        m.set(q, p, 0);
        rotateColumns(v, p, q, c, s);
      }
    }
    if (!rotated) break;
  }
  const order = range(n).sort((i, j) => m.at(i, i) - m.at(j, j));
  return { values: Float64Array.from(order, (i) => m.at(i, i)), vectors: columnsInOrder(v, order) };
}

/** U, singular values in descending order, Vᵀ: columns of A are rotated until they are orthogonal (Hestenes 1958). */
export function singularValues(a: Matrix, full: boolean): { u: Matrix; s: Float64Array; vt: Matrix } {
  if (a.rows < a.columns) {
    const { u, s, vt } = singularValues(a.transposed(), full);
    return { u: vt.transposed(), s, vt: u.transposed() };
  }
  const n = a.columns;
  const nan = (rows: number, columns: number): Matrix =>
    new Matrix(rows, columns, new Float64Array(rows * columns).fill(Number.NaN));
  if (hasNonFinite(a)) return { u: nan(a.rows, full ? a.rows : n), s: nan(1, n).data, vt: nan(n, n) };
  const w = a.copy();
  const v = Matrix.identity(n);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let rotated = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        let pp = 0;
        let qq = 0;
        let pq = 0;
        for (let r = 0; r < w.rows; r++) {
          pp += w.at(r, p) ** 2;
          qq += w.at(r, q) ** 2;
          pq += w.at(r, p) * w.at(r, q);
        }
        if (pq === 0 || Math.abs(pq) <= 1e-16 * Math.sqrt(pp * qq)) continue;
        rotated = true;
        const { c, s } = rotation(pp, qq, pq);
        rotateColumns(w, p, q, c, s);
        rotateColumns(v, p, q, c, s);
      }
    }
    if (!rotated) break;
  }
  const norms = Array.from({ length: n }, (_, j) => {
    let norm = 0;
    for (let r = 0; r < w.rows; r++) norm = Math.hypot(norm, w.at(r, j));
    return norm;
  });
  const order = range(n).sort((i, j) => norms[j] - norms[i]);
  const s = Float64Array.from(order, (i) => norms[i]);
  const u = columnsInOrder(w, order);
  // columns that are only rounding noise carry no direction; they are completed like those of the full U
  const cutoff = (s[0] ?? 0) * 1e-15 * Math.max(a.rows, 1);
  const known: number[] = [];
  for (let j = 0; j < n; j++) {
    if (s[j] <= cutoff) continue;
    known.push(j);
    for (let r = 0; r < u.rows; r++) u.set(r, j, u.at(r, j) / s[j]);
  }
  return { u: completed(u, known, full ? a.rows : n), s, vt: columnsInOrder(v, order).transposed() };
}

/** An orthonormal matrix of `columns` columns that keeps u's `known` ones where they are (Gram-Schmidt on unit vectors, twice). */
function completed(u: Matrix, known: readonly number[], columns: number): Matrix {
  const out = new Matrix(u.rows, columns);
  const done = [...known];
  for (const j of known) for (let r = 0; r < u.rows; r++) out.set(r, j, u.at(r, j));
  let unit = 0;
  for (let j = 0; j < columns; j++) {
    if (known.includes(j)) continue;
    for (let length = 0; length < 0.5 / Math.sqrt(u.rows); unit++) {
      const x = new Float64Array(u.rows);
      x[unit] = 1;
      for (let pass = 0; pass < 2; pass++) {
        for (const k of done) {
          let dot = 0;
          for (let r = 0; r < u.rows; r++) dot += x[r] * out.at(r, k);
          for (let r = 0; r < u.rows; r++) x[r] -= dot * out.at(r, k);
        }
      }
      length = Math.hypot(...x);
      for (let r = 0; r < u.rows; r++) out.set(r, j, x[r] / length);
    }
    done.push(j);
  }
  return out;
}
