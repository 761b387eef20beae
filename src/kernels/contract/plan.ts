/**
 * Which tile, which vectors, what to pack: the cheapest by a model in nanoseconds. Only ratios matter.
 */
import { byteSize, type DType } from "../../ir/dtype.js";
import {
  type Axis,
  type Contraction,
  exchange,
  leastSize,
  product,
  registersOf,
  tilesOf,
  vectorLanes,
} from "./contraction.js";
import { type ContractionPlan, overlaps } from "./emit.js";
import { type ContractionMachine, fits, innerStep, outerStep } from "./machine.js";
import { planned, type SizedContraction, stepsOf } from "./sized.js";
import { inParts, partOf } from "./tile.js";
import { range } from "../../util/index.js";

export interface PlannedContraction {
  /** The contraction as the plan sees it: perhaps with its sides exchanged and its inner axes in another order. */
  readonly contraction: Contraction;
  readonly plan: ContractionPlan;
  /** Estimated nanoseconds. */
  readonly cost: number;
  /** Its sides are those of the other one. */
  readonly exchanged: boolean;
}

/** Of a tile with vectors along an inner axis. */
const MAX_SUMS = 8;
const MAX_HEIGHT = 6;
const TILE_COST = 10;
const LOOP_COST = 0.5;
const PROGRAM_COST = 15;
const STAGE_COST = 300;
/** Rows that tiles of two heights may cover, and what share of the time is little enough for the code of both. */
const MIXED_ROWS = 96;
const MIXED_GAIN = 0.975;
/** Bytes of lhs that the row tiles of one program read. */
const BLOCK_BYTES = 393216;
/** At least so many programs, where there are tiles for them. */
const PROGRAMS = 16;
/** Sums of a stream that stay in the first cache. */
const MOST_SUMS = 4096;
/** Elements of the right side from which the sum of a stream is done in pieces, and of a piece where there are several; most pieces. */
const PIECE = 2 ** 19;
const MOST_PIECES = 8;
/** Runs that a copy of an operand is made for that stays the same. */
const KEPT_RUNS = 32;
/** Elements of a copy that stay in the second and the third cache. */
const NEAR = 100_000;
const FAR = 2_000_000;
const L1_LINES = 512;
const L2_LINES = 8192;
/** Of what a thread may count on. */
const L3_LINES = 32768;

/**
 * The cheapest plan; of named sizes that may be small, sometimes none is possible. `exact`: with the bits, and the cost, of the one
 * that is chosen when no operand is kept.
 */
export function planContraction(
  c: SizedContraction,
  machine: ContractionMachine,
  exact = false,
): PlannedContraction | undefined {
  if (!exact || (!c.lhsKept && !c.rhsKept)) return cheapest(candidates(planned(c), machine));
  const plain = cheapest(candidates(planned({ ...c, lhsKept: false, rhsKept: false }), machine));
  if (!plain) return undefined;
  const bits = roundingOf(plain, c);
  const best = cheapest(candidates(planned(c), machine).filter((p) => roundingOf(p, c) === bits)) ?? plain;
  return { ...best, cost: plain.cost };
}
function cheapest(list: readonly PlannedContraction[]): PlannedContraction | undefined {
  let best: PlannedContraction | undefined;
  for (const x of list) if (!best || x.cost < best.cost) best = x;
  return best;
}
/**
 * Plans with the same text give the same bits: the same order of additions, and the same places for scalars, whose products
 * are rounded before they are added.
 */
function roundingOf({ plan, contraction }: PlannedContraction, c: SizedContraction): string {
  const { vectors, width, lanes, depth, columnAxis, pieces } = plan;
  if (vectors === "inner") return `inner ${lanes}`;
  if (pieces) return `${pieces} pieces of ${depth}`;
  const parts = vectors === "columns" && inParts(c.accumulate, stepsOf(c.inner));
  // fewer columns than a tile has are done one by one
  const sized = columnAxis !== null && contraction.columns[columnAxis].real !== undefined;
  const whole = width % vectorLanes(c.accumulate) === 0 && !sized;
  const scalars = whole ? "" : `${contraction.lhs === c.lhs} ${columnAxis} ${width}`;
  return `${parts ? "in parts" : "in a row"} ${scalars}`;
}
/** Every plan that is considered. */
export function candidates(c: Contraction, machine: ContractionMachine): PlannedContraction[] {
  const list: PlannedContraction[] = [];
  for (const side of [c, exchange(c)]) {
    const consider = (candidate: Omit<PlannedContraction, "exchanged">): void => {
      if (c.once && overlaps(candidate.contraction, candidate.plan)) return;
      list.push({ ...candidate, exchanged: side !== c });
    };
    for (const rowAxis of choices(side.rows)) {
      for (const columnAxis of choices(side.columns)) {
        withColumns(side, machine, rowAxis, columnAxis, consider);
        withStream(side, machine, rowAxis, columnAxis, consider);
        if (side === c) withInner(side, machine, rowAxis, columnAxis, consider);
      }
    }
  }
  return list;
}

