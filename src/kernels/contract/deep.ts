/**
 * Contractions whose sums are long and whose results are few (gradients of weights). The sums are cut into pieces that
 * caches hold; each piece is added to all results before the next one is read, so operands come from memory about once.
 * Partial sums of a tile lie side by side in memory; adding pieces also keeps rounding small.
 */
import { type Dim, dimMod } from "../../ir/dim.js";
import type { TileAtom } from "../../ir/tile.js";
import type { ScalarCode } from "../scalar-code.js";
import { type Axis, type Contraction, exchange, product, registersOf, tilesOf, vectorLanes } from "./contraction.js";
import type { StoreResult } from "./emit.js";
import { type ContractionMachine, fits, outerStep } from "./machine.js";
import { sum, tileStart } from "./pack.js";
import { type SizedAxis, tileCount } from "./sized.js";
import { outerTile, walk } from "./tile.js";
import { range, stridesOf } from "../../util/index.js";

/** Steps from which a sum is long, and those of a piece. */
const LONG = 1024;
const PIECE = 256;
/**
 * Most results, and least steps beside the longer side: else sums are written and read again for longer than it takes to pack
 * operands whole. The copy of one whose windows overlap is many times as large as the operand.
 */
const PLAIN = { results: 2 ** 16, steps: 2 };
const OVERLAPPING = { results: 2 ** 20, steps: 0.5 };
/** Elements of a cache line. */
const LINE = 16;
/** Elements of an operand that caches do not hold anyway. */
const LARGE = 100_000;
/** Columns that are worked through with one piece of the left side, where the second cache does not hold all of that side. */
const GROUP = 64;
const HELD = 150_000;
/** Programs that threads can share, and multiplications of one that is worth it. */
const PROGRAMS = 16;
const LEAST_WORK = 2 ** 21;
/** Most elements of partial sums that chunks may add to those of the first. */
const MOST_SUMS = 2 ** 20;

export interface DeepContraction {
  readonly contraction: Contraction;
  readonly row: Axis;
  readonly column: Axis;
  readonly height: number;
  readonly width: number;
  /** Axes of the sum over pieces, and of one piece. */
  readonly pieces: readonly Axis[];
  readonly inside: readonly Axis[];
  /** Panels of columns of one program. */
  readonly perGroup: number;
  /** Chunks of the first axis of `pieces`: programs of their own, whose sums are added at the end. */
  readonly chunks: number;
}

/** How to compute `c` piece by piece; undefined where that does not suit it. */
export function planDeep(c: Contraction, machine: ContractionMachine): DeepContraction | undefined {
  const depth = product(c.inner);
  const [rows, columns] = [product(c.rows), product(c.columns)];
  const results = product(c.batch) * rows * columns;
  const least = overlap(c.rows, c.inner, "lhs") || overlap(c.columns, c.inner, "rhs") ? OVERLAPPING : PLAIN;
  if (depth < LONG || results > least.results || Math.min(rows, columns) < 4) return undefined;
  if (depth < 4 * Math.min(rows, columns) || depth < least.steps * Math.max(rows, columns)) return undefined;
  if (product(c.batch) * depth * Math.max(rows, columns) < LARGE) return undefined;
  const cut = cutInner(c.inner);
  if (!cut) return undefined;
  let best: DeepContraction | undefined;
  let lowest = Number.POSITIVE_INFINITY;
  for (const side of [c, exchange(c)]) {
    const row = side.rows.reduce((a, b) => (b.size > a.size ? b : a));
    const column = side.columns.reduce((a, b) => (b.size > a.size ? b : a));
    const lanes = vectorLanes(c.accumulate);
    for (const width of [1, 2, 3, 4, 5, 6].map((n) => n * lanes).filter((w) => w <= column.size)) {
      for (let height = 1; height <= Math.min(8, row.size); height++) {
        if (c.once && (row.size % height !== 0 || column.size % width !== 0)) continue;
        const registers = registersOf(width, lanes);
        if (!fits(machine, c.accumulate, height, registers)) continue;
        const tiles = (product(side.rows) / row.size) * tilesOf(row.size, height);
        const panels = (product(side.columns) / column.size) * tilesOf(column.size, width);
        const step = outerStep(machine, c.accumulate, height, registers) + (row.lhs === 1 ? 0 : 0.05 * height);
        const packing = (column.rhs === 1 ? 0.3 : 0.8) * width;
        const cost = panels * (tiles * step + packing);
        if (cost >= lowest) continue;
        lowest = cost;
        const axes = (list: readonly Axis[]): Axis[] =>
          side === c ? [...list] : list.map((a) => ({ ...a, lhs: a.rhs, rhs: a.lhs }));
        best = {
          perGroup: 1,
          chunks: 1,
          contraction: side,
          row,
          column,
          height,
          width,
          pieces: axes(cut.pieces),
          inside: axes(cut.inside),
        };
      }
    }
  }
  return best && shareOut(best);
}

