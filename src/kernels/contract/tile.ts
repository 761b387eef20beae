/** The register tiles of a contraction: sums stay in registers while the inner axes are walked. */
import { internal } from "../../diagnostics/error.js";
import { type Dim, dimAdd, dimFloorDiv, dimMod, dimMul, dimSub, isStatic } from "../../ir/dim.js";
import { type DType, isFloat } from "../../ir/dtype.js";
import { hintOf } from "../../ir/size.js";
import type { TileAtom, TileRef, TileVar } from "../../ir/tile.js";
import type { Operand, ScalarCode } from "../scalar-code.js";
import { type SizedAxis, stepsOf, tileCount } from "./sized.js";

/** Steps from which sums are done in parts, which keeps the rounding of each addition small beside what it adds. */
const LONG_SUM = 2048;
/** Steps of a part: so many that adding it to the total costs little, more where parts would outnumber them. */
export const partOf = (steps: number): number => Math.max(512, 2 ** Math.round(Math.log2(steps) / 2 + 1));
/** Whether sums of so many steps are done in parts, for which they need a place in memory. */
export const inParts = (accumulate: DType, steps: number): boolean => isFloat(accumulate) && steps >= LONG_SUM;

/**
 * Sums of a tile in memory: what follows them reads them from there, one after the other. Whole registers side by side are
 * stored, from which engines that pair registers find the pairs, whatever follows.
 */
