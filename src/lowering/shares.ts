/** Which stages of a plan are worth sharing among threads: those that take longer than handing out their programs does. */
import type { PlanStep } from "../ir/plan.js";
import { hintOf } from "../ir/size.js";
import type { TileProgram } from "../ir/tile.js";
import { MAX_JOB_BUFFERS } from "../util/control-block.js";
import { prod } from "../util/index.js";
import { programCost } from "./cost.js";

export interface ShareOptions {
  /** Nanoseconds of a stage below which its caller does it all. */
  breakEven: number;
  /** Nanoseconds of the fewest programs that one thread takes at once. */
  grain: number;
}
/**
 * Handing out a job costs below a microsecond while the workers are awake, and about five when they sleep. But what a stage
 * reads lies in the cache of the thread that wrote it. (Tests set both to 0, so that everything is shared.)
 */
export const SHARE: ShareOptions = { breakEven: 15_000, grain: 8_000 };

export interface SharedStages {
  /** Of different stages, and of loops whose iterations are shared. */
  readonly count: number;
  /** The fewest programs of this stage that one thread takes at once; undefined for a stage that is not shared. */
  least(kernel: TileProgram, stage: number): number | undefined;
  /** For people. */
  readonly notes: readonly string[];
}

export function shareStages(steps: readonly PlanStep[], { breakEven, grain }: ShareOptions): SharedStages {
  const found = new Map<TileProgram, readonly (number | undefined)[]>();
  const notes: string[] = [];
  let count = 0;
  const visit = (list: readonly PlanStep[]): void => {
    for (const s of list) {
      if (s.kind === "loop") {
        if (s.shared) {
          count++;
          notes.push(`the iterations of loop i${s.loop} are shared among threads`);
        }
        visit(s.body);
      } else if (s.kind === "while") {
        visit(s.cond);
        visit(s.body);
      } else if (s.kind === "switch") for (const c of s.cases) visit(c);
      else if (s.kind === "launch" && !found.has(s.kernel)) {
        const { kernel } = s;
        found.set(
          kernel,
          kernel.stages.map((stage, i) => {
            const programs = prod(stage.grid.map(hintOf));
            if (programs < 2 || kernel.refs.length > MAX_JOB_BUFFERS) return undefined;
            const each = programCost(stage);
            if (each * programs < breakEven) return undefined;
            count++;
            const name = kernel.stages.length === 1 ? kernel.name : `${kernel.name}.${i}`;
            notes.push(`${name}: ${programs} programs, about ${printTime(each * programs)}, shared among threads`);
            return Math.max(1, Math.min(programs, Math.ceil(grain / each)));
          }),
        );
      }
    }
  };
  visit(steps);
  return { count, notes, least: (kernel, stage) => found.get(kernel)?.[stage] };
}

function printTime(ns: number): string {
  return ns < 1e6 ? `${(ns / 1e3).toPrecision(2)} µs` : `${(ns / 1e6).toPrecision(2)} ms`;
}
