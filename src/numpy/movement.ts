/** Rearranging: shapes, axes, joining, splitting, repeating. */
import type { Like } from "../tracer/num.js";
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { type Dim, dimMod, dimMul, dimSub } from "../ir/dim.js";
import * as lax from "../lax/index.js";
import {
  axisList,
  broadcastShapes as commonShape,
  broadcastTo as broadcast,
  canonicalAxes,
  canonicalAxis,
  operand,
} from "../lax/operand.js";
import type { Tensor } from "../tracer/tensor.js";
import { promoteDtypes, requireWhole, staticSize, type TensorLike } from "./promote.js";
import { otherAxes, prod, range } from "../util/index.js";

/**
 * The same elements in row-major order under another shape; one size may be -1 (TW2008 when the numbers differ).
 * @example np.reshape(x, [2, -1])
 */
export function reshape<X extends TensorLike>(x: X, shape: Dim | readonly Dim[]): Like<X>;
export function reshape(x: Tensor, shape: Dim | readonly Dim[]): Tensor {
  return lax.reshape(x, Array.isArray(shape) ? shape : [shape as Dim]);
}
/** The elements as a vector. */
export function ravel<X extends TensorLike>(x: X): Like<X>;
export function ravel(x: Tensor): Tensor {
  return lax.reshape(x, [-1]);
}
/**
 * Axes in another order; reversed when none is given.
 * @example np.transpose(x, [0, 2, 1])
 */
export function transpose<X extends TensorLike>(x: X, axes?: readonly number[]): Like<X>;
export function transpose(x: Tensor, axes?: readonly number[]): Tensor {
  return lax.transpose(x, axes);
}
/** As transpose, by the name of the array API standard. */
export const permuteDims = transpose;
/** Swaps the last two axes. */
export function matrixTranspose<X extends TensorLike>(x: X): Like<X>;
export function matrixTranspose(x: Tensor): Tensor {
  return swapaxes(x, -1, -2);
}
/** Two axes change places. */
export function swapaxes<X extends TensorLike>(x: X, a: number, b: number): Like<X>;
export function swapaxes(x: Tensor, a: number, b: number): Tensor {
  x = operand("swapaxes", x);
  const p = range(x.shape.length);
  const [i, j] = [canonicalAxis("swapaxes", a, x.ndim), canonicalAxis("swapaxes", b, x.ndim)];
  [p[i], p[j]] = [j, i];
  return lax.transpose(x, p);
}
/** Axes move to new positions, the others keep their order. */
export function moveaxis<X extends TensorLike>(
  x: X,
  source: number | readonly number[],
  destination: number | readonly number[],
): Like<X>;
export function moveaxis(
  x: Tensor,
  source: number | readonly number[],
  destination: number | readonly number[],
): Tensor {
  x = operand("moveaxis", x);
  const list = (v: number | readonly number[]): number[] =>
    axisList(v).map((a) => canonicalAxis("moveaxis", a, x.ndim));
  const from = list(source);
  const to = list(destination);
  if (from.length !== to.length) fail("TW2011", "moveaxis: source and destination name different numbers of axes", {});
  const rest = otherAxes(x.shape.length, from);
  const order: number[] = [];
  for (let i = 0, next = 0; i < x.ndim; i++) {
    const k = to.indexOf(i);
    order.push(k >= 0 ? from[k] : rest[next++]);
  }
  return lax.transpose(x, order);
}
/** Adds axes of size 1 at these positions of the result. */
export function expandDims<X extends TensorLike>(x: X, axis: number | readonly number[]): Like<X>;
export function expandDims(x: Tensor, axis: number | readonly number[]): Tensor {
  return lax.expandDims(x, typeof axis === "number" ? [axis] : axis);
}
/** Drops axes of size 1: the given ones, or all. */
export function squeeze<X extends TensorLike>(x: X, axis?: number | readonly number[] | null): Like<X>;
export function squeeze(x: Tensor, axis?: number | readonly number[] | null): Tensor {
  x = operand("squeeze", x);
  const axes =
    axis === undefined || axis === null
      ? x.aval.shape.flatMap((d, i) => (d === 1 ? [i] : []))
      : typeof axis === "number"
        ? [axis]
        : axis;
  return lax.squeeze(x, axes);
}
/** Repeated to a larger shape by NumPy's rules (TW2002 when it does not fit). */
export function broadcastTo<X extends TensorLike>(x: X, shape: readonly Dim[]): Like<X>;
export function broadcastTo(x: TensorLike, shape: readonly Dim[]): Tensor {
  return broadcast("broadcastTo", promoteDtypes("broadcastTo", [x])[0], shape);
}
/** The shape in which arrays of these shapes meet. */
export function broadcastShapes(...shapes: (readonly number[])[]): number[] {
  return [...(commonShape("broadcastShapes", shapes) as readonly number[])];
}
/** All repeated to the shape in which they meet. */
export function broadcastArrays<X extends readonly TensorLike[]>(...xs: X): Like<X[number]>[];
export function broadcastArrays(...given: TensorLike[]): Tensor[] {
  const xs = given.map((x) => operand("broadcastArrays", x));
  const shape = commonShape(
    "broadcastArrays",
    xs.map((x) => x.aval.shape),
    xs,
  );
  return xs.map((x) => broadcast("broadcastArrays", x, shape));
}
/** Scalars become vectors of one element. */
export function atleast1d<X extends TensorLike>(x: X): Like<X>;
export function atleast1d(x: Tensor): Tensor {
  x = operand("atleast1d", x);
  return x.ndim >= 1 ? x : lax.reshape(x, [1]);
}
/** Axes of size 1 are added in front, up to rank 2. */
export function atleast2d<X extends TensorLike>(x: X): Like<X>;
export function atleast2d(x: Tensor): Tensor {
  x = operand("atleast2d", x);
  return x.ndim >= 2 ? x : lax.reshape(x, [1, ...(x.ndim === 1 ? x.aval.shape : [1])]);
}
/** Axes of size 1 are added, up to rank 3. */
export function atleast3d<X extends TensorLike>(x: X): Like<X>;
export function atleast3d(x: Tensor): Tensor {
  x = operand("atleast3d", x);
  return x.ndim >= 3 ? x : lax.reshape(atleast2d(x), [...atleast2d(x).aval.shape, 1]);
}

