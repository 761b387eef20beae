/** A contraction by a chosen plan, as grid stages: packing where the plan says so, then tile after tile. */
import { internal } from "../../diagnostics/error.js";
import {
  type Dim,
  dimAdd,
  dimAtLeast,
  dimFloorDiv,
  dimMax,
  dimMod,
  dimMul,
  dimProduct,
  dimSub,
  isStatic,
  leastOf,
} from "../../ir/dim.js";
import type { DType } from "../../ir/dtype.js";
import type { TileAtom, TileRef } from "../../ir/tile.js";
import type { Operand, ScalarCode } from "../scalar-code.js";
import { pack, packInner, reaches, type SideLayout, strides, sum, tileStart } from "./pack.js";
import { productOf, type SizedAxis, type SizedContraction, tileCount } from "./sized.js";
import { inParts, innerTile, outerTile, partOf, SumsInMemory, streamTile } from "./tile.js";
import { range } from "../../util/index.js";

export interface ContractionPlan {
  /**
   * What vectors lie along: columns (whose stride must be 1, or packed), or the innermost inner axis. `stream`: columns too,
   * but so many that their sums stay in memory while the right side goes by once, row by row.
   */
  readonly vectors: "columns" | "inner" | "stream";
  /** Which axis of `rows` and `columns` is cut into tiles, null: none, the run is one element. */
  readonly rowAxis: number | null;
  readonly columnAxis: number | null;
  /** Rows and columns of a tile. */
  readonly height: number;
  readonly width: number;
  readonly packLhs: boolean;
  readonly packRhs: boolean;
  /** Row tiles that one program works through with the same columns. */
  readonly rowTiles: number;
  /** Lower tiles at the end of the rows, where tiles of one height would compute many twice; one program does all rows then. */
  readonly lower?: { readonly height: number; readonly tiles: number } | undefined;
  /** Elements of a vector along the inner axis, or of a step along the columns of a stream. */
  readonly lanes: number;
  /** Steps of k that a stream takes at a time. */
  readonly depth: number;
  /** Pieces of the sum that are programs of a stream, their sums added by a stage after it; undefined: the sum is one. */
  readonly pieces?: number | undefined;
  /** Sums are put down in memory before what follows them is computed. */
  readonly staged: boolean;
}

/** A finished piece of the result: one element, or a vector of neighbours along `vector` from the index given for it. */
export interface ResultPiece {
  readonly value: TileAtom;
  readonly positions: readonly { readonly axis: SizedAxis; readonly index: TileAtom }[];
  readonly vector: SizedAxis | null;
}
export type StoreResult = (piece: ResultPiece) => void;

/** Writes pieces where the axes' `out` strides say. */
export function storeInto(k: ScalarCode, out: TileRef): StoreResult {
  return ({ value, positions, vector }) => {
    const at = positions.reduce<TileAtom>((sum, p) => k.add(sum, k.mul(p.index, p.axis.out)), k.i32(0));
    k.t.store(out, at, k.t.convert(value, out.dtype), value.shape.length === 0 ? [] : [vector ? vector.out : 0]);
  };
}

/** Whether a piece may be computed twice: then what it is written over must not be read for it. */
export function overlaps(c: SizedContraction, plan: ContractionPlan): boolean {
  const cut = (axes: readonly SizedAxis[], axis: number | null, size: number): boolean =>
    axis !== null && dimMod(axes[axis].size, size) !== 0;
  return (!plan.lower && cut(c.rows, plan.rowAxis, plan.height)) || cut(c.columns, plan.columnAxis, plan.width);
}

/** Rows of the fewest tiles, at most `height` high, that share `size` rows about evenly: so few are computed twice. */
function evenHeight(size: Dim, height: number): Dim {
  const tiles = tileCount(size, height);
  return dimFloorDiv(dimSub(dimAdd(size, tiles), 1), tiles);
}
/** From so many rows on, tiles that share them evenly are always `height` high. */
export function evenFrom(height: number): number {
  return (height - 1) ** 2 + 1;
}
/** What `evenHeight` may be beside `height`, of a number of rows that is found when the program runs. */
export function lowerHeights(size: Dim, height: number): readonly number[] {
  if (isStatic(size)) return [];
  const found = new Set<number>();
  for (let n = Math.max(1, leastOf(size)); n < evenFrom(height); n++) found.add(Number(evenHeight(n, height)));
  found.delete(height);
  return [...found].sort((a, b) => a - b);
}

