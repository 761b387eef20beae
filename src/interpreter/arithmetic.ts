/**
 * Elementwise primitives that are a few operations of the language: one function of elements each, mapped over the arrays and
 * rounded to the dtype. Constants are folded by these.
 */
import { internal } from "../diagnostics/error.js";
import { bitWidth, type DType, isFloat, isInt, isSignedInt, limits } from "../ir/dtype.js";
import type { ElementwiseOps } from "../ir/ops/index.js";
import type { Rules } from "../ir/rules.js";
import { type Element, generate, isBig, type NDArray, roundTo, withShape } from "./array.js";
import { bitcast, elementFromBits, elementToBits, reducePrecision } from "./bits.js";
import { convertElement } from "./convert.js";
import type { InterpretKind } from "./rule.js";

type Rule = (ctx: unknown, inputs: readonly NDArray[]) => readonly NDArray[];

/** Elements of every operand to one of the result; `dtype` is that of the first operand. */
type Scalar = (dtype: DType, ...xs: never[]) => Element;

function map(f: Scalar, result: DType | undefined, round: boolean): Rule {
  const g = f as unknown as (dtype: DType, ...xs: Element[]) => Element;
  return (_ctx, inputs) => {
    const [x] = inputs;
    const dtype = result ?? x.dtype;
    const args = new Array<Element>(inputs.length);
    return [
      generate(x.shape, dtype, (i) => {
        for (let k = 0; k < inputs.length; k++) args[k] = inputs[k].data[i];
        const y = g(x.dtype, ...args);
        return round ? roundTo(dtype, y) : y;
      }),
    ];
  };
}

/** A real function, computed in f64. */
export const real = (f: (...xs: number[]) => number): Rule => map((_d, ...xs: number[]) => f(...xs), undefined, true);

/** Different arithmetic for numbers and for 64-bit integers. */
const arith = (f: (x: number, y: number, d: DType) => number, g: (x: bigint, y: bigint, d: DType) => bigint): Rule =>
  map(
    (d, x: Element, y: Element) => (isBig(d) ? g(x as bigint, y as bigint, d) : f(x as number, y as number, d)),
    undefined,
    true,
  );

const compare = (f: (x: Element, y: Element) => boolean): Rule =>
  map((_d, x: Element, y: Element) => (f(x, y) ? 1 : 0), "bool", false);

/** A function of the operands' bits as unsigned integers. */
const bitwise = (f: (width: number, ...bits: bigint[]) => bigint): Rule =>
  map(
    (d, ...xs: Element[]) =>
      elementFromBits(d, BigInt.asUintN(bitWidth(d), f(bitWidth(d), ...xs.map((x) => elementToBits(d, x))))),
    undefined,
    false,
  );

function abs(d: DType, x: Element): Element {
  if (isFloat(d)) return Math.abs(x as number);
  return x < 0 ? -x : x;
}

function sign(_d: DType, x: Element): Element {
  if (typeof x === "bigint") return x > 0n ? 1n : x < 0n ? -1n : 0n;
  return Math.sign(x);
}

function roundHalf(x: number, method: "even" | "away"): number {
  const t = Math.trunc(x);
  const fraction = Math.abs(x - t);
  if (fraction < 0.5 || !Number.isFinite(x)) return t;
  if (fraction > 0.5 || method === "away" || t % 2 !== 0) return t + Math.sign(x);
  return t;
}

/** x^y for integers y ≥ 0 by squaring, in wrapping arithmetic. */
function powInt(d: DType, x: bigint, y: bigint): bigint {
  const bits = bitWidth(d);
  if (y < 0n) return x === 1n ? 1n : x === -1n ? (y % 2n === 0n ? 1n : -1n) : 0n;
  let result = 1n;
  let base = BigInt.asUintN(bits, x);
  for (let n = y; n > 0n; n >>= 1n) {
    if (n & 1n) result = BigInt.asUintN(bits, result * base);
    base = BigInt.asUintN(bits, base * base);
  }
  return isSignedInt(d) ? BigInt.asIntN(bits, result) : result;
}

/** C99 pow: 1^NaN = 1 and (±1)^±inf = 1, where JavaScript's gives NaN. */
function powFloat(x: number, y: number): number {
  if (x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY)) return 1;
  return x ** y;
}

function pow(d: DType, x: Element, y: Element): Element {
  if (isFloat(d)) return powFloat(x as number, y as number);
  const z = powInt(d, BigInt(x), BigInt(y));
  return isBig(d) ? z : Number(z);
}

function divide(d: DType, x: Element, y: Element): Element {
  if (typeof x === "bigint" && typeof y === "bigint") return y === 0n ? -1n : x / y;
  if (isFloat(d)) return (x as number) / (y as number);
  return y === 0 ? -1 : Math.trunc((x as number) / (y as number));
}

function remainder(d: DType, x: Element, y: Element): Element {
  if (typeof x === "bigint" && typeof y === "bigint") return y === 0n ? x : x % y;
  if (isInt(d) && y === 0) return x;
  return (x as number) % (y as number);
}

/** NaN wins, and +0 is greater than -0. */
export function maxOf(x: Element, y: Element): Element {
  if (typeof x === "number" && typeof y === "number") return Math.max(x, y);
  return x > y ? x : y;
}
export function minOf(x: Element, y: Element): Element {
  if (typeof x === "number" && typeof y === "number") return Math.min(x, y);
  return x < y ? x : y;
}

