/** Elementwise machine operations, operands on the stack: one instruction or a short sequence for each type. */
import { internal } from "../../diagnostics/error.js";
import type { DType } from "../../ir/dtype.js";
import type { ElementwisePrim } from "../../ir/tile.js";
import type { Code } from "./assembler.js";
import { roundBf16, roundF16 } from "./half.js";
import type { PlainOp } from "./opcodes.js";
import { isUnsigned, valueType, vectorShape } from "./types.js";

function plain(c: Code, name: string): void {
  c.op(name as PlainOp);
}
const SIGN_64 = new Uint8Array(new BigInt64Array(2).fill(-(2n ** 63n)).buffer);
const ONE_64 = new Uint8Array(new BigInt64Array(2).fill(1n).buffer);

export function splatConst(x: number): Uint8Array {
  return new Uint8Array(new Int32Array(4).fill(x).buffer);
}

/** Brings a 32-bit result back into the range of a narrow integer type. */
export function wrap(c: Code, dtype: DType, lanes: number): void {
  if (dtype !== "i8" && dtype !== "u8" && dtype !== "i16" && dtype !== "u16") return;
  const bits = dtype === "i8" || dtype === "u8" ? 8 : 16;
  if (isUnsigned(dtype)) {
    const mask = 2 ** bits - 1;
    if (lanes === 1) c.i32(mask).op("i32.and");
    else c.v128(splatConst(mask)).op("v128.and");
  } else if (lanes === 1) c.op(bits === 8 ? "i32.extend8_s" : "i32.extend16_s");
  else {
    c.i32(32 - bits).op("i32x4.shl");
    c.i32(32 - bits).op("i32x4.shr_s");
  }
}
/** After an operation: wraps integers, rounds half types. */
export function normalize(c: Code, dtype: DType, lanes: number): void {
  if (dtype === "f16") roundF16(c, lanes);
  else if (dtype === "bf16") roundBf16(c, lanes);
  else wrap(c, dtype, lanes);
}

function isFloatRegister(dtype: DType): boolean {
  const type = valueType(dtype, 1);
  return type === "f32" || type === "f64";
}

/** The sign bits of two f64. */
function signBitsF64(): Uint8Array {
  return new Uint8Array(new BigUint64Array([1n << 63n, 1n << 63n]).buffer);
}

export function unary(c: Code, prim: ElementwisePrim, dtype: DType, lanes: number): void {
  const type = lanes === 1 ? valueType(dtype, 1) : vectorShape(dtype);
  if (isFloatRegister(dtype)) {
    if (prim === "neg" && type === "f64x2") {
      // V8 13.6 (Node 24) flips the high 33 bits where it joins two f64x2.neg to one operation and the result has a new register
      c.constant("f64*2:-0", signBitsF64).op("v128.xor");
      return;
    }
    const name = prim === "round" ? "nearest" : prim;
    plain(c, `${type}.${name}`);
    if (prim === "sqrt") normalize(c, dtype, lanes);
    return;
  }
  if (prim === "not") {
    if (lanes > 1) {
      c.op("v128.not");
      wrap(c, dtype, lanes);
    } else if (dtype === "bool") c.op("i32.eqz");
    else if (type === "i64") c.i64(-1n).op("i64.xor");
    else {
      c.i32(-1).op("i32.xor");
      wrap(c, dtype, lanes);
    }
    return;
  }
  if (prim === "abs" && isUnsigned(dtype)) return;
  if (lanes > 1) {
    plain(c, `${type}.${prim}`);
    wrap(c, dtype, lanes);
    return;
  }
  const wide = type === "i64";
  switch (prim) {
    case "neg":
      if (wide) c.i64(-1n).op("i64.mul");
      else c.i32(-1).op("i32.mul");
      break;
    case "abs":
      if (wide) {
        c.temp("i64", (x) => {
          c.tee(x).i64(0n).get(x).op("i64.sub").get(x).i64(0n).op("i64.ge_s").op("select");
        });
      } else {
        c.temp("i32", (x) => {
          c.tee(x).i32(0).get(x).op("i32.sub").get(x).i32(0).op("i32.ge_s").op("select");
        });
      }
      break;
    case "population_count":
      zeroExtend(c, dtype);
      plain(c, `${type}.popcnt`);
      break;
    case "clz": {
      zeroExtend(c, dtype);
      plain(c, `${type}.clz`);
      const unused = dtype === "i8" || dtype === "u8" ? 24 : dtype === "i16" || dtype === "u16" ? 16 : 0;
      if (unused) c.i32(unused).op("i32.sub");
      break;
    }
    default:
      internal(`no code for ${prim} on ${dtype}`);
  }
  wrap(c, dtype, lanes);
}

