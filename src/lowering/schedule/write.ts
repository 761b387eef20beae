/** Kernels to tile programs and launches; equal kernels become one program that is launched several times. */
import { internal } from "../../diagnostics/error.js";
import { type Dim, dimMul, dimSub, type Shape, symbol, withLeast } from "../../ir/dim.js";
import { byteSize } from "../../ir/dtype.js";
import type { AnyEqn, Atom, Var } from "../../ir/program.js";
import type { TileProgram, TileRef } from "../../ir/tile.js";
import { naming } from "../../ir/size.js";
import { TileBuilder } from "../../ir/tile-builder.js";
import { within } from "../../kernels/contract/ranges.js";
import type { Machine } from "../target.js";
import { Value, type View, viewKey } from "../plan/view.js";
import { type Affine, type Loop, SplitLoop, ZERO } from "./affine.js";
import type { Block } from "./block.js";
import { type Draft, splitFactors } from "./draft.js";
import { emitContractionNest, matchContraction, plainLoad } from "./contract.js";
import { emitColumnNest, matchColumns } from "./columns.js";
import { emitExtremumRows, matchExtremumRows } from "./extremum-rows.js";
import { emitFlatRows, matchFlatRows } from "./flat-rows.js";
import { emitFewColumns, matchFewColumns } from "./few-columns.js";
import { emitNest, type RefOf } from "./emit.js";
import { narrowOf, nestAt } from "./narrow.js";
import { Expander, flatOver, kernelDType, type Pos } from "./expand.js";
import type { KernelContext, Part } from "./kernel-context.js";
import { type Nest, type PreparedNest, prepareNest, reachable, readsBack } from "./nest.js";
import type { Member, Node } from "./node.js";
import { type InPlace, planSpills } from "./reuse.js";
import { kernelSchedule, windowSchedule } from "./handed-over.js";
import type { EqnOf, Kept, KernelRule } from "./rule.js";

/** A kernel with the views that stand for its refs. */
export interface Launch {
  readonly kernel: TileProgram;
  readonly args: readonly View[];
  /** Refs written by the kernel may share memory with refs read by it: pairs of positions in `args`. */
  readonly inPlace: readonly { readonly output: number; readonly input: number }[];
  /** The written view starts as a copy of another. */
  readonly startFrom: { readonly result: View; readonly from: View } | null;
  /** Used by this launch alone. */
  readonly scratch: readonly Value[];
}

interface Pending {
  readonly name: string;
  readonly nests: () => readonly Nest[];
  readonly program: {
    readonly kernel: TileProgram;
    readonly views: readonly View[];
    readonly scratch: readonly Value[];
  } | null;
  readonly startFrom: { readonly result: View; readonly from: View } | null;
}
export interface PendingKernel {
  readonly launches: readonly Pending[];
  reads(visit: (view: View) => void): void;
}

// drafts

export function lowerDraft(draft: Draft): PendingKernel {
  return {
    launches: [
      {
        name: "",
        nests: () => {
          draft.prune();
          const nest = { loops: draft.loops, members: draft.members, parallel: true, vectorise: true };
          return [draft.source.inKernel ? kernelSchedule.part.boundNest(nest) : nest];
        },
        program: null,
        startFrom: null,
      },
    ],
    reads(visit) {
      for (const l of draft.loads()) visit(l.view);
    },
  };
}

// kernel rules

