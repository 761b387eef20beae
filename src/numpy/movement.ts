/** Rearranging: shapes, axes, joining, splitting, repeating. */
import { fail } from "../diagnostics/error.js";
import type { Dim } from "../ir/dim.js";
import * as lax from "../lax/index.js";
import { broadcastShapes, broadcastTo as broadcast, canonicalAxes, canonicalAxis } from "../lax/operand.js";
import type { Tensor } from "../tracer/tensor.js";
import { promoteDtypes, type TensorLike } from "./promote.js";

export function reshape(x: Tensor, shape: Dim | readonly Dim[]): Tensor {
  return lax.reshape(x, Array.isArray(shape) ? shape : [shape as Dim]);
}
export function ravel(x: Tensor): Tensor {
  return lax.reshape(x, [-1]);
}
export function transpose(x: Tensor, axes?: readonly number[]): Tensor {
  return lax.transpose(x, axes);
}
export const permuteDims = transpose;
export function matrixTranspose(x: Tensor): Tensor {
  return swapaxes(x, -1, -2);
}
export function swapaxes(x: Tensor, a: number, b: number): Tensor {
  const p = x.shape.map((_, i) => i);
  const [i, j] = [canonicalAxis("swapaxes", a, x.ndim), canonicalAxis("swapaxes", b, x.ndim)];
  [p[i], p[j]] = [j, i];
  return lax.transpose(x, p);
}
export function moveaxis(
  x: Tensor,
  source: number | readonly number[],
  destination: number | readonly number[],
): Tensor {
  const list = (v: number | readonly number[]): number[] =>
    (typeof v === "number" ? [v] : v).map((a) => canonicalAxis("moveaxis", a, x.ndim));
  const from = list(source);
  const to = list(destination);
  if (from.length !== to.length) fail("TW2011", "moveaxis: source and destination name different numbers of axes", {});
  const rest = x.shape.map((_, i) => i).filter((i) => !from.includes(i));
  const order: number[] = [];
  for (let i = 0, next = 0; i < x.ndim; i++) {
    const k = to.indexOf(i);
    order.push(k >= 0 ? from[k] : rest[next++]);
  }
  return lax.transpose(x, order);
}
export function expandDims(x: Tensor, axis: number | readonly number[]): Tensor {
  return lax.expandDims(x, typeof axis === "number" ? [axis] : axis);
}
export function squeeze(x: Tensor, axis?: number | readonly number[]): Tensor {
  const axes =
    axis === undefined ? x.shape.flatMap((d, i) => (d === 1 ? [i] : [])) : typeof axis === "number" ? [axis] : axis;
  return lax.squeeze(x, axes);
}
export function broadcastTo(x: TensorLike, shape: readonly Dim[]): Tensor {
  return broadcast("broadcastTo", promoteDtypes("broadcastTo", [x])[0], shape);
}
export function broadcastArrays(...xs: Tensor[]): Tensor[] {
  const shape = broadcastShapes(
    "broadcastArrays",
    xs.map((x) => x.aval.shape),
  );
  return xs.map((x) => broadcast("broadcastArrays", x, shape));
}
export function atleast1d(x: Tensor): Tensor {
  return x.ndim >= 1 ? x : lax.reshape(x, [1]);
}
export function atleast2d(x: Tensor): Tensor {
  return x.ndim >= 2 ? x : lax.reshape(x, [1, ...(x.ndim === 1 ? x.aval.shape : [1])]);
}

