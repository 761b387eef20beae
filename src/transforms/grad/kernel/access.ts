/** Where a kernel's body reads and writes a reference, and what follows for programs and lanes that might meet there. */
import { type Dim, isStatic } from "../../../ir/dim.js";
import { type AnyEqn, isVar, type Program, type Var } from "../../../ir/program.js";
import { nestedPrograms } from "../../../ir/rewrite.js";
import { type Affine, type Conditions, Forms, inParts, isApart, isWhole, type Variable } from "./affine.js";

type Core = Program<"core">;
type AccessEqn = Extract<AnyEqn, { prim: "load" | "store" | "atomic" | "atomic_cas" }>;

export interface Access {
  readonly eqn: AccessEqn;
  /** One form for each axis of the reference; null where it is not affine. */
  readonly index: readonly (Affine | null)[];
  readonly mask: Conditions;
  readonly lanes: readonly Variable[];
  /** Done once by a program: not in a loop or under a condition. */
  readonly once: boolean;
}
export interface Accesses {
  readonly list: readonly Access[];
  /** The program's ids, one for each axis of the grid. */
  readonly ids: readonly Variable[];
  /** Something else is done with the reference than reading and writing elements. */
  readonly opaque: boolean;
}

/** The accesses to each of the inputs `refs` of a flat program whose inputs `ids` are program ids; `all`: to any memory. */
export function accessesOf(
  body: Core,
  ids: readonly Var[],
  grid: readonly Dim[],
  refs: readonly Var[],
): { readonly of: ReadonlyMap<Var, Accesses>; readonly all: ReadonlyMap<AnyEqn, Access> } {
  const all = new Map<AnyEqn, Access>();
  const forms = new Forms();
  const numbers = grid.map((n, axis): Variable => ({ extent: isStatic(n) ? n : Number.POSITIVE_INFINITY, grid: axis }));
  ids.forEach((v, axis) => {
    const n = grid[axis];
    const id = numbers[axis];
    forms.define(v, { constant: 0, terms: n === 1 ? new Map() : new Map([[id, 1]]), lanes: [] });
  });
  const found = new Map<Var, { list: Access[]; ids: readonly Variable[]; opaque: boolean }>(
    refs.map((r) => [r, { list: [], ids: numbers, opaque: false }]),
  );
  const origin = new Map<Var, Var>(refs.map((r) => [r, r]));

  const visit = (program: Core, once: boolean): void => {
    forms.enter(program);
    for (const eqn of program.eqns) {
      switch (eqn.prim) {
        case "load":
        case "store":
        case "atomic":
        case "atomic_cas":
          touch(eqn, once);
          continue;
        case "scan": {
          forms.enterScan(eqn);
          const { body: step, numConsts, numCarry } = eqn.params;
          follow(eqn.inputs.slice(0, numConsts + numCarry), step.inputs);
          refuse(eqn.inputs.slice(numConsts + numCarry));
          visit(step, false);
          follow(step.outputs.slice(0, numCarry), eqn.outputs);
          continue;
        }
        case "cond":
          for (const branch of eqn.params.branches) {
            follow(eqn.inputs.slice(1), branch.inputs);
            visit(branch, false);
            follow(branch.outputs, eqn.outputs);
          }
          continue;
        default:
      }
      refuse(eqn.inputs);
      for (const p of nestedPrograms(eqn)) visit(p, false);
    }
  };
  const entry = (a: AnyEqn["inputs"][number]) => {
    const ref = isVar(a) ? origin.get(a) : undefined;
    return ref && found.get(ref);
  };
  const follow = (from: AnyEqn["inputs"], to: readonly Var[]): void => {
    from.forEach((a, i) => {
      const ref = isVar(a) ? origin.get(a) : undefined;
      const already = to[i] && origin.get(to[i]);
      if (ref) origin.set(to[i], ref);
      // a choice between references
      if (already && already !== ref) for (const r of [already, ref]) if (r) markOpaque(r);
    });
  };
  const markOpaque = (ref: Var): void => {
    const e = found.get(ref);
    if (e) e.opaque = true;
  };
  const refuse = (atoms: AnyEqn["inputs"]): void => {
    for (const a of atoms) {
      const e = entry(a);
      if (e) e.opaque = true;
    }
  };
  const touch = (eqn: AccessEqn, once: boolean): void => {
    const [ref, ...others] = eqn.inputs;
    refuse(others);
    const values = eqn.prim === "load" ? 0 : eqn.prim === "atomic_cas" ? 2 : 1;
    const rank = ref.aval.shape.length;
    const rest = others.slice(values);
    const block = eqn.prim === "load" ? eqn.outputs[0].aval.shape : eqn.inputs[1].aval.shape;
    const access: Access = {
      eqn,
      index: rest.slice(0, rank).map((a) => forms.form(a)),
      mask: eqn.params.masked ? forms.conditions(rest[rank]) : { forms: [], exact: true },
      lanes: block.map((n) => ({ extent: isStatic(n) ? n : Number.POSITIVE_INFINITY, grid: -1 })),
      once,
    };
    all.set(eqn, access);
    entry(ref)?.list.push(access);
    const own = isVar(ref) ? origin.get(ref) : undefined;
    if (own && eqn.prim !== "load") origin.set(eqn.outputs[0], own);
  };
  visit(body, true);
  return { of: found, all };
}

