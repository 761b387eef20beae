/**
 * Which tile, which vectors, what to pack: the cheapest by a model in nanoseconds, fitted on one machine (Zen 3, 128-bit
 * multiply and add). Only ratios matter. Tiles hold at most 8 sums: with more, engines of today start to spill.
 */
import { byteSize } from "../../ir/dtype.js";
import { type Axis, type Contraction, exchange, product, registersOf, tilesOf, vectorLanes } from "./contraction.js";
import type { ContractionPlan } from "./emit.js";

export interface PlannedContraction {
  /** The contraction as the plan sees it: perhaps with its sides exchanged and its inner axes in another order. */
  readonly contraction: Contraction;
  readonly plan: ContractionPlan;
  /** Estimated nanoseconds. */
  readonly cost: number;
}

const MAX_SUMS = 8;
/** One step of k: `sums` registers multiplied and added, `heads` scalars copied to all lanes. */
const stepCost = (sums: number, heads: number): number => 0.5 + 0.105 * sums + 0.02 * heads;
const TILE_COST = 10;
const LOOP_COST = 0.5;
const PROGRAM_COST = 15;
const STAGE_COST = 300;
/** Bytes of lhs that the row tiles of one program read. */
const BLOCK_BYTES = 131072;
/** Elements of a copy that stay in the second and the third cache. */
const NEAR = 100_000;
const FAR = 2_000_000;
const L1_LINES = 512;
const L2_LINES = 8192;

export function planContraction(c: Contraction): PlannedContraction {
  return candidates(c).reduce((best, x) => (x.cost < best.cost ? x : best));
}
/** Every plan that is considered. */
export function candidates(c: Contraction): PlannedContraction[] {
  const list: PlannedContraction[] = [];
  const consider = (candidate: PlannedContraction): void => {
    list.push(candidate);
  };
  for (const side of [c, exchange(c)]) {
    for (const rowAxis of choices(side.rows)) {
      for (const columnAxis of choices(side.columns)) {
        withColumns(side, rowAxis, columnAxis, consider);
        if (side === c) withInner(side, rowAxis, columnAxis, consider);
      }
    }
  }
  return list;
}

export function describePlan(p: ContractionPlan): string {
  const packed = [p.packLhs ? "lhs" : "", p.packRhs ? "rhs" : ""].filter(Boolean).join(" and ");
  return `tiles of ${p.height}×${p.width}, vectors along ${p.vectors}${packed ? `, ${packed} packed` : ""}`;
}

function choices(axes: readonly Axis[]): (number | null)[] {
  return axes.length === 0 ? [null] : axes.map((_, i) => i);
}
const SINGLE: Axis = { size: 1, lhs: 0, rhs: 0, out: 0 };
type Consider = (candidate: PlannedContraction) => void;

/** Vectors along a column axis. */
function withColumns(c: Contraction, rowAxis: number | null, columnAxis: number | null, consider: Consider): void {
  const row = rowAxis === null ? SINGLE : c.rows[rowAxis];
  const column = columnAxis === null ? SINGLE : c.columns[columnAxis];
  const lanes = vectorLanes(c.accumulate);
  const depth = product(c.inner);
  for (const width of widths(column.size, lanes)) {
    const registers = registersOf(width, lanes);
    for (const packRhs of [false, true]) {
      if (!packRhs && column.rhs !== 1 && width > 1) continue;
      for (const packLhs of [false, true]) {
        const most = Math.max(1, Math.floor(MAX_SUMS / registers));
        for (let height = 1; height <= Math.min(most, row.size, 6); height++) {
          const step = stepCost(height * registers, height);
          const stores = column.out === 1 ? 0.4 * height * registers : 0.8 * height * width;
          consider(
            estimate(
              c,
              { vectors: "columns", rowAxis, columnAxis, height, width, packLhs, packRhs },
              depth * step,
              stores,
            ),
          );
        }
      }
    }
  }
}
/** Vectors along an inner axis that is contiguous on both sides. */
function withInner(c: Contraction, rowAxis: number | null, columnAxis: number | null, consider: Consider): void {
  const lanes = vectorLanes(c.accumulate);
  const along = c.inner.findIndex((a) => a.lhs === 1 && a.rhs === 1 && a.size >= lanes);
  if (along < 0) return;
  const axis = c.inner[along];
  const turned: Contraction = { ...c, inner: [...c.inner.filter((_, i) => i !== along), axis] };
  const rows = rowAxis === null ? 1 : c.rows[rowAxis].size;
  const columns = columnAxis === null ? 1 : c.columns[columnAxis].size;
  const steps = Math.floor(axis.size / lanes);
  const rest = axis.size % lanes;
  const entries = product(c.inner) / axis.size;
  for (let height = 1; height <= Math.min(rows, 6); height++) {
    for (let width = 1; width <= Math.min(columns, 6) && height * width <= MAX_SUMS; width++) {
      const sums = height * width;
      const walk = entries * (steps * stepCost(sums, height + width) + rest * (0.3 + 0.25 * sums));
      const plan = { vectors: "inner", rowAxis, columnAxis, height, width, packLhs: false, packRhs: false } as const;
      consider(estimate(turned, plan, walk, sums * 2.5));
    }
  }
}
function widths(size: number, lanes: number): number[] {
  const list = [1, 2, 3, 4].map((n) => n * lanes).filter((w) => w <= size);
  // a narrow result is one tile, its last columns in scalars
  if (size < 4 * lanes && registersOf(size, lanes) <= 6 && !list.includes(size)) list.push(size);
  return list;
}

