/**
 * A kernel while it is being filled: an iteration space and the values computed over it. A value joins when its space is
 * the same and it needs the values already there only at its own point; else it starts another kernel.
 */
import { type Dim, dimFloorDiv, dimMul, dimProduct, dimSame, type Shape } from "../../ir/dim.js";
import type { Var } from "../../ir/program.js";
import { hintOf, mostLikely } from "../../ir/size.js";
import { type Affine, affineKey, type Loop, SplitLoop, ZERO } from "./affine.js";
import { type Value, type View, viewKey } from "../plan/view.js";
import { Expander, flatOver, kernelDType, OtherPoint, type Pos, type Source } from "./expand.js";
import type { LoadNode, Member, Node, Target } from "./node.js";
import { reachable } from "./nest.js";
import { dimsOf, type ReduceSpec } from "./rule.js";

/** Row-major axes of a kernel: sizes and which are reduced. */
export interface Space {
  readonly dims: Shape;
  readonly reduced: readonly boolean[];
  /** Sizes of the loops that walk each axis, outer to inner; one loop each when left out. */
  readonly factors?: readonly Shape[];
  /** The same of the axes of the grid around. */
  readonly programs?: readonly Shape[];
}

/** The programs of a grid that a block computes all at once. */
export interface Programs {
  /** Which program it is, along each axis. */
  readonly ids: readonly Var[];
  readonly grid: Shape;
}

/** A value of the kernel that goes into a part of something in memory. */
export interface StoreInto {
  /** What the kernel computes; its elements are in the order of the value that is stored. */
  readonly of: Var;
  readonly shape: Shape;
  readonly into: View;
  readonly place: (x: Expander, pos: Pos) => Pick<Target, "offset" | "guard">;
  /** What is written, from what stands there and the value. Left out: the value. */
  readonly combine?: (x: Expander, old: Node, value: Node) => Node;
}

/** What the draft asks of its block. */
export interface DraftSource {
  /** Arrays in memory that a kernel may read or write. */
  readonly mostBindings: number;
  view(v: Var): View | undefined;
  expand(x: Expander, v: Var, pos: Pos, guard: Node | null): Node;
  /** The value at a point, of a variable that is to be computed by this kernel. */
  element(x: Expander, v: Var, pos: Pos): Node;
  reduction(v: Var): ReduceSpec | undefined;
  /** Can it be computed where it is used, although it has memory? */
  isExpression(v: Var): boolean;
  /** How many equations compute with it. */
  readers(v: Var): number;
  readonly inKernel: boolean;
  readonly programs: Programs | null;
}

interface Entry {
  readonly v: Var;
  /** What others in the kernel see, and at which row-major position. */
  readonly node: Node;
  readonly at: Affine;
  /** The member to store. */
  readonly member: Member;
}

/** The most references that one kernel may have: each is a pointer held in a register or on the stack. */
const MOST_LOADS = 24;
/** Rows fewer than this are not worth losing the parallel grid of a large elementwise consumer. */
const FEW_ROWS = 8;
const SMALL_SPACE = 65536;

/** Neighbouring axes of one kind as one: `k32 r64`. */
function signature(space: Space): string {
  let text = "";
  let size: Dim = 1;
  let kind: boolean | undefined;
  space.dims.forEach((n, i) => {
    if (n === 1) return;
    if (space.reduced[i] === kind) size = dimMul(size, n);
    else {
      if (kind !== undefined) text += `${kind ? "r" : "k"}${String(size)} `;
      size = n;
      kind = space.reduced[i];
    }
  });
  return kind === undefined ? text : `${text}${kind ? "r" : "k"}${String(size)} `;
}
/** Points of the axes that are not reduced. */
function rowsOf(space: Space): Dim {
  return dimProduct(space.dims.filter((_, i) => !space.reduced[i]));
}
function isTrailing(space: Space): boolean {
  let seen = false;
  for (let i = 0; i < space.dims.length; i++) {
    if (space.dims[i] === 1) continue;
    if (space.reduced[i]) seen = true;
    else if (seen) return false;
  }
  return true;
}

/** The loops, expander and entries for one space; thrown away when the space changes. */
class Frame implements Source {
  readonly loops: Loop[] = [];
  readonly stores: { readonly store: StoreInto; readonly target: Target }[] = [];
  readonly axes: Affine[];
  readonly #ids = new Map<Var, Affine>();
  readonly full: Affine;
  readonly row: Affine;
  readonly x: Expander;
  readonly entries = new Map<Var, Entry>();
  readonly members: Member[] = [];
  readonly loopMask: number;

