/** What the statements of a body are written with, and how its blocks are distributed. */
import type { SymDim } from "../../ir/dim.js";
import type { DType } from "../../ir/dtype.js";
import type { TileReduceOp, TileRef } from "../../ir/tile.js";
import type { Arithmetic } from "./arithmetic.js";
import type { Cursor, Held } from "./held.js";
import type { StoredArray } from "./memory.js";
import type { Lines, Names } from "./text.js";

/** How elements get from one invocation of a program to another. */
export interface Exchange {
  /** Invocations of a program. */
  readonly lanes: number;
  /** out[e] = arg[from(e)]. */
  move(arg: Held, shape: readonly number[], from: (c: Cursor) => string): Held;
  /** An element as a value that all invocations have. */
  scalar(arg: Held, element: string): string;
  /** A scalar that one invocation reads from memory that others may write. */
  shared(text: string, dtype: DType): string;
  reduce(op: TileReduceOp, arg: Held, axis: number): Held;
  dot(lhs: Held, rhs: Held, acc: Held | null, dtype: DType): Held;
  sort(args: readonly Held[], axis: number, keys: number): Held[];
  /** What was written to memory is there for all invocations of the program. */
  barrier(): void;
}

/** What a body is written with. */
export interface Setting {
  readonly lines: Lines;
  readonly names: Names;
  readonly arithmetic: Arithmetic;
  array(ref: TileRef): StoredArray;
  /** The name of a size that is known when the kernel is dispatched. */
  size(size: SymDim): string;
  programId(axis: number): string;
}
