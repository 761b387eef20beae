/** Elementwise primitives written in terms of simpler ones, for scalars and vectors of all types. */
import { type DType, isFloat, isInt, isUnsignedInt } from "../../ir/dtype.js";
import type { ElementwisePrim } from "../../ir/tile.js";
import type { LoopBuilder } from "./builder.js";
import type { Node } from "./graph.js";

/** undefined: nothing to expand here, the machine has it. */
type Expansion = (b: LoopBuilder, dtype: DType, args: readonly Node[], params: object) => Node | undefined;

export const EXPANSIONS: Partial<Record<ElementwisePrim, Expansion>> = {
  sign(b, dtype, [x]) {
    const zero = b.const(dtype === "i64" || dtype === "u64" ? 0n : 0, dtype, x.lanes);
    const one = b.const(dtype === "i64" || dtype === "u64" ? 1n : 1, dtype, x.lanes);
    if (dtype === "bool") return x;
    const positive = b.op("gt", "bool", [x, zero]);
    if (isUnsignedInt(dtype)) return b.op("select", dtype, [positive, one, zero]);
    const minus = b.const(dtype === "i64" ? -1n : -1, dtype, x.lanes);
    const negative = b.op("lt", "bool", [x, zero]);
    // what is neither keeps its value: zeros with their sign, and NaN
    return b.op("select", dtype, [positive, one, b.op("select", dtype, [negative, minus, x])]);
  },
  round(b, dtype, [x], params) {
    if (!isFloat(dtype)) return x;
    if ((params as { method: string }).method === "even") return undefined;
    const size = b.op("abs", dtype, [x]);
    const whole = b.op("floor", dtype, [size]);
    const up = b.op("ge", "bool", [b.op("sub", dtype, [size, whole]), b.const(0.5, dtype, x.lanes)]);
    const rounded = b.op("select", dtype, [up, b.op("add", dtype, [whole, b.const(1, dtype, x.lanes)]), whole]);
    return copySign(b, rounded, x);
  },
  floor: (_, dtype, [x]) => (isFloat(dtype) ? undefined : x),
  ceil: (_, dtype, [x]) => (isFloat(dtype) ? undefined : x),
  is_finite(b, _, [x]) {
    if (!isFloat(x.dtype)) return b.const(true, "bool", x.lanes);
    return b.op("lt", "bool", [b.op("abs", x.dtype, [x]), b.const(Number.POSITIVE_INFINITY, x.dtype, x.lanes)]);
  },
  max: (b, dtype, args) => extremeOfConstant(b, dtype, args, "lt"),
  min: (b, dtype, args) => extremeOfConstant(b, dtype, args, "gt"),
  clamp: (b, dtype, [low, x, high]) => b.op("min", dtype, [b.op("max", dtype, [x, low]), high]),
  rsqrt(b, dtype, [x]) {
    return inF32(b, dtype, [x], ([y]) =>
      b.op("div", y.dtype, [b.const(1, y.dtype, y.lanes), b.op("sqrt", y.dtype, [y])]),
    );
  },
  integer_pow(b, dtype, [x], params) {
    const { y } = params as { y: number };
    return inF32(b, dtype, [x], ([z]) => integerPow(b, z, y));
  },
  nextafter: nextAfter,
  reduce_precision: reducePrecision,
};

/**
 * max(x, c) as x < c ? c : x, which vectors have as one instruction; the exact one is eight on x64. NaN stays. Of two zeros
 * x is left, whose sign may be the wrong one.
 */
function extremeOfConstant(b: LoopBuilder, dtype: DType, args: readonly Node[], beyond: "lt" | "gt"): Node | undefined {
  const [x, c] = args[0].shape?.is === "const" ? [args[1], args[0]] : args;
  if ((dtype !== "f32" && dtype !== "f64") || x.lanes === 1 || c.shape?.is !== "const") return undefined;
  const value = Number(c.shape.value);
  if (Number.isNaN(value) || (beyond === "gt" && Object.is(value, -0))) return undefined;
  const extreme = b.op("select", dtype, [b.op(beyond, "bool", [x, c]), c, x]);
  // -0 + 0 = 0, and nothing else is changed
  return beyond === "lt" && Object.is(value, 0) ? b.op("add", dtype, [extreme, c]) : extreme;
}

/** Half types compute several steps in f32 and round once. */
function inF32(b: LoopBuilder, dtype: DType, args: readonly Node[], f: (args: readonly Node[]) => Node): Node {
  if (dtype !== "f16" && dtype !== "bf16") return f(args);
  return b.convert(f(args.map((a) => b.convert(a, "f32"))), dtype);
}

/** Repeated squaring. */
function integerPow(b: LoopBuilder, x: Node, y: number): Node {
  const { dtype, lanes } = x;
  const one = b.const(dtype === "i64" || dtype === "u64" ? 1n : 1, dtype, lanes);
  if (y === 0) return one;
  let result: Node | undefined;
  let square = x;
  for (let n = Math.abs(y); n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result = result ? b.op("mul", dtype, [result, square]) : square;
    if (n > 1) square = b.op("mul", dtype, [square, square]);
  }
  const power = result ?? one;
  return y > 0 ? power : b.op("div", dtype, [one, power]);
}

