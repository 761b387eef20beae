/** Triangular systems with many right-hand sides, one matrix per program of the grid. */
import { internal } from "../diagnostics/error.js";
import type { Aval } from "../ir/aval.js";
import type { LinalgOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";

/** Refs: a in, b in, x out, then scratch. */
export function triangularSolve(operands: readonly Aval[], params: LinalgOps["triangular_solve"]): Program<"tile"> {
  return internal(`triangular_solve of ${operands.length} operands ${JSON.stringify(params)} is being written`);
}
