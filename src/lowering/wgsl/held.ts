/** Blocks as the invocations of a program hold them: element e lies in lane e % W, as its slot e / W. One program per invocation is W = 1. */
import type { DType } from "../../ir/dtype.js";
import { prod } from "../../util/index.js";

/** An element of the block at hand: its slot in this invocation, and its number in the block. */
export interface Cursor {
  readonly slot: string;
  readonly element: string;
}

export interface Held {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The element that this invocation has at a cursor. */
  at(cursor: Cursor): string;
  /** Any element, where every invocation can make it for itself: rank 0, constants, and what is computed of those. */
  readonly anywhere: ((element: string) => string) | null;
  /** The name of the variable that holds the slots of this invocation. */
  readonly name?: string | undefined;
}

export function elements(shape: readonly number[]): number {
  return prod(shape);
}
/** `element / stride % size` with what changes nothing left out; `n`: elements of the whole. */
export function coordinate(element: string, shape: readonly number[], axis: number): string {
  if (shape[axis] === 1) return "0";
  const stride = prod(shape.slice(axis + 1));
  const outermost = prod(shape.slice(0, axis)) === 1;
  const quotient = stride === 1 ? element : divide(element, stride);
  return outermost ? quotient : `(${quotient} % ${shape[axis]})`;
}
export function divide(text: string, by: number): string {
  if (by === 1) return text;
  return /^\d+$/.test(text) ? String(Math.floor(Number(text) / by)) : `(${text} / ${by})`;
}
export function times(text: string, by: number): string {
  if (by === 0 || text === "0") return "0";
  if (by === 1) return text;
  return /^\d+$/.test(text) ? String(Number(text) * by) : `${text} * ${by}`;
}
/** The sum of what is not zero. */
export function plus(...terms: readonly string[]): string {
  const left = terms.filter((t) => t !== "0" && t !== "");
  return left.length === 0 ? "0" : left.length === 1 ? left[0] : `(${left.join(" + ")})`;
}
/** Elements between neighbours along each axis. */
export function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}
