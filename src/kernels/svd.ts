/**
 * Singular value decomposition. Small matrices by one-sided Jacobi rotations, in the oracle's order, so that vectors have the
 * oracle's signs; larger ones by bidiagonalisation and QR steps, whose signs are not specified. There values are computed
 * in f64, and vectors in the matrix's own type.
 */
import type { Aval } from "../ir/aval.js";
import type { LinalgOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";
import type { TileAtom } from "../ir/tile.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { singularValues } from "./bidiagonal.js";
import { type BidiagonalWork, bidiagonalisation, COLUMNS, NUMBERS } from "./bidiagonalisation.js";
import { epsilonOf } from "./deflation.js";
import { matricesOf } from "./matrices.js";
import { orderOf } from "./order.js";
import { roundUp } from "./panels.js";
import { QrRounds } from "./qr-rounds.js";
import { partsOf, reductionStages } from "./reduction.js";
import { scalingStages } from "./scaling.js";
import { MatrixView, ScalarCode, VectorView } from "./scalar-code.js";
import { jacobiSvd } from "./svd-jacobi.js";
import { VectorBlocks } from "./vector-blocks.js";

/** Up to so many singular values, of vectors that are not much longer, Jacobi's rotations are as fast. */
const JACOBI = 24;
const JACOBI_LENGTH = 48;
const LEFT = 0;
const RIGHT = 1;

/** Refs: a in, u out, s out, vt out, then scratch. Not finite in, NaN out. */
export function svd(operands: readonly Aval[], params: LinalgOps["svd"]): Program<"tile"> {
  const { rows, columns } = matricesOf(operands[0]);
  const isSmall = Math.min(rows, columns) <= JACOBI && Math.max(rows, columns) <= JACOBI_LENGTH;
  return isSmall ? jacobiSvd(operands, params) : bidiagonalSvd(operands, params);
}

function bidiagonalSvd([a]: readonly Aval[], { fullMatrices }: LinalgOps["svd"]): Program<"tile"> {
  const { dtype } = a;
  const { rows, columns, batch, all, scratch: several } = matricesOf(a);
  // a wide matrix is worked on as its transpose
  const isWide = rows < columns;
  const [m, n] = isWide ? [columns, rows] : [rows, columns];
  const longVectors = fullMatrices ? m : n;
  const [uColumns, vRows] = fullMatrices ? [rows, columns] : [n, n];
  const [paddedRows, stride] = [roundUp(m, COLUMNS), roundUp(n, COLUMNS)];

  const t = new TileBuilder("svd");
  const k = new ScalarCode(t);
  const from = t.ref("a", dtype, "in", all(m * n));
  const uRef = t.ref("u", dtype, "out", all(rows * uColumns));
  const sRef = t.ref("s", dtype, "out", all(n));
  const vtRef = t.ref("vt", dtype, "out", all(vRows * columns));
  const scratch = (name: string, size: number) => t.ref(name, "f64", "scratch", several(size));
  const parts = partsOf(n, batch);
  const besides = 3 * paddedRows + (2 + parts) * stride + NUMBERS;
  const [workRef, besidesRef, diagonalsRef, stateRef] = [
    scratch("work", paddedRows * stride),
    scratch("besides", besides),
    scratch("diagonals", 2 * n),
    scratch("state", 2),
  ];
  const orderRef = t.ref("order", "i32", "scratch", several(n));
  const left = new VectorBlocks(k, "left", dtype, { reflections: n, length: m, vectors: longVectors }, several);
  const right = new VectorBlocks(k, "right", dtype, { reflections: n, length: n, vectors: n }, several);
  const steps = new QrRounds(k, dtype, n, [left, right], several);

  const diagonalsOf = (b: TileAtom): readonly [VectorView, VectorView] => {
    const base = k.mul(b, 2 * n);
    return [new VectorView(k, diagonalsRef, base), new VectorView(k, diagonalsRef, k.add(base, n))];
  };
  /** What values are multiplied by in the end; and 0, or NaN where the matrix has elements that are not finite. */
  const stateOf = (b: TileAtom): VectorView => new VectorView(k, stateRef, k.mul(b, 2));

  const workOf = (b: TileAtom): BidiagonalWork => {
    const base = k.mul(b, besides);
    const ofRows = (i: number) => new VectorView(k, besidesRef, k.add(base, i * paddedRows));
    const columns = k.add(base, 3 * paddedRows);
    const ofColumns = (i: number) => new VectorView(k, besidesRef, k.add(columns, i * stride));
    const [diagonal, beside] = diagonalsOf(b);
    return {
      a: new MatrixView(k, workRef, k.mul(b, paddedRows * stride), stride),
      u: ofRows(0),
      nextU: ofRows(1),
      x: ofRows(2),
      v: ofColumns(0),
      y: ofColumns(1),
      sums: new MatrixView(k, besidesRef, k.add(columns, 2 * stride), stride),
      numbers: ofColumns(2 + parts),
      diagonal,
      beside,
      left: left.panels(b),
      right: right.panels(b),
    };
  };
  const reduction = bidiagonalisation(k, [m, n], paddedRows, parts, workOf);
  scalingStages(k, {
    batch,
    dtype,
    several,
    rows,
    stateOf,
    source: (b) => new MatrixView(k, from, k.mul(b, m * n), columns),
    endOf: () => t.i32(columns),
    clear: (b) =>
      workOf(b)
        .a.row(0)
        .fill(0, 0, paddedRows * stride),
    copy: (b, row, factor) => {
      const source = new VectorView(k, from, k.add(k.mul(b, m * n), k.mul(row, columns)), "f64");
      const { a: work } = workOf(b);
      if (isWide) k.for(0, columns, (i) => work.set(i, row, k.mul(source.at(i), factor)));
      else k.vectorFor(0, columns, (j, width) => work.set(row, j, k.mul(source.at(j, width), factor), width));
    },
  });
  const end = (b: TileAtom): void => {
    for (const side of [left.panels(b), right.panels(b)]) k.for(0, side.panels, (panel) => side.close(panel));
    steps.start(b);
  };
  reductionStages(k, batch, several, { ...reduction, end });
  steps.stages(batch, (b, recorder, progress) => {
    const [d, e] = diagonalsOf(b);
    singularValues(k, n, d, e, recorder, progress, epsilonOf(dtype));
  });
  t.stage([batch], (b) => {
    const [d, e] = diagonalsOf(b);
    // the second vector is free now
    k.for(0, n, (j) => e.set(j, k.abs(d.at(j))));
    const order = new VectorView(k, orderRef, k.mul(b, n));
    orderOf(k, n, e, order, (x, y) => k.lt(x, y));
    const s = new VectorView(k, sRef, k.mul(b, n), "f64");
    const [scale, poison] = [stateOf(b).at(0), stateOf(b).at(1)];
    k.for(0, n, (j) => s.set(j, k.add(k.mul(e.at(order.at(j)), scale), poison)));
  });
  t.stage([batch, left.blocks + right.blocks], (b, i) => {
    const u = new MatrixView(k, uRef, k.mul(b, rows * uColumns), uColumns);
    const vt = new MatrixView(k, vtRef, k.mul(b, vRows * columns), columns);
    const [d] = diagonalsOf(b);
    const order = new VectorView(k, orderRef, k.mul(b, n));
    const poison = t.convert(stateOf(b).at(1), dtype);
    t.if(
      k.lt(i, left.blocks),
      () => {
        steps.finish(b, LEFT, i);
        left.elements(b, i, (at, lane, block) => {
          const set = (j: TileAtom, from: TileAtom): void => {
            const x = k.add(block.at(from, lane), poison);
            if (isWide) vt.set(j, at, x);
            else u.set(at, j, x);
          };
          k.for(0, n, (j) => set(j, order.at(j)));
          if (longVectors > n) k.for(n, longVectors, (j) => set(j, j));
        });
      },
      () => {
        const own = k.sub(i, left.blocks);
        steps.finish(b, RIGHT, own);
        right.elements(b, own, (at, lane, block) =>
          k.for(0, n, (j) => {
            const from = order.at(j);
            const x = block.at(from, lane);
            const signed = k.add(k.select(k.lt(d.at(from), 0), k.neg(x), x), poison);
            if (isWide) u.set(at, j, signed);
            else vt.set(j, at, signed);
          }),
        );
      },
    );
  });
  return t.finish();
}
