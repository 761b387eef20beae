/**
 * Cholesky factorisation of larger matrices, some columns at a time (Golub & Van Loan, Matrix Computations, 4.2). In each round one
 * program factors a panel of columns, kept column by column, and others, each for a block of the columns behind, subtract its
 * product with itself. Only what stands on and below the diagonal has a meaning.
 */
import type { Aval } from "../ir/aval.js";
import type { Program } from "../ir/program.js";
import type { TileAtom } from "../ir/tile.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { matricesOf } from "./matrices.js";
import { addProduct, COPIED, eachRow, panelWidth, strideOf } from "./panel-update.js";
import { blockWidth, roundUp } from "./panels.js";
import { MatrixView, ScalarCode, VectorView } from "./scalar-code.js";

/** Refs: a in, l out, then scratch. The whole lower triangle is NaN where a is not positive definite, as in the oracle. */
export function blockedCholesky([a]: readonly Aval[]): Program<"tile"> {
  const { dtype } = a;
  const { columns: n, batch, all, scratch } = matricesOf(a);
  const width = blockWidth(dtype);
  const panelColumns = panelWidth(n);
  const stride = strideOf(n, panelColumns, dtype);
  const panelStride = roundUp(n, width) + width;
  const t = new TileBuilder("cholesky");
  const k = new ScalarCode(t);
  const from = t.ref("a", dtype, "in", all(n * n));
  const to = t.ref("l", dtype, "out", all(n * n));
  const workRef = t.ref("work", dtype, "scratch", scratch(n * stride));
  const panelRef = t.ref("panel", dtype, "scratch", scratch(panelColumns * panelStride));
  const negatedRef = t.ref("negated", dtype, "scratch", scratch(panelColumns * panelStride));
  /** The next panel's first column, this one's, and whether a pivot was not positive. */
  const stateRef = t.ref("state", "i32", "scratch", scratch(3));
  const workOf = (b: TileAtom): MatrixView => new MatrixView(k, workRef, k.mul(b, n * stride), stride);
  const stateOf = (b: TileAtom): VectorView => new VectorView(k, stateRef, k.mul(b, 3));
  const negatedOf = (b: TileAtom): MatrixView =>
    new MatrixView(k, negatedRef, k.mul(b, panelColumns * panelStride), panelStride);
  const copies = Math.ceil(n / COPIED);

  t.stage([batch, copies], (b, i) => {
    const work = workOf(b);
    const source = new MatrixView(k, from, k.mul(b, n * n), n);
    eachRow(k, i, n, (row) => {
      const end = k.add(row, 1);
      work.row(row).copyFrom(source.row(row), 0, end);
      work.row(row).fill(0, end, stride);
    });
    t.if(k.eq(i, 0), () => {
      stateOf(b).set(0, t.i32(0));
      stateOf(b).set(2, t.i32(0));
    });
  });
  t.rounds(Math.ceil(n / panelColumns), () => {
    t.stage([batch], (b) => {
      const state = stateOf(b);
      const first = state.at(0);
      state.set(0, k.add(first, panelColumns));
      state.set(1, first);
      const panel = new MatrixView(k, panelRef, k.mul(b, panelColumns * panelStride), panelStride);
      const negated = negatedOf(b);
      const columns = k.min(k.sub(n, first), panelColumns);
      const work = workOf(b);
      k.for(first, n, (i) => k.for(0, columns, (c) => panel.set(c, i, work.at(i, k.add(first, c)))));
      k.for(0, columns, (c) => {
        const top = k.add(first, c);
        const x = panel.row(c);
        const pivot = x.at(top);
        t.if(k.not(k.gt(pivot, 0)), () => state.set(2, t.i32(1)));
        const root = k.sqrt(pivot);
        x.set(top, root);
        k.vectorFor(k.add(top, 1), n, (i, w) => x.set(i, k.div(x.at(i, w), root), w));
        k.for(k.add(c, 1), columns, (q) => {
          const row = k.add(first, q);
          panel.row(q).addScaled(x, k.neg(x.at(row)), row, n);
        });
        const out = negated.row(c);
        k.vectorFor(top, n, (i, w) => out.set(i, k.neg(x.at(i, w)), w));
        out.fill(0, n, panelStride);
      });
      k.for(first, n, (i) => k.for(0, columns, (c) => work.set(i, k.add(first, c), panel.at(c, i))));
    });
    t.stage([batch, Math.ceil(n / width)], (b, i) => {
      const first = stateOf(b).at(1);
      const left = k.mul(i, width);
      t.if(k.ge(left, k.add(first, panelColumns)), () =>
        addProduct(k, workOf(b), {
          rows: [left, n],
          left,
          first,
          factors: negatedOf(b),
          from: left,
          panelColumns,
          width,
        }),
      );
    });
  });
  t.stage([batch, copies], (b, i) => {
    const l = new MatrixView(k, to, k.mul(b, n * n), n);
    const failed = k.ne(stateOf(b).at(2), 0);
    eachRow(k, i, n, (row) => {
      const end = k.add(row, 1);
      l.row(row).copyFrom(workOf(b).row(row), 0, end);
      l.row(row).fill(0, end, n);
      t.if(failed, () => l.row(row).fill(Number.NaN, 0, end));
    });
  });
  return t.finish();
}
