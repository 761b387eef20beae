/**
 * Reduction of a symmetric matrix to a tridiagonal one by reflections, and eigenvalues of that by implicitly shifted QR steps
 * (Wilkinson & Reinsch 1971, contributions II/2 and II/4, from the top down).
 */
import type { TileAtom } from "../ir/tile.js";
import { changeAndMultiply, COLUMNS } from "./bidiagonal.js";
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
}

/** a = H₀H₁… T (H₀H₁…)ᵀ: T to `diagonal` and `beside`, the reflections to `sides`. Spoils a. */
export function tridiagonalise(
  k: ScalarCode,
  n: number,
  { a, v, w, nextV, product }: TridiagonalWork,
  [diagonal, beside]: readonly [VectorView, VectorView],
  panels: Panels,
): void {
  const { t } = k;
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
      const lines = [start, stride] as const;
      changeAndMultiply(k, a, lines, lines, { u: v, y: w, x: w, v, nextU: nextV, nextY: product });
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

/** Eigenvalues come to `d`, in no order, and `e` becomes zero; the rotations that do it are those of the vectors. */
export function symmetricValues(
  k: ScalarCode,
  n: number,
  d: VectorView,
  e: VectorView,
  recorder: Recorder,
  epsilon: number,
): void {
  deflate(k, n, [d, e], epsilon, recorder, ({ low, high }) => step(k, d, e, recorder, low, high));
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
