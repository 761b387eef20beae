/**
 * Reduction of a symmetric matrix to a tridiagonal one by reflections (Wilkinson & Reinsch 1971, contribution II/2, from the top down).
 * Each step goes once through the upper triangle, of which a part always has the same rows.
 */
import type { TileAtom } from "../ir/tile.js";
import { range } from "../util/index.js";
import { COLUMNS } from "./bidiagonalisation.js";
import { NOTHING } from "./deflation.js";
import { reflectPadded } from "./householder.js";
import type { Panels } from "./panels.js";
import type { Reduction } from "./reduction.js";
import type { MatrixView, ScalarCode, VectorView } from "./scalar-code.js";

/** Rows that are worked on together, and elements of them. */
const ROWS = 2;
export const LANES = 4;
/** Neighbouring rows of a part. */
const BAND = COLUMNS;
/** Nanoseconds of an element of the upper triangle. */
const CHANGING = 0.2;

/** Working vectors are as long as a row of a, and zero where they are not used. */
export interface TridiagonalWork {
  /** n × n, in zeros up to a multiple of COLUMNS. */
  readonly a: MatrixView;
  readonly v: VectorView;
  readonly w: VectorView;
  readonly nextV: VectorView;
  /** What row i adds up behind its square, and LANES for each row. */
  readonly across: VectorView;
  readonly dots: VectorView;
  /** Row p: what part p adds to a nextV. */
  readonly sums: MatrixView;
  /** One number: the last reflection's τ. */
  readonly numbers: VectorView;
  readonly diagonal: VectorView;
  readonly beside: VectorView;
  readonly panels: Panels;
}

/** a = H₀H₁… T (H₀H₁…)ᵀ: T to `diagonal` and `beside`, the reflections to `panels`. Spoils a. */
export function tridiagonalisation(
  k: ScalarCode,
  n: number,
  parts: number,
  workOf: (matrix: TileAtom) => TridiagonalWork,
): Omit<Reduction, "end"> {
  const { t } = k;
  const startOf = (next: TileAtom): TileAtom => t.op("and", [next, t.i32(-COLUMNS)]);
  const start = (b: TileAtom): void => {
    const { a, v, w, nextV, panels } = workOf(b);
    for (const part of [v, w, nextV]) part.fill(0, 0, a.rowStride);
    panels.clear();
  };
  /** v and w of the change -v wᵀ - w vᵀ that the last reflection makes behind row j: w = p - (τ pᵀv / 2) v with p = τ a v. */
  const finish = (work: TridiagonalWork, j: TileAtom): void => {
    const { a, v, w, nextV, across, sums, numbers } = work;
    const [start, stride] = [startOf(j), a.rowStride];
    const tau = numbers.at(0);
    const product = t.var(t.const(0, "f64", [COLUMNS]));
    k.for(
      start,
      stride,
      (c) => {
        const sum = t.var(across.at(c, COLUMNS));
        for (const p of range(parts)) t.assign(sum, k.add(sum, sums.at(p, c, COLUMNS)));
        w.set(c, sum, COLUMNS);
        t.assign(product, k.add(product, k.mul(sum, nextV.at(c, COLUMNS))));
      },
      COLUMNS,
    );
    const half = k.mul(k.mul(k.mul(t.reduce("sum", product, 0), tau), tau), -0.5);
    k.for(
      start,
      stride,
      (c) => {
        const x = nextV.at(c, COLUMNS);
        w.set(c, k.add(k.mul(w.at(c, COLUMNS), tau), k.mul(x, half)), COLUMNS);
        v.set(c, x, COLUMNS);
      },
      COLUMNS,
    );
    k.for(start, j, (c) => {
      v.set(c, 0);
      w.set(c, 0);
    });
  };
  /** Reflects row j, behind the diagonal. */
  const row = (b: TileAtom, j: TileAtom): void => {
    const work = workOf(b);
    const { a, v, w, nextV, numbers, panels, diagonal, beside } = work;
    t.if(k.gt(j, 0), () => finish(work, j));
    const [vj, wj] = [t.var(v.at(j)), t.var(w.at(j))];
    diagonal.set(j, k.sub(a.at(j, j), k.mul(k.mul(vj, wj), 2)));
    const next = k.add(j, 1);
    t.if(k.lt(next, n), () => {
      const [start, stride] = [startOf(next), a.rowStride];
      k.for(
        start,
        stride,
        (c) => {
          const change = k.add(k.mul(v.at(c, COLUMNS), wj), k.mul(w.at(c, COLUMNS), vj));
          nextV.set(c, k.sub(a.at(j, c, COLUMNS), change), COLUMNS);
        },
        COLUMNS,
      );
      k.for(start, next, (c) => nextV.set(c, 0));
      const { beta, tau } = reflectPadded(k, nextV, [next, n], [start, stride], COLUMNS, NOTHING);
      beside.set(j, beta);
      panels.setTau(j, tau);
      numbers.set(0, tau);
      // elements that are done are left alone from here on
      v.set(j, 0);
      w.set(j, 0);
    });
  };
  const change = (b: TileAtom, j: TileAtom, part: TileAtom): void => {
    const work = workOf(b);
    const next = k.add(j, 1);
    t.if(k.lt(next, n), () => {
      const [start, stride] = [startOf(next), work.a.rowStride];
      const sum = work.sums.row(part);
      sum.fill(0, start, stride);
      const band = k.div(start, BAND);
      const ahead = k.rem(k.add(k.sub(part, k.rem(band, parts)), parts), parts);
      const rowsOf = (first: TileAtom): void =>
        k.for(first, k.add(first, BAND), (i) => changeRows(k, work, i, first, sum), ROWS);
      k.for(parts === 1 ? start : k.mul(k.add(band, ahead), BAND), stride, rowsOf, parts * BAND);
      const columns = Math.ceil(n / parts);
      const first = k.mul(part, columns);
      work.panels.setPart(j, work.nextV, k.max(first, next), k.min(k.add(first, columns), n));
    });
  };
  return {
    steps: n,
    parts,
    start,
    phases: [{ body: row }, { body: change, ns: (CHANGING * n * n) / 6 }],
  };
}

