/** What eigenvalues and singular values are computed of: a matrix that is scaled to 1, and finite. */
import type { Dim } from "../ir/dim.js";
import type { DType } from "../ir/dtype.js";
import type { TileAtom } from "../ir/tile.js";
import { type MatrixView, type ScalarCode, VectorView } from "./scalar-code.js";

export interface Extent {
  /** 0, or NaN where an element is not finite. */
  readonly poison: TileAtom;
  readonly isFinite: TileAtom;
  /** The largest absolute value, of which squares and quotients have digits; 1 where there is none. */
  readonly scale: TileAtom;
}

/** `visit` calls its argument with each element (in f64). */
export function extentOf(k: ScalarCode, visit: (see: (x: TileAtom) => void) => void): Extent {
  const { t } = k;
  const largest = t.var(t.const(0, "f64"));
  const poison = t.var(t.const(0, "f64"));
  visit((x) => {
    t.assign(largest, k.max(largest, k.abs(x)));
    t.assign(poison, k.add(poison, k.mul(x, 0)));
  });
  const isFinite = k.eq(poison, 0);
  const scale = k.select(k.and(isFinite, k.gt(largest, 0)), k.max(largest, 2 ** -1000), 1);
  return { poison, isFinite, scale };
}

/** Rows of a program that reads or copies. */
const BAND = 32;
/** Elements that are looked at together. */
const WIDTH = 8;

export interface Scaled {
  readonly batch: Dim;
  readonly dtype: DType;
  readonly several: (each: number) => Dim;
  readonly rows: number;
  /** Of each matrix two numbers: what values are multiplied by in the end; and 0, or NaN where an element is not finite. */
  stateOf(matrix: TileAtom): VectorView;
  source(matrix: TileAtom): MatrixView;
  /** Where the elements of row i end that are looked at. */
  endOf(row: TileAtom): TileAtom;
  /** Puts row i, times `factor` and in f64, where it is worked on. */
  copy(matrix: TileAtom, row: TileAtom, factor: TileAtom): void;
  /** Before that, in one program: zeros, for all that is not copied and where the matrix is not finite. */
  clear(matrix: TileAtom): void;
}
/** Stages that scale matrices to 1, a few rows for each program. */
export function scalingStages(k: ScalarCode, s: Scaled): void {
  const { t } = k;
  const { batch, dtype, rows } = s;
  const bands = Math.ceil(rows / BAND);
  const extents = t.ref("extents", dtype, "scratch", s.several(2 * bands));
  const extentsOf = (b: TileAtom): VectorView => new VectorView(k, extents, k.mul(b, 2 * bands));
  const larger = (best: TileAtom, size: TileAtom): TileAtom => k.select(k.gt(size, best), size, best);
  const eachRow = (i: TileAtom, body: (row: TileAtom) => void): void => {
    const first = k.mul(i, BAND);
    k.for(first, k.min(k.add(first, BAND), rows), body);
  };
  t.stage([batch, bands], (b, i) => {
    const zeros = (width: number) => t.var(t.const(0, dtype, width === 1 ? [] : [width]));
    const [wide, wideNone, single, none] = [zeros(WIDTH), zeros(WIDTH), zeros(1), zeros(1)];
    const source = s.source(b);
    eachRow(i, (row) =>
      k.vectorFor(
        0,
        s.endOf(row),
        (j, width) => {
          const x = source.at(row, j, width);
          const [best, sum] = width === 1 ? [single, none] : [wide, wideNone];
          t.assign(best, larger(best, k.abs(x)));
          t.assign(sum, k.add(sum, k.mul(x, 0)));
        },
        WIDTH,
      ),
    );
    const at = k.mul(i, 2);
    extentsOf(b).set(at, larger(t.reduce("max", wide, 0), single));
    extentsOf(b).set(k.add(at, 1), k.add(t.reduce("sum", wideNone, 0), none));
  });
  t.stage([batch], (b) => {
    const largest = t.var(t.const(0, dtype));
    const poison = t.var(t.const(0, dtype));
    k.for(0, bands, (i) => {
      const at = k.mul(i, 2);
      t.assign(largest, larger(largest, extentsOf(b).at(at)));
      t.assign(poison, k.add(poison, extentsOf(b).at(k.add(at, 1))));
    });
    const isUsed = k.and(k.eq(poison, 0), k.gt(largest, 0));
    s.stateOf(b).set(0, k.select(isUsed, k.max(t.convert(largest, "f64"), 2 ** -1000), 1));
    s.stateOf(b).set(1, t.convert(poison, "f64"));
    s.clear(b);
  });
  t.stage([batch, bands], (b, i) => {
    const state = s.stateOf(b);
    const factor = t.var(k.div(1, state.at(0)));
    t.if(k.eq(state.at(1), 0), () => eachRow(i, (row) => s.copy(b, row, factor)));
  });
}
