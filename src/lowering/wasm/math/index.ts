/**
 * Transcendental and special functions for compiled code. What vectorises is expanded inline into basic arithmetic; what
 * needs loops or branches is a scalar library function, written in f64 and called once per lane. f16 and bf16 go through f32.
 */
import { internal } from "../../../diagnostics/error.js";
import type { DType } from "../../../ir/dtype.js";
import type { LoopExpr, LoopMathFunction } from "../../../ir/loop.js";
import type { ElementwisePrim } from "../../../ir/tile.js";
import type { MathLibrary } from "../../target.js";
import { Value } from "./value.js";

/** Inline code: operands and result have one float type and number of lanes. Equal objects in the result are one value. */
export type Expansion = (...args: Value[]) => Value;

/** What is expanded inline, by type. */
const EXPANSIONS: Record<"f32" | "f64", Partial<Record<ElementwisePrim, Expansion>>> = { f32: {}, f64: {} };

/** Library functions by name; all take and give f64. */
export const mathLibrary: Readonly<Record<string, () => LoopMathFunction>> = {};

/** Inline code of a function, or undefined where only the scalar library function exists. */
export function mathExpansion(
  prim: ElementwisePrim,
  dtype: DType,
  lanes: number,
): ((args: readonly LoopExpr[]) => LoopExpr) | undefined {
  const narrow = dtype === "f16" || dtype === "bf16";
  if (!narrow && dtype !== "f32" && dtype !== "f64") return undefined;
  const compute = dtype === "f64" ? "f64" : "f32";
  const expand = EXPANSIONS[compute][prim] ?? libraryCall(prim, compute, lanes);
  if (!expand) return undefined;
  return (args) => expand(...args.map((a) => new Value(a).to(compute))).to(dtype).expr;
}

/** Scalars of f32 are promoted around the call of a library function. */
function libraryCall(prim: ElementwisePrim, dtype: "f32" | "f64", lanes: number): Expansion | undefined {
  if (lanes > 1 || !Object.hasOwn(mathLibrary, prim)) return undefined;
  return (...args) => {
    const wide = args.map((a) => a.to("f64").expr);
    return new Value({ kind: "call", dtype: "f64", lanes: 1, callee: prim, args: wide }).to(dtype);
  };
}

/** The library as code generation asks for it. */
export const wasmMath: MathLibrary = {
  expansion(prim, dtype, lanes) {
    const expand = mathExpansion(prim, dtype, lanes);
    return expand && ((...args) => expand(args));
  },
  callee: (prim, dtype) => (dtype === "f64" && Object.hasOwn(mathLibrary, prim) ? prim : undefined),
  function(name) {
    if (!Object.hasOwn(mathLibrary, name)) internal(`no library function ${name}`);
    return mathLibrary[name]();
  },
};
