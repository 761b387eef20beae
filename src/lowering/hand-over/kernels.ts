/** What lowers users' kernels, for who makes them. */
import { atomicsInTurn } from "../../simplify/atomics.js";
import { guardForAllSizes, guardKernels } from "../../simplify/bounds/guard.js";
import { lowerKernelCall } from "../plan/kernel.js";
import { kernelPlan } from "../plan/handed-over.js";
import { boundNest } from "../schedule/bounds.js";
import { kernel } from "../schedule/kernel.js";
import { kernelSchedule } from "../schedule/handed-over.js";
import { handOverWindows } from "./windows.js";

/** Before the first `kernel_call`. */
export function handOverKernels(): void {
  kernelPlan.fill({ guard: guardKernels, guardForAllSizes, atomicsInTurn, lowerCall: lowerKernelCall });
  kernelSchedule.fill({ rules: kernel, boundNest });
  // kernels walk over windows as convolutions do
  handOverWindows();
}
