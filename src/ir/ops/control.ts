import type { Dim } from "../dim.js";
import type { Program } from "../program.js";
import type { None } from "./elementwise.js";

/** A program that is traced when first needed (a custom rule may call its own function). */
export interface LazyProgram {
  readonly name: string;
  get(): Program<"core">;
}
/** What may be kept between the forward and backward pass of a checkpointed function. */
export type CheckpointPolicy = (prim: string, params: Readonly<Record<string, unknown>>) => boolean;

export interface ControlOps {
  /** (index i32 or bool scalar, ...operands): branches[clamp(index)](operands). */
  cond: { readonly branches: readonly Program<"core">[] };
  /** (...condConsts, ...bodyConsts, ...carry): cond(condConsts, carry) -> bool; body(bodyConsts, carry) -> carry. */
  while: {
    readonly cond: Program<"core">;
    readonly body: Program<"core">;
    readonly condConsts: number;
    readonly bodyConsts: number;
  };
  /** (...consts, ...carry, ...xs): body(consts, carry, x) -> (carry, y); results (carry, ys stacked on a first axis of `length`). */
  scan: {
    readonly body: Program<"core">;
    readonly length: Dim;
    readonly reverse: boolean;
    readonly numConsts: number;
    readonly numCarry: number;
    /**
     * For inputs that the body reads whole, from a place that moves on with each iteration, by how many elements. The plan finds
     * out; traced programs do not have it.
     */
    readonly steps?: readonly (number | null)[];
  };
  /** A nested jit: program(operands). */
  call: { readonly program: Program<"core">; readonly name: string };
  /**
   * (...captures, ...args). `jvp` takes (captures, args, tangents of args: one for each float arg, all instantiated)
   * and gives (outs, out tangents: one for each float out). Captures are not differentiated.
   */
  custom_jvp_call: {
    readonly primal: Program<"core">;
    readonly jvp: LazyProgram;
    readonly numCaptures: number;
    readonly name: string;
  };
  /**
   * (...captures, ...args). `forward` takes (captures, args) and gives (outs, residuals); `backward` takes (captures, residuals,
   * cotangents of float outs) and gives a cotangent for each float arg.
   */
  custom_vjp_call: {
    readonly primal: Program<"core">;
    readonly forward: LazyProgram;
    readonly backward: LazyProgram;
    readonly numCaptures: number;
    readonly name: string;
  };
  /** (...captures, ...residuals, ...arg tangents) -> out tangents: linear in the last; exists only to be transposed into `backward`. */
  custom_vjp_linear: {
    readonly backward: LazyProgram;
    readonly numCaptures: number;
    readonly numResiduals: number;
    readonly outAvals: readonly import("../aval.js").Aval[];
    readonly name: string;
  };
  /** A call whose intermediates are recomputed in the backward pass, but for what the policy keeps. `prevent`: stands in a backward pass; common subexpressions are not merged into it. */
  checkpoint: {
    readonly program: Program<"core">;
    readonly policy: CheckpointPolicy | null;
    readonly prevent: boolean;
  };
  /**
   * (...consts, ...b): x with matvec(x) = b, differentiated implicitly. Consts of the four programs stand one after the other,
   * `counts` many each: matvec, vecmat, solve, transposeSolve; each program takes (its consts, vector).
   */
  custom_linear_solve: {
    readonly matvec: Program<"core">;
    readonly vecmat: Program<"core">;
    readonly solve: Program<"core">;
    readonly transposeSolve: Program<"core">;
    readonly counts: readonly [number, number, number, number];
  };
  /** Identity on all operands; nothing is moved or merged across it. */
  optimization_barrier: None;
  /** Calls back to JavaScript with the operands' values; no results. */
  debug_callback: { readonly callback: (...args: readonly unknown[]) => void; readonly ordered: boolean };
}