/** Joins along an existing axis. */
export function concatenate(xs: readonly TensorLike[], axis: number | null = 0): Tensor {
  if (xs.length === 0) fail("TW2011", "concatenate: the list is empty", { help: "give at least one array" });
  const list = promoteDtypes("concatenate", xs);
  return axis === null ? lax.concatenate(list.map(ravel), 0) : lax.concatenate(list, axis);
}
export const concat = concatenate;
/** Joins along a new axis. */
export function stack(xs: readonly TensorLike[], axis = 0): Tensor {
  if (xs.length === 0) fail("TW2011", "stack: the list is empty", { help: "give at least one array" });
  const list = promoteDtypes("stack", xs);
  return lax.concatenate(
    list.map((x) => lax.expandDims(x, [axis])),
    canonicalAxis("stack", axis, list[0].ndim + 1),
  );
}
export function vstack(xs: readonly Tensor[]): Tensor {
  return concatenate(xs.map(atleast2d), 0);
}
export function hstack(xs: readonly Tensor[]): Tensor {
  return concatenate(xs.map(atleast1d), xs[0].ndim <= 1 ? 0 : 1);
}
export function dstack(xs: readonly Tensor[]): Tensor {
  return concatenate(
    xs.map((x) => (x.ndim >= 3 ? x : lax.reshape(atleast2d(x), [...atleast2d(x).aval.shape, 1]))),
    2,
  );
}
export function columnStack(xs: readonly Tensor[]): Tensor {
  return concatenate(
    xs.map((x) => (x.ndim < 2 ? lax.reshape(x, [x.size, 1]) : x)),
    1,
  );
}
/** Cuts into `sections` equal parts, or at the given positions. */
export function split(x: Tensor, sections: number | readonly number[], axis = 0): Tensor[] {
  const a = canonicalAxis("split", axis, x.ndim);
  const n = x.shape[a];
  let cuts: readonly number[];
  if (typeof sections === "number") {
    if (sections <= 0 || n % sections !== 0) {
      fail("TW2001", `split: ${n} elements do not divide into ${sections} equal parts`, {
        help: "use arraySplit, or give positions",
      });
    }
    cuts = Array.from({ length: sections - 1 }, (_, i) => ((i + 1) * n) / sections);
  } else cuts = sections;
  return cutAt(x, cuts, a);
}
export function arraySplit(x: Tensor, sections: number, axis = 0): Tensor[] {
  const a = canonicalAxis("arraySplit", axis, x.ndim);
  const n = x.shape[a];
  const long = n % sections;
  const size = Math.floor(n / sections);
  return cutAt(
    x,
    Array.from({ length: sections - 1 }, (_, i) => (i + 1) * size + Math.min(i + 1, long)),
    a,
  );
}
function cutAt(x: Tensor, cuts: readonly number[], axis: number): Tensor[] {
  const ends = [...cuts, x.shape[axis]];
  let from = 0;
  return ends.map((to) => {
    const part = lax.sliceInDim(x, from, to, 1, axis);
    from = to;
    return part;
  });
}
export function flip(x: Tensor, axis?: number | readonly number[]): Tensor {
  return lax.rev(x, canonicalAxes("flip", axis, x.ndim));
}
export function flipud(x: Tensor): Tensor {
  return flip(x, 0);
}
export function fliplr(x: Tensor): Tensor {
  return flip(x, 1);
}
export function roll(x: Tensor, shift: number | readonly number[], axis?: number | readonly number[]): Tensor {
  if (axis === undefined) return lax.reshape(roll(ravel(x), shift, 0), x.aval.shape);
  const axes = typeof axis === "number" ? [axis] : axis;
  const shifts = typeof shift === "number" ? axes.map(() => shift) : shift;
  return axes.reduce((y, a, i) => {
    const at = canonicalAxis("roll", a, x.ndim);
    const n = x.shape[at];
    const s = n === 0 ? 0 : ((shifts[i] % n) + n) % n;
    return s === 0 ? y : lax.concatenate([lax.sliceInDim(y, n - s, n, 1, at), lax.sliceInDim(y, 0, n - s, 1, at)], at);
  }, x);
}
export function rot90(x: Tensor, k = 1, axes: readonly [number, number] = [0, 1]): Tensor {
  const turns = ((k % 4) + 4) % 4;
  if (turns === 0) return x;
  if (turns === 2) return flip(x, [...axes]);
  return turns === 1 ? flip(swapaxes(x, ...axes), axes[0]) : swapaxes(flip(x, axes[0]), ...axes);
}
/** Each element `n` times along `axis` (flattened without one). */
export function repeat(x: Tensor, n: number, axis?: number): Tensor {
  if (axis === undefined) return repeat(ravel(x), n, 0);
  const a = canonicalAxis("repeat", axis, x.ndim);
  const s = x.aval.shape;
  const wide = [...s.slice(0, a + 1), n, ...s.slice(a + 1)];
  const spread = lax.broadcastInDim(
    x,
    wide,
    wide.flatMap((_, i) => (i === a + 1 ? [] : [i])),
  );
  return lax.reshape(
    spread,
    s.map((d, i) => (i === a ? (d as number) * n : d)),
  );
}
export function tile(x: Tensor, reps: number | readonly number[]): Tensor {
  const r = typeof reps === "number" ? [reps] : reps;
  const rank = Math.max(r.length, x.ndim);
  const shape = [...Array.from({ length: rank - x.ndim }, () => 1), ...x.shape];
  const times = [...Array.from({ length: rank - r.length }, () => 1), ...r];
  const wide = shape.flatMap((d, i) => [times[i], d]);
  const spread = lax.broadcastInDim(
    lax.reshape(x, shape),
    wide,
    shape.map((_, i) => 2 * i + 1),
  );
  return lax.reshape(
    spread,
    shape.map((d, i) => d * times[i]),
  );
}

