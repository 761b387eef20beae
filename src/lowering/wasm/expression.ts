/** Loop expressions to instructions: the value of an expression is left on the stack. */
import { internal } from "../../diagnostics/error.js";
import { castScalar, type DType, isFloat } from "../../ir/dtype.js";
import type { LoopBuffer, LoopExpr, LoopLocal } from "../../ir/loop.js";
import { COMBINE } from "../../ir/reduce-op.js";
import type { ElementwisePrim, TileReduceOp } from "../../ir/tile.js";
import { binary, shift, unary } from "./arithmetic.js";
import type { Code } from "./assembler.js";
import { bitcast, convertScalar, convertVector, narrow, widen } from "./convert.js";
import { loadValue } from "./memory.js";
import type { PlainOp } from "./opcodes.js";
import { valueType, vectorShape, wrapInt } from "./types.js";

/** What an expression refers to by name. */
export interface Scope {
  local(local: LoopLocal): number;
  /** The parameter that holds the buffer's address. */
  buffer(buffer: LoopBuffer): number;
  /** Index and result type of a library function. */
  callee(name: string): number;
}

const UNARY: ReadonlySet<ElementwisePrim> = new Set([
  ...(["neg", "abs", "floor", "ceil", "round", "not", "population_count", "clz", "sqrt"] as const),
]);
const SHIFTS: ReadonlySet<ElementwisePrim> = new Set(["shift_left", "shift_right_logical", "shift_right_arithmetic"]);

export function emitExpr(c: Code, scope: Scope, e: LoopExpr): void {
  const go = (x: LoopExpr): void => emitExpr(c, scope, x);
  switch (e.kind) {
    case "const":
      emitConst(c, e.value, e.dtype, e.lanes);
      return;
    case "local":
      c.get(scope.local(e));
      return;
    case "op":
      emitOp(c, scope, e.prim, e.dtype, e.lanes, e.args);
      return;
    case "fma":
      for (const a of e.args) go(a);
      if (e.lanes === 1) internal("relaxed multiplication and addition of scalars");
      c.op(e.dtype === "f64" ? "f64x2.relaxed_madd" : "f32x4.relaxed_madd");
      return;
    case "address": {
      c.get(scope.buffer(e.buffer));
      if (e.index.kind === "const" && Number(e.index.value) === 0) return;
      go(e.index);
      const shiftBy = Math.log2(elementBytes(e.buffer.dtype));
      if (shiftBy > 0) c.i32(shiftBy).op("i32.shl");
      c.op("i32.add");
      return;
    }
    case "load":
      go(e.address);
      loadValue(c, e.dtype, e.lanes, e.offset);
      return;
    case "load_splat":
      go(e.address);
      c.memory(e.lanes === 2 ? "v128.load64_splat" : "v128.load32_splat", e.offset);
      return;
    case "splat":
      if (e.dtype === "bool") {
        c.i32(0);
        go(e.arg);
        c.op("i32.sub").op("i32x4.splat");
      } else {
        go(e.arg);
        c.op(`${vectorShape(e.dtype)}.splat` as PlainOp);
      }
      return;
    case "pack":
      emitPack(c, go, e.dtype, e.args);
      return;
    case "lane":
      go(e.arg);
      if (e.dtype === "bool")
        c.lane("i32x4.extract_lane", e.index * (4 / e.arg.lanes))
          .i32(1)
          .op("i32.and");
      else c.lane(`${vectorShape(e.dtype)}.extract_lane`, e.index);
      return;
    case "shuffle":
      go(e.a);
      go(e.b);
      c.shuffle(laneBytes(e.pick, e.lanes));
      return;
    case "widen":
      go(e.arg);
      widen(c, e.arg.dtype, e.dtype, e.high);
      return;
    case "narrow":
      narrow(
        c,
        e.low.dtype,
        e.dtype,
        () => go(e.low),
        () => go(e.high),
      );
      return;
    case "reduce_lanes":
      go(e.arg);
      reduceLanes(c, e.op, e.dtype, e.arg.lanes);
      return;
    case "call":
      for (const a of e.args) {
        go(a);
        if (a.lanes > 1) alone(c);
      }
      c.call(scope.callee(e.callee));
      if (e.lanes > 1) alone(c);
      return;
  }
}

