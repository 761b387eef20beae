/** The elements of a reference that an index list names: indices meet by NumPy's rules, and the mask takes the shape that they make. */
import { fail } from "../../diagnostics/error.js";
import { printAval } from "../../ir/aval.js";
import { isInt } from "../../ir/dtype.js";
import { broadcastTo } from "../../lax/operand.js";
import { convertTo } from "../../tracer/control.js";
import { bind, scalar } from "../../tracer/frame.js";
import { isTensor, type Tensor } from "../../tracer/tensor.js";
import { toInteger } from "../interpret/values.js";
import type { KernelRef } from "./ref.js";
import { describeArgument } from "./values.js";

export interface Place {
  /** For each axis of the reference an i32 block of the shape. */
  readonly index: readonly Tensor[];
  readonly mask: Tensor | undefined;
  readonly shape: readonly number[];
}

function integerIndex(what: string, ref: KernelRef, axis: number, x: unknown): Tensor {
  const refuse = (text: string): never =>
    fail("TW8004", `${what}: the index of axis ${axis} of ${ref.name} is ${text}`, {
      help: "an index is a whole number, a block of integers (arange(BLOCK), programId(0)), or null for the whole axis",
    });
  if (typeof x === "number") return Number.isInteger(x) ? scalar(x, "i32") : refuse(String(x));
  if (!isTensor(x)) return refuse(describeArgument(x));
  const t = toInteger(x);
  return isInt(t.aval.dtype) ? convertTo(t, "i32") : refuse(printAval(t.aval));
}

/** The shape in which blocks meet, by NumPy's rules. */
function meet(what: string, ref: KernelRef, blocks: readonly Tensor[]): number[] {
  const rank = Math.max(0, ...blocks.map((b) => b.ndim));
  return Array.from({ length: rank }, (_, k) => {
    const sizes = blocks.flatMap((b) => b.shape[k - rank + b.ndim] ?? []).filter((d) => d !== 1);
    if (sizes.some((d) => d !== sizes[0])) {
      const shapes = blocks.map((b) => `[${b.shape.join(", ")}]`).join(" and ");
      fail("TW8008", `${what}: the indices of ${ref.name} are blocks ${shapes}, which do not meet`, {
        help: "sizes must be equal or 1, counted from the last axis; for rows times columns write [expandDims(rows, 1), expandDims(cols, 0)]",
      });
    }
    return sizes[0] ?? 1;
  });
}

export function placeOf(what: string, ref: KernelRef, at: unknown, mask: unknown): Place {
  const list: readonly unknown[] = Array.isArray(at) ? at : [at];
  if (list.length !== ref.rank) {
    const count = list.length === 1 ? "one index" : `${list.length} indices`;
    fail("TW8004", `${what}: ${count} for ${ref.name}, which is ${printAval(ref.aval)}`, {
      help: ref.rank === 0 ? "write []" : `give one for each axis (there are ${ref.rank}); null is a whole axis`,
    });
  }
  const given = list.map((x, axis) => (x === null ? null : integerIndex(what, ref, axis, x)));
  const met = meet(
    what,
    ref,
    given.filter((x) => x !== null),
  );
  // whole axes are axes of the result: before and after the block where its indices stand together, else all of them after it
  const first = given.findIndex((x) => x !== null);
  const count = given.filter((x) => x !== null).length;
  const together = first < 0 || given.slice(first, first + count).every((x) => x !== null);
  const whole = given.flatMap((x, axis) => (x === null ? [axis] : []));
  const before = together ? whole.filter((a) => a < first) : [];
  const after = whole.filter((a) => !before.includes(a));
  const shape = [...before.map((a) => ref.shape[a]), ...met, ...after.map((a) => ref.shape[a])];
  const index = given.map((x, axis) => {
    if (x === null) {
      const dim = before.includes(axis) ? before.indexOf(axis) : before.length + met.length + after.indexOf(axis);
      return bind("iota", [], { shape, axis: dim, dtype: "i32" })[0];
    }
    return spread(x, shape, before.length + met.length);
  });
  return { index, mask: maskOf(what, ref, mask, shape), shape };
}

/** Repeated to a shape; its last axis is the one before `end`. */
function spread(x: Tensor, shape: readonly number[], end: number): Tensor {
  const from = x.shape;
  if (from.length === shape.length && from.every((d, i) => d === shape[i])) return x;
  return bind("broadcast_in_dim", [x], { shape, dims: from.map((_, i) => i + end - from.length) })[0];
}

/** Whether a block can be repeated to a shape. */
export function fits(x: Tensor, shape: readonly number[]): boolean {
  const offset = shape.length - x.ndim;
  return offset >= 0 && x.shape.every((d, i) => d === 1 || d === shape[i + offset]);
}

function maskOf(what: string, ref: KernelRef, mask: unknown, shape: readonly number[]): Tensor | undefined {
  if (mask === undefined || mask === null || mask === true) return undefined;
  const m = typeof mask === "boolean" ? scalar(mask, "bool") : mask;
  if (!isTensor(m) || m.aval.dtype !== "bool") {
    return fail("TW8005", `${what}: the mask for ${ref.name} is ${describeArgument(m)}`, {
      help: "a mask is a block of bools: offsets < n",
    });
  }
  if (!fits(m, shape)) {
    fail(
      "TW8005",
      `${what}: the mask for ${ref.name} is ${printAval(m.aval)}, the indices make a block [${shape.join(", ")}]`,
      { help: "the mask broadcasts to the block of the indices: expandDims adds an axis" },
    );
  }
  return broadcastTo(what, m, shape);
}
