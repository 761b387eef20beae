/**
 * Operands of contractions that are read under masks, as a kernel reads what lies around an image: where the mask is that
 * coordinates lie between bounds, a copy with zeros outside of them, about as large as the operand, is read without one.
 */
import { isStatic } from "../../ir/dim.js";
import { staticSizes } from "../../ir/size.js";
import type { TileAtom, TileRef } from "../../ir/tile.js";
import type { TileBuilder } from "../../ir/tile-builder.js";
import { type Operand, ScalarCode } from "../../kernels/scalar-code.js";
import { strides } from "../../kernels/contract/pack.js";
import { addIndex, type Loop, scaleIndex } from "./affine.js";
import type { LoadNode, Node } from "./node.js";
import { affineOf, NEGATED, zeroOf } from "./rewrite.js";

/** A copy has at most so many times the operand's elements, or so many in all. */
const MOST_TIMES = 2;
const SMALL = 16384;
/** Elements that one program of the copying stage writes. */
const CHUNK = 8192;

/** One coordinate of the copy: Σ factor · loop, from 0 on. */
interface PaddedAxis {
  readonly factors: ReadonlyMap<Loop, number>;
  readonly size: number;
  /** Between neighbours in the operand. */
  readonly unit: number;
  /** Where the operand is read; elsewhere there are zeros. */
  readonly lo: number;
  readonly hi: number;
}
export interface Padded {
  /** From far to near. */
  readonly axes: readonly PaddedAxis[];
  /** Elements of the copy. */
  readonly size: number;
  /** What a step of a loop is in the copy. */
  readonly strides: ReadonlyMap<Loop, number>;
}

/** How the copy of a masked operand would lie; undefined where the mask is none that cuts coordinates, or the copy were large. */
export function paddingOf(load: LoadNode): Padded | undefined {
  const factors = new Map<Loop, number>();
  for (const { atom, factor } of load.offset.terms) {
    if (atom.kind !== "loop" || !isStatic(factor) || factor <= 0 || !isStatic(atom.extent)) return undefined;
    factors.set(atom, factor);
  }
  const bounds = new Map<string, Bound>();
  if (!load.guard || !readBounds(load.guard, true, bounds)) return undefined;
  const axes: PaddedAxis[] = [];
  const left = new Map(factors);
  for (const b of bounds.values()) {
    const [first] = b.factors;
    const unit = (factors.get(first[0]) ?? 0) / first[1];
    // each loop belongs to one coordinate
    for (const [loop, f] of b.factors) if (left.get(loop) !== unit * f || !left.delete(loop)) return undefined;
    const size = spanOf(b.factors);
    const lo = Math.min(size, Math.max(0, b.lo));
    axes.push({ factors: b.factors, size, unit, lo, hi: Math.max(lo, Math.min(size, b.hi)) });
  }
  axes.push(...unboundedAxes(left));
  axes.sort((a, b) => b.unit - a.unit);
  const size = axes.reduce((n, a) => n * a.size, 1);
  if (!isStatic(load.view.size) || size > Math.max(SMALL, MOST_TIMES * load.view.size)) return undefined;
  const steps = staticSizes(
    strides(
      axes.map((a) => a.size),
      1,
    ),
  );
  const byLoop = new Map(axes.flatMap((a, i) => [...a.factors].map(([l, f]): [Loop, number] => [l, f * steps[i]])));
  return { axes, size, strides: byLoop };
}

function spanOf(factors: ReadonlyMap<Loop, number>): number {
  let last = 0;
  for (const [loop, f] of factors) last += f * (staticSizes([loop.extent])[0] - 1);
  return last + 1;
}
/** Coordinates without bounds: loops that step over each other's places share one. */
function unboundedAxes(left: ReadonlyMap<Loop, number>): PaddedAxis[] {
  const axes: { readonly unit: number; readonly factors: Map<Loop, number> }[] = [];
  for (const [loop, f] of [...left].sort((a, b) => a[1] - b[1])) {
    const last = axes[axes.length - 1];
    if (last && f % last.unit === 0 && f < last.unit * spanOf(last.factors)) last.factors.set(loop, f / last.unit);
    else if (last && f === last.unit) last.factors.set(loop, 1);
    else axes.push({ unit: f, factors: new Map([[loop, 1]]) });
  }
  return axes.map(({ unit, factors }) => {
    const size = spanOf(factors);
    return { unit, factors, size, lo: 0, hi: size };
  });
}

