/** Which elementwise primitives a 128-bit vector machine has on which types; the others run lane by lane. */
import { byteSize, type DType, isFloat } from "../../ir/dtype.js";
import type { ElementwisePrim } from "../../ir/tile.js";
import type { Node } from "./graph.js";

/** Emitters have code for these on every scalar type; all others are expanded or library functions. */
// biome-ignore format: a table
const MACHINE: ReadonlySet<ElementwisePrim> = new Set([
  "neg", "abs", "floor", "ceil", "round", "not", "population_count", "clz", "sqrt", "add", "sub", "mul", "div", "rem", "max", "min",
  "and", "or", "xor", "shift_left", "shift_right_logical", "shift_right_arithmetic", "eq", "ne", "lt", "le", "gt", "ge", "select",
  "convert_element_type", "bitcast_convert_type",
]);
export function isMachineOp(prim: ElementwisePrim): boolean {
  return MACHINE.has(prim);
}

const COMPARE: readonly ElementwisePrim[] = ["eq", "ne", "lt", "le", "gt", "ge"];
const FLOAT: ReadonlySet<ElementwisePrim> = new Set([
  ...(["neg", "abs", "floor", "ceil", "round", "sqrt", "add", "sub", "mul", "div", "max", "min"] as const),
  ...COMPARE,
]);
const INTEGER: ReadonlySet<ElementwisePrim> = new Set([
  ...(["neg", "abs", "not", "add", "sub", "mul", "max", "min", "and", "or", "xor"] as const),
  ...COMPARE,
]);
const BOOLEAN: ReadonlySet<ElementwisePrim> = new Set([
  "not",
  "and",
  "or",
  "xor",
  "add",
  "mul",
  "max",
  "min",
  "eq",
  "ne",
]);
const SHIFTS: ReadonlySet<ElementwisePrim> = new Set(["shift_left", "shift_right_logical", "shift_right_arithmetic"]);

/** Whether the operation exists on vectors of these operands (all of the same number of lanes). */
export function canVectorize(prim: ElementwisePrim, args: readonly Node[], out: DType): boolean {
  const from = args[0].dtype;
  if (prim === "select") return true;
  if (SHIFTS.has(prim)) return args[1].lanes === 1;
  if (prim === "convert_element_type") return canConvert(from, out);
  if (prim === "bitcast_convert_type") return from !== "bool" && out !== "bool";
  if (from === "bool") return BOOLEAN.has(prim);
  if (isFloat(from)) return FLOAT.has(prim);
  return INTEGER.has(prim);
}

/** Conversions between types of equal lanes. */
function canConvert(from: DType, to: DType): boolean {
  const wide = isWideLane(from) || isWideLane(to);
  if (!wide) return true;
  // 64-bit integers and f64 meet only in scalars
  if (from === "bool" || to === "bool") return true;
  return (from === "f64") === (to === "f64");
}
/** Conversions between 4 and 2 lanes that vectors can do. */
export function canWiden(from: DType, to: DType): boolean {
  if (to === "f64" || to === "bool") return true;
  return !isFloat(from);
}
export function canNarrow(from: DType, to: DType): boolean {
  if (from === "f64") return to !== "f16" && to !== "bool";
  return !isFloat(to);
}

function isWideLane(d: DType): boolean {
  return byteSize(d) === 8;
}
