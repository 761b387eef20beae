/**
 * LU factorisation of larger matrices with partial pivoting, some columns at a time (right-looking, Golub & Van Loan, Matrix
 * Computations, 3.2). In each round one program factors a panel of columns, kept column by column, and then others, each for a
 * block of the other columns, exchange rows, solve for their rows of U, and subtract the product from the rows below.
 */
import type { Aval } from "../ir/aval.js";
import type { Program } from "../ir/program.js";
import type { TileAtom } from "../ir/tile.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { matricesOf } from "./matrices.js";
import { addProduct, COPIED, eachRow, panelWidth, strideOf } from "./panel-update.js";
import { blockWidth, roundUp } from "./panels.js";
import { MatrixView, ScalarCode, VectorView } from "./scalar-code.js";
import { solveBlock } from "./triangular-block.js";

/** Refs: a in, lu out, pivots out (i32), permutation out (i32), then scratch. */
export function blockedLu([a]: readonly Aval[]): Program<"tile"> {
  const { dtype } = a;
  const { rows: m, columns: n, batch, all, scratch } = matricesOf(a);
  const steps = Math.min(m, n);
  const width = blockWidth(dtype);
  const panelColumns = panelWidth(steps);
  const blocks = Math.ceil(n / width);
  const stride = strideOf(n, panelColumns, dtype);
  const height = roundUp(m, panelColumns);
  const panelStride = roundUp(m, width) + width;
  const t = new TileBuilder("lu");
  const k = new ScalarCode(t);
  const from = t.ref("a", dtype, "in", all(m * n));
  const to = t.ref("lu", dtype, "out", all(m * n));
  const pivotRef = t.ref("pivots", "i32", "out", all(steps));
  const permutationRef = t.ref("permutation", "i32", "out", all(m));
  const workRef = t.ref("work", dtype, "scratch", scratch(height * stride));
  const panelRef = t.ref("panel", dtype, "scratch", scratch(panelColumns * panelStride));
  const upperRef = t.ref("upper", dtype, "scratch", scratch(blocks * panelColumns * width));
  /** The next panel's first column, and this one's. */
  const placeRef = t.ref("place", "i32", "scratch", scratch(2));
  const workOf = (b: TileAtom): MatrixView => new MatrixView(k, workRef, k.mul(b, height * stride), stride);
  const pivotsOf = (b: TileAtom): VectorView => new VectorView(k, pivotRef, k.mul(b, steps));
  const placeOf = (b: TileAtom): VectorView => new VectorView(k, placeRef, k.mul(b, 2));

  t.stage([batch, Math.ceil(height / COPIED)], (b, i) => {
    const work = workOf(b);
    const source = new MatrixView(k, from, k.mul(b, m * n), n);
    const permutation = new VectorView(k, permutationRef, k.mul(b, m));
    eachRow(k, i, m, (row) => {
      work.row(row).copyFrom(source.row(row), 0, n);
      work.row(row).fill(0, n, stride);
      permutation.set(row, row);
    });
    const first = k.mul(i, COPIED);
    k.for(k.max(first, m), k.min(k.add(first, COPIED), height), (row) => work.row(row).fill(0, 0, stride));
    t.if(k.eq(i, 0), () => placeOf(b).set(0, t.i32(0)));
  });
  t.rounds(Math.ceil(steps / panelColumns), () => {
    t.stage([batch], (b) => {
      const place = placeOf(b);
      const first = place.at(0);
      place.set(0, k.add(first, panelColumns));
      place.set(1, first);
      const panel = new MatrixView(k, panelRef, k.mul(b, panelColumns * panelStride), panelStride);
      const columns = k.min(k.sub(steps, first), panelColumns);
      const work = workOf(b);
      k.for(first, m, (i) => k.for(0, columns, (c) => panel.set(c, i, work.at(i, k.add(first, c)))));
      const permutation = new VectorView(k, permutationRef, k.mul(b, m));
      factorPanel(k, panel, [first, columns], m, pivotsOf(b), permutation);
      k.for(first, m, (i) => k.for(0, columns, (c) => work.set(i, k.add(first, c), panel.at(c, i))));
    });
    t.stage([batch, blocks], (b, i) => {
      const first = placeOf(b).at(1);
      const end = k.min(k.add(first, panelColumns), steps);
      const left = k.mul(i, width);
      const work = workOf(b);
      const isBefore = k.lt(left, first);
      const isAfter = k.and(k.lt(end, n), k.gt(k.add(left, width), end));
      t.if(k.or(isBefore, isAfter), () => {
        // the last panel of a wide matrix may end within a block: its columns are done
        const own = m < n && m % width !== 0 ? k.add(t.lanes([width], 0), left) : undefined;
        const isOpen = own && k.or(k.lt(own, first), k.ge(own, end));
        const put = (row: TileAtom, value: TileAtom): void =>
          work.set(row, left, isOpen ? k.select(isOpen, value, work.at(row, left, width)) : value, width);
        const pivots = pivotsOf(b);
        k.for(first, end, (c) => {
          const p = pivots.at(c);
          t.if(k.ne(p, c), () => {
            const [upper, lower] = [work.at(c, left, width), work.at(p, left, width)];
            put(c, lower);
            put(p, upper);
          });
        });
        t.if(k.not(isBefore), () => {
          const base = k.mul(k.add(k.mul(b, blocks), i), panelColumns * width);
          const upper = new MatrixView(k, upperRef, base, width);
          k.for(0, panelColumns, (r) => upper.set(r, 0, work.at(k.add(first, r), left, width), width));
          const corner = new MatrixView(k, workRef, k.add(work.base, k.mul(first, stride + 1)), stride);
          const system = { k, a: corner, n: panelColumns, forward: true, transposed: false, unit: true };
          solveBlock(system, upper, width);
          k.for(0, panelColumns, (r) => {
            const row = upper.at(r, 0, width);
            put(k.add(first, r), row);
            upper.set(r, 0, k.neg(row), width);
          });
          addProduct(k, work, { rows: [end, m], left, first, factors: upper, from: 0, panelColumns, width });
        });
      });
    });
  });
  t.stage([batch, Math.ceil(m / COPIED)], (b, i) => {
    const result = new MatrixView(k, to, k.mul(b, m * n), n);
    eachRow(k, i, m, (row) => result.row(row).copyFrom(workOf(b).row(row), 0, n));
  });
  return t.finish();
}

