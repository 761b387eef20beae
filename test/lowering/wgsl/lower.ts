/** The kernels of a core program as shaders: planned and scheduled for a GPU. */
import type { PlanStep } from "../../../src/ir/plan.js";
import type { Program } from "../../../src/ir/program.js";
import type { TileProgram } from "../../../src/ir/tile.js";
import { handOverAll } from "../../../src/lowering/hand-over/index.js";
import { lowerToPlan } from "../../../src/lowering/plan/index.js";
import { wholeKernel } from "../../../src/lowering/schedule/whole/index.js";
import { GPU_MACHINE, WEBGPU_DEFAULTS } from "../../../src/lowering/target.js";
import { lowerToWgsl } from "../../../src/lowering/wgsl/lower.js";
import type { WgslKernel } from "../../../src/lowering/wgsl/shader.js";
import { simplify } from "../../../src/simplify/index.js";

// these programs are written by hand: no call of the library has handed the parts over
handOverAll();

/** Each kernel of a plan once. */
export function kernelsOf(steps: readonly PlanStep[], found = new Set<TileProgram>()): Set<TileProgram> {
  for (const s of steps) {
    if (s.kind === "launch") found.add(s.kernel);
    else if (s.kind === "loop") kernelsOf(s.body, found);
    else if (s.kind === "while") kernelsOf([...s.cond, ...s.body], found);
    else if (s.kind === "switch") for (const c of s.cases) kernelsOf(c, found);
  }
  return found;
}
const done = new WeakMap<TileProgram, WgslKernel>();
export function shadersOf(kernel: TileProgram): WgslKernel {
  let known = done.get(kernel);
  if (!known) {
    known = lowerToWgsl(kernel, { limits: WEBGPU_DEFAULTS, distribution: kernel.distribution ?? "invocation" });
    done.set(kernel, known);
  }
  return known;
}
export function planFor(program: Program<"core">): Program<"plan"> {
  return lowerToPlan(simplify(program), { machine: GPU_MACHINE, whole: wholeKernel });
}
export function wgslOf(program: Program<"core">): WgslKernel[] {
  return [...kernelsOf(planFor(program).steps)].map(shadersOf);
}
