/** Stable merge sort along one axis, one line per program of the grid. */
import { internal } from "../diagnostics/error.js";
import type { Aval } from "../ir/aval.js";
import type { SortOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";

/** Refs: operands in, results out in the same order, then scratch. */
export function sort(operands: readonly Aval[], params: SortOps["sort"]): Program<"tile"> {
  return internal(`sort of ${operands.length} operands ${JSON.stringify(params)} is being written`);
}
