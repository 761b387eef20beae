/** `np.pad`. */
import type { Like } from "../tracer/num.js";
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { type Dim, dimSub, isStatic } from "../ir/dim.js";
import * as lax from "../lax/index.js";
import { astype, isTensor } from "../lax/operand.js";
import type { Tensor } from "../tracer/tensor.js";
import { flip, repeat } from "./movement.js";
import { staticSize, type TensorLike } from "./promote.js";

export type PadWidth = number | readonly [number, number] | readonly (readonly [number, number])[];
export type PadMode = "constant" | "edge" | "reflect" | "symmetric" | "wrap" | "empty";
export interface PadOptions {
  mode?: PadMode;
  constantValues?: TensorLike;
}
/**
 * Puts elements before and after those of each axis: `pad(x, 1)`, `pad(x, [1, 2])` for every axis, `pad(x, [[0, 0], [1, 2]])` for
 * each. Modes as in NumPy, by name alone or in the options.
 */
export function pad<X extends TensorLike>(x: X, width: PadWidth, options?: PadOptions | PadMode): Like<X>;
export function pad(x: Tensor, width: PadWidth, options: PadOptions | PadMode = {}): Tensor {
  const { mode = "constant", constantValues = 0 } = typeof options === "string" ? { mode: options } : options;
  const each: (readonly [number, number])[] =
    typeof width === "number"
      ? x.shape.map(() => [width, width] as const)
      : width.length === 0
        ? []
        : typeof width[0] === "number"
          ? x.shape.map(() => width as readonly [number, number])
          : (width as (readonly [number, number])[]);
  if (each.length !== x.ndim) {
    fail("TW2007", `pad: ${each.length} widths for an array of rank ${x.ndim}`, {
      help: "give [before, after] for each axis",
    });
  }
  for (const [before, after] of each) {
    if (!(Number.isInteger(before) && Number.isInteger(after) && before >= 0 && after >= 0)) {
      fail("TW2011", `pad: the width [${before}, ${after}]`, {
        help: "widths are whole numbers from 0; lax.pad takes negative ones and crops",
      });
    }
  }
  if (mode === "constant" || mode === "empty") {
    const fill = isTensor(constantValues) ? astype(constantValues, x.aval.dtype) : constantValues;
    return lax.pad(
      x,
      fill,
      each.map(([a, b]) => [a, b, 0] as const),
    );
  }
  if (!["edge", "reflect", "symmetric", "wrap"].includes(mode)) {
    fail("TW2011", `pad: unknown mode ${JSON.stringify(mode)}`, {
      help: "one of constant, edge, reflect, symmetric, wrap, empty",
    });
  }
  return each.reduce((y, [before, after], axis) => padAxis(y, before, after, mode, axis), x);
}
function padAxis(x: Tensor, before: number, after: number, mode: PadMode, axis: number): Tensor {
  if (before === 0 && after === 0) return x;
  const n = x.aval.shape[axis];
  if (n === 0) {
    fail("TW2011", `pad: axis ${axis} of ${printAval(x.aval)} is empty: it has no ${mode} elements`, {
      help: "use mode constant",
    });
  }
  const take = (from: Dim, to: Dim): Tensor => lax.sliceInDim(x, from, to, 1, axis);
  if (mode === "edge") {
    const parts = [repeat(take(0, 1), before, axis), x, repeat(take(dimSub(n, 1), n), after, axis)];
    return lax.concatenate(parts, axis);
  }
  const room = mode === "reflect" ? dimSub(n, 1) : n;
  if (room === 0) return padAxis(x, before, after, "edge", axis);
  if (isStatic(room) && Math.max(before, after) > room) return padWide(x, before, after, mode, axis);
  const parts = [x];
  if (before > 0) {
    parts.unshift(
      mode === "wrap"
        ? take(dimSub(n, before), n)
        : flip(mode === "reflect" ? take(1, before + 1) : take(0, before), axis),
    );
  }
  if (after > 0) {
    const end = mode === "reflect" ? dimSub(n, 1) : n;
    parts.push(mode === "wrap" ? take(0, after) : flip(take(dimSub(end, after), end), axis));
  }
  return lax.concatenate(parts, axis);
}
/** Padding wider than the axis: the result is periodic, and each of its elements is found in the original. */
function padWide(x: Tensor, before: number, after: number, mode: PadMode, axis: number): Tensor {
  const n = staticSize("pad", x, axis);
  const period = mode === "wrap" ? n : mode === "reflect" ? 2 * (n - 1) : 2 * n;
  const parts = Array.from({ length: before + n + after }, (_, i) => {
    const k = (((i - before) % period) + period) % period;
    const at = k < n ? k : mode === "reflect" ? period - k : period - 1 - k;
    return lax.sliceInDim(x, at, at + 1, 1, axis);
  });
  return lax.concatenate(parts, axis);
}
