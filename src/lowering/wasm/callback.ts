/**
 * Host callbacks of a module. The module calls `env.callback(site, position, address)` once for each argument of a
 * callback step (sites are numbered in the plan's order), or once with position 0 where there are none; the last argument
 * makes the call. So the import has one type, whatever the number of arguments, and needs no memory.
 */
import { internal } from "../../diagnostics/error.js";
import { type Aval, sizeOf } from "../../ir/aval.js";
import { byteSize } from "../../ir/dtype.js";
import type { PlanStep } from "../../ir/plan.js";

type CallbackStep = Extract<PlanStep, { kind: "callback" }>;

/** Callback steps in the plan's order: a step's position is its site number. */
export function callbackSites(steps: readonly PlanStep[]): CallbackStep[] {
  const sites: CallbackStep[] = [];
  const visit = (list: readonly PlanStep[]): void => {
    for (const s of list) {
      if (s.kind === "callback") sites.push(s);
      else if (s.kind === "loop") visit(s.body);
      else if (s.kind === "while") {
        visit(s.cond);
        visit(s.body);
      } else if (s.kind === "switch") for (const c of s.cases) visit(c);
    }
  };
  visit(steps);
  return sites;
}

/** An argument of a callback: a copy of its bytes. */
export interface CallbackArgument {
  readonly aval: Aval;
  readonly bytes: Uint8Array;
}

/** The function to import as `env.callback`. */
export function callbackImport(
  steps: readonly PlanStep[],
  memory: WebAssembly.Memory,
  callbacks: readonly ((...args: readonly unknown[]) => void)[],
): (site: number, position: number, address: number) => void {
  const sites = callbackSites(steps);
  let args: CallbackArgument[] = [];
  return (site, position, address) => {
    const step = sites[site] ?? internal(`no callback ${site}`);
    if (position === 0) args = [];
    const aval = step.avals[position];
    if (aval) {
      const at = address >>> 0;
      args.push({ aval, bytes: new Uint8Array(memory.buffer).slice(at, at + sizeOf(aval) * byteSize(aval.dtype)) });
    }
    if (args.length < step.avals.length) return;
    // the callback may run this program again
    const complete = args;
    args = [];
    callbacks[step.callback](...complete);
  };
}
