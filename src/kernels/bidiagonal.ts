/**
 * Singular values of an upper bidiagonal matrix by implicitly shifted QR steps, without a shift where one would spoil small values
 * (Demmel & Kahan 1990).
 */
import type { TileAtom } from "../ir/tile.js";
import { deflate, type DiagonalBlock } from "./deflation.js";
import type { Recorder } from "./rotation-list.js";
import { turnOf } from "./rotation-list.js";
import type { ScalarCode, VectorView } from "./scalar-code.js";

const EPSILON = 2 ** -52;

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
