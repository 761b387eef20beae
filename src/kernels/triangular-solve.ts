/** Triangular systems with many right-hand sides, one matrix per program of the grid. */
import type { Aval } from "../ir/aval.js";
import type { LinalgOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";
import type { TileAtom } from "../ir/tile.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { matricesOf } from "./matrices.js";
import { MatrixView, ScalarCode, VectorView } from "./scalar-code.js";

interface System {
  readonly k: ScalarCode;
  readonly a: MatrixView;
  readonly n: number;
  /** op(a) is lower triangular: the first unknown comes first. */
  readonly forward: boolean;
  readonly transposed: boolean;
  readonly unit: boolean;
}

/** Refs: a in, b in, x out. */
export function triangularSolve(operands: readonly Aval[], params: LinalgOps["triangular_solve"]): Program<"tile"> {
  const [a, b] = operands;
  const { leftSide, lower, transposeA, unitDiagonal } = params;
  const { rows, columns, batch, all } = matricesOf(b);
  const n = leftSide ? rows : columns;
  const t = new TileBuilder("triangular_solve");
  const k = new ScalarCode(t);
  const matrix = t.ref("a", a.dtype, "in", all(n * n));
  const right = t.ref("b", b.dtype, "in", all(rows * columns));
  const out = t.ref("x", b.dtype, "out", all(rows * columns));
  t.stage([rows * columns === 0 ? 0 : batch], (p) => {
    const base = k.mul(p, rows * columns);
    new VectorView(k, out, base).copyFrom(new VectorView(k, right, base), 0, rows * columns);
    const view = new MatrixView(k, matrix, k.mul(p, n * n), n);
    const x = new MatrixView(k, out, base, columns);
    const system = { k, a: view, n, unit: unitDiagonal };
    if (leftSide && columns > 1) {
      solveColumns({ ...system, forward: lower !== transposeA, transposed: transposeA }, x, columns);
    } else if (leftSide) {
      solveVector({ ...system, forward: lower !== transposeA, transposed: transposeA }, x.row(0));
    } else {
      // x op(a) = b is op(a)ᵀ xᵀ = bᵀ: each row of x is a system of its own
      const transposed = !transposeA;
      k.for(0, rows, (r) => solveVector({ ...system, forward: lower !== transposed, transposed }, x.row(r)));
    }
  });
  return t.finish();
}

function inOrder({ k, n, forward }: System, body: (i: TileAtom) => void): void {
  if (forward) k.for(0, n, body);
  else k.forDown(0, n, body);
}
/** Unknowns that are already solved when i's turn comes, and those that are not. */
function solved({ k, n, forward }: System, i: TileAtom): [TileAtom | number, TileAtom | number] {
  return forward ? [0, i] : [k.add(i, 1), n];
}
function unsolved({ k, n, forward }: System, i: TileAtom): [TileAtom | number, TileAtom | number] {
  return forward ? [k.add(i, 1), n] : [0, i];
}

/** One right-hand side, contiguous; either way the matrix is read along its rows. */
function solveVector(s: System, x: VectorView): void {
  const { k, a, unit } = s;
  inOrder(s, (i) => {
    if (s.transposed) {
      const value = unit ? x.at(i) : k.div(x.at(i), a.at(i, i));
      x.set(i, value);
      x.addScaled(a.row(i), k.neg(value), ...unsolved(s, i));
    } else {
      const rest = k.sub(x.at(i), a.row(i).dot(x, ...solved(s, i)));
      x.set(i, unit ? rest : k.div(rest, a.at(i, i)));
    }
  });
}
/** Right-hand sides side by side: a block of a row of x stays in registers while the solved rows are subtracted. */
function solveColumns(s: System, x: MatrixView, columns: number): void {
  const { k, a, unit } = s;
  const { t } = k;
  const width = columns >= 16 ? 16 : columns >= 8 ? 8 : 4;
  inOrder(s, (i) => {
    const pivot = unit ? undefined : a.at(i, i);
    k.vectorFor(
      0,
      columns,
      (c, w) => {
        const sum = t.var(x.at(i, c, w));
        k.for(...solved(s, i), (j) => {
          const factor = s.transposed ? a.at(j, i) : a.at(i, j);
          t.assign(sum, k.sub(sum, k.mul(x.at(j, c, w), factor)));
        });
        x.set(i, c, pivot ? k.div(sum, pivot) : sum, w);
      },
      width,
    );
  });
}
