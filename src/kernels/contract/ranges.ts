/**
 * Contractions over a named size, planned for ranges of its values: other tiles are best for two rows than for a thousand. A few
 * plans are enough, each for the values between two bounds; the smallest values may have code of their own, as if they were numbers.
 */
import {
  type Dim,
  dimFloorDiv,
  dimMin,
  dimSub,
  isStatic,
  leastOf,
  namesOf,
  substituteDim,
  symbol,
  withLeast,
} from "../../ir/dim.js";
import { internal } from "../../diagnostics/error.js";
import type { ScalarCode } from "../scalar-code.js";
import type { Contraction } from "./contraction.js";
import { type DeepContraction, describeDeep, emitDeep, planDeep } from "./deep.js";
import { type ContractionPlan, emitContraction, lowerHeights, overlaps, type StoreResult } from "./emit.js";
import type { ContractionMachine } from "./machine.js";
import { candidates, describePlan, type PlannedContraction, planContraction } from "./plan.js";
import { isFixed, planned, realised, type SizedAxis, type SizedContraction } from "./sized.js";

/** The plan for some values of a name. */
interface PlannedRange {
  readonly from: number;
  /** Null where there is no last one. */
  readonly upTo: number | null;
  readonly how:
    | { readonly contraction: SizedContraction; readonly plan: ContractionPlan; readonly deep?: undefined }
    | { readonly deep: DeepContraction };
}
export interface RangedContraction {
  /** The name whose values the ranges are of; undefined where there is one plan for all sizes. */
  readonly name: string | undefined;
  readonly ranges: readonly PlannedRange[];
  /** The plan for large sizes. */
  readonly large: PlannedContraction;
}

/** Values within which one plan is used, from above, by their bounds; beyond them plans are those for large sizes. */
const INTERVALS = [
  [33, 48],
  [26, 32],
  [13, 25],
  [7, 12],
  [4, 6],
  [2, 3],
] as const;
/** Up to here a value may have a plan of its own, with code as if it were a number. */
const ALONE = 3;
/** Values from which a sum may be done in pieces. */
const LONG_FROM = [2, 4, 7, 13, 26, 64, 128];
/** What another plan must gain to be worth its code: a share of the time, and nanoseconds. */
const GAIN = 1.08;
const LEAST_GAIN = 500;

/** `exact`: with the bits of the plan that is chosen when no operand is kept. */
export function planRanges(
  given: SizedContraction,
  machine: ContractionMachine,
  exact = false,
): RangedContraction | undefined {
  const c = exact && !isFixed(given) ? { ...given, lhsKept: false, rhsKept: false } : given;
  const large = planContraction(c, machine, exact);
  if (!large) return undefined;
  const name = decidingName(c);
  const single = (): RangedContraction => {
    const deep = deepPlan(c, machine, exact);
    const how = deep ? { deep } : { contraction: realised(large.contraction), plan: large.plan };
    return { name: undefined, ranges: [{ from: 1, upTo: null, how }], large };
  };
  if (name === undefined) return single();
  const least = Math.max(1, leastOf(symbol(name)));
  const search = new Search(c, machine, name);
  // most contractions are large at any size
  const ranges = search.suits(large, least) ? undefined : search.ranges(large, least);
  const deep = search.deep(least);
  if (!deep) return ranges ? { name, ranges, large } : single();
  const below = (ranges ?? single().ranges).filter((r) => r.from < deep.from);
  const cut = below.map((r) => ({ ...r, upTo: r.upTo === null ? deep.from - 1 : Math.min(r.upTo, deep.from - 1) }));
  return { name, ranges: [deep, ...cut], large };
}

function deepPlan(c: SizedContraction, machine: ContractionMachine, exact: boolean): DeepContraction | undefined {
  // pieces are copied when they are used, each time
  return isFixed(c) && (exact || (!c.lhsKept && !c.rhsKept)) ? planDeep(c, machine) : undefined;
}
/** The name that the sides and the sum depend on: rows before columns before the sum. */
function decidingName(c: SizedContraction): string | undefined {
  for (const axes of [c.rows, c.columns, c.inner])
    for (const { size } of axes) for (const name of namesOf(size)) return name;
  return undefined;
}

