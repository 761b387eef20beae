/** The text of each level of a compiled program. */
import type { PlanStep } from "../ir/plan.js";
import { printLoop } from "../ir/print-loop.js";
import { printTile } from "../ir/print-tile.js";
import type { Program } from "../ir/program.js";
import { tileKey } from "../ir/tile-key.js";
import { lowerToLoop } from "../lowering/loop/lower.js";
import { forEachStep } from "../lowering/plan/notes.js";
import { printPlan } from "../lowering/plan/print.js";
import { printWat } from "../lowering/wasm/wat.js";
import type { CompiledProgram } from "./compile.js";

export interface Stages {
  plan(): string;
  tile(): string;
  loop(): string;
  wat(): Promise<string>;
  /** What its kernels would be on a GPU. */
  wgsl(): Promise<string>;
}

/** Nothing is printed before it is asked for. */
export function stagesOf({ plan, target, bytes }: CompiledProgram, core: Program<"core">): Stages {
  const kernels = (): Program<"tile">[] => kernelsOf(plan.steps);
  return {
    plan: () => printPlan(plan),
    tile: () => kernels().map(printTile).join("\n"),
    loop: () =>
      kernels()
        .map((k) => printLoop(lowerToLoop(k, target)))
        .join("\n"),
    wat: () => printWat(bytes),
    wgsl: async () => (await import("./wgsl.js")).printWgsl(core),
  };
}

/** Each kernel once, in the order of its first launch. */
function kernelsOf(steps: readonly PlanStep[]): Program<"tile">[] {
  const kernels = new Map<string, Program<"tile">>();
  forEachStep(steps, (s) => {
    if (s.kind !== "launch") return;
    const key = tileKey(s.kernel);
    if (!kernels.has(key)) kernels.set(key, s.kernel);
  });
  return [...kernels.values()];
}
