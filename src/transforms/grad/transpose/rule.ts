/** What a transposition rule is: cotangents of an equation's linear operands from those of its results. */
import { fail } from "../../../diagnostics/error.js";
import type { Aval } from "../../../ir/aval.js";
import type { Builder } from "../../../ir/builder.js";
import type { AnyEqn, Atom, Program } from "../../../ir/program.js";
import type { RuleKind } from "../../../ir/rules.js";
import type { MaybeZero } from "../emit.js";

export interface TransposeOptions {
  /** Outputs that have a cotangent; for the others it is zero and no input. Left out: all. */
  readonly nonzero?: readonly boolean[];
  /** Linear inputs whose cotangent is wanted as an array even if it is zero. Left out: none. */
  readonly instantiate?: readonly boolean[];
  /** Linear inputs for which a sum so far is given: one input more for each, and their results include it. Left out: none. */
  readonly accumulate?: readonly boolean[];
  /** A sum with what is not linear is an error: only 0 may be added. */
  readonly strict?: boolean;
  /** Sums so far are threaded through equations that hold programs, so that references of kernels are added to where they lie. */
  readonly inPlace?: boolean;
}
export interface Transposed {
  /**
   * (…inputs that are not linear, …cotangents of the outputs marked nonzero, …sums so far) → (…cotangents of the linear
   * inputs marked in `nonzeroIn`).
   */
  readonly program: Program<"core">;
  /** One flag for each linear input. */
  readonly nonzeroIn: readonly boolean[];
}
/** Handed to the rules of equations that hold programs. */
export type Transpose = (
  program: Program<"core">,
  linear: readonly boolean[],
  options?: TransposeOptions,
) => Transposed;

export interface TransposeContext {
  readonly eqn: AnyEqn;
  readonly transpose: Transpose;
  readonly strict: boolean;
  readonly inPlace: boolean;
  /**
   * What operand i has got from later equations, taken out of the sum: the rule gives a result that includes it. For rules
   * that touch few elements, which would else add an array of zeros.
   */
  takeSum(i: number): MaybeZero;
  /** Whether a value that is not linear is 0 for certain. */
  isZero(a: Atom): boolean;
}

/** null stands for a linear operand: its value is not known, only its type in `ctx.eqn.inputs`. */
export type Operand = Atom | null;

/**
 * Called when at least one operand is linear and at least one result has a cotangent. Gives one entry for each operand,
 * null for those that are not linear.
 */
export interface TransposeKind extends RuleKind {
  readonly rule: (
    b: Builder,
    cts: readonly MaybeZero[],
    inputs: readonly Operand[],
    params: this["params"],
    ctx: TransposeContext,
  ) => readonly MaybeZero[];
}
type Rule<P> = (
  b: Builder,
  cts: readonly MaybeZero[],
  inputs: readonly Operand[],
  params: P,
  ctx: TransposeContext,
) => readonly MaybeZero[];

export function failNotLinear(
  ctx: TransposeContext,
  why: string,
  help = "use vjp, which takes the derivative at a point",
): never {
  return fail("TW3011", `${ctx.eqn.prim} is not linear: ${why}`, {
    span: ctx.eqn.span,
    help,
  });
}

/** Never linear in an operand, so that no transpose exists; a derivative of it never asks for one. */
export function nonlinear(reason: string): Rule<unknown> {
  return (_b, _cts, _inputs, _params, ctx) => failNotLinear(ctx, reason);
}

/** Linear in its one array operand, the first; whatever follows are indices. */
export function unary<P>(
  f: (b: Builder, ct: Atom, x: Aval, params: P, rest: readonly Atom[], ctx: TransposeContext) => Atom,
): Rule<P> {
  return (b, [ct], inputs, params, ctx) => {
    const [, ...rest] = inputs;
    const [x] = ctx.eqn.inputs;
    const fixed = rest.filter((r) => r !== null);
    if (fixed.length < rest.length) failNotLinear(ctx, "only its first operand may be linear");
    return [ct && f(b, ct, x.aval, params, fixed, ctx), ...rest.map(() => null)];
  };
}
