/** Elementwise functions of the language. */
import { fail } from "../../diagnostics/error.js";
import { printAval } from "../../ir/aval.js";
import { isInt, isUnsignedInt } from "../../ir/dtype.js";
import * as lax from "../../lax/index.js";
import * as np from "../../numpy/elementwise.js";
import { convertTo } from "../../tracer/control.js";
import { scalar } from "../../tracer/frame.js";
import type { Tensor } from "../../tracer/tensor.js";
import { toInteger } from "../interpret/values.js";
import type { Block, Mask } from "./types.js";
import { asBlock, blockOf } from "./values.js";

const isNumber = (x: unknown): x is number => typeof x === "number";

/** The value without its sign. */
export function abs(x: Block): Block {
  return asBlock(np.abs(blockOf("abs", x)));
}
/** Rounded up. */
export function ceil(x: Block): Block {
  return asBlock(np.ceil(blockOf("ceil", x)));
}
/** Rounded down. */
export function floor(x: Block): Block {
  return asBlock(np.floor(blockOf("floor", x)));
}
/** Rounded to the nearest whole number; halves to the even one. */
export function round(x: Block): Block {
  return asBlock(np.rint(blockOf("round", x)));
}
/** eˣ. */
export function exp(x: Block): Block {
  return asBlock(np.exp(blockOf("exp", x)));
}
/** 2ˣ. */
export function exp2(x: Block): Block {
  return asBlock(np.exp2(blockOf("exp2", x)));
}
/** The natural logarithm. */
export function log(x: Block): Block {
  return asBlock(np.log(blockOf("log", x)));
}
/** The logarithm to the base 2. */
export function log2(x: Block): Block {
  return asBlock(np.log2(blockOf("log2", x)));
}
/** The square root. */
export function sqrt(x: Block): Block {
  return asBlock(np.sqrt(blockOf("sqrt", x)));
}
/** 1 / √x. */
export function rsqrt(x: Block): Block {
  return asBlock(np.rsqrt(blockOf("rsqrt", x)));
}
export function sin(x: Block): Block {
  return asBlock(np.sin(blockOf("sin", x)));
}
export function cos(x: Block): Block {
  return asBlock(np.cos(blockOf("cos", x)));
}
export function tan(x: Block): Block {
  return asBlock(np.tan(blockOf("tan", x)));
}
export function tanh(x: Block): Block {
  return asBlock(np.tanh(blockOf("tanh", x)));
}
/** The error function. */
export function erf(x: Block): Block {
  return asBlock(np.erf(blockOf("erf", x)));
}
/** x / y, as the operator. */
export function fdiv(x: Block, y: Block): Block {
  return asBlock(np.divide(...yields("fdiv", x, y)));
}
/** xʸ. */
export function pow(x: Block, y: Block): Block {
  return asBlock(np.power(...yields("pow", x, y)));
}
/** `x` where the mask holds, else `y`. */
export function where(mask: Mask | Block, x: Block | boolean, y: Block | boolean): Block {
  const [a, b] = [x, y].map((v) => (typeof v === "boolean" ? v : blockLike("where", v)));
  return asBlock(np.where(blockOf("where", mask), a, b));
}
/** x · y + z. */
export function fma(x: Block, y: Block, z: Block): Block {
  return asBlock(np.add(np.multiply(blockLike("fma", x), blockLike("fma", y)), blockLike("fma", z)));
}
/** 1 / (1 + e⁻ˣ). */
export function sigmoid(x: Block): Block {
  const t = blockOf("sigmoid", x);
  return asBlock(lax.logistic(isInt(t.aval.dtype) ? convertTo(t, "f32") : t));
}
/** e^x divided by its sum along an axis, the last one by default. */
export function softmax(x: Block, axis = -1): Block {
  const t = blockOf("softmax", x);
  const at = axis < 0 ? axis + t.ndim : axis;
  const keep = t.shape.map((d, i) => (i === at ? 1 : d));
  const e = np.exp(np.subtract(t, lax.reshape(lax.reduceMax(t, [at]), keep)));
  return asBlock(np.divide(e, lax.reshape(lax.reduceSum(e, [at]), keep)));
}
export function minimum(x: Block, y: Block): Block {
  return isNumber(x) && isNumber(y) ? Math.min(x, y) : asBlock(np.minimum(...yields("minimum", x, y)));
}
export function maximum(x: Block, y: Block): Block {
  return isNumber(x) && isNumber(y) ? Math.max(x, y) : asBlock(np.maximum(...yields("maximum", x, y)));
}
/** Not below `low`, and not above `high`. */
export function clamp(x: Block, low: Block, high: Block): Block {
  return minimum(maximum(x, low), high);
}
/** The quotient of whole numbers, rounded down. */
export function floorDiv(x: Block, y: Block): Block {
  if (isNumber(x) && isNumber(y)) return Math.floor(x / y);
  return asBlock(np.floorDivide(...integers("floorDiv", x, y)));
}
/** The quotient of whole numbers, rounded up: how many blocks of `y` hold `x`. */
export function cdiv(x: Block, y: Block): Block {
  if (isNumber(x) && isNumber(y)) return Math.ceil(x / y) + 0;
  const [a, b] = integers("cdiv", x, y);
  if (isNumber(b) && b > 0) return asBlock(np.floorDivide(np.add(a, b - 1), b));
  const down = np.floorDivide(a, b);
  return asBlock(np.add(down, np.notEqual(np.multiply(down, b), a)));
}
/** The upper half of the bits of the product of two integers. */
export function umulhi(x: Block, y: Block): Block {
  const [a, b] = integers("umulhi", x, y).map((v) => (isNumber(v) ? scalar(v, "i32", true) : v));
  const { dtype } = [a, b].find((v) => !v.aval.weak)?.aval ?? a.aval;
  if (dtype !== "u32" && dtype !== "i32") {
    fail("TW2005", `umulhi: an operand is ${printAval(a.aval)}`, { help: "operands are i32 or u32" });
  }
  const wide = isUnsignedInt(dtype) ? "u64" : "i64";
  const product = np.multiply(convertTo(a, wide), convertTo(b, wide));
  return asBlock(convertTo(np.rightShift(product, 32n), dtype));
}

type Operand = Tensor | number;
function blockLike(what: string, x: unknown): Operand {
  return isNumber(x) ? x : blockOf(what, x);
}
function yields(what: string, x: unknown, y: unknown): [Operand, Operand] {
  return [blockLike(what, x), blockLike(what, y)];
}
function integers(what: string, x: unknown, y: unknown): [Operand, Operand] {
  const whole = (v: unknown): Operand => {
    if (isNumber(v)) return v;
    const t = toInteger(blockOf(what, v));
    if (isInt(t.aval.dtype)) return t;
    return fail("TW2005", `${what}: an operand is ${printAval(t.aval)}, not of whole numbers`, {
      help: "convert it: cast(x, 'i32')",
    });
  };
  return [whole(x), whole(y)];
}
