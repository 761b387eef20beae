/**
 * Products by quantised weights: i8 with a scale for each column, and 4-bit numbers in pairs with a scale for each group of rows and
 * each column. Weights are read as they are stored and become floats a tile at a time.
 */
import { kernel } from "../../dsl/kernel/own.js";
import { reshape } from "../../lax/structure.js";
import * as np from "../../numpy/index.js";
import { customVjp } from "../../tracer/custom.js";
import type { Tensor } from "../../tracer/tensor.js";
import {
  arange,
  cast,
  type constexpr,
  dot,
  expandDims,
  floorDiv,
  load,
  programId,
  type Ref,
  range,
  store,
  trans,
  zeros,
} from "../../dsl/kernel/index.js";
import { asRows, ceilDiv } from "./rows.js";

interface Tile {
  readonly BM: number;
  readonly BN: number;
}
const products = {
  out: (x: Tensor, w: Tensor) => ({ shape: [x.shape[0], w.shape[1]], dtype: x.dtype }),
  grid: (x: Tensor, w: Tensor, _s: Tensor, { BM, BN }: Tile) => [ceilDiv(x.shape[0], BM), ceilDiv(w.shape[1], BN)],
};
const adjoints = {
  out: (g: Tensor, _w: Tensor, _s: Tensor, { K }: { K: number }) => ({ shape: [g.shape[0], K], dtype: g.dtype }),
  grid: (g: Tensor, _w: Tensor, _s: Tensor, { K, BM, BK }: { K: number; BM: number; BK: number }) => [
    ceilDiv(g.shape[0], BM),
    ceilDiv(K, BK),
  ],
};

/** x [m, k] · (w [k, n] i8, scale [n]) */
export const int8Kernel = kernel(function matmulInt8(
  x: Ref,
  w: Ref,
  scale: Ref,
  out: Ref,
  BM: constexpr,
  BN: constexpr,
) {
  const row = expandDims(programId(0) * BM + arange(BM), 1);
  const cols = programId(1) * BN + arange(BN);
  const k = arange(w.shape[0]);
  const left = load(x, [row, expandDims(k, 0)], { mask: row < x.shape[0] });
  const right = cast(
    load(w, [expandDims(k, 1), expandDims(cols, 0)], { mask: expandDims(cols, 0) < w.shape[1] }),
    x.dtype,
  );
  const scales = expandDims(load(scale, [cols], { mask: cols < w.shape[1] }), 0);
  store(out, [row, expandDims(cols, 0)], dot(left, right) * scales, {
    mask: row < x.shape[0] && expandDims(cols, 0) < w.shape[1],
  });
}, products);

/** (g ∘ scale) wᵀ */
const int8Backward = kernel(function matmulInt8Backward(
  g: Ref,
  w: Ref,
  scale: Ref,
  out: Ref,
  K: constexpr,
  BM: constexpr,
  BK: constexpr,
) {
  const row = expandDims(programId(0) * BM + arange(BM), 1);
  const k = programId(1) * BK + arange(BK);
  const left = load(g, [row, arange(w.shape[1])], { mask: row < g.shape[0] }) * load(scale, [null]);
  const right = cast(load(w, [expandDims(k, 1), arange(w.shape[1])], { mask: expandDims(k, 1) < K }), g.dtype);
  store(out, [row, expandDims(k, 0)], dot(left, trans(right)), { mask: row < g.shape[0] && expandDims(k, 0) < K });
}, adjoints);

/** x [m, k] · w: rows 2i and 2i + 1 in the low and the high half of row i of w [k / 2, n] u8, each less 8, times scale [k / GROUP, n]. */
export const int4Kernel = kernel(function matmulInt4(
  x: Ref,
  w: Ref,
  scale: Ref,
  out: Ref,
  BM: constexpr,
  BN: constexpr,
  GROUP: constexpr,
) {
  const row = expandDims(programId(0) * BM + arange(BM), 1);
  const col = expandDims(programId(1) * BN + arange(BN), 0);
  const [inX, inW] = [row < x.shape[0], col < w.shape[1]];
  let acc = zeros([BM, BN], x.dtype);
  for (const group of range(scale.shape[0])) {
    const k = group * GROUP + arange(GROUP);
    const pair = cast(load(w, [expandDims(k >> 1, 1), col], { mask: inW }), "i32");
    const weights =
      cast(((pair >> ((expandDims(k, 1) & 1) * 4)) & 15) - 8, x.dtype) * load(scale, [group, col], { mask: inW });
    acc = dot(load(x, [row, expandDims(k, 0)], { mask: inX }), weights, { acc });
  }
  store(out, [row, col], acc, { mask: inX && inW });
}, products);

