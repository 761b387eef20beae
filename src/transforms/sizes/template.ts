/** A program over named sizes that was made of traces, and why it could not be made. */
import type { SpanRef } from "../../diagnostics/span.js";
import { printSpan } from "../../diagnostics/span.js";
import type { Dim } from "../../ir/dim.js";
import type { Literal, Program } from "../../ir/program.js";

/**
 * Equation for equation what the traces were. Where their scalars differ stands one of `holes`: its value belongs to the
 * sizes at hand, and comes from their trace.
 */
export interface Template {
  readonly program: Program<"core">;
  readonly holes: readonly Literal[];
  /** Whole numbers in kernels that are sizes. */
  readonly sized: ReadonlyMap<Literal, Dim>;
  readonly callbacks: CallbackBox;
}
/** Callbacks in the program that are functions of each trace's own. */
export interface CallbackBox {
  /** What callback i stands for in the run at hand. */
  current: readonly Callback[];
  /** The number of what stands for a callback in the program. */
  readonly numbers: Map<Callback, number>;
}
export type Callback = (...args: readonly unknown[]) => void;

/** Where traces are not one program. Thrown within this folder only. */
export class Mismatch extends Error {
  constructor(
    readonly what: string,
    readonly span: SpanRef | undefined,
  ) {
    super(what);
  }
  /** For people. */
  get reason(): string {
    const place = this.span?.resolve();
    return place ? `${this.what} at ${printSpan(place)}` : this.what;
  }
}

/**
 * Parameters that may be formulas over sizes. All others are part of what the program is: a window, a stride or an axis that
 * changes with a size is another program.
 */
const SIZES: Readonly<Record<string, readonly string[]>> = {
  reshape: ["shape"],
  broadcast_in_dim: ["shape"],
  slice: ["start", "limit"],
  pad: ["low", "high"],
  iota: ["shape"],
  scan: ["length"],
  kernel_call: ["grid"],
  empty: ["shape"],
  gather: ["sliceSizes"],
  dynamic_slice: ["sizes"],
};
export function isSizeParam(prim: string, param: string): boolean {
  return SIZES[prim]?.includes(param) ?? false;
}

/** Parameters of which nothing is left when a program runs: rules of derivatives, and what is saved for them. */
const UNUSED = new Set(["jvp", "forward", "backward", "policy"]);
export function isUnusedParam(param: string): boolean {
  return UNUSED.has(param);
}