/**
 * What a local is set to. A vector constant is made here, by an instruction of its own, and never taken from a local that others share:
 * where V8 joins pairs of vectors (13.6), a loop's variables must not begin with one value of which some are joined and some are not.
 * Their moves from its place in memory are merged, and joined ones then get the lower half alone.
 */
export function emitInitial(c: Code, scope: Scope, e: LoopExpr): void {
  if (e.kind === "const" && e.lanes > 1)
    c.splat(constBytes(new Array<typeof e.value>(e.lanes).fill(e.value), e.dtype), e.lanes);
  else emitExpr(c, scope, e);
}

const SAME_BYTES = Uint8Array.from({ length: 16 }, (_, i) => i);
/**
 * The same vector by an instruction that V8 does not join pairs of. It stops the process where an argument of a call is half of a pair
 * (13.6), and where it follows a pair of stores back to results of calls (14.6).
 */
function alone(c: Code): void {
  c.v128(SAME_BYTES).op("i8x16.swizzle");
}

function elementBytes(dtype: DType): number {
  switch (dtype) {
    case "bool":
    case "i8":
    case "u8":
      return 1;
    case "i16":
    case "u16":
    case "f16":
    case "bf16":
      return 2;
    case "i32":
    case "u32":
    case "f32":
      return 4;
    default:
      return 8;
  }
}

function emitConst(c: Code, value: number | bigint | boolean, dtype: DType, lanes: number): void {
  if (lanes > 1) {
    const all = (): Uint8Array =>
      constBytes(
        Array.from({ length: lanes }, () => value),
        dtype,
      );
    c.constant(`${dtype}*${lanes}:${Object.is(value, -0) ? "-0" : value}`, all);
    return;
  }
  switch (valueType(dtype, 1)) {
    case "i64":
      c.i64(BigInt(value));
      return;
    case "f64":
      c.f64(Number(value));
      return;
    case "f32":
      c.f32(Number(castScalar(value, dtype)));
      return;
    default:
      c.i32(wrapInt(value, dtype));
  }
}

/** The register's bytes. */
function constBytes(values: readonly (number | bigint | boolean)[], dtype: DType): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(16));
  const size = 16 / values.length;
  values.forEach((value, i) => {
    const at = i * size;
    if (dtype === "bool") {
      for (let k = 0; k < size; k++) bytes.setUint8(at + k, value ? 255 : 0);
      return;
    }
    switch (valueType(dtype, 1)) {
      case "i64":
        bytes.setBigInt64(at, BigInt.asIntN(64, BigInt(value)), true);
        return;
      case "f64":
        bytes.setFloat64(at, Number(value), true);
        return;
      case "f32":
        bytes.setFloat32(at, Number(castScalar(value, dtype)), true);
        return;
      default:
        bytes.setInt32(at, wrapInt(value, dtype), true);
    }
  });
  return new Uint8Array(bytes.buffer);
}

function emitOp(
  c: Code,
  scope: Scope,
  prim: ElementwisePrim,
  dtype: DType,
  lanes: number,
  args: readonly LoopExpr[],
): void {
  const go = (x: LoopExpr): void => emitExpr(c, scope, x);
  const from = args[0].dtype;
  if (prim === "select") {
    if (lanes > 1 && pseudoMinMax(c, go, args)) return;
    go(args[1]);
    go(args[2]);
    go(args[0]);
    c.op(lanes === 1 ? "select" : "v128.bitselect");
  } else if (prim === "convert_element_type") {
    go(args[0]);
    if (lanes === 1) convertScalar(c, from, dtype);
    else convertVector(c, from, dtype, lanes);
  } else if (prim === "bitcast_convert_type") {
    go(args[0]);
    bitcast(c, from, dtype, lanes);
  } else if (UNARY.has(prim)) {
    go(args[0]);
    unary(c, prim, dtype, lanes);
  } else if (SHIFTS.has(prim)) {
    go(args[0]);
    const amount = args[1];
    if (amount.kind === "const") {
      const by = typeof amount.value === "bigint" ? BigInt.asUintN(64, amount.value) : Number(amount.value) >>> 0;
      shift(c, prim, dtype, lanes, Number(by));
    } else {
      go(amount);
      shift(c, prim, dtype, lanes, undefined);
    }
  } else if (prim === "rem" && isFloat(dtype)) {
    for (const a of args) {
      go(a);
      if (dtype !== "f64") c.op("f64.promote_f32");
    }
    // exact: the remainder of two values of a type is a value of that type
    c.call(scope.callee("fmod"));
    if (dtype !== "f64") c.op("f32.demote_f64");
  } else {
    go(args[0]);
    go(args[1]);
    binary(c, prim, from, lanes);
  }
}

