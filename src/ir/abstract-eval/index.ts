/** Shapes, dtypes and effects of results, for every primitive: the tracer, the transforms and the editor use this one table. */
import type { SpanRef } from "../../diagnostics/span.js";
import type { Aval } from "../aval.js";
import { type Effects, joinEffects, NO_EFFECTS } from "../effects.js";
import type { ControlOps, Params, Prim } from "../ops/index.js";
import type { Program } from "../program.js";
import type { AnyRule, RuleKind, Table } from "../rules.js";
import { collective } from "./collective.js";
import { contraction } from "./contraction.js";
import { control } from "./control.js";
import { elementwise } from "./elementwise.js";
import { indexing } from "./indexing.js";
import { kernel } from "./kernel.js";
import { linalg } from "./linalg.js";
import { movement } from "./movement.js";
import { random } from "./random.js";
import { reduction } from "./reduction.js";
import { sort } from "./sort.js";

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

const table = {
  ...elementwise,
  ...movement,
  ...reduction,
  ...contraction,
  ...indexing,
  ...control,
  ...random,
  ...linalg,
  ...sort,
  ...collective,
  ...kernel,
} satisfies Table<AbstractEvalKind>;

export function abstractEval<P extends Prim>(
  prim: P,
  inputs: readonly Aval[],
  params: Params<P>,
  span?: SpanRef,
): AbstractResult {
  const rule = table[prim] as AnyRule<AbstractEvalKind>;
  return { outputs: rule({ prim, span }, inputs, params as never), effects: effectsOf(prim, params) };
}

/** Effects of one equation: those of the programs in its parameters, callbacks and collectives. */
export function effectsOf<P extends Prim>(prim: P, params: Params<P>): Effects {
  switch (prim) {
    case "debug_callback":
      return (params as ControlOps["debug_callback"]).ordered ? ["io:ordered"] : ["io:unordered"];
    case "cond":
      return joinEffects(...(params as ControlOps["cond"]).branches.map((b) => b.effects));
    case "while":
      return joinEffects((params as ControlOps["while"]).cond.effects, (params as ControlOps["while"]).body.effects);
    case "scan":
      return (params as ControlOps["scan"]).body.effects;
    case "call":
    case "checkpoint":
      return (params as { program: Program<"core"> }).program.effects;
    case "custom_jvp_call":
    case "custom_vjp_call":
      return (params as { primal: Program<"core"> }).primal.effects;
    case "custom_linear_solve":
      return (params as ControlOps["custom_linear_solve"]).solve.effects;
    case "psum":
    case "pmax":
    case "pmin":
    case "all_gather":
    case "psum_scatter":
    case "all_to_all":
    case "ppermute":
      return [`comm:${(params as { axisName: string }).axisName}`];
    default:
      return NO_EFFECTS;
  }
}
