/**
 * Transcendental and special functions for compiled code. What vectorises is expanded inline into basic arithmetic; what
 * needs loops or branches is a scalar library function, written in f64 and called once per lane. f16 and bf16 go through f32.
 */
import { internal } from "../../../diagnostics/error.js";
import type { DType } from "../../../ir/dtype.js";
import type { LoopExpr, LoopLocal, LoopMathFunction } from "../../../ir/loop.js";
import type { ElementwiseOps } from "../../../ir/ops/index.js";
import type { ElementwisePrim } from "../../../ir/tile.js";
import type { GuardedExpansion, MathLibrary } from "../../target.js";
import {
  erfcF64,
  erfcShort,
  erfF32,
  erfF64,
  erfInvCentralF32,
  erfInvF32,
  erfInvF64,
  isOuter,
} from "./error-function.js";
import { cosh, exp, exp2, expm1, expNonPositive, logistic, sinh, tanh } from "./exponential.js";
import { acos, acosh, asin, asinh, atan2, atanF32, atanF64, atanh } from "./inverse-trigonometric.js";
import { cbrt, isUnusualPower, log, log1p, powF32, powF64, powUsualF32, powUsualF64 } from "./logarithm.js";
import { SPECIAL_EXPANSIONS, SPECIAL_FUNCTIONS, specialMath } from "./handed-over.js";
import { fmod, isLongDivision, remUsualF32, remUsualF64 } from "./remainder.js";
import { ScalarFunction } from "./scalar-function.js";
import {
  cosF32,
  cosF64,
  cosMedium,
  cosSmall,
  cosSmallF64,
  isHuge,
  isLarge,
  isLargeF64,
  sinF32,
  sinF64,
  sinMedium,
  sinSmall,
  sinSmallF64,
  tanF32,
  tanF64,
  tanMedium,
  tanSmall,
  tanSmallF64,
} from "./trigonometric.js";
import { inDouble, Value } from "./value.js";

/** Inline code: operands and result have one float type and number of lanes. Equal objects in the result are one value. */
export type Expansion = (...args: Value[]) => Value;

/** The f64 function, computed on f32 values and rounded. */
function viaDouble(f: (...args: Value[]) => Value): Expansion {
  return (...args) => inDouble(args, (xs) => f(...xs));
}
const COMMON: Partial<Record<ElementwisePrim, Expansion>> = {
  ...{ exp, exp2, expm1, logistic, log, log1p, sinh, cosh, tanh, cbrt },
  ...{ asin, acos, atan2, asinh, acosh, atanh },
};

/** What is expanded inline, by type. */
const EXPANSIONS: Record<"f32" | "f64", Partial<Record<ElementwisePrim, Expansion>>> = {
  f32: {
    ...COMMON,
    sin: sinF32,
    cos: cosF32,
    tan: tanF32,
    atan: atanF32,
    pow: powF32,
    erf: erfF32,
    erfc: viaDouble(erfcShort),
    erf_inv: erfInvF32,
  },
  f64: {
    ...COMMON,
    atan: atanF64,
    pow: powF64,
    erf: erfF64,
    erfc: erfcF64,
    erf_inv: erfInvF64,
  },
};

/** Library functions by name; all take and give f64. */
const ELEMENTARY: Readonly<Record<string, () => LoopMathFunction>> = {
  sin: sinF64,
  cos: cosF64,
  tan: tanF64,
  /** `rem` of floats: what the machine has for integers only. */
  fmod,
};

const isSpecialFunction = (name: string): boolean => (SPECIAL_FUNCTIONS as readonly string[]).includes(name);
const isSpecialExpansion = (name: string): boolean => (SPECIAL_EXPANSIONS as readonly string[]).includes(name);

/** Whether the library has a function of that name. */
export function isLibraryFunction(name: string): boolean {
  return Object.hasOwn(ELEMENTARY, name) || isSpecialFunction(name);
}
export function libraryFunction(name: string): LoopMathFunction {
  if (isSpecialFunction(name)) return specialMath.part.functions[name]();
  if (!Object.hasOwn(ELEMENTARY, name)) internal(`no library function ${name}`);
  return ELEMENTARY[name]();
}

function expansionOf(prim: ElementwisePrim, dtype: "f32" | "f64", params: object): Expansion | undefined {
  if (prim === "exp" && (params as ElementwiseOps["exp"]).nonPositive) return expNonPositive;
  if (!isSpecialExpansion(prim)) return EXPANSIONS[dtype][prim];
  const f = specialMath.part.expansions[prim];
  return dtype === "f32" ? viaDouble(f) : f;
}

