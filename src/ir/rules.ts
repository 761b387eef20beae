import type { Ops } from "./ops/index.js";

/**
 * A total table over a family of primitives: `satisfies Rules<ElementwiseOps, JvpKind>` names every missing row.
 * `Kind` is an interface-encoded type function: `interface JvpKind { readonly params: unknown; readonly rule: … this["params"] … }`.
 */
export interface RuleKind {
  readonly params: unknown;
  readonly rule: unknown;
}
export type RuleOf<Kind extends RuleKind, P> = (Kind & { readonly params: P })["rule"];
export type Rules<Family, Kind extends RuleKind> = { readonly [P in keyof Family]: RuleOf<Kind, Family[P]> };
/** The whole table, as one family. */
export type Table<Kind extends RuleKind> = Rules<Ops, Kind>;
/** A row looked up by a primitive that is only known at run time. */
export type AnyRule<Kind extends RuleKind> = RuleOf<Kind, never>;
