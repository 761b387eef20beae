/**
 * Index arithmetic of kernels: integer-affine forms over loops and opaque terms, with exact division and remainder where
 * the ranges allow, so that reshapes, slices and transposes between fused operations cost nothing at run time.
 */
import {
  type Dim,
  dimAdd,
  dimAtLeast,
  dimEqual,
  dimFloorDiv,
  dimMax,
  dimMod,
  dimMul,
  dimSame,
  dimSub,
  isStatic,
} from "../../ir/dim.js";
import { needsStatic } from "../../ir/size.js";
import type { Node } from "./node.js";

/** One loop of a kernel: index = 0 … extent-1. */
export interface Loop {
  readonly kind: "loop";
  readonly id: number;
  extent: Dim;
  readonly reduced: boolean;
  /** Folded into the next inner loop: its terms are carried by that one. */
  merged: boolean;
}
/** An i32 value that is not affine in the loops (a quotient, a remainder, a value read from memory), within [lo, hi]. */
export interface Opaque {
  readonly kind: "opaque";
  readonly id: number;
  readonly node: Node;
  readonly lo: Dim;
  readonly hi: Dim;
}
export type AffineAtom = Loop | Opaque;
export interface Term {
  readonly atom: AffineAtom;
  readonly factor: Dim;
}

export interface Affine {
  readonly constant: Dim;
  /** Distinct atoms, ordered by id, factors not zero. */
  readonly terms: readonly Term[];
  key?: string;
}

export const ZERO: Affine = { constant: 0, terms: [] };

export function constantIndex(constant: Dim): Affine {
  return constant === 0 ? ZERO : { constant, terms: [] };
}
export function atomIndex(atom: AffineAtom): Affine {
  return { constant: 0, terms: [{ atom, factor: 1 }] };
}
export function affineKey(a: Affine): string {
  if (a.key === undefined)
    a.key = a.terms.reduce((text, t) => `${text}+${String(t.factor)}*${t.atom.id}`, String(a.constant));
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
      const factor = dimAdd(x.factor, y.factor);
      if (factor !== 0) terms.push({ atom: x.atom, factor });
      i++;
      j++;
    }
  }
  return { constant: dimAdd(a.constant, b.constant), terms };
}
export function shiftIndex(a: Affine, by: Dim): Affine {
  return by === 0 ? a : { constant: dimAdd(a.constant, by), terms: a.terms };
}
export function scaleIndex(a: Affine, by: Dim): Affine {
  if (by === 1) return a;
  if (by === 0) return ZERO;
  return {
    constant: dimMul(a.constant, by),
    terms: a.terms.map((t) => ({ atom: t.atom, factor: dimMul(t.factor, by) })),
  };
}

/** Least and greatest value. */
export function rangeOf(a: Affine): readonly [Dim, Dim] {
  let lo = a.constant;
  let hi = a.constant;
  for (const { atom, factor } of a.terms) {
    const low = atom.kind === "loop" ? 0 : atom.lo;
    const high = atom.kind === "loop" ? dimMax(dimSub(atom.extent, 1), 0) : atom.hi;
    const up = isPositive(factor);
    lo = dimAdd(lo, dimMul(factor, up ? low : high));
    hi = dimAdd(hi, dimMul(factor, up ? high : low));
  }
  return [lo, hi];
}
function isPositive(factor: Dim): boolean {
  if (isStatic(factor)) return factor > 0;
  if (dimAtLeast(factor, 0) === true) return true;
  return dimAtLeast(0, factor) === true ? false : needsStatic(`the sign of ${String(factor)} must be known`);
}

/** Thrown by `divideIndex` when the division becomes exact after `loop` is split into (extent / inner, inner). */
export class SplitLoop {
  constructor(
    readonly loop: Loop,
    readonly inner: Dim,
  ) {}
}

/** Makes the opaque terms that stand for quotients and remainders that are not affine. */
export interface OpaqueMaker {
  quotient(a: Affine, divisor: Dim): Affine;
  remainder(a: Affine, divisor: Dim): Affine;
}

/** [a div d, a mod d] for a ≥ 0, d > 0. */
export function divideIndex(a: Affine, d: Dim, maker: OpaqueMaker): readonly [Affine, Affine] {
  if (d === 1) return [a, ZERO];
  const whole: Term[] = [];
  const rest: Term[] = [];
  for (const t of a.terms) {
    if (dimMod(t.factor, d) === 0) whole.push({ atom: t.atom, factor: dimFloorDiv(t.factor, d) });
    else rest.push(t);
  }
  // a number stays beside a divisor with names: what it is a multiple of cannot be told
  const wholeConstant = isStatic(a.constant) && !isStatic(d) ? 0 : dimFloorDiv(a.constant, d);
  const restConstant = dimSub(a.constant, dimMul(wholeConstant, d));
  const remainder: Affine = { constant: restConstant, terms: rest };
  const [lo, hi] = rangeOf(remainder);
  const first = dimFloorDiv(lo, d);
  if (dimEqual(first, dimFloorDiv(hi, d)) === true) {
    return [
      { constant: dimAdd(wholeConstant, first), terms: whole },
      shiftIndex(remainder, dimMul(dimSub(0, first), d)),
    ];
  }
  for (const { atom, factor } of rest) {
    if (atom.kind !== "loop" || dimAtLeast(factor, 1) !== true || dimMod(d, factor) !== 0) continue;
    const inner = dimFloorDiv(d, factor);
    if (inner === 1 || dimSame(atom.extent, inner) || dimMod(atom.extent, inner) !== 0) continue;
    if (isStatic(atom.extent) && isStatic(inner) && atom.extent <= inner) continue;
    throw new SplitLoop(atom, inner);
  }
  // the quotient and remainder of machines round towards zero: shift what may be negative up by a multiple of d
  const lift = dimAtLeast(lo, 0) === true ? 0 : dimFloorDiv(dimAdd(dimSub(0, lo), dimSub(d, 1)), d);
  const lifted = shiftIndex(remainder, dimMul(lift, d));
  const q = maker.quotient(lifted, d);
  return [addIndex({ constant: dimSub(wholeConstant, lift), terms: whole }, q), maker.remainder(lifted, d)];
}
