/**
 * Reduction of a long matrix to an upper bidiagonal one by reflections from both sides (Golub & Kahan 1965). Each step goes through the
 * matrix twice, and a part has the same rows of it each time.
 */
import type { TileAtom } from "../ir/tile.js";
import { range } from "../util/index.js";
import { NOTHING } from "./deflation.js";
import { reflectPadded } from "./householder.js";
import type { Panels } from "./panels.js";
import type { Reduction } from "./reduction.js";
import type { MatrixView, ScalarCode, VectorView } from "./scalar-code.js";

/** Rows that are worked on together, and elements of them. */
export const ROWS = 4;
export const COLUMNS = 8;
/** Nanoseconds of an element in the first and in the second pass. */
const CHANGING = 0.17;
const MULTIPLYING = 0.1;

/** Numbers that phases leave for the next ones. */
const LEFT_TAU = 0;
const RIGHT_TAU = 1;
const PRODUCT = 2;
export const NUMBERS = 8;

/** Working vectors, zero where they are not used: those of rows have the matrix's padded rows, those of columns its row stride. */
export interface BidiagonalWork {
  /** m × n with m ≥ n, in zeros up to a multiple of COLUMNS. */
  readonly a: MatrixView;
  readonly u: VectorView;
  /** The column that is to be reflected next. */
  readonly nextU: VectorView;
  readonly x: VectorView;
  readonly v: VectorView;
  readonly y: VectorView;
  /** Row p: what part p adds to aᵀ u. */
  readonly sums: MatrixView;
  readonly numbers: VectorView;
  readonly diagonal: VectorView;
  readonly beside: VectorView;
  readonly left: Panels;
  readonly right: Panels;
}

