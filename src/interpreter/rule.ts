/** The type of an interpretation rule. */
import type { Aval } from "../ir/aval.js";
import type { Dim } from "../ir/dim.js";
import type { CollectiveOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";
import type { RuleKind } from "../ir/rules.js";
import type { NDArray } from "./array.js";

/** This rank's place on a named axis. */
export interface AxisPlace {
  readonly size: number;
  readonly index: number;
  /** Gives the collective's results on this rank from the operands of all; left out: this program runs alone. */
  readonly exchange?: (prim: keyof CollectiveOps, inputs: readonly NDArray[], params: unknown) => readonly NDArray[];
}

export interface InterpretContext {
  /** Types of the equation's results; dims may be symbolic. */
  readonly outputs: readonly Aval[];
  readonly axisEnv: ReadonlyMap<string, AxisPlace>;
  readonly callbackValue: (x: NDArray) => unknown;
  /** The number that a dim stands for in this run. */
  size(d: Dim): number;
  /** Runs a program that is a parameter of the equation. */
  interpret(program: Program<"core">, inputs: readonly NDArray[]): NDArray[];
}

export interface InterpretKind extends RuleKind {
  readonly rule: (ctx: InterpretContext, inputs: readonly NDArray[], params: this["params"]) => readonly NDArray[];
}
