/** Factorisations: kernels of src/kernels, one matrix per program of the grid. */
import type { LinalgOps } from "../../ir/ops/index.js";
import { avals } from "../../ir/program.js";
import type { Rules } from "../../ir/rules.js";
import { cholesky } from "../../kernels/cholesky.js";
import { eigh } from "../../kernels/eigh.js";
import { lu } from "../../kernels/lu.js";
import { qr } from "../../kernels/qr.js";
import { svd } from "../../kernels/svd.js";
import { triangularSolve } from "../../kernels/triangular-solve.js";
import { type ScheduleKind, template } from "./rule.js";

export const linalg = {
  cholesky: template((eqn) => cholesky(avals(eqn.inputs), eqn.params)),
  triangular_solve: template((eqn) => triangularSolve(avals(eqn.inputs), eqn.params)),
  lu: template((eqn) => lu(avals(eqn.inputs), eqn.params)),
  qr: template((eqn) => qr(avals(eqn.inputs), eqn.params)),
  eigh: template((eqn) => eigh(avals(eqn.inputs), eqn.params)),
  svd: template((eqn) => svd(avals(eqn.inputs), eqn.params)),
} satisfies Rules<LinalgOps, ScheduleKind>;
