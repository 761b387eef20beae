/** How element types live in Wasm registers. */
import { type DType, isUnsignedInt } from "../../ir/dtype.js";
import type { ValueType } from "./opcodes.js";

/** The register type of a value. */
export function valueType(dtype: DType, lanes: number): ValueType {
  if (lanes > 1) return "v128";
  switch (dtype) {
    case "i64":
    case "u64":
    case "key":
      return "i64";
    case "f64":
      return "f64";
    case "f32":
    case "f16":
    case "bf16":
      return "f32";
    default:
      return "i32";
  }
}
/** Lane shape of a vector register of this type. */
export function vectorShape(dtype: DType): "i32x4" | "i64x2" | "f32x4" | "f64x2" {
  const scalar = valueType(dtype, 1);
  return scalar === "i32" ? "i32x4" : scalar === "i64" ? "i64x2" : scalar === "f32" ? "f32x4" : "f64x2";
}
export function isUnsigned(dtype: DType): boolean {
  return isUnsignedInt(dtype) || dtype === "bool" || dtype === "key";
}
/** The bits of one element, as an integer that fills its register. */
export function wrapInt(value: number | bigint | boolean, dtype: DType): number {
  const x = typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : Number(value) | 0;
  switch (dtype) {
    case "i8":
      return (x << 24) >> 24;
    case "u8":
      return x & 0xff;
    case "i16":
      return (x << 16) >> 16;
    case "u16":
      return x & 0xffff;
    case "bool":
      return value ? 1 : 0;
    default:
      return typeof value === "number" && value > 0x7fffffff ? value - 4294967296 : x;
  }
}
