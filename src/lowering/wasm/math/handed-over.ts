/** Functions by their primitives, in groups: those of which most programs use none are handed over by who makes their equations. */
import type { LoopMathFunction } from "../../../ir/loop.js";
import { Slot } from "../../slot.js";
import { inDouble, type Value } from "./value.js";

/** Inline code: operands and result have one float type and number of lanes. Equal objects in the result are one value. */
export type Expansion = (...args: Value[]) => Value;

/** Inline code that is right for most arguments, and code for vectors of which some element lies beyond. */
export interface Short {
  readonly usual: Expansion;
  readonly beyond: Expansion;
  /** Without: the library function of scalars. */
  readonly right?: Expansion;
  /** For what lies beyond, unless some is huge. */
  readonly medium?: { readonly usual: (x: Value) => Value; readonly beyond: (x: Value) => Value };
}
type ByType<T> = Readonly<Record<"f32" | "f64", Readonly<Record<string, T>>>>;
export interface MathGroup {
  /** Functions of the library; all take and give f64. */
  readonly functions: Readonly<Record<string, () => LoopMathFunction>>;
  /** What is expanded inline. */
  readonly inline: ByType<Expansion>;
  readonly short: ByType<Short>;
}

/** The f64 function, computed on f32 values and rounded. */
/* @__NO_SIDE_EFFECTS__ */ export function viaDouble(f: Expansion): Expansion {
  return (...args) => inDouble(args, (xs) => f(...xs));
}

export const extendedMath = new Slot<MathGroup>("functions that arrays have no methods for");
export const specialMath = new Slot<MathGroup>("special functions");
