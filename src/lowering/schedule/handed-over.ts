/** Parts of the schedule that are handed over by who makes equations that need them. */
import type { ContractionOps, KernelOps, LinalgOps, ReductionOps, SortOps } from "../../ir/ops/index.js";
import type { AnyEqn } from "../../ir/program.js";
import type { Rules } from "../../ir/rules.js";
import { Slot } from "../slot.js";
import type { TileBuilder } from "../../ir/tile-builder.js";
import type { Machine } from "../target.js";
import type { RefOf } from "./emit.js";
import type { Nest, PreparedNest } from "./nest.js";
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

/** Convolutions, and reductions of windows with what their derivatives are made of. */
export type WindowOps = Pick<ContractionOps, "conv_general_dilated"> &
  Pick<ReductionOps, "reduce_window" | "select_and_scatter_add" | "select_and_gather_add">;
export interface WindowSchedule {
  readonly rules: Rules<WindowOps, ScheduleKind>;
  /** The equations that are scheduled in place of a convolution. */
  splitPadding(eqn: AnyEqn): readonly AnyEqn[];
  /** Writes a nest, if it is one over windows, or the gradient of a depthwise filter. */
  writeWindows(b: TileBuilder, nest: PreparedNest, refOf: RefOf, machine: Machine): boolean;
  writeTaps(b: TileBuilder, nest: PreparedNest, refOf: RefOf): boolean;
}
export const windowSchedule = new Slot<WindowSchedule>("convolutions and windows");

export type GreatestOps = Pick<SortOps, "top_k">;
export interface GreatestSchedule {
  readonly rules: Rules<GreatestOps, ScheduleKind>;
}
export const greatestSchedule = new Slot<GreatestSchedule>("the greatest elements");
