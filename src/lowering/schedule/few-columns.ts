/**
 * A nest that reduces the columns of matrices with few of them: channels of images, classes, coordinates. So many rows that they are
 * whole vectors are taken for one, whose columns are copies of the matrix's: these are summed up by vectors that lie in memory one
 * after the other, and the copies are combined at the end. What differs from column to column and not from row to row (a mean that
 * is subtracted, a later pass's results) is written out for all copies before. How many programs there are is a matter of the sizes alone.
 */
import { type Dim, dimFloorDiv, dimMax, dimMin, dimMul, dimProduct, dimSame, isStatic } from "../../ir/dim.js";
import { byteSize, type DType, isFloat } from "../../ir/dtype.js";
import { COMBINE, identityOf } from "../../ir/reduce-op.js";
import { mostLikely } from "../../ir/size.js";
import type { ElementwisePrim, TileAtom, TileReduceOp, TileRef, TileVar } from "../../ir/tile.js";
import type { TileBuilder } from "../../ir/tile-builder.js";
import { within } from "../../kernels/contract/ranges.js";
import { ScalarCode } from "../../kernels/scalar-code.js";
import { makeAccumulator, wantsParts } from "./accumulate.js";
import type { Affine, Loop } from "./affine.js";
import { ceilDiv, type Place, placeOf, plainSums } from "./columns.js";
import { NestEmitter, type RefOf } from "./emit.js";
import { isPlaceIn } from "./extremum-rows.js";
import { instructionsOf, type PreparedNest, reachable } from "./nest.js";
import type { Member, Node } from "./node.js";

/** Bytes of four registers, in which columns are walked, of the rows that are taken for one, at least, and of rows of many columns. */
const WIDTH = 64;
const LEAST_ROW = 128;
const MANY_COLUMNS = 256;
/** Elements that are read in turns, which the first cache holds, and the most rows of them. */
const TILE = 4096;
const MOST_ROWS = 128;
/** Elements from which it is worth it, and those of one program. */
const LEAST = 8192;
/** Rows as wide as vectors, at least. */
const LEAST_GROUPS = 4;
const CHUNK = 2 ** 16;
/** Elements of small matrices that a program does one after the other. */
const SOME = 8192;
const MOST_PROGRAMS = 32;
/** Instructions of an element from which columns one by one are no slower. */
const LONG_BODY = 200;
const MOST_SUMS = 4;

export interface FewColumns {
  readonly sums: readonly Member[];
  /** In each pass: what is the same in all rows. */
  readonly repeated: readonly (readonly Node[])[];
  readonly matrices: readonly Loop[];
  readonly columns: Loop;
  readonly rows: Loop;
  readonly across: number;
  /** Rows that are taken for one. */
  readonly copies: number;
  /** 1 at sizes at which this is worth it, else 0. */
  readonly where: Dim;
  /** Where places of extrema are sought: the index of the row, and the member whose result the last of the sums is. */
  readonly place: { readonly index: Node; readonly of: Member } | null;
}

/**
 * The place of the greatest or least element of a column, where there is nothing else: the extremum in one pass, and in the next the first row
 * that has it.
 */
function inTwoPasses(nest: PreparedNest, rows: Loop): { readonly nest: PreparedNest; readonly of: Member } | undefined {
  const found = nest.members.filter((m) => m.kind !== "row");
  const [of] = found;
  if (found.length !== 1 || !isPlaceIn(of, rows) || nest.passes !== 1) return undefined;
  const index = of.payload as Node;
  const { dtype } = of.node;
  const plain = { kind: "reduce", payload: null, valid: null, store: null } as const;
  const best: Member = { ...plain, dtype, combine: of.combine === "argmax" ? "max" : "min", node: of.node, pass: 0 };
  let id = -1;
  const op = (prim: ElementwisePrim, type: DType, ...args: readonly Node[]): Node => {
    const loops = args.reduce((mask, n) => mask | n.loops, 0);
    return { kind: "op", id: id--, dtype: type, loops, prim, params: {}, args };
  };
  const loops = of.node.loops & ~(1 << rows.id);
  let is = op("eq", "bool", of.node, { kind: "member", id: id--, dtype, loops, member: best });
  if (isFloat(dtype)) is = op("or", "bool", is, op("ne", "bool", of.node, of.node));
  const never: Node = { kind: "const", id: id--, dtype: "i32", loops: 0, value: 2 ** 31 - 1 };
  const node = op("select", "i32", is, index, never);
  const first: Member = { ...plain, dtype: "i32", combine: "min", node, pass: 1 };
  return { nest: { ...nest, members: [best, first], passes: 2 }, of };
}

