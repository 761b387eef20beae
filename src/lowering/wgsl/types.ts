/**
 * How element types are held and stored. In registers bool is bool, short integers are wrapped i32 or u32, all floats are f32, rounded
 * after each operation; a PRNG key is two words that are only moved. In memory what is shorter than a word shares one with its neighbours.
 */
import { internal } from "../../diagnostics/error.js";
import { bitWidth, type DType, isFloat, isSignedInt } from "../../ir/dtype.js";

/** The type of what an array in memory is made of. */
export type Word = "f32" | "i32" | "u32" | "f16" | "vec2u";
export type WgslType = "bool" | "i32" | "u32" | "f32" | "vec2u";

export function registerType(dtype: DType): WgslType {
  switch (dtype) {
    case "bool":
      return "bool";
    case "i64":
    case "u64":
    case "key":
      return "vec2u";
    case "f64":
      return internal("f64 in a kernel for GPUs");
    default:
      return isFloat(dtype) ? "f32" : isSignedInt(dtype) ? "i32" : "u32";
  }
}

/** Elements of the type in one word of memory. */
export function perWord(dtype: DType): number {
  return dtype === "bool" ? 4 : Math.max(1, 32 / bitWidth(dtype));
}
/** Bits of one element in memory. */
export function storedBits(dtype: DType): number {
  return dtype === "bool" ? 8 : bitWidth(dtype);
}
export function isHalf(dtype: DType): boolean {
  return dtype === "f16" || dtype === "bf16";
}
/** Integers that are shorter than their registers. */
export function isShort(dtype: DType): boolean {
  return dtype === "i8" || dtype === "u8" || dtype === "i16" || dtype === "u16";
}

const NAN = 0x7fc00000;

/** What a constant of this type is in a shader. Floats that WGSL has no literal for are made of their bits. */
export function constantText(value: number | bigint | boolean, dtype: DType, fromBits: () => string): string {
  switch (registerType(dtype)) {
    case "bool":
      return String(Boolean(value));
    case "i32":
      return String(Number(value));
    case "u32":
      return `${Number(value) >>> 0}u`;
    case "f32":
      return floatText(Math.fround(Number(value)), fromBits);
    case "vec2u": {
      const bits = BigInt.asUintN(64, BigInt(value));
      return `vec2u(${bits & 0xffffffffn}u, ${bits >> 32n}u)`;
    }
  }
}

const scratch = new Float32Array(1);
const words = new Uint32Array(scratch.buffer);

function floatText(x: number, fromBits: () => string): string {
  const size = Math.abs(x);
  // a shader may not contain NaN or infinity, and compilers lose the sign of zero and what is subnormal
  if (!Number.isFinite(x) || Object.is(x, -0) || (size > 0 && size < 2 ** -126)) {
    scratch[0] = x;
    const bits = Number.isNaN(x) ? NAN : words[0];
    return `${fromBits()}(0x${bits.toString(16)}u)`;
  }
  return `${shortest(x)}f`;
}
/** The fewest digits that give this f32. */
export function shortest(x: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = Number(x.toPrecision(digits));
    if (Math.fround(text) === x) return decimal(text);
  }
  return decimal(Number(x.toPrecision(9)));
}
function decimal(x: number): string {
  const text = String(x);
  return /[.e]/.test(text) ? text.replace("e+", "e") : `${text}.0`;
}

/** A register as the word that holds it. */
export function toWord(text: string, dtype: DType, word: Word = "u32"): string {
  const type = registerType(dtype);
  if (type === word) return text;
  return type === "bool" ? `select(0u, 1u, ${text})` : `bitcast<${word}>(${text})`;
}
export function fromWord(text: string, dtype: DType, word: Word = "u32"): string {
  const type = registerType(dtype);
  if (type === word) return text;
  return type === "bool" ? `(${text} != 0u)` : `bitcast<${type}>(${text})`;
}