function logistic(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

function countLeadingZeros(width: number, x: bigint): bigint {
  return BigInt(x === 0n ? width : width - x.toString(2).length);
}
function countOnes(_width: number, x: bigint): bigint {
  return BigInt(x.toString(2).replaceAll("0", "").length);
}

function nextAfter(d: DType, x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
  if (x === y) return y;
  const signBit = 1n << BigInt(bitWidth(d) - 1);
  if (x === 0) return elementFromBits(d, y > 0 ? 1n : signBit | 1n) as number;
  const bits = elementToBits(d, x);
  // away from zero the magnitude's bits count up, towards zero down
  return elementFromBits(d, y > x === x > 0 ? bits + 1n : bits - 1n) as number;
}

/** Amounts are read as unsigned, so negative ones are larger than any width. */
function shift(kind: "left" | "logical" | "arithmetic"): Rule {
  return bitwise((width, x, by) => {
    const tooFar = by >= BigInt(width);
    if (kind === "left") return tooFar ? 0n : x << by;
    if (kind === "logical") return tooFar ? 0n : x >> by;
    return BigInt.asIntN(width, x) >> (tooFar ? BigInt(width) : by);
  });
}
/** Arithmetic shifts of unsigned types fill with zeros. */
const shiftArithmetic: Rule = (ctx, inputs) =>
  (isSignedInt(inputs[0].dtype) ? shift("arithmetic") : shift("logical"))(ctx, inputs);

export const arithmetic = {
  neg: map((_d, x: Element) => -x, undefined, true),
  abs: map(abs, undefined, true),
  sign: map(sign, undefined, true),
  floor: real(Math.floor),
  ceil: real(Math.ceil),
  round: (ctx, inputs, { method }) => real((x) => roundHalf(x, method))(ctx, inputs),
  integer_pow: (ctx, inputs, { y }) =>
    map((d, x: Element) => pow(d, x, isBig(d) ? BigInt(y) : y), undefined, true)(ctx, inputs),
  not: bitwise((_w, x) => ~x),
  population_count: bitwise(countOnes),
  clz: bitwise(countLeadingZeros),
  is_finite: map((_d, x: Element) => (Number.isFinite(Number(x)) ? 1 : 0), "bool", false),
  exp: real(Math.exp),
  exp2: real((x) => 2 ** x),
  expm1: real(Math.expm1),
  log: real(Math.log),
  log1p: real(Math.log1p),
  sqrt: real(Math.sqrt),
  rsqrt: real((x) => 1 / Math.sqrt(x)),
  cbrt: real(Math.cbrt),
  logistic: real(logistic),
  sin: real(Math.sin),
  cos: real(Math.cos),
  tan: real(Math.tan),
  asin: real(Math.asin),
  acos: real(Math.acos),
  atan: real(Math.atan),
  sinh: real(Math.sinh),
  cosh: real(Math.cosh),
  tanh: real(Math.tanh),
  asinh: real(Math.asinh),
  acosh: real(Math.acosh),
  atanh: real(Math.atanh),
  add: arith(
    (x, y) => x + y,
    (x, y) => x + y,
  ),
  sub: arith(
    (x, y) => x - y,
    (x, y) => x - y,
  ),
  mul: arith(multiply, (x, y) => x * y),
  div: map(divide, undefined, true),
  rem: map(remainder, undefined, true),
  pow: map(pow, undefined, true),
  max: map((_d, x: Element, y: Element) => maxOf(x, y), undefined, false),
  min: map((_d, x: Element, y: Element) => minOf(x, y), undefined, false),
  atan2: real(Math.atan2),
  nextafter: map(nextAfter, undefined, false),
  and: bitwise((_w, x, y) => x & y),
  or: bitwise((_w, x, y) => x | y),
  xor: bitwise((_w, x, y) => x ^ y),
  shift_left: shift("left"),
  shift_right_logical: shift("logical"),
  shift_right_arithmetic: shiftArithmetic,
  eq: compare((x, y) => x === y),
  ne: compare((x, y) => x !== y),
  lt: compare((x, y) => x < y),
  le: compare((x, y) => x <= y),
  gt: compare((x, y) => x > y),
  ge: compare((x, y) => x >= y),
  select: (_ctx, [pred, onTrue, onFalse]) => [
    generate(onTrue.shape, onTrue.dtype, (i) => (pred.data[i] ? onTrue.data[i] : onFalse.data[i])),
  ],
  clamp: map((_d, lo: Element, x: Element, hi: Element) => minOf(maxOf(x, lo), hi), undefined, false),
  convert_element_type: (_ctx, [x], { dtype }) => [
    generate(x.shape, dtype, (i) => convertElement(x.data[i], x.dtype, dtype)),
  ],
  bitcast_convert_type: (_ctx, [x], { dtype }) => [bitcast(x, dtype)],
  reduce_precision: (_ctx, [x], { exponentBits, mantissaBits }) => [
    generate(x.shape, x.dtype, (i) => reducePrecision(x.dtype, Number(x.data[i]), exponentBits, mantissaBits)),
  ],
  stop_gradient: (_ctx, [x]) => [withShape(x, x.shape)],
} satisfies Partial<Rules<ElementwiseOps, InterpretKind>>;

/** The product in a number; exact modulo 2^32 for integers (bool: and). */
export function multiply(x: number, y: number, d: DType): number {
  return isInt(d) ? Math.imul(x, y) : x * y;
}

/** What no element is greater (or less) than: the neutral element of min (or max). */
export function extreme(d: DType, which: "greatest" | "least"): Element {
  if (isFloat(d)) return which === "greatest" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  if (d === "key") return internal("keys have no order");
  const { min, max } = limits(d);
  return which === "greatest" ? max : min;
}
