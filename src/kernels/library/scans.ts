/** Cumulative sums, and the greatest k, of rows. */
import { kernel } from "../../dsl/kernel/own.js";
import { reshape } from "../../lax/structure.js";
import { customVjp } from "../../tracer/custom.js";
import type { Tensor } from "../../tracer/tensor.js";
import {
  arange,
  type constexpr,
  expandDims,
  cumsum as sums,
  load,
  programId,
  type Ref,
  store,
  topK as greatest,
} from "../../dsl/kernel/index.js";
import { asRows, ceilDiv, fromRows } from "./rows.js";

/** A program takes several rows: the additions of one row wait for each other. */
export const cumsumKernel = kernel(
  function cumsum(x: Ref, out: Ref, REVERSE: constexpr<boolean>, ROWS: constexpr) {
    const row = expandDims(programId(0) * ROWS + arange(ROWS), 1);
    const at = [row, expandDims(arange(x.shape[1]), 0)];
    const mask = row < x.shape[0];
    store(out, at, sums(load(x, at, { mask }), 1, { reverse: REVERSE }), { mask });
  },
  { out: (x: Tensor) => x, grid: (x: Tensor, { ROWS }: { ROWS: number }) => ceilDiv(x.shape[0], ROWS) },
);
const ROWS = 32;
const scan = (x: Tensor, REVERSE: boolean): Tensor => cumsumKernel(x, { REVERSE, ROWS: Math.min(ROWS, x.shape[0]) });
/** The transpose of sums from the left is sums from the right. */
const onRows = customVjp((x: Tensor) => scan(x, false)).defvjp(
  (x) => [scan(x, false), null],
  (_, g) => [scan(g, true)],
);
/** Sums of what stands before each element of the last axis, with it. */
export const cumsum = (x: Tensor): Tensor => fromRows(onRows(asRows(x)), x);

const ofRows = (dtype: (x: Tensor) => Tensor["dtype"], x: Tensor, K: number) => ({
  shape: [x.shape[0], K],
  dtype: dtype(x),
});

export const topKKernel = kernel<readonly Tensor[]>(
  function topK(x: Ref, values: Ref, indices: Ref, K: constexpr) {
    const row = programId(0);
    const [v, at] = greatest(load(x, [row, null]), K);
    store(values, [row, null], v);
    store(indices, [row, null], at);
  },
  {
    out: (x: Tensor, { K }: { K: number }) => [ofRows((t) => t.dtype, x, K), ofRows(() => "i32", x, K)],
    grid: (x: Tensor) => x.shape[0],
  },
);
/** Each cotangent back to where its value stood. */
const topKBackward = kernel(
  function topKBackward(indices: Ref, g: Ref, out: Ref, SIZE: constexpr) {
    const row = programId(0);
    store(out, [row, load(indices, [row, null])], load(g, [row, null]));
  },
  {
    out: (_i: Tensor, g: Tensor, { SIZE }: { SIZE: number }) => ({ shape: [g.shape[0], SIZE], dtype: g.dtype }),
    init: 0,
    grid: (_i: Tensor, g: Tensor) => g.shape[0],
  },
);
function topKOf(K: number) {
  return customVjp((x: Tensor) => topKKernel(x, { K })).defvjp(
    (x) => {
      const out = topKKernel(x, { K });
      return [out, [out[1], x]];
    },
    ([indices, x]: Tensor[], [g]) => [topKBackward(indices, g, { SIZE: x.shape[1] })],
  );
}
const known = new Map<number, ReturnType<typeof topKOf>>();

/** The k greatest elements of the last axis, the greatest first, and where they stand. */
export function topK(x: Tensor, k: number): [values: Tensor, indices: Tensor] {
  let f = known.get(k);
  if (!f) known.set(k, (f = topKOf(k)));
  const rows = asRows(x);
  const [values, indices] = f(rows);
  const shape = [...x.shape.slice(0, -1), k];
  return [reshape(values, shape), reshape(indices, shape)];
}
