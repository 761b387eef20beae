/** What LU and Cholesky factorisations do with a panel of columns when it is factored. */
import type { DType } from "../ir/dtype.js";
import type { TileAtom } from "../ir/tile.js";
import { range } from "../util/index.js";
import { blockWidth, roundUp } from "./panels.js";
import type { MatrixView, Operand, ScalarCode } from "./scalar-code.js";

/** Rows of a program that only copies. */
export const COPIED = 64;
/** Rows that a product is subtracted from together. */
const ROWS = 4;

/** Columns of a panel: what is left of a large matrix does not lie in a near cache, and is read once for each panel. */
export const panelWidth = (steps: number): number => (steps <= 320 ? 16 : steps <= 768 ? 32 : 64);

/** Elements from row to row of m × n: rows of a power of two would all lie in the same lines of a cache. */
export const strideOf = (n: number, panelColumns: number, dtype: DType): number =>
  roundUp(n, panelColumns) + blockWidth(dtype);

/** `body` for the rows, below `end`, of copying program i. */
export function eachRow(k: ScalarCode, i: TileAtom, end: number, body: (row: TileAtom) => void): void {
  const first = k.mul(i, COPIED);
  k.for(first, k.min(k.add(first, COPIED), end), body);
}

export interface Update {
  /** Rows that change. */
  readonly rows: readonly [Operand, Operand];
  /** The first of the columns that change. */
  readonly left: TileAtom;
  /** The panel's first column. */
  readonly first: TileAtom;
  /** Row p: what the panel's column p is multiplied by for each of the columns that change. */
  readonly factors: MatrixView;
  /** The first column of `factors`. */
  readonly from: Operand;
  readonly panelColumns: number;
  readonly width: number;
}
/** work[rows, left…] += work[rows, panel] · factors. */
export function addProduct(k: ScalarCode, work: MatrixView, u: Update): void {
  const { t } = k;
  const { left, first, factors, panelColumns, width } = u;
  const add = (row: TileAtom, rows: number): void => {
    const sums = range(rows).map((r) => t.var(work.at(k.add(row, r), left, width)));
    k.for(0, panelColumns, (p) => {
      const factor = factors.at(p, u.from, width);
      const column = k.add(first, p);
      sums.forEach((sum, r) => {
        t.assign(sum, k.add(sum, k.mul(factor, work.at(k.add(row, r), column))));
      });
    });
    sums.forEach((sum, r) => {
      work.set(k.add(row, r), left, sum, width);
    });
  };
  const [top, bottom] = u.rows;
  const whole = k.add(top, t.op("and", [k.sub(bottom, top), t.i32(-ROWS)]));
  k.for(top, whole, (row) => add(row, ROWS), ROWS);
  k.for(whole, bottom, (row) => add(row, 1));
}
