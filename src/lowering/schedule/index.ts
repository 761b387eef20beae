/** The schedule's table: how each primitive becomes tile kernels. Total, so tsc names a missing row. */
import type { Prim } from "../../ir/ops/index.js";
import type { Table } from "../../ir/rules.js";
import { collective } from "./collective.js";
import { contraction } from "./contraction.js";
import { control } from "./control.js";
import { elementwise } from "./elementwise.js";
import { indexing } from "./indexing.js";
import { kernel } from "./kernel.js";
import { linalg } from "./linalg.js";
import { movement } from "./movement.js";
import { random } from "./random.js";
import { reduction } from "./reduction.js";
import type { ScheduleKind, ScheduleRule } from "./rule.js";
import { sort } from "./sort.js";

const table = {
  ...elementwise,
  ...movement,
  ...reduction,
  ...contraction,
  ...indexing,
  ...control,
  ...random,
  ...linalg,
  ...sort,
  ...collective,
  ...kernel,
} satisfies Table<ScheduleKind>;

/** The row of a primitive that is known at run time only: its parameters are those of the equation at hand. */
export function scheduleRule(prim: Prim): ScheduleRule<never> {
  return table[prim] as unknown as ScheduleRule<never>;
}
