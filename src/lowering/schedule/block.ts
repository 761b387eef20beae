/**
 * Schedules a straight line of equations: decides which values are computed where they are used and which get memory,
 * groups the latter into kernels over common spaces, and writes the kernels as tile programs.
 */
import { fail, internal } from "../../diagnostics/error.js";
import { type Dim, dimMul, dimProduct, dimSame, isStatic } from "../../ir/dim.js";
import { byteSize } from "../../ir/dtype.js";
import { hintOf, naming } from "../../ir/size.js";
import { type AnyEqn, type Atom, isVar, type Var } from "../../ir/program.js";
import type { TileProgram } from "../../ir/tile.js";
import { Value, type View } from "../plan/view.js";
import type { Machine } from "../target.js";
import { Draft, type DraftSource, type Programs, type StoreInto } from "./draft.js";
import type { Expander, Pos } from "./expand.js";
import { windowSchedule } from "./handed-over.js";
import { scheduleRule } from "./index.js";
import { literalsInMemory } from "./literal.js";
import { withLoopSums } from "./loop-sums.js";
import type { Node } from "./node.js";
import { markNonPositive } from "./non-positive.js";
import { repeats, sizeOf } from "./repeats.js";
import {
  type Kept,
  type KernelRule,
  ownRules,
  type PointRule,
  type ReduceSpec,
  type ScheduleRule,
  dimsOf,
} from "./rule.js";
import { stateOperands } from "./state.js";
import { isInPlace, type Launch, lowerDraft, lowerKernel, type PendingKernel, writeLaunches } from "./write.js";

export type { Launch } from "./write.js";

/** What a block becomes, in order. */
export type BlockItem =
  | { readonly kind: "launches"; readonly launches: readonly Launch[] }
  /** An equation that the plan turns into steps; its operands lie in memory. */
  | { readonly kind: "structured"; readonly eqn: AnyEqn };

/** Values dearer than this (in additions) are not computed twice; scalars and loads count nothing. */
const CHEAP = 3;
/** Values that read no array (masks made from iota) may be recomputed at this cost. */
const CHEAP_WITHOUT_LOADS = 8;
const MOST_COST = 400;
/** Kernels dearer than this take nothing more in: their code is written once for each block width, and has to be compiled. */
const MOST_KERNEL_COST = 600;
const MOST_LOADS = 12;
/** Kernels that are tried for a value that could be computed beside others. */
const MOST_NEIGHBOURS = 8;
/** Values of so few elements are computed as soon as they can be: whoever reads them need not wait. */
const FEW_ELEMENTS = 8;

/** A broadcast, say, is never worth memory: what it is made from is. */
const MOVES: ReadonlySet<string> = new Set([
  "broadcast_in_dim",
  "reshape",
  "transpose",
  "slice",
  "rev",
  "stop_gradient",
]);

type Rule = ScheduleRule<never>;

interface Definition {
  readonly eqn: AnyEqn;
  readonly output: number;
  readonly rule: Rule;
}
type Item =
  | { readonly kind: "draft"; readonly draft: Draft }
  | { readonly kind: "kernel"; readonly eqn: AnyEqn; readonly rule: KernelRule<never> }
  | { readonly kind: "structured"; readonly eqn: AnyEqn }
  /** What comes after it joins no kernel before it. */
  | { readonly kind: "barrier" };

function ruleOf(eqn: AnyEqn): Rule {
  return ownRules.get(eqn) ?? scheduleRule(eqn.prim);
}

export class Block implements DraftSource {
  readonly #views = new Map<Var, View>();
  readonly #defs = new Map<Var, Definition>();
  /** Values with memory of their own: results of reductions and kernels, and expressions that are kept. */
  readonly #roots = new Set<Var>();
  readonly #inline = new Set<Var>();
  readonly #uses = new Map<Var, AnyEqn[]>();
  readonly #demanded = new Set<Var>();
  readonly #cost = new Map<Var, number>();
  readonly #leaves = new Map<Var, readonly Var[]>();
  readonly #position = new Map<Var, number>();
  readonly #items: Item[] = [];
  /** What the values of a kernel cost. */
  readonly #spent = new Map<Draft, number>();
  /** Kernels that read a value. */
  readonly #readersOf = new Map<Value, Set<Draft>>();
  readonly #live: AnyEqn[] = [];
  /** Numbers of programs and steps. */
  readonly #free = new Set<Atom>();
  /** What depends on numbers of steps: it is nothing outside of the reduction over the steps. */
  readonly #varying = new Set<Atom>();
  /** Memory that there was before. */
  readonly #given = new Set<Value>();
  /** References that something is stored to: what is read from them is read before that. */
  readonly #written = new Set<Atom>();
  /** The last item that reads or writes this memory, kernels of expressions apart. */
  readonly #touched = new Map<Value, number>();

