/** Sorting by comparison of elements. */
import type { SortOps } from "../ir/ops/index.js";
import type { Rules } from "../ir/rules.js";
import { type Element, type NDArray, zeros } from "./array.js";
import { forEachLine } from "./reduction.js";
import type { InterpretKind } from "./rule.js";
import { range } from "../util/index.js";

/** Ascending, NaN after everything and equal to itself, -0 equal to 0. */
function compareElements(x: Element, y: Element): number {
  const xNaN = x !== x;
  const yNaN = y !== y;
  if (xNaN || yNaN) return Number(xNaN) - Number(yNaN);
  return x < y ? -1 : x > y ? 1 : 0;
}

export const sort = {
  // always stable, which an unstable sort may be too
  sort: (_ctx, operands, { axis, numKeys }) => {
    const [first] = operands;
    const keys = operands.slice(0, numKeys);
    const out: NDArray[] = operands.map((x) => zeros(x.shape, x.dtype));
    if (first.data.length === 0) return out;
    forEachLine(first.shape, axis, (start, stride) => {
      const order = Array.from({ length: first.shape[axis] }, (_, k) => start + k * stride);
      order.sort((i, j) => {
        for (const key of keys) {
          const c = compareElements(key.data[i], key.data[j]);
          if (c !== 0) return c;
        }
        return i - j;
      });
      order.forEach((from, k) => {
        operands.forEach((x, o) => {
          out[o].data[start + k * stride] = x.data[from] as never;
        });
      });
    });
    return out;
  },
  top_k: (_ctx, [x], { k }) => {
    const n = x.shape[x.shape.length - 1];
    const shape = [...x.shape.slice(0, -1), k];
    const values = zeros(shape, x.dtype);
    const indices = zeros(shape, "i32");
    for (let row = 0; row * k < values.data.length; row++) {
      const order = range(n);
      order.sort((i, j) => compareElements(x.data[row * n + j], x.data[row * n + i]) || i - j);
      for (let i = 0; i < k; i++) {
        values.data[row * k + i] = x.data[row * n + order[i]] as never;
        indices.data[row * k + i] = order[i];
      }
    }
    return [values, indices];
  },
} satisfies Rules<SortOps, InterpretKind>;
