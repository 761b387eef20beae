/** What values are to the interpreter: JavaScript's own, tensors, and the marks of what has none. */
import { fail } from "../../diagnostics/error.js";
import type { Code as ErrorCode } from "../../diagnostics/help.js";
import type { Label } from "../../diagnostics/error.js";
import type { SpanRef } from "../../diagnostics/span.js";
import { type Aval, aval, printAval } from "../../ir/aval.js";
import { isInt } from "../../ir/dtype.js";
import { bind, scalar } from "../../tracer/frame.js";
import { describeValue } from "../../tracer/leaf.js";
import { convertTo } from "../../tracer/control.js";
import { Tensor } from "../../tracer/tensor.js";

export function isTraced(x: unknown): boolean {
  return x instanceof Tensor && Tensor.source(x).traced;
}

/** A declaration that has not been reached. */
export const UNSET = Symbol("unset");
/** A value that nobody will look at: of a variable on a way that has left its function. */
export const DEAD = Symbol("dead");

/** What a variable holds after ways on which it cannot be joined: an error when it is read, and none when it isn't. */
export class Poison {
  constructor(
    readonly code: ErrorCode,
    readonly message: string,
    readonly help: string,
    readonly labels: readonly Label[] = [],
  ) {}
  raise(span: SpanRef | undefined): never {
    fail(this.code, this.message, { span, help: this.help, labels: this.labels });
  }
}

/** Tensors of f32 that stand for JavaScript's whole numbers: they serve as indices, and take the dtype of integers beside them. */
const whole = new WeakSet<Tensor>();
export function isWhole(x: unknown): boolean {
  return typeof x === "number" ? Number.isInteger(x) : x instanceof Tensor && (isInt(x.aval.dtype) || whole.has(x));
}
export function markWhole(x: Tensor): Tensor {
  whole.add(x);
  return x;
}
/** A whole number kept as f32. */
export function isWholeFloat(x: unknown): boolean {
  return x instanceof Tensor && whole.has(x);
}
/** Tensors of f32 that come from JavaScript's numbers alone: where they meet a float type, they take it. */
const soft = new WeakSet<Tensor>();
export function isSoft(x: unknown): boolean {
  return typeof x === "number" || (x instanceof Tensor && (x.aval.weak === true || soft.has(x) || whole.has(x)));
}
export function markSoft(x: Tensor): Tensor {
  if (x.aval.dtype === "f32" && !x.aval.weak) soft.add(x);
  return x;
}
/** Integers that count the steps of a range: JavaScript's numbers, which a fraction beside them makes floats. */
const counters = new WeakSet<Tensor>();
export function markCounter(x: Tensor): Tensor {
  counters.add(x);
  return x;
}
export function isCounter(x: unknown): x is Tensor {
  return x instanceof Tensor && counters.has(x);
}
/** A copy or a result that stands for `x`: its marks are those of `x`. */
export function markLike(t: Tensor, x: unknown): Tensor {
  if (isSoft(x)) markSoft(t);
  return isWhole(x) && !isInt(t.aval.dtype) ? markWhole(t) : t;
}
/** As an integer tensor, where it stands for one. */
export function toInteger(x: Tensor): Tensor {
  return whole.has(x) || (x.aval.weak && !isInt(x.aval.dtype)) ? convertTo(x, "i32") : x;
}

export function zerosOf(a: Aval): Tensor {
  const zero = a.dtype === "bool" ? false : a.dtype === "i64" || a.dtype === "u64" ? 0n : 0;
  const z = scalar(zero, a.dtype);
  return a.shape.length === 0 ? z : bind("broadcast_in_dim", [z], { shape: a.shape, dims: [] })[0];
}

export const strong = (a: Aval): Aval => (a.weak ? aval(a.shape, a.dtype) : a);

/** How messages call a value: arrays by their type. */
export function describe(x: unknown): string {
  if (x instanceof Tensor) return printAval(x.aval);
  if (x === UNSET) return "nothing";
  if (typeof x === "string") return JSON.stringify(x);
  if (typeof x === "number" || typeof x === "boolean" || typeof x === "bigint") return String(x);
  if (Array.isArray(x)) return `a list of ${x.length}`;
  return describeValue(x);
}

/** `range(…)` in captured source. Bounds may be traced. */
export class RangeValue {
  constructor(
    readonly start: number | Tensor,
    readonly stop: number | Tensor,
    readonly step: number | Tensor,
  ) {}
  /** The number of steps, when the bounds tell. */
  get length(): number | undefined {
    const { start, stop, step } = this;
    if (typeof start !== "number" || typeof stop !== "number" || typeof step !== "number") return undefined;
    return Math.max(0, Math.ceil((stop - start) / step));
  }
}

/** Objects of the language whose methods are the library's: what fails in them, fails where they are called. */
export class LibraryObject {
  /** Fails where elements of the object are not read, or not written, as those of lists are. */
  checkAccess(_access: "read" | "write", _key: unknown): void {}
  /** How messages call it. */
  describe(): string {
    return describeValue(this);
  }
}

/**
 * A whole number in an object of the language, such as an offset of a block: it stays what it is where the steps of a loop, or the
 * ways of a branch, leave it, and else is an i32 that they hand on.
 */
export class WholeLeaf {
  constructor(
    readonly value: number | Tensor,
    /** It is surely not below zero. */
    readonly notNegative: boolean,
  ) {}
  is(other: unknown): boolean {
    return other instanceof WholeLeaf && Object.is(other.value, this.value);
  }
}
