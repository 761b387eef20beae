/** Gathers and scatters: one scalar access for each lane, guarded by its mask. */
import type { LoopBuffer } from "../../ir/loop.js";
import { type Block, cuts, RegisterBlock } from "./block.js";
import type { LoopBuilder } from "./builder.js";
import type { Node } from "./graph.js";

export function loadAt(
  b: LoopBuilder,
  buffer: LoopBuffer,
  size: number,
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
  const pieces = cuts(shape, 1).map(({ row, column }) => {
    const spare = other ? element(other, row, column) : zero;
    if (size === 0) return spare;
    const at = element(index, row, column);
    if (!mask) return b.load(b.place(buffer, at), 0, 1);
    // a masked lane reads element 0 instead, and forgets it
    const on = element(mask, row, column);
    const safe = b.op("select", "i32", [on, at, b.i32(0)]);
    return b.op("select", dtype, [on, b.load(b.place(buffer, safe), 0, 1), spare]);
  });
  return new RegisterBlock(b, dtype, shape, 1, pieces);
}

export function storeAt(
  b: LoopBuilder,
  buffer: LoopBuffer,
  shape: readonly number[],
  index: Block,
  mask: Block | null,
  value: Block,
): void {
  for (const { row, column } of cuts(shape, 1)) {
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
  }
}

function element(block: Block, row: number, column: number): Node {
  return block.shape.length === 0 ? block.scalar(0, 0) : block.scalar(row, column);
}
