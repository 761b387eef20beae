/** The type of a dead-code rule. */
import type { Family, Families } from "../../ir/ops/families.js";
import { primsOf } from "../../ir/ops/families.js";
import type { AnyEqn, Program } from "../../ir/program.js";
import type { RuleKind } from "../../ir/rules.js";

export interface Pruned {
  /** Without the outputs that are not live; with all inputs. */
  readonly program: Program<"core">;
  /** Which inputs are still read. */
  readonly used: readonly boolean[];
}
export interface DceContext {
  prune(program: Program<"core">, live: readonly boolean[]): Pruned;
}
/** The equation without the results that are not live and the operands that only they needed; at least one is live, or it has effects. */
export interface DceKind extends RuleKind {
  readonly rule: (ctx: DceContext, eqn: AnyEqn, live: readonly boolean[], params: this["params"]) => AnyEqn;
}

/** For primitives whose results come together: all stay when one is live. */
export const whole = (_ctx: DceContext, eqn: AnyEqn): AnyEqn => eqn;

/** `whole` for every primitive of a family. */
export function wholeFamily<F extends Family>(family: F): { readonly [P in keyof Families[F]]: typeof whole } {
  return Object.fromEntries(primsOf(family).map((p) => [p, whole])) as { [P in keyof Families[F]]: typeof whole };
}