export function describePlan(p: ContractionPlan): string {
  const packed = [p.packLhs ? "lhs" : "", p.packRhs ? "rhs" : ""].filter(Boolean).join(" and ");
  const pieces = p.pieces ? ` in ${p.pieces} pieces` : "";
  const along = p.vectors === "stream" ? `columns, read once row by row${pieces}` : `vectors along ${p.vectors}`;
  const lower = p.lower ? ` and ${p.lower.height}×${p.width}` : "";
  return `tiles of ${p.height}×${p.width}${lower}, ${along}${packed ? `, ${packed} packed` : ""}`;
}

function choices(axes: readonly Axis[]): (number | null)[] {
  return axes.length === 0 ? [null] : range(axes.length);
}
const SINGLE: Axis = { size: 1, lhs: 0, rhs: 0, out: 0 };
type Consider = (candidate: Omit<PlannedContraction, "exchanged">) => void;

/** Vectors along a column axis. */
function withColumns(
  c: Contraction,
  machine: ContractionMachine,
  rowAxis: number | null,
  columnAxis: number | null,
  consider: Consider,
): void {
  const space = spaceOf(c, rowAxis, columnAxis);
  const { row, column, depth, most: steps } = space;
  const lanes = vectorLanes(c.accumulate);
  for (const width of widths(column.size, lanes, c.once)) {
    const registers = registersOf(width, lanes);
    for (const packRhs of [false, true]) {
      if (!packRhs && column.rhs !== 1 && width > 1) continue;
      for (const packLhs of [false, true]) {
        const singles = width % lanes;
        const vectors = registers - singles;
        let most = 1;
        while (most < MAX_HEIGHT && fits(machine, c.accumulate, most + 1, registers)) most++;
        const step = (height: number): number =>
          outerStep(machine, c.accumulate, height, vectors) + 0.4 * height * singles;
        for (const height of heights(row.size, most)) {
          // engines find pairs of registers from stores side by side
          const staged = !c.plain || inParts(c.accumulate, steps) || (machine.wide && column.out !== 1);
          const stores = column.out === 1 ? 0.4 * height * registers : 0.8 * height * width;
          const base = { vectors: "columns", rowAxis, columnAxis, height, width, packLhs, packRhs, staged } as const;
          const plan = { ...base, lanes, depth: 1 };
          const down = staged ? 6 + 0.4 * height * registers : 0;
          consider(estimate(space, plan, depth * step(height), stores + down));
          const lower = packLhs || row.real || singles > 0 ? undefined : lowerTiles(row.size, height, step, c.once);
          if (!lower) continue;
          const tiles = (row.size - lower.tiles * lower.height) / height;
          const all = tiles + lower.tiles;
          const mean = (tiles * step(height) + lower.tiles * step(lower.height)) / all;
          const mixed = estimate(
            space,
            { ...plan, lower },
            depth * mean,
            ((stores + down) * row.size) / (all * height),
          );
          if (mixed.plan.rowTiles >= all) consider(mixed);
        }
      }
    }
  }
}
/** Vectors along an inner axis that is contiguous on both sides, one of them perhaps in a copy. */
function withInner(
  c: Contraction,
  machine: ContractionMachine,
  rowAxis: number | null,
  columnAxis: number | null,
  consider: Consider,
): void {
  const lanes = vectorLanes(c.accumulate);
  const suits = (side: "lhs" | "rhs"): number => c.inner.findIndex((a) => a[side] === 1 && leastSize(a) >= lanes);
  const both = c.inner.findIndex((a) => a.lhs === 1 && a.rhs === 1 && leastSize(a) >= lanes);
  const along = both >= 0 ? both : Math.max(suits("lhs"), suits("rhs"));
  if (along < 0) return;
  const axis = c.inner[along];
  const turned: Contraction = { ...c, inner: [...c.inner.filter((_, i) => i !== along), axis] };
  const space = spaceOf(turned, rowAxis, columnAxis);
  const rows = space.row.size;
  const columns = space.column.size;
  // a large matrix that has to be copied is better copied for vectors along its columns
  const packLhs = axis.lhs !== 1;
  const packRhs = axis.rhs !== 1;
  if ((packLhs && rows > 8) || (packRhs && columns > 8)) return;
  const lanesAlong = machine.wide && leastSize(axis) >= 2 * lanes ? 2 * lanes : lanes;
  const steps = Math.floor(axis.size / lanesAlong);
  const rest = axis.size % lanesAlong > 0 ? 1 : 0;
  const entries = space.depth / axis.size;
  const staged = lanesAlong > lanes || inParts(c.accumulate, space.most / lanesAlong);
  // tall tiles leave no room for a second column
  for (const height of new Set([...heights(rows, MAX_HEIGHT), ...heights(rows, 4)])) {
    for (const width of heights(columns, Math.min(MAX_HEIGHT, Math.floor(MAX_SUMS / height)))) {
      const sums = height * width;
      // rows that the first cache does not hold come at half of the speed
      const far = (height + width) * axis.size * byteSize(c.accumulate) > L1_LINES * 48 ? 0.3 * (height + width) : 0;
      const step = Math.max(innerStep(machine, c.accumulate, height, width), far);
      const walk = entries * (steps + 2 * rest) * step;
      const plan = { vectors: "inner", rowAxis, columnAxis, height, width, packLhs, packRhs, staged } as const;
      consider(estimate(space, { ...plan, lanes: lanesAlong, depth: 1 }, walk, sums * (staged ? 3 : 2.5)));
    }
  }
}
/** Few rows beside a right side that is read as it lies. */
function withStream(
  c: Contraction,
  machine: ContractionMachine,
  rowAxis: number | null,
  columnAxis: number | null,
  consider: Consider,
): void {
  const space = spaceOf(c, rowAxis, columnAxis);
  const { row, column, depth } = space;
  const lanes = 2 * vectorLanes(c.accumulate);
  const last = c.inner[c.inner.length - 1] as Axis | undefined;
  if (!last || last.real || row.real || column.real) return;
  if (column.rhs !== 1 || column.size < lanes || row.size > 8) return;
  const registers = machine.wide ? 1 : 2;
  for (const height of heights(row.size, 4)) {
    const steps = Math.min(8, last.size, Math.floor((14 - registers * (height + 1)) / height));
    if (steps < 1) continue;
    const pieces = piecesOf(space, height, steps);
    // long rows are what memory likes, sums stay in the first cache; large results are cut so that threads share them
    const cut = depth * column.size > NEAR && pieces === undefined;
    const most = (cut ? Math.max(1024, Math.ceil(column.size / 4)) : MOST_SUMS) / height;
    const blocks = Math.ceil(column.size / most);
    const width = Math.min(Math.ceil(column.size / blocks / lanes) * lanes, column.size - (column.size % lanes));
    const step = registers * (0.2 + 0.1 * height + (0.6 + 0.4 * height) / steps);
    const walk = depth * (width / lanes) * step;
    const plan = { rowAxis, columnAxis, height, width, packLhs: false, packRhs: false, staged: true } as const;
    const stores = (width / lanes) * height * (column.out === 1 ? 1.5 : 8);
    const found = estimate(space, { ...plan, vectors: "stream", lanes, depth: steps, pieces }, walk, stores);
    // each tile of rows has sums of its own
    consider(pieces ? { ...found, plan: { ...found.plan, rowTiles: 1 } } : found);
  }
}
/**
 * Into how many pieces the sum of a stream is cut, so that threads share a right side of which each reads whole rows; it follows from
 * sizes alone. Undefined where there are tiles enough, or pieces would be small. What is converted on its way may be read from a copy
 * one day, which must have the same bits (`roundingOf`), so it stays in one piece.
 */
