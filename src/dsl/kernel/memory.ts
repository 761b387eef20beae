/** Loads and stores of blocks: indices meet by NumPy's rules, and the mask and the value take the shape that they make. */
import { fail } from "../../diagnostics/error.js";
import { printAval } from "../../ir/aval.js";
import { type DType, isFloat, isInt } from "../../ir/dtype.js";
import { broadcastShapes, broadcastTo, numberOf } from "../../lax/operand.js";
import { bind, scalar } from "../../tracer/frame.js";
import { convertTo } from "../../tracer/control.js";
import { describeValue, isScalarLeaf } from "../../tracer/leaf.js";
import { isTensor, type Tensor } from "../../tracer/tensor.js";
import { where } from "../../numpy/elementwise.js";
import { toInteger } from "../interpret/values.js";
import { KernelRef } from "./ref.js";

/** One index of an axis: a number, an integer block, or null for the whole axis. */
export type IndexLike = number | Tensor | null;

/** An index list as i32 blocks of one shape. */
export interface Place {
  readonly index: readonly Tensor[];
  readonly mask: Tensor | undefined;
  readonly shape: readonly number[];
}

function refOf(what: string, ref: unknown): KernelRef {
  if (ref instanceof KernelRef) return ref;
  return fail("TW8003", `${what}: takes a reference, not ${describeValue(ref)}`, {
    help: "references are the parameters of the kernel that stand for arrays, and what scratch() gives",
  });
}

function integerIndex(what: string, ref: KernelRef, axis: number, x: unknown): Tensor {
  if (typeof x === "number") {
    if (!Number.isInteger(x)) fail("TW2010", `${what}: the index of axis ${axis} of ${ref.name} is ${x}`, {});
    return scalar(x, "i32");
  }
  if (isTensor(x)) {
    const t = toInteger(x);
    if (isInt(t.aval.dtype)) return convertTo(t, "i32");
    return fail("TW8004", `${what}: the index of axis ${axis} of ${ref.name} is ${printAval(t.aval)}`, {
      help: "indices are integers: arange(BLOCK), programId(0), cast(x, 'i32')",
    });
  }
  return fail("TW8004", `${what}: the index of axis ${axis} of ${ref.name} is ${describeValue(x)}`, {
    help: "an index is a number, a block of integers, or null for the whole axis",
  });
}

export function placeOf(what: string, ref: KernelRef, at: unknown, mask: unknown): Place {
  const list: readonly unknown[] = Array.isArray(at) ? at : [at];
  if (list.length !== ref.rank) {
    fail("TW8004", `${what}: ${list.length} indices for ${ref.name}, which is ${printAval(ref.aval)}`, {
      help: ref.rank === 0 ? "write []" : `give one index for each of the ${ref.rank} axes; null is a whole axis`,
    });
  }
  const given = list.map((x, axis) => (x === null ? null : integerIndex(what, ref, axis, x)));
  const blocks = given.filter((x) => x !== null);
  const met = broadcastShapes(
    what,
    blocks.map((x) => x.aval.shape),
    blocks,
  ) as readonly number[];
  // whole axes are axes of the result: before and after the block where its indices stand together, else after it
  const first = given.findIndex((x) => x !== null);
  let last = first;
  given.forEach((x, i) => {
    if (x !== null) last = i;
  });
  const together = given.slice(Math.max(first, 0), last + 1).every((x) => x !== null);
  const whole = given.flatMap((x, axis) => (x === null ? [axis] : []));
  const before = together ? whole.filter((a) => a < first) : [];
  const after = whole.filter((a) => !before.includes(a));
  const shape = [...before.map((a) => ref.shape[a]), ...met, ...after.map((a) => ref.shape[a])];
  const index = given.map((x, axis) => {
    if (x === null) {
      const dim = before.includes(axis) ? before.indexOf(axis) : before.length + met.length + after.indexOf(axis);
      return bind("iota", [], { shape, axis: dim, dtype: "i32" })[0];
    }
    const from = x.aval.shape;
    if (from.length === shape.length && from.every((d, i) => d === shape[i])) return x;
    const offset = before.length + met.length - from.length;
    return bind("broadcast_in_dim", [x], { shape, dims: from.map((_, i) => i + offset) })[0];
  });
  return { index, mask: maskOf(what, ref, mask, shape), shape };
}