  readonly eqns: readonly AnyEqn[];
  readonly mostBindings: number;

  /** `inputs`: where the free variables lie; `outputs`: what must lie in memory at the end. */
  constructor(
    eqns: readonly AnyEqn[],
    inputs: ReadonlyMap<Var, View>,
    readonly outputs: readonly Atom[],
    readonly kernels: Map<string, TileProgram>,
    readonly machine: Machine,
    readonly kept: Kept,
    /** A block of a kernel: indices and masks are computed where they are used. */
    readonly inKernel = false,
    /** All programs of a grid at once: whatever is written must be parts of the inputs. */
    readonly programs: Programs | null = null,
  ) {
    for (const [v, view] of inputs) {
      this.#views.set(v, view);
      this.#given.add(view.value);
    }
    this.mostBindings = machine.gpu?.bindings ?? Number.POSITIVE_INFINITY;
    const whole = literalsInMemory(
      eqns.flatMap((e) => (e.prim === "conv_general_dilated" ? windowSchedule.part.splitPadding(e) : e)),
    );
    markNonPositive(whole);
    const { eqns: all, steps } = programs ? withLoopSums(whole, ruleOf) : { eqns: whole, steps: [] };
    this.eqns = all;
    for (const v of [...steps, ...(programs?.ids ?? [])]) this.#free.add(v);
    for (const v of steps) this.#varying.add(v);
    this.#analyse();
    this.#group();
  }

  // analysis

  /** Backwards: what is needed, who uses it, and what must lie in memory. */
  #analyse(): void {
    const needed = new Set<Var>();
    const demand = (a: Atom): void => {
      if (isVar(a)) this.#demanded.add(a);
    };
    for (const a of this.outputs) {
      if (isVar(a)) needed.add(a);
      demand(a);
    }
    for (let i = this.eqns.length - 1; i >= 0; i--) {
      const eqn = this.eqns[i];
      if (!eqn.outputs.some((v) => needed.has(v)) && eqn.effects.length === 0) continue;
      const rule = ruleOf(eqn);
      if (rule.kind === "refused") fail(rule.code, `${eqn.prim}: ${rule.reason}`, { span: eqn.span });
      if (eqn.prim === "atomic" && needed.has(eqn.outputs[1]))
        fail("TW4001", "atomic: what it gives back does not compile yet", { span: eqn.span });
      this.#live.push(eqn);
      eqn.outputs.forEach((v, output) => this.#defs.set(v, { eqn, output, rule }));
      if (rule.kind === "structured" || (rule.kind === "kernel" && rule.place))
        for (const i of stateOperands(eqn)) if (i !== undefined) this.#written.add(eqn.inputs[i]);
      const inlines = rule.kind === "kernel" ? rule.inlines?.(eqn as never) : undefined;
      eqn.inputs.forEach((a, k) => {
        if (!isVar(a)) return;
        needed.add(a);
        const users = this.#uses.get(a);
        if (users) users.push(eqn);
        else this.#uses.set(a, [eqn]);
        if (rule.kind === "alias" || rule.kind === "structured" || (rule.kind === "kernel" && !inlines?.[k])) demand(a);
        else if (rule.kind === "point") {
          if (rule.bytesOnly?.(eqn as never)) demand(a);
          // a demanded reshape shares its operand's memory
          else if (rule.aliasOf === k && this.#demanded.has(eqn.outputs[0])) demand(a);
        }
      });
    }
    this.#live.reverse();
    this.#smallFirst();
  }

  /**
   * Moves small values that need only inputs and other small values to the front (a learning rate, the corrections of
   * Adam), so that they can be read in the kernels of what comes before them.
   */
  #smallFirst(): void {
    const early: AnyEqn[] = [];
    const rest: AnyEqn[] = [];
    const waiting = new Set<Var>();
    for (const eqn of this.#live) {
      const isEarly =
        ruleOf(eqn).kind === "point" &&
        eqn.outputs.every((v) => hintOf(sizeOf(v)) <= FEW_ELEMENTS) &&
        !eqn.inputs.some((a) => isVar(a) && waiting.has(a));
      if (isEarly) early.push(eqn);
      else {
        rest.push(eqn);
        for (const v of eqn.outputs) waiting.add(v);
      }
    }
    this.#live.length = 0;
    this.#live.push(...early, ...rest);
  }

