/** The schedule's table: how each primitive becomes tile kernels. Total, so tsc names a missing row. */
import type { KernelOps, LinalgOps, Ops, Prim } from "../../ir/ops/index.js";
import type { Rules } from "../../ir/rules.js";
import { collective } from "./collective.js";
import { contraction } from "./contraction.js";
import { control } from "./control.js";
import { elementwise } from "./elementwise.js";
import { indexing } from "./indexing.js";
import { movement } from "./movement.js";
import {
  type GreatestOps,
  greatestSchedule,
  kernelSchedule,
  linalgSchedule,
  type WindowOps,
  windowSchedule,
} from "./handed-over.js";
import { random } from "./random.js";
import { reduction } from "./reduction.js";
import type { ScheduleKind, ScheduleRule } from "./rule.js";
import { sort } from "./sort.js";

/** Primitives whose rows are handed over by who makes such equations. */
type Later = KernelOps & LinalgOps & WindowOps & GreatestOps;

const table = {
  ...elementwise,
  ...movement,
  ...reduction,
  ...contraction,
  ...indexing,
  ...control,
  ...random,
  ...sort,
  ...collective,
} satisfies Rules<Omit<Ops, keyof Later>, ScheduleKind>;

/** By primitive, so that none of them lacks its slot. */
const later = {
  kernel_call: kernelSchedule,
  load: kernelSchedule,
  store: kernelSchedule,
  atomic: kernelSchedule,
  atomic_cas: kernelSchedule,
  empty: kernelSchedule,
  cholesky: linalgSchedule,
  triangular_solve: linalgSchedule,
  lu: linalgSchedule,
  qr: linalgSchedule,
  eigh: linalgSchedule,
  svd: linalgSchedule,
  conv_general_dilated: windowSchedule,
  reduce_window: windowSchedule,
  select_and_scatter_add: windowSchedule,
  select_and_gather_add: windowSchedule,
  top_k: greatestSchedule,
} satisfies Record<keyof Later, unknown>;

function isLater(prim: Prim): prim is keyof Later {
  return Object.hasOwn(later, prim);
}

/** The row of a primitive that is known at run time only: its parameters are those of the equation at hand. */
export function scheduleRule(prim: Prim): ScheduleRule<never> {
  const row = isLater(prim) ? (later[prim].part.rules as Readonly<Record<string, unknown>>)[prim] : table[prim];
  return row as ScheduleRule<never>;
}
