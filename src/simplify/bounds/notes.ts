/** Which accesses of a program's kernels are not known to be within their arrays, in words. */
import type { Program } from "../../ir/program.js";
import { nestedPrograms } from "../../ir/rewrite.js";
import { staticSizes } from "../../ir/size.js";
import { type AccessEqn, analyseKernel, type Side } from "./analyse.js";

/** A line for each: it is made safe, which costs a comparison for each lane and keeps it from being moved as a block. */
export function boundsNotes(program: Program<"core">): string[] {
  const notes = program.eqns.flatMap((eqn) => {
    if (eqn.prim !== "kernel_call") return nestedPrograms(eqn).flatMap(boundsNotes);
    // over named sizes an access that needs it is made safe before sizes are named
    if (!eqn.params.grid.every((d) => typeof d === "number") || eqn.params.guarded) return [];
    if (eqn.params.grid.includes(0)) return [];
    const found = new Map<AccessEqn, Side[]>();
    analyseKernel(eqn.params, ({ eqn: access, sides }) => {
      if (sides.every((s) => s.low && s.high)) return;
      const before = found.get(access);
      found.set(access, before ? before.map((s, a) => meet(s, sides[a])) : [...sides]);
    });
    return [...found].map(([access, sides]) => `${eqn.params.name}: ${noteOf(access, sides)}`);
  });
  return [...new Set(notes)];
}
const meet = (a: Side, b: Side): Side => ({ low: a.low && b.low, high: a.high && b.high });

function noteOf(eqn: AccessEqn, sides: readonly Side[]): string {
  const sizes = staticSizes(eqn.inputs[0].aval.shape);
  const axes = sides.flatMap(({ low, high }, a) => {
    if (low && high) return [];
    const side = low ? `below ${sizes[a]}` : high ? "at 0 or above" : `within 0 … ${sizes[a] - 1}`;
    return [sizes.length === 1 ? side : `${side} on axis ${a}`];
  });
  const at = eqn.span?.resolve();
  const where = at ? ` at ${at.file}:${at.line}:${at.column}` : "";
  const what = eqn.prim === "load" ? "a load" : eqn.prim === "store" ? "a store" : "an atomic operation";
  const done = eqn.prim === "load" ? "it is clamped" : "lanes outside are masked";
  return `${what}${where}: the index is not known to be ${axes.join(" and ")}; ${done}`;
}
