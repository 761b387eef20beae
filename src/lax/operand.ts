/** What lax functions take: tensors, and plain numbers that take the dtype (and shape) of the tensor beside them. */
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { dimEqual, type Shape } from "../ir/dim.js";
import { type DType, isFloat, isInt } from "../ir/dtype.js";
import type { TensorLike } from "../tracer/num.js";
import { bind1, scalar, whereFrom } from "../tracer/frame.js";
import { checkOptions, describeValue, isScalarLeaf, leafTensor } from "../tracer/leaf.js";
import { isTensor, type Tensor } from "../tracer/tensor.js";
import { range } from "../util/index.js";

export type { TensorLike };

/** An axis number as users write it (negative counts from the end), checked. */
export function canonicalAxis(what: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    if (typeof axis !== "number") {
      fail("TW2004", `${what}: an axis is ${describeValue(axis)}, not an integer`, {
        help: "name axes by numbers: 0 is the first, -1 the last",
      });
    }
    fail("TW2004", `${what}: axis ${axis} does not exist in an array of rank ${rank}`, {
      help: rank === 0 ? "a scalar has no axes" : `axes run from ${-rank} to ${rank - 1}`,
    });
  }
  return axis < 0 ? axis + rank : axis;
}

/** One axis or a list of them as a list; what is neither stands in it alone, for canonicalAxis to refuse. */
export function axisList(axes: number | readonly number[]): readonly number[] {
  return Array.isArray(axes) ? axes : [axes as number];
}

/** Axes sorted and distinct; undefined means all. */
export function canonicalAxes(
  what: string,
  axes: number | readonly number[] | null | undefined,
  rank: number,
): number[] {
  if (axes === undefined || axes === null) return range(rank);
  const list = axisList(axes).map((a) => canonicalAxis(what, a, rank));
  const sorted = [...new Set(list)].sort((a, b) => a - b);
  if (sorted.length !== list.length)
    fail("TW2004", `${what}: an axis is named twice in [${String(axes)}]`, { help: "name each axis once" });
  return sorted;
}

/** A number as an array of the given dtype; a fraction beside integers is an error. */
export function numberOf(what: string, x: number | boolean | bigint, dtype: DType): Tensor {
  // from JavaScript anything may come; without this a string or undefined would be cast to some number
  if (!isScalarLeaf(x)) return asTensor(what, x);
  if (typeof x === "number" && isInt(dtype) && !Number.isInteger(x)) {
    fail("TW2010", `${what}: the number ${x} meets an array of ${dtype}, which would cut its fraction`, {});
  }
  if (typeof x === "number" && dtype === "bool") return scalar(x, Number.isInteger(x) ? "i32" : "f32", true);
  if (typeof x === "bigint" && isFloat(dtype)) return scalar(Number(x), dtype);
  return scalar(dtype === "i64" || dtype === "u64" ? BigInt(x) : x, dtype);
}

export function asTensor(what: string, x: TensorLike): Tensor {
  return leafTensor(x, () => `${what}: an operand`);
}

/** A shape must be a list. */
export function checkShape(what: string, shape: Shape): void {
  if (!Array.isArray(shape)) {
    fail("TW2011", `${what}: the shape is ${describeValue(shape)}`, { help: "give a list of sizes, such as [2, 3]" });
  }
}

/** Options that are all true or false. */
export function checkFlags(what: string, given: object, known: readonly string[]): void {
  checkOptions(what, given, known);
  for (const [key, value] of Object.entries(given))
    if (value !== undefined && typeof value !== "boolean")
      fail("TW1007", `${what}: the option ${key} is ${describeValue(value)}`, { help: "give true or false" });
}

/** An argument that is an array, or a number that stands for one; anything else is an error that names the function. */
export function operand(what: string, x: TensorLike): Tensor {
  return isTensor(x) ? x : asTensor(what, x);
}

/** The arrays of a list, which must be one. */
export function arrayList(what: string, xs: readonly TensorLike[]): Tensor[] {
  if (!Array.isArray(xs)) {
    fail("TW1003", `${what}: takes one list of arrays, not ${describeValue(xs)}`, { help: `write ${what}([x, y])` });
  }
  return xs.map((x) => asTensor(what, x));
}

export function astype(x: Tensor, dtype: DType): Tensor {
  if (x.aval.dtype === dtype && !x.aval.weak) return x;
  return bind1("convert_element_type", [x], { dtype });
}

/** Repeats `x` to `shape` by NumPy's rules (trailing axes meet). */
export function broadcastTo(what: string, x: Tensor, shape: Shape): Tensor {
  checkShape(what, shape);
  const from = x.aval.shape;
  if (from.length === shape.length && from.every((d, i) => d === shape[i])) return x;
  const offset = shape.length - from.length;
  const ok = offset >= 0 && from.every((d, i) => d === 1 || dimEqual(d, shape[i + offset]) !== false);
  if (!ok) {
    fail("TW2002", `${what}: ${printAval(x.aval)} cannot be broadcast to [${shape.map(String).join(", ")}]`, {
      ...whereFrom([x]),
      help: "each axis must be equal or 1, counted from the last",
    });
  }
  return bind1("broadcast_in_dim", [x], { shape, dims: from.map((_, i) => i + offset) });
}

/** The shape in which operands meet by NumPy's rules; `operands` have these shapes, where there are such. */
export function broadcastShapes(what: string, shapes: readonly Shape[], operands: readonly Tensor[] = []): Shape {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, k) => {
    let out: Shape[number] = 1;
    for (const s of shapes) {
      const d = s[k - rank + s.length];
      if (d === undefined || d === 1) continue;
      if (out !== 1 && dimEqual(out, d) === false) {
        fail(
          "TW2002",
          `${what}: shapes ${shapes.map((t) => `[${t.map(String).join(", ")}]`).join(" and ")} do not broadcast: ${String(out)} and ${String(d)} meet on axis ${k - rank}`,
          {
            ...whereFrom(operands),
            help: "sizes must be equal or 1, counted from the last axis; expandDims or reshape adds an axis of size 1",
          },
        );
      }
      out = d;
    }
    return out;
  });
}

export { isTensor };
