import type { Dim, Shape } from "./dim.js";
import { shapeSame } from "./dim.js";
import type { DType } from "./dtype.js";
import { staticSizes } from "./size.js";
import { prod } from "../util/index.js";

/** What is known of an array without its values: shape and element type. `weak` marks what came from a JS number. */
export interface Aval {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly weak?: boolean | undefined;
}

export function aval(shape: Shape, dtype: DType, weak = false): Aval {
  if (shape.length > 0) return weak ? { shape, dtype, weak: true } : { shape, dtype };
  const scalars = weak ? weakScalars : strongScalars;
  let scalar = scalars.get(dtype);
  if (!scalar) {
    scalar = weak ? { shape: [], dtype, weak: true } : { shape: [], dtype };
    scalars.set(dtype, scalar);
  }
  return scalar;
}
/** Each number in a program or an eager call has one of these: they are made once. */
const strongScalars = new Map<DType, Aval>();
const weakScalars = new Map<DType, Aval>();

/** The same shape and dtype; weakness is not compared. */
export function avalSame(a: Aval, b: Aval): boolean {
  return a.dtype === b.dtype && shapeSame(a.shape, b.shape);
}

/** `f32[2,3]`, with a `~` in front of what is weakly typed. */
export function printAval(a: Aval): string {
  return `${a.weak ? "~" : ""}${a.dtype}[${a.shape.map(String).join(",")}]`;
}

/** The shape as numbers; for the layers below capture, where every size is known. */
export function staticShape(a: { readonly shape: readonly Dim[] }): readonly number[] {
  return staticSizes(a.shape);
}

/** The number of elements. */
export function sizeOf(a: Aval): number {
  return prod(staticShape(a));
}
