/**
 * Eigenvalues and vectors of symmetric matrices, one matrix per program of the grid, computed in f64. Small ones by
 * cyclic Jacobi rotations, in the oracle's order, so that vectors have the oracle's signs; larger ones by Householder
 * tridiagonalisation and implicit QL (Wilkinson & Reinsch 1971, contribution II/4), whose signs are not specified.
 */
import type { Aval } from "../ir/aval.js";
import type { LinalgOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";
import type { TileAtom, TileRef, TileVar } from "../ir/tile.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { applyFromLeft, reflect } from "./householder.js";
import { rotation } from "./jacobi.js";
import { orderOf } from "./order.js";
import { matricesOf } from "./matrices.js";
import { MatrixView, ScalarCode, VectorView } from "./scalar-code.js";

const JACOBI = 24;
const SWEEPS = 40;
const QL_STEPS = 60;
const EPSILON = 2 ** -52;

/** Refs: a in, w out, v out, then scratch. Reads the lower triangle; not finite in, NaN out. */
export function eigh(operands: readonly Aval[], _params: LinalgOps["eigh"]): Program<"tile"> {
  const [a] = operands;
  const { dtype } = a;
  const { columns: n, batch, all, scratch: several } = matricesOf(a);
  const t = new TileBuilder("eigh");
  const k = new ScalarCode(t);
  const from = t.ref("a", dtype, "in", all(n * n));
  const wRef = t.ref("w", dtype, "out", all(n));
  const vRef = t.ref("v", dtype, "out", all(n * n));
  const scratch = (name: string, size: number): TileRef => t.ref(name, "f64", "scratch", several(size));
  const [matrixRef, vectorsRef, valuesRef, besideRef, tauRef] = [
    scratch("matrix", n * n),
    scratch("vectors", n * n),
    scratch("values", n),
    scratch("beside", n),
    scratch("taus", n),
  ];
  const orderRef = t.ref("order", "i32", "scratch", several(n));
  t.stage([batch], (b) => {
    const source = new MatrixView(k, from, k.mul(b, n * n), n, "f64");
    const m = new MatrixView(k, matrixRef, k.mul(b, n * n), n);
    /** Rows are eigenvectors. */
    const vectors = new MatrixView(k, vectorsRef, k.mul(b, n * n), n);
    const values = new VectorView(k, valuesRef, k.mul(b, n));
    const beside = new VectorView(k, besideRef, k.mul(b, n));
    const taus = new VectorView(k, tauRef, k.mul(b, n));

    const largest = t.var(t.const(0, "f64"));
    const poison = t.var(t.const(0, "f64"));
    k.for(0, n, (i) =>
      k.for(0, k.add(i, 1), (j) => {
        const x = source.at(i, j);
        m.set(i, j, x);
        m.set(j, i, x);
        t.assign(largest, k.max(largest, k.abs(x)));
        t.assign(poison, k.add(poison, k.mul(x, 0)));
      }),
    );
    t.if(
      k.eq(poison, 0),
      () => {
        // scaled to 1, so that squares neither overflow nor vanish
        const scale = k.select(k.gt(largest, 0), k.max(largest, 2 ** -1000), 1);
        m.row(0).scale(k.div(1, scale), 0, n * n);
        if (n <= JACOBI) jacobi(k, n, m, vectors, values);
        else {
          tridiagonalise(k, n, m, values, beside, taus);
          formTransposed(k, n, m, taus, vectors);
          implicitQl(k, n, values, beside, vectors);
        }
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

/** Leaves the diagonal and what stands beside it; row j of m keeps the reflection of column j from j + 1 on. */
function tridiagonalise(
  k: ScalarCode,
  n: number,
  m: MatrixView,
  diagonal: VectorView,
  beside: VectorView,
  taus: VectorView,
): void {
  const { t } = k;
  k.for(0, n - 2, (j) => {
    const next = k.add(j, 1);
    const v = m.row(j);
    diagonal.set(j, m.at(j, j));
    const { beta, tau } = reflect(k, v, next, n);
    beside.set(j, beta);
    taus.set(j, tau);
    // p = τ A v; w = p - (τ pᵀv / 2) v; A ← A - v wᵀ - w vᵀ; p and w lie where the rest of the diagonal will come
    const w = diagonal;
    k.for(next, n, (i) => w.set(i, k.mul(m.row(i).dot(v, next, n), tau)));
    const half = k.mul(k.mul(w.dot(v, next, n), tau), -0.5);
    w.addScaled(v, half, next, n);
    k.for(next, n, (i) => {
      const row = m.row(i);
      const [vi, wi] = [v.at(i), w.at(i)];
      k.vectorFor(next, n, (c, width) => {
        const change = k.add(k.mul(w.at(c, width), vi), k.mul(v.at(c, width), wi));
        row.set(c, k.sub(row.at(c, width), change), width);
      });
    });
  });
  for (let j = Math.max(0, n - 2); j < n; j++) {
    diagonal.set(j, m.at(j, j));
    if (j + 1 < n) beside.set(j, m.at(j, j + 1));
  }
  beside.set(n - 1, t.const(0, "f64"));
}
/** vectors = Qᵀ with A = Q T Qᵀ, Q = H₀ H₁ … */
function formTransposed(k: ScalarCode, n: number, m: MatrixView, taus: VectorView, vectors: MatrixView): void {
  const { t } = k;
  setIdentity(k, n, vectors);
  k.forDown(0, n - 2, (j) => {
    const next = k.add(j, 1);
    applyFromLeft(k, vectors, m.row(j), taus.at(j), [next, n], [next, n]);
  });
  k.for(0, n, (i) =>
    k.for(0, i, (j) => {
      const [x, y] = [t.var(vectors.at(i, j)), t.var(vectors.at(j, i))];
      vectors.set(i, j, y);
      vectors.set(j, i, x);
    }),
  );
}

/** Eigenvalues of the tridiagonal matrix; the rows of `vectors` turn with it. */
function implicitQl(k: ScalarCode, n: number, d: VectorView, e: VectorView, vectors: MatrixView): void {
  const { t } = k;
  /** First m ≥ l beside which the off-diagonal element counts for nothing. */
  const splitAfter = (l: TileAtom): TileVar => {
    const m = t.var(l);
    t.while(
      () => {
        const next = k.min(k.add(m, 1), n - 1);
        const size = k.mul(k.add(k.abs(d.at(m)), k.abs(d.at(next))), EPSILON);
        return k.and(k.lt(m, n - 1), k.gt(k.abs(e.at(m)), size));
      },
      () => t.assign(m, k.add(m, 1)),
    );
    return m;
  };
  k.for(0, n, (l) => {
    const steps = t.var(t.i32(0));
    const going = t.var(t.const(true, "bool"));
    t.while(
      () => going,
      () => {
        const m = splitAfter(l);
        t.if(
          k.or(k.eq(m, l), k.ge(steps, QL_STEPS)),
          () => t.assign(going, t.const(false, "bool")),
          () => {
            t.assign(steps, k.add(steps, 1));
            qlStep(k, d, e, vectors, n, l, m);
          },
        );
      },
    );
  });
}
function qlStep(
  k: ScalarCode,
  d: VectorView,
  e: VectorView,
  vectors: MatrixView,
  n: number,
  l: TileAtom,
  m: TileAtom,
): void {
  const { t } = k;
  const [dl, el] = [d.at(l), e.at(l)];
  // Wilkinson's shift
  const theta = k.div(k.sub(d.at(k.add(l, 1)), dl), k.mul(el, 2));
  const root = k.hypot(theta, t.const(1, "f64"));
  const signed = k.select(k.ge(theta, 0), root, k.neg(root));
  const g = t.var(k.add(k.sub(d.at(m), dl), k.div(el, k.add(theta, signed))));
  const s = t.var(t.const(1, "f64"));
  const c = t.var(t.const(1, "f64"));
  const p = t.var(t.const(0, "f64"));
  const i = t.var(k.sub(m, 1));
  const broken = t.var(t.const(false, "bool"));
  t.while(
    () => k.and(k.ge(i, l), k.not(broken)),
    () => {
      const next = k.add(i, 1);
      const f = k.mul(s, e.at(i));
      const b = k.mul(c, e.at(i));
      const r = k.hypot(f, g);
      e.set(next, r);
      t.if(
        k.eq(r, 0),
        () => {
          // the bulge has vanished: the matrix splits here
          d.set(next, k.sub(d.at(next), p));
          e.set(m, 0);
          t.assign(broken, t.const(true, "bool"));
        },
        () => {
          t.assign(s, k.div(f, r));
          t.assign(c, k.div(g, r));
          const shifted = k.sub(d.at(next), p);
          const turn = k.add(k.mul(k.sub(d.at(i), shifted), s), k.mul(k.mul(c, b), 2));
          t.assign(p, k.mul(s, turn));
          d.set(next, k.add(shifted, p));
          t.assign(g, k.sub(k.mul(c, turn), b));
          // new next = s·i + c·next, new i = c·i - s·next
          vectors.row(i).rotate(vectors.row(next), c, s, 0, n);
          t.assign(i, k.sub(i, 1));
        },
      );
    },
  );
  t.if(k.not(broken), () => {
    d.set(l, k.sub(d.at(l), p));
    e.set(l, g);
    e.set(m, 0);
  });
}
