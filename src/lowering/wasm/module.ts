/** One module for a plan: its kernels, the library functions that they call, and the driver. */
import { internal } from "../../diagnostics/error.js";
import type { PlanStep } from "../../ir/plan.js";
import type { Program } from "../../ir/program.js";
import { hintOf } from "../../ir/size.js";
import { tileKey } from "../../ir/tile-key.js";
import { stageCost } from "../cost.js";
import type { SharedStages } from "../shares.js";
import type { Target } from "../target.js";
import { type MemoryLimits, ModuleBuilder } from "./assembler.js";
import { callbackSites } from "./callback.js";
import { Driver, type Stage } from "./driver.js";
import { Fork } from "./fork.js";
import { emitFunction, emitMathFunction, stageRoles } from "./function.js";
import { TableWords } from "./table.js";

export interface ModuleOptions {
  readonly memory?: MemoryLimits;
  /** It calls `env.mark(step)` after each of `timedSteps`. */
  readonly marked?: boolean;
  /** Which stages are shared among threads (the memory must be shared then). */
  readonly shares?: SharedStages | undefined;
  readonly words?: TableWords;
}

/**
 * Emits the module. It imports `env.memory` and, where the plan has callbacks, `env.callback` (see `callbackImport`), and
 * exports `run(table, arena)`: the address of u32 pointers to the inputs and then the outputs, and the address of
 * `plan.arenaBytes` bytes of working memory. Where threads share loops (`plan.ownBytes`), a third number says for how many
 * threads there is room behind; where the plan has named sizes, the pointers are followed by `words`. It holds no
 * address itself, so that one module serves any number of arenas.
 * What a module with shared stages imports and exports beside is said in `fork.ts`.
 */
export function emitModule(
  plan: Program<"plan">,
  lower: (kernel: Program<"tile">) => Program<"loop">,
  target: Target,
  { memory = { min: 1 }, marked = false, shares, words = new TableWords(plan) }: ModuleOptions = {},
): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder(memory);
  const callback =
    callbackSites(plan.steps).length > 0
      ? module.import("env", "callback", { params: ["i32", "i32", "i32"], results: [] })
      : undefined;
  const mark = marked ? module.import("env", "mark", { params: ["i32"], results: [] }) : undefined;
  const fork = shares && shares.count > 0 ? new Fork(module) : undefined;
  const callee = libraryOf(module, target);
  const kernels = new Map<string, readonly Stage[]>();
  const stages = (kernel: Program<"tile">): readonly Stage[] => {
    const key = tileKey(kernel);
    let found = kernels.get(key);
    if (!found) {
      const { functions } = lower(kernel);
      found = functions.map((f, i): Stage => {
        const index = module.function(f.name, emitFunction(f, callee));
        const least = shares?.least(kernel, i);
        return {
          index,
          programs: f.programs,
          rounds: kernel.stages[i].rounds,
          sizes: f.sizes.map((s) => s.size),
          fork:
            fork && least
              ? fork.stage(f.name, index, stageRoles(f), typeof least === "number" ? least : "given")
              : undefined,
          least: typeof least === "function" ? least : undefined,
        };
      });
      if (found.length !== kernel.stages.length) internal(`${kernel.name} lost a stage`);
      kernels.set(key, found);
    }
    return found;
  };
  const busiest = busiestFirst(plan.steps);
  if (busiest.length > FIRST_FUNCTIONS) for (const kernel of busiest) stages(kernel);
  const run = new Driver(
    module,
    plan,
    (s) => stages(s.kernel),
    callback,
    target.simd,
    mark,
    words,
    fork,
    shares?.joint,
  ).emit();
  module.export("run", run);
  fork?.finish();
  return module.finish();
}

/** In Node 26 these are what V8 can be asked to optimise before they run (`jit/v8.ts`). */
const FIRST_FUNCTIONS = 24;

/** The kernels, those with the most to do first. */
function busiestFirst(steps: readonly PlanStep[]): Program<"tile">[] {
  const costs = new Map<Program<"tile">, number>();
  const visit = (list: readonly PlanStep[], times: number): void => {
    for (const s of list) {
      if (s.kind === "loop") visit(s.body, times * hintOf(s.length));
      else if (s.kind === "while") {
        visit(s.cond, times);
        visit(s.body, times);
      } else if (s.kind === "switch") for (const c of s.cases) visit(c, times);
      else if (s.kind === "launch") {
        const once = s.kernel.stages.reduce((n, stage) => n + stageCost(stage), 0);
        costs.set(s.kernel, (costs.get(s.kernel) ?? 0) + times * once);
      }
    }
  };
  visit(steps, 1);
  return [...costs].sort(([, a], [, b]) => b - a).map(([kernel]) => kernel);
}

/** Library functions by name: each is emitted once, when something calls it. */
export function libraryOf(module: ModuleBuilder, target: Target): (name: string) => number {
  const indices = new Map<string, number>();
  const callee = (name: string): number => {
    let index = indices.get(name);
    if (index === undefined) {
      index = module.function(name, emitMathFunction(target.math.function(name), callee));
      indices.set(name, index);
    }
    return index;
  };
  return callee;
}