export function lowerKernel(
  eqn: AnyEqn,
  rule: KernelRule<never>,
  block: Block,
  buffer: (a: Atom) => View,
): PendingKernel {
  const launches: Pending[] = [];
  const read: View[] = [];
  let start: { readonly result: View; readonly from: View } | null = null;
  const takeStart = (): typeof start => {
    const s = start;
    start = null;
    return s;
  };
  const context: KernelContext = {
    buffer(a) {
      const view = buffer(a);
      read.push(view);
      return view;
    },
    out(v: Var) {
      return block.view(v) ?? internal(`${eqn.prim}: a result without memory`);
    },
    scratch(bytes, name) {
      return { value: new Value(bytes, name), offset: 0, follow: [], size: bytes, dtype: "u8" };
    },
    startFrom(result, from) {
      start = { result, from };
    },
    launch(kernel, views) {
      const { args: all, scratch } = withScratch(kernel, views);
      launches.push({
        name: kernel.name,
        nests: () => [],
        program: { kernel, views: all, scratch },
        startFrom: takeStart(),
      });
    },
    parts(name, parts) {
      const nests = parts.map((p) => partNest(p, block));
      for (const n of nests) for (const node of reachable(n.members)) if (node.kind === "load") read.push(node.view);
      const bounded = block.inKernel ? nests.map(kernelSchedule.part.boundNest) : nests;
      launches.push({ name, nests: () => bounded, program: null, startFrom: takeStart() });
    },
  };
  naming(eqn.prim, () => rule.lower(context, eqn as unknown as EqnOf<never>));
  // a result that is a copy and nothing else
  if (start) launches.push({ name: `${eqn.prim}_copy`, nests: () => [], program: null, startFrom: takeStart() });
  return {
    launches,
    reads(visit) {
      for (const view of read) visit(view);
    },
  };
}

/** The views of a kernel's refs in their order: those given, and memory of this launch alone for its scratch. */
export function withScratch(kernel: TileProgram, views: readonly View[]): { args: View[]; scratch: Value[] } {
  const args: View[] = [];
  const scratch: Value[] = [];
  let next = 0;
  for (const r of kernel.refs) {
    if (r.role !== "scratch") {
      args.push(views[next++]);
      continue;
    }
    const value = new Value(dimMul(r.size, byteSize(r.dtype)), `${kernel.name}.${r.name}`);
    scratch.push(value);
    args.push({ value, offset: 0, follow: [], size: r.size, dtype: r.dtype });
  }
  if (next !== views.length) internal(`${kernel.name}: ${views.length} operands for ${next} references`);
  return { args, scratch };
}

/** Are a load's elements where they are, all of them, at places that the loops alone decide? */
export function isInPlace(eqn: AnyEqn, block: Block): boolean {
  const [result] = eqn.outputs;
  const into: View = { value: new Value(0, ""), offset: 0, follow: [], size: 0, dtype: result.aval.dtype };
  const write: Part["write"] = (x, index) => {
    const pos = x.at(result.aval.shape, index);
    return { value: block.expand(x, result, pos, null), offset: x.flat(pos) };
  };
  const { members } = kernelSchedule.part.boundNest(partNest({ dims: result.aval.shape, into, write }, block));
  return members.every((m) => plainLoad(m.node) !== undefined);
}

function partNest(part: Part, block: Block): Nest {
  const grid = block.programs?.grid ?? [];
  let factors: readonly Shape[] = [...grid, ...part.dims].map((n) => [n]);
  for (;;) {
    try {
      return partOver(part, factors, block);
    } catch (e) {
      if (!(e instanceof SplitLoop)) throw e;
      factors = splitFactors(factors, e);
    }
  }
}

