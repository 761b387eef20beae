/** Stable sort along one axis: by digits where lines are long, else by merging. */
import type { Aval } from "../ir/aval.js";
import { dimMul, dimProduct } from "../ir/dim.js";
import type { SortOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";
import type { TileAtom } from "../ir/tile.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { ascending } from "./merge-sort.js";
import type { SortedLine } from "./radix-sort.js";
import { ScalarCode } from "./scalar-code.js";
import { sortLines, spareColumns } from "./sort-lines.js";

/** Refs: operands in, results out in the same order, then scratch. All sorts are stable, `stable` or not. */
export function sort(operands: readonly Aval[], { axis, numKeys }: SortOps["sort"]): Program<"tile"> {
  const { shape } = operands[0];
  const n = shape[axis];
  const inner = dimProduct(shape.slice(axis + 1));
  const outer = dimProduct(shape.slice(0, axis));
  const t = new TileBuilder("sort");
  const k = new ScalarCode(t);
  const lines = dimMul(outer, inner);
  const size = dimMul(lines, n);
  const ins = operands.map((a, i) => t.ref(`x${i}`, a.dtype, "in", size));
  const outs = operands.map((a, i) => t.ref(`y${i}`, a.dtype, "out", size));
  const dtypes = operands.map((a) => a.dtype);
  const spare = spareColumns(k, dtypes, lines, n);
  const lineAt = (o: TileAtom, i: TileAtom): SortedLine => {
    const base = k.add(k.mul(o, dimMul(n, inner)), i);
    return {
      source: (at) => ins.map((ref) => t.load(ref, k.add(base, k.mul(at, inner)))),
      target: outs.map((ref) => ({ ref, base, stride: inner })),
      spare: spare(k.add(k.mul(o, inner), i)),
    };
  };
  const all = { n, grid: [outer, inner], lines, keys: dtypes.slice(0, numKeys), before: ascending(k, numKeys) };
  const ways = sortLines(k, all, lineAt);
  t.notes.push(`${ways} sort of ${String(lines)} lines of ${String(n)}`);
  return t.finish();
}
