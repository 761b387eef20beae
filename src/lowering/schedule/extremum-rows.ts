/**
 * A nest that looks for the places of the greatest or least elements of rows. To carry places along costs more than to find the extremum alone:
 * so that is found first, piece by piece, and then its first place in the piece that had it. Few long rows are shared by programs.
 */
import { isStatic } from "../../ir/dim.js";
import { byteSize, isFloat } from "../../ir/dtype.js";
import { identityOf } from "../../ir/reduce-op.js";
import { staticSizes } from "../../ir/size.js";
import type { TileAtom, TileVar } from "../../ir/tile.js";
import type { TileBuilder } from "../../ir/tile-builder.js";
import { ScalarCode } from "../../kernels/scalar-code.js";
import { prod } from "../../util/index.js";
import { makeAccumulator } from "./accumulate.js";
import type { Loop } from "./affine.js";
import { placeOf } from "./columns.js";
import { NestEmitter, type RefOf } from "./emit.js";
import { instructionsOf, type PreparedNest } from "./nest.js";
import type { Member } from "./node.js";

/** Rows that are shorter are done by blocks that carry places. */
const LEAST_ROW = 64;
/** Elements of a piece. */
const PIECE = 2048;
/** Elements of a program, of one row or of several; rows from which there are programs enough. */
const CHUNK = 2 ** 15;
const SOME = 2 ** 13;
const MANY = 8;
/** Instructions of an element from which they are not to be done twice. */
const LONG_BODY = 24;

export interface ExtremumRows {
  readonly found: Member;
  readonly rows: Loop;
}

/** Whether the member's place is that in this loop. */
export function isPlaceIn(m: Member, loop: Loop): boolean {
  if (m.payload?.kind !== "index" || m.valid) return false;
  const { constant, terms } = m.payload.index;
  return constant === 0 && terms.length === 1 && terms[0].atom === loop && terms[0].factor === 1;
}

export function matchExtremumRows(nest: PreparedNest): ExtremumRows | undefined {
  const { kept, reduced, vector, members, parallel, nodes } = nest;
  const [rows] = reduced;
  if (!parallel || reduced.length !== 1 || vector !== rows || ![...kept, rows].every((l) => isStatic(l.extent)))
    return undefined;
  const places = members.filter((m) => m.kind !== "row");
  const [found] = places;
  if (places.length !== 1 || (found.combine !== "argmax" && found.combine !== "argmin")) return undefined;
  if (byteSize(found.node.dtype) < 4 || !isPlaceIn(found, rows) || instructionsOf(nodes) > LONG_BODY) return undefined;
  return staticSizes([rows.extent])[0] < LEAST_ROW ? undefined : { found, rows };
}

export function emitExtremumRows(
  b: TileBuilder,
  nest: PreparedNest,
  { found, rows }: ExtremumRows,
  refOf: RefOf,
): void {
  const k = new ScalarCode(b);
  const emitter = new NestEmitter(b, nest, refOf);
  const { kept } = nest;
  const [length, ...counts] = staticSizes([rows, ...kept].map((l) => l.extent));
  const many = prod(counts);
  const { dtype } = found.node;
  const width = 64 / byteSize(dtype);
  const combine = found.combine === "argmax" ? "max" : "min";
  const extremum: Member = { ...found, combine, dtype, payload: null };
  const is = isFloat(dtype)
    ? (x: TileAtom, best: TileAtom): TileAtom => k.or(k.eq(x, best), k.ne(x, x))
    : (x: TileAtom, best: TileAtom): TileAtom => k.eq(x, best);
  const isBetter = (x: TileAtom, best: TileAtom): TileAtom => {
    const better = combine === "max" ? k.gt(x, best) : k.lt(x, best);
    return isFloat(dtype) ? k.or(better, k.and(k.ne(x, x), k.eq(best, best))) : better;
  };
  /** The extremum of the elements from `start` to `end` of a row, and its first place. */
  const seek = (row: TileAtom, start: TileAtom, end: TileAtom): { readonly best: TileVar; readonly at: TileVar } => {
    const place = placeOf(k, kept, counts, row);
    const at = (i: TileAtom, n: number): TileAtom => emitter.values([...place, [rows, i]], n, [found.node])[0];
    const best = b.var(b.const(identityOf(combine, dtype), dtype));
    const i = b.var(start);
    k.for(
      start,
      end,
      (first) => {
        const all = [width, 1].map((n) => makeAccumulator(b, extremum, n, false));
        const [wide, single] = all;
        const last = k.min(k.add(first, PIECE), end);
        const whole = k.sub(last, b.op("and", [k.sub(last, first), b.i32(width - 1)]));
        k.for(first, whole, (j) => wide.add(at(j, width), null, null), width);
        k.for(whole, last, (j) => single.add(at(j, 1), null, null));
        const here = wide.finish(true, [single]);
        const better = isBetter(here, best);
        b.assign(i, k.select(better, first, i));
        b.assign(best, k.select(better, here, best));
      },
      PIECE,
    );
    const fits = (): TileAtom => k.le(k.add(i, width), end);
    const hits = (): TileAtom => is(at(i, width), b.broadcast(best, [width], []));
    /** Goes on while elements are there and none of them is it. */
    const skip = (inside: () => TileAtom, hit: () => TileAtom, step: number): void =>
      b.while(
        () => {
          const goes = b.var(b.const(false, "bool"));
          b.if(inside(), () => b.assign(goes, k.not(hit())));
          return goes;
        },
        () => b.assign(i, k.add(i, step)),
      );
    skip(fits, () => b.reduce("or", hits(), 0), width);
    b.if(
      fits(),
      () => {
        const lanes = k.select(hits(), b.lanes([width], 0), b.const(width, "i32", [width]));
        b.assign(i, k.add(i, b.reduce("min", lanes, 0)));
      },
      () =>
        skip(
          () => k.lt(k.add(i, 1), end),
          () => is(at(i, 1), best),
          1,
        ),
    );
    return { best, at: i };
  };
  const finish = (row: TileAtom, at: TileAtom): void =>
    emitter.at(new Map(placeOf(k, kept, counts, row)), new Map([[found, at]]));

  const parts = many < MANY ? Math.min(MANY * 2, Math.floor((many * length) / CHUNK / Math.max(1, many))) : 1;
  if (parts < 2) {
    const each = Math.max(1, Math.floor(SOME / length));
    b.stage([Math.ceil(many / each)], (id) =>
      k.for(k.mul(id, each), k.min(k.mul(k.add(id, 1), each), many), (row) =>
        finish(row, seek(row, b.i32(0), b.i32(length)).at),
      ),
    );
    return;
  }
  const each = Math.ceil(length / parts / PIECE) * PIECE;
  const count = Math.ceil(length / each);
  const [best, at] = [b.ref("best", dtype, "scratch", many * count), b.ref("at", "i32", "scratch", many * count)];
  b.stage([many, count], (row, part) => {
    const start = k.mul(part, each);
    const result = seek(row, start, k.min(k.add(start, each), length));
    const to = k.add(k.mul(row, count), part);
    b.store(best, to, result.best);
    b.store(at, to, result.at);
  });
  b.stage([many], (row) => {
    const from = k.mul(row, count);
    const [x, i] = [b.var(b.load(best, from)), b.var(b.load(at, from))];
    k.for(1, count, (part) => {
      const [other, place] = [best, at].map((ref) => b.load(ref, k.add(from, part)));
      const better = isBetter(other, x);
      b.assign(i, k.select(better, place, i));
      b.assign(x, k.select(better, other, x));
    });
    finish(row, i);
  });
}