/** `factors`: the loops that walk each axis. */
function partOver(part: Part, factors: readonly Shape[], block: Block): Nest {
  const loops: Loop[] = [];
  const ids = block.programs?.ids ?? [];
  const apart: Loop[] = [];
  const all = factors.map((extents, axis): Affine => {
    const reduced = part.sum?.reduced[axis - ids.length] ?? false;
    const own = extents
      .filter((extent) => extent !== 1)
      .map((extent, i): Loop => ({ kind: "loop", id: loops.length + i, extent, reduced, merged: false }));
    loops.push(...own);
    if (part.apart?.includes(axis - ids.length)) apart.push(...own);
    return flatOver(own);
  });
  const axes = all.slice(ids.length);
  const x: Expander = new Expander({
    member(v) {
      const i = ids.indexOf(v);
      return i < 0 ? undefined : { node: x.indexNode(all[i]), at: ZERO };
    },
    view: (v) => block.view(v),
    expand: (y: Expander, v: Var, pos: Pos, guard: Node | null) => block.expand(y, v, pos, guard),
  });
  const { value, offset, guard } = part.write(x, axes);
  const store = { view: part.into, offset, guard: guard ?? null };
  const plain = { payload: null, valid: null, pass: 0 };
  if (part.sum) {
    const { accumulate } = part.sum;
    const dtype = kernelDType(part.into.dtype);
    const sum: Member = { ...plain, kind: "reduce", dtype: accumulate, combine: "sum", node: value, store };
    if (dtype === accumulate) return { loops, members: [sum], parallel: true, vectorise: true };
    sum.store = null;
    const kept = loops.reduce((mask, l) => (l.reduced ? mask : mask | (1 << l.id)), 0);
    const node = x.convert(x.member(sum, kept), dtype);
    const result: Member = { ...plain, kind: "row", dtype, combine: null, node, store };
    return { loops, members: [sum, result], parallel: true, vectorise: true };
  }
  const member: Member = { ...plain, kind: "full", dtype: value.dtype, combine: null, node: value, store };
  const last = loops[loops.length - 1] as Loop | undefined;
  // neighbours that may meet in one place are written one after the other
  const ahead =
    last !== undefined &&
    offset.terms.some((t) => t.atom === last) &&
    offset.terms.every((t) => t.atom.kind === "loop" || (t.atom.node.loops & (1 << last.id)) === 0);
  const serial = part.serial ?? false;
  return { loops, members: [member], parallel: !serial, apart, vectorise: !serial || ahead };
}

// writing

/** What kernels are written for, and those that there are. */
export interface Writing {
  readonly kernels: Map<string, TileProgram>;
  readonly machine: Machine;
  readonly kept: Kept;
}

export function writeLaunches(pending: PendingKernel, writing: Writing): Launch[] {
  return pending.launches.map((p): Launch => {
    if (p.program) {
      const { kernel, views, scratch } = p.program;
      return { kernel, args: views, inPlace: [], startFrom: p.startFrom, scratch };
    }
    const nests = p.nests().filter((n) => n.members.length > 0 && !n.loops.some((l) => !l.reduced && l.extent === 0));
    return writeNests(p.name, nests, p.startFrom, writing);
  });
}

const inPlaceOf = new WeakMap<TileProgram, readonly { readonly output: number; readonly input: number }[]>();

function writeNests(
  name: string,
  nests: readonly Nest[],
  startFrom: Pending["startFrom"],
  { kernels, machine, kept }: Writing,
): Launch {
  const views: View[] = [];
  const numbers = new Map<string, number>();
  const uses: { read: boolean; write: boolean }[] = [];
  const number = (view: View, use: "read" | "write"): number => {
    const key = viewKey({ ...view, dtype: kernelDType(view.dtype) });
    let n = numbers.get(key);
    if (n === undefined) {
      n = views.length;
      numbers.set(key, n);
      views.push(view);
      uses.push({ read: false, write: false });
    }
    if (use === "read") uses[n].read = true;
    else uses[n].write = true;
    return n;
  };
  const key = nests.map((n) => nestKey(n, number, kept)).join("/");
  let kernel = kernels.get(key);
  if (!kernel) {
    const b = new TileBuilder(name || kernelName(nests));
    const prepared = nests.map((n) => prepareNest(n, machine));
    const variants = nests.map((n, i) => variantsOf(n, prepared[i], machine));
    // a result that is read back in a later pass
    for (const { nest } of variants.flat()) for (const { view } of planSpills(nest).values()) number(view, "read");
    const refs: TileRef[] = views.map((v, i) => {
      const use = uses[i];
      return b.ref(
        `${use.write ? "out" : "in"}${i}`,
        kernelDType(v.dtype),
        use.read && use.write ? "inout" : use.write ? "out" : "in",
        v.size,
      );
    });
    const pairs: { output: number; input: number }[] = [];
    const refOf: RefOf = (view, use) => refs[number(view, use)];
    for (const list of variants) {
      const found = list.map((v) =>
        emitVariant(b, v, (nest) => emitBest(b, nest, refOf, machine, kept)).map((f) => ({
          output: number(f.output, "write"),
          input: number(f.input, "read"),
        })),
      );
      if (variants.length > 1) continue;
      const isIn = (list: typeof pairs, p: (typeof pairs)[number]): boolean =>
        list.some((q) => q.output === p.output && q.input === p.input);
      pairs.push(...found[0].filter((p) => found.every((other) => isIn(other, p))));
    }
    const fused = fusedOperations(prepared);
    if (fused) b.notes.push(fused);
    kernel = b.finish();
    inPlaceOf.set(kernel, pairs);
    kernels.set(key, kernel);
  }
  // what starts as a copy is also read: the planner must know that its old contents matter
  const { args, scratch } = withScratch(kernel, views);
  return { kernel, args, inPlace: inPlaceOf.get(kernel) ?? [], startFrom, scratch };
}

