/** Sorting: a kernel of src/kernels, one row per program of the grid. */
import type { SortOps } from "../../ir/ops/index.js";
import { avals } from "../../ir/program.js";
import type { Rules } from "../../ir/rules.js";
import { sort as sortKernel } from "../../kernels/sort.js";
import type { GreatestOps } from "./handed-over.js";
import { type ScheduleKind, template } from "./rule.js";

export const sort = {
  sort: template((eqn) => sortKernel(avals(eqn.inputs), eqn.params)),
} satisfies Rules<Omit<SortOps, keyof GreatestOps>, ScheduleKind>;
