/** A contraction by a chosen plan, as grid stages: packing where the plan says so, then tile after tile. */
import { internal } from "../../diagnostics/error.js";
import type { TileAtom, TileRef } from "../../ir/tile.js";
import type { ScalarCode } from "../scalar-code.js";
import { type Axis, type Contraction, product, tilesOf } from "./contraction.js";
import { pack, packInner, type SideLayout, sum, tileStart } from "./pack.js";
import { stridesOf } from "../../util/index.js";
import { innerTile, outerTile, SumsInMemory, streamTile } from "./tile.js";

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
  /** Elements of a vector along the inner axis, or of a step along the columns of a stream. */
  readonly lanes: number;
  /** Steps of k that a stream takes at a time. */
  readonly depth: number;
  /** Sums are put down in memory before what follows them is computed. */
  readonly staged: boolean;
}

/** A finished piece of the result: one element, or a vector of neighbours along `vector` from the index given for it. */
export interface ResultPiece {
  readonly value: TileAtom;
  readonly positions: readonly { readonly axis: Axis; readonly index: TileAtom }[];
  readonly vector: Axis | null;
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
export function overlaps(c: Contraction, plan: ContractionPlan): boolean {
  const cut = (axes: readonly Axis[], axis: number | null, size: number): boolean =>
    axis !== null && axes[axis].size % size !== 0;
  return cut(c.rows, plan.rowAxis, plan.height) || cut(c.columns, plan.columnAxis, plan.width);
}

export function emitContraction(k: ScalarCode, c: Contraction, plan: ContractionPlan, store: StoreResult): void {
  const { t } = k;
  const { height, width } = plan;
  const single: Axis = { size: 1, lhs: 0, rhs: 0, out: 0 };
  const row = plan.rowAxis === null ? single : c.rows[plan.rowAxis];
  const column = plan.columnAxis === null ? single : c.columns[plan.columnAxis];
  const outerRows = c.rows.filter((_, i) => i !== plan.rowAxis);
  const outerColumns = c.columns.filter((_, i) => i !== plan.columnAxis);
  const layout = (side: "lhs" | "rhs", outer: readonly Axis[], run: Axis): SideLayout => ({
    ref: c[side],
    base: (side === "lhs" ? c.lhsBase : c.rhsBase) ?? 0,
    batch: c.batch.map((a) => a[side]),
    outer: outer.map((a) => a[side]),
    tile: null,
    run: { size: run.size, stride: run[side] },
    inner: c.inner.map((a) => a[side]),
  });
  let lhs = layout("lhs", outerRows, row);
  let rhs = layout("rhs", outerColumns, column);
  const { batch, inner, accumulate } = c;
  const copy = plan.vectors === "inner" ? packInner : pack;
  if (plan.packLhs) lhs = copy(k, lhs, { batch, outer: outerRows, inner, height }, accumulate);
  if (plan.packRhs) rhs = copy(k, rhs, { batch, outer: outerColumns, inner, height: width }, accumulate);
  const axes = inner.map((a, i): Axis => ({ size: a.size, lhs: lhs.inner[i], rhs: rhs.inner[i], out: 0 }));

  const rowTiles = tilesOf(row.size, height);
  const blocks = Math.ceil(rowTiles / plan.rowTiles);
  const columnTiles = tilesOf(column.size, width);
  const grid = [...batch, ...outerRows]
    .map((a) => a.size)
    .concat(
      blocks,
      outerColumns.map((a) => a.size),
      columnTiles,
    );
  const empty = product([...c.batch, ...c.rows, ...c.columns]) === 0;
  // sums in memory: one after the other, for each program of its own
  const sumWidth = plan.vectors === "inner" ? plan.lanes : width;
  const sumCount = plan.vectors === "inner" ? height * width : height;
  const slot = sumWidth * sumCount;
  const sums =
    plan.staged && !empty
      ? t.ref(
          "sums",
          accumulate,
          "scratch",
          grid.reduce((n, x) => n * x, slot),
        )
      : undefined;
  t.stage(empty ? [0] : grid, (...ids) => {
    if (empty) return;
    const memory = sums && new SumsInMemory(k, sums, sum(k, ids, stridesOf(grid, slot), 0), sumWidth);
    const b = ids.slice(0, batch.length);
    const r = ids.slice(batch.length, batch.length + outerRows.length);
    const block = ids[batch.length + outerRows.length];
    const co = ids.slice(batch.length + outerRows.length + 1, -1);
    const panel = ids[ids.length - 1];
    const firstColumn = tileStart(k, panel, column.size, width);
    const place = (side: SideLayout, outer: readonly TileAtom[], tile: TileAtom, start: TileAtom): TileAtom =>
      sum(
        k,
        [...b, ...outer, tile, start],
        [...side.batch, ...side.outer, side.tile ?? 0, side.tile === null ? side.run.stride : 0],
        side.base,
      );
    const right = place(rhs, co, panel, firstColumn);
    const zipped = (axes: readonly Axis[], list: readonly TileAtom[]): ResultPiece["positions"] =>
      axes.map((axis, i) => ({ axis, index: list[i] }));
    const known = [...zipped(batch, b), ...zipped(outerRows, r), ...zipped(outerColumns, co)];
    const piece = (value: TileAtom, i: TileAtom, j: TileAtom, vector: Axis | null): void =>
      store({ value, vector, positions: [...known, { axis: row, index: i }, { axis: column, index: j }] });
    const left = place(lhs, r, t.i32(0), t.i32(0));

    const one = (tile: TileAtom): void => {
      const firstRow = tileStart(k, tile, row.size, height);
      const a = k.add(left, lhs.tile === null ? k.mul(firstRow, lhs.run.stride) : k.mul(tile, lhs.tile));
      const l = { ref: lhs.ref, at: a, run: { count: height, stride: lhs.run.stride } };
      const h = { ref: rhs.ref, at: right, run: { count: width, stride: rhs.run.stride } };
      if (plan.vectors === "inner") {
        innerTile(k, accumulate, l, h, axes, plan.lanes, memory).forEach((xs, i) => {
          xs.forEach((x, j) => piece(x, k.add(firstRow, i), k.add(firstColumn, j), null));
        });
        return;
      }
      if (plan.vectors === "stream") {
        if (!memory) internal("a stream without memory for its sums");
        const { lanes: vector, depth } = plan;
        streamTile(k, accumulate, l, h, axes, { vector, depth, memory });
        k.for(0, height, (i) => {
          const first = k.mul(i, width);
          const each = (j: TileAtom): void => {
            const x = t.load(memory.ref, k.add(k.add(memory.at, first), j), [vector], [1]);
            piece(x, k.add(firstRow, i), k.add(firstColumn, j), column);
          };
          k.for(0, width, each, vector);
        });
        return;
      }
      const values = outerTile(k, accumulate, l, h, axes, memory);
      if (memory) k.for(0, height, (i) => piece(memory.get(i), k.add(firstRow, i), firstColumn, column));
      else values.forEach((x, i) => piece(x, k.add(firstRow, i), firstColumn, column));
    };
    if (rowTiles === 1) one(t.i32(0));
    else {
      const first = k.mul(block, plan.rowTiles);
      const last = k.add(first, plan.rowTiles);
      k.for(first, rowTiles % plan.rowTiles === 0 ? last : k.min(last, rowTiles), one);
    }
  });
}