/** The bits of a narrow signed integer without the sign's copies above them. */
function zeroExtend(c: Code, dtype: DType): void {
  if (dtype === "i8") c.i32(0xff).op("i32.and");
  else if (dtype === "i16") c.i32(0xffff).op("i32.and");
}

const COMPARE: ReadonlySet<ElementwisePrim> = new Set(["eq", "ne", "lt", "le", "gt", "ge"]);

/** `dtype` is the type of the operands; a comparison leaves a bool. */
export function binary(c: Code, prim: ElementwisePrim, dtype: DType, lanes: number): void {
  if (COMPARE.has(prim)) compare(c, prim, dtype, lanes);
  else if (isFloatRegister(dtype)) {
    plain(c, `${lanes === 1 ? valueType(dtype, 1) : vectorShape(dtype)}.${prim}`);
    if (prim !== "max" && prim !== "min") normalize(c, dtype, lanes);
  } else if (lanes === 1) integer(c, prim, dtype);
  else integerVector(c, prim, dtype, lanes);
}

const BOOLEAN: Partial<Record<ElementwisePrim, "and" | "or" | "xor">> = {
  and: "and",
  or: "or",
  xor: "xor",
  add: "or",
  mul: "and",
  max: "or",
  min: "and",
  ne: "xor",
};

function compare(c: Code, prim: ElementwisePrim, dtype: DType, lanes: number): void {
  const type = lanes === 1 ? valueType(dtype, 1) : vectorShape(dtype);
  if (isFloatRegister(dtype)) {
    plain(c, `${type}.${prim}`);
    return;
  }
  if (lanes > 1 && dtype === "bool") {
    c.op("v128.xor");
    if (prim === "eq") c.op("v128.not");
    return;
  }
  if (prim === "eq" || prim === "ne") {
    plain(c, `${type}.${prim}`);
    return;
  }
  if (type === "i64x2" && isUnsigned(dtype)) {
    // unsigned order is signed order after flipping the sign bits
    c.temp("v128", (b) => {
      c.v128(SIGN_64).op("v128.xor").set(b);
      c.v128(SIGN_64).op("v128.xor").get(b);
    });
    plain(c, `i64x2.${prim}_s`);
    return;
  }
  plain(c, `${type}.${prim}_${isUnsigned(dtype) ? "u" : "s"}`);
}

/** Two integer scalars on the stack. */
function integer(c: Code, prim: ElementwisePrim, dtype: DType): void {
  const type = valueType(dtype, 1);
  const sign = isUnsigned(dtype) ? "u" : "s";
  if (dtype === "bool") {
    const name = BOOLEAN[prim];
    if (name === undefined) internal(`no code for ${prim} on bool`);
    plain(c, `i32.${name}`);
    return;
  }
  const constant = (x: number): Code => (type === "i64" ? c.i64(BigInt(x)) : c.i32(x));
  switch (prim) {
    case "add":
    case "sub":
    case "mul":
    case "and":
    case "or":
    case "xor":
      plain(c, `${type}.${prim}`);
      break;
    case "max":
    case "min":
      c.temp(type, (b) =>
        c.temp(type, (a) => {
          c.set(b).tee(a).get(b).get(a).get(b);
          plain(c, `${type}.${prim === "max" ? "gt" : "lt"}_${sign}`);
          c.op("select");
        }),
      );
      break;
    case "div":
      c.temp(type, (b) =>
        c.temp(type, (a) => {
          c.set(b).set(a);
          // by zero: all ones; by -1: negation, which also wraps the least integer; else the machine's division
          constant(-1);
          if (sign === "u") {
            c.get(a).get(b).get(b);
            plain(c, `${type}.eqz`);
            if (type === "i64") c.op("i64.extend_i32_u");
            plain(c, `${type}.or`);
            plain(c, `${type}.div_u`);
            c.get(b);
            plain(c, `${type}.eqz`);
            c.op("select");
          } else {
            constant(0).get(a);
            plain(c, `${type}.sub`);
            c.get(b);
            plain(c, `${type}.eqz`);
            c.op("select");
            c.get(a);
            constant(1).get(b);
            special(c, type, b);
            c.op("select");
            plain(c, `${type}.div_s`);
            special(c, type, b);
            c.op("select");
          }
        }),
      );
      break;
    case "rem":
      c.temp(type, (b) =>
        c.temp(type, (a) => {
          c.set(b).tee(a);
          c.get(a).get(b).get(b);
          plain(c, `${type}.eqz`);
          if (type === "i64") c.op("i64.extend_i32_u");
          plain(c, `${type}.or`);
          plain(c, `${type}.rem_${sign}`);
          c.get(b);
          plain(c, `${type}.eqz`);
          c.op("select");
        }),
      );
      break;
    default:
      internal(`no code for ${prim} on ${dtype}`);
  }
  wrap(c, dtype, 1);
}
/** Whether the divisor is 0 or -1. */
function special(c: Code, type: string, divisor: number): void {
  c.get(divisor);
  if (type === "i64") c.i64(1n).op("i64.add").i64(2n).op("i64.lt_u");
  else c.i32(1).op("i32.add").i32(2).op("i32.lt_u");
}

