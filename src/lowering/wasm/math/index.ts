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
import { exp, exp2, expm1, expNonPositive, logistic, tanh } from "./exponential.js";
import { type Expansion, extendedMath, type MathGroup, type Short, specialMath } from "./handed-over.js";
import { isUnusualPower, log, log1p, powF32, powF64, powUsualF32, powUsualF64 } from "./logarithm.js";
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
} from "./trigonometric.js";
import { Value } from "./value.js";

const COMMON = { exp, exp2, expm1, logistic, log, log1p, tanh };

/** What arrays have methods for, and what programs are simplified to. */
const elementary: MathGroup = {
  functions: {
    sin: sinF64,
    cos: cosF64,
    /** `rem` of floats: what the machine has for integers only. */
    fmod,
  },
  inline: {
    f32: { ...COMMON, sin: sinF32, cos: cosF32, pow: powF32 },
    f64: { ...COMMON, pow: powF64 },
  },
  short: {
    f32: {
      sin: { usual: sinSmall, beyond: isLarge, right: sinF32, medium: { usual: sinMedium, beyond: isHuge } },
      cos: { usual: cosSmall, beyond: isLarge, right: cosF32, medium: { usual: cosMedium, beyond: isHuge } },
      pow: { usual: powUsualF32, beyond: isUnusualPower, right: powF32 },
      rem: { usual: remUsualF32, beyond: isLongDivision },
    },
    f64: {
      sin: { usual: sinSmallF64, beyond: isLargeF64 },
      cos: { usual: cosSmallF64, beyond: isLargeF64 },
      pow: { usual: powUsualF64, beyond: isUnusualPower, right: powF64 },
      rem: { usual: remUsualF64, beyond: isLongDivision },
    },
  },
};

/** From the group that has it. */
function find<T>(of: (group: MathGroup) => T | undefined): T | undefined {
  let found = of(elementary);
  for (const slot of [extendedMath, specialMath]) if (slot.isFilled) found ??= of(slot.part);
  return found;
}
const functionOf = (name: string): (() => LoopMathFunction) | undefined => find((g) => g.functions[name]);

export function libraryFunction(name: string): LoopMathFunction {
  const make = functionOf(name) ?? internal(`no library function ${name}`);
  return make();
}

function expansionOf(prim: ElementwisePrim, dtype: "f32" | "f64", params: object): Expansion | undefined {
  if (prim === "exp" && (params as ElementwiseOps["exp"]).nonPositive) return expNonPositive;
  return find((g) => g.inline[dtype][prim]);
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
  if (lanes > 1 || !functionOf(prim)) return undefined;
  return (...args) => {
    const wide = args.map((a) => a.to("f64").expr);
    return new Value({ kind: "call", dtype: "f64", lanes: 1, callee: prim, args: wide }).to(dtype);
  };
}

function shortOf(prim: string, dtype: string): Short | undefined {
  return dtype === "f32" || dtype === "f64" ? find((g) => g.short[dtype][prim]) : undefined;
}
/** Names of functions of vectors: sin_f32x4. */
const VECTORS = /^(\w+)_(f32|f64)x(.)$/;
const arityOf = (prim: string): number => (prim === "pow" || prim === "rem" ? 2 : 1);
const shorts = new Map<string, GuardedExpansion>();
function guarded(prim: ElementwisePrim, dtype: DType, lanes: number): GuardedExpansion | undefined {
  const short = lanes > 1 ? shortOf(prim, dtype) : undefined;
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
  callee: (prim, dtype) => (dtype === "f64" && functionOf(prim) ? prim : undefined),
  guarded,
  function(name) {
    const vectors = VECTORS.exec(name);
    const short = vectors && shortOf(vectors[1], vectors[2]);
    if (vectors && short) {
      const [, prim, dtype, lanes] = vectors;
      const type = { name, dtype: dtype as "f32" | "f64", lanes: Number(lanes), arity: arityOf(prim) };
      return ScalarFunction.ofVectors(type, short.right ?? (prim === "rem" ? "fmod" : prim), short.medium);
    }
    return libraryFunction(name);
  },
};
