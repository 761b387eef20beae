/** What a rewrite rule is, and what it may ask for. */
import type { Aval } from "../ir/aval.js";
import type { Params, Prim } from "../ir/ops/index.js";
import type { Atom, Eqn, Literal, Program } from "../ir/program.js";

export type Scalar = Literal["value"];

/** The program under construction, as rules see it. */
export interface RewriteContext {
  /** Appends an equation (simplified itself, merged with an equal earlier one) and gives its results. */
  emitAll<P extends Prim>(prim: P, inputs: readonly Atom[], params: Params<P>): readonly Atom[];
  /** `emitAll` for primitives with one result. */
  emit<P extends Prim>(prim: P, inputs: readonly Atom[], params: Params<P>): Atom;
  /** The equations of `program` with `args` for its inputs; what its outputs became. */
  inline(program: Program<"core">, args: readonly Atom[]): readonly Atom[];
  /** The equation that made `a`, when it is of this primitive. */
  made<P extends Prim>(a: Atom, prim: P): Eqn<P> | undefined;
  /** The number that every element of `a` is, when that is known. */
  constant(a: Atom): Scalar | undefined;
  /** An array of this type whose elements are all `value`. */
  splat(like: Aval, value: Scalar): Atom;
}

/** What an equation's results become; undefined when the rule does not apply. */
export type Rewritten = Atom | readonly Atom[] | undefined;

/** A rule looks at equations of some primitives. What it gives has the types of the equation's results. */
export interface Rule {
  readonly on: readonly Prim[];
  readonly apply: (r: RewriteContext, eqn: Eqn<never>) => Rewritten;
}

export function on<P extends Prim>(
  prims: P | readonly P[],
  apply: (r: RewriteContext, eqn: Eqn<P>) => Rewritten,
): Rule {
  // an equation of a primitive in `on` is an Eqn<P>: the index by primitive makes sure of it
  return { on: typeof prims === "string" ? [prims] : prims, apply: apply as Rule["apply"] };
}