/** Inline code of a function, or undefined where only the scalar library function exists. */
export function mathExpansion(
  prim: ElementwisePrim,
  dtype: DType,
  lanes: number,
  params: object = {},
): ((args: readonly LoopExpr[]) => LoopExpr) | undefined {
  const narrow = dtype === "f16" || dtype === "bf16";
  if (!narrow && dtype !== "f32" && dtype !== "f64") return undefined;
  const compute = dtype === "f64" ? "f64" : "f32";
  const expand = expansionOf(prim, compute, params) ?? libraryCall(prim, compute, lanes);
  if (!expand) return undefined;
  return (args) => expand(...args.map((a) => new Value(a).to(compute))).to(dtype).expr;
}

/** Scalars of f32 are promoted around the call of a library function. */
function libraryCall(prim: ElementwisePrim, dtype: "f32" | "f64", lanes: number): Expansion | undefined {
  if (lanes > 1 || !isLibraryFunction(prim)) return undefined;
  return (...args) => {
    const wide = args.map((a) => a.to("f64").expr);
    return new Value({ kind: "call", dtype: "f64", lanes: 1, callee: prim, args: wide }).to(dtype);
  };
}

/** Inline code that is right for most arguments, and code for vectors of which some element lies beyond. */
interface Short {
  readonly usual: Expansion;
  readonly beyond: Expansion;
  /** Without: the library function of scalars. */
  readonly right?: Expansion;
  /** For what lies beyond, unless some is huge. */
  readonly medium?: { readonly usual: (x: Value) => Value; readonly beyond: (x: Value) => Value };
}
const SHORT: Record<string, Partial<Record<string, Short>>> = {
  f32: {
    sin: { usual: sinSmall, beyond: isLarge, right: sinF32, medium: { usual: sinMedium, beyond: isHuge } },
    cos: { usual: cosSmall, beyond: isLarge, right: cosF32, medium: { usual: cosMedium, beyond: isHuge } },
    tan: { usual: tanSmall, beyond: isLarge, right: tanF32, medium: { usual: tanMedium, beyond: isHuge } },
    pow: { usual: powUsualF32, beyond: isUnusualPower, right: powF32 },
    rem: { usual: remUsualF32, beyond: isLongDivision },
    erf_inv: {
      usual: erfInvCentralF32,
      beyond: isOuter,
      right: erfInvF32,
      medium: { usual: (x) => x, beyond: isOuter },
    },
  },
  f64: {
    sin: { usual: sinSmallF64, beyond: isLargeF64 },
    cos: { usual: cosSmallF64, beyond: isLargeF64 },
    tan: { usual: tanSmallF64, beyond: isLargeF64 },
    pow: { usual: powUsualF64, beyond: isUnusualPower, right: powF64 },
    rem: { usual: remUsualF64, beyond: isLongDivision },
  },
};
/** Names of functions of vectors: sin_f32x4. */
const VECTORS = /^(\w+)_(f32|f64)x(.)$/;
const arityOf = (prim: string): number => (prim === "pow" || prim === "rem" ? 2 : 1);
const shorts = new Map<string, GuardedExpansion>();
function guarded(prim: ElementwisePrim, dtype: DType, lanes: number): GuardedExpansion | undefined {
  const short = lanes > 1 ? SHORT[dtype]?.[prim] : undefined;
  if (!short) return undefined;
  const callee = `${prim}_${dtype}x${lanes}`;
  let made = shorts.get(callee);
  if (!made) {
    const params = Array.from({ length: arityOf(prim) }, (_, id): LoopLocal => ({ kind: "local", id, dtype, lanes }));
    const xs = params.map((p) => new Value(p));
    made = { params, usual: short.usual(...xs).expr, beyond: short.beyond(...xs).expr, callee };
    shorts.set(callee, made);
  }
  return made;
}

/** The library as code generation asks for it. */
export const wasmMath: MathLibrary = {
  expansion(prim, dtype, lanes, params) {
    const expand = mathExpansion(prim, dtype, lanes, params);
    return expand && ((...args) => expand(args));
  },
  callee: (prim, dtype) => (dtype === "f64" && isLibraryFunction(prim) ? prim : undefined),
  guarded,
  function(name) {
    const vectors = VECTORS.exec(name);
    const short = vectors && SHORT[vectors[2]][vectors[1]];
    if (vectors && short) {
      const [, prim, dtype, lanes] = vectors;
      const type = { name, dtype: dtype as "f32" | "f64", lanes: Number(lanes), arity: arityOf(prim) };
      return ScalarFunction.ofVectors(type, short.right ?? (prim === "rem" ? "fmod" : prim), short.medium);
    }
    return libraryFunction(name);
  },
};
