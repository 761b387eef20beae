/** Batching as a program-to-program function. Signatures are the contract with the api layer. */
import type { Dim } from "../../ir/dim.js";
import type { Program } from "../../ir/program.js";

export interface BatchOptions {
  readonly axisSize: Dim;
  /** Batch axis of each input; null: not batched. */
  readonly inDims: readonly (number | null)[];
  /** Wanted batch axis of each output (broadcast where it is not batched); "any" leaves it where the rules put it, or unbatched. */
  readonly outDims: readonly (number | null | "any")[];
  /** Collectives over this name become ops over the batch axis. */
  readonly axisName?: string | undefined;
}
export interface BatchResult {
  readonly program: Program<"core">;
  readonly outDims: readonly (number | null)[];
}
export declare function batchProgram(program: Program<"core">, options: BatchOptions): BatchResult;
