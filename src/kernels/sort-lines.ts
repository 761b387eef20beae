/** How lines are sorted, which their length decides; of a named length, each way where it is the quickest. */
import { type Dim, dimMul, isStatic, leastOf } from "../ir/dim.js";
import type { DType } from "../ir/dtype.js";
import { mostLikely } from "../ir/size.js";
import type { TileAtom } from "../ir/tile.js";
import { within } from "./contract/ranges.js";
import { type Before, type Column, MergeSort } from "./merge-sort.js";
import { FEW_LINES, LONG, LONG_TABLES, RadixSort, type SortedLine } from "./radix-sort.js";
import type { ScalarCode } from "./scalar-code.js";

export interface Lines {
  /** Elements of a line. */
  readonly n: Dim;
  /** One program for each line; their product. */
  readonly grid: readonly Dim[];
  readonly lines: Dim;
  /** The columns by which records are sorted. */
  readonly keys: readonly DType[];
  readonly before: Before;
  readonly descending?: boolean;
}

interface Way {
  /** The least length for which it is taken. */
  readonly from: number;
  readonly by: "merging" | "digits" | "parts";
}

/** In the order of the lengths from which on they are quickest. */
function waysOf({ n, lines, keys }: Lines): readonly Way[] {
  const ways: Way[] = [{ from: 0, by: "merging" }];
  const digits = RadixSort.leastLength(keys);
  if (digits !== undefined) {
    ways.push({ from: digits, by: "digits" }, { from: LONG_TABLES, by: "digits" });
    if (isStatic(lines) && lines < FEW_LINES) ways.push({ from: LONG, by: "parts" });
  }
  // the last that is likely has no end
  const likely = ways.filter((w) => w.from <= mostLikely(n));
  return likely.filter((_, i) => i + 1 === likely.length || likely[i + 1].from > leastOf(n));
}

/** Adds the stages that sort; `lineOf` finds a line by the ids of its program. Gives a word for each way. */
export function sortLines(k: ScalarCode, all: Lines, lineOf: (...ids: readonly TileAtom[]) => SortedLine): string {
  const { n, grid, lines, keys, before, descending } = all;
  const { t } = k;
  const ways = waysOf(all);
  const flat = (ids: readonly TileAtom[]): TileAtom =>
    ids.slice(1).reduce((at, id, i) => k.add(k.mul(at, grid[i + 1]), id), ids[0]);
  const apart = (line: TileAtom): TileAtom[] =>
    grid.length === 1 ? [line] : [k.div(line, grid[1]), k.rem(line, grid[1])];
  ways.forEach(({ from, by }, i) => {
    const upTo = i + 1 < ways.length ? ways[i + 1].from - 1 : null;
    t.where(i === 0 && upTo === null ? 1 : within(n, i === 0 ? 0 : from, upTo), () => {
      if (by === "merging") {
        const merge = new MergeSort(k, n, before);
        t.stage(grid, (...ids) => {
          const { source, target, spare } = lineOf(...ids);
          merge.sort(source, target, spare);
        });
        return;
      }
      const radix = new RadixSort(k, n, keys, descending, from >= LONG_TABLES);
      if (by === "parts" && isStatic(lines)) radix.sortInParts(lines, (line) => lineOf(...apart(line)));
      else {
        const counts = radix.counters(lines);
        t.stage(grid, (...ids) => radix.sort(lineOf(...ids), counts(flat(ids))));
      }
    });
  });
  return ways.map((w) => (w.by === "merging" ? "merge" : "radix")).join(" or ");
}

/** Places between which records go to and fro, of each line. */
export function spareColumns(
  k: ScalarCode,
  dtypes: readonly DType[],
  lines: Dim,
  n: Dim,
): (line: TileAtom) => Column[] {
  if (!MergeSort.needsSpare(n)) return () => [];
  const refs = dtypes.map((d, i) => k.t.ref(`spare${i}`, d, "scratch", dimMul(lines, n)));
  return (line) => refs.map((ref) => ({ ref, base: k.mul(line, n), stride: 1 }));
}
