/** Where results of equations lie while a plan is made. */
import { type Aval, sizeOf } from "../../ir/aval.js";
import { byteSize } from "../../ir/dtype.js";
import type { AnyEqn, Literal } from "../../ir/program.js";
import type { Step } from "./step.js";
import { Value, type View } from "./view.js";

/** Where a result of lowered equations lies; literals lie nowhere. */
export type Place = View | Literal;
export function isView(p: Place): p is View {
  return !("kind" in p);
}

/** An equation of control flow with its operands and results in memory. */
export interface Site {
  readonly eqn: AnyEqn;
  readonly input: (i: number) => Place;
  readonly output: (i: number) => View;
  readonly steps: Step[];
}

export function wholeView(value: Value, a: Aval): View {
  return { value, offset: 0, follow: null, size: sizeOf(a), dtype: a.dtype };
}
export function makeValue(a: Aval, name: string): Value {
  return new Value(sizeOf(a) * byteSize(a.dtype), name);
}
