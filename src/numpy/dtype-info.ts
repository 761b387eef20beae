/** Facts about dtypes. */
import { fail } from "../diagnostics/error.js";
import { bitWidth, type DType, isFloat, isInt, limits, promoteTypes as join } from "../ir/dtype.js";
import type { Tensor } from "../tracer/tensor.js";

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
