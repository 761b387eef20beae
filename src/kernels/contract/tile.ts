/** The two register tiles of a contraction: sums stay in registers while the inner axes are walked. */
import type { DType } from "../../ir/dtype.js";
import type { TileAtom, TileRef, TileVar } from "../../ir/tile.js";
import type { ScalarCode } from "../scalar-code.js";
import type { Axis } from "./contraction.js";

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
  walk(k, inner, lhs.at, rhs.at, step);
  return sums;
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
  walk(k, outer, lhs.at, rhs.at, (a, b) => {
    const pass = (from: number, to: number, width: number, target: readonly (readonly TileVar[])[]): void => {
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
    pass(0, whole, lanes, vectors);
    if (singles) pass(whole, size, 1, singles);
  });
  return vectors.map((row, r) =>
    row.map((sum, c) => {
      const total = t.reduce("sum", sum, 0);
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

function rows<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}
function zero(dtype: DType): number | bigint {
  return dtype === "i64" || dtype === "u64" ? 0n : 0;
}
