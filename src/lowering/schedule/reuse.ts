/** Over the passes of a nest: which values are kept in memory from one to the next, and which outputs may lie over inputs. */
import { byteSize } from "../../ir/dtype.js";
import { type View, viewKey } from "../plan/view.js";
import { type Affine, affineKey } from "./affine.js";
import type { PreparedNest } from "./nest.js";
import { isCheap, type Member, type Node, type Target } from "./node.js";

/** Members that are read back in later passes, and where from. */
export type Kept = ReadonlyMap<Member, Target>;

/** The pass in which a member's value is computed for itself; rows come after the last pass. */
function ownPass(m: Member, nest: PreparedNest): number {
  return m.kind === "row" ? nest.passes : m.pass;
}

/** A value that is dear to compute and wanted in a later pass too is kept where a later output will be written. */
export function planSpills(nest: PreparedNest): Kept {
  const kept = new Map<Member, Target>();
  const { members } = nest;
  if (nest.passes < 2) return kept;
  const lastUse = new Map<Member, number>();
  for (const m of members) {
    const pass = ownPass(m, nest);
    const seen = new Set<Node>();
    const visit = (n: Node): void => {
      if (seen.has(n)) return;
      seen.add(n);
      if (n.kind === "member" && n.member.kind === "full") {
        lastUse.set(n.member, Math.max(lastUse.get(n.member) ?? 0, pass));
        if (n.member.pass >= pass) visit(n.member.node);
      } else if (n.kind === "op") n.args.forEach(visit);
    };
    visit(m.node);
  }
  const taken = new Set<Member>();
  for (const m of members) {
    const last = lastUse.get(m) ?? 0;
    if (m.kind !== "full" || last <= m.pass) continue;
    if (m.store) {
      if (m.store.guard === null) kept.set(m, m.store);
      continue;
    }
    const host = members.find(
      (o) =>
        o.kind === "full" &&
        o.store !== null &&
        o.store.guard === null &&
        !taken.has(o) &&
        o.dtype === m.dtype &&
        o.pass >= last,
    );
    const place = host?.store;
    if (!host || !place || !isWorthKeeping(m.node)) continue;
    // nothing may still read what lies there
    if (nest.nodes.some((n) => n.kind === "load" && n.view.value === place.view.value)) continue;
    taken.add(host);
    kept.set(m, place);
  }
  return kept;
}

/** Bit i is set when the node is computed in pass i; results of rows come in the pass after the last. */
export function passesOf(nest: PreparedNest, kept: Kept): ReadonlyMap<Node, number> {
  const passes = new Map<Node, number>();
  for (const m of nest.members) {
    const pass = ownPass(m, nest);
    const bit = 1 << pass;
    const visitIndex = (a: Affine): void => {
      for (const { atom } of a.terms) if (atom.kind === "opaque") visit(atom.node);
    };
    const visit = (n: Node | null): void => {
      if (n === null) return;
      const known = passes.get(n) ?? 0;
      if ((known & bit) !== 0) return;
      passes.set(n, known | bit);
      if (n.kind === "op") n.args.forEach(visit);
      else if (n.kind === "load") {
        visit(n.guard);
        visitIndex(n.offset);
      } else if (n.kind === "index") visitIndex(n.index);
      else if (n.kind === "member" && n.member.kind !== "reduce") {
        const place = n.member.kind === "full" && n.member.pass < pass ? kept.get(n.member) : undefined;
        if (place) visitIndex(place.offset);
        else visit(n.member.node);
      }
    };
    visit(m.node);
    visit(m.payload);
    visit(m.valid);
    if (m.store) {
      visit(m.store.guard);
      visitIndex(m.store.offset);
    }
  }
  return passes;
}

/** An output that may be written over an input: each element of the input is read for the last time before its place is written. */
export interface InPlace {
  readonly output: View;
  readonly input: View;
}

export function inPlacePairs(nest: PreparedNest, kept: Kept, passes: ReadonlyMap<Node, number>): InPlace[] {
  // results of rows and reductions are stored when the row is done
  const storePass = (m: Member): number => (m.kind === "full" ? m.pass : nest.passes);
  const firstWrite = new Map<View, number>();
  for (const m of nest.members) {
    const target = m.store ?? kept.get(m);
    if (target)
      firstWrite.set(target.view, Math.min(firstWrite.get(target.view) ?? Number.POSITIVE_INFINITY, storePass(m)));
  }
  const result: InPlace[] = [];
  for (const m of nest.members) {
    if (!m.store || m.store.guard) continue;
    const { view, offset } = m.store;
    const place = affineKey(offset);
    const written = firstWrite.get(view) ?? 0;
    const loads = new Map<string, { readonly view: View; fits: boolean }>();
    for (const [n, mask] of passes) {
      if (n.kind !== "load") continue;
      const key = viewKey(n.view);
      const entry = loads.get(key) ?? { view: n.view, fits: true };
      const last = 31 - Math.clz32(mask);
      if (affineKey(n.offset) !== place || last > written) entry.fits = false;
      loads.set(key, entry);
    }
    for (const entry of loads.values()) {
      if (entry.fits && byteSize(entry.view.dtype) === byteSize(view.dtype))
        result.push({ output: view, input: entry.view });
    }
  }
  return result;
}

function isWorthKeeping(n: Node): boolean {
  let cost = 0;
  const seen = new Set<Node>();
  const visit = (m: Node): void => {
    if (seen.has(m) || m.kind !== "op") return;
    seen.add(m);
    cost += isCheap(m.prim) ? 1 : 8;
    m.args.forEach(visit);
  };
  visit(n);
  return cost > 4;
}
