/** A program as shaders for a GPU: what its kernels would be there. Nothing runs them yet. */
import { isTileworkError } from "../diagnostics/error.js";
import type { PlanStep } from "../ir/plan.js";
import type { Program } from "../ir/program.js";
import { tileKey } from "../ir/tile-key.js";
import type { TileProgram } from "../ir/tile.js";
import { lowerToPlan } from "../lowering/plan/index.js";
import { forEachStep } from "../lowering/plan/notes.js";
import { wholeKernel } from "../lowering/schedule/whole/index.js";
import { GPU_MACHINE, WEBGPU_DEFAULTS } from "../lowering/target.js";
import { lowerToWgsl } from "../lowering/wgsl/lower.js";
import { simplify } from "../simplify/index.js";

/** The text of all shaders, in the order of their first launches, for a device with WebGPU's default limits. */
export function printWgsl(program: Program<"core">): string {
  const plan = lowerToPlan(simplify(program), { machine: GPU_MACHINE, whole: wholeKernel });
  return kernelsOf(plan.steps).map(shaders).join("\n");
}

function kernelsOf(steps: readonly PlanStep[]): TileProgram[] {
  const kernels = new Map<string, TileProgram>();
  forEachStep(steps, (s) => {
    if (s.kind !== "launch") return;
    const key = tileKey(s.kernel);
    if (!kernels.has(key)) kernels.set(key, s.kernel);
  });
  return [...kernels.values()];
}

function shaders(kernel: TileProgram): string {
  const distribution = kernel.distribution ?? "invocation";
  try {
    return lowerToWgsl(kernel, { limits: WEBGPU_DEFAULTS, distribution })
      .shaders.map(({ name, code, workgroupSize, programs }) => {
        const each = distribution === "workgroup" ? "a workgroup" : "an invocation";
        return `// ${name}: ${programs} programs, each ${each}; workgroups of ${workgroupSize}\n${code.trimEnd()}\n`;
      })
      .join("\n");
  } catch (e) {
    if (!isTileworkError(e)) throw e;
    return `// ${kernel.name}: ${e.message.split("\n", 1)[0]}\n`;
  }
}
