/**
 * A nest that reduces the columns of large matrices, one or many. Walked column by column, each row gives a few cache lines far from those
 * of the row before, which no hardware fetches ahead. Here each program goes through some rows from left to right, eight at a time, and
 * keeps one result for each column in memory that stays in the first cache. Where there are few matrices, programs share their rows
 * and their results are combined after. How many programs there are is a matter of the sizes alone.
 */
import {
  type Dim,
  dimAdd,
  dimFloorDiv,
  dimMax,
  dimMin,
  dimMul,
  dimProduct,
  dimSame,
  dimSub,
  isStatic,
} from "../../ir/dim.js";
import { byteSize } from "../../ir/dtype.js";
import { COMBINE } from "../../ir/reduce-op.js";
import { mostLikely } from "../../ir/size.js";
import type { TileAtom, TileReduceOp, TileRef } from "../../ir/tile.js";
import type { TileBuilder } from "../../ir/tile-builder.js";
import { within } from "../../kernels/contract/ranges.js";
import { ScalarCode } from "../../kernels/scalar-code.js";
import { makeAccumulator } from "./accumulate.js";
import type { Loop } from "./affine.js";
import { NestEmitter, type RefOf } from "./emit.js";
import { instructionsOf, type PreparedNest, reachable } from "./nest.js";
import type { Member } from "./node.js";

/** Rows that are combined in registers before the result in memory is touched. */
const TOGETHER = 8;
/** Bytes of a row from which the next one lies away, and those that one program takes at most: its results stay in the first cache. */
const LEAST_ROW = 128;
const LEAST_ROW_OF_MANY = 64;
const PANEL = 16384;
/** Rows of a matrix whose sums are not cut into parts. */
const MOST_ROWS = 16384;
/** Elements below which the matrix lies in near caches anyway. */
const LARGE = 2 ** 18;
/** Elements of a program, about, and the most programs, where that leaves no long sums. */
const CHUNK = 2 ** 17;
const MOST_PROGRAMS = 32;
/** Columns of a program of the second stage. */
const COLUMNS = 256;
/** Bytes of four registers. */
const WIDTH = 64;
/** Panels or matrices from which there are programs enough without sharing rows. */
const MANY = 8;

export interface ColumnNest {
  readonly sums: readonly Member[];
  readonly matrices: readonly Loop[];
  readonly columns: Loop;
  readonly rows: Loop;
  readonly across: number;
  /** Of an element. */
  readonly bytes: number;
  /** 1 at sizes at which this is worth it, else 0. */
  readonly where: Dim;
}

export const ceilDiv = (a: Dim, b: Dim): Dim => dimFloorDiv(dimAdd(a, dimSub(b, 1)), b);

/** The sums, maxima and the like of a nest that has nothing else but rows, if they are of one width, four bytes at least, and not more than `most`. */
export function plainSums(members: readonly Member[], most: number): readonly Member[] | undefined {
  const sums = members.filter((m) => m.kind === "reduce");
  if (sums.length === 0 || sums.length > most) return undefined;
  const bytes = byteSize(sums[0].dtype);
  const isPlain = (m: Member): boolean =>
    m.kind === "row" ||
    (m.kind === "reduce" &&
      m.payload === null &&
      m.valid === null &&
      byteSize(m.dtype) === bytes &&
      m.combine !== "argmax" &&
      m.combine !== "argmin");
  return bytes >= 4 && members.every(isPlain) ? sums : undefined;
}