/** a = H₀H₁… B (G₀G₁…)ᵀ: B to `diagonal` and `beside`, the reflections to `left` and `right`. Spoils a. */
export function bidiagonalisation(
  k: ScalarCode,
  [m, n]: readonly [number, number],
  paddedRows: number,
  parts: number,
  workOf: (matrix: TileAtom) => BidiagonalWork,
): Omit<Reduction, "end"> {
  const { t } = k;
  const topOf = (j: TileAtom): TileAtom => t.op("and", [j, t.i32(-ROWS)]);
  const startOf = (next: TileAtom): TileAtom => t.op("and", [next, t.i32(-COLUMNS)]);
  /** `body` for the first of each few rows of a part. */
  const eachRows = (top: TileAtom, part: TileAtom, body: (i: TileAtom) => void): void => {
    const first = k.div(top, ROWS);
    const ahead = k.rem(k.add(k.sub(part, k.rem(first, parts)), parts), parts);
    k.for(parts === 1 ? top : k.mul(k.add(first, ahead), ROWS), paddedRows, body, parts * ROWS);
  };
  const elements = (m * n) / (m > 2 * n ? 2 : 3);

  const start = (b: TileAtom): void => {
    const { a, u, nextU, x, v, y, left, right } = workOf(b);
    for (const part of [u, nextU, x]) part.fill(0, 0, paddedRows);
    for (const part of [v, y]) part.fill(0, 0, a.rowStride);
    left.clear();
    right.clear();
    k.for(0, m, (i) => nextU.set(i, a.at(i, 0)));
  };
  /** Reflects column j. */
  const column = (b: TileAtom, j: TileAtom): void => {
    const { nextU, x, left, diagonal, numbers } = workOf(b);
    const top = topOf(j);
    k.for(top, j, (i) => {
      nextU.set(i, 0);
      x.set(i, 0);
    });
    const { beta, tau } = reflectPadded(k, nextU, [j, m], [top, paddedRows], ROWS, NOTHING);
    diagonal.set(j, beta);
    left.setTau(j, tau);
    numbers.set(LEFT_TAU, tau);
    t.if(k.eq(j, n - 1), () => left.setPart(j, nextU, j, m));
  };
  /** The change -u yᵀ - x vᵀ that is still to be made, together with aᵀ u of the new u. */
  const change = (b: TileAtom, j: TileAtom, part: TileAtom): void => {
    const { a, u, nextU, x, v, y, sums } = workOf(b);
    const next = k.add(j, 1);
    t.if(k.lt(next, n), () => {
      const start = startOf(next);
      const sum = sums.row(part);
      sum.fill(0, start, a.rowStride);
      eachRows(topOf(j), part, (i) => changeRows(k, a, i, [start, a.rowStride], { u, nextU, x, v, y, sum }));
    });
  };
  /** Reflects row j, behind the diagonal. */
  const row = (b: TileAtom, j: TileAtom): void => {
    const { a, u, nextU, v, y, sums, beside, right, numbers } = workOf(b);
    const next = k.add(j, 1);
    t.if(k.lt(next, n), () => {
      const [start, stride] = [startOf(next), a.rowStride];
      const tau = numbers.at(LEFT_TAU);
      k.for(
        start,
        stride,
        (c) => {
          const sum = t.var(sums.at(0, c, COLUMNS));
          for (const p of range(parts).slice(1)) t.assign(sum, k.add(sum, sums.at(p, c, COLUMNS)));
          const product = t.var(k.mul(sum, tau));
          v.set(c, k.sub(a.at(j, c, COLUMNS), product), COLUMNS);
          y.set(c, product, COLUMNS);
        },
        COLUMNS,
      );
      k.for(start, next, (c) => {
        y.set(c, 0);
        v.set(c, 0);
      });
      const reflection = reflectPadded(k, v, [next, n], [start, stride], COLUMNS, NOTHING);
      beside.set(j, reflection.beta);
      right.setTau(j, reflection.tau);
      numbers.set(RIGHT_TAU, reflection.tau);
      const yv = t.var(t.const(0, "f64", [COLUMNS]));
      k.for(start, stride, (c) => t.assign(yv, k.add(yv, k.mul(y.at(c, COLUMNS), v.at(c, COLUMNS)))), COLUMNS);
      numbers.set(PRODUCT, t.reduce("sum", yv, 0));
      k.for(topOf(j), paddedRows, (i) => u.set(i, nextU.at(i, ROWS), ROWS), ROWS);
      u.set(j, 0);
    });
  };
  /** x = τ (a - u yᵀ) v, and the next column. */
  const multiply = (b: TileAtom, j: TileAtom, part: TileAtom): void => {
    const { a, u, nextU, x, v, y, left, right, numbers } = workOf(b);
    const next = k.add(j, 1);
    t.if(k.lt(next, n), () => {
      const [start, stride] = [startOf(next), a.rowStride];
      const [tau, yv] = [numbers.at(RIGHT_TAU), numbers.at(PRODUCT)];
      const [yNext, vNext] = [y.at(next), v.at(next)];
      eachRows(topOf(j), part, (i) => {
        left.setPart(j, nextU, i, k.min(k.add(i, ROWS), m));
        const sums = range(ROWS).map(() => t.var(t.const(0, "f64", [COLUMNS])));
        k.for(
          start,
          stride,
          (c) => {
            const vs = v.at(c, COLUMNS);
            sums.forEach((sum, r) => {
              t.assign(sum, k.add(sum, k.mul(a.at(k.add(i, r), c, COLUMNS), vs)));
            });
          },
          COLUMNS,
        );
        sums.forEach((sum, r) => {
          const at = k.add(i, r);
          const own = t.var(u.at(at));
          const product = t.var(k.mul(tau, k.sub(t.reduce("sum", sum, 0), k.mul(own, yv))));
          x.set(at, product);
          nextU.set(at, k.sub(a.at(at, next), k.add(k.mul(own, yNext), k.mul(product, vNext))));
        });
      });
      const columns = Math.ceil(n / parts);
      const first = k.mul(part, columns);
      right.setPart(j, v, k.max(first, next), k.min(k.add(first, columns), n));
    });
  };
  return {
    steps: n,
    parts,
    start,
    phases: [
      { body: column },
      { body: change, ns: CHANGING * elements },
      { body: row },
      { body: multiply, ns: MULTIPLYING * elements },
    ],
  };
}

interface Change {
  readonly u: VectorView;
  readonly x: VectorView;
  readonly v: VectorView;
  readonly y: VectorView;
  readonly nextU: VectorView;
  readonly sum: VectorView;
}
/**
 * A few rows of a become a - u yᵀ - x vᵀ in these columns, and `sum` gets their share of aᵀ nextU, in one pass. What is added up
 * is stored to, row by row: so it takes the widest registers.
 */
function changeRows(
  k: ScalarCode,
  a: MatrixView,
  i: TileAtom,
  [start, end]: readonly [TileAtom, number],
  { u, x, v, y, nextU, sum: all }: Change,
): void {
  const { t } = k;
  const rows = range(ROWS).map((r) => {
    const at = k.add(i, r);
    return { at, u: k.neg(u.at(at)), x: k.neg(x.at(at)), next: nextU.at(at) };
  });
  k.for(
    start,
    end,
    (c) => {
      const [ys, vs] = [y.at(c, COLUMNS), v.at(c, COLUMNS)];
      const sum = t.var(all.at(c, COLUMNS));
      const news = rows.map((row) => {
        const value = t.var(a.at(row.at, c, COLUMNS));
        t.assign(value, k.add(value, k.mul(ys, row.u)));
        t.assign(value, k.add(value, k.mul(vs, row.x)));
        t.assign(sum, k.add(sum, k.mul(value, row.next)));
        return value;
      });
      rows.forEach((row, r) => {
        a.set(row.at, c, news[r], COLUMNS);
      });
      all.set(c, sum, COLUMNS);
    },
    COLUMNS,
  );
}
