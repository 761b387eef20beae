/** What a partial evaluation rule is, and the one that most primitives have. */
import type { Builder } from "../../../ir/builder.js";
import type { Aval } from "../../../ir/aval.js";
import type { Families, Family } from "../../../ir/ops/families.js";
import { primsOf } from "../../../ir/ops/families.js";
import type { AnyEqn, Atom, Program, Var } from "../../../ir/program.js";
import type { RuleKind } from "../../../ir/rules.js";

type Core = Program<"core">;

export interface PartialEvalResult {
  /** (…known inputs) → (…known outputs, …residuals). */
  readonly known: Core;
  /** (…residuals, …unknown inputs) → (…unknown outputs). */
  readonly unknown: Core;
  readonly unknownOut: readonly boolean[];
  readonly residuals: readonly Aval[];
}

export interface PartialEvalOptions {
  /** Outputs that must come from the unknown program even if they are known. */
  readonly instantiate?: readonly boolean[];
  /** Known inputs that cost nothing as residuals, because whoever calls holds them anyway; left out: all. */
  readonly free?: readonly boolean[];
}
/** `partialEval`, handed to the rules of equations that hold programs. */
export type PartialEval = (
  program: Core,
  unknown: readonly boolean[],
  options?: PartialEvalOptions,
) => PartialEvalResult;

/** The two programs under construction. Atoms of one must not be used in the other, but through these functions. */
export interface Halves {
  readonly known: Builder;
  readonly unknown: Builder;
  readonly partialEval: PartialEval;
  isUnknown(a: Atom): boolean;
  /** A value of the program that is known, as an atom of the known program. */
  readKnown(a: Atom): Atom;
  /** Any value of the program as an atom of the unknown program; one that is known becomes a residual. */
  readUnknown(a: Atom): Atom;
  /** An atom of the known program as one of the unknown program. */
  residual(known: Atom): Atom;
  /** Says what results became. */
  bindKnown(v: Var, atom: Atom): void;
  bindUnknown(v: Var, atom: Atom): void;
}

/** Called when at least one operand is unknown. Binds every result. */
export interface PartialEvalKind extends RuleKind {
  readonly rule: (h: Halves, eqn: AnyEqn, params: this["params"]) => void;
}

/** The whole equation waits; its known operands are residuals. */
export function postpone(h: Halves, eqn: AnyEqn): void {
  const inputs = eqn.inputs.map((a) => h.readUnknown(a));
  h.unknown.eqns.push({ ...eqn, inputs } as AnyEqn);
  for (const v of eqn.outputs) h.bindUnknown(v, v);
}

/** `postpone` for every primitive of a family. */
export function postponed<F extends Family>(family: F): { readonly [P in keyof Families[F]]: typeof postpone } {
  return Object.fromEntries(primsOf(family).map((p) => [p, postpone])) as {
    [P in keyof Families[F]]: typeof postpone;
  };
}
