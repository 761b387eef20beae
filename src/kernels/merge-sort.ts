/**
 * Stable bottom-up merge sort of records that lie in several arrays: insertion sort makes short runs, merges without
 * branches on the data double them, going to and fro between two places.
 */
import { type Dim, isStatic } from "../ir/dim.js";
import { isFloat } from "../ir/dtype.js";
import type { TileAtom, TileRef } from "../ir/tile.js";
import type { Operand, ScalarCode } from "./scalar-code.js";

/** One array of a record: element i at base + i·stride. */
export interface Column {
  readonly ref: TileRef;
  readonly base: TileAtom;
  readonly stride: Dim;
}
/** Whether record x stands strictly before y. */
export type Before = (x: readonly TileAtom[], y: readonly TileAtom[]) => TileAtom;

/** Longest run that insertion makes. */
const RUN = 16;
/** The other one is half of it: either from the sum of both. */
const OTHER = RUN + RUN / 2;

/** As numbers that compare: bool has no order on the machine. */
function comparable(k: ScalarCode, x: TileAtom): TileAtom {
  return x.dtype === "bool" ? k.t.convert(x, "i32") : x;
}
/** Strictly less, NaN after everything. */
export function less(k: ScalarCode, a: TileAtom, b: TileAtom): TileAtom {
  const [x, y] = [comparable(k, a), comparable(k, b)];
  // not (y ≤ x) is also true where one of them is NaN
  return isFloat(a.dtype) ? k.and(k.not(k.le(y, x)), k.eq(x, x)) : k.lt(x, y);
}
/** Equal, as NaN is to NaN. */
function same(k: ScalarCode, a: TileAtom, b: TileAtom): TileAtom {
  const [x, y] = [comparable(k, a), comparable(k, b)];
  const equal = k.eq(x, y);
  return isFloat(a.dtype) ? k.or(equal, k.and(k.ne(x, x), k.ne(y, y))) : equal;
}
/** Ascending by the first columns, one after the other. */
export function ascending(k: ScalarCode, numKeys: number): Before {
  return (x, y) => {
    let before = less(k, x[numKeys - 1], y[numKeys - 1]);
    for (let i = numKeys - 2; i >= 0; i--) before = k.or(less(k, x[i], y[i]), k.and(same(k, x[i], y[i]), before));
    return before;
  };
}

export class MergeSort {
  constructor(
    readonly k: ScalarCode,
    readonly n: Dim,
    readonly before: Before,
  ) {}

  #load(columns: readonly Column[], i: TileAtom): TileAtom[] {
    const { k } = this;
    return columns.map((c) => k.t.load(c.ref, k.add(c.base, k.mul(i, c.stride))));
  }
  #store(columns: readonly Column[], i: TileAtom, record: readonly TileAtom[]): void {
    const { k } = this;
    columns.forEach((c, a) => {
      k.t.store(c.ref, k.add(c.base, k.mul(i, c.stride)), record[a]);
    });
  }

  /** The run length from which an even number of merges leads back to where the runs were made. */
  #run(): Operand {
    const { k, n } = this;
    if (isStatic(n)) {
      let run = RUN;
      for (let width = RUN; width < n; width *= 2) run = OTHER - run;
      return run;
    }
    const run = k.t.var(k.t.i32(RUN));
    const width = k.t.var(k.t.i32(RUN));
    k.t.while(
      () => k.lt(width, n),
      () => {
        k.t.assign(run, k.sub(OTHER, run));
        k.t.assign(width, k.mul(width, 2));
      },
    );
    return run;
  }
  /** Whether lines of n elements are sorted by way of spare columns. */
  static needsSpare(n: Dim): boolean {
    return !isStatic(n) || n > RUN;
  }

  /** Sorts records 0 … n-1, read by `source`, into `target`. */
  sort(source: (i: TileAtom) => TileAtom[], target: readonly Column[], spare: readonly Column[]): void {
    const { k, n } = this;
    const run = this.#run();
    const sortRun = (start: TileAtom): TileAtom => {
      const end = k.min(k.add(start, run), n);
      this.#insertionSort(source, target, start, end);
      return end;
    };
    if (typeof run === "number") k.for(0, n, sortRun, run);
    else {
      const start = k.t.var(k.t.i32(0));
      k.t.while(
        () => k.lt(start, n),
        () => k.t.assign(start, sortRun(start)),
      );
    }
    if (!MergeSort.needsSpare(n)) return;
    const width = k.t.var(k.i32(run));
    k.t.while(
      () => k.lt(width, n),
      () => {
        this.#mergeAll(target, spare, width);
        k.t.assign(width, k.mul(width, 2));
        this.#mergeAll(spare, target, width);
        k.t.assign(width, k.mul(width, 2));
      },
    );
  }
  #insertionSort(source: (i: TileAtom) => TileAtom[], target: readonly Column[], start: TileAtom, end: TileAtom): void {
    const { k } = this;
    k.for(start, end, (i) => {
      const record = source(i);
      const j = k.t.var(i);
      k.t.while(
        () => {
          // before the first place the record is compared with itself-to-be, and the test on j decides
          const previous = this.#load(target, k.max(k.sub(j, 1), start));
          return k.and(k.gt(j, start), this.before(record, previous));
        },
        () => {
          const previous = k.sub(j, 1);
          this.#store(target, j, this.#load(target, previous));
          k.t.assign(j, previous);
        },
      );
      this.#store(target, j, record);
    });
  }
  /** Every pair of neighbouring runs of `width` in one pass. */
  #mergeAll(from: readonly Column[], to: readonly Column[], width: TileAtom): void {
    const { k, n } = this;
    const start = k.t.var(k.t.i32(0));
    k.t.while(
      () => k.lt(start, n),
      () => {
        const middle = k.min(k.add(start, width), n);
        const end = k.min(k.add(middle, width), n);
        const left = k.t.var(start);
        const right = k.t.var(middle);
        const out = k.t.var(start);
        k.t.while(
          () => k.and(k.lt(left, middle), k.lt(right, end)),
          () => {
            const x = this.#load(from, left);
            const y = this.#load(from, right);
            // ties are taken from the left run: the sort is stable
            const takeRight = this.before(y, x);
            this.#store(
              to,
              out,
              x.map((v, a) => k.select(takeRight, y[a], v)),
            );
            const one = k.t.convert(takeRight, "i32");
            k.t.assign(right, k.add(right, one));
            k.t.assign(left, k.add(left, k.sub(1, one)));
            k.t.assign(out, k.add(out, 1));
          },
        );
        this.#copy(from, to, left, middle, out);
        this.#copy(from, to, right, end, out);
        k.t.assign(start, end);
      },
    );
  }
  #copy(from: readonly Column[], to: readonly Column[], first: TileAtom, end: TileAtom, out: TileAtom): void {
    const { k } = this;
    const shift = k.sub(out, first);
    k.for(first, end, (i) => this.#store(to, k.add(i, shift), this.#load(from, i)));
  }
}
