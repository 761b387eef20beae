/**
 * Which loops are shared among threads, whole iterations at a time. A loop without carries has iterations that do not depend on
 * each other: handed out as they are, they need one barrier for all of their kernels, and what an iteration makes and uses
 * again stays in the cache of one core. Each thread has memory of its own for what lives in an iteration (`memory.ts`).
 */
import { type Dim, isStatic } from "../../ir/dim.js";
import type { LeastAt } from "../../ir/plan.js";
import { hintOf, mostLikely } from "../../ir/size.js";
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
export type SharedLoops = ReadonlyMap<Step, number | LeastAt>;

export function sharedLoops(steps: readonly Step[], { breakEven, grain }: ShareOptions): SharedLoops {
  const found = new Map<Step, number | LeastAt>();
  const visit = (list: readonly Step[]): void => {
    for (const s of list) {
      if (s.kind === "loop") {
        const chosen = choose(s, hintOf) ?? (isSized(s) ? choose(s, mostLikely) : null);
        if (!chosen) visit(s.body);
        else {
          const { loop } = chosen;
          found.set(loop, isSized(loop) ? (valueOf) => leastOf(choose(loop, valueOf)) : leastOf(chosen));
        }
      } else if (s.kind === "while") visit(s.body);
      else if (s.kind === "switch") for (const c of s.cases) visit(c);
    }
  };
  /** This loop, unless one in it has more iterations. */
  const choose = (loop: Loop, sizeOf: (d: Dim) => number): Chosen | null => {
    const levels = nestOf(loop);
    if (levels.length === 0 || hasCallback(loop.body)) return null;
    const count = prod(levels.map((l) => sizeOf(l.length)));
    const each = timeOf(levels[levels.length - 1].body, sizeOf);
    if (count < ENOUGH && levels[levels.length - 1].body.some((s) => s.kind === "loop" && choose(s, sizeOf)))
      return null;
    return count < 2 || count * each < 2 * breakEven || each > LONGEST ? null : { loop, count, each };
  };
  const leastOf = (chosen: Chosen | null): number =>
    chosen ? Math.max(1, Math.min(chosen.count, Math.ceil(grain / Math.max(chosen.each, 1)))) : 0;
  visit(steps);
  return found;
}

interface Chosen {
  readonly loop: Loop;
  readonly count: number;
  readonly each: number;
}
/** Do named sizes decide how long it takes? */
function isSized(loop: Loop): boolean {
  const inside = (s: Step): boolean => {
    if (s.kind === "loop") return isSized(s);
    if (s.kind === "launch") return s.launch.kernel.stages.some(({ grid }) => !grid.every(isStatic));
    if (s.kind === "while") return s.cond.some(inside) || s.body.some(inside);
    return s.kind === "switch" && s.cases.some((c) => c.some(inside));
  };
  return !isStatic(loop.length) || loop.body.some(inside);
}

/** The loop and the loops that are the whole body of the one before, as far as all are independent. */
export function nestOf(loop: Loop): Loop[] {
  const levels: Loop[] = [];
  for (let at: Loop | undefined = loop; at?.independent && at.length !== 0; ) {
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
function timeOf(steps: readonly Step[], sizeOf: (d: Dim) => number): number {
  let ns = 0;
  for (const s of steps) {
    if (s.kind === "launch") for (const stage of s.launch.kernel.stages) ns += stageCost(stage, sizeOf);
    else if (s.kind === "loop") ns += sizeOf(s.length) * timeOf(s.body, sizeOf);
    else if (s.kind === "while") ns += timeOf(s.cond, sizeOf) + timeOf(s.body, sizeOf);
    else if (s.kind === "switch") ns += Math.max(0, ...s.cases.map((c) => timeOf(c, sizeOf)));
  }
  return ns;
}
