/** Sorting: kernels of src/kernels, one row per program of the grid. */
import type { SortOps } from "../../ir/ops/index.js";
import { avals } from "../../ir/program.js";
import type { Rules } from "../../ir/rules.js";
import { sort as sortKernel } from "../../kernels/sort.js";
import { topK } from "../../kernels/top-k.js";
import { type ScheduleKind, template } from "./rule.js";

export const sort = {
  sort: template((eqn) => sortKernel(avals(eqn.inputs), eqn.params)),
  top_k: template((eqn) => topK(avals(eqn.inputs), eqn.params)),
} satisfies Rules<SortOps, ScheduleKind>;
