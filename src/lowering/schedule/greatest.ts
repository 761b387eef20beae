/** The greatest elements of rows: a kernel of src/kernels. */
import { avals } from "../../ir/program.js";
import type { Rules } from "../../ir/rules.js";
import { topK } from "../../kernels/top-k.js";
import type { GreatestOps } from "./handed-over.js";
import { type ScheduleKind, template } from "./rule.js";

export const greatest = {
  top_k: template((eqn) => topK(avals(eqn.inputs), eqn.params)),
} satisfies Rules<GreatestOps, ScheduleKind>;
