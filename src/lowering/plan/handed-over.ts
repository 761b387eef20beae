/** What the plan of a program with kernels needs beside that of arrays. */
import type { KernelOps } from "../../ir/ops/index.js";
import type { AnyEqn, Program } from "../../ir/program.js";
import { Slot } from "../slot.js";
import type { Lowering } from "./lower.js";
import type { Site } from "./place.js";

export interface KernelPlan {
  /** Clamps loads and masks stores that may leave their arrays. */
  guard(program: Program<"core">): Program<"core">;
  /** As `guard`; the kernels say that it was done, so that sizes may become names. */
  guardForAllSizes(program: Program<"core">): Program<"core">;
  atomicsInTurn(program: Program<"core">): Program<"core">;
  lowerCall(lowering: Lowering, site: Site, params: KernelOps["kernel_call"]): void;
}
export const kernelPlan = new Slot<KernelPlan>("kernels");

/** Loops over other axes than the first read arrays where they are; without it, copies. */
export const walks = new Slot<(eqns: readonly AnyEqn[]) => readonly AnyEqn[]>("loops over heads");

/** The program with its kernels made safe, before sizes become names. Without kernels, the same program. */
export function guardForAllSizes(program: Program<"core">): Program<"core"> {
  return kernelPlan.isFilled ? kernelPlan.part.guardForAllSizes(program) : program;
}
