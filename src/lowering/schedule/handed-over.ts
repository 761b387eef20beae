/** Parts of the schedule that are handed over by who makes equations that need them. */
import type { KernelOps, LinalgOps } from "../../ir/ops/index.js";
import type { Rules } from "../../ir/rules.js";
import { Slot } from "../slot.js";
import type { Nest } from "./nest.js";
import type { ScheduleKind } from "./rule.js";

export interface KernelSchedule {
  readonly rules: Rules<KernelOps, ScheduleKind>;
  /** What the ranges of loops decide in a nest of a kernel. */
  boundNest(nest: Nest): Nest;
}
export const kernelSchedule = new Slot<KernelSchedule>("kernels");

export interface LinalgSchedule {
  readonly rules: Rules<LinalgOps, ScheduleKind>;
}
export const linalgSchedule = new Slot<LinalgSchedule>("factorisations");
