/** Forward and reverse differentiation as program-to-program functions. Signatures are the contract with the api layer. */
import type { Aval } from "../../ir/aval.js";
import type { Program } from "../../ir/program.js";

export interface JvpResult {
  /** (…inputs, …tangents of the inputs marked nonzero) → (…outputs, …tangents of the outputs marked nonzero). */
  readonly program: Program<"core">;
  readonly nonzeroOut: readonly boolean[];
}
/** Only float inputs may be marked. `instantiate` asks for zeros where a float output has no tangent. */
export declare function jvpProgram(
  program: Program<"core">,
  nonzero: readonly boolean[],
  instantiate?: boolean | readonly boolean[],
): JvpResult;

export interface PartialEvalResult {
  /** (…known inputs) → (…known outputs, …residuals). */
  readonly known: Program<"core">;
  /** (…residuals, …unknown inputs) → (…unknown outputs). */
  readonly unknown: Program<"core">;
  readonly unknownOut: readonly boolean[];
  readonly residuals: readonly Aval[];
}
/** `instantiate` marks outputs that must come from the unknown program even if they are known. */
export declare function partialEval(
  program: Program<"core">,
  unknown: readonly boolean[],
  instantiate?: readonly boolean[],
): PartialEvalResult;

/** (…inputs that are not linear, …cotangents of the outputs) → (…cotangents of the linear inputs, zeros instantiated). */
export declare function transposeProgram(program: Program<"core">, linear: readonly boolean[]): Program<"core">;

export interface VjpResult {
  /** (…inputs) → (…outputs, …residuals). */
  readonly forward: Program<"core">;
  /** (…residuals, …cotangents of the float outputs) → (…cotangents of the inputs marked in `wrt`). */
  readonly backward: Program<"core">;
  readonly numResiduals: number;
}
export declare function vjpProgram(program: Program<"core">, wrt: readonly boolean[]): VjpResult;
