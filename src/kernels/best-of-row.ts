/**
 * The k best elements of a row, for k that are too many for a list that is kept in order. What may be among them goes to a place of a few times k;
 * when that is full it is sorted, k stay, and only what is better than the last of them comes in from then on. Of n elements in random order
 * about k·(1 + ln(n/k)) come in; if all do, because the row rises, each is sorted a few times.
 */
import { type Dim, dimMul } from "../ir/dim.js";
import { type DType, isFloat } from "../ir/dtype.js";
import { identityOf } from "../ir/reduce-op.js";
import type { TileAtom, TileRef } from "../ir/tile.js";
import { type Column, less, MergeSort } from "./merge-sort.js";
import { RadixSort, type SortedLine } from "./radix-sort.js";
import type { ScalarCode } from "./scalar-code.js";

/** Elements that are compared with the last of the best at once, where vectors compare them. */
export const BLOCK: Partial<Readonly<Record<DType, number>>> = { f32: 16, i32: 16, u32: 16, f64: 8 };

/** Places for each of the k, and the least length of a row, in such places, for which this is worth it. */
const PLACES = 4;
const LEAST_ROWS = 2;

export class BestOfRow {
  readonly #places: number;
  readonly #columns: readonly TileRef[];
  readonly #radix: RadixSort;
  readonly #counts: ((line: TileAtom) => Column) | undefined;

  /** The length of a row from which on it is better done so than by sorting it. */
  static leastLength(count: number): number {
    return LEAST_ROWS * PLACES * count;
  }

  constructor(
    readonly k: ScalarCode,
    readonly count: number,
    dtype: DType,
    rows: Dim,
  ) {
    this.#places = PLACES * count;
    this.#columns = ["v0", "i0", "v1", "i1"].map((name) =>
      k.t.ref(name, name.startsWith("v") ? dtype : "i32", "scratch", dimMul(rows, this.#places)),
    );
    this.#radix = new RadixSort(k, this.#places, [dtype], true);
    const least = RadixSort.leastLength([dtype]);
    this.#counts = least !== undefined && this.#places >= least ? this.#radix.counters(rows) : undefined;
  }

  /** Elements base … base + n - 1 of `from`, the best of which go to `to` with their numbers. */
  find(
    row: TileAtom,
    from: TileRef,
    base: TileAtom,
    n: Dim,
    to: { readonly values: TileRef; readonly indices: TileRef; readonly base: TileAtom },
  ): void {
    const { k, count } = this;
    const { t } = k;
    const [v0, i0] = this.#columns;
    const first = k.mul(row, this.#places);
    const none = t.const(identityOf("max", from.dtype), from.dtype);
    const filled = t.var(t.i32(0));
    const all = t.var(t.const(true, "bool"));
    const last = t.var(none);
    const one = (i: TileAtom): void => {
      const value = t.load(from, k.add(base, i));
      // equal elements stay behind those that came first
      t.if(k.or(all, less(k, last, value)), () => {
        const at = k.add(first, filled);
        t.store(v0, at, value);
        t.store(i0, at, i);
        t.assign(filled, k.add(filled, 1));
        t.if(k.eq(filled, this.#places), () => {
          this.#sort(row);
          t.assign(filled, t.i32(count));
          t.assign(last, t.load(v0, k.add(first, count - 1)));
          t.assign(all, t.const(false, "bool"));
        });
      });
    };
    const width = BLOCK[from.dtype] ?? 1;
    if (width === 1) k.for(0, n, one);
    else
      k.for(
        0,
        n,
        (i) => {
          const any = t.var(t.const(true, "bool"));
          const next = k.add(i, width);
          t.if(k.and(k.not(all), k.le(next, n)), () => {
            const block = t.load(from, k.add(base, i), [width], [1]);
            // NaN stands above everything, and nothing above it
            const above = isFloat(from.dtype)
              ? k.and(k.not(k.le(block, last)), t.broadcast(k.eq(last, last), [width], []))
              : k.gt(block, last);
            t.assign(any, t.reduce("or", above, 0));
          });
          t.if(any, () => k.for(i, k.min(next, n), one));
        },
        width,
      );
    // places that are empty stand behind all others
    k.for(filled, this.#places, (i) => {
      t.store(v0, k.add(first, i), none);
      t.store(i0, k.add(first, i), t.i32(0));
    });
    this.#sort(row);
    k.for(0, count, (i) => {
      t.store(to.values, k.add(to.base, i), t.load(v0, k.add(first, i)));
      t.store(to.indices, k.add(to.base, i), t.load(i0, k.add(first, i)));
    });
  }

  #sort(row: TileAtom): void {
    const { k } = this;
    const { t } = k;
    const base = k.mul(row, this.#places);
    const columns = (...refs: readonly TileRef[]): Column[] => refs.map((ref) => ({ ref, base, stride: 1 }));
    const [v0, i0, v1, i1] = this.#columns;
    const line: SortedLine = {
      source: (i: TileAtom) => [v0, i0].map((ref) => t.load(ref, k.add(base, i))),
      target: columns(v0, i0),
      spare: columns(v1, i1),
    };
    if (this.#counts) this.#radix.sort(line, this.#counts(row));
    else new MergeSort(k, this.#places, (a, b) => less(k, b[0], a[0])).sort(line.source, line.target, line.spare);
  }
}