/**
 * Whether rows (or columns) of the left (or right) side share elements, about all of them being part of several, while every
 * step of the sum is another cache line: tiles that read them where they lie wait for each.
 */
function overlap(own: readonly Axis[], inner: readonly Axis[], side: "lhs" | "rhs"): boolean {
  const axes = [...own, ...inner];
  const reach = axes.reduce((n, a) => n + (a.size - 1) * a[side], 1);
  return product(axes) >= 2 * reach && inner.every((a) => a[side] >= LINE);
}

/** Into programs: groups of columns, and where those are few and the work is much, chunks of the sum. */
function shareOut(p: DeepContraction): DeepContraction {
  const { contraction: c, column, width } = p;
  const [rows, columns, depth] = [product(c.rows), product(c.columns), product(c.inner)];
  const results = product(c.batch) * rows * columns;
  const perGroup = rows * depth <= HELD ? 1 : Math.max(1, Math.round(GROUP / width));
  const groups = Math.ceil(tilesOf(column.size, width) / perGroup);
  const programs = product(c.batch) * (columns / column.size) * groups;
  const most = Math.min(PROGRAMS / programs, (results * depth) / programs / LEAST_WORK, MOST_SUMS / results);
  if (most < 2 || p.pieces.length === 0) return { ...p, perGroup };
  const axis = p.pieces.find((a) => a.size >= most) ?? p.pieces.reduce((a, b) => (b.size > a.size ? b : a));
  // chunks of about one size, none of them empty
  const chunks = Math.ceil(axis.size / Math.ceil(axis.size / most));
  return { ...p, perGroup, chunks, pieces: [axis, ...p.pieces.filter((a) => a !== axis)] };
}

/** The innermost axes of the sum make a piece, perhaps with a divisor of the next one. */
function cutInner(inner: readonly Axis[]): { readonly pieces: Axis[]; readonly inside: Axis[] } | undefined {
  let at = inner.length;
  let steps = 1;
  while (at > 0 && !inner[at - 1].real && steps * inner[at - 1].size <= PIECE) steps *= inner[--at].size;
  const inside = inner.slice(at);
  const pieces = inner.slice(0, at);
  const last = pieces.pop();
  if (!last) return { pieces: [], inside };
  // an axis whose size is found at run time is walked as it is
  if (last.real) return steps < PIECE / 4 ? undefined : { pieces: [...pieces, last], inside };
  let part = 1;
  for (let n = 2; n * steps <= 2 * PIECE; n++) if (last.size % n === 0) part = n;
  if (part * steps < PIECE / 4) {
    if (last.size * steps > 4 * PIECE) return undefined;
    part = last.size;
  }
  const outer = { ...last, size: last.size / part, lhs: last.lhs * part, rhs: last.rhs * part };
  return { pieces: [...pieces, outer], inside: part > 1 ? [{ ...last, size: part }, ...inside] : inside };
}

export function describeDeep(p: DeepContraction): string {
  const chunks = p.chunks > 1 ? `, in ${p.chunks} chunks` : "";
  const count = p.pieces.some((a) => a.real) ? "" : `${product(p.pieces)} `;
  return `tiles of ${p.height}×${p.width}, vectors along columns, sums in ${count}pieces of ${product(p.inside)}${chunks}`;
}

