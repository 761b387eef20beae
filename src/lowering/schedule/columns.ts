/**
 * A nest that reduces the columns of a large matrix. Walked column by column, each row gives a few cache lines far from those of the
 * row before, which no hardware fetches ahead. Here each program goes through some rows from left to right, eight at a time, and keeps
 * one result for each column in memory that stays in the first cache; then the programs' results are combined. How many programs
 * there are is a matter of the sizes alone.
 */
import { isStatic } from "../../ir/dim.js";
import { byteSize } from "../../ir/dtype.js";
import { COMBINE } from "../../ir/reduce-op.js";
import { staticSizes } from "../../ir/size.js";
import type { TileAtom, TileReduceOp } from "../../ir/tile.js";
import type { TileBuilder } from "../../ir/tile-builder.js";
import { ScalarCode } from "../../kernels/scalar-code.js";
import { makeAccumulator } from "./accumulate.js";
import type { Loop } from "./affine.js";
import { NestEmitter, type RefOf } from "./emit.js";
import { instructionsOf, type PreparedNest, reachable } from "./nest.js";
import type { Member } from "./node.js";

/** Rows that are combined in registers before the result in memory is touched. */
const TOGETHER = 8;
/** Bytes of a row from which the next one lies far away, and those above which its results leave the first cache. */
const LEAST_ROW = 2048;
const MOST_ROW = 16384;
/** Elements below which the matrix lies in near caches anyway. */
const LARGE = 2 ** 18;
/** Elements of a program, about, and the most programs, where that leaves no long sums. */
const CHUNK = 2 ** 17;
const MOST_PROGRAMS = 32;
/** Columns of a program of the second stage. */
const COLUMNS = 256;
/** Lanes of four registers of 4-byte elements. */
const WIDTH = 16;

export interface ColumnNest {
  readonly sums: readonly Member[];
  readonly columns: Loop;
  readonly rows: Loop;
}

export function matchColumns(nest: PreparedNest): ColumnNest | undefined {
  const { kept, reduced, vector, members, parallel, passes, nodes, points } = nest;
  const [columns] = kept;
  const [rows] = reduced;
  if (!parallel || passes !== 1 || kept.length !== 1 || reduced.length !== 1 || vector !== columns) return undefined;
  if (!isStatic(columns.extent) || !isStatic(rows.extent) || points < LARGE) return undefined;
  const sums = members.filter((m) => m.kind === "reduce");
  const isPlain = (m: Member): boolean =>
    m.kind === "row" ||
    (m.kind === "reduce" &&
      m.payload === null &&
      m.valid === null &&
      byteSize(m.dtype) === 4 &&
      m.combine !== "argmax" &&
      m.combine !== "argmin");
  if (sums.length === 0 || sums.length > 2 || !members.every(isPlain)) return undefined;
  const loads = nodes.filter((n) => n.kind === "load");
  if (loads.length > 3 || loads.some((n) => n.guard !== null || n.offset.terms.some((t) => t.atom.kind === "opaque")))
    return undefined;
  if (instructionsOf(reachable(sums)) > 24) return undefined;
  const bytes = 4 * columns.extent;
  return rows.extent >= 4 * TOGETHER && bytes >= LEAST_ROW && bytes <= MOST_ROW ? { sums, columns, rows } : undefined;
}

export function emitColumnNest(
  b: TileBuilder,
  nest: PreparedNest,
  { sums, columns, rows }: ColumnNest,
  refOf: RefOf,
): void {
  const k = new ScalarCode(b);
  const emitter = new NestEmitter(b, nest, refOf);
  const [across, down] = staticSizes([columns.extent, rows.extent]);
  // what is no multiple of the rows together is left to the second stage
  const groups = Math.floor(down / TOGETHER);
  const most = Math.max(MOST_PROGRAMS, Math.ceil(Math.sqrt(groups)));
  const programs = Math.max(2, Math.min(most, Math.round((across * down) / CHUNK), groups));
  const each = Math.ceil(groups / programs) * TOGETHER;
  const last = groups * TOGETHER;
  const count = Math.ceil(last / each);
  const refs = sums.map((m) => b.ref("parts", m.dtype, "scratch", count * across));
  const combine = (m: Member, x: TileAtom, y: TileAtom): TileAtom => b.op(COMBINE[m.combine as TileReduceOp], [x, y]);

  /** Blocks of columns between two multiples of the width (the end apart): wide ones, and narrower ones for what remains. */
  const blocks = (from: TileAtom, to: TileAtom, body: (c: TileAtom, width: number) => void): void => {
    const whole = across - (across % WIDTH);
    k.for(from, whole === across ? to : k.min(to, whole), (c) => body(c, WIDTH), WIDTH);
    let at = whole;
    for (const width of [4, 1]) {
      const end = across - (across % width);
      if (end > at) k.for(k.max(from, at), k.min(to, end), (c) => body(c, width), width);
      at = Math.max(at, end);
    }
  };
  /** The rows `first`, `first` + 1, … of some columns, combined. */
  const together = (first: TileAtom, n: number, c: TileAtom, width: number): TileAtom[] => {
    const all = sums.map((m) => makeAccumulator(b, m, width, false));
    for (let i = 0; i < n; i++) {
      const point = new Map([
        [rows, k.add(first, i)],
        [columns, c],
      ]);
      const values = emitter.elements(point, width, sums);
      all.forEach((acc, s) => acc.add(values[s], null, null));
    }
    return all.map((acc) => acc.finish(false, []));
  };

  b.stage([count], (id) => {
    const start = k.mul(id, each);
    const end = k.min(k.add(start, each), last);
    const base = k.mul(id, across);
    blocks(k.i32(0), k.i32(across), (c, width) => {
      const values = together(start, TOGETHER, c, width);
      refs.forEach((ref, s) => b.store(ref, k.add(base, c), values[s], width > 1 ? [1] : []));
    });
    k.for(
      k.add(start, TOGETHER),
      end,
      (row) =>
        blocks(k.i32(0), k.i32(across), (c, width) => {
          const values = together(row, TOGETHER, c, width);
          const shape = width > 1 ? [width] : [];
          const steps = width > 1 ? [1] : [];
          const totals = sums.map((m, s) => combine(m, b.load(refs[s], k.add(base, c), shape, steps), values[s]));
          totals.forEach((total, s) => b.store(refs[s], k.add(base, c), total, steps));
        }),
      TOGETHER,
    );
  });
  b.stage([Math.ceil(across / COLUMNS)], (id) => {
    const from = k.mul(id, COLUMNS);
    blocks(from, k.min(k.add(from, COLUMNS), across), (c, width) => {
      const shape = width > 1 ? [width] : [];
      const steps = width > 1 ? [1] : [];
      const totals = sums.map((_, s) => b.var(b.load(refs[s], c, shape, steps)));
      k.for(1, count, (part) => {
        const at = k.add(k.mul(part, across), c);
        sums.forEach((m, s) => b.assign(totals[s], combine(m, totals[s], b.load(refs[s], at, shape, steps))));
      });
      if (down > last) {
        const rest = together(k.i32(last), down - last, c, width);
        sums.forEach((m, s) => b.assign(totals[s], combine(m, totals[s], rest[s])));
      }
      emitter.at(new Map([[columns, c]]), new Map(sums.map((m, s) => [m, totals[s]])));
    });
  });
  b.notes.push(
    `columns are reduced by ${count} programs of ${each} rows, which go through their rows from left to right`,
  );
}
