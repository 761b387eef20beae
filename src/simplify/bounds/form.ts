/**
 * Integer-affine forms over what a block's index is made of: program ids, lanes, steps of loops, and values of which only a range (and
 * what relates them to others) is known. Forms of one block speak of that block's axes; movement maps them.
 */

/** What a form is a sum of. `axes`: for a value over a block, the axis of the present block that each of its own is, -1 where it has size 1. */
export interface Sym {
  readonly key: string;
  readonly lo: number;
  readonly hi: number;
  readonly kind: "scalar" | "lane" | "atom";
  readonly axes: readonly number[];
  readonly atom?: AtomBase;
}
/** A value that is no sum of others. Its forms and facts speak of the axes where it was made. */
export interface AtomBase {
  readonly id: number;
  lo: number;
  hi: number;
  /** Each is ≥ 0. */
  readonly facts: Form[];
  /** The value at a point, from those of other forms; undefined where the data decide. */
  readonly at: ((value: (f: Form) => number | undefined) => number | undefined) | undefined;
}
export interface Term {
  readonly sym: Sym;
  readonly c: number;
}
export interface Form {
  readonly c: number;
  readonly terms: readonly Term[];
}

export const constant = (c: number): Form => ({ c, terms: [] });
export const symbol = (sym: Sym): Form => ({ c: 0, terms: [{ sym, c: 1 }] });
export const scalarSym = (key: string, lo: number, hi: number): Sym => ({ key, lo, hi, kind: "scalar", axes: [] });
export const laneSym = (axis: number, extent: number): Sym => ({
  key: `l${axis}`,
  lo: 0,
  hi: extent - 1,
  kind: "lane",
  axes: [axis],
});
export function atomSym(atom: AtomBase, axes: readonly number[]): Sym {
  return { key: `a${atom.id}@${axes.join()}`, lo: atom.lo, hi: atom.hi, kind: "atom", axes, atom };
}

/** a + by·b */
export function combine(a: Form, b: Form, by = 1): Form {
  const terms = [...a.terms];
  for (const { sym, c } of b.terms) {
    const i = terms.findIndex((t) => t.sym.key === sym.key);
    if (i < 0) terms.push({ sym, c: c * by });
    else {
      const sum = terms[i].c + c * by;
      if (sum === 0) terms.splice(i, 1);
      else terms[i] = { sym, c: sum };
    }
  }
  return { c: a.c + b.c * by, terms };
}
export function scale(a: Form, by: number): Form {
  if (by === 1) return a;
  if (by === 0) return constant(0);
  return { c: a.c * by, terms: a.terms.map(({ sym, c }) => ({ sym, c: c * by })) };
}
export const shift = (a: Form, by: number): Form => (by === 0 ? a : { c: a.c + by, terms: a.terms });

export function lowest(a: Form): number {
  let n = a.c;
  for (const { sym, c } of a.terms) n += c > 0 ? c * sym.lo : c * sym.hi;
  return n;
}
export function highest(a: Form): number {
  let n = a.c;
  for (const { sym, c } of a.terms) n += c > 0 ? c * sym.hi : c * sym.lo;
  return n;
}
export function sameForm(a: Form, b: Form): boolean {
  return a === b || (a.c === b.c && a.terms.length === b.terms.length && combine(a, b, -1).terms.length === 0);
}
/** For interning: terms in the order of their keys. */
export function formKey(a: Form): string {
  const terms = a.terms.map(({ sym, c }) => `${c}*${sym.key}`).sort();
  return `${a.c}+${terms.join("+")}`;
}

/**
 * What becomes of the axes of a block: each lane is a form over the new block's lanes (undefined: no form tells), and, where it is simply
 * another axis (or one of size 1), that one.
 */
export interface AxisMap {
  readonly lane: (axis: number) => Form | undefined;
  readonly axis: (axis: number) => number | undefined;
}
/** The form over the new block; undefined where a term has none there. */
export function mapForm(a: Form, map: AxisMap): Form | undefined {
  let out: Form = constant(a.c);
  for (const { sym, c } of a.terms) {
    let f: Form | undefined;
    if (sym.kind === "scalar") f = symbol(sym);
    else if (sym.kind === "lane") f = map.lane(sym.axes[0]);
    else {
      const now = sym.axes.map((x) => (x < 0 ? -1 : map.axis(x)));
      if (sym.atom && now.every((x) => x !== undefined)) f = symbol(atomSym(sym.atom, now));
    }
    if (!f) return undefined;
    out = combine(out, f, c);
  }
  return out;
}

/** What is known of the atoms in a form, over the present block's axes. */
export function factsOf(a: Form): Form[] {
  return a.terms.flatMap(({ sym }) => {
    const { atom } = sym;
    if (!atom || atom.facts.length === 0) return [];
    const axes = sym.axes;
    const extents = new Map<number, Form>();
    const map: AxisMap = {
      lane: (x) => (axes[x] < 0 ? constant(0) : extents.get(axes[x])),
      axis: (x) => (axes[x] < 0 ? -1 : axes[x]),
    };
    return atom.facts.flatMap((f) => {
      // lanes keep their extents: an axis that an atom has is as long in every block that it stands in
      for (const t of f.terms)
        if (t.sym.kind === "lane" && axes[t.sym.axes[0]] >= 0)
          extents.set(axes[t.sym.axes[0]], symbol(laneSym(axes[t.sym.axes[0]], t.sym.hi + 1)));
      return mapForm(f, map) ?? [];
    });
  });
}

const EXACT = 2 ** 52;
const MOST_STEPS = 300;
const DEPTH = 3;

/** Is a ≥ 0 wherever all facts are? False is "not known". */
export function proves(a: Form, facts: readonly Form[]): boolean {
  const budget = { left: MOST_STEPS };
  const search = (goal: Form, depth: number): boolean => {
    if (lowest(goal) >= 0) return true;
    if (depth === 0) return false;
    const known = [...facts, ...factsOf(goal)];
    for (const { sym, c } of goal.terms) {
      if ((c > 0 ? c * sym.lo : c * sym.hi) >= 0 && goal.c >= 0) continue;
      for (const fact of known) {
        const other = fact.terms.find((t) => t.sym.key === sym.key)?.c ?? 0;
        if (other === 0 || other > 0 !== c > 0) continue;
        if (budget.left-- <= 0) return false;
        // |other|·goal - |c|·fact has no such term, and goal ≥ 0 where it is
        const rest = combine(scale(goal, Math.abs(other)), fact, -Math.abs(c));
        if (!(Math.abs(rest.c) < EXACT) || rest.terms.some((t) => !(Math.abs(t.c) < EXACT))) continue;
        if (search(rest, depth - 1)) return true;
      }
    }
    return false;
  };
  return search(a, DEPTH);
}

/** The least and greatest value where all facts are ≥ 0: by those that are about the form alone, or by ranges. */
export function rangeUnder(a: Form, facts: readonly Form[]): readonly [number, number] {
  let lo = lowest(a);
  let hi = highest(a);
  for (const fact of facts) {
    for (const by of [1, -1]) {
      // fact = by·a + rest ≥ 0 gives by·a ≥ -rest
      const rest = combine(fact, a, -by);
      const most = highest(rest);
      if (!Number.isFinite(most)) continue;
      if (by > 0) lo = Math.max(lo, -most);
      else hi = Math.min(hi, most);
    }
  }
  return [lo, hi];
}