/** Rows from `first` on of these columns, of which row c of `panel` is the c-th. */
function factorPanel(
  k: ScalarCode,
  panel: MatrixView,
  [first, columns]: readonly [TileAtom, TileAtom],
  m: number,
  pivots: VectorView,
  permutation: VectorView,
): void {
  const { t } = k;
  k.for(0, columns, (c) => {
    const top = k.add(first, c);
    const x = panel.row(c);
    const p = largestFrom(k, x, top, m);
    pivots.set(top, p);
    t.if(k.ne(p, top), () => {
      const [upper, lower] = [permutation.at(top), permutation.at(p)];
      permutation.set(top, lower);
      permutation.set(p, upper);
      k.for(0, columns, (q) => {
        const [above, below] = [panel.at(q, top), panel.at(q, p)];
        panel.set(q, top, below);
        panel.set(q, p, above);
      });
    });
    const pivot = x.at(top);
    const next = k.add(top, 1);
    // a zero pivot: the column below is zero already
    t.if(k.ne(pivot, 0), () => {
      k.vectorFor(next, m, (i, w) => x.set(i, k.div(x.at(i, w), pivot), w));
      k.for(k.add(c, 1), columns, (q) => {
        const y = panel.row(q);
        y.addScaled(x, k.neg(y.at(top)), next, m);
      });
    });
  });
}
/** Where the largest element is, the first of equal ones; NaN at the start is as large as can be, and elsewhere is passed over. */
function largestFrom(k: ScalarCode, x: VectorView, start: TileAtom, end: number): TileAtom {
  const { t } = k;
  const larger = (best: TileAtom, size: TileAtom): TileAtom => k.select(k.gt(size, best), size, best);
  const wide = t.var(t.const(0, x.dtype, [8]));
  const single = t.var(t.const(0, x.dtype));
  k.vectorFor(start, end, (i, w) => {
    const best = w === 1 ? single : wide;
    t.assign(best, larger(best, k.abs(x.at(i, w))));
  });
  const largest = larger(t.reduce("max", wide, 0), single);
  const place = t.var(start);
  const first = x.at(start);
  t.if(k.eq(first, first), () =>
    t.while(
      () => k.not(k.ge(k.abs(x.at(place)), largest)),
      () => t.assign(place, k.add(place, 1)),
    ),
  );
  return place;
}