/** Plans at one value. */
interface Offer {
  /** The cheapest of each kind. */
  readonly kinds: ReadonlyMap<number, PlannedContraction>;
  readonly best: PlannedContraction;
}

class Search {
  /** Plans for large sizes. */
  readonly #large: Offer;
  readonly #offers = new Map<number, Offer>();
  /** Of both ways round: which row axes have a number of rows that is found at run time, and which columns. */
  readonly #named: readonly { readonly rows: readonly boolean[]; readonly columns: readonly boolean[] }[];
  constructor(
    readonly c: SizedContraction,
    readonly machine: ContractionMachine,
    readonly name: string,
  ) {
    const rows = c.rows.map((a) => !isStatic(a.size));
    const columns = c.columns.map((a) => !isStatic(a.size));
    this.#named = [
      { rows, columns },
      { rows: columns, columns: rows },
    ];
    this.#large = this.#offer(planned(c));
  }

  /** A number that is equal for plans which differ in what the code adapts to: the height of tiles where the number of rows has a name. */
  #kindOf({ plan, exchanged }: PlannedContraction): number {
    const { vectors, rowAxis, columnAxis, height, width, packLhs, packRhs, lanes } = plan;
    const named = this.#named[exchanged ? 1 : 0];
    const adapts = rowAxis !== null && named.rows[rowAxis];
    let kind = vectors === "columns" ? 0 : vectors === "inner" ? 1 : 2;
    const digit = (n: number, base: number): void => {
      kind = kind * base + n;
    };
    digit(exchanged ? 1 : 0, 2);
    digit(rowAxis === null ? 0 : rowAxis + 1, 64);
    digit(columnAxis === null ? 0 : columnAxis + 1, 64);
    digit(vectors === "inner" && columnAxis !== null && named.columns[columnAxis] ? 0 : Math.min(width, 4095), 4096);
    digit(packRhs ? 1 : 0, 2);
    digit(lanes, 64);
    digit(adapts ? 0 : 2 * height + (packLhs ? 1 : 0), 64);
    return kind;
  }
  #offer(c: Contraction): Offer {
    const kinds = new Map<number, PlannedContraction>();
    let best: PlannedContraction | undefined;
    for (const p of candidates(c, this.machine)) {
      const kind = this.#kindOf(p);
      const found = kinds.get(kind);
      if (!found || p.cost < found.cost) kinds.set(kind, p);
      if (!best || p.cost < best.cost) best = p;
    }
    return { kinds, best: best ?? internal("a size without plans") };
  }
  #at(value: number): Offer {
    let found = this.#offers.get(value);
    if (!found) {
      found = this.#offer(planned(substituted(this.c, this.name, value)));
      this.#offers.set(value, found);
    }
    return found;
  }
  /** How many times the time of the best plan one of this kind takes. */
  #regret(kind: number, value: number): number {
    const { kinds, best } = this.#at(value);
    const own = kinds.get(kind)?.cost ?? Number.POSITIVE_INFINITY;
    return own - best.cost < LEAST_GAIN ? 1 : own / best.cost;
  }
  /** Whether nothing else is much better at this value. */
  suits(plan: PlannedContraction, value: number): boolean {
    return this.#regret(this.#kindOf(plan), value) <= GAIN;
  }

  ranges(large: PlannedContraction, least: number): PlannedRange[] {
    const found: PlannedRange[] = [];
    let current = large;
    let upTo: number | null = null;
    /** The current plan is for `from` … upTo, and what comes next ends before it. */
    const close = (from: number): void => {
      if (upTo === null || from <= upTo) {
        const contraction = realised(current.contraction);
        found.push({ from, upTo, how: { contraction, plan: this.#atLeast(current, from) } });
      }
      upTo = from - 1;
    };
    for (const [from, last] of INTERVALS) {
      if (from < least) break;
      // most are the same from here down
      if (from > 4 && this.suits(current, 4)) continue;
      const worst = (kind: number): number => Math.max(this.#regret(kind, from), this.#regret(kind, last));
      const own = worst(this.#kindOf(current));
      let best: PlannedContraction | undefined;
      let regret = own / GAIN;
      for (const [kind, plan] of this.#large.kinds) {
        const here = worst(kind);
        if (here >= regret) continue;
        regret = here;
        best = plan;
      }
      if (!best) continue;
      close(last + 1);
      current = best;
    }
    for (let value = ALONE; value >= least; value--) {
      if (this.suits(current, value)) continue;
      const here = substituted(this.c, this.name, value);
      const { best } = this.#at(value);
      close(value + 1);
      const deep = deepPlan(here, this.machine, false);
      const how = deep ? { deep } : { contraction: realised(best.contraction), plan: best.plan };
      found.push({ from: value, upTo: value, how });
      upTo = value - 1;
    }
    close(least);
    return found;
  }
  /** Sums in pieces, from the value on from which that suits them; pieces do not depend on the name then. */
  deep(least: number): PlannedRange | undefined {
    const { c, name } = this;
    const { batch, rows, columns } = c;
    const sides = { ...c, inner: [] };
    if (c.lhsKept || c.rhsKept || !isFixed(sides) || [...batch, ...rows, ...columns].length === 0) return undefined;
    for (const value of LONG_FROM) {
      if (value < least) continue;
      const here = substituted(c, name, value);
      if (!isFixed(here)) return undefined;
      const inner = here.inner.map((a, i) =>
        isFixed({ ...sides, inner: [c.inner[i]] }) ? a : { ...a, real: c.inner[i] },
      );
      const deep = planDeep({ ...here, inner }, this.machine);
      if (deep) return { from: value, upTo: null, how: { deep } };
    }
    return undefined;
  }
  /** Without a copy of the rows where they may be fewer than tiles of one height take. */
  #atLeast({ contraction, plan }: PlannedContraction, from: number): ContractionPlan {
    if (!plan.packLhs || plan.vectors === "inner" || plan.rowAxis === null) return plan;
    const { size } = realised(contraction).rows[plan.rowAxis];
    const lower = withLeast(this.name, from, () => lowerHeights(size, plan.height).length > 0);
    return lower ? { ...plan, packLhs: false } : plan;
  }
}

function substituted(c: SizedContraction, name: string, value: number): SizedContraction {
  const sizes = new Map([[name, value]]);
  const at = (d: Dim): Dim => substituteDim(d, sizes);
  const axes = (list: readonly SizedAxis[]): SizedAxis[] =>
    list.map((a) => ({ ...a, size: at(a.size), lhs: at(a.lhs), rhs: at(a.rhs), out: at(a.out) }));
  return {
    ...c,
    lhsBase: at(c.lhsBase ?? 0),
    rhsBase: at(c.rhsBase ?? 0),
    batch: axes(c.batch),
    rows: axes(c.rows),
    columns: axes(c.columns),
    inner: axes(c.inner),
  };
}

/** 1 for `from` … `upTo`, else 0. */
export function within(size: Dim, from: number, upTo: number | null): Dim {
  const reached = (n: number): Dim => (leastOf(size) >= n ? 1 : dimMin(dimFloorDiv(size, n), 1));
  return upTo === null ? reached(from) : dimSub(reached(from), reached(upTo + 1));
}

export function emitRanges(k: ScalarCode, { name, ranges }: RangedContraction, store: StoreResult): void {
  for (const { from, upTo, how } of ranges) {
    const emit = (): void => {
      if (how.deep) emitDeep(k, how.deep, store);
      else emitContraction(k, how.contraction, how.plan, store);
    };
    if (name === undefined) emit();
    else k.t.where(within(symbol(name), from, upTo), () => withLeast(name, from, emit));
  }
}

/** Whether a piece of the result may be computed twice, or not at once. */
export function overlapsAnywhere({ name, ranges }: RangedContraction): boolean {
  return ranges.some(
    ({ from, how }) =>
      how.deep !== undefined ||
      (name === undefined
        ? overlaps(how.contraction, how.plan)
        : withLeast(name, from, () => overlaps(how.contraction, how.plan))),
  );
}

export function describeRanges({ name, ranges }: RangedContraction): string {
  return ranges
    .map(({ from, upTo, how }) => {
      const text = how.deep ? describeDeep(how.deep) : describePlan(how.plan);
      if (name === undefined) return text;
      return upTo === null
        ? `${name} ≥ ${from}: ${text}`
        : `${name} = ${from === upTo ? from : `${from} … ${upTo}`}: ${text}`;
    })
    .join("; ");
}
