/** The trace of a loop's step, repeated until the types of what the loop carries stay the same. */
import { internal } from "../../diagnostics/error.js";
import type { SpanRef } from "../../diagnostics/span.js";
import { Frame, withFrame } from "../../tracer/frame.js";
import { Carried } from "./carry.js";
import type { Completion } from "./completion.js";
import { type Binding, inRegion, Region, rewind, state } from "./region.js";

/** Traces of a body until the types of what it carries settle: each round makes some of them wider. */
const MAX_ROUNDS = 12;

/** A step that has been traced, before its outputs are written. */
export interface Step {
  readonly frame: Frame;
  readonly end: Completion;
  /** What each carried variable holds at the end. */
  readonly values: ReadonlyMap<Binding, unknown>;
  readonly region: Region;
}

/** What the traces of a loop found: the loop around it traces its body more than once, and each time this loop again. */
export interface Known {
  /** Its steps may jump out under a condition that the run decides. */
  masked: boolean;
  carried: readonly Carried[];
  /** Of the loops in its body, in the order in which they are come upon. */
  readonly inner: Map<object, Known[]>;
}

/** The loop whose body is being traced, and how many times each loop in it has been come upon. */
let around: { readonly known: Known; readonly counts: Map<object, number> } | undefined;

/** What is known of the loop that `node` is, at this place of the body that is being traced. */
export function knownOf(node: object): Known {
  const fresh: Known = { masked: false, carried: [], inner: new Map() };
  if (around === undefined) return fresh;
  const { known, counts } = around;
  const n = counts.get(node) ?? 0;
  counts.set(node, n + 1);
  const list = known.inner.get(node) ?? [];
  known.inner.set(node, list);
  list[n] ??= fresh;
  return list[n];
}

/** Traces the body of a loop: what is found of the loops in it is kept for the next time. */
function tracing<R>(known: Known, trace: () => R): R {
  const outer = around;
  around = { known, counts: new Map() };
  try {
    return trace();
  } finally {
    around = outer;
  }
}

/**
 * Traces one step over and over until the set of carried variables and their types stay. With `straight`, it gives up at a step
 * that may jump: the loop is then traced in another form.
 */
export function settle(
  all: Set<Binding>,
  span: SpanRef,
  known: Known,
  trace: (carried: readonly Carried[]) => Step,
  straight = false,
): { carried: readonly Carried[]; step: Step } {
  const entries = new Map<Binding, Carried>();
  const dropped = new Set<Binding>();
  // written when it is not carried, and not when it is: it stays
  const kept = new Set<Binding>();
  const earlier = new Map(known.carried.map((c) => [c.binding.name, c]));
  const carry = (b: Binding): Carried => {
    const c = new Carried(b, b.value);
    const found = earlier.get(b.name);
    if (found) c.adopt(found);
    return c;
  };
  for (let round = 0; round < MAX_ROUNDS; round++) {
    for (const b of all) if (!entries.has(b) && !dropped.has(b)) entries.set(b, carry(b));
    const carried = [...entries.values()];
    const places = new Map<Binding, SpanRef | undefined>();
    const before = carried.map((c) => c.binding.place);
    const step = tracing(known, () => trace(carried));
    carried.forEach((c, i) => {
      places.set(c.binding, c.binding.place);
      c.binding.place = before[i];
    });
    let again = false;
    let fixed = false;
    for (const b of step.region.journal.keys()) {
      if (entries.has(b)) continue;
      all.add(b);
      if (dropped.delete(b)) kept.add(b);
      again = true;
    }
    for (const c of carried) {
      const value = step.values.get(c.binding);
      if (step.region.journal.has(c.binding) || kept.has(c.binding)) {
        if (c.settle(value, places.get(c.binding), span)) again = true;
      } else {
        // not written: it stays what it is outside
        entries.delete(c.binding);
        dropped.add(c.binding);
        if (c.lifts) fixed = true;
        if (c.lifts || c.late || c.avals.length > 0) again = true;
      }
    }
    // a number that no step writes is known after all: with it, the body may be another
    if (fixed) known.inner.clear();
    else if (straight && step.end !== undefined) return { carried, step };
    if (!again) {
      known.carried = [...entries.values()];
      return { carried: known.carried, step };
    }
  }
  return internal("the types of a loop's variables do not settle");
}

/** Traces a step in a frame: `run` gets the frame's arguments for the carried variables in place. */
export function traceStep(
  carried: readonly Carried[],
  collects: boolean,
  run: (frame: Frame) => Completion,
  before: (frame: Frame) => void = () => {},
): Step {
  const frame = new Frame("control", "body", undefined, undefined);
  return withFrame(frame, () => {
    before(frame);
    const args = carried.flatMap((c) => c.arguments(frame));
    const entries = carried.map((c) => c.binding.value);
    const region = new Region("loop", state.region, frame, collects);
    for (const c of carried) c.binding.value = c.inside(args);
    try {
      const end = inRegion(region, () => run(frame));
      const values = new Map(carried.map((c) => [c.binding, c.binding.value]));
      return { frame, end, values, region };
    } finally {
      rewind(region);
      carried.forEach((c, i) => {
        c.binding.value = entries[i];
      });
    }
  });
}
