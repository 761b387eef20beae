/** QR factorisation by Householder reflections, one matrix per program of the grid. */
import type { Aval } from "../ir/aval.js";
import type { LinalgOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { applyFromLeft, reflect } from "./householder.js";
import { matricesOf } from "./matrices.js";
import { MatrixView, ScalarCode, VectorView } from "./scalar-code.js";

/** Refs: a in, q out, r out, then scratch. Signs are LAPACK's, as in the oracle. */
export function qr(operands: readonly Aval[], { fullMatrices }: LinalgOps["qr"]): Program<"tile"> {
  const [a] = operands;
  const { dtype } = a;
  const { rows: m, columns: n, batch, all, scratch } = matricesOf(a);
  const steps = Math.min(m, n);
  const columns = fullMatrices ? m : steps;
  const t = new TileBuilder("qr");
  const k = new ScalarCode(t);
  const from = t.ref("a", dtype, "in", all(m * n));
  const qRef = t.ref("q", dtype, "out", all(m * columns));
  const rRef = t.ref("r", dtype, "out", all(columns * n));
  const workRef = t.ref("work", dtype, "scratch", scratch(m * n));
  const vectorRef = t.ref("vectors", dtype, "scratch", scratch(steps * m));
  const tauRef = t.ref("taus", dtype, "scratch", scratch(steps));
  t.stage([batch], (b) => {
    const work = new MatrixView(k, workRef, k.mul(b, m * n), n);
    const q = new MatrixView(k, qRef, k.mul(b, m * columns), columns);
    const r = new MatrixView(k, rRef, k.mul(b, columns * n), n);
    // row j holds the reflection of column j
    const vectors = new MatrixView(k, vectorRef, k.mul(b, steps * m), m);
    const taus = new VectorView(k, tauRef, k.mul(b, steps));
    work.row(0).copyFrom(new VectorView(k, from, k.mul(b, m * n)), 0, m * n);
    k.for(0, steps, (j) => {
      const v = vectors.row(j);
      k.for(j, m, (i) => v.set(i, work.at(i, j)));
      const { beta, tau } = reflect(k, v, j, m);
      taus.set(j, tau);
      work.set(j, j, beta);
      applyFromLeft(k, work, v, tau, [j, m], [k.add(j, 1), n]);
    });
    k.for(0, columns, (i) => {
      const diagonal = k.min(i, n);
      r.row(i).fill(0, 0, diagonal);
      r.row(i).copyFrom(work.row(i), diagonal, n);
    });
    k.for(0, m, (i) => {
      q.row(i).fill(0, 0, columns);
      t.if(k.lt(i, columns), () => q.set(i, i, 1));
    });
    // Q = H₀ H₁ … from the last one on: what lies above and left of it is still the identity
    k.forDown(0, steps, (j) => applyFromLeft(k, q, vectors.row(j), taus.at(j), [j, m], [j, columns]));
  });
  return t.finish();
}
