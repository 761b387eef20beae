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
import { matricesOf } from "./matrices.js";
import { blockWidth } from "./panels.js";
import { MatrixView, ScalarCode, VectorView } from "./scalar-code.js";
import { solveBlock, solved, type System, unsolved } from "./triangular-block.js";

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
