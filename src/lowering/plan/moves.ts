/** How the results of a body reach their places: written there at once where that is safe, else moved at the end. */
import { internal } from "../../diagnostics/error.js";
import type { Lowering } from "./lower.js";
import { isView, type Place } from "./place.js";
import { type Bindings, covers, forEachViewInside, isWhole, mayShare, type Step } from "./step.js";
import { Value, type View } from "./view.js";

export interface Move {
  readonly from: Place;
  readonly to: View;
}

/** When the values that the steps of a body use are first and last used. */
class Uses {
  readonly #first = new Map<Value, number>();
  readonly #last = new Map<Value, number>();
  constructor(
    readonly steps: readonly Step[],
    readonly bindings: Bindings,
  ) {
    steps.forEach((step, i) => {
      forEachViewInside(step, bindings, ({ value }) => {
        if (!this.#first.has(value)) this.#first.set(value, i);
        this.#last.set(value, i);
      });
    });
  }
  /** Is every use of what lies at `old` over when `fresh` is first written? */
  comesAfter(fresh: Value, old: View): boolean {
    const last = this.#last.get(old.value);
    const first = this.#first.get(fresh);
    if (last === undefined) return true;
    if (first === undefined || first < last) return false;
    return first > last || mayShare(this.steps[first], this.bindings, old.value, fresh, old);
  }
}

/**
 * The body of a loop with the ways of its results: `carries` replace what the body reads in the same place, `stacked` are
 * this iteration's parts of stacked results. `isOwn`: made in this body.
 */
export function finishBody(
  lowering: Lowering,
  steps: readonly Step[],
  isOwn: (v: Value) => boolean,
  carries: readonly Move[],
  stacked: readonly Move[],
): readonly Step[] {
  const { bindings } = lowering;
  const resolve = (p: Place): Place => (isView(p) ? bindings.resolve(p) : p);
  const uses = new Uses(steps, bindings);
  const state = new Set(carries.map((c) => c.to.value));
  const isFree = (p: Place): p is View => isView(p) && isOwn(p.value) && isWhole(p) && !bindings.isBound(p.value);
  // before anything is bound: what is an old value and what a new one
  const carried = carries.map(({ from, to }) => ({ from: resolve(from), to }));
  const parts = stacked.map(({ from, to }) => ({ from: resolve(from), to }));

  const readAtEnd = new Set<Value>();
  for (const { from, to } of carried)
    if (isView(from) && state.has(from.value) && from.value !== to.value) readAtEnd.add(from.value);
  const moves: Move[] = [];
  for (const { from, to } of carried) {
    if (isFree(from) && !readAtEnd.has(to.value) && uses.comesAfter(from.value, to)) bindings.bind(from.value, to);
    else moves.push({ from, to });
  }
  const start: Step[] = [];
  const end: Step[] = [];
  for (const { from, to } of parts) {
    if (isFree(from)) bindings.bind(from.value, to);
    // operands and old carries are copied while they are there
    else if (isView(from) && !isOwn(from.value)) start.push({ kind: "copy", from, to });
    else end.push(lowering.put(from, to));
  }
  return [...start, ...steps, ...end, ...moveAll(lowering, moves)];
}

/** The end of a branch: its results go to places that nothing in it reads. */
export function finishBranch(
  lowering: Lowering,
  steps: readonly Step[],
  isOwn: (v: Value) => boolean,
  results: readonly Move[],
): readonly Step[] {
  const { bindings } = lowering;
  const end: Step[] = [];
  for (const { from, to } of results) {
    const p = isView(from) ? bindings.resolve(from) : from;
    if (isView(p) && isOwn(p.value) && isWhole(p)) bindings.bind(p.value, to);
    else end.push(lowering.put(p, to));
  }
  return [...steps, ...end];
}

/** Moves as if at once: a place is written when nobody reads it any more; a cycle is broken by a copy. */
function moveAll(lowering: Lowering, moves: readonly Move[]): Step[] {
  const { bindings } = lowering;
  const steps: Step[] = [];
  let left = moves
    .map(({ from, to }): Move => ({ from: isView(from) ? bindings.resolve(from) : from, to }))
    .filter(({ from, to }) => !(isView(from) && from.value === to.value && covers(from, to)));
  while (left.length > 0) {
    const readers = new Map<Value, number>();
    const count = ({ from }: Move, n: number): void => {
      if (isView(from)) readers.set(from.value, (readers.get(from.value) ?? 0) + n);
    };
    for (const m of left) count(m, 1);
    const stuck: Move[] = [];
    for (const m of left) {
      if ((readers.get(m.to.value) ?? 0) > 0) stuck.push(m);
      else {
        steps.push(lowering.put(m.from, m.to));
        count(m, -1);
      }
    }
    if (stuck.length === left.length) {
      const [{ from, to }] = stuck;
      if (!isView(from)) internal("a literal in a cycle of moves");
      const copy: View = { ...to, value: new Value(to.value.bytes, "swap") };
      steps.push({ kind: "copy", from, to: copy });
      stuck[0] = { from: copy, to };
    }
    left = stuck;
  }
  return steps;
}
