/** What a plan does, for people: its kernels, what was fused in each, and how often each is launched. */
import type { PlanStep } from "../../ir/plan.js";
import type { TileProgram } from "../../ir/tile.js";

/** Calls `visit` with every step, those inside of loops and branches too. */
export function forEachStep(steps: readonly PlanStep[], visit: (step: PlanStep) => void): void {
  for (const s of steps) {
    visit(s);
    if (s.kind === "loop") forEachStep(s.body, visit);
    else if (s.kind === "while") {
      forEachStep(s.cond, visit);
      forEachStep(s.body, visit);
    } else if (s.kind === "switch") for (const c of s.cases) forEachStep(c, visit);
  }
}

export function planNotes(steps: readonly PlanStep[]): string[] {
  const launches = new Map<TileProgram, number>();
  let copies = 0;
  forEachStep(steps, (s) => {
    if (s.kind === "launch") launches.set(s.kernel, (launches.get(s.kernel) ?? 0) + 1);
    else if (s.kind === "copy") copies++;
  });
  const notes = [...launches].map(([kernel, n]) => {
    const times = n === 1 ? "" : ` (${n} launches)`;
    return `${kernel.name}${times}${kernel.notes.length > 0 ? `: ${kernel.notes.join("; ")}` : ""}`;
  });
  if (copies > 0) notes.push(`${copies} ${copies === 1 ? "copy" : "copies"}`);
  return notes;
}