export type PadWidth = number | readonly [number, number] | readonly (readonly [number, number])[];
export function pad(
  x: Tensor,
  width: PadWidth,
  options: { mode?: "constant" | "edge" | "reflect" | "wrap"; constantValues?: number } = {},
): Tensor {
  const each: (readonly [number, number])[] =
    typeof width === "number"
      ? x.shape.map(() => [width, width] as const)
      : typeof width[0] === "number"
        ? x.shape.map(() => width as readonly [number, number])
        : (width as (readonly [number, number])[]);
  if (each.length !== x.ndim)
    fail("TW2007", `pad: ${each.length} widths for an array of rank ${x.ndim}`, {
      help: "give [before, after] for each axis",
    });
  const mode = options.mode ?? "constant";
  if (mode === "constant")
    return lax.pad(
      x,
      options.constantValues ?? 0,
      each.map(([a, b]) => [a, b, 0] as const),
    );
  return each.reduce((y, [before, after], axis) => {
    const n = y.shape[axis];
    const take = (from: number, to: number): Tensor => lax.sliceInDim(y, from, to, 1, axis);
    const parts: Tensor[] = [];
    if (mode === "edge") {
      if (before > 0) parts.push(repeat(take(0, 1), before, axis));
      parts.push(y);
      if (after > 0) parts.push(repeat(take(n - 1, n), after, axis));
    } else {
      if (Math.max(before, after) > (mode === "reflect" ? n - 1 : n))
        fail("TW2011", `pad: ${mode} padding of ${Math.max(before, after)} is wider than the axis (${n})`, {});
      if (before > 0) parts.push(mode === "wrap" ? take(n - before, n) : flip(take(1, before + 1), axis));
      parts.push(y);
      if (after > 0) parts.push(mode === "wrap" ? take(0, after) : flip(take(n - 1 - after, n - 1), axis));
    }
    return parts.length === 1 ? parts[0] : lax.concatenate(parts, axis);
  }, x);
}
export function append(x: Tensor, values: TensorLike, axis: number | null = null): Tensor {
  return concatenate(
    [x, promoteDtypes("append", [values])[0]].map((t) => (axis === null ? ravel(t) : t)),
    axis ?? 0,
  );
}
export function diff(x: Tensor, n = 1, axis = -1): Tensor {
  const a = canonicalAxis("diff", axis, x.ndim);
  let y = x;
  for (let i = 0; i < n; i++) {
    const size = y.shape[a];
    const [late, early] = [lax.sliceInDim(y, 1, size, 1, a), lax.sliceInDim(y, 0, size - 1, 1, a)];
    y = y.aval.dtype === "bool" ? lax.ne(late, early) : lax.sub(late, early);
  }
  return y;
}
