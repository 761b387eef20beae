/**
 * Tile programs: one kernel as a list of grid stages. A value is a block (rank 0: a scalar), statements run in order for
 * each program of the grid. Contractions, reductions, sorts and factorisations are all written in this language; it
 * knows neither lanes nor bytes. Addresses count elements, not bytes.
 */
import type { Dim, SymDim } from "./dim.js";
import type { DType } from "./dtype.js";
import type { ElementwiseOps } from "./ops/index.js";

export interface TileRef {
  readonly kind: "ref";
  readonly id: number;
  readonly name: string;
  readonly dtype: DType;
  /** scratch: private to the launch, uninitialised; its size is part of the memory plan. */
  readonly role: "in" | "out" | "inout" | "scratch";
  /** Elements. */
  readonly size: Dim;
}

export interface TileVar {
  readonly kind: "tilevar";
  readonly id: number;
  readonly dtype: DType;
  /** Block shape; [] is a scalar. Blocks are small and static: they live in registers. */
  readonly shape: readonly number[];
  readonly name?: string | undefined;
  /** May be the target of `assign` (loop-carried state). */
  readonly mutable: boolean;
}
export interface TileConst {
  readonly kind: "tileconst";
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly value: number | bigint | boolean;
}
/** A size that is known when the program is launched: an i32 scalar. */
export interface TileSize {
  readonly kind: "tilesize";
  readonly dtype: "i32";
  readonly shape: readonly number[];
  readonly size: SymDim;
  /** Never negative where it is used. */
  readonly natural: boolean;
}
export type TileAtom = TileVar | TileConst | TileSize;

export type ElementwisePrim = keyof ElementwiseOps;
export type TileReduceOp = "sum" | "prod" | "max" | "min" | "and" | "or" | "xor";

export type TileAtomicOp = "add" | "max" | "min" | "and" | "or" | "xor" | "xchg";

