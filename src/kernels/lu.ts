/** LU factorisation with partial pivoting, one matrix per program of the grid. */
import { internal } from "../diagnostics/error.js";
import type { Aval } from "../ir/aval.js";
import type { LinalgOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";

/** Refs: a in, lu out, pivots out (i32), permutation out (i32), then scratch. */
export function lu(operands: readonly Aval[], params: LinalgOps["lu"]): Program<"tile"> {
  return internal(`lu of ${operands.length} operands ${JSON.stringify(params)} is being written`);
}
