/**
 * A nest whose values are combined over small windows (depthwise convolutions, pooling), written so that windows which
 * overlap share what they read: a few neighbouring rows at once, position by position along them, taps written out. Where
 * windows reach into padding their taps are counted instead, so no element is tested by itself and no padded copy is made.
 */
import { internal } from "../../diagnostics/error.js";
import { byteSize } from "../../ir/dtype.js";
import { isStatic, isStaticShape } from "../../ir/dim.js";
import { hintOf, staticSizes } from "../../ir/size.js";
import { COMBINE, identityOf } from "../../ir/reduce-op.js";
import type { TileAtom, TileReduceOp } from "../../ir/tile.js";
import type { TileBuilder } from "../../ir/tile-builder.js";
import { ScalarCode } from "../../kernels/scalar-code.js";
import type { Machine } from "../target.js";
import { type Affine, affineKey, type Loop } from "./affine.js";
import { emitAtPoint } from "./at-point.js";
import type { RefOf } from "./emit.js";
import type { PreparedNest } from "./nest.js";
import type { LoadNode, Member, Node } from "./node.js";

/** Elements of a window, and taps that are written out. */
const MOST_TAPS = 128;
const MOST_WRITTEN = 9;
/** Registers for the results of a block and for what their taps are multiplied by. */
const REGISTERS = 13;
/**
 * Windows that are done at once along a row, and across rows: each of these reads and writes a row of its own. A maximum or minimum
 * is several instructions, of which each waits for the one before: more of them side by side.
 */
const MOST_ALONG = 6;
const mostAcross = (op: TileReduceOp): number => (op === "sum" ? 4 : 6);
/** Rows at an end that are written out. */
const FEW_ENDS = 3;
/** Combinations from which the longer code pays. */
const FEW = 16384;
/** What a named size is taken for, at least. */
const LARGE = 32;

/** lo ≤ scale·kept + step·tap + constant < hi. */
interface Bound {
  readonly kept: Loop;
  readonly scale: number;
  readonly tap: Loop;
  readonly step: number;
  readonly constant: number;
  readonly lo: number;
  readonly hi: number;
}
interface WindowNest {
  readonly sum: Member;
  readonly op: TileReduceOp;
  readonly bounds: readonly Bound[];
  /** Tests that hold wherever taps are within their bounds. */
  readonly known: ReadonlySet<Node>;
  readonly loads: readonly LoadNode[];
  /** What vectors lie along. */
  readonly vector: Loop;
  /** Along it windows slide; the vector loop itself where that is one. */
  readonly row: Loop;
  /** The taps along `row`. */
  readonly tap: Loop | null;
  /** Along it lie the windows that are done at once: the loop around `row`, or that itself. */
  readonly tall: Loop | null;
  readonly tallTap: Loop | null;
}

function factorOf(a: Affine, loop: Loop): number {
  for (const t of a.terms) if (t.atom === loop) return staticSizes([t.factor])[0];
  return 0;
}
function extentOf(loop: Loop): number {
  return staticSizes([loop.extent])[0];
}
/** Whether all places are numbers, and the sizes of what windows slide along: what follows writes loops out. */
function isStaticNest(nest: PreparedNest): boolean {
  const places = nest.nodes.flatMap((n) => (n.kind === "load" ? [n.offset] : n.kind === "index" ? [n.index] : []));
  for (const m of nest.members) if (m.store) places.push(m.store.offset);
  const dims = places.flatMap((a) => [a.constant, ...a.terms.map((t) => t.factor)]);
  return isStaticShape([...dims, ...nest.kept.slice(-2).map((l) => l.extent), ...nest.reduced.map((l) => l.extent)]);
}

