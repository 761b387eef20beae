/**
 * A nest is the loops of one grid stage and the values computed in them. Here it is prepared: passes over reduced loops
 * are numbered, adjacent loops that every access walks alike are merged, and the loop to vectorise is chosen.
 */
import { type Dim, dimMul, dimSame, isStatic } from "../../ir/dim.js";
import { byteSize, isFloat } from "../../ir/dtype.js";
import { hintOf } from "../../ir/size.js";
import type { GpuLimits, Machine } from "../target.js";
import type { Affine, Loop } from "./affine.js";
import { isCheap, type Member, type Node, type Target } from "./node.js";

export interface Nest {
  /** Outer to inner; reduced ones may stand anywhere. */
  readonly loops: readonly Loop[];
  /** In an order in which each can be computed from those before it. */
  readonly members: readonly Member[];
  /** May programs of the grid run at the same time? */
  readonly parallel: boolean;
  /** Loops that may be cut into programs although others may not: what differs in their index writes elsewhere. */
  readonly apart?: readonly Loop[];
  /** May neighbouring elements of the innermost loop be computed at once? */
  readonly vectorise: boolean;
}

export interface PreparedNest {
  readonly kept: readonly Loop[];
  readonly reduced: readonly Loop[];
  readonly vector: Loop | null;
  /** Elements of a block along the vector loop. */
  readonly width: number;
  readonly members: readonly Member[];
  readonly passes: number;
  readonly passOf: (n: Node) => number;
  /** Points of the iteration space, at the sizes' hints. */
  readonly points: number;
  readonly nodes: readonly Node[];
  readonly parallel: boolean;
  readonly apart: readonly Loop[];
  /** Where it is written for a GPU. */
  readonly gpu: GpuLimits | null;
}

/** Every node that the members need, operands before users. */
export function reachable(members: readonly Member[], targets: readonly Target[] = []): Node[] {
  const seen = new Set<Node>();
  const order: Node[] = [];
  const visitIndex = (a: Affine): void => {
    for (const { atom } of a.terms) if (atom.kind === "opaque") visit(atom.node);
  };
  const visit = (n: Node | null): void => {
    if (n === null || seen.has(n)) return;
    seen.add(n);
    if (n.kind === "op") n.args.forEach(visit);
    else if (n.kind === "load") {
      visit(n.guard);
      visitIndex(n.offset);
    } else if (n.kind === "index") visitIndex(n.index);
    order.push(n);
  };
  const visitTarget = (t: Target): void => {
    visit(t.guard);
    visitIndex(t.offset);
  };
  for (const m of members) {
    visit(m.node);
    visit(m.payload);
    visit(m.valid);
    if (m.store) visitTarget(m.store);
  }
  targets.forEach(visitTarget);
  return order;
}

/**
 * Whether it reads what it writes over, as a sum that is added to what is there does: then each point is to be computed exactly
 * once, and blocks that cover the points must not overlap.
 */
export function readsBack({ members, nodes }: Pick<PreparedNest, "members" | "nodes">): boolean {
  const written = new Set(members.flatMap((m) => (m.store ? [m.store.view.value] : [])));
  return nodes.some((n) => n.kind === "load" && written.has(n.view.value));
}

function factorOf(a: Affine, loop: Loop): Dim {
  for (const t of a.terms) if (t.atom === loop) return t.factor;
  return 0;
}

/** Folds outer loops into inner ones where no access can tell the difference. */
function mergeLoops(order: readonly Loop[], accesses: readonly Affine[], apart: readonly Loop[] = []): Loop[] {
  const result = order.filter((l) => l.extent !== 1);
  for (let i = result.length - 2; i >= 0; i--) {
    const outer = result[i];
    const inner = result[i + 1];
    if (outer.reduced !== inner.reduced || apart.includes(outer) !== apart.includes(inner)) continue;
    if (!accesses.every((a) => dimSame(factorOf(a, outer), dimMul(factorOf(a, inner), inner.extent)))) continue;
    inner.extent = dimMul(inner.extent, outer.extent);
    outer.merged = true;
    result.splice(i, 1);
  }
  return result;
}

/** How long a loop is taken for: what is given a name is meant to vary, and short today may be long tomorrow. */
function lengthOf({ extent }: Loop): number {
  return isStatic(extent) ? extent : Math.max(8, hintOf(extent));
}

/** How well the loads and stores go when neighbours along this loop are computed at once. */
function vectorScore(loop: Loop, accesses: readonly { readonly offset: Affine; readonly weight: number }[]): number {
  let score = 0;
  for (const { offset, weight } of accesses) {
    const factor = factorOf(offset, loop);
    const scattered = offset.terms.some((t) => t.atom.kind === "opaque" && (t.atom.node.loops & (1 << loop.id)) !== 0);
    if (scattered) score -= 4 * weight;
    else if (factor === 1) score += 2 * weight;
    else if (factor === 0) score += weight;
    else score -= 3 * weight;
  }
  if (lengthOf(loop) < 4) score -= 100;
  else if (lengthOf(loop) < 8) score -= 3;
  return score;
}

