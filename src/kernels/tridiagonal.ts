/** Eigenvalues of a symmetric tridiagonal matrix by implicitly shifted QR steps (Wilkinson & Reinsch 1971, contribution II/4, from the top down). */
import type { TileAtom } from "../ir/tile.js";
import { deflate } from "./deflation.js";
import { type Recorder, turnOf } from "./rotation-list.js";
import type { ScalarCode, VectorView } from "./scalar-code.js";

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
