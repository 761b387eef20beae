/** Movement primitives: each element of the result is an element of the operand (or a fill), found by its index. */
import type { MovementOps } from "../ir/ops/index.js";
import type { Rules } from "../ir/rules.js";
import {
  type Element,
  flatIndex,
  forEachIndex,
  isBig,
  type NDArray,
  roundTo,
  sizeOfShape,
  withShape,
  zeros,
} from "./array.js";
import type { InterpretKind } from "./rule.js";
import { stridesOf } from "../util/index.js";

/** The array of `shape` whose element at each index is x's element at `source(index)`. */
export function gatherBy(
  x: NDArray,
  shape: readonly number[],
  source: (index: readonly number[]) => readonly number[],
): NDArray {
  const out = zeros(shape, x.dtype);
  const strides = stridesOf(x.shape);
  forEachIndex(shape, (index, i) => {
    out.data[i] = x.data[flatIndex(source(index), strides)] as never;
  });
  return out;
}

function transpose(x: NDArray, perm: readonly number[]): NDArray {
  const source = new Array<number>(perm.length);
  return gatherBy(
    x,
    perm.map((p) => x.shape[p]),
    (index) => {
      perm.forEach((p, i) => {
        source[p] = index[i];
      });
      return source;
    },
  );
}

/** Places every element of x at low + index·(interior + 1), where that lies inside; the rest is `fill`. */
function pad(
  x: NDArray,
  fill: Element,
  low: readonly number[],
  high: readonly number[],
  interior: readonly number[],
): NDArray {
  const shape = x.shape.map((d, a) => low[a] + high[a] + d + Math.max(0, d - 1) * interior[a]);
  const out = zeros(shape, x.dtype);
  out.data.fill(fill as never);
  const strides = stridesOf(shape);
  const target = new Array<number>(shape.length);
  forEachIndex(x.shape, (index, i) => {
    for (let a = 0; a < shape.length; a++) {
      target[a] = low[a] + index[a] * (interior[a] + 1);
      if (target[a] < 0 || target[a] >= shape[a]) return;
    }
    out.data[flatIndex(target, strides)] = x.data[i] as never;
  });
  return out;
}

export const movement = {
  reshape: (ctx, [x], { shape }) => [withShape(x, shape.map(ctx.size))],
  transpose: (_ctx, [x], { perm }) => [transpose(x, perm)],
  broadcast_in_dim: (ctx, [x], { shape, dims }) => [
    gatherBy(x, shape.map(ctx.size), (index) => dims.map((d, a) => (x.shape[a] === 1 ? 0 : index[d]))),
  ],
  slice: (ctx, [x], { start, limit, strides }) => {
    const from = start.map(ctx.size);
    const shape = limit.map((l, a) => Math.max(0, Math.ceil((ctx.size(l) - from[a]) / strides[a])));
    return [gatherBy(x, shape, (index) => index.map((i, a) => from[a] + i * strides[a]))];
  },
  pad: (ctx, [x, fill], { low, high, interior }) => [
    pad(x, fill.data[0], low.map(ctx.size), high.map(ctx.size), interior),
  ],
  concatenate: (_ctx, xs, { axis }) => {
    const shape = xs[0].shape.map((d, a) => (a === axis ? xs.reduce((sum, x) => sum + x.shape[axis], 0) : d));
    const out = zeros(shape, xs[0].dtype);
    // rows of one operand along the axis and everything behind it are contiguous
    const behind = sizeOfShape(shape.slice(axis + 1));
    const outer = sizeOfShape(shape.slice(0, axis));
    let offset = 0;
    for (const x of xs) {
      const run = x.shape[axis] * behind;
      for (let o = 0; o < outer; o++) {
        for (let i = 0; i < run; i++) out.data[o * shape[axis] * behind + offset + i] = x.data[o * run + i] as never;
      }
      offset += run;
    }
    return [out];
  },
  rev: (_ctx, [x], { axes }) => [
    gatherBy(x, x.shape, (index) => index.map((i, a) => (axes.includes(a) ? x.shape[a] - 1 - i : i))),
  ],
  iota: (ctx, _inputs, { dtype, shape, axis }) => {
    const out = zeros(shape.map(ctx.size), dtype);
    forEachIndex(out.shape, (index, i) => {
      out.data[i] = roundTo(dtype, isBig(dtype) ? BigInt(index[axis]) : index[axis]) as never;
    });
    return [out];
  },
} satisfies Rules<MovementOps, InterpretKind>;
