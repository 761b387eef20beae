/**
 * Launches that follow one another, do not need each other and are too small to be shared, as one job of all threads: the updates
 * of a model's small parameters. A unit of the job is a whole launch. Larger ones are left alone: threads gain more where all
 * of them work on the same array, stage after stage.
 */
import { isStatic } from "../ir/dim.js";
import { byteSize } from "../ir/dtype.js";
import type { PlanStep } from "../ir/plan.js";
import { stageCost } from "./cost.js";

type Launch = Extract<PlanStep, { kind: "launch" }>;

export interface Joint {
  readonly kind: "joint";
  readonly launches: readonly Launch[];
  /** The fewest launches that one thread takes at once. */
  readonly least: number;
  /** Nanoseconds of all of it. */
  readonly cost: number;
}

/** Nanoseconds from which a stage is worth sharing by itself. */
export const LARGE = 15_000;
/** Launches of one job, at most: its function stays small. */
const MOST = 128;

/** Bytes of memory that an operand may take: of an input or output, or of the arena. */
interface Region {
  readonly memory: string;
  readonly from: number;
  readonly to: number;
}
interface Candidate {
  readonly step: Launch;
  readonly cost: number;
  readonly read: readonly Region[];
  readonly written: readonly Region[];
}

/** The jobs of these steps, by each of their launches. */
export function jointLaunches(
  steps: readonly PlanStep[],
  { breakEven, grain }: { readonly breakEven: number; readonly grain: number },
): ReadonlyMap<PlanStep, Joint> {
  const found = new Map<PlanStep, Joint>();
  let group: Candidate[] = [];
  const close = (): void => {
    const launches = group.map((c) => c.step);
    const cost = group.reduce((sum, c) => sum + c.cost, 0);
    const each = cost / group.length;
    group = [];
    // what takes a microsecond is over before another thread has fetched the memory for it
    if (launches.length < 2 || cost < breakEven || each < grain / 8) return;
    const joint: Joint = { kind: "joint", launches, least: Math.max(1, Math.floor(grain / each)), cost };
    for (const step of launches) found.set(step, joint);
  };
  for (const step of steps) {
    const next = step.kind === "launch" ? candidateOf(step) : null;
    const meets =
      next && group.some((c) => meet(c.written, [...next.written, ...next.read]) || meet(c.read, next.written));
    if (!next || meets || group.length === MOST) close();
    if (next) group.push(next);
  }
  close();
  return found;
}

/** Null for one that is shared by itself, or where it is not known before sizes are what memory it takes. */
function candidateOf(step: Launch): Candidate | null {
  const { stages, refs } = step.kernel;
  let cost = 0;
  for (const stage of stages) {
    if (!stage.grid.every(isStatic)) return null;
    cost += stageCost(stage);
  }
  if (cost >= LARGE) return null;
  const read: Region[] = [];
  const written: Region[] = [];
  for (let i = 0; i < refs.length; i++) {
    const { role, dtype, size } = refs[i];
    const { slot, offset, follow = [] } = step.args[i];
    if (slot.space.endsWith("sized") || !isStatic(slot.bytes) || !isStatic(size)) return null;
    // of the arena each byte has a number, of the caller's memory each argument
    const inArena = slot.space === "arena" || slot.space === "own";
    const from = inArena ? slot.offset : 0;
    const whole = !isStatic(offset) || follow.length > 0;
    const at = whole ? from : from + offset;
    const region: Region = {
      memory: inArena ? slot.space : `${slot.space}${slot.offset}`,
      from: at,
      to: at + (whole ? slot.bytes : size * byteSize(dtype)),
    };
    if (role !== "in") written.push(region);
    if (role === "in" || role === "inout") read.push(region);
  }
  return { step, cost, read, written };
}

function meet(xs: readonly Region[], ys: readonly Region[]): boolean {
  return xs.some((x) => ys.some((y) => x.memory === y.memory && x.from < y.to && y.from < x.to));
}