/**
 * p < q ? p : q and p < q ? q : p are one instruction each. f32x4.pmin(a, b) is b < a ? b : a, pmax(a, b) is a < b ? b : a;
 * where the comparison is false (equal, or NaN) both give a.
 */
function pseudoMinMax(c: Code, go: (e: LoopExpr) => void, [test, yes, no]: readonly LoopExpr[]): boolean {
  if (test.kind !== "op" || (test.prim !== "lt" && test.prim !== "gt") || !isFloat(test.args[0].dtype)) return false;
  const [p, q] = test.prim === "lt" ? test.args : [test.args[1], test.args[0]];
  const least = same(p, yes) && same(q, no);
  if (!least && !(same(q, yes) && same(p, no))) return false;
  go(no);
  go(yes);
  c.op(`${vectorShape(yes.dtype)}.${least ? "pmin" : "pmax"}` as PlainOp);
  return true;
}
/** Certainly the same value, at no cost to write twice. */
function same(a: LoopExpr, b: LoopExpr): boolean {
  if (a.kind === "local") return a === b;
  return a.kind === "const" && b.kind === "const" && a.dtype === b.dtype && Object.is(a.value, b.value);
}

function emitPack(c: Code, go: (e: LoopExpr) => void, dtype: DType, args: readonly LoopExpr[]): void {
  const lanes = args.length;
  const values: (number | bigint | boolean)[] = [];
  for (const a of args) if (a.kind === "const") values.push(a.value);
  if (values.length === lanes) {
    c.v128(constBytes(values, dtype));
    return;
  }
  const wideMask = dtype === "bool" && lanes === 2;
  const shape = wideMask ? "i64x2" : vectorShape(dtype);
  args.forEach((a, i) => {
    go(a);
    if (wideMask) c.op("i64.extend_i32_u");
    if (i === 0) c.op(`${shape}.splat` as PlainOp);
    else c.lane(`${shape}.replace_lane`, i);
  });
  if (dtype === "bool") c.op(`${shape}.neg` as PlainOp);
}

/** Byte positions of lanes. */
function laneBytes(pick: readonly number[], lanes: number): number[] {
  const size = 16 / lanes;
  return pick.flatMap((lane) => Array.from({ length: size }, (_, i) => lane * size + i));
}

function reduceLanes(c: Code, op: TileReduceOp, dtype: DType, lanes: number): void {
  if (dtype === "bool") {
    if (op === "xor")
      c.op(lanes === 2 ? "i64x2.bitmask" : "i32x4.bitmask")
        .op("i32.popcnt")
        .i32(1)
        .op("i32.and");
    else if (op === "and" || op === "min" || op === "prod") c.op(lanes === 2 ? "i64x2.all_true" : "i32x4.all_true");
    else c.op("v128.any_true");
    return;
  }
  for (let step = lanes / 2; step >= 1; step /= 2) {
    c.temp("v128", (x) => {
      const pick = Array.from({ length: lanes }, (_, i) => (i + step) % lanes);
      c.tee(x).get(x).get(x).shuffle(laneBytes(pick, lanes));
      binary(c, COMBINE[op], dtype, lanes);
    });
  }
  c.lane(`${vectorShape(dtype)}.extract_lane`, 0);
}
