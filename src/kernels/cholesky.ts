/** Cholesky factorisation, one matrix per program of the grid. */
import { internal } from "../diagnostics/error.js";
import type { Aval } from "../ir/aval.js";
import type { LinalgOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";

/** Refs: a in, l out, then scratch. */
export function cholesky(operands: readonly Aval[], params: LinalgOps["cholesky"]): Program<"tile"> {
  return internal(`cholesky of ${operands.length} operands ${JSON.stringify(params)} is being written`);
}
