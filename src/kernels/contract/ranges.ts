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
import type { ScalarCode } from "../scalar-code.js";
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
  [25, 32],
  [13, 24],
  [7, 12],
  [4, 6],
] as const;
/** Values with plans of their own. */
const ALONE = [3, 2];
/** What another plan must gain to be worth its code. */
const GAIN = 1.08;

export function planRanges(c: SizedContraction, machine: ContractionMachine): RangedContraction | undefined {
  const large = planContraction(c, machine);
  if (!large) return undefined;
  const name = decidingName(c);
  const single = (): RangedContraction => {
    const deep = isFixed(c) ? planDeep(c, machine) : undefined;
    const how = deep ? { deep } : { contraction: realised(large.contraction), plan: large.plan };
    return { name: undefined, ranges: [{ from: 1, upTo: null, how }], large };
  };
  if (name === undefined) return single();
  const least = Math.max(1, leastOf(symbol(name)));
  const search = new Search(c, machine, name);
  // most contractions are large at any size
  if (search.suits(large, least)) return single();
  return { name, ranges: search.ranges(large, least), large };
}

/** The name that the sides and the sum depend on: rows before columns before the sum. */
function decidingName(c: SizedContraction): string | undefined {
  for (const axes of [c.rows, c.columns, c.inner])
    for (const { size } of axes) for (const name of namesOf(size)) return name;
  return undefined;
}

class Search {
  /** Plans for large sizes, the cheapest of each kind. */
  readonly #kinds: ReadonlyMap<string, PlannedContraction>;
  readonly #at = new Map<number, ReadonlyMap<string, PlannedContraction>>();
  constructor(
    readonly c: SizedContraction,
    readonly machine: ContractionMachine,
    readonly name: string,
  ) {
    this.#kinds = cheapest(candidates(planned(c), machine), this.#kindOf);
  }

  /** Plans of one kind differ in what the code adapts to: the height of tiles where the number of rows has a name. */
  readonly #kindOf = (p: PlannedContraction): string => {
    const { vectors, rowAxis, columnAxis, height, width, packLhs, packRhs, lanes } = p.plan;
    const { rows, columns } = p.exchanged ? { rows: this.c.columns, columns: this.c.rows } : this.c;
    const adapts = rowAxis !== null && !isStatic(rows[rowAxis].size);
    const wide = vectors === "inner" && columnAxis !== null && !isStatic(columns[columnAxis].size);
    const own = adapts ? "" : `${height} ${packLhs}`;
    return `${p.exchanged} ${vectors} ${rowAxis} ${columnAxis} ${wide ? "" : width} ${packRhs} ${lanes} ${own}`;
  };
  /** The cheapest plan of each kind at this value. */
  #cheapest(value: number): ReadonlyMap<string, PlannedContraction> {
    let found = this.#at.get(value);
    if (!found) {
      found = cheapest(candidates(planned(substituted(this.c, this.name, value)), this.machine), this.#kindOf);
      this.#at.set(value, found);
    }
    return found;
  }
  /** Whether nothing else is much better at this value. */
  suits(plan: PlannedContraction, value: number): boolean {
    return this.#regret(this.#kindOf(plan), value, value) <= GAIN;
  }

  /** How many times the time of the best plan one of this kind takes at worst. */
  #regret(kind: string, from: number, upTo: number): number {
    const at = (value: number): number => {
      const kinds = this.#cheapest(value);
      const own = kinds.get(kind)?.cost ?? Number.POSITIVE_INFINITY;
      return own / Math.min(...[...kinds.values()].map((p) => p.cost));
    };
    return Math.max(at(from), at(upTo));
  }

  ranges(large: PlannedContraction, least: number): PlannedRange[] {
    const { name } = this;
    const found: PlannedRange[] = [];
    let current = large;
    let upTo: number | null = null;
    /** The current plan is for `from` … upTo, and what comes next ends before it. */
    const close = (from: number): void => {
      if (upTo === null || from <= upTo)
        found.push({
          from,
          upTo,
          how: { contraction: realised(current.contraction), plan: this.#atLeast(current, from) },
        });
      upTo = from - 1;
    };
    const few = INTERVALS[INTERVALS.length - 1][0];
    for (const [from, last] of INTERVALS) {
      if (from < least) break;
      // most are the same from here down
      if (this.suits(current, few)) break;
      const own = this.#regret(this.#kindOf(current), from, last);
      let best: { readonly plan: PlannedContraction; readonly regret: number } | undefined;
      for (const [kind, plan] of this.#kinds) {
        const regret = this.#regret(kind, from, last);
        if (!best || regret < best.regret) best = { plan, regret };
      }
      if (!best || own <= GAIN * best.regret) continue;
      close(last + 1);
      current = best.plan;
    }
    for (const value of ALONE) {
      if (value < least || this.suits(current, value)) continue;
      const here = substituted(this.c, name, value);
      const best = [...this.#cheapest(value).values()].reduce((a, b) => (b.cost < a.cost ? b : a));
      close(value + 1);
      const deep = isFixed(here) ? planDeep(here, this.machine) : undefined;
      const how = deep ? { deep } : { contraction: realised(best.contraction), plan: best.plan };
      found.push({ from: value, upTo: value, how });
      upTo = value - 1;
    }
    close(least);
    return found;
  }
  /** Without a copy of the rows where they may be fewer than tiles of one height take. */
  #atLeast({ contraction, plan }: PlannedContraction, from: number): ContractionPlan {
    if (!plan.packLhs || plan.vectors === "inner" || plan.rowAxis === null) return plan;
    const { size } = realised(contraction).rows[plan.rowAxis];
    const lower = withLeast(this.name, from, () => lowerHeights(size, plan.height).length > 0);
    return lower ? { ...plan, packLhs: false } : plan;
  }
}

function cheapest(
  list: readonly PlannedContraction[],
  kindOf: (p: PlannedContraction) => string,
): Map<string, PlannedContraction> {
  const best = new Map<string, PlannedContraction>();
  for (const p of list) {
    const kind = kindOf(p);
    const found = best.get(kind);
    if (!found || p.cost < found.cost) best.set(kind, p);
  }
  return best;
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
function within(size: Dim, from: number, upTo: number | null): Dim {
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