/**
 * Two rows of a become a - v wᵀ - w vᵀ from their square on the diagonal on, and a nextV gets what they add to it, in one pass:
 * `sum` by columns, `across` along rows. What a row adds up is stored, lane by lane: so it takes the widest registers.
 */
function changeRows(k: ScalarCode, work: TridiagonalWork, i: TileAtom, square: TileAtom, total: VectorView): void {
  const { t } = k;
  const { a, v, w, nextV, across, dots } = work;
  const rows = range(ROWS).map((r) => {
    const at = k.add(i, r);
    return { at, v: k.neg(v.at(at)), w: k.neg(w.at(at)), next: nextV.at(at) };
  });
  const sums = rows.map(() => t.var(t.const(0, "f64", [LANES])));
  const along = (c: TileAtom, isAcross: boolean): void => {
    const [vs, ws, others] = [v, w, nextV].map((x) => x.at(c, LANES));
    const sum = t.var(total.at(c, LANES));
    const news = rows.map((row, r) => {
      const value = t.var(a.at(row.at, c, LANES));
      t.assign(value, k.add(value, k.mul(ws, row.v)));
      t.assign(value, k.add(value, k.mul(vs, row.w)));
      t.assign(sum, k.add(sum, k.mul(value, row.next)));
      // the element on the other side of the diagonal
      if (isAcross) t.assign(sums[r], k.add(sums[r], k.mul(value, others)));
      return value;
    });
    rows.forEach((row, r) => {
      a.set(row.at, c, news[r], LANES);
    });
    total.set(c, sum, LANES);
  };
  const beyond = k.add(square, COLUMNS);
  k.for(square, beyond, (c) => along(c, false), LANES);
  k.for(beyond, a.rowStride, (c) => along(c, true), LANES);
  rows.forEach(({ at }, r) => {
    dots.set(k.mul(at, LANES), sums[r], LANES);
  });
  rows.forEach(({ at }) => {
    across.set(at, t.reduce("sum", dots.at(k.mul(at, LANES), LANES), 0));
  });
}