function factorOf(a: Affine, loop: Loop): Dim {
  return a.terms.find((t) => t.atom === loop)?.factor ?? 0;
}

export function matchFewColumns(nest: PreparedNest): FewColumns | undefined {
  const [loop] = nest.reduced;
  const two = nest.reduced.length === 1 ? inTwoPasses(nest, loop) : undefined;
  return two ? matchSums(two.nest, two.of) : matchSums(nest, null);
}

function matchSums(nest: PreparedNest, of: Member | null): FewColumns | undefined {
  const { kept, reduced, members, parallel, passes } = nest;
  const columns = kept[kept.length - 1] as Loop | undefined;
  const [rows] = reduced;
  if (!parallel || !columns || reduced.length !== 1 || !isStatic(columns.extent)) return undefined;
  const matrices = kept.slice(0, -1);
  const count = matrices.reduce((n, l) => n * mostLikely(l.extent), 1);
  const down = mostLikely(rows.extent);
  const across = columns.extent;
  if (count * down * across < LEAST) return undefined;
  const sums = plainSums(members, MOST_SUMS);
  if (sums === undefined) return undefined;
  const bytes = byteSize(sums[0].dtype);
  if (bytes * across >= (of ? WIDTH : MANY_COLUMNS)) return undefined;
  let copies = 1;
  while ((copies * across * bytes) % WIDTH !== 0 || copies * across * bytes < LEAST_ROW) copies *= 2;
  if (down < LEAST_GROUPS * copies || instructionsOf(reachable(sums)) > LONG_BODY) return undefined;

  const varies = (n: Node): boolean => (n.loops & (1 << rows.id)) !== 0;
  const repeated: Node[][] = [];
  let flat = 0;
  for (let pass = 0; pass < passes; pass++) {
    const found = new Set<Node>();
    for (const m of sums.filter((s) => s.pass === pass)) {
      if (!varies(m.node)) return undefined;
      for (const n of reachable([m])) {
        if (!varies(n)) continue;
        if (n.kind === "op") {
          for (const a of n.args) if (a.kind !== "const" && !varies(a)) found.add(a);
        } else if (n.kind === "index" && n === of?.payload) continue;
        else if (n.kind !== "load" || n.guard || n.offset.terms.some((t) => t.atom.kind === "opaque")) return undefined;
        else if (factorOf(n.offset, columns) !== 1 || factorOf(n.offset, rows) !== across) return undefined;
        else flat++;
      }
    }
    if ([...found].some((n) => n.dtype === "bool")) return undefined;
    repeated.push([...found]);
  }
  if (flat > 6) return undefined;
  const points = dimProduct([...kept, rows].map((l) => l.extent));
  const where = dimMul(within(points, LEAST, null), within(rows.extent, LEAST_GROUPS * copies, null));
  const place = of?.payload ? { index: of.payload, of } : null;
  return { sums, repeated, matrices, columns, rows, across, copies, where, place };
}