/** A form over variables alone. */
interface Linear {
  /** The variables take all their values independently. */
  readonly whole: boolean;
  readonly constant: number;
  readonly factors: ReadonlyMap<Variable, number>;
}
function linear(form: Affine, lanes: readonly Variable[]): Linear {
  const factors = new Map(inParts(form).terms);
  const whole = [...form.terms.keys()].every(isWhole) && [...factors.keys()].every(isWhole);
  form.lanes.forEach((k, d) => {
    if (k !== 0 && lanes[d].extent !== 1) factors.set(lanes[d], k);
  });
  return { constant: form.constant, factors, whole };
}

interface Range {
  low: number;
  high: number;
}
/** What the mask leaves of the ranges of variables. */
function ranges(access: Access): (v: Variable) => Range {
  const known = new Map<Variable, Range>();
  const of = (v: Variable): Range => {
    const r = known.get(v) ?? { low: 0, high: v.extent - 1 };
    known.set(v, r);
    return r;
  };
  for (const form of access.mask.forms) {
    const { constant, factors } = linear(form, access.lanes);
    if (factors.size !== 1) continue;
    for (const [v, k] of factors) {
      const r = of(v);
      if (k < 0) r.high = Math.min(r.high, Math.floor(constant / -k));
      else r.low = Math.max(r.low, Math.ceil(-constant / k));
    }
  }
  return of;
}
const width = ({ low, high }: Range): number => Math.max(high - low + 1, 1);

/** What variables other than `free` leave of a component of an index: a number for the least and one for the greatest. */
function span(form: Linear, range: (v: Variable) => Range, free: (v: Variable) => boolean): Range {
  let [low, high] = [form.constant, form.constant];
  for (const [v, k] of form.factors) {
    if (free(v)) continue;
    const r = range(v);
    const ends = [k * r.low, k * Math.max(r.high, r.low)];
    low += Math.min(...ends);
    high += Math.max(...ends);
  }
  return { low, high };
}

/** Factors of variables in a component of an index, and how many values the rest of it has. */
interface Component {
  readonly factors: ReadonlyMap<Variable, number>;
  readonly rest: number;
}
/**
 * Variables in which a difference certainly is one of the index. Of those that a component holds, the largest factors do it whose
 * multiples are further apart than all that is smaller spreads; those that another component tells apart may be taken as equal.
 */
