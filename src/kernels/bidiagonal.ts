/**
 * Reduction of a long matrix to an upper bidiagonal one by reflections from both sides (Golub & Kahan 1965), and singular
 * values of that by implicitly shifted QR steps, without a shift where one would spoil small values (Demmel & Kahan 1990).
 */
import type { TileAtom } from "../ir/tile.js";
import { range } from "../util/index.js";
import { deflate, type DiagonalBlock, NOTHING } from "./deflation.js";
import { reflect } from "./householder.js";
import type { Panels } from "./panels.js";
import type { Recorder } from "./rotation-list.js";
import { turnOf } from "./rotation-list.js";
import type { MatrixView, ScalarCode, VectorView } from "./scalar-code.js";

const EPSILON = 2 ** -52;

/** Rows that are worked on together, and elements of them. */
export const ROWS = 4;
export const COLUMNS = 8;

/** Working vectors, zero where they are not used: those of rows have the matrix's padded rows, those of columns its row stride. */
export interface BidiagonalWork {
  /** m × n with m ≥ n, in zeros up to a multiple of ROWS and COLUMNS. */
  readonly a: MatrixView;
  readonly paddedRows: number;
  readonly u: VectorView;
  readonly nextU: VectorView;
  readonly x: VectorView;
  readonly v: VectorView;
  readonly y: VectorView;
  readonly nextY: VectorView;
}

/** a = H₀H₁… B (G₀G₁…)ᵀ: B to `diagonal` and `beside`, the reflections to `left` and `right`. Spoils a. */
export function bidiagonalise(
  k: ScalarCode,
  [m, n]: readonly [number, number],
  w: BidiagonalWork,
  [diagonal, beside]: readonly [VectorView, VectorView],
  [left, right]: readonly [Panels, Panels],
): void {
  const { t } = k;
  const { a, paddedRows, u, nextU, x, v, y, nextY } = w;
  const stride = a.rowStride;
  for (const part of [u, nextU, x]) part.fill(0, 0, paddedRows);
  for (const part of [v, y, nextY]) part.fill(0, 0, stride);
  left.clear();
  right.clear();
  k.for(0, n, (j) => {
    const next = k.add(j, 1);
    const top = t.op("and", [j, t.i32(-ROWS)]);
    const start = t.op("and", [next, t.i32(-COLUMNS)]);
    // of a the change -u yᵀ - x vᵀ is still to be made: first in column j
    const [yj, vj] = [y.at(j), v.at(j)];
    k.for(j, m, (i) => nextU.set(i, k.sub(a.at(i, j), k.add(k.mul(u.at(i), yj), k.mul(x.at(i), vj)))));
    const column = reflect(k, nextU, j, m, NOTHING);
    diagonal.set(j, column.beta);
    left.set(j, nextU, j, column.tau);
    t.if(k.lt(next, n), () => {
      // then everywhere, together with y = aᵀ u of the new u
      changeAndMultiply(k, a, [top, paddedRows], [start, stride], w);
      k.for(start, next, (c) => {
        nextY.set(c, 0);
        v.set(c, 0);
      });
      k.for(start, stride, (c) => y.set(c, k.mul(nextY.at(c, COLUMNS), column.tau), COLUMNS), COLUMNS);
      // row j is done but for the reflection of the columns after j
      k.for(next, n, (c) => v.set(c, k.sub(a.at(j, c), y.at(c))));
      const row = reflect(k, v, next, n, NOTHING);
      beside.set(j, row.beta);
      right.set(j, v, next, row.tau);
      k.for(top, paddedRows, (i) => u.set(i, nextU.at(i, ROWS), ROWS), ROWS);
      u.set(j, 0);
      nextU.set(j, 0);
      // x = τ (a - u yᵀ) v
      const yv = dot(k, y, v, start, stride);
      const tau = row.tau;
      k.for(
        top,
        paddedRows,
        (i) => {
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
            x.set(at, k.mul(tau, k.sub(t.reduce("sum", sum, 0), k.mul(u.at(at), yv))));
          });
        },
        ROWS,
      );
      k.for(top, next, (i) => x.set(i, 0));
    });
  });
  for (const side of [left, right]) k.for(0, side.panels, (panel) => side.close(panel));
}
/**
 * a becomes a - u yᵀ - x vᵀ in these rows and columns, and nextY = aᵀ nextU, in one pass. What is added up is stored to, row
 * by row: so it takes the widest registers.
 */
export function changeAndMultiply(
  k: ScalarCode,
  a: MatrixView,
  [top, bottom]: readonly [TileAtom, number],
  [start, end]: readonly [TileAtom, number],
  { u, x, v, y, nextU, nextY }: Pick<BidiagonalWork, "u" | "x" | "v" | "y" | "nextU" | "nextY">,
): void {
  const { t } = k;
  nextY.fill(0, start, end);
  k.for(
    top,
    bottom,
    (i) => {
      const rows = range(ROWS).map((r) => {
        const at = k.add(i, r);
        return { at, u: k.neg(u.at(at)), x: k.neg(x.at(at)), next: nextU.at(at) };
      });
      k.for(
        start,
        end,
        (c) => {
          const [ys, vs] = [y.at(c, COLUMNS), v.at(c, COLUMNS)];
          const sum = t.var(nextY.at(c, COLUMNS));
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
          nextY.set(c, sum, COLUMNS);
        },
        COLUMNS,
      );
    },
    ROWS,
  );
}
/** Of vectors that are padded with zeros. */
function dot(k: ScalarCode, x: VectorView, y: VectorView, start: TileAtom, end: number): TileAtom {
  const { t } = k;
  const sum = t.var(t.const(0, x.dtype, [COLUMNS]));
  k.for(start, end, (c) => t.assign(sum, k.add(sum, k.mul(x.at(c, COLUMNS), y.at(c, COLUMNS)))), COLUMNS);
  return t.reduce("sum", sum, 0);
}

