/** Cholesky factorisation: small matrices one per program of the grid, row by row from dot products, four rows at a time. */
import type { Aval } from "../ir/aval.js";
import type { LinalgOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";
import type { TileAtom } from "../ir/tile.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { blockedCholesky } from "./blocked-cholesky.js";
import { matricesOf } from "./matrices.js";
import { MatrixView, ScalarCode } from "./scalar-code.js";

const ROWS = 4;
const WIDTH = 8;

/** Up to this order panels are not worth it. */
const SMALL = 48;

/** Refs: a in, l out, then scratch. The whole lower triangle is NaN where a is not positive definite, as in the oracle. */
export function cholesky(operands: readonly Aval[], _params: LinalgOps["cholesky"]): Program<"tile"> {
  return matricesOf(operands[0]).columns <= SMALL ? smallCholesky(operands) : blockedCholesky(operands);
}

function smallCholesky([a]: readonly Aval[]): Program<"tile"> {
  const { dtype } = a;
  const { columns: n, batch, all } = matricesOf(a);
  const t = new TileBuilder("cholesky");
  const k = new ScalarCode(t);
  const from = t.ref("a", dtype, "in", all(n * n));
  const to = t.ref("l", dtype, "out", all(n * n));
  t.stage([n === 0 ? 0 : batch], (b) => {
    const base = k.mul(b, n * n);
    const source = new MatrixView(k, from, base, n);
    const l = new MatrixView(k, to, base, n);
    const failed = t.var(t.const(false, "bool"));

    /** Dot products of `rows` rows from i on with row j, over columns before `end`. */
    const dots = (i: TileAtom, rows: number, j: TileAtom, end: TileAtom): TileAtom[] => {
      const wide = Array.from({ length: rows }, () => t.var(t.const(0, dtype, [WIDTH])));
      const single = Array.from({ length: rows }, () => t.var(t.const(0, dtype)));
      k.vectorFor(
        0,
        end,
        (c, width) => {
          const x = l.at(j, c, width);
          for (let r = 0; r < rows; r++) {
            const sum = width === 1 ? single[r] : wide[r];
            t.assign(sum, k.add(sum, k.mul(l.at(k.add(i, r), c, width), x)));
          }
        },
        WIDTH,
      );
      return wide.map((w, r) => k.add(t.reduce("sum", w, 0), single[r]));
    };
    const block = (i: TileAtom, rows: number): void => {
      // columns left of the block
      k.for(0, i, (j) => {
        const pivot = l.at(j, j);
        dots(i, rows, j, j).forEach((dot, r) => {
          const row = k.add(i, r);
          l.set(row, j, k.div(k.sub(source.at(row, j), dot), pivot));
        });
      });
      // the triangle on the diagonal
      for (let r = 0; r < rows; r++) {
        const row = k.add(i, r);
        for (let c = 0; c <= r; c++) {
          const column = k.add(i, c);
          const [dot] = dots(row, 1, column, column);
          const rest = k.sub(source.at(row, column), dot);
          if (c < r) l.set(row, column, k.div(rest, l.at(column, column)));
          else {
            t.assign(failed, k.or(failed, k.not(k.gt(rest, 0))));
            l.set(row, row, k.sqrt(rest));
          }
        }
      }
    };
    const whole = n - (n % ROWS);
    if (whole > 0) k.for(0, whole, (i) => block(i, ROWS), ROWS);
    if (whole < n) k.for(whole, n, (i) => block(i, 1));
    k.for(0, n, (i) => l.row(i).fill(0, k.add(i, 1), n));
    t.if(failed, () => k.for(0, n, (i) => l.row(i).fill(Number.NaN, 0, k.add(i, 1))));
  });
  return t.finish();
}
