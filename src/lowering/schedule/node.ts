/** Scalar expressions over the loops of a kernel: what one element of a fused value is, before loops are chosen. */
import type { DType } from "../../ir/dtype.js";
import type { ElementwisePrim, TileReduceOp } from "../../ir/tile.js";
import type { Affine } from "./affine.js";
import type { View } from "../plan/view.js";

interface NodeBase {
  readonly id: number;
  readonly dtype: DType;
  /** Bit i is set when the value depends on the loop with id i (of this kernel). */
  readonly loops: number;
}
export interface ConstNode extends NodeBase {
  readonly kind: "const";
  readonly value: number | bigint | boolean;
}
/** One element of a buffer; where the guard is false nothing is read and the value is zero. */
export interface LoadNode extends NodeBase {
  readonly kind: "load";
  readonly view: View;
  readonly offset: Affine;
  readonly guard: Node | null;
}
export interface OpNode extends NodeBase {
  readonly kind: "op";
  readonly prim: ElementwisePrim;
  readonly params: object;
  readonly args: readonly Node[];
}
/** The value of an index, i32. */
export interface IndexNode extends NodeBase {
  readonly kind: "index";
  readonly index: Affine;
}
/** A value that the kernel itself computes: by a reduction, or one that several others use. */
export interface MemberNode extends NodeBase {
  readonly kind: "member";
  readonly member: Member;
}
export type Node = ConstNode | LoadNode | OpNode | IndexNode | MemberNode;

/** Where a value is written; where the guard is false it is not. */
export interface Target {
  readonly view: View;
  readonly offset: Affine;
  readonly guard: Node | null;
}

/** One value of a kernel. */
export interface Member {
  /** full: at every point; row: at every point of the loops that are not reduced; reduce: combined over the reduced loops. */
  readonly kind: "full" | "row" | "reduce";
  readonly dtype: DType;
  readonly combine: TileReduceOp | "argmax" | "argmin" | null;
  /** The greatest float may pass over NaN. */
  readonly passNaN?: boolean;
  /** The value; of a reduction, the element that is combined. For argmax and argmin the extremum is sought among these. */
  node: Node;
  /** argmax, argmin: what is carried along with the extremum and is the result. */
  payload: Node | null;
  /** Elements where this is false do not take part. */
  valid: Node | null;
  store: Target | null;
  /** The pass over the reduced loops in which it is computed. */
  pass: number;
}

const CHEAP: ReadonlySet<string> = new Set(
  "neg abs sign floor ceil round not is_finite add sub mul max min and or xor shift_left shift_right_logical shift_right_arithmetic eq ne lt le gt ge select clamp convert_element_type integer_pow".split(
    " ",
  ),
);
/** About one instruction. */
export function isCheap(prim: ElementwisePrim): boolean {
  return CHEAP.has(prim);
}