export function matchColumns(nest: PreparedNest): ColumnNest | undefined {
  const { kept, reduced, vector, members, parallel, passes, nodes } = nest;
  const columns = kept[kept.length - 1] as Loop | undefined;
  const matrices = kept.slice(0, -1);
  const [rows] = reduced;
  if (!parallel || passes !== 1 || !columns || reduced.length !== 1 || vector !== columns) return undefined;
  const points = dimProduct([...kept, rows].map((l) => l.extent));
  if (!isStatic(columns.extent) || mostLikely(points) < LARGE) return undefined;
  const sums = plainSums(members, 2);
  if (sums === undefined) return undefined;
  const bytes = byteSize(sums[0].dtype);
  const loads = nodes.filter((n) => n.kind === "load");
  if (loads.length > 3 || loads.some((n) => n.guard !== null || n.offset.terms.some((t) => t.atom.kind === "opaque")))
    return undefined;
  if (instructionsOf(reachable(sums)) > 24) return undefined;
  const across = columns.extent;
  const down = rows.extent;
  const many = dimProduct(matrices.map((l) => l.extent));
  const isOne = matrices.length === 0;
  // of one matrix sums are cut into parts
  const long = isOne ? within(down, 4 * TOGETHER, null) : within(down, 2 * TOGETHER, MOST_ROWS);
  const least = matrices.length === 0 ? LEAST_ROW : LEAST_ROW_OF_MANY;
  // of these a block of columns is a run of lines, and a matrix lies in the second cache
  if (matrices.length > 0 && bytes * across >= 512 && bytes * across < 2048) return undefined;
  if (bytes * across < least) return undefined;
  const where = [within(points, LARGE, null), long, isOne ? 1 : within(many, MANY, null)].reduce(dimMul);
  return where === 0 ? undefined : { sums, matrices, columns, rows, across, bytes, where };
}