export class SumsInMemory {
  constructor(
    readonly k: ScalarCode,
    readonly ref: TileRef,
    readonly at: TileAtom,
    /** Elements of each sum. */
    readonly width: number,
  ) {}
  #place(i: Operand): TileAtom {
    return this.k.add(this.at, this.k.mul(i, this.width));
  }
  get(i: Operand): TileVar {
    return this.k.t.load(this.ref, this.#place(i), [this.width], [1]);
  }
  put(i: Operand, sum: TileAtom): void {
    this.k.t.store(this.ref, this.#place(i), sum, [1]);
  }
  /** Adds a part to each of the sums. */
  add(parts: readonly TileVar[]): void {
    const { k } = this;
    parts.forEach((part, i) => {
      this.put(i, k.add(this.get(i), part));
      k.t.assign(part, k.t.const(zero(part.dtype), part.dtype, part.shape));
    });
  }
  clear(count: number): void {
    const { t } = this.k;
    const nothing = t.const(zero(this.ref.dtype), this.ref.dtype, [this.width]);
    for (let i = 0; i < count; i++) this.put(i, nothing);
  }
}

/** Neighbouring rows or columns of a tile: how many, and the stride from one to the next. */
export interface Run {
  readonly count: number;
  readonly stride: Dim;
}
export interface TileSource {
  readonly ref: TileRef;
  /** Where the tile's first element lies. */
  readonly at: TileAtom;
  readonly run: Run;
}

/** Where the rows or columns of a tile lie, from its first element. */
function places({ count, stride }: Run): readonly Operand[] {
  return rows(count, (r) => dimMul(r, stride));
}

/**
 * Rows of scalars times vectors along the columns (whose stride is 1): every step of k reads `rows` scalars, each copied
 * to all lanes, and one row of vectors. Gives one block for each row, or puts them into `memory`.
 */
export function outerTile(
  k: ScalarCode,
  accumulate: DType,
  lhs: TileSource,
  rhs: TileSource,
  inner: readonly SizedAxis[],
  memory: SumsInMemory | undefined,
): readonly TileVar[] {
  const { t } = k;
  const width = rhs.run.count;
  const depth = stepsOf(inner);
  const parts = memory !== undefined && inParts(accumulate, depth);
  if (parts) memory.clear(lhs.run.count);
  const sums = rows(lhs.run.count, () => t.var(t.const(zero(accumulate), accumulate, [width])));
  const at = places(lhs.run);
  const step = (a: TileAtom, b: TileAtom): void => {
    const vectors = t.convert(t.load(rhs.ref, b, [width], [1]), accumulate);
    sums.forEach((sum, r) => {
      const scalar = t.convert(t.load(lhs.ref, k.add(a, at[r])), accumulate);
      t.assign(sum, k.add(sum, k.mul(vectors, scalar)));
    });
  };
  if (parts) walkInParts(k, inner, partOf(depth), lhs.at, rhs.at, step, () => memory.add(sums));
  else {
    walk(k, inner, lhs.at, rhs.at, step);
    sums.forEach((sum, r) => memory?.put(r, sum));
  }
  return sums;
}

/**
 * The innermost axis has stride 1 on both sides: blocks of `lanes` along it, added up at the end. Gives scalars
 * [row][column]. What remains of the axis is a block of its last `lanes` elements, those that are done already left out.
 */
export function innerTile(
  k: ScalarCode,
  accumulate: DType,
  lhs: TileSource,
  rhs: TileSource,
  inner: readonly SizedAxis[],
  lanes: number,
  memory: SumsInMemory | undefined,
): readonly (readonly TileAtom[])[] {
  const { t } = k;
  const outer = inner.slice(0, -1);
  const { size } = inner[inner.length - 1];
  const rest = dimMod(size, lanes);
  const whole = dimSub(size, rest);
  const [height, width] = [lhs.run.count, rhs.run.count];
  const nothing = t.const(zero(accumulate), accumulate, [lanes]);
  const sums = rows(height * width, () => t.var(nothing));
  const steps = stepsOf(inner) / lanes;
  const parts = memory !== undefined && inParts(accumulate, steps);
  if (parts) memory.clear(sums.length);
  // the innermost axis is cut only where it is long by itself
  const cut = parts && outer.length === 0 ? partOf(steps) * lanes : null;
  const part = cut !== null && (!isStatic(whole) || cut < whole) ? cut : null;

  /** The products of the elements at i … i + lanes - 1, of which those before `from` are left out. */
  const [lhsAt, rhsAt] = [places(lhs.run), places(rhs.run)];
  const products = (a: TileAtom, b: TileAtom, i: Operand, from: Dim): TileAtom[] => {
    const here = from !== 0 ? k.ge(t.lanes([lanes], 0), from) : undefined;
    const read = (side: TileSource, at: TileAtom, offsets: readonly Operand[]): TileAtom[] =>
      offsets.map((offset) => {
        const place = k.add(k.add(at, i), offset);
        const x = t.convert(t.load(side.ref, place, [lanes], [1]), accumulate);
        return here ? t.op("select", [here, x, nothing]) : x;
      });
    const right = read(rhs, b, rhsAt);
    return read(lhs, a, lhsAt).flatMap((x) => right.map((y) => k.mul(x, y)));
  };
  const add = (to: readonly TileVar[], list: readonly TileAtom[]): void =>
    list.forEach((x, i) => t.assign(to[i], k.add(to[i], x)));
  const remaining = (a: TileAtom, b: TileAtom): void => {
    if (rest !== 0) add(sums, products(a, b, dimSub(size, lanes), dimSub(lanes, rest)));
  };
  const each = (a: TileAtom, b: TileAtom): void => {
    const pass = (from: Operand, to: Operand): void => k.for(from, to, (i) => add(sums, products(a, b, i, 0)), lanes);
    if (part !== null) {
      k.for(
        0,
        whole,
        (start) => {
          pass(start, k.min(k.add(start, part), whole));
          memory?.add(sums);
        },
        part,
      );
    } else pass(0, whole);
    if (outer.length > 0) remaining(a, b);
  };
  if (parts && outer.length > 0) {
    const runs = Math.max(1, Math.round((partOf(steps) * lanes) / hintOf(size)));
    walkInParts(k, outer, runs, lhs.at, rhs.at, each, () => memory.add(sums));
  } else walk(k, outer, lhs.at, rhs.at, each);
  if (outer.length === 0) {
    if (memory && part === null) {
      sums.forEach((sum, i) => memory.put(i, sum));
      for (const sum of sums) t.assign(sum, nothing);
    }
    remaining(lhs.at, rhs.at);
    if (memory && rest !== 0) memory.add(sums);
  } else if (memory && !parts) sums.forEach((sum, i) => memory.put(i, sum));
  return rows(height, (r) =>
    rows(width, (c) => t.reduce("sum", memory ? memory.get(r * width + c) : sums[r * width + c], 0)),
  );
}

export interface StreamOptions {
  readonly vector: number;
  readonly depth: number;
  readonly memory: SumsInMemory;
  readonly piece: { readonly index: TileAtom; readonly count: number } | undefined;
}

/**
 * Few rows beside many columns: `depth` steps of k at a time, whose scalars stay in registers, while the sums of all columns
 * go by. The right side is read once, row by row, as memory likes it. `piece`: only one of so many pieces of the sum.
 */
export function streamTile(
  k: ScalarCode,
  accumulate: DType,
  lhs: TileSource,
  rhs: TileSource,
  inner: readonly SizedAxis[],
  { vector, depth, memory, piece }: StreamOptions,
): void {
  const { t } = k;
  const columns = rhs.run.count;
  const outer = inner.slice(0, -1);
  const axis = inner[inner.length - 1];
  const place = (row: number, column: TileAtom): TileAtom => k.add(k.add(memory.at, row * columns), column);
  k.for(
    0,
    columns,
    (j) => {
      for (let r = 0; r < lhs.run.count; r++)
        t.store(memory.ref, place(r, j), t.const(zero(accumulate), accumulate, [vector]), [1]);
    },
    vector,
  );
  const group = (a: TileAtom, b: TileAtom, steps: number): void => {
    const scalars = rows(lhs.run.count, (r) =>
      rows(steps, (u) =>
        t.convert(t.load(lhs.ref, k.add(a, dimAdd(dimMul(r, lhs.run.stride), dimMul(u, axis.lhs)))), accumulate),
      ),
    );
    k.for(
      0,
      columns,
      (j) => {
        const right = rows(steps, (u) =>
          t.convert(t.load(rhs.ref, k.add(k.add(b, j), dimMul(u, axis.rhs)), [vector], [1]), accumulate),
        );
        const sums = rows(lhs.run.count, (r) => t.var(t.load(memory.ref, place(r, j), [vector], [1])));
        sums.forEach((sum, r) => {
          right.forEach((x, u) => t.assign(sum, k.add(sum, k.mul(x, scalars[r][u]))));
        });
        sums.forEach((sum, r) => t.store(memory.ref, place(r, j), sum, [1]));
      },
      vector,
    );
  };
  const rest = dimMod(axis.size, depth);
  const whole = dimSub(axis.size, rest);
  if (!isStatic(rest)) internal("a stream of a size that is not known");
  walk(k, outer, lhs.at, rhs.at, (a, b) => {
    const groups = repeated(axis, whole, depth);
    const remaining = (): void => group(k.add(a, dimMul(whole, axis.lhs)), k.add(b, dimMul(whole, axis.rhs)), rest);
    if (piece) {
      const each = tileCount(groups.size, piece.count);
      const first = k.mul(piece.index, each);
      const last = k.min(k.add(first, each), groups.size);
      k.for(first, last, (i) => group(k.add(a, k.mul(i, groups.lhs)), k.add(b, k.mul(i, groups.rhs)), depth));
      if (rest > 0) t.if(k.eq(piece.index, piece.count - 1), remaining);
      return;
    }
    if (groups.size !== 0) walk(k, [groups], a, b, (a1, b1) => group(a1, b1, depth));
    if (rest > 0) remaining();
  });
}

/**
 * `step` at every index of the inner axes, in row-major order, with the places in lhs and rhs. The innermost loop counts; the others
 * count places in lhs, and a variable follows in rhs.
 */
export function walk(
  k: ScalarCode,
  inner: readonly SizedAxis[],
  lhs: TileAtom,
  rhs: TileAtom,
  step: (a: TileAtom, b: TileAtom) => void,
): void {
  const { t } = k;
  if (inner.length === 0) {
    step(lhs, rhs);
    return;
  }
  const innermost = inner[inner.length - 1];
  const counts = isStatic(innermost.lhs) && isStatic(innermost.rhs);
  if (counts && inner.length === 1) {
    k.for(0, innermost.size, (i) => step(k.add(lhs, k.mul(i, innermost.lhs)), k.add(rhs, k.mul(i, innermost.rhs))));
    return;
  }
  const b = t.var(rhs);
  const level = (n: number, a: TileAtom): void => {
    if (n === inner.length) {
      step(a, b);
      return;
    }
    const axis = inner[n];
    const rest = inner.slice(n + 1);
    if (counts && rest.length === 0) {
      walk(k, [axis], a, b, step);
      return;
    }
    // after its inner axes have run, b stands behind their last element
    const passed = rest.length === 0 || (counts && rest.length === 1) ? 0 : dimMul(rest[0].rhs, rest[0].size);
    const next = dimSub(axis.rhs, passed);
    const inside = (i: TileAtom): void => {
      level(n + 1, i);
      if (next !== 0) t.assign(b, k.add(b, t.i32(next)));
    };
    if (isStatic(axis.lhs)) k.for(a, k.add(a, dimMul(axis.size, axis.lhs)), inside, axis.lhs);
    else {
      const stride = axis.lhs;
      const at = t.var(a);
      k.for(0, axis.size, () => {
        inside(at);
        t.assign(at, k.add(at, t.i32(stride)));
      });
    }
  };
  level(0, lhs);
}

/** As `walk`; `flush` after about every `part` steps, and at the end. */
function walkInParts(
  k: ScalarCode,
  inner: readonly SizedAxis[],
  part: number,
  lhs: TileAtom,
  rhs: TileAtom,
  step: (a: TileAtom, b: TileAtom) => void,
  flush: () => void,
): void {
  let at = inner.length - 1;
  let inside = 1;
  while (at > 0 && inside * hintOf(inner[at].size) < part) inside *= hintOf(inner[at--].size);
  const axis = inner[at];
  const rest = inner.slice(at + 1);
  const size = Math.max(1, Math.min(stepsOf([axis]), Math.floor(part / inside)));
  const whole = dimSub(axis.size, dimMod(axis.size, size));
  const parts = repeated(axis, whole, size);
  walk(k, inner.slice(0, at), lhs, rhs, (a, b) => {
    walk(k, [parts], a, b, (a1, b1) => {
      walk(k, [{ ...axis, size }, ...rest], a1, b1, step);
      flush();
    });
    const over = dimSub(axis.size, whole);
    if (over === 0) return;
    const left = { ...axis, size: over };
    walk(k, [left, ...rest], k.add(a, dimMul(whole, axis.lhs)), k.add(b, dimMul(whole, axis.rhs)), step);
    flush();
  });
}

/** The first `whole` elements of an axis, `size` at a time. */
function repeated(axis: SizedAxis, whole: Dim, size: number): SizedAxis {
  return { size: dimFloorDiv(whole, size), lhs: dimMul(axis.lhs, size), rhs: dimMul(axis.rhs, size), out: 0 };
}
function rows<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}
function zero(dtype: DType): number | bigint {
  return dtype === "i64" || dtype === "u64" ? 0n : 0;
}
