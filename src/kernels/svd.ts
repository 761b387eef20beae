/** Singular value decomposition, one matrix per program of the grid. */
import { internal } from "../diagnostics/error.js";
import type { Aval } from "../ir/aval.js";
import type { LinalgOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";

/** Refs: a in, u out, s out, vt out, then scratch. */
export function svd(operands: readonly Aval[], params: LinalgOps["svd"]): Program<"tile"> {
  return internal(`svd of ${operands.length} operands ${JSON.stringify(params)} is being written`);
}