/** The same product of many rows: a program makes floats of a block of columns once, for all rows. */
export const int4RowsKernel = kernel(
  function matmulInt4Rows(x: Ref, w: Ref, scale: Ref, out: Ref, BN: constexpr, GROUP: constexpr) {
    const k = expandDims(arange(x.shape[1]), 1);
    const col = expandDims(programId(0) * BN + arange(BN), 0);
    const mask = col < w.shape[1];
    const pair = cast(load(w, [k >> 1, col], { mask }), "i32");
    const scales = load(scale, [floorDiv(k, GROUP), col], { mask });
    const weights = cast(((pair >> ((k & 1) * 4)) & 15) - 8, x.dtype) * scales;
    store(out, [expandDims(arange(x.shape[0]), 1), col], dot(load(x, [null, null]), weights), { mask });
  },
  {
    out: (x: Tensor, w: Tensor) => ({ shape: [x.shape[0], w.shape[1]], dtype: x.dtype }),
    grid: (_x: Tensor, w: Tensor, _s: Tensor, { BN }: { BN: number }) => ceilDiv(w.shape[1], BN),
  },
);

const int4Backward = kernel(function matmulInt4Backward(
  g: Ref,
  w: Ref,
  scale: Ref,
  out: Ref,
  K: constexpr,
  BM: constexpr,
  BK: constexpr,
) {
  const GROUP = K / scale.shape[0];
  const row = expandDims(programId(0) * BM + arange(BM), 1);
  const k = programId(1) * BK + arange(BK);
  const [at, col, inK] = [expandDims(k, 1), arange(w.shape[1]), expandDims(k, 1) < K];
  const pair = cast(load(w, [at >> 1, col], { mask: inK }), "i32");
  const scales = load(scale, [floorDiv(at, GROUP), col], { mask: inK });
  const weights = cast(((pair >> ((at & 1) * 4)) & 15) - 8, g.dtype) * scales;
  const left = load(g, [row, col], { mask: row < g.shape[0] });
  store(out, [row, expandDims(k, 0)], dot(left, trans(weights)), { mask: row < g.shape[0] && expandDims(k, 0) < K });
}, adjoints);

const BLOCK = 64;
const at = (n: number): number => Math.min(BLOCK, n);
const forward8 = (x: Tensor, w: Tensor, scale: Tensor): Tensor =>
  int8Kernel(x, w, scale, { BM: at(x.shape[0]), BN: at(w.shape[1]) });
const product8 = customVjp(forward8).defvjp(
  (x, w, scale) => [forward8(x, w, scale), [w, scale]],
  ([w, scale]: Tensor[], g) => {
    const K = w.shape[0];
    return [int8Backward(g, w, scale, { K, BM: at(g.shape[0]), BK: at(K) }), null, null];
  },
);
/** From so many rows on it pays to have weights as floats in memory. */
const MANY_ROWS = 8;
const forward4 = (x: Tensor, w: Tensor, scale: Tensor): Tensor => {
  const GROUP = x.shape[1] / scale.shape[0];
  return x.shape[0] < MANY_ROWS
    ? int4Kernel(x, w, scale, { BM: at(x.shape[0]), BN: at(w.shape[1]), GROUP })
    : int4RowsKernel(x, w, scale, { BN: at(w.shape[1]), GROUP });
};
const product4 = customVjp(forward4).defvjp(
  (x, w, scale) => [forward4(x, w, scale), [w, scale]],
  ([w, scale]: Tensor[], g) => {
    const K = w.shape[0] * 2;
    return [int4Backward(g, w, scale, { K, BM: at(g.shape[0]), BK: at(K) }), null, null];
  },
);
const onLast = (x: Tensor, n: number, f: (rows: Tensor) => Tensor): Tensor => {
  const y = f(asRows(x));
  return x.ndim === 2 ? y : reshape(y, [...x.shape.slice(0, -1), n]);
};

/** x [..., k] by weights of `quantizeInt8`. Weights and scales are constants: the gradient is that of x. */
export const matmulInt8 = (x: Tensor, w: Tensor, scale: Tensor): Tensor =>
  onLast(x, w.shape[1], (rows) => product8(rows, w, scale));
/** x [..., k] by weights of `quantizeInt4`. Weights and scales are constants: the gradient is that of x. */
export const matmulInt4 = (x: Tensor, w: Tensor, scale: Tensor): Tensor =>
  onLast(x, w.shape[1], (rows) => product4(rows, w, scale));

/** w [k, n] as i8 and the scale [n] of each column: the greatest of a column becomes 127. */
export function quantizeInt8(w: Tensor): [weights: Tensor, scale: Tensor] {
  const scale = np.divide(np.maximum(np.max(np.abs(w), { axis: 0 }), 1e-12), 127);
  return [np.round(np.divide(w, scale)).astype("i8"), scale];
}
/** w [k, n] as 4-bit numbers from -8 to 7, two in a byte [k / 2, n], and the scales [k / group, n] of groups of `group` rows. */
export function quantizeInt4(w: Tensor, { group = 32 } = {}): [weights: Tensor, scale: Tensor] {
  const [k, n] = w.shape;
  const groups = reshape(w, [k / group, group, n]);
  const scale = np.divide(np.maximum(np.max(np.abs(groups), { axis: 1 }), 1e-12), 7);
  const whole = np.add(np.round(np.divide(groups, np.expandDims(scale, 1))), 8).astype("u8");
  const pairs = reshape(whole, [k / 2, 2, n]);
  const half = (i: number): Tensor => np.take(pairs, np.array(i, { dtype: "i32" }), 1);
  return [np.add(half(0), np.multiply(half(1), 16)), scale];
}