/** The inner axis of an outer tile whose sums are done in parts, where it is the only one. */
function longAxis(
  plan: ContractionPlan,
  accumulate: DType,
  [axis, other]: readonly SizedAxis[],
): (SizedAxis & { readonly size: number }) | null {
  if (plan.vectors !== "columns" || !plan.staged || !axis || other || !isStatic(axis.size)) return null;
  return inParts(accumulate, axis.size) ? { ...axis, size: axis.size } : null;
}

export function emitContraction(k: ScalarCode, c: SizedContraction, plan: ContractionPlan, store: StoreResult): void {
  const { t } = k;
  const { height, width } = plan;
  const single: SizedAxis = { size: 1, lhs: 0, rhs: 0, out: 0 };
  const row = plan.rowAxis === null ? single : c.rows[plan.rowAxis];
  const column = plan.columnAxis === null ? single : c.columns[plan.columnAxis];
  const outerRows = c.rows.filter((_, i) => i !== plan.rowAxis);
  const outerColumns = c.columns.filter((_, i) => i !== plan.columnAxis);
  const layout = (side: "lhs" | "rhs", outer: readonly SizedAxis[], run: SizedAxis): SideLayout => ({
    ref: c[side],
    base: (side === "lhs" ? c.lhsBase : c.rhsBase) ?? 0,
    batch: c.batch.map((a) => a[side]),
    outer: outer.map((a) => a[side]),
    tile: null,
    run: { size: run.size, stride: run[side] },
    inner: c.inner.map((a) => a[side]),
  });
  const [lhsAsIs, rhsAsIs] = [layout("lhs", outerRows, row), layout("rhs", outerColumns, column)];
  let [lhs, rhs] = [lhsAsIs, rhsAsIs];
  const { batch, inner, accumulate } = c;
  const copy = plan.vectors === "inner" ? packInner : pack;
  const lower = lowerHeights(row.size, height);
  const many = lower.length > 0 ? reaches(row.size, evenFrom(height)) : 1;
  if (plan.packLhs) lhs = copy(k, lhs, { batch, outer: outerRows, inner, height, wanted: many }, accumulate);
  const enough = reaches(column.size, width);
  if (plan.packRhs)
    rhs = copy(k, rhs, { batch, outer: outerColumns, inner, height: width, wanted: enough }, accumulate);
  // tiles of other heights read rows as they lie
  const lowLhs = plan.vectors === "inner" ? lhs : lhsAsIs;
  const below = plan.lower ? plan.lower.height * plan.lower.tiles : 0;
  const rowTiles = tileCount(dimSub(row.size, below), height);
  // few rows are one program's
  const perProgram = lower.length > 0 ? Math.max(plan.rowTiles, height) : plan.rowTiles;
  const blocks = tileCount(rowTiles, perProgram);
  const columnTiles = tileCount(column.size, width);
  const grid = [...batch, ...outerRows]
    .map((a) => a.size)
    .concat(
      blocks,
      outerColumns.map((a) => a.size),
      columnTiles,
    );
  const empty = productOf([...c.batch, ...c.rows, ...c.columns]) === 0;
  // sums in memory: one after the other, for each program of its own
  const sumWidth = plan.vectors === "inner" ? plan.lanes : width;
  const sumCount = plan.vectors === "inner" ? height * width : height;
  // long sums in parts: all row tiles of a program go through one part of the right side before the next
  const axesOf = (left: SideLayout, right: SideLayout): SizedAxis[] =>
    inner.map((a, i) => ({ size: a.size, lhs: left.inner[i], rhs: right.inner[i], out: 0 }));
  const long = longAxis(plan, accumulate, axesOf(lhs, rhs));
  const slot = sumWidth * sumCount * (long ? perProgram : 1);
  const pieces = plan.pieces ?? 1;
  const ofPiece = dimMul(dimProduct(grid), slot);
  const sums = plan.staged && !empty ? t.ref("sums", accumulate, "scratch", dimMul(ofPiece, pieces)) : undefined;
  /** `turn`: sums of one piece, or what follows those of all; undefined where one program does both. */
  const program = (ids: readonly TileAtom[], turn?: { readonly piece: TileAtom } | "results"): void => {
    const piecePlace = turn && turn !== "results" ? k.mul(turn.piece, ofPiece) : 0;
    const place = sums && sum(k, ids, strides(grid, slot), piecePlace);
    const memoryOf = (w: number): SumsInMemory | undefined =>
      sums && place && new SumsInMemory(k, sums, place, plan.vectors === "inner" ? plan.lanes : w);
    const b = ids.slice(0, batch.length);
    const r = ids.slice(batch.length, batch.length + outerRows.length);
    const block = ids[batch.length + outerRows.length];
    const co = ids.slice(batch.length + outerRows.length + 1, -1);
    const panel = ids[ids.length - 1];
    const start = (side: SideLayout, outer: readonly TileAtom[], tile: TileAtom, first: TileAtom): TileAtom =>
      sum(
        k,
        [...b, ...outer, tile, first],
        [...side.batch, ...side.outer, side.tile ?? 0, side.tile === null ? side.run.stride : 0],
        side.base,
      );
    const zipped = (list: readonly SizedAxis[], at: readonly TileAtom[]): ResultPiece["positions"] =>
      list.map((axis, i) => ({ axis, index: at[i] }));
    const known = [...zipped(batch, b), ...zipped(outerRows, r), ...zipped(outerColumns, co)];
    const piece = (value: TileAtom, i: TileAtom, j: TileAtom, vector: SizedAxis | null): void => {
      const positions = [...known, { axis: row, index: i }, { axis: column, index: j }];
      // a column by itself, of fewer than a tile has
      const alone = vector && width > 1 && value.shape[0] === 1;
      store(alone ? { value: t.reshape(value, []), vector: null, positions } : { value, vector, positions });
    };

    /** The tile of `h` rows and `w` columns from here on, whose operands lie at `a`, in `left`, and at `right`. */
    const tile = (
      h: number,
      left: SideLayout,
      firstRow: TileAtom,
      a: TileAtom,
      w: number,
      firstColumn: TileAtom,
      right: TileAtom,
    ): void => {
      const side = w === width ? rhs : rhsAsIs;
      const axes = axesOf(left, side);
      const memory = memoryOf(w);
      const l = { ref: left.ref, at: a, run: { count: h, stride: left.run.stride } };
      const s = { ref: side.ref, at: right, run: { count: w, stride: side.run.stride } };
      if (plan.vectors === "inner") {
        innerTile(k, accumulate, l, s, axes, plan.lanes, memory).forEach((xs, i) => {
          xs.forEach((x, j) => piece(x, k.add(firstRow, i), k.add(firstColumn, j), null));
        });
        return;
      }
      if (plan.vectors === "stream") {
        if (!memory) internal("a stream without memory for its sums");
        const { lanes: vector, depth } = plan;
        if (turn !== "results") {
          const piece = turn && { index: turn.piece, count: pieces };
          streamTile(k, accumulate, l, s, axes, { vector, depth, memory, piece });
          if (turn) return;
        }
        k.for(0, h, (i) => {
          const first = k.mul(i, w);
          const each = (j: TileAtom): void => {
            const at = k.add(k.add(memory.at, first), j);
            const [x, ...others] = range(pieces).map((n) =>
              t.load(memory.ref, k.add(at, dimMul(ofPiece, n)), [vector], [1]),
            );
            const total = others.reduce<TileAtom>((a, b) => k.add(a, b), x);
            piece(total, k.add(firstRow, i), k.add(firstColumn, j), column);
          };
          k.for(0, w, each, vector);
        });
        return;
      }
      const values = outerTile(k, accumulate, l, s, axes, memory);
      if (memory) k.for(0, h, (i) => piece(memory.get(i), k.add(firstRow, i), firstColumn, column));
      else values.forEach((x, i) => piece(x, k.add(firstRow, i), firstColumn, column));
    };
    /** `whole` from so many on, which is sometimes known beforehand. */
    const fitting = (size: Dim, count: number, whole: () => void, fewer: () => void): void => {
      if (dimAtLeast(size, count) === true) whole();
      else t.if(k.ge(k.i32(size), count), whole, fewer);
    };
    const rows = (w: number, firstColumn: TileAtom, right: TileAtom): void => {
      const left = start(lhs, r, t.i32(0), t.i32(0));
      const one = (i: TileAtom): void => {
        const firstRow = tileStart(k, i, row.size, height);
        const a = k.add(left, lhs.tile === null ? k.mul(firstRow, lhs.run.stride) : k.mul(i, lhs.tile));
        tile(height, lhs, firstRow, a, w, firstColumn, right);
      };
      const whole = (): void => {
        if (plan.lower) {
          const { height: h, tiles } = plan.lower;
          k.for(0, rowTiles, one);
          k.for(0, tiles, (i) => {
            const firstRow = k.add(k.mul(i, h), dimSub(row.size, below));
            tile(h, lhs, firstRow, k.add(left, k.mul(firstRow, lhs.run.stride)), w, firstColumn, right);
          });
          return;
        }
        if (rowTiles === 1) {
          one(t.i32(0));
          return;
        }
        const first = k.mul(block, perProgram);
        const last = k.add(first, perProgram);
        const tiles = (body: (i: TileAtom) => void): void =>
          k.for(first, dimMod(rowTiles, perProgram) === 0 ? last : k.min(last, rowTiles), body);
        if (!long || !place || !sums || w !== width) {
          tiles(one);
          return;
        }
        const memoryOf = (i: TileAtom): SumsInMemory =>
          new SumsInMemory(k, sums, k.add(place, k.mul(k.sub(i, first), height * w)), w);
        const part = (from: Operand, size: number): void =>
          tiles((i) => {
            const firstRow = tileStart(k, i, row.size, height);
            const at = k.add(left, lhs.tile === null ? k.mul(firstRow, lhs.run.stride) : k.mul(i, lhs.tile));
            const l = {
              ref: lhs.ref,
              at: k.add(at, k.mul(from, long.lhs)),
              run: { count: height, stride: lhs.run.stride },
            };
            const s = {
              ref: rhs.ref,
              at: k.add(right, k.mul(from, long.rhs)),
              run: { count: w, stride: rhs.run.stride },
            };
            memoryOf(i).add(outerTile(k, accumulate, l, s, [{ ...long, size }], undefined));
          });
        const size = partOf(long.size);
        const rest = long.size % size;
        tiles((i) => memoryOf(i).clear(height));
        k.for(0, long.size - rest, (from) => part(from, size), size);
        if (rest > 0) part(long.size - rest, rest);
        tiles((i) => {
          const firstRow = tileStart(k, i, row.size, height);
          const memory = memoryOf(i);
          k.for(0, height, (r) => piece(memory.get(r), k.add(firstRow, r), firstColumn, column));
        });
      };
      const even = (h: number): void =>
        k.for(0, rowTiles, (i) => {
          const firstRow = k.min(k.mul(i, h), dimMax(dimSub(row.size, h), 0));
          tile(h, lowLhs, firstRow, start(lowLhs, r, t.i32(0), firstRow), w, firstColumn, right);
        });
      const other = plan.packLhs && lowLhs !== lhs && lower.length > 0 ? [...lower, height] : lower;
      const choose = (n: number): void => {
        if (n === other.length) whole();
        else
          t.if(
            k.eq(k.i32(evenHeight(row.size, height)), other[n]),
            () => even(other[n]),
            () => choose(n + 1),
          );
      };
      if (other.includes(height)) fitting(row.size, evenFrom(height), whole, () => choose(0));
      else choose(0);
    };
    fitting(
      column.size,
      width,
      () => {
        const firstColumn = tileStart(k, panel, column.size, width);
        rows(width, firstColumn, start(rhs, co, panel, firstColumn));
      },
      () => k.for(0, column.size, (j) => rows(1, j, start(rhsAsIs, co, t.i32(0), j))),
    );
  };
  if (empty) t.stage([0], () => {});
  else if (pieces === 1) t.stage(grid, (...ids) => program(ids));
  else {
    t.stage([pieces, ...grid], (piece, ...ids) => program(ids, { piece }));
    t.stage(grid, (...ids) => program(ids, "results"));
  }
}
