/** The k greatest elements of each row, one row per program of the grid. */
import { internal } from "../diagnostics/error.js";
import type { Aval } from "../ir/aval.js";
import type { SortOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";

/** Refs: x in, values out, indices out (i32), then scratch. */
export function topK(operands: readonly Aval[], params: SortOps["top_k"]): Program<"tile"> {
  return internal(`top_k of ${operands.length} operands ${JSON.stringify(params)} is being written`);
}
