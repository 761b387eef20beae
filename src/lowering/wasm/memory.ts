/** Loads and stores of all element types: narrow ones are widened to 32-bit lanes on the way in and packed on the way out. */
import type { DType } from "../../ir/dtype.js";
import { splatConst } from "./arithmetic.js";
import type { Code } from "./assembler.js";
import { bf16Bits, bf16Value, f16Bits, f16Value } from "./half.js";
import { valueType } from "./types.js";

const NO_BITS = new Uint8Array(16);

/** The address is on the stack. */
export function loadValue(c: Code, dtype: DType, lanes: number, offset: number): void {
  if (lanes === 1) loadScalar(c, dtype, offset);
  else loadVector(c, dtype, lanes, offset);
}
function loadScalar(c: Code, dtype: DType, offset: number): void {
  switch (dtype) {
    case "i8":
      c.memory("i32.load8_s", offset);
      return;
    case "u8":
    case "bool":
      c.memory("i32.load8_u", offset);
      return;
    case "i16":
      c.memory("i32.load16_s", offset);
      return;
    case "u16":
      c.memory("i32.load16_u", offset);
      return;
    case "f16":
      c.memory("i32.load16_u", offset);
      f16Value(c, 1);
      return;
    case "bf16":
      c.memory("i32.load16_u", offset);
      bf16Value(c, 1);
      return;
    default: {
      const type = valueType(dtype, 1);
      if (type !== "v128") c.memory(`${type}.load`, offset);
    }
  }
}
function loadVector(c: Code, dtype: DType, lanes: number, offset: number): void {
  if (dtype === "bool" && lanes === 2) {
    // 2 bytes, each the low byte of a 64-bit lane
    c.memory("v128.load16_splat", offset);
    c.v128(NO_BITS);
    c.shuffle([0, 16, 16, 16, 16, 16, 16, 16, 1, 16, 16, 16, 16, 16, 16, 16]);
    c.v128(NO_BITS).op("i64x2.ne");
    return;
  }
  switch (dtype) {
    case "i8":
      c.memory("v128.load32_zero", offset).op("i16x8.extend_low_i8x16_s").op("i32x4.extend_low_i16x8_s");
      return;
    case "u8":
    case "bool":
      c.memory("v128.load32_zero", offset).op("i16x8.extend_low_i8x16_u").op("i32x4.extend_low_i16x8_u");
      if (dtype === "bool") c.v128(NO_BITS).op("i32x4.ne");
      return;
    // not load16x4: V8 13 joins pairs of those to wrong 256-bit loads
    case "i16":
      c.memory("v128.load64_zero", offset).op("i32x4.extend_low_i16x8_s");
      return;
    case "u16":
    case "f16":
    case "bf16":
      c.memory("v128.load64_zero", offset).op("i32x4.extend_low_i16x8_u");
      if (dtype === "f16") f16Value(c, lanes);
      else if (dtype === "bf16") bf16Value(c, lanes);
      return;
    default:
      c.memory("v128.load", offset);
  }
}

/** Low bytes of 4 words, and low halves of 4 words, moved together. */
const LOW_BYTES = [0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const LOW_SHORTS = [0, 1, 4, 5, 8, 9, 12, 13, 0, 0, 0, 0, 0, 0, 0, 0];

/** Address and value are on the stack. */
export function storeValue(c: Code, dtype: DType, lanes: number, offset: number): void {
  if (lanes === 1) storeScalar(c, dtype, offset);
  else storeVector(c, dtype, lanes, offset);
}
function storeScalar(c: Code, dtype: DType, offset: number): void {
  switch (dtype) {
    case "i8":
    case "u8":
    case "bool":
      c.memory("i32.store8", offset);
      return;
    case "f16":
      f16Bits(c, 1);
      c.memory("i32.store16", offset);
      return;
    case "bf16":
      bf16Bits(c, 1);
      c.memory("i32.store16", offset);
      return;
    case "i16":
    case "u16":
      c.memory("i32.store16", offset);
      return;
    default: {
      const type = valueType(dtype, 1);
      if (type !== "v128") c.memory(`${type}.store`, offset);
    }
  }
}
function storeVector(c: Code, dtype: DType, lanes: number, offset: number): void {
  const pick = (bytes: readonly number[]): void => {
    c.temp("v128", (x) => {
      c.tee(x).get(x).shuffle(bytes);
    });
  };
  switch (dtype) {
    case "bool":
      c.v128(splatConst(1)).op("v128.and");
      if (lanes === 2) {
        pick([0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        c.memoryLane("v128.store16_lane", offset, 0);
        return;
      }
      pick(LOW_BYTES);
      c.memoryLane("v128.store32_lane", offset, 0);
      return;
    case "i8":
    case "u8":
      pick(LOW_BYTES);
      c.memoryLane("v128.store32_lane", offset, 0);
      return;
    case "f16":
    case "bf16":
    case "i16":
    case "u16":
      if (dtype === "f16") f16Bits(c, lanes);
      else if (dtype === "bf16") bf16Bits(c, lanes);
      pick(LOW_SHORTS);
      c.memoryLane("v128.store64_lane", offset, 0);
      return;
    default:
      c.memory("v128.store", offset);
  }
}
