/** The kind of batching rules, and the combinators that most of them are made of. */
import { internal } from "../../diagnostics/error.js";
import type { Builder } from "../../ir/builder.js";
import type { Dim } from "../../ir/dim.js";
import type { Prim } from "../../ir/ops/index.js";
import type { AnyEqn, Atom, Program } from "../../ir/program.js";
import type { RuleKind } from "../../ir/rules.js";
import { type BatchDim, firstDim, rankOf, toDim } from "./axes.js";

/** Wanted place of an output's batch axis; "any": where the rules put it, if anywhere. */
export type WantedDim = BatchDim | "any";

export interface BatchOut {
  readonly outputs: readonly Atom[];
  readonly dims: readonly BatchDim[];
}

/** What a rule knows besides its operands. */
export interface BatchContext {
  readonly eqn: AnyEqn;
  readonly axisSize: Dim;
  /** The name of the axis that is being batched, if it has one. */
  readonly axisName: string | undefined;
  /** Batches a program that is a parameter, over the same axis. */
  batch(
    program: Program<"core">,
    inDims: readonly BatchDim[],
    outDims: readonly WantedDim[],
  ): { readonly program: Program<"core">; readonly outDims: readonly BatchDim[] };
}

/** Called when at least one operand is batched, or when the equation refers to the batched axis by its name. */
export interface BatchKind extends RuleKind {
  readonly rule: (
    b: Builder,
    inputs: readonly Atom[],
    dims: readonly BatchDim[],
    params: this["params"],
    ctx: BatchContext,
  ) => BatchOut;
}
type Rule<P> = (
  b: Builder,
  inputs: readonly Atom[],
  dims: readonly BatchDim[],
  params: P,
  ctx: BatchContext,
) => BatchOut;

/** The equation's primitive on other operands, with other parameters. */
export function emitAs(b: Builder, ctx: BatchContext, inputs: readonly Atom[], params: object): readonly Atom[] {
  return b.emit(ctx.eqn.prim as Prim, inputs, params as never, ctx.eqn.span);
}

export function same(outputs: readonly Atom[], dim: BatchDim): BatchOut {
  return { outputs, dims: outputs.map(() => dim) };
}

/** The batch axis of a rule that runs only when something is batched. */
export function someDim(dims: readonly BatchDim[]): number {
  return firstDim(dims) ?? internal("a batching rule ran although nothing is batched");
}

/** All operands have one shape: their batch axes are brought to one place, and `params` says what that does to the parameters. */
export function aligned<P extends object>(params: (p: P, dim: number) => object = (p) => p): Rule<P> {
  return (b, inputs, dims, p, ctx) => {
    const dim = someDim(dims);
    const operands = inputs.map((x, i) => toDim(b, x, dims[i], dim, ctx.axisSize));
    return same(emitAs(b, ctx, operands, params(p, dim)), dim);
  };
}
export const elementwise: Rule<object> = aligned();

/** Reduces some axes away; the batch axis moves up by those before it. */
export function reduceLike<P extends object>(
  reduced: (p: P) => readonly number[],
  params: (p: P, dim: number) => object,
): Rule<P> {
  return (b, [x], [dim], p, ctx) => {
    const d = someDim([dim]);
    const out = emitAs(b, ctx, [x], params(p, d));
    // an element's axis a stands before the batch axis when a < d
    return same(out, d - reduced(p).filter((a) => a < d).length);
  };
}

/** Works on the last `core` axes and takes any axes before them along. */
export function leading(core: number): Rule<object> {
  return (b, inputs, dims, params, ctx) => {
    const dim = someDim(dims);
    const fits = inputs.every((x, i) => dims[i] === null || (dims[i] === dim && dim <= rankOf(x, dim) - core));
    const at = fits ? dim : 0;
    const operands = inputs.map((x, i) => toDim(b, x, dims[i], at, ctx.axisSize));
    return same(emitAs(b, ctx, operands, params), at);
  };
}

/** Each operand for itself, one result each; batch axes stay where they are. */
export const pointwiseEach: Rule<object> = (b, inputs, dims, params, ctx) => ({
  outputs: emitAs(b, ctx, inputs, params),
  dims,
});
