/**
 * Loop programs: one function over linear memory with explicit loops, vectors and addresses, close to the machine and
 * independent of its encoding. A value is a scalar (lanes 1) or a vector of `lanes` elements; blocks are gone.
 *
 * Arithmetic on bool, i8…u16 happens in 32-bit registers and is wrapped to the type after each operation; f16 and bf16 compute in f32 and
 * are rounded after each operation. A vector of bool is a lane mask as wide as the vectors it selects (`width` bytes a lane).
 */
import type { DType } from "./dtype.js";
import type { ElementwisePrim, TileReduceOp } from "./tile.js";

export interface LoopLocal {
  readonly kind: "local";
  readonly id: number;
  readonly dtype: DType;
  readonly lanes: number;
  readonly name?: string | undefined;
}
/** A region of memory: its address is a parameter of the function (modules hold no absolute address). */
export interface LoopBuffer {
  readonly kind: "buffer";
  readonly id: number;
  readonly name: string;
  readonly dtype: DType;
  readonly role: "in" | "out" | "inout" | "scratch";
}

export type LoopExpr =
  | { readonly kind: "const"; readonly dtype: DType; readonly lanes: number; readonly value: number | bigint | boolean }
  | LoopLocal
  /** Elementwise primitive on operands of equal lanes. */
  | { readonly kind: "op"; readonly prim: ElementwisePrim; readonly dtype: DType; readonly lanes: number; readonly args: readonly LoopExpr[]; readonly params: object }
  /** Element `index + offset` of the buffer, or `lanes` elements from there on; the index is an i32 element count. */
  | { readonly kind: "load"; readonly dtype: DType; readonly lanes: number; readonly buffer: LoopBuffer; readonly index: LoopExpr; readonly offset: number }
  /** One element read and copied to all lanes. */
  | { readonly kind: "load_splat"; readonly dtype: DType; readonly lanes: number; readonly buffer: LoopBuffer; readonly index: LoopExpr; readonly offset: number }
  | { readonly kind: "splat"; readonly dtype: DType; readonly lanes: number; readonly arg: LoopExpr }
  /** A vector from scalars. */
  | { readonly kind: "pack"; readonly dtype: DType; readonly lanes: number; readonly args: readonly LoopExpr[] }
  | { readonly kind: "lane"; readonly dtype: DType; readonly lanes: 1; readonly arg: LoopExpr; readonly index: number }
  /** All lanes of a vector to one scalar. */
  | { readonly kind: "reduce_lanes"; readonly dtype: DType; readonly lanes: 1; readonly op: TileReduceOp; readonly arg: LoopExpr }
  /** A library function on scalars (`math` of the target): special functions. */
  | { readonly kind: "call"; readonly dtype: DType; readonly lanes: 1; readonly callee: string; readonly args: readonly LoopExpr[] };

export type LoopStmt =
  /** Defines or redefines a local. */
  | { readonly kind: "set"; readonly local: LoopLocal; readonly value: LoopExpr }
  | { readonly kind: "store"; readonly buffer: LoopBuffer; readonly index: LoopExpr; readonly offset: number; readonly value: LoopExpr }
  | { readonly kind: "for"; readonly index: LoopLocal; readonly start: LoopExpr; readonly end: LoopExpr; readonly step: number; readonly axis: "grid" | "serial"; readonly body: readonly LoopStmt[] }
  | { readonly kind: "while"; readonly cond: readonly LoopStmt[]; readonly test: LoopExpr; readonly body: readonly LoopStmt[] }
  | { readonly kind: "if"; readonly test: LoopExpr; readonly then: readonly LoopStmt[]; readonly else: readonly LoopStmt[] };

/**
 * One grid stage of a kernel: (…buffer addresses in bytes, begin, end) runs programs begin ≤ p < end of the flattened grid.
 * A kernel of several stages gives several functions, called in order.
 */
export interface LoopFunction {
  readonly name: string;
  readonly buffers: readonly LoopBuffer[];
  readonly begin: LoopLocal;
  readonly end: LoopLocal;
  /** Number of programs in the flattened grid. */
  readonly programs: number;
  readonly body: readonly LoopStmt[];
}
/** A library function on scalars: parameters in, `result` out. */
export interface LoopMathFunction {
  readonly name: string;
  readonly params: readonly LoopLocal[];
  readonly body: readonly LoopStmt[];
  readonly result: LoopExpr;
}
export interface LoopProgram {
  readonly phase: "loop";
  readonly name: string;
  readonly functions: readonly LoopFunction[];
}

declare module "./program.js" {
  interface Phases {
    loop: LoopProgram;
  }
}
