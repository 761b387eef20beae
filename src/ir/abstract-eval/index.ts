import type { SpanRef } from "../../diagnostics/span.js";
import type { Aval } from "../aval.js";
import type { Effects } from "../effects.js";
import type { Params, Prim } from "../ops/index.js";
import type { RuleKind } from "../rules.js";

/** What a rule may look at besides avals and parameters. */
export interface AbstractEvalContext {
  readonly prim: Prim;
  readonly span: SpanRef | undefined;
}
/** Shape and dtype of the results; throws a located TileworkError (codes TW2xxx, TW3xxx) when the operands do not fit. */
export interface AbstractEvalKind extends RuleKind {
  readonly rule: (ctx: AbstractEvalContext, inputs: readonly Aval[], params: this["params"]) => readonly Aval[];
}

export interface AbstractResult {
  readonly outputs: readonly Aval[];
  readonly effects: Effects;
}

export declare function abstractEval<P extends Prim>(
  prim: P,
  inputs: readonly Aval[],
  params: Params<P>,
  span?: SpanRef,
): AbstractResult;
