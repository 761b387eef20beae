/** The two register tiles of a contraction: sums stay in registers while the inner axes are walked. */
import { type DType, isFloat } from "../../ir/dtype.js";
import type { TileAtom, TileRef, TileVar } from "../../ir/tile.js";
import type { Operand, ScalarCode } from "../scalar-code.js";
import { type Axis, product } from "./contraction.js";

/** Steps from which sums are done in parts, which keeps the rounding of each addition small beside what it adds. */
const LONG_SUM = 2048;
/** Steps of a part, so that parts and what is in one are about as many. */
const partOf = (steps: number): number => 2 ** Math.round(Math.log2(steps) / 2 + 1);
const inParts = (accumulate: DType, steps: number): boolean => isFloat(accumulate) && steps >= LONG_SUM;
/** Totals of the parts of `sums`; `flush` ends a part. */
function totalsOf(k: ScalarCode, sums: readonly TileVar[]): { totals: readonly TileVar[]; flush: () => void } {
  const { t } = k;
  const nothing = sums.map((s) => t.const(0, s.dtype, s.shape));
  const totals = nothing.map((z) => t.var(z));
  const flush = (): void => {
    totals.forEach((total, i) => {
      t.assign(total, k.add(total, sums[i]));
      t.assign(sums[i], nothing[i]);
    });
  };
  return { totals, flush };
}

/** Neighbouring rows or columns of a tile: how many, and the stride from one to the next. */
export interface Run {
  readonly count: number;
  readonly stride: number;
}
export interface TileSource {
  readonly ref: TileRef;
  /** Where the tile's first element lies. */
  readonly at: TileAtom;
  readonly run: Run;
}

/**
 * Rows of scalars times vectors along the columns (whose stride is 1): every step of k reads `rows` scalars, each copied
 * to all lanes, and one row of vectors. Gives one block for each row.
 */
export function outerTile(
  k: ScalarCode,
  accumulate: DType,
  lhs: TileSource,
  rhs: TileSource,
  inner: readonly Axis[],
): readonly TileAtom[] {
  const { t } = k;
  const width = rhs.run.count;
  const sums = rows(lhs.run.count, () => t.var(t.const(zero(accumulate), accumulate, [width])));
  const step = (a: TileAtom, b: TileAtom): void => {
    const vectors = t.convert(t.load(rhs.ref, b, [width], [1]), accumulate);
    sums.forEach((sum, r) => {
      const scalar = t.convert(t.load(lhs.ref, k.add(a, r * lhs.run.stride)), accumulate);
      t.assign(sum, k.add(sum, k.mul(vectors, scalar)));
    });
  };
  const depth = product(inner);
  if (!inParts(accumulate, depth)) {
    walk(k, inner, lhs.at, rhs.at, step);
    return sums;
  }
  const { totals, flush } = totalsOf(k, sums);
  walkInParts(k, inner, partOf(depth), lhs.at, rhs.at, step, flush);
  return totals;
}

/** The innermost axis has stride 1 on both sides: vectors along it, added up at the end. Gives scalars [row][column]. */
export function innerTile(
  k: ScalarCode,
  accumulate: DType,
  lhs: TileSource,
  rhs: TileSource,
  inner: readonly Axis[],
  lanes: number,
): readonly (readonly TileAtom[])[] {
  const { t } = k;
  const outer = inner.slice(0, -1);
  const { size } = inner[inner.length - 1];
  const whole = size - (size % lanes);
  const sums = (shape: readonly number[]): TileVar[][] =>
    rows(lhs.run.count, () => rows(rhs.run.count, () => t.var(t.const(zero(accumulate), accumulate, shape))));
  const vectors = sums([lanes]);
  const singles = whole < size ? sums([]) : undefined;
  const part = inParts(accumulate, whole / lanes) ? partOf(whole / lanes) * lanes : whole;
  const parts = part < whole ? totalsOf(k, vectors.flat()) : undefined;
  walk(k, outer, lhs.at, rhs.at, (a, b) => {
    const pass = (from: Operand, to: Operand, width: number, target: readonly (readonly TileVar[])[]): void => {
      if (from === to) return;
      k.for(
        from,
        to,
        (i) => {
          const read = (side: TileSource, at: TileAtom): TileAtom[] =>
            rows(side.run.count, (r) => {
              const place = k.add(k.add(at, i), r * side.run.stride);
              return t.convert(
                width === 1 ? t.load(side.ref, place) : t.load(side.ref, place, [width], [1]),
                accumulate,
              );
            });
          const right = read(rhs, b);
          read(lhs, a).forEach((x, r) => {
            right.forEach((y, c) => {
              t.assign(target[r][c], k.add(target[r][c], k.mul(x, y)));
            });
          });
        },
        width,
      );
    };
    if (parts) {
      const cut = (start: TileAtom): void => {
        pass(start, k.min(k.add(start, part), whole), lanes, vectors);
        parts.flush();
      };
      k.for(0, whole, cut, part);
    } else pass(0, whole, lanes, vectors);
    if (singles) pass(whole, size, 1, singles);
  });
  return vectors.map((row, r) =>
    row.map((sum, c) => {
      const total = t.reduce("sum", parts ? parts.totals[r * row.length + c] : sum, 0);
      return singles ? k.add(total, singles[r][c]) : total;
    }),
  );
}

/**
 * `step` at every index of the inner axes, in row-major order, with the places in lhs and rhs. Loops count places in lhs, a
 * variable follows in rhs. Nothing is written out: engines keep the sums in registers best when the body is one step.
 */
export function walk(
  k: ScalarCode,
  inner: readonly Axis[],
  lhs: TileAtom,
  rhs: TileAtom,
  step: (a: TileAtom, b: TileAtom) => void,
): void {
  const { t } = k;
  if (inner.length === 0) {
    step(lhs, rhs);
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
    // after its inner axes have run, b stands behind their last element
    const passed = rest.length === 0 ? 0 : rest[0].rhs * rest[0].size;
    k.for(
      a,
      k.add(a, axis.size * axis.lhs),
      (i) => {
        level(n + 1, i);
        if (axis.rhs !== passed) t.assign(b, k.add(b, t.i32(axis.rhs - passed)));
      },
      axis.lhs,
    );
  };
  level(0, lhs);
}

/** As `walk`; `flush` after about every `part` steps, and at the end. */
function walkInParts(
  k: ScalarCode,
  inner: readonly Axis[],
  part: number,
  lhs: TileAtom,
  rhs: TileAtom,
  step: (a: TileAtom, b: TileAtom) => void,
  flush: () => void,
): void {
  let at = inner.length - 1;
  let inside = 1;
  while (at > 0 && inside * inner[at].size < part) inside *= inner[at--].size;
  const axis = inner[at];
  const rest = inner.slice(at + 1);
  const size = Math.max(1, Math.min(axis.size, Math.floor(part / inside)));
  const whole = axis.size - (axis.size % size);
  const parts: Axis = { size: whole / size, lhs: axis.lhs * size, rhs: axis.rhs * size, out: 0 };
  walk(k, inner.slice(0, at), lhs, rhs, (a, b) => {
    walk(k, [parts], a, b, (a1, b1) => {
      walk(k, [{ ...axis, size }, ...rest], a1, b1, step);
      flush();
    });
    if (whole === axis.size) return;
    const left = { ...axis, size: axis.size - whole };
    walk(k, [left, ...rest], k.add(a, whole * axis.lhs), k.add(b, whole * axis.rhs), step);
    flush();
  });
}

function rows<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}
function zero(dtype: DType): number | bigint {
  return dtype === "i64" || dtype === "u64" ? 0n : 0;
}
