/** QR factorisation by Householder reflections, four columns at a time, one matrix per program of the grid; Q is formed in blocks. */
import type { Aval } from "../ir/aval.js";
import type { LinalgOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";
import type { TileAtom } from "../ir/tile.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { range } from "../util/index.js";
import { reflect } from "./householder.js";
import { matricesOf } from "./matrices.js";
import { blockWidth, PANEL, Panels, panelRefs, roundUp } from "./panels.js";
import { MatrixView, ScalarCode } from "./scalar-code.js";

/** Refs: a in, q out, r out, then scratch. Signs are LAPACK's, as in the oracle. */
export function qr(operands: readonly Aval[], { fullMatrices }: LinalgOps["qr"]): Program<"tile"> {
  const [a] = operands;
  const { dtype } = a;
  const { rows: m, columns: n, batch, all, scratch } = matricesOf(a);
  const steps = Math.min(m, n);
  const columns = fullMatrices ? m : steps;
  const width = blockWidth(dtype);
  // blocks of columns begin anywhere, so that the last one ends behind the matrix
  const stride = roundUp(n, PANEL) + width;
  const blocks = Math.ceil(columns / width);
  const t = new TileBuilder("qr");
  const k = new ScalarCode(t);
  const from = t.ref("a", dtype, "in", all(m * n));
  const qRef = t.ref("q", dtype, "out", all(m * columns));
  const rRef = t.ref("r", dtype, "out", all(columns * n));
  const workRef = t.ref("work", dtype, "scratch", scratch(m * stride));
  const panelRef = t.ref("panel", dtype, "scratch", scratch(PANEL * m));
  const refs = panelRefs(k, "reflections", dtype, steps, m, scratch);
  const formedRef = t.ref("formed", dtype, "scratch", scratch(blocks * m * width));
  const panelsOf = (b: TileAtom): Panels => new Panels(k, refs, steps, m, b);

  t.stage([batch], (b) => {
    const source = new MatrixView(k, from, k.mul(b, m * n), n);
    const work = new MatrixView(k, workRef, k.mul(b, m * stride), stride);
    const r = new MatrixView(k, rRef, k.mul(b, columns * n), n);
    const panel = new MatrixView(k, panelRef, k.mul(b, PANEL * m), m);
    const panels = panelsOf(b);
    panels.clear();
    k.for(0, m, (i) => {
      work.row(i).copyFrom(source.row(i), 0, n);
      work.row(i).fill(0, n, stride);
    });
    k.for(0, panels.panels, (p) => {
      const top = k.mul(p, PANEL);
      k.for(top, m, (i) => {
        for (const c of range(PANEL)) panel.set(c, i, work.at(i, k.add(top, c)));
      });
      for (const c of range(PANEL)) {
        const j = k.add(top, c);
        t.if(k.lt(j, steps), () => {
          const v = panel.row(c);
          for (const above of range(c)) work.set(k.add(top, above), j, v.at(k.add(top, above)));
          const { beta, tau } = reflect(k, v, j, m);
          work.set(j, j, beta);
          panels.set(j, v, j, tau);
          for (const later of range(PANEL).slice(c + 1)) {
            const x = panel.row(later);
            x.addScaled(v, k.neg(k.mul(v.dot(x, j, m), tau)), j, m);
          }
        });
      }
      panels.close(p);
      k.for(k.min(k.add(top, PANEL), steps), n, (c) => panels.apply(p, work, m, c, width, true), width);
    });
    k.for(0, columns, (i) => {
      const diagonal = k.min(i, n);
      r.row(i).fill(0, 0, diagonal);
      r.row(i).copyFrom(work.row(i), diagonal, n);
    });
  });
  t.stage([batch, blocks], (b, i) => {
    const q = new MatrixView(k, qRef, k.mul(b, m * columns), columns);
    const formed = new MatrixView(k, formedRef, k.mul(k.add(k.mul(b, blocks), i), m * width), width);
    const first = k.mul(i, width);
    panelsOf(b).form(formed, first, width);
    const isWhole = k.le(k.add(first, width), columns);
    k.for(0, m, (row) =>
      t.if(
        isWhole,
        () => q.set(row, first, formed.at(row, 0, width), width),
        () => k.for(first, columns, (c) => q.set(row, c, formed.at(row, k.sub(c, first)))),
      ),
    );
  });
  return t.finish();
}