function matchWindows(nest: PreparedNest): WindowNest | undefined {
  const sum = nest.members.find((m) => m.kind === "reduce");
  if (!sum || sum.payload || sum.valid || sum.dtype === "bool" || !nest.parallel) return undefined;
  const { combine: op } = sum;
  if (op !== "sum" && op !== "max" && op !== "min") return undefined;
  if (nest.members.some((m) => m !== sum && m.kind !== "row")) return undefined;
  if (!isStaticNest(nest)) return undefined;
  const taps = nest.reduced.reduce((n, l) => n * extentOf(l), 1);
  const points = nest.kept.reduce(
    (n, l) => n * (isStatic(l.extent) ? l.extent : Math.max(hintOf(l.extent), LARGE)),
    taps,
  );
  if (points < FEW || taps > MOST_TAPS || nest.kept.length < 2) return undefined;
  const stored = nest.members.find((m) => m.store)?.store;
  const vector = nest.kept[nest.kept.length - 1];
  if (!stored || extentOf(vector) < 4 || factorOf(stored.offset, vector) !== 1) return undefined;

  const known = new Set<Node>();
  const limits = new Map<string, { a: Affine; lo: number; hi: number }>();
  const loads: LoadNode[] = [];
  if (!readElement(sum.node, op, known, limits, loads)) return undefined;
  const bounds: Bound[] = [];
  for (const { a, lo, hi } of limits.values()) {
    const terms = a.terms.flatMap((t) =>
      t.atom.kind === "loop" ? [{ loop: t.atom, factor: factorOf(a, t.atom) }] : [],
    );
    const kept = terms.find((t) => !t.loop.reduced);
    const tap = terms.find((t) => t.loop.reduced);
    if (terms.length !== 2 || !kept || !tap || kept.factor <= 0 || tap.factor <= 0) return undefined;
    bounds.push({
      kept: kept.loop,
      scale: kept.factor,
      tap: tap.loop,
      step: tap.factor,
      constant: staticSizes([a.constant])[0],
      lo,
      hi,
    });
  }
  // each axis has taps of its own
  if (bounds.some((b) => bounds.some((o) => (o.kept === b.kept) !== (o.tap === b.tap)))) return undefined;
  const along = (loop: Loop): Loop | null =>
    bounds.find((b) => b.kept === loop)?.tap ??
    nest.reduced.filter((l) => !bounds.some((b) => b.tap === l)).find((l) => slidesWith(loads, loop, l)) ??
    null;
  const slides = along(vector);
  const row = slides ? vector : nest.kept[nest.kept.length - 2];
  if (!slides && loads.some((l) => factorOf(l.offset, vector) > 1)) return undefined;
  const tap = along(row);
  const around = nest.kept[nest.kept.indexOf(row) - 1];
  const across = around && isStatic(around.extent) ? along(around) : null;
  if (across && across !== tap)
    return { sum, op, bounds, known, loads, vector, row, tap, tall: around, tallTap: across };
  const itself = row !== vector;
  return { sum, op, bounds, known, loads, vector, row, tap, tall: itself ? row : null, tallTap: itself ? tap : null };
}

/** Do steps of the tap lead to places that steps of the loop lead to as well? */
function slidesWith(loads: readonly LoadNode[], loop: Loop, tap: Loop): boolean {
  return loads.some(({ offset }) => {
    const [a, b] = [factorOf(offset, loop), factorOf(offset, tap)];
    return a > 0 && b > 0 && (a % b === 0 || b % a === 0) && Math.max(a, b) < 16 * Math.min(a, b);
  });
}

/**
 * Collects what an element is made of; false where that is more than loads, constants and tests of the index, or where
 * what it is outside of the tests' bounds is not what such a combination leaves out.
 */
