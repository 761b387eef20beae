/**
 * Memory planning: values that follow one another in place share a block, results lie in the outputs' memory from the
 * start, donated operands become results, and all other blocks get offsets in one arena: at its end those that live in one
 * iteration of a loop that threads share, which each thread has for itself.
 */
import { internal } from "../../diagnostics/error.js";
import { type Dim, dimSame, isStatic } from "../../ir/dim.js";
import type { PlanStep, SizedPlacement, Slot, SlotView } from "../../ir/plan.js";
import { checkSame, hintOf } from "../../ir/size.js";
import { type ArenaBlock, MOST_OWN, placeParts, placeSized } from "./arena.js";
import { Lifetimes } from "./lifetime.js";
import { type Bindings, isWhole, mayShare, type Step, viewBytes } from "./step.js";
import type { SharedLoops } from "./parallel.js";
import type { Value, View } from "./view.js";

export interface MemoryPlan {
  readonly steps: readonly PlanStep[];
  readonly inputs: readonly Slot[];
  readonly outputs: readonly { readonly slot: Slot; readonly donatedFrom?: number }[];
  readonly arenaBytes: number;
  readonly ownBytes: number;
  readonly liveBytes: number;
  readonly sized: SizedPlacement | null;
  /** Parts of the arena that nobody needs any more after a step; for tests. */
  readonly freedAfter: ReadonlyMap<PlanStep, readonly { readonly offset: number; readonly bytes: number }[]>;
}

/** Values in one block of memory, one after the other. */
interface Group {
  parent: Group | null;
  readonly bytes: Dim;
  offset: number;
  start: number;
  end: number;
  /** Where the newest of its values begins. */
  newest: number;
  /** Its place in the arena depends on sizes given at run time. */
  sized: boolean;
  /** It belongs to the thread that runs the iteration. */
  own: boolean;
  input: number | null;
  output: number | null;
  name: string;
  slot: Slot | null;
}

export function planMemory(
  steps: readonly Step[],
  bindings: Bindings,
  inputs: readonly Value[],
  outputs: readonly Value[],
  donated: ReadonlySet<number>,
  shared: SharedLoops,
): MemoryPlan {
  return new MemoryPlanner(steps, bindings, inputs, outputs, donated, shared).plan();
}

function arenaPart({ sized, own }: Group): Slot["space"] {
  if (sized) return own ? "own sized" : "sized";
  return own ? "own" : "arena";
}

class MemoryPlanner {
  readonly #lifetimes: Lifetimes;
  readonly #groups = new Map<Value, Group>();
  readonly #freed = new Map<PlanStep, { offset: number; bytes: number }[]>();
  readonly #made = new Map<number, PlanStep>();
  /** Are the loops shared that could be? */
  #isShared = true;

