/** Kernels: programs over blocks, run once for each point of a grid. References to memory are array values; stores replace elements. */
import type { Dim, Shape } from "../dim.js";
import type { DType } from "../dtype.js";
import type { Program } from "../program.js";

export type AtomicOp = "add" | "max" | "min" | "and" | "or" | "xor" | "xchg";

/**
 * What may meet at an element in an atomic operation: nothing (each element is touched by one lane, of one program at a time), or the
 * lanes of one program. Left out: lanes and programs that run at the same time.
 */
export type Meeting = "none" | "lanes";

export interface KernelOps {
  /**
   * (...reads, ...inits) -> outs. For every program of the grid, in any order: outs = body(...reads, ...program ids (i32), ...outs). Programs
   * promise not to depend on each other's stores; atomics may meet. Out k starts from the next init where inits[k], else its contents are
   * not defined before something is stored.
   */
  kernel_call: {
    readonly body: Program<"core">;
    readonly grid: readonly Dim[];
    readonly inits: readonly boolean[];
    readonly name: string;
    /**
     * Axes of the grid, the last ones, whose programs run one after the other: they may meet in what they store. Left out: none.
     */
    readonly serial?: readonly boolean[];
    /** Loads and stores of the body are known to stay within their arrays. Left out: they are to be checked. */
    readonly guarded?: true;
    /** For people: how results of an adjoint are accumulated, one line for each. */
    readonly notes?: readonly string[];
  };
  /**
   * (ref, ...one i32 index for each axis, mask?, other?): element i is ref[index0[i], index1[i]…] where mask holds, else `other` (a scalar; 0
   * when absent). Indices and mask have the result's shape. Where the mask holds indices are in bounds.
   */
  load: { readonly masked: boolean; readonly other: boolean };
  /** (ref, value, ...indices, mask?) -> ref with these elements replaced; no two lanes write one element. */
  store: { readonly masked: boolean };
  /** (ref, value, ...indices, mask?) -> (ref, what was there before); lanes and programs may meet at an element. */
  atomic: { readonly op: AtomicOp; readonly masked: boolean; readonly meet?: Meeting };
  /** (ref, compare, value, ...indices, mask?) -> (ref, what was there before): replaced where it was `compare`. */
  atomic_cas: { readonly masked: boolean };
  /** Memory whose contents are not defined before something is stored. */
  empty: { readonly shape: Shape; readonly dtype: DType };
}