function maskOf(what: string, ref: KernelRef, mask: unknown, shape: readonly number[]): Tensor | undefined {
  if (mask === undefined || mask === null || mask === true) return undefined;
  const m = typeof mask === "boolean" ? scalar(mask, "bool") : mask;
  if (!isTensor(m) || m.aval.dtype !== "bool") {
    fail("TW8005", `${what}: the mask for ${ref.name} is ${isTensor(m) ? printAval(m.aval) : describeValue(m)}`, {
      help: "a mask is a block of bools: offsets < n",
    });
  }
  if (!fits(m, shape)) {
    fail(
      "TW8005",
      `${what}: the mask for ${ref.name} is ${printAval(m.aval)}, the indices make a block [${shape.join(", ")}]`,
      {
        help: "the mask broadcasts to the block of the indices: expandDims adds an axis",
      },
    );
  }
  return broadcastTo(what, m, shape);
}

function fits(x: Tensor, shape: readonly number[]): boolean {
  const from = x.aval.shape;
  const offset = shape.length - from.length;
  return offset >= 0 && from.every((d, i) => d === 1 || d === shape[i + offset]);
}

/** Options of `load`. */
export interface LoadOptions {
  /** Where it is false, nothing is read. */
  readonly mask?: unknown;
  /** What lanes get where the mask is false; 0 by default. */
  readonly other?: unknown;
}

export function load(target: unknown, at: unknown = [], options: LoadOptions = {}): Tensor {
  // the value of a scalar argument
  if (isTensor(target) && target.ndim === 0 && Array.isArray(at) && at.length === 0) return target;
  const ref = refOf("load", target);
  const { index, mask, shape } = placeOf("load", ref, at, options.mask);
  const { other } = options;
  if (!mask) return bind("load", [ref.contents, ...index], { masked: false, other: false })[0];
  if (isTensor(other) && other.ndim > 0) {
    const read = bind("load", [ref.contents, ...index, mask], { masked: true, other: false })[0];
    return where(mask, read, broadcastTo("load: other", valueFor("load", ref, other, "other"), shape));
  }
  if (other === undefined) return bind("load", [ref.contents, ...index, mask], { masked: true, other: false })[0];
  const rest = valueFor("load", ref, other, "other");
  return bind("load", [ref.contents, ...index, mask, rest], { masked: true, other: true })[0];
}

/** A value of the reference's dtype. */
export function valueFor(what: string, ref: KernelRef, value: unknown, called: string): Tensor {
  const { dtype } = ref;
  if (isScalarLeaf(value)) return numberOf(`${what}: ${called}`, value, dtype);
  if (!isTensor(value)) {
    return fail("TW8003", `${what}: ${called} for ${ref.name} is ${describeValue(value)}`, {
      help: "give a block or a number",
    });
  }
  return convertValue(what, ref, value, called, dtype);
}

function convertValue(what: string, ref: KernelRef, value: Tensor, called: string, dtype: DType): Tensor {
  const from = value.aval.dtype;
  if (from === dtype) return convertTo(value, dtype);
  const rounds = isFloat(dtype)
    ? isFloat(from) || isInt(from) || from === "bool"
    : isInt(dtype) && (isInt(from) || from === "bool");
  const whole = toInteger(value);
  if (rounds || (isInt(dtype) && isInt(whole.aval.dtype))) return convertTo(whole, dtype);
  return fail("TW8006", `${what}: ${called} is ${printAval(value.aval)}, and ${ref.name} holds ${dtype}`, {
    help: `convert it: cast(x, "${dtype}")`,
  });
}

/** Options of `store` and of atomics. */
export interface StoreOptions {
  /** Where it is false, nothing is written. */
  readonly mask?: unknown;
}

export function store(target: unknown, at: unknown, value: unknown, options: StoreOptions = {}): void {
  const ref = refOf("store", target);
  if (ref.kind === "input") {
    fail("TW8007", `store: ${ref.name} is an argument of the kernel, which is read only`, {
      help: "store to an out; `alias: { out: 'argument' }` in the options makes an out start as an argument",
    });
  }
  const { index, mask, shape } = placeOf("store", ref, at, options.mask);
  const v = valueFor("store", ref, value, "the value");
  if (!fits(v, shape)) {
    fail(
      "TW8008",
      `store: the value is ${printAval(v.aval)}, the indices of ${ref.name} make a block [${shape.join(", ")}]`,
      {
        help: "the value broadcasts to the block of the indices: give indices for each of its axes (expandDims)",
      },
    );
  }
  const lanes = broadcastTo("store", v, shape);
  ref.replace(
    bind("store", [ref.contents, lanes, ...index, ...(mask ? [mask] : [])], { masked: mask !== undefined })[0],
  );
}
