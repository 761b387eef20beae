/** The k greatest elements of each row: one row per program of the grid, long rows in parts. */
import type { Aval } from "../ir/aval.js";
import { type Dim, dimFloorDiv, dimAdd, dimMul, dimProduct, isStatic, leastOf } from "../ir/dim.js";
import { isFloat } from "../ir/dtype.js";
import type { SortOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";
import type { TileAtom, TileRef } from "../ir/tile.js";
import { hintOf, mostLikely } from "../ir/size.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { BestOfRow, BLOCK } from "./best-of-row.js";
import { within } from "./contract/ranges.js";
import { type Column, less } from "./merge-sort.js";
import { LONG, partsOfLine, type SortedLine } from "./radix-sort.js";
import { sortLines } from "./sort-lines.js";
import { type Operand, ScalarCode } from "./scalar-code.js";

/** Up to this many are kept in a sorted list while the row goes by; of more, where they are a large part of the row, the whole row is sorted. */
const LIST = 64;
/** Elements that a vector loop passes over in the time of moving one, about. */
const PASSED = 8;

/** Refs: x in, values out, indices out (i32), then scratch. */
export function topK(operands: readonly Aval[], { k: count }: SortOps["top_k"]): Program<"tile"> {
  const [x] = operands;
  const n = x.shape[x.shape.length - 1];
  const rows = n === 0 ? 0 : dimProduct(x.shape.slice(0, -1));
  const t = new TileBuilder("top_k");
  const k = new ScalarCode(t);
  const xs = t.ref("x", x.dtype, "in", dimMul(rows, n));
  const values = t.ref("values", x.dtype, "out", dimMul(rows, count));
  const indices = t.ref("indices", "i32", "out", dimMul(rows, count));
  /** What `short` adds for rows below this length, and `long` for others. */
  const split = (from: number, short: () => void, long: () => void): void => {
    if (leastOf(n) >= from) long();
    else if (mostLikely(n) < from) short();
    else {
      t.where(within(n, 0, from - 1), short);
      t.where(within(n, from, null), long);
    }
  };
  const best = (): void => {
    const best = new BestOfRow(k, count, x.dtype, rows);
    t.stage([rows], (row) => best.find(row, xs, k.mul(row, n), n, { values, indices, base: k.mul(row, count) }));
  };
  const sorted = (): void => {
    const [v0, i0, v1, i1] = ["v0", "i0", "v1", "i1"].map((name) =>
      t.ref(name, name.startsWith("v") ? x.dtype : "i32", "scratch", dimMul(rows, n)),
    );
    const lineAt = (row: TileAtom): SortedLine => {
      const base = k.mul(row, n);
      const columns = (...refs: (typeof v0)[]): Column[] => refs.map((ref) => ({ ref, base, stride: 1 }));
      const source = (i: TileAtom): TileAtom[] => [t.load(xs, k.add(base, i)), i];
      return { source, target: columns(v0, i0), spare: columns(v1, i1) };
    };
    const before = (a: readonly TileAtom[], b: readonly TileAtom[]): TileAtom => less(k, b[0], a[0]);
    sortLines(k, { n, grid: [rows], lines: rows, keys: [x.dtype], before, descending: true }, lineAt);
    t.stage([rows], (row) => {
      const [from, to] = [k.mul(row, n), k.mul(row, count)];
      k.for(0, count, (i) => {
        t.store(values, k.add(to, i), t.load(v0, k.add(from, i)));
        t.store(indices, k.add(to, i), t.load(i0, k.add(from, i)));
      });
    });
  };
  const listed = (): void => {
    t.stage([rows], (row) => {
      const list = new List(k, count, { values, indices, base: k.mul(row, count) });
      list.offer(xs, k.mul(row, n), 0, n);
    });
  };
  const inParts = (parts: number): void => listInParts(k, { xs, values, indices }, { n, rows, count, parts });
  if (count > LIST) split(BestOfRow.leastLength(count), sorted, best);
  else if (count > 0) {
    const parts = partsFor(isStatic(n) ? n : Math.max(hintOf(n), LONG), rows, count);
    split(LONG, listed, parts === 1 ? listed : () => inParts(parts));
  }
  return t.finish();
}

/** The list of each part of a row, then that of their lists. */
function listInParts(
  k: ScalarCode,
  { xs, values, indices }: { readonly xs: TileRef; readonly values: TileRef; readonly indices: TileRef },
  { n, rows, count, parts }: { readonly n: Dim; readonly rows: Dim; readonly count: number; readonly parts: number },
): void {
  const { t } = k;
  // the list of each part, then that of their lists one after the other: what is equal stays in the order of the row
  const some = dimMul(rows, parts * count);
  const found = { values: t.ref("found", xs.dtype, "scratch", some), indices: t.ref("at", "i32", "scratch", some) };
  const length = dimFloorDiv(dimAdd(n, parts - 1), parts);
  t.stage([rows, parts], (row, part) => {
    const list = new List(k, count, { ...found, base: k.mul(k.add(k.mul(row, parts), part), count) });
    const start = k.mul(part, length);
    list.offer(xs, k.mul(row, n), start, k.min(k.add(start, length), n));
  });
  t.stage([rows], (row) => {
    const list = new List(k, count, { values, indices, base: k.mul(row, count) });
    list.offer(found.values, k.mul(row, parts * count), 0, parts * count, found.indices);
  });
}

/** Parts of a row that are worth it: each fills a list of its own, where an element that comes in moves half of those that are there. */
function partsFor(n: number, rows: Dim, count: number): number {
  let parts = partsOfLine(n, rows);
  const moved = (): number => (parts * count * Math.log(Math.max(2, n / parts / count)) * count) / 2;
  while (parts > 1 && moved() * PASSED > n / 2) parts = Math.floor(parts / 2);
  return parts;
}

/** The greatest elements so far, in order; equal ones as they came. */
class List {
  constructor(
    readonly k: ScalarCode,
    readonly count: number,
    readonly place: { readonly values: TileRef; readonly indices: TileRef; readonly base: TileAtom },
  ) {}

  /** Elements base + start … base + end - 1 of `from`, at least `count`; `indices`: what they are the elements of. */
  offer(from: TileRef, base: TileAtom, start: Operand, end: Operand, indices?: TileRef): void {
    const { k, count } = this;
    const { t } = k;
    const one = (i: TileAtom): void => {
      const value = t.load(from, k.add(base, i));
      const come = k.sub(i, start);
      // equal elements stay behind those that came first
      const enters = k.or(k.lt(come, count), less(k, this.#last(), value));
      t.if(enters, () => this.#insert(k.min(come, count - 1), value, indices ? t.load(indices, k.add(base, i)) : i));
    };
    const width = BLOCK[from.dtype] ?? 1;
    if (width === 1 || (typeof end === "number" && end < 2 * width)) {
      k.for(start, end, one);
      return;
    }
    k.for(
      start,
      end,
      (i) => {
        const any = t.var(t.const(true, "bool"));
        const next = k.add(i, width);
        t.if(k.and(k.ge(k.sub(i, start), count), k.le(next, end)), () => {
          const block = t.load(from, k.add(base, i), [width], [1]);
          // NaN stands above everything
          const above = isFloat(from.dtype) ? k.not(k.le(block, this.#last())) : k.gt(block, this.#last());
          t.assign(any, t.reduce("or", above, 0));
        });
        t.if(any, () => k.for(i, k.min(next, end), one));
      },
      width,
    );
  }
  #last(): TileAtom {
    const { k, place } = this;
    return k.t.load(place.values, k.add(place.base, this.count - 1));
  }
  /** Moves what is less by one place, from this place on, whose element is lost. */
  #insert(last: TileAtom, value: TileAtom, index: TileAtom): void {
    const { k } = this;
    const { t } = k;
    const { values, indices, base } = this.place;
    const at = t.var(last);
    t.while(
      () => {
        const previous = t.load(values, k.add(base, k.max(k.sub(at, 1), 0)));
        return k.and(k.gt(at, 0), less(k, previous, value));
      },
      () => {
        const [from, to] = [k.add(base, k.sub(at, 1)), k.add(base, at)];
        t.store(values, to, t.load(values, from));
        t.store(indices, to, t.load(indices, from));
        t.assign(at, k.sub(at, 1));
      },
    );
    t.store(values, k.add(base, at), value);
    t.store(indices, k.add(base, at), index);
  }
}