function separated(components: readonly Component[], extent: (v: Variable) => number): ReadonlySet<Variable> {
  const apart = new Set<Variable>();
  for (let before = -1; apart.size > before; ) {
    before = apart.size;
    for (const { factors, rest } of components) {
      const left = [...factors].filter(([v]) => !apart.has(v)).sort(([, a], [, b]) => Math.abs(a) - Math.abs(b));
      let taken = rest;
      let run: Variable[] = [];
      for (const [v, k] of left) {
        if (Math.abs(k) < taken) run = [];
        else run.push(v);
        taken += Math.abs(k) * (extent(v) - 1);
      }
      for (const v of run) apart.add(v);
    }
  }
  return apart;
}

/** Axes of the grid along which programs certainly touch different elements. */
export function apartOnGrid({ list, ids, opaque }: Accesses, grid: readonly Dim[], rank: number): boolean[] {
  if (opaque || list.length === 0) return grid.map(() => !opaque);
  const components: Component[] = [];
  for (let a = 0; a < rank; a++) {
    const forms = list.map((x) => ({ x, form: x.index[a] }));
    let rest: Range = { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY };
    let first: ReadonlyMap<Variable, number> | null = null;
    const known = forms.every(({ x, form }) => {
      if (form === null) return false;
      const own = linear(form, x.lanes);
      const ofIds = new Map([...own.factors].filter(([v]) => v.grid >= 0));
      const same: ReadonlyMap<Variable, number> = first ?? ofIds;
      first = same;
      if (ofIds.size !== same.size || [...ofIds].some(([v, k]) => same.get(v) !== k)) return false;
      const s = span(own, ranges(x), (v) => v.grid >= 0);
      rest = { low: Math.min(rest.low, s.low), high: Math.max(rest.high, s.high) };
      return true;
    });
    if (known && first !== null) components.push({ factors: first, rest: rest.high - rest.low + 1 });
  }
  const apart = separated(components, (v) => v.extent);
  return grid.map((n, a) => n === 1 || isApart(ids[a], apart));
}

/** Axes of the block that no component of the index depends on: all their lanes are at one element. */
export function absentLanes(access: Access): boolean[] {
  return access.lanes.map((_, d) => access.index.every((f) => f !== null && f.lanes[d] === 0));
}

/** No two lanes of the block, but along axes left out, are at one element. */
export function lanesApart(access: Access, without: readonly boolean[]): boolean {
  const range = ranges(access);
  const components = access.index.flatMap((form): Component[] => {
    if (form === null) return [];
    const { factors } = linear(form, access.lanes);
    return [{ factors: new Map([...factors].filter(([v]) => access.lanes.includes(v))), rest: 1 }];
  });
  const apart = separated(components, (v) => width(range(v)));
  return access.lanes.every((v, d) => without[d] || v.extent === 1 || apart.has(v));
}

/** All elements of the reference are touched, by some lane of some program. */
export function coversAll(access: Access, shape: readonly Dim[]): boolean {
  if (!access.once || !access.mask.exact) return false;
  const forms = access.index.map((f) => f && linear(f, access.lanes));
  const used = new Set<Variable>();
  for (const [a, form] of forms.entries()) {
    const size = shape[a];
    if (form === null || !form.whole || !isStatic(size)) return false;
    let reached = 1;
    for (const [v, k] of [...form.factors].sort(([, x], [, y]) => x - y)) {
      if (k <= 0 || k > reached || used.has(v) || !Number.isFinite(v.extent)) return false;
      used.add(v);
      reached += k * (v.extent - 1);
    }
    if (form.constant > 0 || form.constant + reached < size) return false;
  }
  // the mask leaves out nothing but what lies outside
  return access.mask.forms.every((m) => {
    const c = linear(m, access.lanes);
    if (c.factors.size === 0) return c.constant >= 0;
    return forms.some((f, a) => {
      if (!f || f.factors.size !== c.factors.size) return false;
      const same = (sign: number): boolean => [...c.factors].every(([v, k]) => f.factors.get(v) === sign * k);
      // size - 1 - index ≥ 0, or index ≥ 0
      if (same(-1)) return c.constant + f.constant >= Number(shape[a]) - 1;
      return same(1) && c.constant - f.constant >= 0;
    });
  });
}