function readElement(
  root: Node,
  op: TileReduceOp,
  known: Set<Node>,
  limits: Map<string, { a: Affine; lo: number; hi: number }>,
  loads: LoadNode[],
): boolean {
  const test = (n: Node): boolean => {
    if (n.kind !== "op") return false;
    known.add(n);
    if (n.prim === "and") return n.args.every(test);
    const [a, limit] = n.args;
    if ((n.prim !== "ge" && n.prim !== "lt") || a.kind !== "index" || limit.kind !== "const") return false;
    if (a.index.terms.some((t) => t.atom.kind !== "loop")) return false;
    const key = affineKey(a.index);
    const entry = limits.get(key) ?? { a: a.index, lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY };
    if (n.prim === "ge") entry.lo = Math.max(entry.lo, Number(limit.value));
    else entry.hi = Math.min(entry.hi, Number(limit.value));
    limits.set(key, entry);
    return true;
  };
  const holds = (n: Node): boolean => known.has(n) || (n.kind === "op" && n.prim === "and" && n.args.every(holds));
  const isLeftOut = (n: Node): boolean => n.kind === "const" && Number(n.value) === Number(identityOf(op, n.dtype));
  // `decides`: where this is what a combination leaves out, so is the element
  const visit = (n: Node, decides: boolean): boolean => {
    switch (n.kind) {
      case "const":
        return true;
      case "load":
        if (n.offset.terms.some((t) => t.atom.kind !== "loop")) return false;
        if (!loads.includes(n)) loads.push(n);
        return n.guard === null || holds(n.guard) || (decides && op === "sum" && test(n.guard));
      case "op": {
        if (n.prim === "select") {
          const [of, inside, outside] = n.args;
          const cut = decides && isLeftOut(outside);
          if (isTest(of) && (holds(of) || (cut && test(of)))) return visit(inside, decides);
          return visit(inside, cut) && visit(outside, false) && visit(of, false);
        }
        const passes = n.prim === "convert_element_type" || (op === "sum" && (n.prim === "mul" || n.prim === "neg"));
        return n.args.every((a) => visit(a, decides && passes));
      }
      default:
        return false;
    }
  };
  return visit(root, true) && loads.length > 0;
}
function isTest(n: Node): boolean {
  if (n.kind !== "op") return false;
  return n.prim === "and" ? n.args.every(isTest) : n.args[0]?.kind === "index";
}

/** From where to where along `loop` whole windows are inside. */
function interior(bounds: readonly Bound[], loop: Loop): readonly [number, number] {
  let [start, end] = [0, extentOf(loop)];
  for (const b of bounds) {
    if (b.kept !== loop) continue;
    const reach = b.step * (extentOf(b.tap) - 1);
    if (b.lo !== Number.NEGATIVE_INFINITY) start = Math.max(start, Math.ceil((b.lo - b.constant) / b.scale));
    if (b.hi !== Number.POSITIVE_INFINITY)
      end = Math.min(end, Math.floor((b.hi - 1 - b.constant - reach) / b.scale) + 1);
  }
  start = Math.min(start, extentOf(loop));
  return [start, Math.max(start, end)];
}

/** Writes the nest if it is one over windows. */
export function writeWindows(b: TileBuilder, nest: PreparedNest, refOf: RefOf, machine: Machine): boolean {
  const found = matchWindows(nest);
  if (found) emitWindowNest(b, nest, found, refOf, machine);
  return found !== undefined;
}
function emitWindowNest(b: TileBuilder, nest: PreparedNest, match: WindowNest, refOf: RefOf, machine: Machine): void {
  const emitter = new WindowEmitter(b, nest, match, refOf);
  emitter.emit(machine.wide);
}

/** Taps that are written out. */
interface Written {
  readonly loop: Loop;
  readonly from: number;
  readonly to: number;
}
type Range = readonly [TileAtom | number, TileAtom | number];
/** Which of the taps that are written out, and the first of them. */
type Taps = ReadonlyMap<Loop, { readonly q: number; readonly from: number }>;

function numbers(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}

/** How many neighbouring windows are done at once: what their results and so many taps have registers for, few of them twice. */
function heightOf(inside: number, taps: number, tallest: number): number {
  const most = Math.min(tallest, inside, Math.max(1, REGISTERS - taps));
  const done = (height: number): number => Math.ceil(inside / height) * height;
  let best = most;
  for (let height = most - 1; 2 * height > most; height--) if (done(height) < done(best)) best = height;
  return best;
}

class WindowEmitter {
  readonly #k: ScalarCode;
  readonly #open = new Map<Loop, TileAtom>();
  /** What part of their taps lies inside, where that is not all. */
  readonly #ranges = new Map<Loop, Range>();
  constructor(
    readonly b: TileBuilder,
    readonly nest: PreparedNest,
    readonly match: WindowNest,
    readonly refOf: RefOf,
  ) {
    this.#k = new ScalarCode(b);
  }

