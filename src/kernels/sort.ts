/** Stable sort along one axis, one line per program of the grid: by digits where lines are long, else by merging. */
import type { Aval } from "../ir/aval.js";
import { dimMul, dimProduct, isStatic } from "../ir/dim.js";
import type { SortOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";
import type { TileAtom } from "../ir/tile.js";
import { needsStatic, staticSizes } from "../ir/size.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { ascending, MergeSort, scratchColumns } from "./merge-sort.js";
import { RadixSort, type SortedLine } from "./radix-sort.js";
import { ScalarCode } from "./scalar-code.js";

/** Refs: operands in, results out in the same order, then scratch. All sorts are stable, `stable` or not. */
export function sort(operands: readonly Aval[], { axis, numKeys }: SortOps["sort"]): Program<"tile"> {
  const { shape } = operands[0];
  // a network of comparisons, and digits, are for lines of a known length
  const n = shape[axis];
  if (!isStatic(n)) needsStatic(`lines of ${String(n)} elements are sorted in steps that their length decides`);
  const [inner] = staticSizes([dimProduct(shape.slice(axis + 1))]);
  const outer = dimProduct(shape.slice(0, axis));
  const t = new TileBuilder("sort");
  const k = new ScalarCode(t);
  const lines = dimMul(outer, inner);
  const size = dimMul(lines, n);
  const ins = operands.map((a, i) => t.ref(`x${i}`, a.dtype, "in", size));
  const outs = operands.map((a, i) => t.ref(`y${i}`, a.dtype, "out", size));
  const merge = new MergeSort(k, n, ascending(k, numKeys));
  const dtypes = operands.map((a) => a.dtype);
  const radix = new RadixSort(k, n, dtypes.slice(0, numKeys));
  const spare = merge.needsSpare ? scratchColumns(k, dtypes, lines, n) : () => [];
  const lineAt = (o: TileAtom, i: TileAtom): SortedLine => {
    const base = k.add(k.mul(o, n * inner), i);
    return {
      source: (at) => ins.map((ref) => t.load(ref, k.add(base, k.mul(at, inner)))),
      target: outs.map((ref) => ({ ref, base, stride: inner })),
      spare: spare(k.add(k.mul(o, inner), i)),
    };
  };
  if (radix.splits(lines)) radix.sortInParts(lines, (line) => lineAt(k.div(line, inner), k.rem(line, inner)));
  else {
    const counts = radix.pays ? radix.counters(lines) : undefined;
    t.stage([outer, inner], (o, i) => {
      const line = lineAt(o, i);
      if (counts) radix.sort(line, counts(k.add(k.mul(o, inner), i)));
      else merge.sort(line.source, line.target, line.spare);
    });
  }
  t.notes.push(`${radix.pays ? "radix" : "merge"} sort of ${String(lines)} lines of ${n}`);
  return t.finish();
}