  #group(): void {
    for (const eqn of this.#live) {
      const rule = ruleOf(eqn);
      switch (rule.kind) {
        case "alias":
          if (eqn.prim === "optimization_barrier") this.#items.push({ kind: "barrier" });
          eqn.outputs.forEach((v, i) => this.#alias(v, eqn.inputs[eqn.inputs.length === eqn.outputs.length ? i : 0]));
          break;
        case "point":
          if (rule.bytesOnly?.(eqn as never)) this.#alias(eqn.outputs[0], eqn.inputs[0]);
          else eqn.outputs.forEach((v) => this.#placePoint(v, eqn, rule));
          break;
        case "reduce":
          eqn.outputs.forEach((v) => {
            this.#roots.add(v);
            this.#place(v, this.#leavesOf(eqn.inputs), this.#inlineCost(eqn.inputs));
          });
          break;
        case "kernel":
          if (rule.place && this.#isState(eqn.inputs[0])) this.#store(eqn, rule);
          else {
            this.#items.push({ kind: "kernel", eqn, rule });
            this.#touch(eqn);
            eqn.outputs.forEach((v) => this.#define(v));
          }
          break;
        case "structured":
          this.#items.push({ kind: "structured", eqn });
          this.#touch(eqn);
          eqn.outputs.forEach((v) => this.#define(v));
          this.#keepState(eqn);
          break;
        default:
          internal(`${eqn.prim} reached the schedule`);
      }
    }
  }
  /** What a loop or a branch stores to stays where it is. */
  #keepState(eqn: AnyEqn): void {
    stateOperands(eqn).forEach((from, k) => {
      const a = eqn.inputs[from ?? -1];
      const view = a && isVar(a) ? this.view(a) : undefined;
      if (view?.value.isState) this.#views.set(eqn.outputs[k], view);
    });
  }
  /** Memory that stores change in place. */
  #isState(a: Atom): boolean {
    return isVar(a) && this.view(a)?.value.isState === true;
  }
  #touch(eqn: AnyEqn): void {
    for (const a of eqn.inputs) {
      const value = isVar(a) ? this.view(a)?.value : undefined;
      if (value) this.#touched.set(value, this.#items.length - 1);
    }
  }
  /** A store: by the kernel that makes the value, where nothing comes between; else by one of its own. The result is the reference. */
  #store(eqn: AnyEqn, rule: KernelRule<never>): void {
    const [ref, value] = eqn.inputs;
    const { place } = rule;
    const into = (isVar(ref) ? this.view(ref) : undefined) ?? internal("a store to nowhere");
    const [result] = eqn.outputs;
    const of = isVar(value) ? (this.#sameBytes.get(value) ?? value) : undefined;
    const at = of ? this.#position.get(of) : undefined;
    const home = at !== undefined ? this.#items[at] : undefined;
    const last = Math.max(
      isVar(ref) ? (this.#position.get(ref) ?? -1) : -1,
      this.#touched.get(into.value) ?? -1,
      ...[...(this.#readersOf.get(into.value) ?? [])].map((d) => d.index),
      ...this.#leavesOf(eqn.inputs.slice(2)).map((l) => this.#position.get(l) ?? -1),
    );
    let position = this.#items.length;
    const alone = rule.oneByOne?.(eqn as never) === true;
    if (place && of && !alone && home?.kind === "draft" && home.draft.index >= last) {
      const { combine } = rule;
      const store: StoreInto = {
        of,
        shape: dimsOf(value),
        into,
        place: (x, pos) => naming(eqn.prim, () => place(x, eqn as never, pos)),
        ...(combine ? { combine: (x, old, node) => combine(x, eqn as never, old, node) } : {}),
      };
      if (home.draft.tryStore(store)) position = home.draft.index;
    }
    if (position === this.#items.length) {
      this.#items.push({ kind: "kernel", eqn, rule });
      this.#touch(eqn);
    }
    this.#views.set(result, into);
    this.#position.set(result, position);
  }
  #define(v: Var): void {
    this.#roots.add(v);
    this.#position.set(v, this.#items.length - 1);
  }
  /** `v` is the bytes of `a`, under its own shape and dtype. */
  #alias(v: Var, a: Atom): void {
    if (!isVar(a)) {
      this.#literalAliases.set(v, a);
      return;
    }
    const literal = this.#literalAliases.get(a);
    if (literal) {
      this.#literalAliases.set(v, literal);
      return;
    }
    const source = this.view(a) ?? internal("an alias of a value without memory");
    this.#sameBytes.set(v, this.#sameBytes.get(a) ?? a);
    this.#views.set(v, { ...source, dtype: v.aval.dtype, size: sizeOf(v) });
    const barrier = this.#defs.get(v)?.eqn.prim === "optimization_barrier";
    this.#position.set(v, barrier ? this.#items.length - 1 : (this.#position.get(a) ?? -1));
  }
  readonly #literalAliases = new Map<Var, Atom>();
  /** Values that are others under another shape. */
  readonly #sameBytes = new Map<Var, Var>();

  #placePoint(v: Var, eqn: AnyEqn, rule: PointRule<never>): void {
    if (!this.#isNeeded(v)) return;
    if (eqn.inputs.some((a) => this.#varying.has(a))) this.#varying.add(v);
    const own = typeof rule.cost === "number" ? rule.cost : rule.cost(eqn as never);
    const leaves = this.#leavesOf(eqn.inputs);
    const cost = this.#isIndex(v, leaves) ? 0 : own + this.#inlineCost(eqn.inputs);
    const [first] = eqn.inputs;
    // a demanded reshape of something in memory is another view of it
    if (rule.aliasOf === 0 && this.#demanded.has(v) && first !== undefined && isVar(first) && this.view(first)) {
      this.#alias(v, first);
      return;
    }
    if (this.#shouldKeep(v, cost, leaves)) {
      this.#roots.add(v);
      this.#place(v, leaves, cost);
    } else {
      this.#inline.add(v);
      this.#cost.set(v, cost);
      this.#leaves.set(v, leaves);
      this.#position.set(v, Math.max(-1, ...leaves.map((l) => this.#position.get(l) ?? -1)));
    }
  }
  /** Of what is computed where these are read. */
  #inlineCost(atoms: readonly Atom[]): number {
    let cost = 0;
    for (const a of atoms) if (isVar(a)) cost += this.#cost.get(a) ?? 0;
    return cost;
  }
  #isNeeded(v: Var): boolean {
    return this.#demanded.has(v) || (this.#uses.get(v)?.length ?? 0) > 0;
  }
  #shouldKeep(v: Var, cost: number, leaves: readonly Var[]): boolean {
    if (this.#demanded.has(v)) return true;
    if (this.#varying.has(v)) return false;
    if (this.#readsState(v)) return true;
    // masks and indices cost no memory, and what is known of them is lost in it
    if (this.#isIndex(v, leaves)) return false;
    if (cost > MOST_COST || leaves.length > Math.min(MOST_LOADS, this.mostBindings - 1)) return true;
    const users = this.#uses.get(v) ?? [];
    if (!this.#isView(v) && users.some(isContraction)) return true;
    // what belongs to a row or a column costs little to read beside the whole
    const loads = leaves.filter((l) => 8 * hintOf(sizeOf(l)) > hintOf(sizeOf(v))).length;
    const cheap = cost <= (leaves.length === 0 ? CHEAP_WITHOUT_LOADS : CHEAP) && loads <= 2;
    if (!cheap && this.readers(v) > 1) return true;
    return !cheap && users.some((eqn) => repeats(eqn, v));
  }

  /** Is it an index or a mask of a kernel, known from the numbers of programs and steps? Most of it is folded away. */
  #isIndex(v: Var, leaves: readonly Var[]): boolean {
    const { dtype } = v.aval;
    return this.inKernel && (dtype === "bool" || dtype === "i32") && leaves.every((l) => this.view(l)?.value.counter);
  }
  /** Is it read from what something is stored to later? */
  #readsState(v: Var): boolean {
    const eqn = this.#defs.get(v)?.eqn;
    return eqn?.prim === "load" && this.#written.has(eqn.inputs[0]);
  }

  /** How many equations compute with it; movement does not, but those that read what was moved do. */
  readers(v: Var): number {
    let n = this.#readerCounts.get(v);
    if (n === undefined) {
      n = 0;
      for (const eqn of this.#uses.get(v) ?? []) {
        const moved = eqn.outputs[0];
        n += MOVES.has(eqn.prim) && !this.#demanded.has(moved) ? this.readers(moved) : 1;
      }
      this.#readerCounts.set(v, n);
    }
    return n;
  }
  readonly #readerCounts = new Map<Var, number>();

  /** Elements of something in memory at other places, perhaps converted: what a contraction can read as it stands. */
  #isView(v: Var): boolean {
    const def = this.#defs.get(v);
    if (!def || !(VIEWS.has(def.eqn.prim) || def.eqn.prim === "load")) return false;
    if (def.eqn.prim === "load") return isInPlace(def.eqn, this) || (this.programs !== null && def.eqn.params.masked);
    const [source] = def.eqn.inputs;
    return isVar(source) && (!this.#inline.has(source) || this.#isView(source));
  }

  /** The values in memory that an expression of these atoms reads. */
  #leavesOf(atoms: readonly Atom[]): readonly Var[] {
    const result = new Set<Var>();
    for (const a of atoms) {
      if (!isVar(a)) continue;
      if (this.#inline.has(a)) for (const l of this.#leaves.get(a) ?? []) result.add(l);
      else if (!this.#literalAliases.has(a) && !this.#free.has(a)) result.add(a);
    }
    return [...result];
  }

  // grouping

  /** Puts a value into the kernel that makes what it reads last, or one beside it, or one of its own. */
  #place(v: Var, leaves: readonly Var[], cost: number): void {
    let last = -1;
    for (const l of leaves) last = Math.max(last, this.#position.get(l) ?? -1);
    const producer = last >= 0 ? this.#items[last] : undefined;
    let home: Draft | undefined;
    const hasRoom = (draft: Draft): boolean => (this.#spent.get(draft) ?? 0) + cost <= MOST_KERNEL_COST;
    if (producer?.kind === "draft" && hasRoom(producer.draft) && producer.draft.tryAdd(v, true)) home = producer.draft;
    if (!home) {
      const size = this.#spaceSize(v);
      for (const draft of this.#beside(leaves)) {
        if (draft.index <= last || !dimSame(draft.size, size) || !draft.tryAdd(v, false)) continue;
        home = draft;
        break;
      }
    }
    if (!home) {
      home = new Draft(this, this.#items.length, v);
      this.#items.push({ kind: "draft", draft: home });
    }
    for (const { view } of home.loads()) {
      // a number that both read brings only small kernels together
      if ((view.size === 0 || view.size === 1) && hintOf(home.size) > FEW_ELEMENTS) continue;
      const readers = this.#readersOf.get(view.value);
      if (readers) readers.add(home);
      else this.#readersOf.set(view.value, new Set([home]));
    }
    this.#spent.set(home, (this.#spent.get(home) ?? 0) + cost);
    this.#position.set(v, home.index);
  }
  /** Kernels that read what an expression of these leaves reads, the newest first. */
  #beside(leaves: readonly Var[]): Draft[] {
    const found = new Set<Draft>();
    for (const l of leaves) {
      const view = this.view(l);
      if (view) for (const draft of this.#readersOf.get(view.value) ?? []) found.add(draft);
    }
    return [...found].sort((a, b) => b.index - a.index).slice(0, MOST_NEIGHBOURS);
  }
  #spaceSize(v: Var): Dim {
    const spec = this.reduction(v);
    return spec ? dimProduct(spec.dims) : sizeOf(v);
  }

  // what drafts ask

  view(v: Var): View | undefined {
    const known = this.#views.get(v);
    if (known) return known;
    if (!this.#roots.has(v)) return undefined;
    const size = sizeOf(v);
    const view: View = {
      value: new Value(dimMul(size, byteSize(v.aval.dtype)), v.name ?? this.#nameOf(v)),
      offset: 0,
      follow: [],
      size,
      dtype: v.aval.dtype,
    };
    const made = this.#defs.get(v)?.eqn;
    if (made?.prim === "iota" && v.aval.dtype === "i32" && v.aval.shape.length === 1 && isStatic(size))
      view.value.counter = { first: 0, step: 1, length: size };
    this.#views.set(v, view);
    return view;
  }
  #nameOf(v: Var): string {
    return this.#defs.get(v)?.eqn.prim ?? "value";
  }
  expand(x: Expander, v: Var, pos: Pos, guard: Node | null): Node {
    const literal = this.#literalAliases.get(v);
    if (literal) return x.value(literal, pos, guard);
    const { eqn, output, rule } =
      this.#defs.get(v) ?? internal(`a free variable in the schedule${v.name ? `: ${v.name}` : ""}`);
    if (rule.kind !== "point") internal(`${eqn.prim} is not an expression`);
    return naming(eqn.prim, () => rule.expand(x, eqn as never, output, pos, guard));
  }
  element(x: Expander, v: Var, pos: Pos): Node {
    return this.expand(x, v, pos, null);
  }
  isExpression(v: Var): boolean {
    const def = this.#defs.get(v);
    return def?.rule.kind === "point" && !def.rule.bytesOnly?.(def.eqn as never);
  }
  reduction(v: Var): ReduceSpec | undefined {
    const def = this.#defs.get(v);
    const rule = def?.rule;
    return def && rule?.kind === "reduce" ? naming(def.eqn.prim, () => rule.spec(def.eqn as never)) : undefined;
  }

  /** Where an operand of a structured equation or an output lies; undefined for a literal. */
  place(a: Atom): View | undefined {
    if (!isVar(a) || this.#literalAliases.has(a)) return undefined;
    return this.view(a) ?? internal("a value that was to lie in memory does not");
  }
  /** The literal that a variable without memory stands for. */
  literalOf(a: Atom): Atom {
    return isVar(a) ? (this.#literalAliases.get(a) ?? internal("not a literal")) : a;
  }

  // writing

  /** `constant` writes a literal operand into memory and gives its view. Null where programs of a grid would need memory each. */
  write(constant: (a: Atom) => View): BlockItem[] | null {
    if (this.programs && this.#items.some((i) => i.kind === "structured" || (i.kind === "kernel" && !i.rule.place)))
      return null;
    // first everything is expanded, to know which values others read
    const pending = this.#items.map((item): PendingKernel | null => {
      if (item.kind === "draft") return lowerDraft(item.draft);
      if (item.kind === "kernel")
        return lowerKernel(item.eqn, item.rule, this, (a) => this.place(a) ?? constant(this.literalOf(a)));
      return null;
    });
    const wanted = new Set<Value>();
    for (const p of pending) p?.reads((view) => wanted.add(view.value));
    if (this.programs) for (const value of wanted) if (!this.#given.has(value)) return null;
    for (const item of this.#items) {
      if (item.kind !== "structured") continue;
      for (const a of item.eqn.inputs) {
        const view = this.place(a);
        if (view) wanted.add(view.value);
      }
    }
    for (const a of this.outputs) {
      const view = this.place(a);
      if (view) wanted.add(view.value);
    }
    return this.#items.map((item, i): BlockItem => {
      if (item.kind === "structured") return { kind: "structured", eqn: item.eqn };
      if (item.kind === "barrier") return { kind: "launches", launches: [] };
      const p = pending[i] ?? internal("a kernel that was not lowered");
      if (item.kind === "draft") {
        for (const v of item.draft.vars) {
          const view = this.view(v);
          if (view && wanted.has(view.value)) item.draft.store(v, view);
        }
        item.draft.placeStores();
      }
      return { kind: "launches", launches: writeLaunches(p, this) };
    });
  }
}

const VIEWS: ReadonlySet<string> = new Set([
  "transpose",
  "reshape",
  "broadcast_in_dim",
  "slice",
  "convert_element_type",
  "stop_gradient",
]);
function isContraction(eqn: AnyEqn): boolean {
  return eqn.prim === "dot_general" || eqn.prim === "conv_general_dilated";
}