export function emitDeep(k: ScalarCode, p: DeepContraction, store: StoreResult): void {
  const { t } = k;
  const { contraction: c, row, column, height, width, inside, perGroup, chunks } = p;
  const pieces = p.pieces.map((a): SizedAxis => a.real ?? a);
  const { accumulate } = c;
  const outerRows = c.rows.filter((a) => a !== row);
  const outerColumns = c.columns.filter((a) => a !== column);
  const rowTiles = tilesOf(row.size, height);
  const panels = tilesOf(column.size, width);
  const groups = Math.ceil(panels / perGroup);
  const tile = height * width;
  const rowSizes = [...outerRows.map((a) => a.size), rowTiles];
  const rowPlaces = stridesOf(rowSizes, tile);
  const ofPanel = product(outerRows) * rowTiles * tile;
  const outer = [...c.batch, ...outerColumns];
  const outerSizes = outer.map((a) => a.size);
  const sumPlaces = stridesOf([...outerSizes, panels], ofPanel);
  const ofChunk = product(outer) * panels * ofPanel;
  const sums = t.ref("sums", accumulate, "scratch", chunks * ofChunk);
  const steps = product(inside);
  const packedSize = steps * width;
  const packed = t.ref("piece", accumulate, "scratch", chunks * product(outer) * groups * packedSize);
  const packedPlaces = stridesOf([chunks, ...outerSizes, groups], packedSize);
  const packedStrides = stridesOf(
    inside.map((a) => a.size),
    width,
  );
  const axes = inside.map((a, i): Axis => ({ size: a.size, lhs: a.lhs, rhs: packedStrides[i], out: 0 }));
  const copied = inside.map((a, i): Axis => ({ size: a.size, lhs: a.rhs, rhs: packedStrides[i], out: 0 }));
  const vector = width === 1 ? [] : [1];
  const zero = t.const(accumulate === "i64" || accumulate === "u64" ? 0n : 0, accumulate);

  /** `body` for every tile of rows: the indices of the outer rows, the first row, and the tile's place among the sums. */
  const eachTile = (place: TileAtom, body: (ids: readonly TileAtom[], first: TileAtom, at: TileAtom) => void): void => {
    const level = (n: number, ids: readonly TileAtom[], at: TileAtom): void => {
      k.for(0, rowSizes[n], (i) => {
        const here = k.add(at, k.mul(i, rowPlaces[n]));
        if (n === outerRows.length) body(ids, tileStart(k, i, row.size, height), here);
        else level(n + 1, [...ids, i], here);
      });
    };
    level(0, [], place);
  };

  t.stage([chunks, ...outerSizes, groups], (...all) => {
    const [chunk, ...ids] = all;
    const group = ids[ids.length - 1];
    const first = k.mul(group, perGroup);
    const last = panels % perGroup === 0 ? k.add(first, perGroup) : k.min(k.add(first, perGroup), panels);
    const base = sum(k, ids.slice(0, -1), sumPlaces, k.mul(chunk, ofChunk));
    const sumsOf = (panel: TileAtom): TileAtom => k.add(base, k.mul(panel, ofPanel));
    k.vectorFor(sumsOf(first), sumsOf(last), (i, w) => {
      t.store(sums, i, w === 1 ? zero : t.const(zero.value, accumulate, [w]), w === 1 ? [] : [1]);
    });
    const at = (side: "lhs" | "rhs", start: Dim): TileAtom =>
      sum(
        k,
        ids.slice(0, -1),
        outer.map((a) => a[side]),
        start,
      );
    const piece = sum(k, all, packedPlaces, 0);
    const [from, to] = [at("lhs", c.lhsBase ?? 0), at("rhs", c.rhsBase ?? 0)];
    const eachPiece = (body: (left: TileAtom, right: TileAtom) => void): void => {
      if (chunks === 1) {
        walk(k, pieces, from, to, body);
        return;
      }
      const [axis, ...rest] = pieces;
      const each = tileCount(axis.size, chunks);
      const start = k.mul(chunk, each);
      const end = dimMod(axis.size, each) === 0 ? k.add(start, each) : k.min(k.add(start, each), axis.size);
      k.for(start, end, (i) => walk(k, rest, k.add(from, k.mul(i, axis.lhs)), k.add(to, k.mul(i, axis.rhs)), body));
    };
    eachPiece((left, right) => {
      k.for(first, last, (panel) => {
        const from = k.add(right, k.mul(tileStart(k, panel, column.size, width), column.rhs));
        walk(k, copied, from, piece, (a, b) => {
          const x = width === 1 ? t.load(c.rhs, a) : t.load(c.rhs, a, [width], [column.rhs]);
          t.store(packed, b, t.convert(x, accumulate), vector);
        });
        eachTile(sumsOf(panel), (rows, firstRow, place) => {
          const start = k.add(
            sum(
              k,
              rows,
              outerRows.map((a) => a.lhs),
              left,
            ),
            k.mul(firstRow, row.lhs),
          );
          const lhs = { ref: c.lhs, at: start, run: { count: height, stride: row.lhs } };
          const rhs = { ref: packed, at: piece, run: { count: width, stride: 1 } };
          const parts = outerTile(k, accumulate, lhs, rhs, axes, undefined);
          const totals = parts.map((part, r) => {
            const to = k.add(place, r * width);
            return k.add(width === 1 ? t.load(sums, to) : t.load(sums, to, [width], [1]), part);
          });
          totals.forEach((total, r) => t.store(sums, k.add(place, r * width), total, vector));
        });
      });
    });
  });
  t.stage([...outerSizes, panels], (...ids) => {
    const panel = ids[ids.length - 1];
    const firstColumn = tileStart(k, panel, column.size, width);
    const known = outer.map((axis, i) => ({ axis, index: ids[i] }));
    eachTile(sum(k, ids, sumPlaces, 0), (rows, firstRow, place) => {
      for (let r = 0; r < height; r++) {
        const to = k.add(place, r * width);
        const part = (chunk: number): TileAtom => {
          const at = k.add(to, chunk * ofChunk);
          return width === 1 ? t.load(sums, at) : t.load(sums, at, [width], [1]);
        };
        store({
          value: range(chunks)
            .map(part)
            .reduce((a, b) => k.add(a, b)),
          vector: width === 1 ? null : column,
          positions: [
            ...known,
            ...rows.map((index, i) => ({ axis: outerRows[i], index })),
            { axis: row, index: k.add(firstRow, r) },
            { axis: column, index: firstColumn },
          ],
        });
      }
    });
  });
}
