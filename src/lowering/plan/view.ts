/** Values of a plan before memory is assigned, and views into them. */
import type { Dim } from "../../ir/dim.js";
import type { DType } from "../../ir/dtype.js";
import type { Follow } from "../../ir/plan.js";

/** A buffer to be: something that is written once per execution of the steps that define it. */
export class Value {
  static #count = 0;
  readonly id = Value.#count++;
  /** A kernel's reference: stores change it in place, and nobody asks for what it was before. */
  isState = false;
  /** It holds first, first + step, first + 2 step…, i32. */
  counter: { readonly first: number; readonly step: number; readonly length: number } | null = null;
  constructor(
    readonly bytes: Dim,
    readonly name: string,
  ) {}
  /** The id of the value that will be made next. */
  static next(): number {
    return Value.#count;
  }
}

/** A value, or a part of one at a byte offset that may follow the counters of loops around. Dense and row-major from there on. */
export interface View {
  readonly value: Value;
  readonly offset: Dim;
  readonly follow: readonly Follow[];
  /** Elements, and their type as the kernel reads them. */
  readonly size: Dim;
  readonly dtype: DType;
}

export function viewKey(v: View): string {
  return `${v.value.id}:${String(v.offset)}:${v.follow.map((f) => `${f.loop}*${String(f.stride)}`).join("+")}:${v.dtype}`;
}
