/** Values that only one branch of a choice makes and that leave it all the same: those of one type share a place. */
import { type Aval, avalSame } from "../../../ir/aval.js";
import { Builder } from "../../../ir/builder.js";
import type { Atom, Program } from "../../../ir/program.js";
import { zeros } from "../emit.js";

/** Slots for residuals that only one branch makes: those of different branches share one when they have one type. */
export function assignSlots(parts: readonly (readonly Aval[])[]): {
  slots: readonly Aval[];
  of: readonly (readonly number[])[];
} {
  const slots: Aval[] = [];
  const of = parts.map((avals) => {
    const taken = new Set<number>();
    return avals.map((a) => {
      let i = slots.findIndex((s, k) => !taken.has(k) && avalSame(s, a));
      if (i < 0) i = slots.push(a) - 1;
      taken.add(i);
      return i;
    });
  });
  return { slots, of };
}

/** The branch with outputs `outs`, then its `own` values in their slots and zeros in the others. */
export function fillSlots(
  branch: Program<"core">,
  outs: readonly Atom[],
  own: readonly Atom[],
  slots: readonly Aval[],
  of: readonly number[],
): Program<"core"> {
  const b = new Builder();
  b.inputs.push(...branch.inputs);
  b.eqns.push(...branch.eqns);
  const filled = slots.map((a, i) => (of.includes(i) ? own[of.indexOf(i)] : zeros(b, a)));
  return b.finish([...outs, ...filled], branch.name);
}
