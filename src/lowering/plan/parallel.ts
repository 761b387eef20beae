/**
 * Which loops are shared among threads, whole iterations at a time. A loop without carries has iterations that do not depend on
 * each other: handed out as they are, they need one barrier for all of their kernels, and what an iteration makes and uses
 * again stays in the cache of one core. Each thread has memory of its own for what lives in an iteration (`memory.ts`).
 */
import { isStatic } from "../../ir/dim.js";
import { hintOf } from "../../ir/size.js";
import { prod } from "../../util/index.js";
import { stageCost } from "../cost.js";
import type { ShareOptions } from "../shares.js";
import type { Step } from "./step.js";

export type Loop = Extract<Step, { kind: "loop" }>;

/** Iterations from which an outer loop is taken rather than a loop in it. */
const ENOUGH = 4;
/** Nanoseconds of an iteration above which its kernels are shared instead: a thread says nothing while it is at one. */
const LONGEST = 1e9;

/** The loops, with the fewest iterations that one thread takes at once. */
export function sharedLoops(steps: readonly Step[], { breakEven, grain }: ShareOptions): ReadonlyMap<Step, number> {
  const found = new Map<Step, number>();
  const visit = (list: readonly Step[]): void => {
    for (const s of list) {
      if (s.kind === "loop") {
        const chosen = choose(s);
        if (!chosen) visit(s.body);
        else found.set(chosen.loop, Math.max(1, Math.min(chosen.count, Math.ceil(grain / Math.max(chosen.each, 1)))));
      } else if (s.kind === "while") visit(s.body);
      else if (s.kind === "switch") for (const c of s.cases) visit(c);
    }
  };
  /** This loop, or one in it that has more iterations. */
  const choose = (loop: Loop): { loop: Loop; count: number; each: number } | null => {
    const levels = nestOf(loop);
    if (levels.length === 0 || hasCallback(loop.body)) return null;
    const count = prod(levels.map((l) => hintOf(l.length)));
    const each = timeOf(levels[levels.length - 1].body);
    if (count < ENOUGH && levels[levels.length - 1].body.some((s) => s.kind === "loop" && choose(s))) return null;
    return count < 2 || count * each < 2 * breakEven || each > LONGEST ? null : { loop, count, each };
  };
  visit(steps);
  return found;
}

/** The loop and the loops that are the whole body of the one before, as far as all are independent. */
export function nestOf(loop: Loop): Loop[] {
  const levels: Loop[] = [];
  for (let at: Loop | undefined = loop; at?.independent && isStatic(at.length) && at.length > 0; ) {
    levels.push(at);
    const body: Step[] = at.body.filter((s) => s.kind !== "define");
    at = body.length === 1 && body[0].kind === "loop" ? body[0] : undefined;
  }
  return levels;
}

function hasCallback(steps: readonly Step[]): boolean {
  return steps.some((s) => {
    if (s.kind === "loop") return hasCallback(s.body);
    if (s.kind === "while") return hasCallback(s.cond) || hasCallback(s.body);
    return s.kind === "switch" ? s.cases.some(hasCallback) : s.kind === "callback";
  });
}

/** Nanoseconds on one thread; loops of unknown length count once. */
function timeOf(steps: readonly Step[]): number {
  let ns = 0;
  for (const s of steps) {
    if (s.kind === "launch") for (const stage of s.launch.kernel.stages) ns += stageCost(stage);
    else if (s.kind === "loop") ns += hintOf(s.length) * timeOf(s.body);
    else if (s.kind === "while") ns += timeOf(s.cond) + timeOf(s.body);
    else if (s.kind === "switch") ns += Math.max(0, ...s.cases.map(timeOf));
  }
  return ns;
}
