/** Small questions about constants and types that rules ask. */
import type { Aval } from "../../ir/aval.js";
import { dimAdd, dimAtLeast, dimProduct } from "../../ir/dim.js";
import { type DType, isFloat, isWide } from "../../ir/dtype.js";
import type { Atom } from "../../ir/program.js";
import type { RewriteContext, Scalar } from "../rule.js";

export function isNumber(x: Scalar | undefined, n: number): boolean {
  return typeof x === "bigint" ? x === BigInt(n) : typeof x === "number" && x === n;
}
/** `n` everywhere, in the type of `like`. */
export function number(r: RewriteContext, like: Aval, n: number): Atom {
  return r.splat(like, isWide(like.dtype) ? BigInt(n) : like.dtype === "bool" ? n !== 0 : n);
}
export const isExact = (d: DType): boolean => !isFloat(d);

/** Whether `a` has fewer elements than `b`, whatever named sizes are. */
export function isSmaller(a: Aval, b: Aval): boolean {
  return dimAtLeast(dimProduct(b.shape), dimAdd(dimProduct(a.shape), 1)) === true;
}
export const isIdentity = (perm: readonly number[]): boolean => perm.every((p, i) => p === i);

/** A power of two whose reciprocal is a normal number of every float type but f16, for which the range is its own. */
export function isPowerOfTwo(x: Scalar | undefined, dtype: DType): x is number {
  if (typeof x !== "number" || x === 0 || !Number.isFinite(x)) return false;
  const log = Math.log2(Math.abs(x));
  return Number.isInteger(log) && Math.abs(log) <= (dtype === "f16" ? 14 : 126) && 2 ** log === Math.abs(x);
}
