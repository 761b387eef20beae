/** Facts about arrays and dtypes. */
import type { Like } from "../tracer/num.js";
import { fail } from "../diagnostics/error.js";
import { bitWidth, type DType, isFloat, isInt, limits, promoteTypes as join } from "../ir/dtype.js";
import { asTensor, astype as convert, canonicalAxis } from "../lax/operand.js";
import type { Tensor } from "../tracer/tensor.js";
import { checkDtype, type TensorLike } from "./promote.js";

/** Machine limits of a float dtype. */
export function finfo(dtype: DType): {
  dtype: DType;
  bits: number;
  eps: number;
  tiny: number;
  max: number;
  min: number;
} {
  if (!isFloat(dtype)) fail("TW2005", `finfo: ${dtype} is not a float dtype`, { help: "use iinfo for integers" });
  const mantissa = { f16: 10, bf16: 7, f32: 23, f64: 52 }[dtype as "f16"];
  const least = { f16: -14, bf16: -126, f32: -126, f64: -1022 }[dtype as "f16"];
  const { min, max } = limits(dtype) as { min: number; max: number };
  return { dtype, bits: bitWidth(dtype), eps: 2 ** -mantissa, tiny: 2 ** least, max, min };
}
/** Limits of an integer dtype (bigint for 64 bits). */
export function iinfo(dtype: DType): { dtype: DType; bits: number; min: number | bigint; max: number | bigint } {
  if (!isInt(dtype)) fail("TW2005", `iinfo: ${dtype} is not an integer dtype`, { help: "use finfo for floats" });
  return { dtype, bits: bitWidth(dtype), ...limits(dtype) };
}
export function promoteTypes(a: DType, b: DType): DType {
  return join({ dtype: a }, { dtype: b }).dtype;
}
export function resultType(...xs: (Tensor | DType)[]): DType {
  return xs.map((x) => (typeof x === "string" ? { dtype: x } : x.aval)).reduce((a, b) => join(a, b)).dtype;
}
/** Sizes of the axes of an array or number. */
export function shape(x: TensorLike): readonly number[] {
  return asTensor("shape", x).shape;
}
/** Number of axes. */
export function ndim(x: TensorLike): number {
  return asTensor("ndim", x).ndim;
}
/** Number of elements, or the size of one axis. */
export function size(x: TensorLike, axis?: number | null): number {
  const t = asTensor("size", x);
  return axis === undefined || axis === null ? t.size : t.shape[canonicalAxis("size", axis, t.ndim)];
}
export function isscalar(x: unknown): boolean {
  return typeof x === "number" || typeof x === "boolean" || typeof x === "bigint";
}
/** The elements as another dtype: floats are cut to integers, out of range to the nearest there is. */
export function astype<X extends TensorLike>(x: X, dtype: DType): Like<X>;
export function astype(x: TensorLike, dtype: DType): Tensor {
  return convert(asTensor("astype", x), checkDtype("astype", dtype));
}
/** The array itself: values never change, so nobody needs a copy. */
export function copy<X extends TensorLike>(x: X): Like<X>;
export function copy(x: TensorLike): Tensor {
  return asTensor("copy", x);
}