function piecesOf(space: Space, height: number, steps: number): number | undefined {
  const { c, column, row, depth, batch, outerRows, outerColumns } = space;
  if (c.inner.length !== 1 || c.rhs.dtype !== c.accumulate || c.lhs.dtype !== c.accumulate) return undefined;
  if (column.size * height > MOST_SUMS) return undefined;
  const programs = batch * outerRows * outerColumns * tilesOf(row.size, height);
  const groups = Math.floor(depth / steps);
  const elements = depth * column.size;
  if (elements < PIECE) return undefined;
  const most = Math.min(MOST_PIECES, Math.max(2, Math.floor(elements / PIECE)));
  const pieces = Math.min(Math.ceil(most / programs), groups);
  // of about one size, none of them empty
  return pieces < 2 ? undefined : Math.ceil(groups / Math.ceil(groups / pieces));
}
/** Rows of a tile worth a try: as many as there may be, and fewer where that leaves less over. */
function heights(size: number, most: number): number[] {
  const cap = Math.min(size, most);
  const list: number[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (let h = cap; h >= 1; h--) {
    const covered = tilesOf(size, h) * h;
    if (covered < least) list.push(h);
    least = Math.min(least, covered);
  }
  if (cap > 1 && !list.includes(cap - 1)) list.push(cap - 1);
  return list;
}
/** The lower tiles that cover, with tiles of `height`, exactly `size` rows in the least time; undefined where it gains little. */
function lowerTiles(
  size: number,
  height: number,
  step: (height: number) => number,
  once = false,
): { readonly height: number; readonly tiles: number } | undefined {
  if (size % height === 0 || size < height || size > MIXED_ROWS) return undefined;
  let least = once ? Number.POSITIVE_INFINITY : tilesOf(size, height) * step(height) * MIXED_GAIN;
  let best: { readonly height: number; readonly tiles: number } | undefined;
  for (let h = height - 1; h > 1; h--)
    for (let tiles = 1; tiles <= 3 && tiles * h + height <= size; tiles++) {
      if ((size - tiles * h) % height !== 0) continue;
      const time = ((size - tiles * h) / height) * step(height) + tiles * step(h);
      if (time < least) [least, best] = [time, { height: h, tiles }];
    }
  return best;
}
function widths(size: number, lanes: number, once = false): number[] {
  const list = [1, 2, 3, 4, 5, 6].map((n) => n * lanes).filter((w) => w <= size);
  // a narrow result is one tile, its last columns in scalars
  if ((once || size < 4 * lanes) && registersOf(size, lanes) <= 6 && !list.includes(size)) list.push(size);
  // one width at least divides the columns
  if (once && !list.includes(1)) list.push(1);
  return list;
}

/** What all plans over the same axes have in common. */
interface Space {
  readonly c: Contraction;
  readonly row: Axis;
  readonly column: Axis;
  readonly depth: number;
  /** Steps of the sum, at most: what decides whether it is done in parts. */
  readonly most: number;
  readonly batch: number;
  readonly outerRows: number;
  readonly outerColumns: number;
  /** Nanoseconds for each k: conversions of a register, and lines that come again from farther away. */
  readonly convertLhs: number;
  readonly convertRhs: number;
  readonly missLhs: (lines: number) => number;
  readonly missRhs: (lines: number) => number;
  /** The same where every line is read once, a few from each row. */
  readonly firstRhs: number;
  readonly loops: number;
}
function spaceOf(c: Contraction, rowAxis: number | null, columnAxis: number | null): Space {
  const row = rowAxis === null ? SINGLE : c.rows[rowAxis];
  const column = columnAxis === null ? SINGLE : c.columns[columnAxis];
  const depth = product(c.inner);
  const others = (axes: readonly Axis[], run: Axis): number => (run.size === 0 ? 0 : product(axes) / run.size);
  // what is computed in another type than it lies in memory is converted at every step
  const convert = (dtype: DType): number => (dtype === c.accumulate ? 0 : byteSize(dtype) === 2 ? 3 : 0.5);
  return {
    c,
    row,
    column,
    depth,
    most: stepsOf(c.inner.map((a) => a.real ?? a)),
    batch: product(c.batch),
    outerRows: others(c.rows, row),
    outerColumns: others(c.columns, column),
    convertLhs: convert(c.lhs.dtype),
    convertRhs: convert(c.rhs.dtype),
    missLhs: (lines) => missCost(c.inner, "lhs", lines),
    missRhs: (lines) => missCost(c.inner, "rhs", lines),
    firstRhs: firstCost(c.inner, depth * column.size),
    loops: c.inner.length > 1 ? (depth / c.inner[c.inner.length - 1].size) * LOOP_COST : 0,
  };
}

function estimate(
  space: Space,
  partial: Omit<ContractionPlan, "rowTiles">,
  walk: number,
  stores: number,
): Omit<PlannedContraction, "exchanged"> {
  const { height, width, packLhs, packRhs } = partial;
  const { c, row, column, depth, batch, outerRows, outerColumns, convertLhs, convertRhs } = space;
  const { lower } = partial;
  const tall = lower ? (row.size - lower.tiles * lower.height) / height + lower.tiles : tilesOf(row.size, height);
  const wide = tilesOf(column.size, width);
  const panels = batch * outerRows * outerColumns * wide;
  // of a long sum, a part at a time
  const steps = c.inner.length === 1 && inParts(c.accumulate, space.most) ? partOf(space.most) : Math.max(depth, 1);
  const rowTiles = rowTilesOf(tall, panels, 4 * height * steps);
  const tiles = panels * tall;
  let perTile = walk + stores + TILE_COST + space.loops;
  if (partial.vectors === "columns") {
    if (!packLhs) {
      perTile += depth * convertLhs * height * 0.5;
      if (row.lhs === 1 || height === 1) perTile += depth * space.missLhs(1) * (1 + height / 16);
      else perTile += depth * (0.1 + space.missLhs(height));
    }
    if (!packRhs) {
      perTile += depth * convertRhs * registersOf(width, 4);
      const lines = Math.ceil(width / 16);
      perTile += depth * 0.1 * lines;
      perTile += depth * (tall * outerRows > 1 ? space.missRhs(lines) : space.firstRhs * lines);
    }
  } else if (partial.vectors === "stream") {
    perTile += depth * (convertRhs * registersOf(width, 4) + convertLhs * height);
  } else {
    perTile += depth * 0.25 * ((packLhs ? 0 : convertLhs * height) + (packRhs ? 0 : convertRhs * width));
  }
  let cost = tiles * perTile + panels * Math.ceil(tall / rowTiles) * PROGRAM_COST + STAGE_COST;
  const packing = (run: number, size: number, count: number, convert: number, kept = false): number => {
    const elements = count * depth;
    // a row of a tile is copied in whole registers and single elements
    const copy = run === 1 ? registersOf(size, 4) / size : 0.7;
    // a copy that caches do not hold is written to memory and read from there
    const far = elements > FAR ? 0.6 : elements > NEAR ? 0.15 : 0;
    return (STAGE_COST + elements * (copy + far + 0.25 * convert)) / (kept ? KEPT_RUNS : 1);
  };
  if (packLhs) cost += packing(row.lhs, height, batch * outerRows * tall * height, convertLhs, c.lhsKept);
  if (packRhs) cost += packing(column.rhs, width, batch * outerColumns * wide * width, convertRhs, c.rhsKept);
  return { contraction: c, plan: { ...partial, rowTiles }, cost };
}

/** Row tiles of one program: what they read stays in the second cache, and there are programs enough to share them out. */
function rowTilesOf(tall: number, panels: number, tileBytes: number): number {
  if (tall <= 1) return 1;
  const most = Math.min(64, Math.floor(BLOCK_BYTES / tileBytes), Math.ceil((tall * panels) / PROGRAMS));
  // blocks of about one size
  return Math.max(1, Math.ceil(tall / Math.ceil(tall / Math.max(1, most))));
}

/** What a step of k costs more, when `lines` cache lines for each k are read again tile after tile and do not stay. */
function missCost(inner: readonly Axis[], side: "lhs" | "rhs", lines: number): number {
  const last = inner[inner.length - 1];
  if (!last) return 0;
  const stride = last[side] * 4;
  // rows that begin anywhere in a line reach into one more
  if (stride % 64 !== 0) lines++;
  const depth = product(inner);
  if (stride < 64) return 0;
  // lines a large power of two apart compete for the same few sets
  const held = (total: number, waySize: number): number => Math.min(total, 8 * (waySize / gcd(stride, waySize)));
  if (depth * lines <= 0.6 * held(L1_LINES, 4096)) return 0;
  if (depth * lines <= 0.6 * held(L2_LINES, 65536)) return 0.25 * lines;
  return depth * lines > L3_LINES ? 2 * lines : lines;
}
/** What the first touch of a line costs more, when lines are read far apart. */
function firstCost(inner: readonly Axis[], elements: number): number {
  const last = inner[inner.length - 1] as Axis | undefined;
  if (!last || last.rhs < 512 || elements < NEAR) return 0;
  const far = elements > FAR;
  return (last.rhs * 4) % 4096 === 0 ? (far ? 10 : 1.7) : far ? 4.5 : 0.2;
}
function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
