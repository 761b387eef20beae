/**
 * Loop programs: one function over linear memory with explicit loops, vectors and addresses, close to the machine and
 * independent of its encoding. A value is a scalar (lanes 1) or a vector of `lanes` elements; blocks are gone.
 *
 * Arithmetic on bool, i8…u16 happens in 32-bit registers and is wrapped to the type after each operation; f16 and bf16
 * compute in f32 and are rounded after each operation. A vector register holds 4 elements of these and of the 4-byte
 * types, or 2 elements of the 8-byte types. A vector of bool is a lane mask (all bits of a lane set, or none) of 4 or 2
 * lanes; a scalar bool is 0 or 1.
 */
import type { Dim, SymDim } from "./dim.js";
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
  /**
   * Elementwise primitive on operands of equal lanes; the amount of a vector shift is a scalar. `convert_element_type` and
   * `bitcast_convert_type` keep the number of lanes; `widen` and `narrow` change it.
   */
  | {
      readonly kind: "op";
      readonly prim: ElementwisePrim;
      readonly dtype: DType;
      readonly lanes: number;
      readonly args: readonly LoopExpr[];
      readonly params: object;
    }
  /** a·b + c with one or two roundings, whichever the machine does faster. */
  | {
      readonly kind: "fma";
      readonly dtype: DType;
      readonly lanes: number;
      readonly args: readonly [LoopExpr, LoopExpr, LoopExpr];
    }
  /** Byte address (i32) of element `index` of the buffer. */
  | {
      readonly kind: "address";
      readonly dtype: "i32";
      readonly lanes: 1;
      readonly buffer: LoopBuffer;
      readonly index: LoopExpr;
    }
  /** The element `offset` bytes after `address`, or `lanes` elements from there on. */
  | {
      readonly kind: "load";
      readonly dtype: DType;
      readonly lanes: number;
      readonly buffer: LoopBuffer;
      readonly address: LoopExpr;
      readonly offset: number;
    }
  /** One element read and copied to all lanes. */
  | {
      readonly kind: "load_splat";
      readonly dtype: DType;
      readonly lanes: number;
      readonly buffer: LoopBuffer;
      readonly address: LoopExpr;
      readonly offset: number;
    }
  | { readonly kind: "splat"; readonly dtype: DType; readonly lanes: number; readonly arg: LoopExpr }
  /** A vector from scalars. */
  | { readonly kind: "pack"; readonly dtype: DType; readonly lanes: number; readonly args: readonly LoopExpr[] }
  | { readonly kind: "lane"; readonly dtype: DType; readonly lanes: 1; readonly arg: LoopExpr; readonly index: number }
  /** Lanes of `a` (0…lanes-1) and `b` (lanes…2·lanes-1) in the order of `pick`. */
  | {
      readonly kind: "shuffle";
      readonly dtype: DType;
      readonly lanes: number;
      readonly a: LoopExpr;
      readonly b: LoopExpr;
      readonly pick: readonly number[];
    }
  /** The low or high half of a vector of 4, converted to a type of 2 lanes (8 bytes, or a mask). */
  | { readonly kind: "widen"; readonly dtype: DType; readonly lanes: 2; readonly arg: LoopExpr; readonly high: boolean }
  /** Two vectors of 2 lanes converted to a type of 4 lanes and joined. */
  | {
      readonly kind: "narrow";
      readonly dtype: DType;
      readonly lanes: 4;
      readonly low: LoopExpr;
      readonly high: LoopExpr;
    }
  /** All lanes of a vector to one scalar. */
  | {
      readonly kind: "reduce_lanes";
      readonly dtype: DType;
      readonly lanes: 1;
      readonly op: TileReduceOp;
      readonly arg: LoopExpr;
    }
  /** A library function (`math` of the target): special functions of scalars, and what few elements of a vector need. */
  | {
      readonly kind: "call";
      readonly dtype: DType;
      readonly lanes: number;
      readonly callee: string;
      readonly args: readonly LoopExpr[];
    };

export type LoopStmt =
  /** Defines or redefines a local. */
  | { readonly kind: "set"; readonly local: LoopLocal; readonly value: LoopExpr }
  | {
      readonly kind: "store";
      readonly buffer: LoopBuffer;
      readonly address: LoopExpr;
      readonly offset: number;
      readonly value: LoopExpr;
    }
  | {
      readonly kind: "for";
      readonly index: LoopLocal;
      readonly start: LoopExpr;
      readonly end: LoopExpr;
      readonly step: number;
      readonly axis: "grid" | "serial";
      readonly body: readonly LoopStmt[];
    }
  | {
      readonly kind: "while";
      readonly cond: readonly LoopStmt[];
      readonly test: LoopExpr;
      readonly body: readonly LoopStmt[];
    }
  | {
      readonly kind: "if";
      readonly test: LoopExpr;
      readonly then: readonly LoopStmt[];
      readonly else: readonly LoopStmt[];
    };

/**
 * One grid stage of a kernel: (…buffer addresses in bytes, begin, end, …sizes) runs programs begin ≤ p < end of the flattened
 * grid.
 * A kernel of several stages gives several functions, called in order.
 */
export interface LoopFunction {
  readonly name: string;
  readonly buffers: readonly LoopBuffer[];
  readonly begin: LoopLocal;
  readonly end: LoopLocal;
  /** Further parameters: sizes that are known when it is called. */
  readonly sizes: readonly { readonly local: LoopLocal; readonly size: SymDim }[];
  /** Number of programs in the flattened grid. */
  readonly programs: Dim;
  readonly body: readonly LoopStmt[];
}
/** A library function: parameters in, `result` out. */
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
