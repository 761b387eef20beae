/**
 * Gathers and scatters: one scalar access for each lane, guarded by its mask. Where the indices are neighbours, which
 * the bounds of a padded or cut block make of plain loads, whole registers move when all lanes are on.
 */
import type { Dim } from "../../ir/dim.js";
import type { LoopBuffer } from "../../ir/loop.js";
import { type Block, type Cut, cuts, RegisterBlock } from "./block.js";
import type { LoopBuilder } from "./builder.js";
import type { Node } from "./graph.js";

export function loadAt(
  b: LoopBuilder,
  buffer: LoopBuffer,
  size: Dim,
  shape: readonly number[],
  index: Block,
  mask: Block | null,
  other: Block | null,
): Block {
  const { dtype } = buffer;
  const zero = b.const(
    dtype === "i64" || dtype === "u64" || dtype === "key" ? 0n : dtype === "bool" ? false : 0,
    dtype,
  );
  const one = (row: number, column: number): Node => {
    const spare = other ? element(other, row, column) : zero;
    if (size === 0) return spare;
    const at = element(index, row, column);
    if (!mask) return b.load(b.place(buffer, at), 0, 1);
    // a masked lane reads element 0 instead, and forgets it
    const on = element(mask, row, column);
    const safe = b.op("select", "i32", [on, at, b.i32(0)]);
    return b.op("select", dtype, [on, b.load(b.place(buffer, safe), 0, 1), spare]);
  };
  const runs = size !== 0 && shape.length > 0 ? neighbours(b, shape, b.lanesOf(dtype), index) : undefined;
  if (!runs) {
    const pieces = cuts(shape, 1).map(({ row, column }) => one(row, column));
    return new RegisterBlock(b, dtype, shape, 1, pieces);
  }
  const lanes = b.lanesOf(dtype);
  const whole = (c: Cut): Node => b.load(b.place(buffer, element(index, c.row, c.column)), 0, c.lanes);
  if (!mask) return new RegisterBlock(b, dtype, shape, lanes, runs.map(whole));
  const variables = runs.map((c) => b.variable(dtype, c.lanes));
  const assign = (values: readonly Node[]): void => {
    values.forEach((x, i) => {
      b.assign(variables[i], x);
    });
  };
  b.if(
    allOf(b, mask, shape),
    () => assign(runs.map(whole)),
    () => assign(runs.map((c) => b.pack(Array.from({ length: c.lanes }, (_, i) => one(c.row, c.column + i))))),
  );
  const pieces = variables.map((v) => b.read(v));
  return new RegisterBlock(b, dtype, shape, lanes, pieces);
}

export function storeAt(
  b: LoopBuilder,
  buffer: LoopBuffer,
  shape: readonly number[],
  index: Block,
  mask: Block | null,
  value: Block,
): void {
  const lanes = b.lanesOf(buffer.dtype);
  const one = (row: number, column: number): void => {
    const at = element(index, row, column);
    const x = element(value, row, column);
    const on = mask && element(mask, row, column);
    if (!on || (on.shape?.is === "const" && on.shape.value)) b.storeTo(b.place(buffer, at), 0, x);
    else
      b.if(
        on,
        () => b.storeTo(b.place(buffer, at), 0, x),
        () => {},
      );
  };
  const each = (): void => {
    for (const { row, column } of cuts(shape, 1)) one(row, column);
  };
  const runs = shape.length > 0 ? neighbours(b, shape, lanes, index) : undefined;
  if (!runs) {
    each();
    return;
  }
  const whole = (): void => {
    for (const c of runs) {
      const x = value.shape.length === 0 ? value.piece(0, 0, c.lanes) : value.piece(c.row, c.column, c.lanes);
      b.storeTo(b.place(buffer, element(index, c.row, c.column)), 0, x);
    }
  };
  if (mask) b.if(allOf(b, mask, shape), whole, each);
  else whole();
}

/** The block's registers, when the indices in each are surely neighbours. */
function neighbours(b: LoopBuilder, shape: readonly number[], lanes: number, index: Block): Cut[] | undefined {
  if (lanes === 1) return undefined;
  const runs = cuts(shape, lanes);
  if (runs.every((c) => c.lanes === 1)) return undefined;
  for (const { row, column, lanes: n } of runs) {
    if (n === 1) continue;
    const first = element(index, row, column);
    for (let i = 1; i < n; i++) if (b.distance(first, element(index, row, column + i)) !== i) return undefined;
  }
  return runs;
}

/** Whether all lanes are on. */
function allOf(b: LoopBuilder, mask: Block, shape: readonly number[]): Node {
  if (mask.shape.length === 0) return mask.scalar(0, 0);
  const lanes = mask.lanes > 1 ? mask.lanes : b.lanesOf("bool");
  const and = (x: Node | undefined, y: Node): Node => (x ? b.op("and", "bool", [x, y]) : y);
  let vectors: Node | undefined;
  let scalars: Node | undefined;
  for (const c of cuts(shape, lanes)) {
    const x = mask.piece(c.row, c.column, c.lanes);
    if (c.lanes > 1) vectors = and(vectors, x);
    else scalars = and(scalars, x);
  }
  return vectors ? and(scalars, b.reduceLanes("and", vectors)) : (scalars ?? b.const(true, "bool"));
}

function element(block: Block, row: number, column: number): Node {
  return block.shape.length === 0 ? block.scalar(0, 0) : block.scalar(row, column);
}