export function prepareNest(nest: Nest, { gpu }: Machine): PreparedNest {
  const nodes = reachable(nest.members);
  const accesses: Affine[] = [];
  const touches: { offset: Affine; weight: number }[] = [];
  for (const n of nodes) {
    if (n.kind === "load") {
      accesses.push(n.offset);
      touches.push({ offset: n.offset, weight: 2 });
    } else if (n.kind === "index") accesses.push(n.index);
  }
  for (const m of nest.members) {
    if (!m.store) continue;
    accesses.push(m.store.offset);
    if (m.kind === "full") touches.push({ offset: m.store.offset, weight: 2 });
  }
  const { apart = [] } = nest;
  const kept = mergeLoops(
    nest.loops.filter((l) => !l.reduced),
    accesses,
    apart,
  );
  const reduced = mergeLoops(
    nest.loops.filter((l) => l.reduced),
    accesses,
  );
  const all = [...kept, ...reduced];

  // passes
  const passes = new Map<Node, number>();
  const passOfIndex = (a: Affine): number =>
    a.terms.reduce((p, t) => (t.atom.kind === "opaque" ? Math.max(p, passOf(t.atom.node)) : p), 0);
  const passOf = (n: Node): number => {
    const known = passes.get(n);
    if (known !== undefined) return known;
    let pass = 0;
    if (n.kind === "op") for (const a of n.args) pass = Math.max(pass, passOf(a));
    else if (n.kind === "load") pass = Math.max(passOfIndex(n.offset), n.guard ? passOf(n.guard) : 0);
    else if (n.kind === "index") pass = passOfIndex(n.index);
    else if (n.kind === "member") pass = n.member.kind === "reduce" ? n.member.pass + 1 : n.member.pass;
    passes.set(n, pass);
    return pass;
  };
  let count = 0;
  for (const m of nest.members) {
    m.pass = Math.max(passOf(m.node), m.payload ? passOf(m.payload) : 0, m.valid ? passOf(m.valid) : 0);
    if (m.store) m.pass = Math.max(m.pass, m.store.guard ? passOf(m.store.guard) : 0, passOfIndex(m.store.offset));
    if (m.kind !== "row") count = Math.max(count, m.pass + 1);
  }

  // vectorisation; neighbours of a GPU are invocations
  let vector: Loop | null = null;
  if (!gpu && nest.vectorise && all.length > 0) {
    const lastKept = kept[kept.length - 1] as Loop | undefined;
    const lastReduced = reduced[reduced.length - 1] as Loop | undefined;
    const carriesPayload = nest.members.some((m) => m.payload !== null && m.payload.kind !== "index");
    if (!lastReduced || carriesPayload) vector = lastKept ?? null;
    else if (!lastKept) vector = lastReduced;
    else if (lengthOf(lastKept) >= 16 && isShortRow(lastReduced, nest.members, nodes)) vector = lastKept;
    else vector = vectorScore(lastKept, touches) > vectorScore(lastReduced, touches) ? lastKept : lastReduced;
    if (vector && lengthOf(vector) < 4) vector = null;
  }
  const points = all.reduce((n, l) => n * hintOf(l.extent), 1);
  return {
    kept,
    reduced,
    vector,
    width: vector ? blockWidth(lengthOf(vector), nodes, nest.members, !vector.reduced && reduced.length > 0) : 1,
    members: nest.members,
    passes: count,
    passOf,
    points,
    nodes,
    parallel: nest.parallel,
    apart,
    gpu,
  };
}

/**
 * The innermost of the loops around the vector loop, where something is read along it and far apart along the vector: a
 * transposition.
 */
export function turnedLoop({ vector, reduced, nodes }: PreparedNest, outer: readonly Loop[]): Loop | null {
  const last = outer[outer.length - 1] as Loop | undefined;
  if (!last || !vector || vector.reduced || reduced.length > 0) return null;
  const turned = nodes.some(
    (n) => n.kind === "load" && factorOf(n.offset, last) === 1 && ![0, 1].includes(Number(factorOf(n.offset, vector))),
  );
  return turned ? last : null;
}

/** Bodies dearer than this (in instructions for one register) are long enough without copies of them side by side. */
const LONG_BODY = 400;

/** For one register, about. */
export function instructionsOf(nodes: readonly Node[]): number {
  return nodes.reduce((sum, n) => (n.kind === "op" ? sum + (isCheap(n.prim) ? 1 : 12) : sum), 0);
}

/** Values read and written with fewer than this leave registers for long chains of arithmetic (random bits) side by side. */
const FEW_VALUES = 4;

/** Rows of fewer elements are reduced side by side, where that is all there is to do: combining lanes is long beside a few additions. */
const SHORT_ROW = 8;
/** The same for the greatest and the least float, which three numbers are kept for, and for places. */
const SHORT_EXTREMUM = 24;
const SHORT_PLACE = 64;

function isShortRow({ extent }: Loop, members: readonly Member[], nodes: readonly Node[]): boolean {
  const shortest = (m: Member): number => {
    if (m.payload) return SHORT_PLACE;
    return (m.combine === "max" || m.combine === "min") && isFloat(m.dtype) ? SHORT_EXTREMUM : SHORT_ROW;
  };
  return (
    isStatic(extent) &&
    extent < Math.max(...members.filter((m) => m.kind === "reduce").map(shortest)) &&
    members.every((m) => m.kind !== "full") &&
    nodes.every((n) => n.kind !== "op" || isCheap(n.prim))
  );
}

/** 16 elements (four 128-bit registers of f32), fewer when elements are wide, the body is large or the loop is short. */
function blockWidth(extent: number, nodes: readonly Node[], members: readonly Member[], columns: boolean): number {
  let widest = 1;
  let loads = 0;
  for (const n of nodes) {
    widest = Math.max(widest, byteSize(n.dtype));
    if (n.kind === "load") loads++;
  }
  const instructions = instructionsOf(nodes);
  let width = widest === 8 ? 8 : 16;
  const values = loads + members.length;
  if (values > 8 || (nodes.length > 40 && values >= FEW_VALUES)) width /= 2;
  // columns that are reduced: each row gives a block and no more, so it should be longer than a cache line
  if (width === 16 && columns && loads <= 2 && nodes.length <= 12 && extent >= 64) width = 32;
  if (instructions > LONG_BODY && width > 4) width /= 2;
  while (width > 4 && width > extent) width /= 2;
  return width;
}
