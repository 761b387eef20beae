/** Where results of equations lie while a plan is made. */
import type { Aval } from "../../ir/aval.js";
import { dimMul, dimProduct } from "../../ir/dim.js";
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
  return { value, offset: 0, follow: [], size: dimProduct(a.shape), dtype: a.dtype };
}
export function makeValue(a: Aval, name: string): Value {
  return new Value(dimMul(dimProduct(a.shape), byteSize(a.dtype)), name);
}
