/** What the package sees of a compiled function beside its call. */
import type { Tensor } from "../tracer/tensor.js";
import type { Signature } from "./jit.js";

export const JITTED = Symbol.for("tilework.jitted");
export interface Prepared {
  readonly signature: Signature;
  readonly leaves: readonly Tensor[];
}
export interface JittedInternals {
  /** What a call with these arguments runs; `exact`: a program for their sizes alone. */
  prepare(args: readonly unknown[], exact?: boolean): Prepared;
}