  constructor(
    readonly steps: readonly Step[],
    readonly bindings: Bindings,
    readonly inputs: readonly Value[],
    readonly outputs: readonly Value[],
    readonly donated: ReadonlySet<number>,
    /** Loops that threads share. */
    readonly shared: SharedLoops,
  ) {
    this.#lifetimes = new Lifetimes(steps, bindings, inputs, outputs);
    for (const [value, { start, end }] of this.#lifetimes.of) {
      this.#groups.set(value, {
        parent: null,
        bytes: value.bytes,
        start,
        end,
        newest: start,
        offset: 0,
        sized: false,
        own: this.#lifetimes.isInside(value, shared),
        input: null,
        output: null,
        name: value.name,
        slot: null,
      });
    }
    inputs.forEach((v, i) => {
      const g = this.#groupOf(v);
      g.input = i;
      if (!donated.has(i)) g.end = Number.POSITIVE_INFINITY;
    });
    outputs.forEach((v, i) => {
      const g = this.#groupOf(v);
      g.output = i;
      g.end = Number.POSITIVE_INFINITY;
    });
  }

  #groupOf(v: Value): Group {
    let g = this.#groups.get(v) ?? internal(`a value without a lifetime: ${v.name}`);
    while (g.parent) g = g.parent;
    return g;
  }
  #all(): Group[] {
    return [...new Set([...this.#groups.keys()].map((v) => this.#groupOf(v)))];
  }

  plan(): MemoryPlan {
    this.#share(this.steps);
    this.#donate();
    const groups = this.#all();
    const arena = groups.filter((g) => g.input === null && g.output === null && g.bytes !== 0);
    const { bytes, ownBytes, bound, sized } = this.#placeArena(arena);
    const inputs = this.inputs.map((v, i) => this.#slot(this.#groupOf(v), i));
    const outputs = this.outputs.map((v) => {
      const g = this.#groupOf(v);
      const slot = this.#slot(g, 0);
      return g.input === null ? { slot } : { slot, donatedFrom: g.input };
    });
    const steps = this.#emit(this.steps);
    for (const g of arena) {
      const step = this.#made.get(g.end);
      if (!step || !isStatic(g.bytes) || g.sized) continue;
      const part = { offset: g.own ? bytes - ownBytes + g.offset : g.offset, bytes: g.bytes };
      const list = this.#freed.get(step);
      if (list) list.push(part);
      else this.#freed.set(step, [part]);
    }
    return { steps, inputs, outputs, arenaBytes: bytes, ownBytes, liveBytes: bound, sized, freedAfter: this.#freed };
  }

  #placeArena(arena: readonly Group[]): {
    readonly bytes: number;
    readonly ownBytes: number;
    readonly bound: number;
    readonly sized: MemoryPlan["sized"];
  } {
    if (arena.every((g): g is Group & ArenaBlock => isStatic(g.bytes))) {
      const placed = placeParts(arena);
      if (placed.ownBytes <= MOST_OWN) return { ...placed, sized: null };
      this.#unshare(arena);
      return { ...placeParts(arena), sized: null };
    }
    arena.forEach((g, i) => {
      g.sized = true;
      g.offset = i;
    });
    const sized = placeSized(arena);
    const { bytes, ownBytes, liveBytes } = sized(hintOf);
    // the hint may need no bytes of what other sizes do: that threads have parts of their own is told from this number
    const least = arena.some((g) => g.own) ? 1 : 0;
    return { bytes: Math.max(bytes, least), ownBytes: Math.max(ownBytes, least), bound: liveBytes, sized };
  }
  #unshare(arena: readonly Group[]): void {
    this.#isShared = false;
    for (const g of arena) g.own = false;
  }

  // sharing

  #share(steps: readonly Step[]): void {
    for (const step of steps) {
      switch (step.kind) {
        case "loop":
          this.#share(step.body);
          break;
        case "while":
          this.#share(step.cond);
          this.#share(step.body);
          break;
        case "switch":
          for (const c of step.cases) this.#share(c);
          break;
        case "copy":
          this.#tryMerge(step, this.bindings.resolve(step.from).value, this.bindings.resolve(step.to).value);
          break;
        case "launch":
          this.#shareLaunch(step);
          break;
        default:
      }
    }
  }
  #shareLaunch(step: Step & { kind: "launch" }): void {
    const { args, inPlace } = step.launch;
    if (inPlace.length === 0) return;
    const pairs = inPlace.map((p) => {
      const input = this.bindings.resolve(args[p.input]).value;
      const output = this.bindings.resolve(args[p.output]).value;
      return { input, output };
    });
    // a donated operand that becomes a result first: it needs no other memory at all
    const best = (p: { input: Value; output: Value }): number =>
      this.#groupOf(p.input).input !== null && this.#groupOf(p.output).output !== null ? 0 : 1;
    for (const p of pairs.sort((x, y) => best(x) - best(y))) this.#tryMerge(step, p.input, p.output);
  }
  #tryMerge(step: Step, input: Value, output: Value): void {
    const from = this.#groupOf(input);
    const to = this.#groupOf(output);
    const at = this.#lifetimes.position.get(step);
    if (from === to || from.own !== to.own || from.end !== at || to.start !== at || !dimSame(from.bytes, to.bytes))
      return;
    // a result that nobody reads ends where it begins: another result of the same step may not lie over it
    if (from.newest === at) return;
    if ((from.output !== null && to.output !== null) || (from.input !== null && to.input !== null)) return;
    if (!mayShare(step, this.bindings, input, output)) return;
    this.#merge(from, to);
  }
  #merge(from: Group, to: Group): void {
    to.parent = from;
    from.start = Math.min(from.start, to.start);
    from.end = Math.max(from.end, to.end);
    from.newest = Math.max(from.newest, to.newest);
    from.input ??= to.input;
    from.output ??= to.output;
  }
  /** Donated memory that no result took in place goes to a result of its size that begins later. */
  #donate(): void {
    if (this.donated.size === 0) return;
    const free = new Map<string, Group[]>();
    for (const i of this.donated) {
      const g = this.#groupOf(this.inputs[i]);
      if (g.output !== null || g.bytes === 0) continue;
      const list = free.get(String(g.bytes));
      if (list) list.push(g);
      else free.set(String(g.bytes), [g]);
    }
    for (const v of this.outputs) {
      const g = this.#groupOf(v);
      if (g.input !== null) continue;
      const list = free.get(String(g.bytes)) ?? [];
      const k = list.findIndex((d) => d.end < g.start);
      if (k < 0) continue;
      this.#merge(list[k], g);
      list.splice(k, 1);
    }
  }

  // slots

  #ids = 0;
  #slot(g: Group, position: number): Slot {
    if (!g.slot) {
      const space = g.input !== null ? "input" : g.output !== null ? "output" : arenaPart(g);
      const offset = space === "input" ? (g.input ?? position) : space === "output" ? (g.output ?? position) : g.offset;
      g.slot = { kind: "slot", id: this.#ids++, bytes: g.bytes, space, offset, name: g.name };
    }
    return g.slot;
  }
  #view(view: View): SlotView {
    const at = this.bindings.resolve(view);
    const slot = this.#slot(this.#groupOf(at.value), 0);
    return at.follow.length > 0 ? { slot, offset: at.offset, follow: at.follow } : { slot, offset: at.offset };
  }

  // steps

  #emit(steps: readonly Step[]): PlanStep[] {
    const result: PlanStep[] = [];
    for (const step of steps) {
      const made = this.#step(step);
      if (!made) continue;
      result.push(made);
      const at = this.#lifetimes.position.get(step);
      if (at !== undefined) this.#made.set(at, made);
      const end = this.#lifetimes.endPosition.get(step);
      if (end !== undefined) this.#made.set(end, made);
    }
    return result;
  }
  #step(step: Step): PlanStep | null {
    switch (step.kind) {
      case "define":
        return null;
      case "launch":
        return { kind: "launch", kernel: step.launch.kernel, args: step.launch.args.map((a) => this.#view(a)) };
      case "copy": {
        const from = this.bindings.resolve(step.from);
        const to = this.bindings.resolve(step.to);
        const bytes = viewBytes(to);
        checkSame(viewBytes(from), bytes, "bytes of a copy");
        if (bytes === 0 || (this.#groupOf(from.value) === this.#groupOf(to.value) && isWhole(from) && isWhole(to)))
          return null;
        return { kind: "copy", from: this.#view(from), to: this.#view(to), bytes };
      }
      case "loop":
        return {
          kind: "loop",
          loop: step.loop,
          length: step.length,
          reverse: step.reverse,
          independent: step.independent,
          shared: this.#isShared ? this.shared.get(step) : undefined,
          body: this.#emit(step.body),
        };
      case "while": {
        const cond = this.#emit(step.cond);
        return { kind: "while", cond, test: this.#view(step.test), body: this.#emit(step.body) };
      }
      case "switch":
        return {
          kind: "switch",
          index: this.#view(step.index),
          bool: step.bool,
          cases: step.cases.map((c) => this.#emit(c)),
        };
      case "callback":
        return {
          kind: "callback",
          callback: step.callback,
          args: step.args.map((a) => this.#view(a)),
          avals: step.avals,
        };
    }
  }
}
