/** The k greatest elements of each row, one row per program of the grid. */
import type { Aval } from "../ir/aval.js";
import { dimMul, dimProduct } from "../ir/dim.js";
import type { SortOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";
import type { TileAtom } from "../ir/tile.js";
import { staticSizes } from "../ir/size.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { type Column, less, MergeSort } from "./merge-sort.js";
import { RadixSort } from "./radix-sort.js";
import { ScalarCode } from "./scalar-code.js";

/** Up to this many are kept in a sorted list while the row goes by; for more the whole row is sorted. */
const LIST = 64;

/** Refs: x in, values out, indices out (i32), then scratch. */
export function topK(operands: readonly Aval[], { k: count }: SortOps["top_k"]): Program<"tile"> {
  const [x] = operands;
  const [n] = staticSizes(x.shape.slice(-1));
  const rows = n === 0 ? 0 : dimProduct(x.shape.slice(0, -1));
  const t = new TileBuilder("top_k");
  const k = new ScalarCode(t);
  const xs = t.ref("x", x.dtype, "in", dimMul(rows, n));
  const values = t.ref("values", x.dtype, "out", dimMul(rows, count));
  const indices = t.ref("indices", "i32", "out", dimMul(rows, count));
  if (count > LIST) {
    const sorter = new MergeSort(k, n, (a, b) => less(k, b[0], a[0]));
    const [v0, i0, v1, i1] = ["v0", "i0", "v1", "i1"].map((name) =>
      t.ref(name, name.startsWith("v") ? x.dtype : "i32", "scratch", dimMul(rows, n)),
    );
    const radix = new RadixSort(k, n, [x.dtype], true);
    const counts = radix.pays ? radix.counters(rows) : undefined;
    t.stage([rows], (row) => {
      const base = k.mul(row, n);
      const columns = (...refs: (typeof v0)[]): Column[] => refs.map((ref) => ({ ref, base, stride: 1 }));
      const source = (i: TileAtom): TileAtom[] => [t.load(xs, k.add(base, i)), i];
      if (counts) radix.sort({ source, target: columns(v0, i0), spare: columns(v1, i1) }, counts(row));
      else sorter.sort(source, columns(v0, i0), columns(v1, i1));
      const to = k.mul(row, count);
      k.for(0, count, (i) => {
        t.store(values, k.add(to, i), t.load(v0, k.add(base, i)));
        t.store(indices, k.add(to, i), t.load(i0, k.add(base, i)));
      });
    });
    return t.finish();
  }
  if (count === 0) return t.finish();
  t.stage([rows], (row) => {
    const from = k.mul(row, n);
    const to = k.mul(row, count);
    k.for(0, n, (i) => {
      const value = t.load(xs, k.add(from, i));
      // equal elements stay behind those that came first
      const lastKept = t.load(values, k.add(to, count - 1));
      const enters = k.or(k.lt(i, count), less(k, lastKept, value));
      t.if(enters, () => {
        const place = t.var(k.min(i, count - 1));
        t.while(
          () => {
            const previous = t.load(values, k.add(to, k.max(k.sub(place, 1), 0)));
            return k.and(k.gt(place, 0), less(k, previous, value));
          },
          () => {
            const previous = k.add(to, k.sub(place, 1));
            const at = k.add(to, place);
            t.store(values, at, t.load(values, previous));
            t.store(indices, at, t.load(indices, previous));
            t.assign(place, k.sub(place, 1));
          },
        );
        t.store(values, k.add(to, place), value);
        t.store(indices, k.add(to, place), i);
      });
    });
  });
  return t.finish();
}