export function emitColumnNest(b: TileBuilder, nest: PreparedNest, found: ColumnNest, refOf: RefOf): void {
  const { sums, matrices, columns, rows, across, bytes } = found;
  const k = new ScalarCode(b);
  const emitter = new NestEmitter(b, nest, refOf);
  const down = rows.extent;
  const counts = matrices.map((l) => l.extent);
  const full = WIDTH / bytes;
  // what is no multiple of the rows together is left to the end
  const groups = dimFloorDiv(down, TOGETHER);
  const last = dimMul(groups, TOGETHER);
  const panel = PANEL / bytes;
  const panels = Math.ceil(across / panel);
  const span = Math.min(panel, across);
  const combine = (m: Member, x: TileAtom, y: TileAtom): TileAtom => b.op(COMBINE[m.combine as TileReduceOp], [x, y]);
  const steps = (width: number): readonly number[] => (width > 1 ? [1] : []);
  const refs: TileRef[] = [];

  /** Blocks of columns between two multiples of the width (the end apart): wide ones, and narrower ones for what remains. */
  const blocks = (from: TileAtom, to: TileAtom, body: (c: TileAtom, width: number) => void): void => {
    const whole = across - (across % full);
    if (whole > 0) k.for(from, whole === across ? to : k.min(to, whole), (c) => body(c, full), full);
    let at = whole;
    for (const width of [4, 1]) {
      const end = across - (across % width);
      if (end > at) k.for(at === 0 ? from : k.max(from, at), k.min(to, end), (c) => body(c, width), width);
      at = Math.max(at, end);
    }
  };
  /** The rows `first`, `first` + 1, … of some columns, combined. */
  const together = (place: Place, first: TileAtom, n: number, c: TileAtom, width: number): TileAtom[] => {
    const all = sums.map((m) => makeAccumulator(b, m, width, false));
    for (let i = 0; i < n; i++) {
      const values = emitter.elements(new Map([...place, [rows, k.add(first, i)], [columns, c]]), width, sums);
      all.forEach((acc, s) => {
        acc.add(values[s], null, null);
      });
    }
    return all.map((acc) => acc.finish(false, []));
  };
  /** The rows from `start` to `end`, some at a time, into the parts, whose element of column c lies at base + c. */
  const walk = (place: Place, base: TileAtom, [from, to]: Range, start: TileAtom, end: TileAtom): void => {
    const group = (row: TileAtom, isFirst: boolean): void =>
      blocks(from, to, (c, width) => {
        const values = together(place, row, TOGETHER, c, width);
        const shape = width > 1 ? [width] : [];
        const at = k.add(base, c);
        const totals = isFirst
          ? values
          : sums.map((m, s) => combine(m, b.load(refs[s], at, shape, steps(width)), values[s]));
        totals.forEach((total, s) => {
          b.store(refs[s], at, total, steps(width));
        });
      });
    group(start, true);
    k.for(k.add(start, TOGETHER), end, (row) => group(row, false), TOGETHER);
  };
  /** What follows, from `count` parts `apart` from each other. */
  const finish = (place: Place, base: TileAtom, [from, to]: Range, count: Dim, apart: number): void =>
    blocks(from, to, (c, width) => {
      const shape = width > 1 ? [width] : [];
      const first = k.add(base, c);
      const totals = sums.map((_, s) => b.var(b.load(refs[s], first, shape, steps(width))));
      if (count !== 1)
        k.for(1, count, (part) => {
          const at = k.add(k.mul(part, apart), first);
          sums.forEach((m, s) => {
            b.assign(totals[s], combine(m, totals[s], b.load(refs[s], at, shape, steps(width))));
          });
        });
      const others = (n: number, row: TileAtom): void => {
        const rest = together(place, row, n, c, width);
        sums.forEach((m, s) => {
          b.assign(totals[s], combine(m, totals[s], rest[s]));
        });
      };
      if (isStatic(down)) {
        if (down % TOGETHER > 0) others(down % TOGETHER, k.i32(last));
      } else if (!dimSame(down, last)) k.for(last, down, (row) => others(1, row));
      emitter.at(new Map([...place, [columns, c]]), new Map(sums.map((m, s) => [m, totals[s]])));
    });
  const panelOf = (p: TileAtom): Range => {
    if (panels === 1) return [k.i32(0), k.i32(across)];
    const from = k.mul(p, panel);
    return [from, k.min(k.add(from, panel), across)];
  };

  const many = dimProduct(counts);
  const wanted = dimFloorDiv(dimAdd(dimProduct([many, across, down]), CHUNK / 2), CHUNK);
  if (matrices.length > 0 || panels >= MANY) {
    // whole columns: a program takes some matrices, or some columns of the one
    const each = dimMax(dimFloorDiv(many, dimMax(dimFloorDiv(wanted, panels), MANY)), 1);
    const programs = ceilDiv(many, each);
    refs.push(...sums.map((m) => b.ref("parts", m.dtype, "scratch", dimMul(programs, panels * span))));
    b.stage([programs, panels], (id, p) => {
      const range = panelOf(p);
      const base = k.sub(k.mul(k.add(k.mul(id, panels), p), span), range[0]);
      k.for(k.mul(id, each), k.min(k.mul(k.add(id, 1), each), many), (matrix) => {
        const place = placeOf(k, matrices, counts, matrix);
        walk(place, base, range, k.i32(0), k.i32(last));
        finish(place, base, range, 1, 0);
      });
    });
    b.notes.push(
      `columns are reduced by ${String(dimMul(programs, panels))} programs, which go through their rows from left to right`,
    );
    return;
  }
  const most = isStatic(groups) ? Math.max(MOST_PROGRAMS, Math.ceil(Math.sqrt(groups))) : MOST_PROGRAMS;
  const programs = dimMax([ceilDiv(wanted, panels), groups, most].reduce(dimMin), 2);
  const each = dimMul(dimMax(ceilDiv(groups, programs), 1), TOGETHER);
  const count = ceilDiv(last, each);
  refs.push(...sums.map((m) => b.ref("parts", m.dtype, "scratch", dimMul(count, across))));
  b.stage([count, panels], (id, p) => {
    const start = k.mul(id, each);
    walk([], k.mul(id, across), panelOf(p), start, k.min(k.add(start, each), last));
  });
  b.stage([Math.ceil(across / COLUMNS)], (id) => {
    const from = k.mul(id, COLUMNS);
    finish([], k.i32(0), [from, k.min(k.add(from, COLUMNS), across)], count, across);
  });
  b.notes.push(
    `columns are reduced by ${String(dimMul(count, panels))} programs of ${String(each)} rows, which go through their rows from left to right`,
  );
}

export type Place = readonly (readonly [Loop, TileAtom])[];
type Range = readonly [TileAtom, TileAtom];

/** The indices of loops at a position of their space. */
export function placeOf(k: ScalarCode, loops: readonly Loop[], counts: readonly Dim[], position: TileAtom): Place {
  let rest = position;
  const place: [Loop, TileAtom][] = [];
  for (let i = loops.length - 1; i > 0; i--) {
    place.push([loops[i], k.rem(rest, counts[i])]);
    rest = k.div(rest, counts[i]);
  }
  if (loops.length > 0) place.push([loops[0], rest]);
  return place;
}
