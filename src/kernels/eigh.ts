/** Eigenvalues and vectors of symmetric matrices, one matrix per program of the grid. */
import { internal } from "../diagnostics/error.js";
import type { Aval } from "../ir/aval.js";
import type { LinalgOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";

/** Refs: a in, w out, v out, then scratch. */
export function eigh(operands: readonly Aval[], params: LinalgOps["eigh"]): Program<"tile"> {
  return internal(`eigh of ${operands.length} operands ${JSON.stringify(params)} is being written`);
}