/** Makes `e` zero; the rotations that do it are those of left and right vectors. Values in `d` keep their signs and places. */
export function singularValues(
  k: ScalarCode,
  n: number,
  d: VectorView,
  e: VectorView,
  recorder: Recorder,
  progress: VectorView,
  epsilon: number,
): void {
  deflate(k, n, [d, e], epsilon, recorder, progress, (block) => step(k, d, e, recorder, block));
}
function step(k: ScalarCode, d: VectorView, e: VectorView, recorder: Recorder, block: DiagonalBlock): void {
  const { t } = k;
  const { low, high, largest, smallest } = block;
  // as good as a zero is on the diagonal: there a shifted step would end
  const isSingular = k.lt(smallest, k.mul(largest, EPSILON));
  const before = k.sub(high, 1);
  const shift = smallerValue(k, k.abs(d.at(before)), k.abs(e.at(before)), k.abs(d.at(high)));
  const first = k.abs(d.at(low));
  const isNegligible = k.le(shift, k.mul(first, Math.sqrt(EPSILON)));
  t.if(
    k.or(isSingular, isNegligible),
    () => plainStep(k, d, e, recorder, low, high),
    () => shiftedStep(k, d, e, recorder, low, high, shift),
  );
}
/** The smaller singular value of [[f, g], [0, h]]; none is negative. */
function smallerValue(k: ScalarCode, f: TileAtom, g: TileAtom, h: TileAtom): TileAtom {
  const [small, large] = [k.min(f, h), k.max(f, h)];
  const scale = k.max(large, g);
  const safe = k.select(k.eq(scale, 0), 1, scale);
  // σ₁ + σ₂ = √((f + h)² + g²), σ₁ - σ₂ = √((f - h)² + g²), σ₁ σ₂ = f h
  const root = (x: TileAtom): TileAtom => {
    const [p, q] = [k.div(x, safe), k.div(g, safe)];
    return k.sqrt(k.add(k.mul(p, p), k.mul(q, q)));
  };
  const sum = k.add(root(k.add(large, small)), root(k.sub(large, small)));
  return k.mul(k.mul(small, k.div(large, safe)), k.div(2, k.select(k.eq(sum, 0), 1, sum)));
}
function shiftedStep(
  k: ScalarCode,
  d: VectorView,
  e: VectorView,
  recorder: Recorder,
  low: TileAtom,
  high: TileAtom,
  shift: TileAtom,
): void {
  const { t } = k;
  const dl = d.at(low);
  const sign = k.select(k.ge(dl, 0), t.const(1, "f64"), -1);
  const f = t.var(k.mul(k.sub(k.abs(dl), shift), k.add(sign, k.div(shift, dl))));
  const g = t.var(e.at(low));
  const [di, ei] = [t.var(dl), t.var(e.at(low))];
  k.for(low, high, (i) => {
    const next = k.add(i, 1);
    const right = turnOf(k, f, g);
    t.if(k.gt(i, low), () => e.set(k.sub(i, 1), right.r));
    const dn = d.at(next);
    const a = t.var(k.add(k.mul(right.c, di), k.mul(right.s, ei)));
    const b = t.var(k.sub(k.mul(right.c, ei), k.mul(right.s, di)));
    const bulge = k.mul(right.s, dn);
    const other = k.mul(right.c, dn);
    const left = turnOf(k, a, bulge);
    d.set(i, left.r);
    t.assign(f, k.add(k.mul(left.c, b), k.mul(left.s, other)));
    t.assign(di, k.sub(k.mul(left.c, other), k.mul(left.s, b)));
    // beside the last element of the block is none
    const en = k.select(k.lt(next, high), e.at(next), 0);
    t.assign(g, k.mul(left.s, en));
    t.assign(ei, k.mul(left.c, en));
    recorder.push([left.c, left.s], [right.c, right.s]);
  });
  d.set(high, di);
  e.set(k.sub(high, 1), f);
}
/** A step with shift 0, in which nothing is subtracted. */
function plainStep(
  k: ScalarCode,
  d: VectorView,
  e: VectorView,
  recorder: Recorder,
  low: TileAtom,
  high: TileAtom,
): void {
  const { t } = k;
  const one = t.const(1, "f64");
  const [c, oldC, oldS] = [t.var(one), t.var(one), t.var(t.const(0, "f64"))];
  const di = t.var(d.at(low));
  k.for(low, high, (i) => {
    const next = k.add(i, 1);
    const dn = d.at(next);
    const right = turnOf(k, k.mul(di, c), e.at(i));
    t.if(k.gt(i, low), () => e.set(k.sub(i, 1), k.mul(oldS, right.r)));
    const left = turnOf(k, k.mul(oldC, right.r), k.mul(dn, right.s));
    d.set(i, left.r);
    t.assign(di, dn);
    t.assign(c, right.c);
    t.assign(oldC, left.c);
    t.assign(oldS, left.s);
    recorder.push([left.c, left.s], [right.c, right.s]);
  });
  const last = k.mul(di, c);
  d.set(high, k.mul(last, oldC));
  e.set(k.sub(high, 1), k.mul(last, oldS));
}
