/**
 * A nest that computes matrices of short rows element by element, where something is the same in all rows: coordinates that are scaled, channels
 * that are normalised. Rows are too short for vectors, so many of them are taken for one; what is the same in all of them is written out for it before.
 */
import { isStatic } from "../../ir/dim.js";
import { byteSize } from "../../ir/dtype.js";
import { staticSizes } from "../../ir/size.js";
import type { TileAtom, TileRef } from "../../ir/tile.js";
import type { TileBuilder } from "../../ir/tile-builder.js";
import { ScalarCode } from "../../kernels/scalar-code.js";
import type { Affine, Loop } from "./affine.js";
import { NestEmitter, type RefOf } from "./emit.js";
import { instructionsOf, type PreparedNest, reachable } from "./nest.js";
import type { Node } from "./node.js";
import type { InPlace } from "./reuse.js";

/** Columns that blocks of the usual width do well with; more of them leave less behind. */
const WIDTH = 16;
const MANY_COLUMNS = 64;
/** Elements from which it is worth it, of the rows that are taken for one, at least, and of a program. */
const LEAST = 2 ** 15;
const LEAST_ROW = 512;
const CHUNK = 2 ** 14;
/** Values that are written out, at most, and instructions of an element from which the others do not matter. */
const MOST_TABLES = 6;
const LONG_BODY = 200;

export interface FlatRows {
  readonly rows: Loop;
  readonly columns: Loop;
  /** What is the same in all rows. */
  readonly repeated: readonly Node[];
}

export function matchFlatRows(nest: PreparedNest): FlatRows | undefined {
  const { kept, reduced, members, parallel, nodes, points } = nest;
  const [rows, columns, ...inner] = kept;
  if (!parallel || reduced.length > 0 || !columns || inner.length > 0 || points < LEAST) return undefined;
  if (!isStatic(rows.extent) || !isStatic(columns.extent)) return undefined;
  const across = columns.extent;
  if (across >= MANY_COLUMNS || (across > 4 && across % 4 === 0) || instructionsOf(nodes) > LONG_BODY) return undefined;
  const factor = (a: Affine, loop: Loop) => a.terms.find((t) => t.atom === loop)?.factor ?? 0;
  const isFlat = (a: Affine): boolean =>
    a.terms.length === 2 && factor(a, columns) === 1 && factor(a, rows) === across && isStatic(a.constant);
  if (!members.every((m) => m.kind === "full" && m.store && !m.store.guard && isFlat(m.store.offset))) return undefined;
  const varies = (n: Node): boolean => (n.loops & (1 << rows.id)) !== 0;
  const repeated = new Set<Node>();
  for (const m of members) if (!varies(m.node)) return undefined;
  for (const n of reachable(members)) {
    if (!varies(n)) continue;
    if (n.kind === "op") {
      for (const a of n.args) if (a.kind !== "const" && a.loops !== 0 && !varies(a)) repeated.add(a);
    } else if (n.kind !== "member" && (n.kind !== "load" || n.guard || !isFlat(n.offset))) return undefined;
  }
  const tables = [...repeated];
  if (tables.length === 0 || tables.length > MOST_TABLES || tables.some((n) => n.dtype === "bool")) return undefined;
  return { rows, columns, repeated: tables };
}

export function emitFlatRows(
  b: TileBuilder,
  prepared: PreparedNest,
  { rows, columns, repeated }: FlatRows,
  refOf: RefOf,
): readonly InPlace[] {
  const nest: PreparedNest = { ...prepared, vector: columns };
  const { members } = nest;
  const k = new ScalarCode(b);
  const emitter = new NestEmitter(b, nest, refOf);
  const [across, down] = staticSizes([columns.extent, rows.extent]);
  const width = Math.max(...nest.nodes.map((n) => byteSize(n.dtype))) === 8 ? WIDTH / 2 : WIDTH;
  let copies = 1;
  while ((copies * across) % width !== 0 || copies * across < LEAST_ROW) copies *= 2;
  const wide = copies * across;
  const whole = down - (down % copies);
  const tables = new Map<Node, TileRef>(repeated.map((n, i) => [n, b.ref(`copies${i}`, n.dtype, "scratch", wide)]));
  const steps = (n: number): readonly number[] => (n > 1 ? [1] : []);
  const nodes = members.map((m) => m.node);
  /** Elements c, c + 1, … of rows that begin with `row`. */
  const block = (row: TileAtom, c: TileAtom, n: number): void => {
    const known = new Map<Node, TileAtom>();
    for (const [node, ref] of tables) known.set(node, b.load(ref, c, n > 1 ? [n] : [], steps(n)));
    const values = emitter.values(
      [
        [rows, row],
        [columns, c],
      ],
      n,
      nodes,
      0,
      known,
    );
    members.forEach(({ store }, i) => {
      if (!store) return;
      const at = k.add(k.add(k.mul(row, across), c), store.offset.constant);
      b.store(refOf(store.view, "write"), at, values[i], steps(n));
    });
  };
  b.stage([], () =>
    k.for(0, across, (c) => {
      const values = emitter.values([[columns, c]], 1, repeated);
      k.for(0, copies, (i) => {
        repeated.forEach((n, j) => {
          b.store(tables.get(n) as TileRef, k.add(k.mul(i, across), c), values[j]);
        });
      });
    }),
  );
  const each = Math.max(1, Math.round(CHUNK / wide)) * copies;
  const programs = Math.max(1, Math.ceil(whole / each));
  b.stage([programs], (id) => {
    const start = k.mul(id, each);
    k.for(start, k.min(k.add(start, each), whole), (row) => k.for(0, wide, (c) => block(row, c, width), width), copies);
    const rest = (down - whole) * across;
    if (rest > 0) b.if(k.eq(id, programs - 1), () => k.vectorFor(0, rest, (c, n) => block(b.i32(whole), c, n), width));
  });
  b.notes.push(`${copies} rows of ${across} elements are taken for one`);
  return emitter.inPlace;
}
