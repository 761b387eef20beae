/** LU factorisation with partial pivoting: small matrices in place, one per program of the grid. */
import type { Aval } from "../ir/aval.js";
import type { LinalgOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { blockedLu } from "./blocked-lu.js";
import { matricesOf } from "./matrices.js";
import { MatrixView, ScalarCode, VectorView } from "./scalar-code.js";

/** Up to so many columns, or rows, panels are not worth it. */
const SMALL = 24;

/** Refs: a in, lu out, pivots out (i32), permutation out (i32), then scratch. */
export function lu(operands: readonly Aval[], _params: LinalgOps["lu"]): Program<"tile"> {
  const { rows, columns } = matricesOf(operands[0]);
  return Math.min(rows, columns) <= SMALL ? smallLu(operands) : blockedLu(operands);
}

function smallLu([a]: readonly Aval[]): Program<"tile"> {
  const { rows: m, columns: n, batch, all } = matricesOf(a);
  const steps = Math.min(m, n);
  const t = new TileBuilder("lu");
  const k = new ScalarCode(t);
  const from = t.ref("a", a.dtype, "in", all(m * n));
  const to = t.ref("lu", a.dtype, "out", all(m * n));
  const pivotRef = t.ref("pivots", "i32", "out", all(steps));
  const permutationRef = t.ref("permutation", "i32", "out", all(m));
  t.stage([batch], (b) => {
    const base = k.mul(b, m * n);
    const x = new MatrixView(k, to, base, n);
    const pivots = new VectorView(k, pivotRef, k.mul(b, steps));
    const permutation = new VectorView(k, permutationRef, k.mul(b, m));
    new VectorView(k, to, base).copyFrom(new VectorView(k, from, base), 0, m * n);
    k.for(0, m, (i) => permutation.set(i, i));
    k.for(0, steps, (c) => {
      const p = t.var(c);
      const best = t.var(k.abs(x.at(c, c)));
      k.for(k.add(c, 1), m, (i) => {
        const size = k.abs(x.at(i, c));
        t.if(k.gt(size, best), () => {
          t.assign(best, size);
          t.assign(p, i);
        });
      });
      pivots.set(c, p);
      t.if(k.ne(p, c), () => {
        const [first, second] = [permutation.at(c), permutation.at(p)];
        permutation.set(c, second);
        permutation.set(p, first);
        k.vectorFor(0, n, (j, w) => {
          const [upper, lower] = [x.at(c, j, w), x.at(p, j, w)];
          x.set(c, j, lower, w);
          x.set(p, j, upper, w);
        });
      });
      const pivot = x.at(c, c);
      // a zero pivot: the column below is zero already
      t.if(k.ne(pivot, 0), () => {
        k.for(k.add(c, 1), m, (i) => {
          const factor = k.div(x.at(i, c), pivot);
          x.set(i, c, factor);
          x.row(i).addScaled(x.row(c), k.neg(factor), k.add(c, 1), n);
        });
      });
    });
  });
  return t.finish();
}
