/** What the schedule knows about a primitive: one row of its total table. */
import type { Code } from "../../diagnostics/help.js";
import { type Aval, staticShape } from "../../ir/aval.js";
import type { Shape } from "../../ir/dim.js";
import type { DType } from "../../ir/dtype.js";
import type { AnyEqn, Atom, Var } from "../../ir/program.js";
import type { RuleKind } from "../../ir/rules.js";
import type { TileProgram, TileReduceOp } from "../../ir/tile.js";
import type { Value } from "../plan/view.js";
import type { Affine } from "./affine.js";
import type { Expander, Pos } from "./expand.js";
import type { KernelContext } from "./kernel-context.js";
import type { Node } from "./node.js";

/** An equation as a rule sees it: parameters already have the row's type. */
export interface EqnOf<P> {
  readonly prim: string;
  readonly inputs: readonly Atom[];
  readonly params: P;
  readonly outputs: readonly Var[];
}

/** Each element of a result is an expression of elements of the operands. */
export interface PointRule<P> {
  readonly kind: "point";
  /** Rough cost of one element in units of an addition, without the operands. */
  readonly cost: number | ((eqn: EqnOf<P>) => number);
  /** The operand whose bytes the result shares when that operand lies in memory (reshape). */
  readonly aliasOf?: 0;
  /** The result is other bytes of the operand, which must lie in memory (a bitcast that changes the width). */
  readonly bytesOnly?: (eqn: EqnOf<P>) => boolean;
  readonly expand: (x: Expander, eqn: EqnOf<P>, output: number, pos: Pos, guard: Node | null) => Node;
}
/** Results are the operands' bytes, position by position; nothing is computed. */
export interface AliasRule {
  readonly kind: "alias";
}
export interface ReduceSpec {
  /** Iteration space; the result's elements are the points of the axes that are not reduced, row-major in their order. */
  readonly dims: Shape;
  readonly reduced: readonly boolean[];
  readonly combine: TileReduceOp | "argmax" | "argmin";
  /** The greatest float may pass over NaN. */
  readonly passNaN?: boolean;
  /** Type in which is accumulated. */
  readonly accumulate: DType;
  /** The space is the first operand's own, so that neighbours over the same space may join. */
  readonly joinable: boolean;
  readonly element: (
    x: Expander,
    index: readonly Affine[],
  ) => { readonly node: Node; readonly payload?: Node; readonly valid?: Node | null };
}
export interface ReduceRule<P> {
  readonly kind: "reduce";
  readonly spec: (eqn: EqnOf<P>) => ReduceSpec;
}
/** A kernel of its own (or several), with operands in memory. */
export interface KernelRule<P> {
  readonly kind: "kernel";
  /** Operands that the kernel reads as expressions; the others must lie in memory. */
  readonly inlines?: (eqn: EqnOf<P>) => readonly boolean[];
  /**
   * Of a store: where an element of the second operand goes in the first, of which the result is the new contents. Whoever
   * computes the value may write it there at once.
   */
  readonly place?: (x: Expander, eqn: EqnOf<P>, pos: Pos) => { readonly offset: Affine; readonly guard: Node | null };
  /** Of a store that combines: what is written, from what stands there and the value. */
  readonly combine?: (x: Expander, eqn: EqnOf<P>, old: Node, value: Node) => Node;
  /** Elements may meet, so that they are written one at a time, by a kernel of their own. */
  readonly oneByOne?: (eqn: EqnOf<P>) => boolean;
  readonly lower: (k: KernelContext, eqn: EqnOf<P>) => void;
}
/** Steps of the plan, not kernels: written by lowering/plan. */
export interface StructuredRule {
  readonly kind: "structured";
}
/** Inlined before scheduling. */
export interface InlinedRule {
  readonly kind: "inlined";
}
export interface RefusedRule {
  readonly kind: "refused";
  readonly code: Code;
  readonly reason: string;
}
export type ScheduleRule<P> =
  | PointRule<P>
  | AliasRule
  | ReduceRule<P>
  | KernelRule<P>
  | StructuredRule
  | InlinedRule
  | RefusedRule;

/** Equations that the schedule itself made, with the rule of each. */
export const ownRules = new WeakMap<AnyEqn, ScheduleRule<never>>();

/** Values that stay the same while a block is run many times: copies of them are made once. */
export interface Kept {
  readonly values: ReadonlySet<Value>;
  /** Results have the bits that they have when nothing is kept. */
  readonly exact: boolean;
}

export interface ScheduleKind extends RuleKind {
  readonly rule: ScheduleRule<this["params"]>;
}

export function point<P>(cost: PointRule<P>["cost"], expand: PointRule<P>["expand"]): PointRule<P> {
  return { kind: "point", cost, expand };
}
/** A kernel program over all operands and results in their order. */
export function template<P>(make: (eqn: EqnOf<P>) => TileProgram): KernelRule<P> {
  return {
    kind: "kernel",
    lower: (k, eqn) =>
      k.launch(make(eqn), [...eqn.inputs.map((a) => k.buffer(a)), ...eqn.outputs.map((v) => k.out(v))]),
  };
}
export function dimsOf(a: { readonly aval: Aval }): Shape {
  return a.aval.shape;
}
/** The shape as numbers: what asks for it cannot be compiled for named sizes. */
export function shapeOf(a: { readonly aval: Aval }): readonly number[] {
  return staticShape(a.aval);
}
