/**
 * Eigenvalues and vectors of symmetric matrices. Small ones by cyclic Jacobi rotations, in the oracle's order, so that vectors
 * have the oracle's signs; larger ones by tridiagonalisation and QR steps, whose signs are not specified. There values
 * are computed in f64, and vectors in the matrix's own type.
 */
import type { Aval } from "../ir/aval.js";
import type { LinalgOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";
import type { TileAtom } from "../ir/tile.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { COLUMNS } from "./bidiagonalisation.js";
import { jacobiEigh } from "./eigh-jacobi.js";
import { epsilonOf } from "./deflation.js";
import { matricesOf } from "./matrices.js";
import { orderOf } from "./order.js";
import { roundUp } from "./panels.js";
import { QrRounds } from "./qr-rounds.js";
import { partsOf, reductionStages } from "./reduction.js";
import { scalingStages } from "./scaling.js";
import { MatrixView, ScalarCode, VectorView } from "./scalar-code.js";
import { symmetricValues } from "./tridiagonal.js";
import { LANES, type TridiagonalWork, tridiagonalisation } from "./tridiagonalisation.js";
import { VectorBlocks } from "./vector-blocks.js";

/** Up to this order Jacobi's rotations are as fast. */
const JACOBI = 24;
/** Rows of working vectors of a tridiagonalisation, but for those of its parts. */
const BESIDES = 5 + LANES;

/** Refs: a in, w out, v out, then scratch. Reads the lower triangle; not finite in, NaN out. */
export function eigh(operands: readonly Aval[], params: LinalgOps["eigh"]): Program<"tile"> {
  const { columns } = matricesOf(operands[0]);
  return columns <= JACOBI ? jacobiEigh(operands, params) : tridiagonalEigh(operands);
}

function tridiagonalEigh([a]: readonly Aval[]): Program<"tile"> {
  const { dtype } = a;
  const { columns: n, batch, all, scratch: several } = matricesOf(a);
  const stride = roundUp(n, COLUMNS);
  const t = new TileBuilder("eigh");
  const k = new ScalarCode(t);
  const from = t.ref("a", dtype, "in", all(n * n));
  const wRef = t.ref("w", dtype, "out", all(n));
  const vRef = t.ref("v", dtype, "out", all(n * n));
  const parts = partsOf(n, batch);
  const besides = (BESIDES + parts) * stride;
  const scratch = (name: string, size: number) => t.ref(name, "f64", "scratch", several(size));
  const [workRef, besidesRef, diagonalsRef, stateRef] = [
    scratch("work", stride * stride),
    scratch("besides", besides),
    scratch("diagonals", 2 * n),
    scratch("state", 2),
  ];
  const orderRef = t.ref("order", "i32", "scratch", several(n));
  const vectors = new VectorBlocks(k, "vectors", dtype, { reflections: n, length: n, vectors: n }, several);
  const steps = new QrRounds(k, dtype, n, [vectors], several);

  const diagonalsOf = (b: TileAtom): readonly [VectorView, VectorView] => {
    const base = k.mul(b, 2 * n);
    return [new VectorView(k, diagonalsRef, base), new VectorView(k, diagonalsRef, k.add(base, n))];
  };
  /** What values are multiplied by in the end; and 0, or NaN where the matrix has elements that are not finite. */
  const stateOf = (b: TileAtom): VectorView => new VectorView(k, stateRef, k.mul(b, 2));

  const workOf = (b: TileAtom): TridiagonalWork => {
    const at = (i: number): TileAtom => k.add(k.mul(b, besides), i * stride);
    const beside = (i: number) => new VectorView(k, besidesRef, at(i));
    const [diagonal, next] = diagonalsOf(b);
    return {
      a: new MatrixView(k, workRef, k.mul(b, stride * stride), stride),
      v: beside(0),
      w: beside(1),
      nextV: beside(2),
      across: beside(3),
      numbers: beside(4),
      dots: beside(5),
      sums: new MatrixView(k, besidesRef, at(BESIDES), stride),
      diagonal,
      beside: next,
      panels: vectors.panels(b),
    };
  };
  const reduction = tridiagonalisation(k, n, parts, workOf);
  scalingStages(k, {
    batch,
    dtype,
    several,
    rows: n,
    stateOf,
    source: (b) => new MatrixView(k, from, k.mul(b, n * n), n),
    endOf: (row) => k.add(row, 1),
    clear: (b) =>
      workOf(b)
        .a.row(0)
        .fill(0, 0, stride * stride),
    copy: (b, row, factor) => {
      const source = new MatrixView(k, from, k.mul(b, n * n), n, "f64");
      const { a: work } = workOf(b);
      k.for(0, k.add(row, 1), (j) => {
        const x = k.mul(source.at(row, j), factor);
        work.set(row, j, x);
        work.set(j, row, x);
      });
    },
  });
  const end = (b: TileAtom): void => {
    const panels = vectors.panels(b);
    k.for(0, panels.panels, (panel) => panels.close(panel));
    steps.start(b);
  };
  reductionStages(k, batch, several, { ...reduction, end });
  steps.stages(batch, (b, recorder, progress) => {
    const [d, e] = diagonalsOf(b);
    symmetricValues(k, n, d, e, recorder, progress, epsilonOf(dtype));
  });
  t.stage([batch], (b) => {
    const [d] = diagonalsOf(b);
    const order = new VectorView(k, orderRef, k.mul(b, n));
    orderOf(k, n, d, order, (x, y) => k.gt(x, y));
    const w = new VectorView(k, wRef, k.mul(b, n), "f64");
    const [scale, poison] = [stateOf(b).at(0), stateOf(b).at(1)];
    k.for(0, n, (j) => w.set(j, k.add(k.mul(d.at(order.at(j)), scale), poison)));
  });
  t.stage([batch, vectors.blocks], (b, i) => {
    const v = new MatrixView(k, vRef, k.mul(b, n * n), n);
    const order = new VectorView(k, orderRef, k.mul(b, n));
    const poison = t.convert(stateOf(b).at(1), dtype);
    steps.finish(b, 0, i);
    vectors.elements(b, i, (at, lane, block) =>
      k.for(0, n, (j) => v.set(at, j, k.add(block.at(order.at(j), lane), poison))),
    );
  });
  return t.finish();
}