export type TileStmt =
  /** Elementwise; operands have the shape of `out` or are scalars (which broadcast). */
  | {
      readonly kind: "op";
      readonly out: TileVar;
      readonly prim: ElementwisePrim;
      readonly args: readonly TileAtom[];
      readonly params: object;
    }
  | { readonly kind: "program_id"; readonly out: TileVar; readonly axis: number }
  /**
   * One past the last program of those that are run as one, from `program_id` on. A stage of one axis that asks for it does the work of
   * all of them at once; a program by itself gets its own number plus one.
   */
  | { readonly kind: "program_end"; readonly out: TileVar }
  /** 0, 1, 2… along `axis` of the block, i32. */
  | { readonly kind: "lanes"; readonly out: TileVar; readonly axis: number }
  /** Axis i of `arg` becomes axis dims[i] of `out`; sizes are 1 or equal. */
  | { readonly kind: "broadcast"; readonly out: TileVar; readonly arg: TileAtom; readonly dims: readonly number[] }
  | { readonly kind: "transpose"; readonly out: TileVar; readonly arg: TileAtom; readonly perm: readonly number[] }
  | { readonly kind: "reshape"; readonly out: TileVar; readonly arg: TileAtom }
  | {
      readonly kind: "reduce";
      readonly out: TileVar;
      readonly op: TileReduceOp;
      readonly arg: TileAtom;
      readonly axis: number;
      /** There is no NaN, or it may be passed over; of two zeros either may be the greatest. */
      readonly passNaN?: boolean;
    }
  /** out[i, j…] = ref[base + i·strides[0] + j·strides[1] + …]; base is an i32 scalar. */
  | {
      readonly kind: "load";
      readonly out: TileVar;
      readonly ref: TileRef;
      readonly base: TileAtom;
      readonly strides: readonly Dim[];
    }
  | {
      readonly kind: "store";
      readonly ref: TileRef;
      readonly base: TileAtom;
      readonly strides: readonly Dim[];
      readonly value: TileAtom;
    }
  /** out[lane] = mask[lane] ? ref[index[lane]] : other (0 when absent); masked lanes are not read. */
  | {
      readonly kind: "load_at";
      readonly out: TileVar;
      readonly ref: TileRef;
      readonly index: TileAtom;
      readonly mask: TileAtom | null;
      readonly other: TileAtom | null;
    }
  | {
      readonly kind: "store_at";
      readonly ref: TileRef;
      readonly index: TileAtom;
      readonly mask: TileAtom | null;
      readonly value: TileAtom;
    }
  // over whole blocks, which only programs of users' kernels for GPUs have
  /** acc + lhs · rhs, in the type of out: [b…, m, k] times [b…, k, n]. */
  | {
      readonly kind: "dot";
      readonly out: TileVar;
      readonly lhs: TileAtom;
      readonly rhs: TileAtom;
      readonly acc: TileAtom | null;
    }
  /** Element i along `axis` combines the elements up to i, or from i on. */
  | {
      readonly kind: "scan";
      readonly out: TileVar;
      readonly op: TileReduceOp;
      readonly arg: TileAtom;
      readonly axis: number;
      readonly reverse: boolean;
    }
  /** Stable and ascending by the first `keys` operands, NaN last; the others move along. */
  | {
      readonly kind: "sort";
      readonly outs: readonly TileVar[];
      readonly args: readonly TileAtom[];
      readonly axis: number;
      readonly keys: number;
    }
  /** out[lane] = arg[index[lane]]: row-major positions within the block. */
  | { readonly kind: "pick"; readonly out: TileVar; readonly arg: TileAtom; readonly index: TileAtom }
  /** What was there before goes to `out`; lanes and programs may meet at an element. */
  | {
      readonly kind: "atomic";
      readonly out: TileVar;
      readonly op: TileAtomicOp;
      readonly ref: TileRef;
      readonly index: TileAtom;
      readonly mask: TileAtom | null;
      readonly value: TileAtom;
    }
  | {
      readonly kind: "atomic_cas";
      readonly out: TileVar;
      readonly ref: TileRef;
      readonly index: TileAtom;
      readonly mask: TileAtom | null;
      readonly compare: TileAtom;
      readonly value: TileAtom;
    }
  /** A mutable variable with its first value. */
  | { readonly kind: "var"; readonly out: TileVar; readonly init: TileAtom }
  | { readonly kind: "assign"; readonly target: TileVar; readonly value: TileAtom }
  /** for (index = start; index < end; index += step), i32; step > 0. */
  | {
      readonly kind: "for";
      readonly index: TileVar;
      readonly start: TileAtom;
      readonly end: TileAtom;
      readonly step: number;
      readonly body: readonly TileStmt[];
    }
  /** Runs `cond`, goes on while `test` (bool scalar) holds. */
  | {
      readonly kind: "while";
      readonly cond: readonly TileStmt[];
      readonly test: TileAtom;
      readonly body: readonly TileStmt[];
    }
  | {
      readonly kind: "if";
      readonly test: TileAtom;
      readonly then: readonly TileStmt[];
      readonly else: readonly TileStmt[];
    };

/** All programs of a stage end before the next stage starts; programs of one stage may run in any order, at the same time. */
export interface TileStage {
  readonly grid: readonly Dim[];
  readonly body: readonly TileStmt[];
  readonly rounds?: TileRounds | undefined;
  /** Where loops are as long as numbers in memory say: else it is counted from the body. */
  readonly work?: StageWork | undefined;
}
export interface StageWork {
  /** About how many nanoseconds a program takes on one thread. */
  readonly ns: number;
  /** Programs take the same time, and each thread does its part of them at once: the same ones in each round. */
  readonly even?: boolean;
}
/** Neighbouring stages that have it in common are run one after the other, so many times. Which round it is they keep in memory. */
export interface TileRounds {
  readonly count: number;
}
export interface TileProgram {
  readonly phase: "tile";
  readonly name: string;
  readonly refs: readonly TileRef[];
  readonly stages: readonly TileStage[];
  /** On GPUs: whether a program is one invocation's, with small blocks (left out), or all of a workgroup's, with whole ones. */
  readonly distribution?: "invocation" | "workgroup" | undefined;
  /** What was fused into it, for people (`explain`). */
  readonly notes: readonly string[];
}

declare module "./program.js" {
  interface Phases {
    tile: TileProgram;
  }
}