/** A nest for some values of a name; for all sizes where there is none. */
interface Variant {
  readonly nest: PreparedNest;
  readonly name?: string;
  readonly from: number;
  /** Null where there is no last one. */
  readonly upTo: number | null;
}
/** The nest, and before it those for the smallest values of a name. */
function variantsOf(nest: Nest, prepared: PreparedNest, machine: Machine): readonly Variant[] {
  const narrow = machine.gpu ? undefined : narrowOf(prepared);
  if (!narrow) return [{ nest: prepared, from: 1, upTo: null }];
  const { name, values } = narrow;
  const small = values.map((v) => ({ nest: prepareNest(nestAt(nest, name, v), machine), name, from: v, upTo: v }));
  return [...small, { nest: prepared, name, from: values[values.length - 1] + 1, upTo: null }];
}
function emitVariant<R>(b: TileBuilder, { nest, name, from, upTo }: Variant, emit: (nest: PreparedNest) => R): R {
  if (name === undefined) return emit(nest);
  return b.where(within(symbol(name), from, upTo), () => withLeast(name, from, () => emit(nest)));
}

/** Writes a nest in the form that suits it; gives the outputs that may lie over inputs. */
function emitBest(b: TileBuilder, nest: PreparedNest, refOf: RefOf, machine: Machine, kept: Kept): readonly InPlace[] {
  if (machine.gpu) {
    emitNest(b, nest, refOf);
    return [];
  }
  if (windowSchedule.isFilled && windowSchedule.part.writeTaps(b, nest, refOf)) return [];
  const contraction = matchContraction(nest);
  const tiles = contraction && emitContractionNest(b, nest, contraction, refOf, machine, kept);
  if (tiles) return tiles;
  const extrema = matchExtremumRows(nest);
  if (extrema) {
    emitExtremumRows(b, nest, extrema, refOf);
    return [];
  }
  const rest = (): readonly InPlace[] => emitWindows(b, nest, refOf, machine);
  const few = matchFewColumns(nest);
  if (few) return inTwo(b, few.where, () => emitFewColumns(b, nest, few, refOf), rest);
  const flat = matchFlatRows(nest);
  if (flat) return emitFlatRows(b, nest, flat, refOf);
  const columns = matchColumns(nest);
  if (columns) return inTwo(b, columns.where, () => emitColumnNest(b, nest, columns, refOf), rest);
  return rest();
}
/** One form at the sizes at which `where` is 1, another one elsewhere. */
function inTwo(b: TileBuilder, where: Dim, here: () => void, elsewhere: () => void): readonly InPlace[] {
  b.where(where, here);
  if (where !== 1) b.where(dimSub(1, where), elsewhere);
  return [];
}
function emitWindows(b: TileBuilder, nest: PreparedNest, refOf: RefOf, machine: Machine): readonly InPlace[] {
  // blocks of windows overlap
  const written =
    windowSchedule.isFilled && !readsBack(nest) && windowSchedule.part.writeWindows(b, nest, refOf, machine);
  return written ? [] : emitNest(b, nest, refOf);
}

