/** Rows of a table by number, and its gradient: rows added to rows by number, in the order in which they come. */
import { kernel } from "../../dsl/kernel/own.js";
import { reshape } from "../../lax/structure.js";
import { customVjp } from "../../tracer/custom.js";
import type { Tensor } from "../../tracer/tensor.js";
import { arange, type constexpr, load, programId, type Ref, range, store } from "../../dsl/kernel/index.js";
import { asRows, ceilDiv } from "./rows.js";

/** table [rows, d], ids [n] → [n, d] */
export const gatherKernel = kernel(
  function gatherRows(table: Ref, ids: Ref, out: Ref) {
    const i = programId(0);
    store(out, [i, null], load(table, [load(ids, [i]), null]));
  },
  {
    out: (table: Tensor, ids: Tensor) => ({ shape: [ids.shape[0], table.shape[1]], dtype: table.dtype }),
    grid: (_t: Tensor, ids: Tensor) => ids.shape[0],
  },
);

/**
 * rows [n, d] added to out [ROWS, d] at ids. A program has some of the columns and goes through all rows in order: no two
 * programs meet, so sums have the same bits each time, without atomics.
 */
export const scatterAddKernel = kernel(
  function scatterAddRows(ids: Ref, rows: Ref, out: Ref, ROWS: constexpr, BLOCK: constexpr) {
    const cols = programId(0) * BLOCK + arange(BLOCK);
    const mask = cols < out.shape[1];
    for (const i of range(rows.shape[0])) {
      const row = load(ids, [i]);
      store(out, [row, cols], load(out, [row, cols], { mask }) + load(rows, [i, cols], { mask }), { mask });
    }
  },
  {
    out: (_i: Tensor, rows: Tensor, { ROWS }: { ROWS: number }) => ({
      shape: [ROWS, rows.shape[1]],
      dtype: rows.dtype,
    }),
    init: 0,
    grid: (_i: Tensor, rows: Tensor, { BLOCK }: { BLOCK: number }) => ceilDiv(rows.shape[1], BLOCK),
  },
);

const COLUMNS = 128;

const lookup = customVjp((table: Tensor, ids: Tensor) => gatherKernel(table, ids)).defvjp(
  (table, ids) => [gatherKernel(table, ids), [table, ids]],
  ([table, ids]: Tensor[], g) => [scatterAdd(ids, g, table.shape[0]), null],
);

/** The rows of a table [rows, d] that ids (i32, any shape) name: [...ids, d]. */
export function embedding(table: Tensor, ids: Tensor): Tensor {
  const rows = lookup(table, ids.ndim === 1 ? ids : reshape(ids, [ids.size]));
  return ids.ndim === 1 ? rows : reshape(rows, [...ids.shape, table.shape[1]]);
}

/** [size, d]: the sum of the rows that each id has; ids of rows' leading axes. */
export function scatterAdd(ids: Tensor, rows: Tensor, size: number): Tensor {
  const all = asRows(rows);
  const flat = ids.ndim === 1 ? ids : reshape(ids, [ids.size]);
  return scatterAddKernel(flat, all, { ROWS: size, BLOCK: Math.min(COLUMNS, all.shape[1]) });
}
