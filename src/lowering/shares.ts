/** Which stages of a plan are worth sharing among threads: those that take longer than handing out their programs does. */
import { type Dim, isStatic } from "../ir/dim.js";
import type { LeastAt, PlanStep } from "../ir/plan.js";
import { hintOf } from "../ir/size.js";
import type { TileProgram, TileStage } from "../ir/tile.js";
import { MAX_JOB_BUFFERS } from "../util/control-block.js";
import { prod } from "../util/index.js";
import { programCost } from "./cost.js";
import { type Joint, jointLaunches, LARGE } from "./joint.js";

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
export const SHARE: ShareOptions = { breakEven: LARGE, grain: 8_000 };

/** For `least`: each thread takes the programs of its own range at once. */
export const WHOLE_RANGE = 0x7fffffff;

/** How many times less is enough for a stage whose neighbours are shared, and for one that threads divide evenly in many rounds. */
const COMPANY = 3;
const ROUNDS = 8;

export interface SharedStages {
  /** Of different stages, and of loops whose iterations are shared. */
  readonly count: number;
  /**
   * The fewest programs of this stage that one thread takes at once; undefined for a stage that is not shared. Where named sizes
   * decide, what they are at certain values: 0 where it is not shared.
   */
  least(kernel: TileProgram, stage: number): number | LeastAt | undefined;
  /** Launches that are one job, by each of them. */
  readonly joint: ReadonlyMap<PlanStep, Joint>;
  /** For people. */
  readonly notes: readonly string[];
}

export function shareStages(steps: readonly PlanStep[], { breakEven, grain }: ShareOptions): SharedStages {
  const found = new Map<TileProgram, readonly (number | LeastAt | undefined)[]>();
  const joint = new Map<PlanStep, Joint>();
  const notes: string[] = [];
  let count = 0;
  const work = (stage: TileStage, sizeOf: (d: Dim) => number): { programs: number; each: number } => {
    const programs = prod(stage.grid.map(sizeOf));
    return { programs, each: programs < 2 ? 0 : programCost(stage, sizeOf) };
  };
  /** `ease`: how many times less work is enough. */
  const leastOf = (stage: TileStage, programs: number, each: number, ease: number): number => {
    if (programs < 2 || each * programs * easeOf(stage, ease) < breakEven) return 0;
    if (stage.work?.even || stage.body.some((s) => s.kind === "program_end")) return WHOLE_RANGE;
    return Math.max(1, Math.min(programs, Math.ceil(grain / each / ease)));
  };
  /** Where each thread has its own programs in round after round, workers are awake and what they read lies in their caches. */
  const easeOf = (stage: TileStage, ease: number): number => (stage.rounds && stage.work?.even ? ROUNDS : ease);
  const visit = (list: readonly PlanStep[]): void => {
    for (const [step, group] of jointLaunches(list, { breakEven, grain })) {
      joint.set(step, group);
      if (step !== group.launches[0]) continue;
      count++;
      const names = [...new Set(group.launches.map(({ kernel }) => kernel.name))].join(", ");
      const total = `about ${printTime(group.cost)}`;
      notes.push(`${names}: ${group.launches.length} launches are one job of ${total}, shared among threads`);
    }
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
        const works = kernel.stages.map((stage) => work(stage, hintOf));
        // beside a stage that is shared the workers are awake, and what they make lies in their caches
        const isWorth = ({ programs, each }: (typeof works)[number]): boolean =>
          programs > 1 && each * programs >= breakEven;
        // in rounds, what one thread wrote is read by others in the next: each stage must be worth that by itself, or all stay with one
        const inRounds = works.filter((_, i) => kernel.stages[i].rounds);
        if (inRounds.length > 0 && !inRounds.some(isWorth)) {
          found.set(kernel, []);
          continue;
        }
        const ease = inRounds.length === 0 && works.some(isWorth) ? COMPANY : 1;
        found.set(
          kernel,
          kernel.stages.map((stage, i) => {
            if (kernel.refs.length > MAX_JOB_BUFFERS) return undefined;
            const sized = !stage.grid.every(isStatic);
            const { programs, each } = works[i];
            const least = leastOf(stage, programs, each, ease);
            if (least === 0 && !sized) return undefined;
            count++;
            const name = kernel.stages.length === 1 ? kernel.name : `${kernel.name}.${i}`;
            const when = sized ? ` where it takes more than ${printTime(breakEven / ease)}` : "";
            notes.push(
              `${name}: ${programs} programs, about ${printTime(each * programs)}, shared among threads${when}`,
            );
            if (!sized) return least;
            return (valueOf) => {
              const at = work(stage, valueOf);
              return leastOf(stage, at.programs, at.each, ease);
            };
          }),
        );
      }
    }
  };
  visit(steps);
  return { count, joint, notes, least: (kernel, stage) => found.get(kernel)?.[stage] };
}

function printTime(ns: number): string {
  return ns < 1e6 ? `${(ns / 1e3).toPrecision(2)} µs` : `${(ns / 1e6).toPrecision(2)} ms`;
}
