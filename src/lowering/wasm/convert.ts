/** Conversions between element types, the value on the stack. Floats to integers saturate, NaN becomes 0; integers wrap. */
import { internal } from "../../diagnostics/error.js";
import { type DType, isFloat, isInt, limits } from "../../ir/dtype.js";
import { maskToNumber, normalize, splatConst, wrap } from "./arithmetic.js";
import type { Code } from "./assembler.js";
import { bf16Bits, bf16Value, f16Bits, f16FromF64, f16Value } from "./half.js";
import type { PlainOp } from "./opcodes.js";
import { isUnsigned, valueType, vectorShape } from "./types.js";

function plain(c: Code, name: string): void {
  c.op(name as PlainOp);
}
function isWide(d: DType): boolean {
  return valueType(d, 1) === "i64";
}
function sign(d: DType): "s" | "u" {
  return isUnsigned(d) ? "u" : "s";
}

export function convertScalar(c: Code, from: DType, to: DType): void {
  const source = valueType(from, 1);
  const target = valueType(to, 1);
  if (to === "bool") {
    if (from === "bool") return;
    if (source === "i32") c.i32(0).op("i32.ne");
    else if (source === "i64") c.i64(0n).op("i64.ne");
    else if (source === "f32") c.f32(0).op("f32.ne");
    else c.f64(0).op("f64.ne");
    return;
  }
  if (isFloat(from)) {
    if (isFloat(to)) floatToFloat(c, from, to);
    else {
      const narrow = target === "i32" && to !== "i32" && to !== "u32";
      plain(c, `${target}.trunc_sat_${source}_${narrow ? "s" : sign(to)}`);
      if (narrow) clampNarrow(c, to, 1);
    }
    return;
  }
  if (isFloat(to)) {
    // what does not fit in f32 exactly is beyond the range of f16, so two roundings are as good as one
    plain(c, `${target}.convert_${source}_${sign(from)}`);
    normalize(c, to, 1);
    return;
  }
  if (source === "i32" && target === "i64")
    c.op(from === "u32" || isUnsigned(from) ? "i64.extend_i32_u" : "i64.extend_i32_s");
  else if (source === "i64" && target === "i32") {
    c.op("i32.wrap_i64");
    wrap(c, to, 1);
  } else if (target === "i32") wrap(c, to, 1);
}

function floatToFloat(c: Code, from: DType, to: DType): void {
  if (from === "f64") {
    if (to === "f16") f16FromF64(c);
    else {
      c.op("f32.demote_f64");
      normalize(c, to, 1);
    }
  } else if (to === "f64") c.op("f64.promote_f32");
  else normalize(c, to, 1);
}

/** A saturated i32 into the range of a narrow type. */
function clampNarrow(c: Code, to: DType, lanes: number): void {
  const { min, max } = limits(to) as { min: number; max: number };
  if (lanes > 1) {
    c.v128(splatConst(min)).op("i32x4.max_s").v128(splatConst(max)).op("i32x4.min_s");
    return;
  }
  c.temp("i32", (x) => {
    c.tee(x).i32(max).get(x).i32(max).op("i32.lt_s").op("select");
    c.tee(x).i32(min).get(x).i32(min).op("i32.gt_s").op("select");
  });
}

/** Between types of the same number of lanes. */
export function convertVector(c: Code, from: DType, to: DType, lanes: number): void {
  if (from === "bool") {
    if (to !== "bool") maskToNumber(c, to);
    return;
  }
  if (to === "bool") {
    c.v128(new Uint8Array(16));
    plain(c, `${vectorShape(from)}.ne`);
    return;
  }
  if (lanes === 2) {
    // i64, u64 and key are the same bits
    if (isFloat(from) !== isFloat(to)) internal(`no vector conversion from ${from} to ${to}`);
    return;
  }
  if (isFloat(from)) {
    if (isFloat(to)) {
      if (to !== "f32") normalize(c, to, lanes);
    } else if (to === "u32") c.op("i32x4.trunc_sat_f32x4_u");
    else {
      c.op("i32x4.trunc_sat_f32x4_s");
      if (to !== "i32") clampNarrow(c, to, lanes);
    }
    return;
  }
  if (isFloat(to)) {
    c.op(from === "u32" ? "f32x4.convert_i32x4_u" : "f32x4.convert_i32x4_s");
    normalize(c, to, lanes);
  } else wrap(c, to, lanes);
}

const HIGH_HALF = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7];

/** Half of a vector of 4 to a vector of 2. */
export function widen(c: Code, from: DType, to: DType, high: boolean): void {
  if (to === "f64") {
    if (from === "bool") maskToNumber(c, "f32");
    if (high) {
      c.temp("v128", (x) => {
        c.tee(x).get(x).shuffle(HIGH_HALF);
      });
    }
    if (isFloat(from) || from === "bool") c.op("f64x2.promote_low_f32x4");
    else c.op(from === "u32" ? "f64x2.convert_low_i32x4_u" : "f64x2.convert_low_i32x4_s");
    return;
  }
  const half = high ? "high" : "low";
  if (to === "bool") {
    if (from !== "bool") internal("only masks widen to masks");
    plain(c, `i64x2.extend_${half}_i32x4_s`);
    return;
  }
  if (from === "bool") maskToNumber(c, "i32");
  plain(c, `i64x2.extend_${half}_i32x4_${from === "u32" ? "u" : "s"}`);
}

const EVEN_WORDS = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];
const LOW_HALVES = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];

/** Two vectors of 2 to a vector of 4; `emit` puts them on the stack one after the other. */
export function narrow(c: Code, from: DType, to: DType, low: () => void, high: () => void): void {
  if (from !== "f64") {
    low();
    high();
    c.shuffle(EVEN_WORDS);
    if (to !== "bool") wrap(c, to, 4);
    return;
  }
  const part: PlainOp = isFloat(to)
    ? "f32x4.demote_f64x2_zero"
    : to === "u32"
      ? "i32x4.trunc_sat_f64x2_u_zero"
      : "i32x4.trunc_sat_f64x2_s_zero";
  low();
  c.op(part);
  high();
  c.op(part);
  c.shuffle(LOW_HALVES);
  if (isFloat(to)) normalize(c, to, 4);
  else if (to !== "i32" && to !== "u32") clampNarrow(c, to, 4);
}

/** The same bits read as another type of the same size. */
export function bitcast(c: Code, from: DType, to: DType, lanes: number): void {
  const source = valueType(from, 1);
  const target = valueType(to, 1);
  // half types are held as f32: to their 16 bits, and from there
  if (from === "f16") f16Bits(c, lanes);
  else if (from === "bf16") bf16Bits(c, lanes);
  else if ((to === "f16" || to === "bf16") && from === "i16") wrap(c, "u16", lanes);
  if (to === "f16") f16Value(c, lanes);
  else if (to === "bf16") bf16Value(c, lanes);
  else if (isInt(to) && !isWide(to)) {
    if (lanes === 1 && from === "f32") c.op("i32.reinterpret_f32");
    else wrap(c, to, lanes);
  } else if (lanes === 1 && source !== target) {
    if (from !== "f16" && from !== "bf16") plain(c, `${target}.reinterpret_${source}`);
  } else if (to === "bool" && from !== "bool") internal("a bitcast to bool");
}
