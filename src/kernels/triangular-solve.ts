/**
 * Triangular systems with many right-hand sides. Those are worked on a few at a time, side by side in memory of their own, each such
 * block by one program of the grid, four unknowns at once: what was solved is subtracted from four rows in registers.
 */
import type { Aval } from "../ir/aval.js";
import type { Dim } from "../ir/dim.js";
import type { LinalgOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";
import type { TileAtom } from "../ir/tile.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { range } from "../util/index.js";
import { matricesOf } from "./matrices.js";
import { blockWidth } from "./panels.js";
import { MatrixView, type Operand, ScalarCode, VectorView } from "./scalar-code.js";

/** Unknowns that are found together. */
const UNKNOWNS = 4;

interface System {
  readonly k: ScalarCode;
  readonly a: MatrixView;
  readonly n: number;
  /** op(a) is lower triangular: the first unknown comes first. */
  readonly forward: boolean;
  readonly transposed: boolean;
  readonly unit: boolean;
}

/** Refs: a in, b in, x out, then scratch. */
export function triangularSolve(operands: readonly Aval[], params: LinalgOps["triangular_solve"]): Program<"tile"> {
  const [a, b] = operands;
  const { leftSide, lower, transposeA, unitDiagonal: unit } = params;
  const { rows, columns, batch, all, scratch } = matricesOf(b);
  const [n, systems] = leftSide ? [rows, columns] : [columns, rows];
  // x op(a) = b is op(a)ᵀ xᵀ = bᵀ: each row of x is a system of its own
  const transposed = leftSide ? transposeA : !transposeA;
  const t = new TileBuilder("triangular_solve");
  const k = new ScalarCode(t);
  const matrix = t.ref("a", a.dtype, "in", all(n * n));
  const right = t.ref("b", b.dtype, "in", all(rows * columns));
  const out = t.ref("x", b.dtype, "out", all(rows * columns));
  const systemOf = (p: TileAtom): System => ({
    k,
    a: new MatrixView(k, matrix, k.mul(p, n * n), n),
    n,
    forward: lower !== transposed,
    transposed,
    unit,
  });
  if (systems <= 1) {
    t.stage([n * systems === 0 ? 0 : batch], (p) => {
      const x = new VectorView(k, out, k.mul(p, n));
      x.copyFrom(new VectorView(k, right, x.base), 0, n);
      solveVector(systemOf(p), x);
    });
    return t.finish();
  }
  const width = Math.min(blockWidth(b.dtype), systems > 8 ? 16 : systems > 4 ? 8 : 4);
  const blocks = Math.ceil(systems / width);
  const blockRef = t.ref("block", b.dtype, "scratch", scratch(blocks * n * width));
  const grid: readonly Dim[] = [n === 0 ? 0 : batch, blocks];
  t.stage(grid, (p, i) => {
    const first = k.mul(i, width);
    const base = k.mul(p, rows * columns);
    const block = new MatrixView(k, blockRef, k.mul(k.add(k.mul(p, blocks), i), n * width), width);
    const [from, to] = [right, out].map((ref) => new MatrixView(k, ref, base, columns));
    const last = k.min(k.add(first, width), systems);
    const isWhole = k.eq(k.sub(last, first), width);
    if (leftSide) {
      t.if(
        isWhole,
        () => k.for(0, n, (row) => block.set(row, 0, from.at(row, first, width), width)),
        () => {
          block.row(0).fill(0, 0, n * width);
          k.for(0, n, (row) => k.for(first, last, (c) => block.set(row, k.sub(c, first), from.at(row, c))));
        },
      );
    } else {
      t.if(k.not(isWhole), () => block.row(0).fill(0, 0, n * width));
      k.for(first, last, (row) => k.for(0, n, (c) => block.set(c, k.sub(row, first), from.at(row, c))));
    }
    solveBlock(systemOf(p), block, width);
    if (leftSide) {
      t.if(
        isWhole,
        () => k.for(0, n, (row) => to.set(row, first, block.at(row, 0, width), width)),
        () => k.for(0, n, (row) => k.for(first, last, (c) => to.set(row, c, block.at(row, k.sub(c, first))))),
      );
    } else {
      k.for(first, last, (row) => k.for(0, n, (c) => to.set(row, c, block.at(c, k.sub(row, first)))));
    }
  });
  return t.finish();
}

/** Unknowns that are already solved when i's turn comes, and those that are not when `count` of them are. */
function solved({ n, k, forward }: System, i: TileAtom, count: number): [Operand, Operand] {
  return forward ? [0, i] : [k.add(i, count), n];
}
function unsolved({ k, n, forward }: System, i: TileAtom, count: number): [Operand, Operand] {
  return forward ? [k.add(i, count), n] : [0, i];
}

/** One right-hand side, contiguous; either way the matrix is read along its rows. */
function solveVector(s: System, x: VectorView): void {
  const { k, a, n, unit } = s;
  const solve = (i: TileAtom): void => {
    if (s.transposed) {
      const value = unit ? x.at(i) : k.div(x.at(i), a.at(i, i));
      x.set(i, value);
      x.addScaled(a.row(i), k.neg(value), ...unsolved(s, i, 1));
    } else {
      const rest = k.sub(x.at(i), a.row(i).dot(x, ...solved(s, i, 1)));
      x.set(i, unit ? rest : k.div(rest, a.at(i, i)));
    }
  };
  if (s.forward) k.for(0, n, solve);
  else k.forDown(0, n, solve);
}

/** Right-hand sides side by side: row i of x has element i of `width` of them. */
function solveBlock(s: System, x: MatrixView, width: number): void {
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
