/**
 * Eigenvalues and vectors of small symmetric matrices by cyclic Jacobi rotations, one matrix per program of the grid, computed in
 * f64, in the oracle's order, so that vectors have the oracle's signs.
 */
import type { Aval } from "../ir/aval.js";
import type { LinalgOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";
import type { TileRef } from "../ir/tile.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { rotation } from "./jacobi.js";
import { orderOf } from "./order.js";
import { matricesOf } from "./matrices.js";
import { extentOf } from "./scaling.js";
import { MatrixView, ScalarCode, VectorView } from "./scalar-code.js";

const SWEEPS = 40;

/** Refs: a in, w out, v out, then scratch. Reads the lower triangle; not finite in, NaN out. */
export function jacobiEigh(operands: readonly Aval[], _params: LinalgOps["eigh"]): Program<"tile"> {
  const [a] = operands;
  const { dtype } = a;
  const { columns: n, batch, all, scratch: several } = matricesOf(a);
  const t = new TileBuilder("eigh");
  const k = new ScalarCode(t);
  const from = t.ref("a", dtype, "in", all(n * n));
  const wRef = t.ref("w", dtype, "out", all(n));
  const vRef = t.ref("v", dtype, "out", all(n * n));
  const scratch = (name: string, size: number): TileRef => t.ref(name, "f64", "scratch", several(size));
  const [matrixRef, vectorsRef, valuesRef] = [
    scratch("matrix", n * n),
    scratch("vectors", n * n),
    scratch("values", n),
  ];
  const orderRef = t.ref("order", "i32", "scratch", several(n));
  t.stage([batch], (b) => {
    const source = new MatrixView(k, from, k.mul(b, n * n), n, "f64");
    const m = new MatrixView(k, matrixRef, k.mul(b, n * n), n);
    /** Rows are eigenvectors. */
    const vectors = new MatrixView(k, vectorsRef, k.mul(b, n * n), n);
    const values = new VectorView(k, valuesRef, k.mul(b, n));

    const { isFinite, scale } = extentOf(k, (see) =>
      k.for(0, n, (i) =>
        k.for(0, k.add(i, 1), (j) => {
          const x = source.at(i, j);
          m.set(i, j, x);
          m.set(j, i, x);
          see(x);
        }),
      ),
    );
    t.if(
      isFinite,
      () => {
        m.row(0).scale(k.div(1, scale), 0, n * n);
        jacobi(k, n, m, vectors, values);
        const order = new VectorView(k, orderRef, k.mul(b, n));
        orderOf(k, n, values, order, (x, y) => k.gt(x, y));
        const w = new VectorView(k, wRef, k.mul(b, n), "f64");
        const v = new MatrixView(k, vRef, k.mul(b, n * n), n, "f64");
        k.for(0, n, (j) => {
          const at = order.at(j);
          w.set(j, k.mul(values.at(at), scale));
          k.for(0, n, (i) => v.set(i, j, vectors.at(at, i)));
        });
      },
      () => {
        new VectorView(k, wRef, k.mul(b, n)).fill(Number.NaN, 0, n);
        new VectorView(k, vRef, k.mul(b, n * n)).fill(Number.NaN, 0, n * n);
      },
    );
  });
  return t.finish();
}

function setIdentity(k: ScalarCode, n: number, m: MatrixView): void {
  m.row(0).fill(0, 0, n * n);
  k.for(0, n, (i) => m.set(i, i, 1));
}

function jacobi(k: ScalarCode, n: number, m: MatrixView, vectors: MatrixView, values: VectorView): void {
  const { t } = k;
  setIdentity(k, n, vectors);
  const sweep = t.var(t.i32(0));
  const rotated = t.var(t.const(true, "bool"));
  t.while(
    () => k.and(rotated, k.lt(sweep, SWEEPS)),
    () => {
      t.assign(sweep, k.add(sweep, 1));
      t.assign(rotated, t.const(false, "bool"));
      k.for(0, n, (p) =>
        k.for(k.add(p, 1), n, (q) => {
          const [o, pp, qq] = [m.at(p, q), m.at(p, p), m.at(q, q)];
          const small = k.mul(k.sqrt(k.abs(k.mul(pp, qq))), 1e-17);
          t.if(k.and(k.gt(k.abs(o), small), k.gt(k.abs(o), 1e-290)), () => {
            t.assign(rotated, t.const(true, "bool"));
            const turn = rotation(k, pp, qq, o);
            const step = k.mul(turn.t, o);
            m.row(p).rotate(m.row(q), turn.c, turn.s, 0, n);
            k.for(0, n, (i) => {
              m.set(i, p, m.at(p, i));
              m.set(i, q, m.at(q, i));
            });
            m.set(p, p, k.sub(pp, step));
            m.set(q, q, k.add(qq, step));
            m.set(p, q, 0);
            m.set(q, p, 0);
            vectors.row(p).rotate(vectors.row(q), turn.c, turn.s, 0, n);
          });
        }),
      );
    },
  );
  k.for(0, n, (i) => values.set(i, m.at(i, i)));
}