/** What was fused, in the order of computation. */
function fusedOperations(nests: readonly PreparedNest[]): string | undefined {
  const counts = new Map<string, number>();
  let total = 0;
  const add = (name: string): void => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
    total++;
  };
  for (const nest of nests) {
    for (const n of nest.nodes) if (n.kind === "op") add(n.prim);
    for (const m of nest.members) if (m.combine) add(`reduce ${m.combine}`);
  }
  if (total < 2) return undefined;
  const list = [...counts].slice(0, 12).map(([name, n]) => (n === 1 ? name : `${n} ${name}`));
  return `${total} operations in one kernel: ${list.join(", ")}${counts.size > 12 ? ", …" : ""}`;
}

function kernelName(nests: readonly Nest[]): string {
  const prims: string[] = [];
  for (const nest of nests) {
    for (const m of nest.members) {
      for (const n of reachable([m]))
        if (n.kind === "op" && n.prim !== "convert_element_type" && !prims.includes(n.prim)) prims.push(n.prim);
      if (m.combine && !prims.includes(`r${m.combine}`)) prims.push(`r${m.combine}`);
    }
  }
  return prims.length === 0 ? "copy" : prims.slice(0, 6).join("_");
}

/** Text that is equal for nests that become equal kernels; views are numbered in the order in which they are met. */
function nestKey(nest: Nest, number: (view: View, use: "read" | "write") => number, kept: Kept): string {
  const sums = nest.members.some((m) => m.combine === "sum");
  const ids = new Map<Node, number>();
  const members = new Map<Member, number>(nest.members.map((m, i) => [m, i]));
  let text = `${nest.loops.map((l) => `${l.reduced ? "r" : "k"}${String(l.extent)}`).join()}${nest.parallel ? "p" : (nest.apart ?? []).map((l) => `a${l.id}`).join("")}${nest.vectorise ? "v" : ""}`;
  const opaque = new Map<number, number>();
  const index = (a: Affine): string => {
    let t = String(a.constant);
    for (const { atom, factor } of a.terms) {
      if (atom.kind === "loop") t += `+${String(factor)}*${atom.id}`;
      else {
        if (!opaque.has(atom.id)) opaque.set(atom.id, opaque.size);
        t += `+${String(factor)}*o${ids.get(atom.node)}[${String(atom.lo)},${String(atom.hi)}]`;
      }
    }
    return t;
  };
  for (const n of reachable(nest.members)) {
    const id = ids.size;
    ids.set(n, id);
    text += ";";
    switch (n.kind) {
      case "const":
        text += `c${n.dtype}${Object.is(n.value, -0) ? "-0" : String(n.value)}`;
        break;
      case "load":
        text += `l${number(n.view, "read")}${sums && kept.values.has(n.view.value) ? (kept.exact ? "e" : "k") : ""}:${kernelDType(n.view.dtype)}:${String(n.view.size)}@${index(n.offset)}${n.guard ? `?${ids.get(n.guard)}` : ""}`;
        break;
      case "op":
        text += `${n.prim}:${n.dtype}(${n.args.map((a) => ids.get(a)).join()})${Object.keys(n.params).length > 0 ? JSON.stringify(n.params) : ""}`;
        break;
      case "index":
        text += `i${index(n.index)}`;
        break;
      case "member":
        text += `m${members.get(n.member) ?? internal("a value of another kernel")}`;
        break;
    }
  }
  for (const m of nest.members) {
    text += `|${m.kind}${m.combine ?? ""}${m.passNaN ? "!" : ""}${m.dtype}:${ids.get(m.node)}`;
    if (m.payload) text += `,p${ids.get(m.payload)}`;
    if (m.valid) text += `,v${ids.get(m.valid)}`;
    if (m.store)
      text += `>${number(m.store.view, "write")}:${kernelDType(m.store.view.dtype)}@${index(m.store.offset)}${m.store.guard ? `?${ids.get(m.store.guard)}` : ""}`;
  }
  return text;
}