function estimate(
  c: Contraction,
  partial: Omit<ContractionPlan, "rowTiles">,
  walk: number,
  stores: number,
): PlannedContraction {
  const { height, width, packLhs, packRhs } = partial;
  const row = partial.rowAxis === null ? SINGLE : c.rows[partial.rowAxis];
  const column = partial.columnAxis === null ? SINGLE : c.columns[partial.columnAxis];
  const depth = product(c.inner);
  const tall = tilesOf(row.size, height);
  const wide = tilesOf(column.size, width);
  const others = (axes: readonly Axis[], run: Axis): number => (run.size === 0 ? 0 : product(axes) / run.size);
  const [outerRows, outerColumns, batch] = [others(c.rows, row), others(c.columns, column), product(c.batch)];
  const rowTiles = Math.max(1, Math.min(tall, 64, Math.floor(BLOCK_BYTES / (4 * height * Math.max(depth, 1)))));

  const panels = batch * outerRows * outerColumns * wide;
  const tiles = panels * tall;
  const loops = c.inner.length > 1 ? (depth / c.inner[c.inner.length - 1].size) * LOOP_COST : 0;
  let perTile = walk + stores + TILE_COST + loops;
  // what is computed in another type than it lies in memory is converted at every step
  const narrow = (dtype: Contraction["accumulate"]): number =>
    dtype === c.accumulate ? 0 : byteSize(dtype) === 2 ? 3 : 0.5;
  if (partial.vectors === "columns") {
    if (!packLhs) {
      perTile += depth * narrow(c.lhs.dtype) * height * 0.5;
      if (row.lhs === 1 || height === 1)
        perTile += depth * missCost(c.inner, "lhs", 1) * Math.min(1, (wide * height) / 16);
      else perTile += depth * 0.1;
    }
    if (!packRhs) {
      perTile += depth * narrow(c.rhs.dtype) * registersOf(width, 4);
      if (tall * outerRows > 1) perTile += depth * missCost(c.inner, "rhs", Math.ceil(width / 16));
    }
  } else {
    perTile += depth * 0.25 * (narrow(c.lhs.dtype) * height + narrow(c.rhs.dtype) * width);
  }
  let cost = tiles * perTile + panels * Math.ceil(tall / rowTiles) * PROGRAM_COST + STAGE_COST;
  const packing = (side: "lhs" | "rhs", run: Axis, count: number): number => {
    const elements = count * depth;
    // a copy that caches do not hold is written to memory and read from there
    const far = elements > FAR ? 0.6 : elements > NEAR ? 0.15 : 0;
    const perElement = run[side] === 1 ? 0.25 : 0.7;
    return STAGE_COST + elements * (perElement + far + 0.25 * narrow(c[side].dtype));
  };
  if (packLhs) cost += packing("lhs", row, batch * outerRows * tall * height);
  if (packRhs) cost += packing("rhs", column, batch * outerColumns * wide * width);
  return { contraction: c, plan: { ...partial, rowTiles }, cost };
}

/** What a step of k costs more, when `lines` cache lines for each k are read again tile after tile and do not stay. */
function missCost(inner: readonly Axis[], side: "lhs" | "rhs", lines: number): number {
  const last = inner[inner.length - 1];
  if (!last) return 0;
  const stride = last[side] * 4;
  const depth = product(inner);
  if (stride < 64) return 0;
  // lines a large power of two apart compete for the same few sets
  const held = (total: number, waySize: number): number => Math.min(total, 8 * (waySize / gcd(stride, waySize)));
  if (depth * lines <= 0.6 * held(L1_LINES, 4096)) return 0;
  return depth * lines <= 0.6 * held(L2_LINES, 65536) ? 0.6 * lines : 2.5 * lines;
}
function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
