/**
 * Which formula over named sizes a number in a program follows. A function is traced at several sizes; a number that stands
 * at one place of each trace is fitted by sizes that the program has already, then by simple formulas: k·n, n·m, k·n + c,
 * quotients, extrema. A formula is a guess: every further size is checked against its own trace (`match.ts`).
 */
import { type Dim, dimAdd, dimFloorDiv, dimMax, dimMin, dimMul, isStatic, symbol } from "../../ir/dim.js";
import { valueOf } from "../../ir/size.js";

/** Values of the names in one trace. */
export type Sizes = ReadonlyMap<string, number>;

/** Sizes of a program that further numbers are compared with. */
const KNOWN = 64;
/** Divisors that are tried. */
const DIVISORS = 16;

export class Fitter {
  /** Several formulas went through some numbers: a trace at other sizes would tell them apart. */
  ambiguous = false;
  /** What a size must be above to tell them apart, where it is that large. */
  apart = 0;
  /** Known dims by their values in the traces. */
  readonly #known = new Map<string, Dim[]>();
  readonly #fits = new Map<string, Dim | undefined>();
  readonly #names: readonly { readonly dim: Dim; readonly values: readonly number[] }[];

  constructor(
    names: readonly string[],
    readonly samples: readonly Sizes[],
    /** Sizes of the blocks that kernels cut arrays into. */
    readonly blocks: readonly number[] = [],
  ) {
    this.#names = names.map((name) => ({ dim: symbol(name), values: this.valuesOf(symbol(name)) }));
    for (const n of this.#names) this.note(n.dim);
  }

  valuesOf(d: Dim): readonly number[] {
    return this.samples.map((s) => valueOf(d, s));
  }

  /** Tells of a size that a result of the program has. */
  note(d: Dim): void {
    if (isStatic(d)) return;
    const key = this.valuesOf(d).join();
    const dims = this.#known.get(key);
    if (dims === undefined) {
      if (this.#known.size < KNOWN) this.#known.set(key, [d]);
    } else if (dims.every((x) => String(x) !== String(d))) dims.push(d);
  }

  /** The formula of a size that was these numbers; undefined when none is simple enough. */
  fit(values: readonly number[]): Dim | undefined {
    const key = values.join();
    const known = this.#known.get(key);
    const constant = values.every((v) => v === values[0]);
    if (known !== undefined) {
      if (constant || known.length > 1) this.ambiguous = true;
      return constant ? values[0] : known[0];
    }
    if (constant) {
      // a number that a size was, too: it may be that size's at other times
      if (values.length < 3 && this.#names.some((n) => n.values.includes(values[0]))) this.ambiguous = true;
      // a few sizes may need equally many blocks
      for (const { block } of values.length < 3 ? this.#blocks(values) : []) {
        this.ambiguous = true;
        this.apart = Math.max(this.apart, block);
      }
      return values[0];
    }
    if (!this.#fits.has(key)) this.#fits.set(key, this.#search(values));
    return this.#fits.get(key);
  }

  #search(values: readonly number[]): Dim | undefined {
    const found = [
      ...this.#blocks(values),
      ...this.#multiples(values),
      ...this.#sums(values),
      ...this.#quotients(values),
      ...this.#extrema(values),
    ];
    const different = new Set(found.map((f) => String(f.dim)));
    if (found.length > 0 && (!found[0].certain || different.size > 1) && !found[0].exact) this.ambiguous = true;
    return found[0]?.dim;
  }

  /** k·n, k·n·m and k times a known size. */
  *#multiples(values: readonly number[]): Iterable<Found> {
    const bases = [
      ...this.#names.map((n) => ({ ...n, exact: true })),
      ...this.#knownDims().map((n) => ({ ...n, exact: false })),
      ...this.#names.flatMap((n, i) =>
        this.#names.slice(i).map((m) => ({
          dim: dimMul(n.dim, m.dim),
          values: n.values.map((v, k) => v * m.values[k]),
          exact: false,
        })),
      ),
    ];
    for (const b of bases) {
      const k = values[0] / b.values[0];
      if (Number.isInteger(k) && values.every((v, i) => v === k * b.values[i]))
        yield { dim: dimMul(b.dim, k), certain: true, exact: b.exact };
    }
  }

  /** Blocks that cover a size, ⌈n / block⌉, and those that fit in it; or so many times as many. */
  #blocks(values: readonly number[]): readonly (Found & { readonly block: number })[] {
    const found: (Found & { readonly block: number })[] = [];
    for (const n of this.#names)
      for (const block of this.blocks)
        for (const c of [block - 1, 0]) {
          const count = n.values.map((v) => Math.floor((v + c) / block));
          const times = values[0] / count[0];
          if (Number.isInteger(times) && times > 0 && values.every((v, i) => v === times * count[i])) {
            const dim = dimMul(dimFloorDiv(dimAdd(n.dim, c), block), times);
            // as many as there are is likelier than so many times as many
            found.splice(times === 1 ? 0 : found.length, 0, { dim, certain: true, exact: false, block });
          }
        }
    return found;
  }

  /** k·n + c, and a known size plus a number. */
  *#sums(values: readonly number[]): Iterable<Found> {
    for (const b of [...this.#names, ...this.#knownDims()]) {
      const other = b.values.findIndex((v) => v !== b.values[0]);
      if (other < 0) continue;
      const k = (values[other] - values[0]) / (b.values[other] - b.values[0]);
      const c = values[0] - k * b.values[0];
      if (!Number.isInteger(k) || k === 0 || !values.every((v, i) => v === k * b.values[i] + c)) continue;
      const certain = values.length > 2 || (Math.abs(k) === 1 && Math.abs(c) <= 8);
      yield { dim: dimAdd(dimMul(b.dim, k), c), certain, exact: false };
    }
  }

  /** ⌊(n + c) / k⌋ + d, or k times that quotient; d other than 0 only where there are numbers enough to tell. */
  *#quotients(values: readonly number[]): Iterable<Found> {
    for (const n of this.#names) {
      for (let k = 2; k <= DIVISORS; k++) {
        for (let c = 0; c < k; c++) {
          for (const factor of [1, k]) {
            const quotient = (i: number): number => factor * Math.floor((n.values[i] + c) / k);
            const d = values[0] - quotient(0);
            if (d !== 0 && values.length < 3) continue;
            if (values.every((v, i) => v === quotient(i) + d))
              yield {
                dim: dimAdd(dimMul(dimFloorDiv(dimAdd(n.dim, c), k), factor), d),
                certain: false,
                exact: false,
              };
          }
        }
      }
    }
  }

  /** min(n, c) and max(n, c), where both happened. */
  *#extrema(values: readonly number[]): Iterable<Found> {
    for (const n of this.#names) {
      const at = values.findIndex((v, i) => v !== n.values[i]);
      if (at < 0 || !values.some((v, i) => v === n.values[i])) continue;
      const c = values[at];
      if (values.every((v, i) => v === Math.min(n.values[i], c)))
        yield { dim: dimMin(n.dim, c), certain: true, exact: false };
      if (values.every((v, i) => v === Math.max(n.values[i], c)))
        yield { dim: dimMax(n.dim, c), certain: true, exact: false };
    }
  }

  #knownDims(): { readonly dim: Dim; readonly values: readonly number[] }[] {
    return [...this.#known.entries()].map(([key, dims]) => ({ dim: dims[0], values: key.split(",").map(Number) }));
  }
}

interface Found {
  readonly dim: Dim;
  /** Other formulas of the same kind are unlikely. */
  readonly certain: boolean;
  /** A multiple of one name: taken whatever else fits. */
  readonly exact: boolean;
}
