/**
 * Reductions over a named size that may be 2 or 3. Code for sizes in general walks such rows in a loop of vectors that never begins, one
 * of narrower vectors, and one of single elements; for these values the nest is written once more, as if they were numbers.
 */
import { type Dim, isStatic, leastOf, namesOf, substituteDim, symbol } from "../../ir/dim.js";
import { hintOf } from "../../ir/size.js";
import type { Affine, AffineAtom, Loop } from "./affine.js";
import { matchContraction } from "./contract.js";
import type { Nest, PreparedNest } from "./nest.js";
import type { Member, Node, Target } from "./node.js";

/** Values that may have code of their own. */
const NARROW = [2, 3];
/** Elements that are reduced then, at most. */
const MOST_STEPS = 3;
/** Results below which time goes elsewhere. */
const FEW_RESULTS = 64;

/** A name whose smallest values have code of their own, and those values, in a row from the least that it has. */
export interface Narrow {
  readonly name: string;
  readonly values: readonly number[];
}

export function narrowOf(nest: PreparedNest): Narrow | undefined {
  const names = new Set(nest.reduced.flatMap((l) => [...namesOf(l.extent)]));
  const [name] = names;
  if (names.size !== 1 || !nest.parallel) return undefined;
  if (nest.kept.reduce((n, l) => n * hintOf(l.extent), 1) < FEW_RESULTS) return undefined;
  if (nest.vector?.reduced !== true && !matchContraction(nest)) return undefined;
  const depthAt = (value: number): number =>
    nest.reduced.reduce((n, l) => {
      const extent = substituteDim(l.extent, new Map([[name, value]]));
      return n * (isStatic(extent) ? extent : Number.POSITIVE_INFINITY);
    }, 1);
  const least = leastOf(symbol(name));
  const values = NARROW.filter((v) => v >= least && depthAt(v) <= MOST_STEPS);
  return values.length === 0 || values[0] !== least ? undefined : { name, values };
}

/** The nest at a value of the name; it may be prepared already. */
export function nestAt({ loops, members, parallel, vectorise }: Nest, name: string, value: number): Nest {
  const values = new Map([[name, value]]);
  const at = (d: Dim): Dim => substituteDim(d, values);
  const ofLoop = new Map(loops.map((l): [AffineAtom, Loop] => [l, { ...l, extent: at(l.extent) }]));
  const ofNode = new Map<Node, Node>();
  const ofMember = new Map<Member, Member>();
  const ofAtom = (atom: AffineAtom): AffineAtom => {
    if (atom.kind === "loop") return ofLoop.get(atom) ?? atom;
    return { ...atom, node: node(atom.node), lo: at(atom.lo), hi: at(atom.hi) };
  };
  const index = (a: Affine): Affine => ({
    constant: at(a.constant),
    terms: a.terms.flatMap((t) => {
      const factor = at(t.factor);
      return factor === 0 ? [] : [{ atom: ofAtom(t.atom), factor }];
    }),
  });
  const node = (n: Node): Node => {
    const known = ofNode.get(n);
    if (known) return known;
    const made = copy(n);
    ofNode.set(n, made);
    return made;
  };
  const copy = (n: Node): Node => {
    switch (n.kind) {
      case "const":
        return n;
      case "load":
        return { ...n, offset: index(n.offset), guard: n.guard && node(n.guard) };
      case "op":
        return { ...n, args: n.args.map(node) };
      case "index":
        return { ...n, index: index(n.index) };
      case "member":
        return { ...n, member: ofMember.get(n.member) ?? n.member };
    }
  };
  const target = (t: Target): Target => ({ ...t, offset: index(t.offset), guard: t.guard && node(t.guard) });
  const copied = members.map((m): Member => {
    const made = {
      ...m,
      node: node(m.node),
      payload: m.payload && node(m.payload),
      valid: m.valid && node(m.valid),
      store: m.store && target(m.store),
    };
    ofMember.set(m, made);
    return made;
  });
  // what was folded into another loop is carried by that
  const open = loops.flatMap((l) => (l.merged ? [] : [ofLoop.get(l) ?? l]));
  return { loops: open, members: copied, parallel, vectorise };
}