export function emitFewColumns(b: TileBuilder, prepared: PreparedNest, found: FewColumns, refOf: RefOf): void {
  const { sums, repeated, matrices, columns, rows, across, copies, place: sought } = found;
  const passes = sums[sums.length - 1].pass + 1;
  const nest: PreparedNest = { ...prepared, vector: columns, passes };
  const k = new ScalarCode(b);
  const emitter = new NestEmitter(b, nest, refOf);
  const down = rows.extent;
  const counts = matrices.map((l) => l.extent);
  const bytes = byteSize(sums[0].dtype);
  const full = WIDTH / bytes;
  const wide = across * copies;
  const many = dimProduct(counts);
  const groups = dimFloorDiv(down, copies);
  /** Rows that are done by whole vectors. */
  const last = dimMul(groups, copies);
  const most = isStatic(groups) ? Math.max(MOST_PROGRAMS, Math.ceil(Math.sqrt(groups))) : MOST_PROGRAMS;
  const isSmall = across * mostLikely(down) < 2 * CHUNK;
  const programs = isSmall ? 1 : dimMax(dimMin(dimFloorDiv(dimMul(across, down), CHUNK), most), 1);
  /** Rows of a program. */
  const each = dimMul(ceilDiv(groups, programs), copies);
  // of a named number of rows the last programs may find none left
  const count = isStatic(each) && isStatic(last) ? ceilDiv(last, each) : programs;
  const tile = Math.max(8, Math.min(MOST_ROWS, Math.floor(TILE / wide))) * copies;
  /** Matrices that are done one after the other in the same memory. */
  const some = isStatic(down) && count === 1 ? Math.max(1, Math.floor(SOME / (across * down))) : 1;
  const slots = ceilDiv(many, some);
  const scratch = (name: string, m: Member | Node, n: Dim): TileRef =>
    b.ref(name, m.dtype, "scratch", dimMul(slots, n));
  const parts = new Map(sums.map((m) => [m, scratch("parts", m, dimMul(count, wide))]));
  const results = new Map(sums.filter((m) => m.pass < nest.passes - 1).map((m) => [m, scratch("results", m, across)]));
  const tables = new Map<Node, TileRef>();
  for (const n of repeated.flat()) if (!tables.has(n)) tables.set(n, scratch("copies", n, wide));
  /** Which of the rows that are taken for one an element is in. */
  const numbers = sought && b.ref("numbers", "i32", "scratch", dimMul(slots, wide));
  const partOf = (m: Member): TileRef => parts.get(m) as TileRef;
  const combine = (m: Member, x: TileAtom, y: TileAtom): TileAtom => b.op(COMBINE[m.combine as TileReduceOp], [x, y]);
  const load = (ref: TileRef, at: TileAtom, width: number): TileAtom =>
    width > 1 ? b.load(ref, at, [width], [1]) : b.load(ref, at);
  const store = (ref: TileRef, at: TileAtom, value: TileAtom): void =>
    b.store(ref, at, value, value.shape.length > 0 ? [1] : []);
  const placeAt = (matrix: TileAtom): Place => placeOf(k, matrices, counts, matrix);
  const tableOf = (slot: TileAtom, pass: number, at: TileAtom, width: number): Map<Node, TileAtom> =>
    new Map(repeated[pass].map((n) => [n, load(tables.get(n) as TileRef, k.add(k.mul(slot, wide), at), width)]));
  /** The columns in blocks of four and one by one. */
  const blocks = (body: (c: TileAtom, width: number) => void): void => {
    const whole = across - (across % 4);
    if (whole > 0) k.for(0, whole, (c) => body(c, 4), 4);
    if (whole < across) k.for(whole, across, (c) => body(c, 1));
  };
  /** Results of passes before this one. */
  const known = (slot: TileAtom, pass: number, c: TileAtom, width: number): [Member, TileAtom][] =>
    [...results].flatMap(([m, ref]): [Member, TileAtom][] =>
      m.pass < pass ? [[m, load(ref, k.add(k.mul(slot, across), c), width)]] : [],
    );
  /** Writes out what a pass reads in all rows. */
  const spread = (matrix: TileAtom, slot: TileAtom, pass: number): void => {
    if (numbers && pass > 0)
      k.for(0, copies, (i) =>
        k.for(0, across, (c) => store(numbers, k.add(k.add(k.mul(slot, wide), k.mul(i, across)), c), i)),
      );
    if (repeated[pass].length === 0) return;
    const place = placeAt(matrix);
    blocks((c, width) => {
      const found = new Map(known(slot, pass, c, width));
      const values = emitter.values([...place, [columns, c]], width, repeated[pass], pass, new Map(), found);
      k.for(0, copies, (i) => {
        const at = k.add(k.add(k.mul(slot, wide), k.mul(i, across)), c);
        repeated[pass].forEach((n, j) => {
          store(tables.get(n) as TileRef, at, values[j]);
        });
      });
    });
  };
  const inBlocks = (body: (c: TileAtom) => void): void => k.for(0, wide, body, full);
  /** Rows from `start` to `end` into the part at `base`. */
  const walk = (
    matrix: TileAtom,
    slot: TileAtom,
    pass: number,
    base: TileAtom,
    start: TileAtom,
    end: TileAtom,
  ): void => {
    const here = sums.filter((m) => m.pass === pass);
    const nodes = here.map((m) => m.node);
    const place = placeAt(matrix);
    inBlocks((c) => {
      for (const m of here)
        store(partOf(m), k.add(base, c), b.const(identityOf(m.combine as TileReduceOp, m.dtype), m.dtype, [full]));
    });
    const turn = (top: TileAtom): void =>
      inBlocks((c) => {
        const at = k.add(base, c);
        const all = here.map((m) => makeAccumulator(b, m, full, false));
        // what the part holds is combined as rows are, but for sums, whose parts are better added to each other
        here.forEach((m, i) => {
          if (!wantsParts(m)) all[i].add(load(partOf(m), at, full), null, null);
        });
        const table = tableOf(slot, pass, c, full);
        const number = numbers && pass > 0 ? load(numbers, k.add(k.mul(slot, wide), c), full) : null;
        const bottom = k.min(k.add(top, tile), end);
        k.for(
          top,
          bottom,
          (row) => {
            if (sought && number) table.set(sought.index, k.add(number, row));
            const values = emitter.values([...place, [rows, row], [columns, c]], full, nodes, pass, table);
            all.forEach((acc, i) => {
              acc.add(values[i], null, null);
            });
          },
          copies,
        );
        here.forEach((m, i) => {
          const result = all[i].finish(false, []);
          store(partOf(m), at, wantsParts(m) ? combine(m, load(partOf(m), at, full), result) : result);
        });
      });
    k.for(start, end, turn, tile);
  };
  /** Combines parts and copies, and what no vector held; stores what follows, or writes out what the next pass reads. */
  const finish = (matrix: TileAtom, slot: TileAtom, pass: number): void => {
    const here = sums.filter((m) => m.pass === pass);
    const nodes = here.map((m) => m.node);
    const base = k.mul(slot, dimMul(count, wide));
    const place = placeAt(matrix);
    const total = (at: TileAtom, width: number, n: Dim, apart: number): TileVar[] => {
      const totals = here.map((m) => b.var(load(partOf(m), at, width)));
      if (n !== 1)
        k.for(1, n, (i) => {
          here.forEach((m, j) => {
            b.assign(totals[j], combine(m, totals[j], load(partOf(m), k.add(at, k.mul(i, apart)), width)));
          });
        });
      return totals;
    };
    if (count !== 1)
      inBlocks((c) => {
        const at = k.add(base, c);
        total(at, full, count, wide).forEach((x, j) => {
          store(partOf(here[j]), at, x);
        });
      });
    blocks((c, width) => {
      const totals = total(k.add(base, c), width, copies, across);
      if (!dimSame(last, down)) {
        const table = tableOf(slot, pass, c, width);
        k.for(last, down, (row) => {
          const values = emitter.values([...place, [rows, row], [columns, c]], width, nodes, pass, table);
          here.forEach((m, j) => {
            b.assign(totals[j], combine(m, totals[j], values[j]));
          });
        });
      }
      if (pass < nest.passes - 1)
        here.forEach((m, j) => {
          store(results.get(m) as TileRef, k.add(k.mul(slot, across), c), totals[j]);
        });
      else
        emitter.at(
          new Map([...place, [columns, c]]),
          new Map([
            ...known(slot, pass, c, width),
            ...here.map((m, j): [Member, TileAtom] => [sought?.of ?? m, totals[j]]),
          ]),
        );
    });
    if (pass < nest.passes - 1) spread(matrix, slot, pass + 1);
  };

  if (count === 1) {
    b.stage([slots], (slot) => {
      const each = (matrix: TileAtom): void => {
        spread(matrix, slot, 0);
        for (let pass = 0; pass < nest.passes; pass++) {
          walk(matrix, slot, pass, k.mul(slot, wide), k.i32(0), k.i32(last));
          finish(matrix, slot, pass);
        }
      };
      if (some === 1) each(slot);
      else k.for(k.mul(slot, some), k.min(k.mul(k.add(slot, 1), some), many), each);
    });
  } else {
    if (repeated[0].length > 0) b.stage([many], (matrix) => spread(matrix, matrix, 0));
    for (let pass = 0; pass < nest.passes; pass++) {
      b.stage([many, count], (matrix, id) => {
        const start = k.mul(id, each);
        const base = k.mul(k.add(k.mul(matrix, count), id), wide);
        walk(matrix, matrix, pass, base, start, k.min(k.add(start, each), last));
      });
      b.stage([many], (matrix) => finish(matrix, matrix, pass));
    }
  }
  b.notes.push(`${across} columns are reduced by ${String(dimMul(slots, count))} programs, ${copies} rows at once`);
}
