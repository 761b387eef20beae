/** QR factorisation by Householder reflections, one matrix per program of the grid. */
import { internal } from "../diagnostics/error.js";
import type { Aval } from "../ir/aval.js";
import type { LinalgOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";

/** Refs: a in, q out, r out, then scratch. */
export function qr(operands: readonly Aval[], params: LinalgOps["qr"]): Program<"tile"> {
  return internal(`qr of ${operands.length} operands ${JSON.stringify(params)} is being written`);
}