  constructor(
    readonly space: Space,
    readonly source: DraftSource,
  ) {
    const walk = (factors: Shape, reduced: boolean): Affine => {
      const own: Loop[] = [];
      for (const extent of factors) {
        if (extent === 1) continue;
        own.push({ kind: "loop", id: this.loops.length + own.length, extent, reduced, merged: false });
      }
      this.loops.push(...own);
      return flatOver(own);
    };
    const { programs } = source;
    if (programs) {
      const factors = space.programs ?? programs.grid.map((n) => [n]);
      programs.ids.forEach((v, i) => this.#ids.set(v, walk(factors[i], false)));
    }
    const outside = this.loops.length;
    this.axes = factorsOf(space).map((factors, i) => walk(factors, space.reduced[i]));
    const block = this.loops.slice(outside);
    this.full = flatOver(block);
    this.row = flatOver(block.filter((l) => !l.reduced));
    this.loopMask = this.loops.reduce((mask, l) => mask | (1 << l.id), 0);
    this.x = new Expander(this);
  }
  get keptMask(): number {
    return this.loops.reduce((mask, l) => (l.reduced ? mask : mask | (1 << l.id)), 0);
  }

  member(v: Var): { readonly node: Node; readonly at: Affine } | undefined {
    const id = this.#ids.get(v);
    return id ? { node: this.x.indexNode(id), at: ZERO } : this.entries.get(v);
  }
  view(v: Var): View | undefined {
    const view = this.source.view(v);
    if (!view || !this.#writes(view.value)) return view;
    // another name for what this kernel itself writes, and memory has only when it is over
    if (this.source.isExpression(v)) return undefined;
    throw new OtherPoint();
  }
  #writes(value: Value): boolean {
    for (const v of this.entries.keys()) if (this.source.view(v)?.value === value) return true;
    return this.stores.some((s) => s.store.into.value === value);
  }
  /** False where something of what is written is read at another place. */
  addStore(store: StoreInto): boolean {
    const entry = this.entries.get(store.of);
    const { into } = store;
    if (!entry || this.#writes(into.value)) return false;
    const place = store.place(this.x, this.x.atFlat(store.shape, entry.at));
    const target: Target = { view: into, ...place };
    const key = affineKey(target.offset);
    const inPlace = reachable(this.members, [target]).every(
      (n) =>
        n.kind !== "load" ||
        n.view.value !== into.value ||
        (viewKey(n.view) === viewKey(into) && affineKey(n.offset) === key),
    );
    if (inPlace) this.stores.push({ store, target });
    return inPlace;
  }
  expand(x: Expander, v: Var, pos: Pos, guard: Node | null): Node {
    return this.source.expand(x, v, pos, guard);
  }

  add(v: Var, kind: "full" | "row" | "reduce"): void {
    const shape = dimsOf(v);
    if (kind === "reduce") {
      const spec = this.source.reduction(v) as ReduceSpec;
      // the point in the operand's own axes: the space may group axes differently
      const index =
        spec.joinable && spec.dims.join() !== this.space.dims.join()
          ? this.x.index(this.x.atFlat(spec.dims, this.full))
          : this.axes;
      const { node, payload, valid } = spec.element(this.x, index);
      const member: Member = {
        kind: "reduce",
        dtype: spec.accumulate,
        combine: spec.combine,
        passNaN: spec.passNaN ?? false,
        node,
        payload: payload ?? null,
        valid: valid ?? null,
        store: null,
        pass: 0,
      };
      const result = this.x.member(member, this.keptMask);
      const dtype = kernelDType(v.aval.dtype);
      this.members.push(member);
      if (dtype === spec.accumulate) this.entries.set(v, { v, node: result, at: this.row, member });
      else {
        const node = this.x.convert(result, dtype);
        const converted: Member = {
          kind: "row",
          dtype,
          combine: null,
          node,
          payload: null,
          valid: null,
          store: null,
          pass: 0,
        };
        this.members.push(converted);
        this.entries.set(v, { v, node, at: this.row, member: converted });
      }
      return;
    }
    const at = kind === "full" ? this.full : this.row;
    const value = this.source.element(this.x, v, this.x.atFlat(shape, at));
    const member: Member = {
      kind,
      dtype: value.dtype,
      combine: null,
      node: value,
      payload: null,
      valid: null,
      store: null,
      pass: 0,
    };
    this.members.push(member);
    this.entries.set(v, { v, node: this.x.member(member, value.loops), at, member });
  }
}

export class Draft {
  #frame: Frame;
  readonly #kinds = new Map<Var, "full" | "row" | "reduce">();
  /** Position among the items of the block. */
  readonly index: number;
  readonly #solo: boolean;
  /**
   * Large arrays that what follows a contraction may read beside its result. The epilogue goes over them in pieces of the
   * size of a register tile, which the machine does not foresee: where several values read the result (the moments of an
   * optimizer, each with an array of its own) a kernel of their own is quicker.
   */
  readonly #mostStreams: number;

  constructor(
    readonly source: DraftSource,
    index: number,
    first: Var,
  ) {
    this.index = index;
    const spec = source.reduction(first);
    this.#solo = spec !== undefined && !spec.joinable;
    this.#mostStreams = source.readers(first) > 1 ? 0 : 1;
    const space: Space = spec ?? { dims: dimsOf(first), reduced: dimsOf(first).map(() => false) };
    this.#frame = this.#build(space, new Map([[first, spec ? "reduce" : "full"]]));
    this.#kinds.set(first, spec ? "reduce" : "full");
  }

  get vars(): Iterable<Var> {
    return this.#kinds.keys();
  }
  get size(): Dim {
    return dimProduct(this.#frame.space.dims);
  }
  get loops(): readonly Loop[] {
    return this.#frame.loops;
  }
  get members(): readonly Member[] {
    return this.#frame.members;
  }
  get entries(): ReadonlyMap<Var, Entry> {
    return this.#frame.entries;
  }
  computes(v: Var): boolean {
    return this.#kinds.has(v);
  }
  loads(): LoadNode[] {
    const targets = this.#frame.stores.map((s) => s.target);
    return reachable(this.members, targets).filter((n): n is LoadNode => n.kind === "load");
  }

  /** Expands all values over `space`, splitting its axes where an index needs it. */
  #build(space: Space, kinds: ReadonlyMap<Var, "full" | "row" | "reduce">): Frame {
    for (;;) {
      const frame = new Frame(space, this.source);
      try {
        for (const [v, kind] of kinds) frame.add(v, kind);
        for (const store of this.#stores) if (!frame.addStore(store)) throw new OtherPoint();
        return frame;
      } catch (e) {
        if (!(e instanceof SplitLoop)) throw e;
        space = splitSpace(space, e, this.source.programs);
      }
    }
  }

  /** Makes this kernel write one of its values into something in memory, if it reads nothing else of that. */
  tryStore(store: StoreInto): boolean {
    const before = this.#frame;
    const own = [...this.#stores];
    const count = before.stores.length;
    try {
      if (!before.addStore(store)) return false;
      this.#stores = [...own, store];
      return true;
    } catch (e) {
      before.stores.length = count;
      if (e instanceof OtherPoint) return false;
      if (!(e instanceof SplitLoop)) throw e;
      try {
        this.#stores = [...own, store];
        this.#frame = this.#build(splitSpace(before.space, e, this.source.programs), this.#kinds);
        return true;
      } catch (again) {
        this.#stores = own;
        this.#frame = before;
        if (again instanceof OtherPoint) return false;
        throw again;
      }
    }
  }
  #stores: readonly StoreInto[] = [];

  /** Makes `v` one of this kernel's values if it fits; else leaves the kernel as it was. */
  tryAdd(v: Var, dependsOnThis: boolean): boolean {
    if (this.#kinds.size >= 16) return false;
    const { space } = this.#frame;
    const spec = this.source.reduction(v);
    const hasReductions = space.reduced.some((r) => r) || [...this.#kinds.values()].includes("reduce");
    const full = this.size;
    const isFull = (n: Dim): boolean => dimSame(n, full);
    const large = mostLikely(full) > SMALL_SPACE && !this.source.programs;
    let kind: "full" | "row" | "reduce";
    let next = space;
    if (spec) {
      if (!spec.joinable || this.#solo || !isFull(dimProduct(spec.dims))) return false;
      kind = "reduce";
      if (hasReductions) {
        if (signature(spec) !== signature(space)) return false;
      } else {
        if (!isTrailing(spec) && large) return false;
        if (mostLikely(rowsOf(spec)) < FEW_ROWS && large) return false;
        next = spec;
      }
    } else {
      const n = dimProduct(dimsOf(v));
      const rows = rowsOf(space);
      if (hasReductions && dimSame(n, rows) && (!isFull(n) || dependsOnThis)) kind = "row";
      else if (isFull(n) && !this.#solo) kind = "full";
      else return false;
      if (kind === "full" && hasReductions && large && (mostLikely(rows) < FEW_ROWS || !isTrailing(space)))
        return false;
    }
    const before = this.#frame;
    const kinds = new Map(this.#kinds).set(v, kind);
    try {
      if (next === space && before.members.length > 0) {
        const count = before.members.length;
        try {
          before.add(v, kind);
        } catch (e) {
          before.members.length = count;
          before.entries.delete(v);
          if (!(e instanceof SplitLoop)) throw e;
          this.#frame = this.#build(splitSpace(space, e, this.source.programs), kinds);
        }
      } else this.#frame = this.#build(next, kinds);
    } catch (e) {
      this.#frame = before;
      if (e instanceof OtherPoint) return false;
      throw e;
    }
    if (
      this.#bindings() > this.source.mostBindings ||
      this.loads().length > MOST_LOADS ||
      (this.#solo && this.#streams() > this.#mostStreams)
    ) {
      this.#frame = this.#build(space, this.#kinds);
      return false;
    }
    this.#kinds.set(v, kind);
    return true;
  }

  #bindings(): number {
    const { mostBindings } = this.source;
    if (!Number.isFinite(mostBindings)) return 0;
    return new Set(this.loads().map((n) => viewKey(n.view))).size + this.members.length;
  }
  /** Large arrays that what follows the reduction reads beside its result. */
  #streams(): number {
    const rows = this.members.filter((m) => m.kind === "row");
    const own = new Set(reachable(this.members.filter((m) => m.kind === "reduce")));
    const read = new Set<Value>();
    for (const n of reachable(rows)) {
      if (n.kind === "load" && !own.has(n) && hintOf(n.view.size) > SMALL_SPACE) read.add(n.view.value);
    }
    return read.size;
  }

  /** Values that nobody stores and no other value reads are dropped. */
  prune(): void {
    const { members } = this.#frame;
    for (let i = members.length - 1; i >= 0; i--) {
      const m = members[i];
      if (m.store) continue;
      const used = reachable(members.filter((o) => o !== m)).some((n) => n.kind === "member" && n.member === m);
      if (!used) members.splice(i, 1);
    }
  }
  store(v: Var, view: View): void {
    const entry = this.#frame.entries.get(v);
    if (entry) entry.member.store = { view, offset: entry.at, guard: null };
  }
  /** Gives the values that go into parts of something their places, when it is known which values have memory of their own. */
  placeStores(): void {
    const { stores, entries, members, x } = this.#frame;
    for (const { store, target } of stores) {
      const entry = entries.get(store.of);
      if (!entry) continue;
      const { member } = entry;
      if (store.combine) {
        const value = x.member(member, entry.node.loops);
        const old = x.loadAnew(target.view, target.offset, target.guard, this.#frame.axes);
        const node = store.combine(x, old, value);
        const kind = member.kind === "full" ? "full" : "row";
        members.push({ ...member, kind, combine: null, node, payload: null, valid: null, store: target });
        continue;
      }
      if (!member.store) {
        member.store = target;
        continue;
      }
      const kind = member.kind === "full" ? "full" : "row";
      const node = x.member(member, entry.node.loops);
      members.push({ ...member, kind, combine: null, node, payload: null, valid: null, store: target });
    }
  }
}

/** The axis that the loop belongs to is walked by one loop more. */
function splitSpace(space: Space, split: SplitLoop, around: Programs | null): Space {
  const programs = space.programs ?? around?.grid.map((n) => [n]) ?? [];
  const factors = splitFactors([...programs, ...factorsOf(space)], split);
  return { ...space, programs: factors.slice(0, programs.length), factors: factors.slice(programs.length) };
}
export function splitFactors(factors: readonly Shape[], { loop, inner }: SplitLoop): readonly Shape[] {
  let id = 0;
  return factors.map((list) =>
    list.flatMap((n) => {
      if (n === 1) return [n];
      return id++ === loop.id ? [dimFloorDiv(n, inner), inner] : [n];
    }),
  );
}
function factorsOf(space: Space): readonly Shape[] {
  return space.factors ?? space.dims.map((n) => [n]);
}
