/** How a vector loop is cut: where comparisons of its index with numbers change, as at the edges of what is padded, and into blocks. */
import { type Dim, dimAtLeast, dimMod, isStatic } from "../../ir/dim.js";
import type { TileAtom } from "../../ir/tile.js";
import type { Loop } from "./affine.js";
import { instructionsOf, type PreparedNest } from "./nest.js";
import type { Node, OpNode } from "./node.js";

export interface Segment {
  readonly from: Dim;
  readonly to: Dim;
  /** Comparisons that are the same in the whole segment. */
  readonly known: ReadonlyMap<Node, boolean>;
}

export const NOTHING_KNOWN: ReadonlyMap<Node, boolean> = new Map();
/** Code that is written once for each segment is to be short. */
const MOST_INSTRUCTIONS = 32;
const MOST_SEGMENTS = 3;

/** The segments of the vector loop: one where no load asks for its place in it, and where the loop is `shared` by programs. */
export function segmentsOf({ nodes, reduced, gpu }: PreparedNest, loop: Loop, shared: boolean): readonly Segment[] {
  const { extent } = loop;
  const whole: readonly Segment[] = [{ from: 0, to: extent, known: NOTHING_KNOWN }];
  if (shared || gpu || reduced.length > 0 || !isStatic(extent) || !nodes.some((n) => n.kind === "load" && n.guard))
    return whole;
  const from = new Map<Node, { readonly edge: number; readonly then: boolean }>();
  for (const n of nodes) {
    if (n.kind !== "op" || (n.prim !== "ge" && n.prim !== "lt")) continue;
    const [index, limit] = n.args;
    if (index.kind !== "index" || limit.kind !== "const" || !isStatic(index.index.constant)) continue;
    const [term, ...others] = index.index.terms;
    if (others.length > 0 || term?.atom !== loop || !isStatic(term.factor) || term.factor < 1) continue;
    const edge = Math.ceil((Number(limit.value) - index.index.constant) / term.factor);
    from.set(n, { edge: Math.max(0, Math.min(extent, edge)), then: n.prim === "ge" });
  }
  const ends = [...new Set([0, extent, ...[...from.values()].map((f) => f.edge)])].sort((a, b) => a - b);
  if (ends.length < 3 || ends.length - 1 > MOST_SEGMENTS || instructionsOf(nodes) > MOST_INSTRUCTIONS) return whole;
  return ends.slice(1).map((to, i) => ({
    from: ends[i],
    to,
    known: new Map([...from].map(([n, { edge, then }]) => [n, ends[i] >= edge === then])),
  }));
}

/** The widths of the blocks in which so many elements are walked. */
export function widthsOf(width: number, extent: Dim): number[] {
  const widths = [width];
  let rest = dimMod(extent, width);
  if (width > 4 && dimAtLeast(3, rest) !== true) {
    widths.push(4);
    rest = dimMod(extent, 4);
  }
  if (rest !== 0) widths.push(1);
  return widths;
}

/** What an operation comes to whose condition is a constant here; what is not needed for it is not computed. */
export function decided(n: OpNode, get: (n: Node) => TileAtom): TileAtom | undefined {
  if (n.prim === "select") {
    const test = get(n.args[0]);
    return test.kind === "tileconst" ? get(n.args[test.value ? 1 : 2]) : undefined;
  }
  if (n.prim !== "and" || n.dtype !== "bool") return undefined;
  const [a, b] = n.args;
  for (const [one, other] of [
    [a, b],
    [b, a],
  ]) {
    const x = get(one);
    if (x.kind === "tileconst") return x.value ? get(other) : x;
  }
  return undefined;
}
