/**
 * Index arithmetic of kernels: integer-affine forms over loops and opaque terms, with exact division and remainder where
 * the ranges allow, so that reshapes, slices and transposes between fused operations cost nothing at run time.
 */
import type { Node } from "./node.js";

/** One loop of a kernel: index = 0 … extent-1. */
export interface Loop {
  readonly kind: "loop";
  readonly id: number;
  extent: number;
  readonly reduced: boolean;
  /** Folded into the next inner loop: its terms are carried by that one. */
  merged: boolean;
}
/** An i32 value that is not affine in the loops (a quotient, a remainder, a value read from memory), within [lo, hi]. */
export interface Opaque {
  readonly kind: "opaque";
  readonly id: number;
  readonly node: Node;
  readonly lo: number;
  readonly hi: number;
}
export type AffineAtom = Loop | Opaque;
export interface Term {
  readonly atom: AffineAtom;
  readonly factor: number;
}

export interface Affine {
  readonly constant: number;
  /** Distinct atoms, ordered by id, factors not zero. */
  readonly terms: readonly Term[];
  key?: string;
}

export const ZERO: Affine = { constant: 0, terms: [] };

export function constantIndex(constant: number): Affine {
  return constant === 0 ? ZERO : { constant, terms: [] };
}
export function atomIndex(atom: AffineAtom): Affine {
  return { constant: 0, terms: [{ atom, factor: 1 }] };
}
export function affineKey(a: Affine): string {
  if (a.key === undefined) a.key = a.terms.reduce((text, t) => `${text}+${t.factor}*${t.atom.id}`, String(a.constant));
  return a.key;
}

export function addIndex(a: Affine, b: Affine): Affine {
  if (a.terms.length === 0) return shiftIndex(b, a.constant);
  if (b.terms.length === 0) return shiftIndex(a, b.constant);
  const terms: Term[] = [];
  let i = 0;
  let j = 0;
  while (i < a.terms.length || j < b.terms.length) {
    const x = a.terms[i];
    const y = b.terms[j];
    if (y === undefined || (x !== undefined && x.atom.id < y.atom.id)) {
      terms.push(x);
      i++;
    } else if (x === undefined || y.atom.id < x.atom.id) {
      terms.push(y);
      j++;
    } else {
      const factor = x.factor + y.factor;
      if (factor !== 0) terms.push({ atom: x.atom, factor });
      i++;
      j++;
    }
  }
  return { constant: a.constant + b.constant, terms };
}
export function shiftIndex(a: Affine, by: number): Affine {
  return by === 0 ? a : { constant: a.constant + by, terms: a.terms };
}
export function scaleIndex(a: Affine, by: number): Affine {
  if (by === 1) return a;
  if (by === 0) return ZERO;
  return { constant: a.constant * by, terms: a.terms.map((t) => ({ atom: t.atom, factor: t.factor * by })) };
}

/** Least and greatest value. */
export function rangeOf(a: Affine): readonly [number, number] {
  let lo = a.constant;
  let hi = a.constant;
  for (const { atom, factor } of a.terms) {
    const low = atom.kind === "loop" ? 0 : atom.lo;
    const high = atom.kind === "loop" ? Math.max(atom.extent - 1, 0) : atom.hi;
    lo += factor > 0 ? factor * low : factor * high;
    hi += factor > 0 ? factor * high : factor * low;
  }
  return [lo, hi];
}

/** Thrown by `divideIndex` when the division becomes exact after `loop` is split into (extent / inner, inner). */
export class SplitLoop {
  constructor(
    readonly loop: Loop,
    readonly inner: number,
  ) {}
}

/** Makes the opaque terms that stand for quotients and remainders that are not affine. */
export interface OpaqueMaker {
  quotient(a: Affine, divisor: number): Affine;
  remainder(a: Affine, divisor: number): Affine;
}

/** [a div d, a mod d] for a ≥ 0, d > 0. */
export function divideIndex(a: Affine, d: number, maker: OpaqueMaker): readonly [Affine, Affine] {
  if (d === 1) return [a, ZERO];
  const whole: Term[] = [];
  const rest: Term[] = [];
  for (const t of a.terms) {
    if (t.factor % d === 0) whole.push({ atom: t.atom, factor: t.factor / d });
    else rest.push(t);
  }
  const wholeConstant = Math.floor(a.constant / d);
  const restConstant = a.constant - wholeConstant * d;
  const remainder: Affine = { constant: restConstant, terms: rest };
  const [lo, hi] = rangeOf(remainder);
  const first = Math.floor(lo / d);
  if (first === Math.floor(hi / d)) {
    return [{ constant: wholeConstant + first, terms: whole }, shiftIndex(remainder, -first * d)];
  }
  for (const { atom, factor } of rest) {
    if (atom.kind !== "loop" || factor <= 0 || d % factor !== 0) continue;
    const inner = d / factor;
    if (inner > 1 && atom.extent > inner && atom.extent % inner === 0) throw new SplitLoop(atom, inner);
  }
  // the quotient and remainder of machines round towards zero: shift what may be negative up by a multiple of d
  const lift = lo < 0 ? Math.ceil(-lo / d) : 0;
  const lifted = shiftIndex(remainder, lift * d);
  const q = maker.quotient(lifted, d);
  return [addIndex({ constant: wholeConstant - lift, terms: whole }, q), maker.remainder(lifted, d)];
}
