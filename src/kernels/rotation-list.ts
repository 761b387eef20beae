/**
 * Plane rotations of neighbouring vectors, kept while an iteration finds them and applied later, to a few elements of all
 * vectors at a time: those stay in the nearest cache, and threads share the elements (Van Zee, van de Geijn & Quintana-Ortí 2014).
 */
import type { Dim } from "../ir/dim.js";
import type { DType } from "../ir/dtype.js";
import type { TileAtom, TileRef } from "../ir/tile.js";
import { MatrixView, type ScalarCode, VectorView } from "./scalar-code.js";

/** Rotations of a part, at most, of one matrix. */
const MOST = 1 << 18;
/** One part is being found while the vectors are turned by the other. */
const PARTS = 2;
/** More sweeps than matrices of n vectors need as a rule. */
const SWEEPS_EACH = 4;

export interface RotationRefs {
  /** Rotations of a part. */
  readonly capacity: number;
  /** For each sweep its first vector and its rotations; one more element counts the sweeps. */
  readonly sweeps: TileRef;
  /** Of each list, cosine and sine of each rotation. */
  readonly lists: readonly TileRef[];
}
export interface Recorder {
  /** Whether the part holds so many rotations more. */
  hasRoom(rotations: TileAtom): TileAtom;
  /** Next are so many rotations, of vectors first and first + 1, then first + 1 and first + 2, … */
  sweep(first: TileAtom, rotations: TileAtom): void;
  /** The next rotation of each list. */
  push(...turns: readonly (readonly [c: TileAtom, s: TileAtom])[]): void;
}
/** Memory for rotations of n vectors: as many lists as matrices are turned. */
export function rotationRefs(
  k: ScalarCode,
  dtype: DType,
  n: number,
  lists: number,
  several: (each: number) => Dim,
): RotationRefs {
  // a third of what there is to turn mostly
  const capacity = Math.max(n, Math.min(Math.ceil((n * n) / 3), MOST));
  const parts = (each: number): Dim => several(PARTS * each);
  return {
    capacity,
    sweeps: k.t.ref("sweeps", "i32", "scratch", parts(2 * sweepsOf(n) + 1)),
    lists: Array.from({ length: lists }, (_, i) => k.t.ref(`rotations${i}`, dtype, "scratch", parts(2 * capacity))),
  };
}
const sweepsOf = (n: number): number => SWEEPS_EACH * n;

/** One part of them. */
export class RotationList {
  readonly #sweeps: VectorView;
  readonly #lists: readonly VectorView[];
  readonly #capacity: number;
  constructor(
    readonly k: ScalarCode,
    { sweeps, lists, capacity }: RotationRefs,
    readonly n: number,
    matrix: TileAtom,
    part: TileAtom,
  ) {
    const at = k.add(k.mul(matrix, PARTS), part);
    this.#sweeps = new VectorView(k, sweeps, k.mul(at, 2 * sweepsOf(n) + 1));
    this.#lists = lists.map((ref) => new VectorView(k, ref, k.mul(at, 2 * capacity)));
    this.#capacity = capacity;
  }
  /** No rotations. */
  clear(): void {
    this.#sweeps.set(2 * sweepsOf(this.n), this.k.i32(0));
  }
  /** `find` finds rotations, as long as there is room. */
  record(find: (recorder: Recorder) => void): void {
    const { k, n } = this;
    const { t } = k;
    const used = t.var(t.i32(0));
    const count = t.var(t.i32(0));
    find({
      hasRoom: (rotations) => k.and(k.le(k.add(used, rotations), this.#capacity), k.lt(count, sweepsOf(n))),
      sweep: (first, rotations) => {
        const at = k.mul(count, 2);
        this.#sweeps.set(at, first);
        this.#sweeps.set(k.add(at, 1), rotations);
        t.assign(count, k.add(count, 1));
      },
      push: (...turns) => {
        const at = k.mul(used, 2);
        turns.forEach(([c, s], i) => {
          const list = this.#lists[i];
          list.set(at, t.convert(c, list.dtype));
          list.set(k.add(at, 1), t.convert(s, list.dtype));
        });
        t.assign(used, k.add(used, 1));
      },
    });
    this.#sweeps.set(2 * sweepsOf(n), count);
  }
  /** Turns the vectors by list `which`: row i of `vectors` has `width` elements of vector i. */
  apply(which: number, vectors: MatrixView, width: number): void {
    const { k } = this;
    const { t } = k;
    const list = this.#lists[which];
    const done = t.var(t.i32(0));
    k.for(0, this.#sweeps.at(2 * sweepsOf(this.n)), (sweep) => {
      const first = this.#sweeps.at(k.mul(sweep, 2));
      const rotations = this.#sweeps.at(k.add(k.mul(sweep, 2), 1));
      const from = new VectorView(k, list.ref, k.add(list.base, done), list.dtype);
      const rows = new MatrixView(k, vectors.ref, k.add(vectors.base, k.mul(first, vectors.rowStride)), width);
      const x = t.var(rows.at(0, 0, width));
      k.for(0, rotations, (i) => {
        const [c, s] = [from.at(k.mul(i, 2)), from.at(k.add(k.mul(i, 2), 1))];
        const y = rows.at(k.add(i, 1), 0, width);
        const upper = t.var(k.mul(y, s));
        t.assign(upper, k.add(upper, k.mul(x, c)));
        const lower = t.var(k.mul(y, c));
        t.assign(lower, k.add(lower, k.mul(x, k.neg(s))));
        rows.set(i, 0, upper, width);
        t.assign(x, lower);
      });
      rows.set(rotations, 0, x, width);
      t.assign(done, k.add(done, k.mul(rotations, 2)));
    });
  }
}
/** A rotation that takes (f, g) to (r, 0): c = f / r, s = g / r, r ≥ 0; of numbers that are not much larger than 1. */
export function turnOf(k: ScalarCode, f: TileAtom, g: TileAtom): { c: TileAtom; s: TileAtom; r: TileAtom } {
  const { t } = k;
  const square = k.add(k.mul(f, f), k.mul(g, g));
  const r = t.var(k.sqrt(square));
  const [c, s] = [t.var(k.div(f, r)), t.var(k.div(g, r))];
  // squares that vanish
  t.if(k.lt(square, 2 ** -900), () => {
    const [x, y] = [k.mul(f, 2 ** 900), k.mul(g, 2 ** 900)];
    const large = k.sqrt(k.add(k.mul(x, x), k.mul(y, y)));
    const none = k.eq(large, 0);
    const divisor = k.select(none, 1, large);
    t.assign(r, k.mul(large, 2 ** -900));
    t.assign(c, k.select(none, 1, k.div(x, divisor)));
    t.assign(s, k.div(y, divisor));
  });
  return { c, s, r };
}
