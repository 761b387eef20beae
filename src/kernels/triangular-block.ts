/** Triangular systems of a few right-hand sides side by side, four unknowns at once: what was solved is subtracted from four rows in registers. */
import type { TileAtom } from "../ir/tile.js";
import { range } from "../util/index.js";
import type { MatrixView, Operand, ScalarCode } from "./scalar-code.js";

/** Unknowns that are found together. */
const UNKNOWNS = 4;

/** op(a) x = b, of order n. */
export interface System {
  readonly k: ScalarCode;
  readonly a: MatrixView;
  readonly n: number;
  /** op(a) is lower triangular: the first unknown comes first. */
  readonly forward: boolean;
  readonly transposed: boolean;
  readonly unit: boolean;
}

/** Unknowns that are already solved when i's turn comes, and those that are not when `count` of them are. */
export function solved({ n, k, forward }: System, i: TileAtom, count: number): [Operand, Operand] {
  return forward ? [0, i] : [k.add(i, count), n];
}
export function unsolved({ k, n, forward }: System, i: TileAtom, count: number): [Operand, Operand] {
  return forward ? [k.add(i, count), n] : [0, i];
}

/** Right-hand sides side by side: row i of x has element i of `width` of them. */
export function solveBlock(s: System, x: MatrixView, width: number): void {
  const { k, n } = s;
  const whole = n - (n % UNKNOWNS);
  const some = (i: TileAtom, count: number): void => (s.transposed ? pushRows : pullRows)(s, x, width, i, count);
  if (s.forward) {
    if (whole > 0) k.for(0, whole, (i) => some(i, UNKNOWNS), UNKNOWNS);
    if (whole < n) k.for(whole, n, (i) => some(i, 1));
  } else {
    if (whole > 0) k.for(0, whole, (i) => some(k.sub(n - UNKNOWNS, i), UNKNOWNS), UNKNOWNS);
    if (whole < n) k.forDown(0, n - whole, (i) => some(i, 1));
  }
}
/** The unknowns i … i + count - 1, of which the right side is `rows`: the triangle on the diagonal. */
function solveTriangle(s: System, i: TileAtom, rows: readonly TileAtom[]): TileAtom[] {
  const { k, a, unit } = s;
  const { t } = k;
  const values: TileAtom[] = [...rows];
  const order = s.forward ? range(rows.length) : range(rows.length).reverse();
  order.forEach((r, at) => {
    const row = k.add(i, r);
    const value = t.var(rows[r]);
    for (const q of order.slice(0, at)) {
      const other = k.add(i, q);
      t.assign(value, k.sub(value, k.mul(values[q], s.transposed ? a.at(other, row) : a.at(row, other))));
    }
    if (!unit) t.assign(value, k.div(value, a.at(row, row)));
    values[r] = value;
  });
  return values;
}
/** Rows of a are read for what they take from the solved unknowns. */
function pullRows(s: System, x: MatrixView, width: number, i: TileAtom, count: number): void {
  const { k, a } = s;
  const { t } = k;
  const sums = range(count).map(() => t.var(t.const(0, x.dtype, [width])));
  k.for(...solved(s, i, count), (j) => {
    const known = x.at(j, 0, width);
    sums.forEach((sum, r) => {
      t.assign(sum, k.add(sum, k.mul(known, a.at(k.add(i, r), j))));
    });
  });
  const rows = sums.map((sum, r) => k.sub(x.at(k.add(i, r), 0, width), sum));
  solveTriangle(s, i, rows).forEach((value, r) => {
    x.set(k.add(i, r), 0, value, width);
  });
}
/** Columns of op(a), which are rows of a, are read for what the new unknowns take from those that are not solved. */
function pushRows(s: System, x: MatrixView, width: number, i: TileAtom, count: number): void {
  const { k, a } = s;
  const { t } = k;
  const values = solveTriangle(
    s,
    i,
    range(count).map((r) => x.at(k.add(i, r), 0, width)),
  );
  values.forEach((value, r) => {
    x.set(k.add(i, r), 0, value, width);
  });
  const changes = values.map((value) => k.neg(value));
  k.for(...unsolved(s, i, count), (j) => {
    const row = t.var(x.at(j, 0, width));
    changes.forEach((change, r) => {
      t.assign(row, k.add(row, k.mul(change, a.at(k.add(i, r), j))));
    });
    x.set(j, 0, row, width);
  });
}