/** lo ≤ Σ factor · loop < hi. */
interface Bound {
  readonly factors: ReadonlyMap<Loop, number>;
  lo: number;
  hi: number;
}
/** Collects the bounds that a mask, or its contrary, is the conjunction of; false where it is something else. */
function readBounds(n: Node, holds: boolean, bounds: Map<string, Bound>): boolean {
  if (n.kind !== "op") return false;
  if (n.prim === (holds ? "and" : "or")) return n.args.every((a) => readBounds(a, holds, bounds));
  if (n.prim === "not") return readBounds(n.args[0], !holds, bounds);
  const [x, y] = n.args.map(affineOf);
  if (!x || !y || !isStatic(x.constant) || !isStatic(y.constant)) return false;
  let prim: string = holds ? n.prim : (NEGATED[n.prim] ?? "");
  // the difference against 0, with factors above 0
  let d = addIndex(x, scaleIndex(y, -1));
  if (d.terms.length > 0 && isStatic(d.terms[0].factor) && d.terms[0].factor < 0) {
    d = scaleIndex(d, -1);
    prim = { lt: "gt", gt: "lt", le: "ge", ge: "le" }[prim] ?? prim;
  }
  let unit = 0;
  for (const { atom, factor } of d.terms) {
    if (atom.kind !== "loop" || !isStatic(factor) || factor <= 0 || !isStatic(atom.extent)) return false;
    unit = greatestDivisor(unit, factor);
  }
  if (unit === 0) return false;
  const factors = new Map<Loop, number>();
  for (const { atom, factor } of d.terms) if (atom.kind === "loop") factors.set(atom, Number(factor) / unit);
  const at = -Number(d.constant) / unit;
  const key = [...factors].map(([l, f]) => `${f}*${l.id}`).join("+");
  const bound = bounds.get(key) ?? { factors, lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY };
  bounds.set(key, bound);
  if (prim === "ge") bound.lo = Math.max(bound.lo, Math.ceil(at));
  else if (prim === "gt") bound.lo = Math.max(bound.lo, Math.floor(at) + 1);
  else if (prim === "lt") bound.hi = Math.min(bound.hi, Math.ceil(at));
  else if (prim === "le") bound.hi = Math.min(bound.hi, Math.floor(at) + 1);
  else return false;
  return true;
}
function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** Adds the stage that writes the copy of `from`. */
export function emitPadded(b: TileBuilder, from: TileRef, load: LoadNode, padded: Padded, into: TileRef): void {
  const k = new ScalarCode(b);
  const [base] = staticSizes([load.offset.constant]);
  // the nearest coordinates that lie one after the other in both are one, up to the first that has bounds
  const outer = [...padded.axes];
  let run = outer.pop() ?? { factors: new Map(), size: 1, unit: 1, lo: 0, hi: 1 };
  while (run.lo === 0 && run.hi === run.size && outer.length > 1) {
    const next = outer[outer.length - 1];
    if (next.unit !== run.unit * run.size) break;
    outer.pop();
    const { size, unit } = run;
    run = { factors: run.factors, size: size * next.size, unit, lo: size * next.lo, hi: size * next.hi };
  }
  const steps = strides([...outer.map((a) => a.size), run.size], 1);
  const chunks = Math.ceil(run.size / CHUNK);
  const zero = (start: Operand, to: Operand, at: TileAtom): void =>
    k.vectorFor(start, to, (i, width) => {
      const shape = width === 1 ? [] : [width];
      b.store(into, k.add(at, i), b.const(zeroOf(into.dtype), into.dtype, shape), width === 1 ? [] : [1]);
    });
  b.stage([...outer.map((a) => a.size), chunks], (...ids) => {
    const start = chunks === 1 ? 0 : k.mul(ids[outer.length], CHUNK);
    const end = chunks === 1 ? run.size : k.min(k.add(start, CHUNK), run.size);
    const clamp = (at: number): Operand => (chunks === 1 ? at : k.min(k.max(start, at), end));
    let at: TileAtom = k.i32(0);
    let source: TileAtom = k.i32(base);
    let inside: TileAtom | null = null;
    outer.forEach((a, i) => {
      at = k.add(at, k.mul(ids[i], steps[i]));
      source = k.add(source, k.mul(ids[i], a.unit));
      const tests = [...(a.lo > 0 ? [k.ge(ids[i], a.lo)] : []), ...(a.hi < a.size ? [k.lt(ids[i], a.hi)] : [])];
      for (const t of tests) inside = inside === null ? t : k.and(inside, t);
    });
    const copy = (): void => {
      if (run.lo > 0) zero(start, clamp(run.lo), at);
      k.vectorFor(clamp(run.lo), clamp(run.hi), (i, width) => {
        const place = k.add(source, k.mul(i, run.unit));
        const x = width === 1 ? b.load(from, place) : b.load(from, place, [width], [run.unit]);
        b.store(into, k.add(at, i), x, width === 1 ? [] : [1]);
      });
      if (run.hi < run.size) zero(clamp(run.hi), end, at);
    };
    if (inside === null) copy();
    else b.if(inside, copy, () => zero(start, end, at));
  });
  b.notes.push(`a masked operand is copied with zeros around it, ${padded.axes.map((a) => a.size).join("×")}`);
}
