/** What a forward-mode rule is, and combinators that keep most rows of the tables to one line. */
import { fail } from "../../../diagnostics/error.js";
import type { Builder } from "../../../ir/builder.js";
import type { AnyEqn, Atom, Program } from "../../../ir/program.js";
import type { RuleKind } from "../../../ir/rules.js";
import { addAll, copyEqn, emitLike, instantiate, type MaybeZero } from "../emit.js";

export interface JvpResult {
  /** (…inputs, …tangents of the inputs marked nonzero) → (…outputs, …tangents of the outputs marked nonzero). */
  readonly program: Program<"core">;
  readonly nonzeroOut: readonly boolean[];
}
/** `jvpProgram`, handed to the rules of equations that hold programs. */
export type JvpProgram = (
  program: Program<"core">,
  nonzero: readonly boolean[],
  instantiate?: boolean | readonly boolean[],
) => JvpResult;

export interface JvpOut {
  readonly primals: readonly Atom[];
  readonly tangents: readonly MaybeZero[];
}

/** Called when at least one operand has a tangent. Results that are not floats get null. */
export interface JvpKind extends RuleKind {
  readonly rule: (
    b: Builder,
    primals: readonly Atom[],
    tangents: readonly MaybeZero[],
    params: this["params"],
    eqn: AnyEqn,
    jvp: JvpProgram,
  ) => JvpOut;
}
type Rule = (
  b: Builder,
  primals: readonly Atom[],
  tangents: readonly MaybeZero[],
  params: unknown,
  eqn: AnyEqn,
) => JvpOut;

/** The map is linear in all its operands together: it maps the tangents as it maps the values. */
export const linear: Rule = (b, primals, tangents, _params, eqn) => ({
  primals: copyEqn(b, eqn, primals),
  tangents: emitLike(
    b,
    eqn,
    tangents.map((t, i) => instantiate(b, t, primals[i].aval)),
  ),
});

/** Linear in the operands before `count`; the others are indices, predicates or sizes and have no tangents. */
export function linearIn(count: number): Rule {
  return (b, primals, tangents, _params, eqn) => ({
    primals: copyEqn(b, eqn, primals),
    tangents: emitLike(
      b,
      eqn,
      primals.map((p, i) => (i < count ? instantiate(b, tangents[i], p.aval) : p)),
    ),
  });
}

/** Linear in each of two operands: the product rule. */
export const bilinear: Rule = (b, primals, [tx, ty], _params, eqn) => {
  const [x, y] = primals;
  return {
    primals: copyEqn(b, eqn, primals),
    tangents: [addAll(b, [tx && emitLike(b, eqn, [tx, y])[0], ty && emitLike(b, eqn, [x, ty])[0]])],
  };
};

/** The derivative is zero wherever it exists, or the results are not numbers that vary (the reason says which). */
export function zeroTangent(_reason: string): Rule {
  return (b, primals, _tangents, _params, eqn) => {
    const outs = copyEqn(b, eqn, primals);
    return { primals: outs, tangents: outs.map(() => null) };
  };
}

export function failNotDifferentiable(eqn: AnyEqn, reason: string, help?: string): never {
  return fail("TW3004", `${eqn.prim} is not differentiable: ${reason}`, {
    span: eqn.span,
    help:
      help ??
      "wrap the operand in stopGradient if no derivative should flow here, or give the function a customJvp rule",
  });
}

export function notDifferentiable(reason: string, help?: string): Rule {
  return (_b, _primals, _tangents, _params, eqn) => failNotDifferentiable(eqn, reason, help);
}

/** A derivative with respect to one operand: gets the builder, the operands and the result, gives the factor of the tangent. */
type Derivative = (b: Builder, inputs: readonly Atom[], out: Atom) => Atom;

/** Why an operand has no derivative, and what to do about it. */
export interface NoDerivative {
  readonly reason: string;
  readonly help?: string;
}

/** One factor for each operand, or why there is none. */
export function partials(...derivatives: readonly (Derivative | NoDerivative)[]): Rule {
  return (b, primals, tangents, _params, eqn) => {
    const outs = copyEqn(b, eqn, primals);
    const terms = tangents.map((t, i) => {
      if (t === null) return null;
      const d = derivatives[i];
      return typeof d === "function" ? b.mul(t, d(b, primals, outs[0])) : failNotDifferentiable(eqn, d.reason, d.help);
    });
    return { primals: outs, tangents: [addAll(b, terms)] };
  };
}

/** One operand x with result y: the derivative from both. */
export function elementwise1(derivative: (b: Builder, x: Atom, y: Atom) => Atom): Rule {
  return partials((b, [x], y) => derivative(b, x, y));
}