/** Elements in reverse order along these axes (all of them when none is given). */
export function flip<X extends TensorLike>(x: X, axis?: number | readonly number[]): Like<X>;
export function flip(x: Tensor, axis?: number | readonly number[]): Tensor {
  x = operand("flip", x);
  return lax.rev(x, canonicalAxes("flip", axis, x.ndim));
}
/** Reverses axis 0. */
export function flipud<X extends TensorLike>(x: X): Like<X>;
export function flipud(x: Tensor): Tensor {
  return flip(x, 0);
}
/** Reverses axis 1. */
export function fliplr<X extends TensorLike>(x: X): Like<X>;
export function fliplr(x: Tensor): Tensor {
  return flip(x, 1);
}
/** Shifts elements along axes; those that leave at one end come in at the other. */
export function roll<X extends TensorLike>(
  x: X,
  shift: number | readonly number[],
  axis?: number | readonly number[] | null,
): Like<X>;
export function roll(x: Tensor, shift: number | readonly number[], axis?: number | readonly number[] | null): Tensor {
  x = operand("roll", x);
  if (axis === undefined || axis === null) return lax.reshape(roll(ravel(x), shift, 0), x.aval.shape);
  const shifts = typeof shift === "number" ? [shift] : shift;
  requireWhole("roll: the shift", ...shifts);
  const named = axisList(axis);
  if (shifts.length !== named.length && shifts.length !== 1 && named.length !== 1) {
    fail("TW2011", `roll: ${shifts.length} shifts for ${named.length} axes`, { help: "give one shift for each axis" });
  }
  const count = Math.max(shifts.length, named.length);
  let y = x;
  for (let i = 0; i < count; i++) {
    const at = canonicalAxis("roll", named[named.length === 1 ? 0 : i], x.ndim);
    const by = shifts[shifts.length === 1 ? 0 : i];
    const n = x.aval.shape[at];
    if (n === 0) continue;
    const s = dimMod(by, n);
    if (s === 0) continue;
    const cut = dimSub(n, s);
    y = lax.concatenate([lax.sliceInDim(y, cut, n, 1, at), lax.sliceInDim(y, 0, cut, 1, at)], at);
  }
  return y;
}
/** Moves one axis back until it stands before `start`. */
export function rollaxis<X extends TensorLike>(x: X, axis: number, start?: number): Like<X>;
export function rollaxis(x: Tensor, axis: number, start = 0): Tensor {
  x = operand("rollaxis", x);
  const from = canonicalAxis("rollaxis", axis, x.ndim);
  const to = start < 0 ? start + x.ndim : start;
  return moveaxis(x, from, from < to ? to - 1 : to);
}
/** Turns by k quarters in the plane of two axes. */
export function rot90<X extends TensorLike>(x: X, k?: number, axes?: readonly [number, number]): Like<X>;
export function rot90(x: Tensor, k = 1, axes: readonly [number, number] = [0, 1]): Tensor {
  requireWhole("rot90: the number of turns", k);
  const turns = ((k % 4) + 4) % 4;
  if (turns === 0) return x;
  if (turns === 2) return flip(x, [...axes]);
  return turns === 1 ? flip(swapaxes(x, ...axes), axes[0]) : swapaxes(flip(x, axes[0]), ...axes);
}
/** Each element `n` times (or as often as a list says, one count for each) along `axis`, flattened without one. */
export function repeat<X extends TensorLike>(x: X, n: number | readonly number[], axis?: number | null): Like<X>;
export function repeat(x: Tensor, n: number | readonly number[], axis?: number | null): Tensor {
  x = operand("repeat", x);
  if (axis === undefined || axis === null) return repeat(ravel(x), n, 0);
  const a = canonicalAxis("repeat", axis, x.ndim);
  const s = x.aval.shape;
  if (typeof n !== "number" && n.length !== 1) {
    const size = staticSize("repeat", x, a);
    if (n.length !== size) {
      fail("TW2001", `repeat: ${n.length} counts for axis ${a} of ${printAval(x.aval)}`, {
        help: "give one count, or one for each element of the axis",
      });
    }
    const parts = n.flatMap((count, i) => (count > 0 ? [repeat(lax.sliceInDim(x, i, i + 1, 1, a), count, a)] : []));
    return parts.length > 0 ? lax.concatenate(parts, a) : lax.sliceInDim(x, 0, 0, 1, a);
  }
  const count = typeof n === "number" ? n : n[0];
  const wide = [...s.slice(0, a + 1), count, ...s.slice(a + 1)];
  const spread = lax.broadcastInDim(
    x,
    wide,
    wide.flatMap((_, i) => (i === a + 1 ? [] : [i])),
  );
  return lax.reshape(
    spread,
    s.map((d, i) => (i === a ? dimMul(d, count) : d)),
  );
}
/** The whole array repeated along each axis. */
export function tile<X extends TensorLike>(x: X, reps: number | readonly number[]): Like<X>;
export function tile(x: Tensor, reps: number | readonly number[]): Tensor {
  x = operand("tile", x);
  const r = typeof reps === "number" ? [reps] : reps;
  const rank = Math.max(r.length, x.ndim);
  const shape: Dim[] = [...Array.from({ length: rank - x.ndim }, () => 1), ...x.aval.shape];
  const times = [...Array.from({ length: rank - r.length }, () => 1), ...r];
  const wide = shape.flatMap((d, i) => [times[i], d]);
  const spread = lax.broadcastInDim(
    lax.reshape(x, shape),
    wide,
    shape.map((_, i) => 2 * i + 1),
  );
  return lax.reshape(
    spread,
    shape.map((d, i) => dimMul(d, times[i])),
  );
}
/** The elements in row-major order, repeated or cut to fill a new shape. */
export function resize<X extends TensorLike>(x: X, shape: number | readonly number[]): Like<X>;
export function resize(x: Tensor, shape: number | readonly number[]): Tensor {
  const s = typeof shape === "number" ? [shape] : shape;
  const total = prod(s);
  const flat = ravel(x);
  const n = staticSize("resize", flat, 0);
  if (n === 0 && total > 0) fail("TW2011", "resize: an empty array has nothing to repeat", {});
  const long = total <= n ? flat : tile(flat, Math.ceil(total / n));
  return lax.reshape(lax.sliceInDim(long, 0, total), s);
}
