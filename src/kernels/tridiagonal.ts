/**
 * Reduction of a symmetric matrix to a tridiagonal one by reflections, and eigenvalues of that by implicitly shifted QR steps
 * (Wilkinson & Reinsch 1971, contributions II/2 and II/4, from the top down).
 */
import type { TileAtom } from "../ir/tile.js";
import { range } from "../util/index.js";
import { COLUMNS } from "./bidiagonal.js";
import { deflate, NOTHING } from "./deflation.js";
import { reflect } from "./householder.js";
import type { Panels } from "./panels.js";
import { type Recorder, turnOf } from "./rotation-list.js";
import type { MatrixView, ScalarCode, VectorView } from "./scalar-code.js";

/** Working vectors are as long as a row of a, and zero where they are not used. */
export interface TridiagonalWork {
  /** n × n, in zeros up to a multiple of ROWS and COLUMNS. */
  readonly a: MatrixView;
  readonly v: VectorView;
  readonly w: VectorView;
  readonly nextV: VectorView;
  readonly product: VectorView;
  /** LANES for each row. */
  readonly dots: VectorView;
}

/** Rows of the symmetric matrix that are worked on together, and elements of them. */
const ROWS = 2;
export const LANES = 4;

/** a = H₀H₁… T (H₀H₁…)ᵀ: T to `diagonal` and `beside`, the reflections to `sides`. Spoils a. */
export function tridiagonalise(
  k: ScalarCode,
  n: number,
  work: TridiagonalWork,
  [diagonal, beside]: readonly [VectorView, VectorView],
  panels: Panels,
): void {
  const { t } = k;
  const { a, v, w, nextV, product } = work;
  const stride = a.rowStride;
  for (const part of [v, w, nextV]) part.fill(0, 0, stride);
  panels.clear();
  k.for(0, n, (j) => {
    const next = k.add(j, 1);
    const start = t.op("and", [next, t.i32(-COLUMNS)]);
    // of a the change -v wᵀ - w vᵀ is still to be made: first in row j
    const [vj, wj] = [v.at(j), w.at(j)];
    const changed = (c: TileAtom): TileAtom => k.sub(a.at(j, c), k.add(k.mul(v.at(c), wj), k.mul(w.at(c), vj)));
    diagonal.set(j, changed(j));
    t.if(k.lt(next, n), () => {
      k.for(next, n, (c) => nextV.set(c, changed(c)));
      const { beta, tau } = reflect(k, nextV, next, n, NOTHING);
      beside.set(j, beta);
      panels.set(j, nextV, next, tau);
      nextV.set(j, 0);
      // elements that are done are left alone from here on
      v.set(j, 0);
      w.set(j, 0);
      // then everywhere, together with a v of the new v
      changeAndMultiply(k, work, start);
      // w = p - (τ pᵀv / 2) v with p = τ a v, a v being the product
      const sum = t.var(t.const(0, "f64"));
      k.for(next, n, (c) => t.assign(sum, k.add(sum, k.mul(product.at(c), nextV.at(c)))));
      const half = k.mul(k.mul(k.mul(sum, tau), tau), -0.5);
      k.for(start, next, (c) => {
        v.set(c, 0);
        w.set(c, 0);
      });
      k.for(next, n, (c) => {
        const x = nextV.at(c);
        w.set(c, k.add(k.mul(product.at(c), tau), k.mul(x, half)));
        v.set(c, x);
      });
    });
  });
  k.for(0, panels.panels, (panel) => panels.close(panel));
}

/**
 * a becomes a - v wᵀ - w vᵀ from row and column `start` on, and product = a nextV, in one pass over its upper triangle and the squares
 * on the diagonal. What a row adds up is stored, lane by lane: so it takes the widest registers.
 */
function changeAndMultiply(k: ScalarCode, work: TridiagonalWork, start: TileAtom): void {
  const { t } = k;
  const { a, v, w, nextV, product, dots } = work;
  const end = a.rowStride;
  product.fill(0, start, end);
  k.for(
    start,
    end,
    (i) => {
      const rows = range(ROWS).map((r) => {
        const at = k.add(i, r);
        return { at, v: k.neg(v.at(at)), w: k.neg(w.at(at)), next: nextV.at(at) };
      });
      const sums = rows.map(() => t.var(t.const(0, "f64", [LANES])));
      const along = (c: TileAtom, isAcross: boolean): void => {
        const [vs, ws, others] = [v, w, nextV].map((x) => x.at(c, LANES));
        const sum = t.var(product.at(c, LANES));
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
        product.set(c, sum, LANES);
      };
      const square = t.op("and", [i, t.i32(-COLUMNS)]);
      const beyond = k.add(square, COLUMNS);
      k.for(square, beyond, (c) => along(c, false), LANES);
      k.for(beyond, end, (c) => along(c, true), LANES);
      rows.forEach(({ at }, r) => {
        dots.set(k.mul(at, LANES), sums[r], LANES);
      });
    },
    ROWS,
  );
  k.for(start, end, (i) => {
    const sum = t.reduce("sum", dots.at(k.mul(i, LANES), LANES), 0);
    product.set(i, k.add(product.at(i), sum));
  });
}

/** Eigenvalues come to `d`, in no order, and `e` becomes zero; the rotations that do it are those of the vectors. */
export function symmetricValues(
  k: ScalarCode,
  n: number,
  d: VectorView,
  e: VectorView,
  recorder: Recorder,
  progress: VectorView,
  epsilon: number,
): void {
  deflate(k, n, [d, e], epsilon, recorder, progress, ({ low, high }) => step(k, d, e, recorder, low, high));
}
function step(k: ScalarCode, d: VectorView, e: VectorView, recorder: Recorder, low: TileAtom, high: TileAtom): void {
  const { t } = k;
  const before = k.sub(high, 1);
  const [last, off] = [d.at(high), e.at(before)];
  // Wilkinson's shift
  const theta = k.div(k.sub(d.at(before), last), k.mul(off, 2));
  const root = k.hypot(theta, t.const(1, "f64"));
  const signed = k.select(k.ge(theta, 0), root, k.neg(root));
  const dl = d.at(low);
  const g = t.var(k.add(k.sub(dl, last), k.div(off, k.add(theta, signed))));
  const [s, c] = [t.var(t.const(1, "f64")), t.var(t.const(1, "f64"))];
  const p = t.var(t.const(0, "f64"));
  const di = t.var(dl);
  k.for(low, high, (i) => {
    const next = k.add(i, 1);
    const ei = e.at(i);
    const [f, b] = [k.mul(s, ei), k.mul(c, ei)];
    const turn = turnOf(k, g, f);
    t.if(k.gt(i, low), () => e.set(k.sub(i, 1), turn.r));
    const dn = d.at(next);
    const rest = k.sub(di, p);
    const r = k.add(k.mul(k.sub(dn, rest), turn.s), k.mul(k.mul(turn.c, b), 2));
    const shifted = k.mul(turn.s, r);
    d.set(i, k.add(rest, shifted));
    t.assign(g, k.sub(k.mul(turn.c, r), b));
    t.assign(p, shifted);
    t.assign(s, turn.s);
    t.assign(c, turn.c);
    t.assign(di, dn);
    recorder.push([turn.c, turn.s]);
  });
  d.set(high, k.sub(di, p));
  e.set(before, g);
}