const BITS: Partial<Record<DType, DType>> = { f16: "u16", bf16: "u16", f32: "u32", f64: "u64" };
const WIDTH: Partial<Record<DType, { exponent: number; mantissa: number }>> = {
  f16: { exponent: 5, mantissa: 10 },
  bf16: { exponent: 8, mantissa: 7 },
  f32: { exponent: 8, mantissa: 23 },
  f64: { exponent: 11, mantissa: 52 },
};

/** The floating-point type as unsigned integers of its size. */
class BitView {
  readonly type: DType;
  constructor(
    readonly b: LoopBuilder,
    readonly float: DType,
    readonly lanes: number,
  ) {
    this.type = BITS[float] ?? "u32";
  }
  const(x: bigint): Node {
    return this.b.const(this.type === "u64" ? x : Number(x), this.type, this.lanes);
  }
  of(x: Node): Node {
    return this.b.op("bitcast_convert_type", this.type, [x], { dtype: this.type });
  }
  back(x: Node): Node {
    return this.b.op("bitcast_convert_type", this.float, [x], { dtype: this.float });
  }
  op(prim: ElementwisePrim, x: Node, y: Node): Node {
    return this.b.op(prim, this.type, [x, y]);
  }
  shiftRight(x: Node, by: number): Node {
    const amount = this.b.const(this.type === "u64" ? BigInt(by) : by, this.type);
    return this.b.op("shift_right_logical", this.type, [x, amount]);
  }
}

function copySign(b: LoopBuilder, size: Node, sign: Node): Node {
  const dtype = size.dtype;
  const bits = new BitView(b, dtype, size.lanes);
  const { exponent, mantissa } = WIDTH[dtype] ?? { exponent: 8, mantissa: 23 };
  const top = 1n << BigInt(exponent + mantissa);
  const magnitude = bits.op("and", bits.of(size), bits.const(top - 1n));
  return bits.back(bits.op("or", magnitude, bits.op("and", bits.of(sign), bits.const(top))));
}

/** Neighbours are consecutive integers when floats are read as sign and magnitude. */
function nextAfter(b: LoopBuilder, dtype: DType, [x, y]: readonly Node[]): Node {
  if (isInt(dtype)) return b.op("add", dtype, [x, y]);
  const bits = new BitView(b, dtype, x.lanes);
  const zero = b.const(0, dtype, x.lanes);
  const one = bits.const(1n);
  const bx = bits.of(x);
  const away = b.op("eq", "bool", [b.op("gt", "bool", [y, x]), b.op("gt", "bool", [x, zero])]);
  const step = b.op("select", bits.type, [away, bits.op("add", bx, one), bits.op("sub", bx, one)]);
  const tiny = copySign(b, bits.back(one), y);
  const moved = b.op("select", dtype, [b.op("eq", "bool", [x, zero]), tiny, bits.back(step)]);
  const same = b.op("select", dtype, [b.op("eq", "bool", [x, y]), y, moved]);
  const ordered = b.op("and", "bool", [b.op("eq", "bool", [x, x]), b.op("eq", "bool", [y, y])]);
  return b.op("select", dtype, [ordered, same, b.const(Number.NaN, dtype, x.lanes)]);
}

/** As XLA: rounds the mantissa to nearest even, then overflow gives infinity and what would be subnormal gives zero. */
function reducePrecision(b: LoopBuilder, dtype: DType, [x]: readonly Node[], params: object): Node {
  const { exponentBits, mantissaBits } = params as { exponentBits: number; mantissaBits: number };
  return inF32(b, dtype, [x], ([value]) => {
    const bits = new BitView(b, value.dtype, value.lanes);
    const { exponent, mantissa } = WIDTH[value.dtype] ?? { exponent: 8, mantissa: 23 };
    let r = bits.of(value);
    const sign = bits.op("and", r, bits.const(1n << BigInt(exponent + mantissa)));
    if (mantissaBits < mantissa) {
      const drop = mantissa - mantissaBits;
      const last = bits.op("and", bits.shiftRight(r, drop), bits.const(1n));
      const bias = bits.op("add", last, bits.const((1n << BigInt(drop - 1)) - 1n));
      const all = (1n << BigInt(1 + exponent + mantissa)) - 1n;
      r = bits.op("and", bits.op("add", r, bias), bits.const(all ^ ((1n << BigInt(drop)) - 1n)));
    }
    if (exponentBits < exponent) {
      const field = ((1n << BigInt(exponent)) - 1n) << BigInt(mantissa);
      const bias = (1n << BigInt(exponent - 1)) - 1n;
      const reduced = (1n << BigInt(exponentBits - 1)) - 1n;
      const e = bits.op("and", r, bits.const(field));
      const over = b.op("gt", "bool", [e, bits.const((bias + reduced) << BigInt(mantissa))]);
      const under = b.op("le", "bool", [e, bits.const((bias - reduced) << BigInt(mantissa))]);
      r = b.op("select", bits.type, [over, bits.op("or", sign, bits.const(field)), r]);
      r = b.op("select", bits.type, [under, sign, r]);
    }
    return b.op("select", value.dtype, [b.op("eq", "bool", [value, value]), bits.back(r), value]);
  });
}