  emit(wide: boolean): void {
    const { row, vector, tall, sum, loads, bounds } = this.match;
    const k = this.#k;
    const widest = Math.max(byteSize(sum.dtype), ...loads.map((l) => byteSize(l.dtype)));
    const pair = 32 / Math.max(4, widest);
    const width = row === vector ? (wide ? 4 : 2) * pair : Math.min(wide ? pair : pair / 2, extentOf(vector));
    const [first, end] = interior(bounds, tall ?? row);
    const inside = end - first;
    const outer = this.nest.kept.filter((l) => l !== row && l !== vector && l !== tall);
    if (tall === null || tall === row) {
      this.b.stage(
        outer.map((l) => l.extent),
        (...ids) => {
          outer.forEach((l, i) => this.#open.set(l, ids[i]));
          if (tall === null) this.#walk(1, width);
          else this.#blocks(inside === 0 ? 0 : heightOf(inside, this.#tapsOf(row), MOST_ALONG), width);
        },
      );
    } else {
      // one program does a block of rows, so that memory is read and written in order, or one row at an end
      const height = inside === 0 ? 0 : heightOf(inside, this.#tapsOf(tall), mostAcross(this.match.op));
      const blocks = height === 0 ? 0 : Math.ceil(inside / height);
      const ends = extentOf(tall) - inside;
      this.b.stage([...outer.map((l) => l.extent), blocks + ends], (...ids) => {
        outer.forEach((l, i) => this.#open.set(l, ids[i]));
        const id = ids[outer.length];
        const block = (): void => {
          const start = k.mul(k.max(k.sub(id, first), 0), height);
          this.#open.set(tall, k.add(inside % height === 0 ? start : k.min(start, inside - height), first));
          this.#walk(height, width);
        };
        const single = (): void => {
          const r = blocks === 0 ? id : k.select(k.lt(id, first), id, k.add(id, inside - blocks));
          this.#open.set(tall, r);
          const tap = this.#tapOf(tall);
          if (tap) this.#ranges.set(tap, this.#range(tap, r));
          this.#walk(1, width);
          if (tap) this.#ranges.delete(tap);
        };
        if (ends === 0) block();
        else if (blocks === 0) single();
        else this.b.if(k.and(k.ge(id, first), k.lt(id, first + blocks)), block, single);
      });
    }
    this.b.notes.push(
      `windows of ${this.nest.reduced.map((l) => extentOf(l)).join("×")}, ${inside} inside along ${tall && tall !== row ? "a column" : "a row"}`,
    );
  }

  #tapOf(loop: Loop): Loop | null {
    return loop === this.match.row ? this.match.tap : loop === this.match.tall ? this.match.tallTap : null;
  }
  #tapsOf(loop: Loop): number {
    const tap = this.#tapOf(loop);
    return tap && extentOf(tap) <= MOST_WRITTEN ? extentOf(tap) : 1;
  }

  /** All of a row, or of `height` rows. */
  #walk(height: number, width: number): void {
    const { row, vector, bounds } = this.match;
    const [first, end] = interior(bounds, row);
    const inside = end - first;
    if (row === vector) {
      const piece = Math.min(width, inside);
      this.#singles(0, piece > 0 ? first : extentOf(row), height, 1);
      if (piece > 0) this.#cover(first, inside, piece, (r) => this.#columns(r, piece, () => this.#taps(height, piece)));
      if (piece > 0) this.#singles(end, extentOf(row), height, 1);
      return;
    }
    this.#singles(0, inside > 0 ? first : extentOf(row), height, width);
    if (inside === 0) return;
    this.#k.for(first, end, (r) => this.#columns(r, width, () => this.#taps(height, width)));
    this.#singles(end, extentOf(row), height, width);
  }
  /** All of a row, several neighbouring results at once. */
  #blocks(height: number, width: number): void {
    const { row, vector, bounds } = this.match;
    const [first, end] = interior(bounds, row);
    // one result by itself waits for each of its sums: more of them side by side
    const single = Math.min(4 * width, extentOf(vector));
    this.#singles(0, height > 0 ? first : extentOf(row), 1, single);
    if (height === 0) return;
    this.#cover(first, end - first, height, (r) => this.#columns(r, width, () => this.#taps(height, width)));
    this.#singles(end, extentOf(row), 1, single);
  }
  /** Windows that may reach out along the row. */
  #singles(from: number, to: number, height: number, width: number): void {
    const { tap, bounds } = this.match;
    const at = (r: TileAtom, range: Range | null): void => {
      if (tap && range) this.#ranges.set(tap, range);
      this.#columns(r, width, () => this.#taps(height, width));
      if (tap) this.#ranges.delete(tap);
    };
    const bounded = tap !== null && bounds.some((b) => b.tap === tap);
    if (to - from > FEW_ENDS) this.#k.for(from, to, (r) => at(r, bounded ? this.#range(tap, r) : null));
    else for (let r = from; r < to; r++) at(this.#k.i32(r), bounded ? this.#numbers(tap, r) : null);
  }
  /** Taps that lie inside for this index. */
  #numbers(tap: Loop, index: number): readonly [number, number] {
    let [from, to] = [0, extentOf(tap)];
    for (const b of this.match.bounds) {
      if (b.tap !== tap) continue;
      const place = b.scale * index + b.constant;
      from = Math.max(from, Math.ceil((b.lo - place) / b.step));
      to = Math.min(to, Math.floor((b.hi - 1 - place) / b.step) + 1);
    }
    return [from, Math.max(from, to)];
  }

  /** `body` at starts of pieces of `size` that cover [first, first + count); the last one starts early rather than being cut. */
  #cover(first: number, count: number, size: number, body: (start: TileAtom) => void): void {
    const k = this.#k;
    if (count === size) {
      body(k.i32(first));
      return;
    }
    k.for(0, Math.ceil(count / size), (i) => {
      const start = k.mul(i, size);
      body(k.add(count % size === 0 ? start : k.min(start, count - size), first));
    });
  }
  #columns(r: TileAtom, width: number, body: () => void): void {
    const { vector, row } = this.match;
    this.#open.set(row, r);
    if (row === vector) body();
    else
      this.#cover(0, extentOf(vector), width, (c) => {
        this.#open.set(vector, c);
        body();
      });
  }

  /** Taps that lie inside for an index of the loop that they belong to. */
  #range(tap: Loop, index: TileAtom): Range {
    const k = this.#k;
    let start: TileAtom | number = 0;
    let end: TileAtom | number = extentOf(tap);
    const over = (x: TileAtom, by: number): TileAtom => (by === 1 ? x : k.div(x, by));
    for (const b of this.match.bounds) {
      if (b.tap !== tap) continue;
      const place = k.add(k.mul(index, b.scale), b.constant);
      if (b.lo !== Number.NEGATIVE_INFINITY) {
        const from = over(k.max(k.sub(b.lo + b.step - 1, place), 0), b.step);
        start = k.max(from, start);
      }
      if (b.hi !== Number.POSITIVE_INFINITY) {
        const to = over(k.max(k.sub(b.hi - 1 + b.step, place), 0), b.step);
        end = k.min(to, end);
      }
    }
    return [start, end];
  }

  /** The taps that are written out, those that neighbouring results share last. */
  #written(): Written[] {
    const { tap, tall, tallTap, row } = this.match;
    const written: Written[] = [];
    let taps = 1;
    for (const loop of tall === row ? [tap] : [tallTap, tap]) {
      if (loop === null) continue;
      const [from, to] = this.#ranges.get(loop) ?? [0, extentOf(loop)];
      taps *= extentOf(loop);
      if (taps > MOST_WRITTEN) break;
      if (typeof from === "number" && typeof to === "number") written.unshift({ loop, from, to });
    }
    return written;
  }

  /** Combines over all taps for `height` windows, one after the other along the tall loop, and stores the results. */
  #taps(height: number, width: number): void {
    const { sum, op, row, vector, tall } = this.match;
    const shape = width === 1 ? [] : [width];
    const identity = this.b.const(identityOf(op, sum.dtype), sum.dtype, shape);
    const sums = Array.from({ length: height }, () => this.b.var(identity));
    const written = this.#written();
    const loops = this.nest.reduced.filter((l) => !written.some((t) => t.loop === l));
    const inside = (): void => {
      const values = new Map<string, TileAtom>();
      for (const { p, taps } of this.#order(height, written)) {
        const value = this.#value(sum.node, p, taps, width, values);
        this.b.assign(sums[p], this.b.op(COMBINE[op], [sums[p], value]));
      }
    };
    const open = (i: number): void => {
      if (i === loops.length) {
        inside();
        return;
      }
      const kept = this.match.bounds.find((o) => o.tap === loops[i])?.kept;
      const index = kept && kept !== row && kept !== tall ? this.#open.get(kept) : undefined;
      const [start, end] =
        this.#ranges.get(loops[i]) ?? (index ? this.#range(loops[i], index) : ([0, extentOf(loops[i])] as const));
      this.#k.for(start, end, (q) => {
        this.#open.set(loops[i], q);
        open(i + 1);
      });
      this.#open.delete(loops[i]);
    };
    open(0);
    const kept = new Map([...this.#open].filter(([l]) => !l.reduced));
    sums.forEach((total, p) => {
      const point = new Map(kept);
      const start = tall && kept.get(tall);
      if (tall && start) point.set(tall, this.#k.add(start, p));
      emitAtPoint(this.b, { ...this.nest, vector: width === 1 ? null : vector }, this.refOf, point, sum, total);
    });
  }

  /**
   * Which results are combined with which of their taps, one after the other: what several results read is used up at once,
   * so that it needs one register, and each result meets its taps in order.
   */
  #order(height: number, written: readonly Written[]): { readonly p: number; readonly taps: Taps }[] {
    const { tall, loads } = this.match;
    const shared = tall && this.#tapOf(tall);
    const far = (loop: Loop | null): number => (loop ? Math.max(0, ...loads.map((l) => factorOf(l.offset, loop))) : 0);
    let all: Taps[] = [new Map()];
    for (const t of written) {
      if (t.loop === shared) continue;
      all = all.flatMap((taps) => numbers(t.from, t.to).map((q) => new Map(taps).set(t.loop, { q, from: t.from })));
    }
    const along = written.find((t) => t.loop === shared);
    const steps: { p: number; taps: Taps }[] = [];
    for (const taps of all) {
      const some: { p: number; taps: Taps; place: number }[] = [];
      for (const q of along ? numbers(along.from, along.to) : [0]) {
        const here = along ? new Map(taps).set(along.loop, { q, from: along.from }) : taps;
        for (let p = 0; p < height; p++) some.push({ p, taps: here, place: far(tall) * p + far(shared) * q });
      }
      steps.push(...some.sort((x, y) => x.place - y.place));
    }
    return steps;
  }

  /** The element `p` further along the tall loop, at those of the taps that are written out. */
  #value(n: Node, p: number, taps: Taps, width: number, values: Map<string, TileAtom>): TileAtom {
    const { tall, vector, known } = this.match;
    if (n.kind === "const") return this.b.const(n.value, n.dtype);
    if (n.kind === "load") {
      const k = this.#k;
      let far = tall ? factorOf(n.offset, tall) * p : 0;
      for (const [loop, { q, from }] of taps) far += factorOf(n.offset, loop) * (q - from);
      const key = `${n.id}+${far}`;
      const found = values.get(key);
      if (found) return found;
      let base = values.get(`${n.id}`);
      if (!base) {
        base = k.i32(staticSizes([n.offset.constant])[0]);
        for (const { atom, factor } of n.offset.terms) {
          const index = atom.kind === "loop" ? this.#open.get(atom) : undefined;
          if (index) base = k.add(base, k.mul(index, staticSizes([factor])[0]));
        }
        for (const [loop, { from }] of taps) base = k.add(base, factorOf(n.offset, loop) * from);
        // the first tap lies inside: a bound that says so leaves the others to the instructions' offsets
        if (isStatic(n.offset.constant) && n.offset.constant < 0) base = k.max(base, 0);
        values.set(`${n.id}`, base);
      }
      const step = factorOf(n.offset, vector);
      const at = k.add(base, far);
      const ref = this.refOf(n.view, "read");
      const value = width === 1 || step === 0 ? this.b.load(ref, at) : this.b.load(ref, at, [width], [step]);
      values.set(key, value);
      return value;
    }
    if (n.kind !== "op") internal("an element that is no expression of loads");
    if (n.prim === "select" && known.has(n.args[0])) return this.#value(n.args[1], p, taps, width, values);
    const args = n.args.map((a) => this.#value(a, p, taps, width, values));
    return this.b.op(n.prim, args, n.params as never);
  }
}