function integerVector(c: Code, prim: ElementwisePrim, dtype: DType, lanes: number): void {
  const bitwise = dtype === "bool" ? BOOLEAN[prim] : prim;
  if (bitwise === "and" || bitwise === "or" || bitwise === "xor") {
    plain(c, `v128.${bitwise}`);
    return;
  }
  if (prim === "max" || prim === "min") {
    if (lanes === 4) plain(c, `i32x4.${prim}_${isUnsigned(dtype) ? "u" : "s"}`);
    else {
      c.temp("v128", (b) =>
        c.temp("v128", (a) => {
          c.set(b).tee(a).get(b).get(a).get(b);
          compare(c, prim === "max" ? "gt" : "lt", dtype, lanes);
          c.op("v128.bitselect");
        }),
      );
    }
    return;
  }
  plain(c, `${vectorShape(dtype)}.${prim}`);
  wrap(c, dtype, lanes);
}

/**
 * A shift; the amount is a scalar of the value's type. Amounts are unsigned, and from the width on everything is shifted out.
 * `amount` gives the amount where it is a constant (it is then not on the stack).
 */
export function shift(c: Code, prim: ElementwisePrim, dtype: DType, lanes: number, amount: number | undefined): void {
  const type = valueType(dtype, 1);
  const width = type === "i64" ? 64 : 32;
  const shape = lanes === 1 ? type : vectorShape(dtype);
  const name = prim === "shift_left" ? "shl" : prim === "shift_right_logical" ? "shr_u" : "shr_s";
  const wideScalar = lanes === 1 && type === "i64";
  if (amount !== undefined) {
    prepareShift(c, prim, dtype, lanes);
    if (amount >= width && prim !== "shift_right_arithmetic") {
      // everything is shifted out
      c.op("drop");
      if (lanes > 1) c.v128(new Uint8Array(16));
      else if (wideScalar) c.i64(0n);
      else c.i32(0);
      return;
    }
    const by = Math.min(amount, width - 1);
    if (wideScalar) c.i64(BigInt(by));
    else c.i32(by);
    plain(c, `${shape}.${name}`);
    wrap(c, dtype, lanes);
    return;
  }
  c.temp(type, (by) => {
    c.set(by);
    prepareShift(c, prim, dtype, lanes);
    const limit = (x: number): Code => (type === "i64" ? c.i64(BigInt(x)) : c.i32(x));
    if (prim === "shift_right_arithmetic") {
      c.get(by);
      limit(width - 1).get(by);
      limit(width);
      plain(c, `${type}.lt_u`);
      c.op("select");
      if (lanes > 1 && type === "i64") c.op("i32.wrap_i64");
      plain(c, `${shape}.${name}`);
    } else {
      c.get(by);
      if (lanes > 1 && type === "i64") c.op("i32.wrap_i64");
      plain(c, `${shape}.${name}`);
      if (lanes > 1) {
        c.i32(0).get(by);
        limit(width);
        plain(c, `${type}.lt_u`);
        c.op("i32.sub").op("i32x4.splat").op("v128.and");
      } else {
        limit(0).get(by);
        limit(width);
        plain(c, `${type}.lt_u`);
        c.op("select");
      }
    }
  });
  wrap(c, dtype, lanes);
}
/** Narrow signed types shift zeros in when they are asked to. */
function prepareShift(c: Code, prim: ElementwisePrim, dtype: DType, lanes: number): void {
  if (prim === "shift_right_logical") clearAbove(c, dtype, lanes);
}
function clearAbove(c: Code, dtype: DType, lanes: number): void {
  if (dtype !== "i8" && dtype !== "i16") return;
  const mask = dtype === "i8" ? 0xff : 0xffff;
  if (lanes === 1) c.i32(mask).op("i32.and");
  else c.v128(splatConst(mask)).op("v128.and");
}

/** The bool vector on the stack as 0 or 1 of an integer type, or 0.0 or 1.0. */
export function maskToNumber(c: Code, dtype: DType): void {
  const type = valueType(dtype, 1);
  if (type === "i64") c.v128(ONE_64);
  else if (type === "f64") c.v128(new Uint8Array(new Float64Array(2).fill(1).buffer));
  else if (type === "f32") c.v128(new Uint8Array(new Float32Array(4).fill(1).buffer));
  else c.v128(splatConst(1));
  c.op("v128.and");
}
