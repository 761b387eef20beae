/**
 * Singular value decomposition, one matrix per program of the grid, computed in f64: columns are rotated until they are
 * orthogonal (one-sided Jacobi, Hestenes 1958), in the oracle's order, so that vectors have the oracle's signs.
 */
import type { Aval } from "../ir/aval.js";
import type { LinalgOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";
import type { TileAtom } from "../ir/tile.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { rotation } from "./jacobi.js";
import { orderOf } from "./order.js";
import { matricesOf } from "./matrices.js";
import { extentOf } from "./scaling.js";
import { MatrixView, ScalarCode, VectorView } from "./scalar-code.js";

const SWEEPS = 40;
const TOLERANCE = 1e-15;

/** Refs: a in, u out, s out, vt out, then scratch. Not finite in, NaN out. */
export function jacobiSvd(operands: readonly Aval[], { fullMatrices }: LinalgOps["svd"]): Program<"tile"> {
  const [a] = operands;
  const { dtype } = a;
  const { rows: m, columns: n, batch, all, scratch: several } = matricesOf(a);
  const rank = Math.min(m, n);
  // a wide matrix is worked on as its transpose
  const wide = m < n;
  const long = Math.max(m, n);
  const longColumns = fullMatrices ? long : rank;
  const [uColumns, vRows] = fullMatrices ? [m, n] : [rank, rank];
  const t = new TileBuilder("svd");
  const k = new ScalarCode(t);
  const from = t.ref("a", dtype, "in", all(m * n));
  const uRef = t.ref("u", dtype, "out", all(m * uColumns));
  const sRef = t.ref("s", dtype, "out", all(rank));
  const vtRef = t.ref("vt", dtype, "out", all(vRows * n));
  const scratch = (name: string, size: number) => t.ref(name, "f64", "scratch", several(size));
  const [columnsRef, rotationsRef, basisRef, normsRef] = [
    scratch("columns", rank * long),
    scratch("rotations", rank * rank),
    scratch("basis", longColumns * long),
    scratch("norms", rank),
  ];
  const orderRef = t.ref("order", "i32", "scratch", several(rank));
  t.stage([batch], (b) => {
    const source = new MatrixView(k, from, k.mul(b, m * n), n, "f64");
    /** Row j is column j of the long matrix. */
    const columns = new MatrixView(k, columnsRef, k.mul(b, rank * long), long);
    const rotations = new MatrixView(k, rotationsRef, k.mul(b, rank * rank), rank);
    /** Row j is the j-th singular vector of the long side. */
    const basis = new MatrixView(k, basisRef, k.mul(b, longColumns * long), long);
    const norms = new VectorView(k, normsRef, k.mul(b, rank));
    const order = new VectorView(k, orderRef, k.mul(b, rank));
    const u = new MatrixView(k, uRef, k.mul(b, m * uColumns), uColumns, "f64");
    const vt = new MatrixView(k, vtRef, k.mul(b, vRows * n), n, "f64");
    const s = new VectorView(k, sRef, k.mul(b, rank), "f64");

    const { isFinite, scale } = extentOf(k, (see) =>
      k.for(0, rank, (j) =>
        k.for(0, long, (i) => {
          const x = wide ? source.at(j, i) : source.at(i, j);
          columns.set(j, i, x);
          see(x);
        }),
      ),
    );
    const finish = (): void => {
      columns.row(0).scale(k.div(1, scale), 0, rank * long);
      orthogonalise(k, rank, long, columns, rotations);
      k.for(0, rank, (j) => {
        const row = columns.row(j);
        norms.set(j, k.sqrt(row.dot(row, 0, long)));
      });
      orderOf(k, rank, norms, order, (x, y) => k.lt(x, y));
      const top = rank === 0 ? t.const(0, "f64") : norms.at(order.at(0));
      const known = collect(k, rank, long, { columns, norms, order, basis, cutoff: k.mul(top, 1e-15 * long) });
      complete(k, basis, known, rank, longColumns, long);
      k.for(0, rank, (j) => {
        const at = order.at(j);
        s.set(j, k.mul(norms.at(at), scale));
        k.for(0, rank, (i) => {
          // the short side's vectors are the accumulated rotations
          const x = rotations.at(at, i);
          if (wide) u.set(i, j, x);
          else vt.set(j, i, x);
        });
      });
      k.for(0, longColumns, (j) =>
        k.for(0, long, (i) => {
          const x = basis.at(j, i);
          if (wide) vt.set(j, i, x);
          else u.set(i, j, x);
        }),
      );
    };
    t.if(isFinite, finish, () => {
      new VectorView(k, uRef, k.mul(b, m * uColumns)).fill(Number.NaN, 0, m * uColumns);
      new VectorView(k, sRef, k.mul(b, rank)).fill(Number.NaN, 0, rank);
      new VectorView(k, vtRef, k.mul(b, vRows * n)).fill(Number.NaN, 0, vRows * n);
    });
  });
  return t.finish();
}

function orthogonalise(k: ScalarCode, rank: number, long: number, columns: MatrixView, rotations: MatrixView): void {
  const { t } = k;
  rotations.row(0).fill(0, 0, rank * rank);
  k.for(0, rank, (i) => rotations.set(i, i, 1));
  const sweep = t.var(t.i32(0));
  const rotated = t.var(t.const(true, "bool"));
  t.while(
    () => k.and(rotated, k.lt(sweep, SWEEPS)),
    () => {
      t.assign(sweep, k.add(sweep, 1));
      t.assign(rotated, t.const(false, "bool"));
      k.for(0, rank, (p) =>
        k.for(k.add(p, 1), rank, (q) => {
          const [x, y] = [columns.row(p), columns.row(q)];
          const { xx, yy, xy } = products(k, x, y, long);
          t.if(k.gt(k.abs(xy), k.mul(k.mul(k.sqrt(xx), k.sqrt(yy)), TOLERANCE)), () => {
            t.assign(rotated, t.const(true, "bool"));
            const turn = rotation(k, xx, yy, xy);
            x.rotate(y, turn.c, turn.s, 0, long);
            rotations.row(p).rotate(rotations.row(q), turn.c, turn.s, 0, rank);
          });
        }),
      );
    },
  );
}
/** xᵀx, yᵀy and xᵀy in one pass. */
function products(
  k: ScalarCode,
  x: VectorView,
  y: VectorView,
  length: number,
): { xx: TileAtom; yy: TileAtom; xy: TileAtom } {
  const { t } = k;
  const width = 4;
  const sums = Array.from({ length: 3 }, () => ({
    wide: t.var(t.const(0, "f64", [width])),
    single: t.var(t.const(0, "f64")),
  }));
  k.vectorFor(
    0,
    length,
    (i, w) => {
      const [a, b] = [x.at(i, w), y.at(i, w)];
      [k.mul(a, a), k.mul(b, b), k.mul(a, b)].forEach((product, j) => {
        const sum = w === 1 ? sums[j].single : sums[j].wide;
        t.assign(sum, k.add(sum, product));
      });
    },
    width,
  );
  const [xx, yy, xy] = sums.map(({ wide, single }) => k.add(t.reduce("sum", wide, 0), single));
  return { xx, yy, xy };
}
interface Collected {
  readonly columns: MatrixView;
  readonly norms: VectorView;
  readonly order: VectorView;
  readonly basis: MatrixView;
  readonly cutoff: TileAtom;
}
/** Unit vectors of the columns that are more than rounding noise, into the first rows of the basis; how many there are. */
function collect(k: ScalarCode, rank: number, long: number, c: Collected): TileAtom {
  const { t } = k;
  const known = t.var(t.i32(0));
  k.for(0, rank, (j) => {
    const at = c.order.at(j);
    const norm = c.norms.at(at);
    t.if(k.gt(norm, c.cutoff), () => {
      c.basis.row(j).copyFrom(c.columns.row(at), 0, long);
      c.basis.row(j).scale(k.div(1, norm), 0, long);
      t.assign(known, k.add(known, 1));
    });
  });
  return known;
}
/** Rows from `known` on become an orthonormal completion: unit vectors, made orthogonal twice (Gram & Schmidt). */
function complete(k: ScalarCode, basis: MatrixView, known: TileAtom, rank: number, rows: number, long: number): void {
  if (rank === 0 && rows === 0) return;
  const { t } = k;
  const unit = t.var(t.i32(0));
  k.for(known, rows, (j) => {
    const x = basis.row(j);
    const norm = t.var(t.const(0, "f64"));
    t.while(
      () => k.and(k.lt(norm, 0.5 / Math.sqrt(Math.max(1, long))), k.lt(unit, long)),
      () => {
        x.fill(0, 0, long);
        x.set(unit, 1);
        for (let pass = 0; pass < 2; pass++) {
          k.for(0, j, (i) => x.addScaled(basis.row(i), k.neg(x.dot(basis.row(i), 0, long)), 0, long));
        }
        t.assign(norm, k.sqrt(x.dot(x, 0, long)));
        t.assign(unit, k.add(unit, 1));
      },
    );
    x.scale(k.div(1, norm), 0, long);
  });
}
