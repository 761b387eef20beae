/** Where batch axes stand, and how they move. A batch axis is a position in the batched array's own shape. */
import { fail } from "../../diagnostics/error.js";
import { aval, type Aval } from "../../ir/aval.js";
import type { Builder } from "../../ir/builder.js";
import { type Dim, dimMul, isStatic, type Shape } from "../../ir/dim.js";
import type { Atom } from "../../ir/program.js";
import { otherAxes } from "../../util/index.js";

/** A value's batch axis; null: one value for all elements of the batch. */
export type BatchDim = number | null;

/** A copy of `list` with `value` at position `at`. */
export function insertAt<T>(list: readonly T[], at: number, value: T): T[] {
  return [...list.slice(0, at), value, ...list.slice(at)];
}

/** Where axis `axis` of one element stands in the batched array. */
export function shift(axis: number, dim: number): number {
  return axis >= dim ? axis + 1 : axis;
}
export function shiftAll(axes: readonly number[], dim: number): number[] {
  return axes.map((a) => shift(a, dim));
}

/** Rank of one element. */
export function rankOf(x: Atom, dim: BatchDim): number {
  return x.aval.shape.length - (dim === null ? 0 : 1);
}
/** Shape of one element. */
export function elementShape(x: Atom, dim: BatchDim): Shape {
  return dim === null ? x.aval.shape : x.aval.shape.filter((_, i) => i !== dim);
}

/** The type of a batch of `a`. */
export function batchedAval(a: Aval, dim: BatchDim, size: Dim): Aval {
  return dim === null ? a : aval(insertAt(a.shape, dim, size), a.dtype, a.weak);
}

/** Transposes so that axis `from` stands at `to`; the others keep their order. */
export function moveAxis(b: Builder, x: Atom, from: number, to: number): Atom {
  if (from === to) return x;
  const others = otherAxes(x.aval.shape.length, [from]);
  return b.transpose(x, insertAt(others, to, from));
}

/** A batch of equal elements. */
export function broadcastBatch(b: Builder, x: Atom, at: number, size: Dim): Atom {
  const shape = insertAt(x.aval.shape, at, size);
  return b.broadcast(x, shape, otherAxes(shape.length, [at]));
}

/** `x` with its batch axis at `to`, repeated when it has none. */
export function toDim(b: Builder, x: Atom, dim: BatchDim, to: number, size: Dim): Atom {
  return dim === null ? broadcastBatch(b, x, to, size) : moveAxis(b, x, dim, to);
}

/** `x` with its batch axis, if it has one, at `to`. */
export function moveIfBatched(b: Builder, x: Atom, dim: BatchDim, to: number): Atom {
  return dim === null ? x : moveAxis(b, x, dim, to);
}

/** Merges axis `axis` with the one after it. */
export function mergeAxis(b: Builder, x: Atom, axis: number): Atom {
  const s = x.aval.shape;
  return b.reshape(x, [...s.slice(0, axis), dimMul(s[axis], s[axis + 1]), ...s.slice(axis + 2)]);
}
/** Splits axis `axis` into two of these sizes. */
export function splitAxis(b: Builder, x: Atom, axis: number, outer: Dim, inner: Dim): Atom {
  const s = x.aval.shape;
  return b.reshape(x, [...s.slice(0, axis), outer, inner, ...s.slice(axis + 1)]);
}

/** `x[start:limit]` along one axis. */
export function sliceAxis(b: Builder, x: Atom, axis: number, start: Dim, limit: Dim): Atom {
  const shape = x.aval.shape;
  return b.emit1("slice", [x], {
    start: shape.map((_, i) => (i === axis ? start : 0)),
    limit: shape.map((d, i) => (i === axis ? limit : d)),
    strides: shape.map(() => 1),
  });
}

/** The size of the batch as a number, where the primitive that a rule needs takes no other. */
export function staticSize(size: Dim, what: string): number {
  if (isStatic(size)) return size;
  return fail("TW2014", `vmap of ${what}: the size ${size} of the mapped axis must be a number`, {});
}

/** Zeros of any type, keys included. */
export function zeros(b: Builder, a: Aval): Atom {
  return a.dtype === "key" ? b.emit1("random_wrap", [b.full([...a.shape, 2], 0, "u32")], {}) : b.zerosLike(a);
}

/** What the sum of `size` copies of `x` is. */
export function timesSize(b: Builder, x: Atom, size: Dim): Atom {
  const wide = x.aval.dtype === "i64" || x.aval.dtype === "u64";
  if (isStatic(size)) return b.mul(x, b.fullLike(x, wide ? BigInt(size) : size));
  return b.reduceSum(broadcastBatch(b, x, 0, size), [0]);
}

/** The first batch axis among `dims`, or null when nothing is batched. */
export function firstDim(dims: readonly BatchDim[]): BatchDim {
  return dims.find((d) => d !== null) ?? null;
}
