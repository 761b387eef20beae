/** Elementwise functions with NumPy's promotion and broadcasting. */
import type { Binary, FloatUnary, Like, MaskBinary, MaskLike, MaskUnary, Unary } from "../tracer/num.js";
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { dimEqual } from "../ir/dim.js";
import { isFloat, isInt, isUnsignedInt, isWide, limits, significandBits } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { astype, isTensor, operand } from "../lax/operand.js";
import { scalar } from "../tracer/frame.js";
import type { Tensor } from "../tracer/tensor.js";
import {
  broadcastAll,
  promoteArgs,
  promoteDtypes,
  promoteInexact,
  promoteMoved,
  requireInteger,
  toBool,
  zerosFor,
  type TensorLike,
  toFloat,
} from "./promote.js";

type One = (x: TensorLike) => Tensor;
type Two = (x: TensorLike, y: TensorLike) => Tensor;

// making one of these does nothing, so bundlers may leave out those that nobody uses
/* @__NO_SIDE_EFFECTS__ */ const floatOf =
  (name: string, f: (x: Tensor) => Tensor): One =>
  (x) =>
    f(toFloat(name, x));
/* @__NO_SIDE_EFFECTS__ */ const inexact = (name: string, f: (x: Tensor) => Tensor): FloatUnary =>
  floatOf(name, f) as FloatUnary;
/* @__NO_SIDE_EFFECTS__ */ const test = (name: string, f: (x: Tensor) => Tensor): MaskUnary =>
  floatOf(name, f) as MaskUnary;
/* @__NO_SIDE_EFFECTS__ */ const numeric = (name: string, f: (x: Tensor) => Tensor): Unary =>
  ((x: TensorLike) => f(promoteDtypes(name, [x])[0])) as Unary;
/* @__NO_SIDE_EFFECTS__ */ const promoted =
  (name: string, f: (x: Tensor, y: Tensor) => Tensor): Two =>
  (x, y) => {
    const [a, b] = promoteArgs(name, [x, y]);
    return f(a, b);
  };
/* @__NO_SIDE_EFFECTS__ */ const binary = (name: string, f: (x: Tensor, y: Tensor) => Tensor): Binary =>
  promoted(name, f) as Binary;
/** As binary, for arithmetic that bools have no part in of their own: they count as 0 and 1. */
/* @__NO_SIDE_EFFECTS__ */ const counted = (name: string, f: (x: Tensor, y: Tensor) => Tensor): Binary =>
  binary(name, (x, y) => (x.aval.dtype === "bool" ? f(astype(x, "i32"), astype(y, "i32")) : f(x, y)));
/* @__NO_SIDE_EFFECTS__ */ const compare = (name: string, f: (x: Tensor, y: Tensor) => Tensor): MaskBinary =>
  promoted(name, f) as MaskBinary;
/* @__NO_SIDE_EFFECTS__ */ const binaryInexact = (name: string, f: (x: Tensor, y: Tensor) => Tensor): Binary =>
  ((x: TensorLike, y: TensorLike) => {
    const [a, b] = promoteInexact(name, [x, y]);
    return f(a, b);
  }) as Binary;

/** e to the power x. */
export const exp = inexact("exp", lax.exp);
/** 2 to the power x. */
export const exp2 = inexact("exp2", lax.exp2);
/** exp(x) - 1, exact near 0. */
export const expm1 = inexact("expm1", lax.expm1);
/** The natural logarithm; NaN below 0. */
export const log = inexact("log", lax.log);
/** log(1 + x), exact near 0. */
export const log1p = inexact("log1p", lax.log1p);
/** The logarithm to base 2. */
export const log2 = inexact("log2", (x) => lax.mul(lax.log(x), Math.LOG2E));
/** The logarithm to base 10. */
export const log10 = inexact("log10", (x) => lax.mul(lax.log(x), Math.LOG10E));
/** The square root; NaN below 0. */
export const sqrt = inexact("sqrt", lax.sqrt);
/** 1 / sqrt(x). */
export const rsqrt = inexact("rsqrt", lax.rsqrt);
/** The cube root. */
export const cbrt = inexact("cbrt", lax.cbrt);
/** Sine, x in radians. */
export const sin = inexact("sin", lax.sin);
/** Cosine, x in radians. */
export const cos = inexact("cos", lax.cos);
/** Tangent, x in radians. */
export const tan = inexact("tan", lax.tan);
/** The angle in [-π/2, π/2] whose sine is x. */
export const arcsin = inexact("arcsin", lax.asin);
/** The angle in [0, π] whose cosine is x. */
export const arccos = inexact("arccos", lax.acos);
/** The angle in (-π/2, π/2) whose tangent is x. */
export const arctan = inexact("arctan", lax.atan);
/** Hyperbolic sine. */
export const sinh = inexact("sinh", lax.sinh);
/** Hyperbolic cosine. */
export const cosh = inexact("cosh", lax.cosh);
/** Hyperbolic tangent. */
export const tanh = inexact("tanh", lax.tanh);
/** Inverse of sinh. */
export const arcsinh = inexact("arcsinh", lax.asinh);
/** Inverse of cosh, from 1 on. */
export const arccosh = inexact("arccosh", lax.acosh);
/** Inverse of tanh, within (-1, 1). */
export const arctanh = inexact("arctanh", lax.atanh);
export const asin = arcsin;
export const acos = arccos;
export const atan = arctan;
export const asinh = arcsinh;
export const acosh = arccosh;
export const atanh = arctanh;
/** The error function. */
export const erf = inexact("erf", lax.erf);
/** 1 - erf(x), exact where erf is near 1. */
export const erfc = inexact("erfc", lax.erfc);
/** sin(πx) / (πx), 1 at 0. */
export const sinc = inexact("sinc", (x) => {
  const px = lax.mul(x, Math.PI);
  const zero = lax.eq(x, 0);
  return lax.select(
    zero,
    lax.full(x.aval.shape, 1, x.aval.dtype),
    lax.div(lax.sin(px), lax.select(zero, lax.full(x.aval.shape, 1, x.aval.dtype), px)),
  );
});
/** Degrees to radians. */
export const deg2rad = inexact("deg2rad", (x) => lax.mul(x, Math.PI / 180));
/** Radians to degrees. */
export const rad2deg = inexact("rad2deg", (x) => lax.mul(x, 180 / Math.PI));

/** -x; wraps for integers. */
export const negative = numeric("negative", lax.neg);
/** x itself. */
export const positive = numeric("positive", (x) => x);
/** The absolute value. */
export const abs = numeric("abs", (x) => (isUnsignedInt(x.aval.dtype) || x.aval.dtype === "bool" ? x : lax.abs(x)));
export const absolute = abs;
/** The absolute value as a float. */
export const fabs = inexact("fabs", lax.abs);
/** -1, 0 or 1; NaN stays. */
export const sign = numeric("sign", lax.sign);
/* @__NO_SIDE_EFFECTS__ */ const rounding = (name: string, f: (x: Tensor) => Tensor): Unary =>
  numeric(name, (x) => (isFloat(x.aval.dtype) ? f(x) : x));
/** The greatest integer that is not above x, in the dtype of x. */
export const floor = rounding("floor", lax.floor);
/** The least integer that is not below x, in the dtype of x. */
export const ceil = rounding("ceil", lax.ceil);
/** x without its fraction. */
export const trunc = rounding("trunc", (x) => lax.select(lax.lt(x, 0), lax.ceil(x), lax.floor(x)));
export const fix = trunc;
/** The nearest integer, halves to even. */
export const rint = rounding("rint", (x) => lax.round(x, "even"));
export function round<X extends TensorLike>(x: X, decimals?: number): Like<X>;
export function round(x: TensorLike, decimals = 0): Tensor {
  const t = promoteDtypes("round", [x])[0];
  if (!isFloat(t.aval.dtype)) return t;
  if (decimals === 0) return lax.round(t, "even");
  const scale = 10 ** decimals;
  return lax.div(lax.round(lax.mul(t, scale), "even"), scale);
}
/** x · x. */
export const square = numeric("square", lax.square);
/** 1 / x. */
export const reciprocal = inexact("reciprocal", lax.reciprocal);
/** Whether x is NaN (bool). */
export const isnan = test("isnan", (x) => lax.ne(x, x));
/** Whether x is neither infinite nor NaN (bool). */
export const isfinite = test("isfinite", lax.isFinite);
/** Whether x is infinite (bool). */
export const isinf = test("isinf", (x) => lax.eq(lax.abs(x), Number.POSITIVE_INFINITY));
/** Whether x is +∞ (bool). */
export const isposinf = test("isposinf", (x) => lax.eq(x, Number.POSITIVE_INFINITY));
/** Whether x is -∞ (bool). */
export const isneginf = test("isneginf", (x) => lax.eq(x, Number.NEGATIVE_INFINITY));
/** Whether the sign bit is set, also of -0 (bool). */
export const signbit = test("signbit", (x) => lax.lt(lax.select(lax.eq(x, 0), lax.reciprocal(x), x), 0));

/** Replaces NaN and infinities by finite numbers. */
export function nanToNum<X extends TensorLike>(
  x: X,
  options?: { nan?: number; posinf?: number; neginf?: number },
): Like<X>;
export function nanToNum(given: TensorLike, options: { nan?: number; posinf?: number; neginf?: number } = {}): Tensor {
  const x = operand("nanToNum", given);
  if (!isFloat(x.aval.dtype)) return x;
  const { min, max } = limits(x.aval.dtype) as { min: number; max: number };
  const fill = (v: number): Tensor => lax.full(x.aval.shape, v, x.aval.dtype);
  const noNan = lax.select(isnan(x), fill(options.nan ?? 0), x);
  const noPos = lax.select(isposinf(noNan), fill(options.posinf ?? max), noNan);
  return lax.select(isneginf(noPos), fill(options.neginf ?? min), noPos);
}

/** x + y, broadcast, in the promoted dtype. */
export const add = binary("add", (x, y) => (x.aval.dtype === "bool" ? lax.bitwiseOr(x, y) : lax.add(x, y)));
/** x - y, broadcast, in the promoted dtype. */
export const subtract = binary("subtract", lax.sub);
/** x · y, broadcast, in the promoted dtype. */
export const multiply = binary("multiply", (x, y) => (x.aval.dtype === "bool" ? lax.bitwiseAnd(x, y) : lax.mul(x, y)));
/** True division: integers give f32. */
export const divide = binaryInexact("divide", lax.div);
export const trueDivide = divide;
/** Where a remainder has the other sign than the divisor, so that it (and the quotient) is one step off. */
function offBySign(r: Tensor, y: Tensor): Tensor {
  const zero = zerosFor(r);
  return lax.bitwiseAnd(lax.ne(r, zero), lax.ne(lax.lt(r, zero), lax.lt(y, zero)));
}
/** The quotient rounded down, of floats too: the greatest whole number that is not above x / y, if the type can hold it. */
export const floorDivide = counted("floorDivide", (x, y) => {
  const { dtype } = x.aval;
  if (isUnsignedInt(dtype)) return lax.div(x, y);
  const r = lax.rem(x, y);
  const off = offBySign(r, y);
  if (!isFloat(dtype)) return lax.sub(lax.div(x, y), astype(off, dtype));
  // x / y may be rounded up to a whole number (1 / 0.1): then the exact remainder is more than half of y
  const quotient = lax.div(x, y);
  const whole = lax.floor(quotient);
  const [twice, size] = [lax.abs(lax.add(r, r)), lax.abs(y)];
  const nearlyNext = lax.select(off, lax.lt(twice, size), lax.gt(twice, size));
  const exact = lax.le(lax.abs(quotient), 2 ** significandBits(dtype));
  const down = lax.bitwiseAnd(lax.bitwiseAnd(lax.eq(whole, quotient), exact), nearlyNext);
  const rounded = lax.select(down, lax.sub(whole, 1), whole);
  // an infinite x has no remainder, and no quotient here
  return lax.select(lax.bitwiseOr(lax.eq(y, 0), lax.eq(r, r)), lax.select(lax.eq(y, 0), quotient, rounded), r);
});
/** Remainder with the sign of the divisor. */
export const remainder = counted("remainder", (x, y) => {
  const r = lax.rem(x, y);
  return isUnsignedInt(x.aval.dtype) ? r : lax.select(offBySign(r, y), lax.add(r, y), r);
});
/** The remainder with the sign of y, as floorDivide leaves it. */
export const mod = remainder;
/** The remainder with the sign of x. */
export const fmod = counted("fmod", lax.rem);
export function divmod<X extends TensorLike, Y extends TensorLike>(x: X, y: Y): [Like<X | Y>, Like<X | Y>];
export function divmod(x: TensorLike, y: TensorLike): [Tensor, Tensor] {
  return [floorDivide(x, y), remainder(x, y)];
}
/** x to the power y. A plain whole number as exponent is exact by multiplication. */
export function power<X extends TensorLike, Y extends TensorLike>(x: X, y: Y): Like<X | Y>;
export function power(x: TensorLike, y: TensorLike): Tensor {
  if (isTensor(x) && typeof y === "number" && Number.isInteger(y) && Math.abs(y) <= 64) {
    if (isFloat(x.aval.dtype)) return lax.integerPow(x, y);
    if (isInt(x.aval.dtype)) {
      if (y >= 0) return lax.integerPow(x, y);
      fail("TW2011", `power: ${printAval(x.aval)} to the power ${y} is not a whole number`, {
        help: "convert the base with .astype('f32')",
      });
    }
  }
  const [a, b] = promoteArgs("power", [x, y]);
  if (isFloat(a.aval.dtype)) return lax.pow(a, b);
  return a.aval.dtype === "bool" ? integerPower(astype(a, "i32"), astype(b, "i32")) : integerPower(a, b);
}
/** Square and multiply over the bits of the exponent, which must not be negative. */
function integerPower(x: Tensor, y: Tensor): Tensor {
  const one = lax.full(x.aval.shape, x.aval.dtype === "i64" || x.aval.dtype === "u64" ? 1n : 1, x.aval.dtype);
  let result = one;
  let base = x;
  let e = y;
  // larger exponents than 63 overflow for every base but -1, 0 and 1, whose powers only depend on the lowest bit
  for (let i = 0; i < 6; i++) {
    const odd = lax.eq(lax.bitwiseAnd(e, one), one);
    result = lax.select(odd, lax.mul(result, base), result);
    base = lax.mul(base, base);
    e = lax.shiftRightArithmetic(e, one);
  }
  return result;
}
/** x to the power y. */
export const pow = power;
/** x to the power y, in floats. */
export const floatPower = binaryInexact("floatPower", lax.pow);
/** The greater of two; NaN wins. */
export const maximum = binary("maximum", lax.max);
/** The less of two; NaN wins. */
export const minimum = binary("minimum", lax.min);
/** As maximum, but NaN loses. */
export const fmax = binary("fmax", (x, y) => lax.select(lax.bitwiseOr(lax.gt(x, y), lax.ne(y, y)), x, y));
/** The less of two; NaN loses. */
export const fmin = binary("fmin", (x, y) => lax.select(lax.bitwiseOr(lax.lt(x, y), lax.ne(y, y)), x, y));
/** The angle of the point (y, x), in [-π, π]. */
export const arctan2 = binaryInexact("arctan2", lax.atan2);
export const atan2 = arctan2;
/** sqrt(x² + y²). */
export const hypot = binaryInexact("hypot", (x, y) => {
  const a = lax.abs(x);
  const b = lax.abs(y);
  const big = lax.max(a, b);
  const small = lax.min(a, b);
  const infinite = lax.full(big.aval.shape, Number.POSITIVE_INFINITY, big.aval.dtype);
  const safe = lax.select(lax.eq(big, 0), lax.full(big.aval.shape, 1, big.aval.dtype), big);
  const h = lax.mul(big, lax.sqrt(lax.add(lax.square(lax.div(small, safe)), 1)));
  // an infinite side is an infinite length, whatever the other is
  return lax.select(lax.bitwiseOr(lax.eq(a, infinite), lax.eq(b, infinite)), infinite, h);
});
/** log(exp(x) + exp(y)), without overflow. */
export const logaddexp = binaryInexact("logaddexp", (x, y) => {
  const m = lax.max(x, y);
  const d = lax.sub(x, y);
  // where both are the same infinity the difference is NaN and the answer is that infinity
  return lax.select(lax.ne(d, d), lax.add(x, y), lax.add(m, lax.log1p(lax.exp(lax.neg(lax.abs(d))))));
});
/** log2(2^x + 2^y). */
export const logaddexp2 = binaryInexact("logaddexp2", (x, y) => {
  const m = lax.max(x, y);
  const d = lax.sub(x, y);
  const sum = lax.add(m, lax.mul(lax.log1p(lax.exp2(lax.neg(lax.abs(d)))), Math.LOG2E));
  return lax.select(lax.ne(d, d), lax.add(x, y), sum);
});
/** |x| with the sign of y. */
export const copysign = binaryInexact("copysign", (x, y) => lax.select(signbit(y), lax.neg(lax.abs(x)), lax.abs(x)));
/** The next float after x in the direction of y. */
export const nextafter = binaryInexact("nextafter", lax.nextafter);
/** 0 below 0, 1 above, and `y` at 0. */
export const heaviside = binaryInexact("heaviside", (x, y) => {
  const like = (v: number): Tensor => lax.full(x.aval.shape, v, x.aval.dtype);
  const step = lax.select(lax.lt(x, 0), like(0), lax.select(lax.gt(x, 0), like(1), y));
  return lax.select(lax.ne(x, x), x, step);
});
/** x · 2^n. */
export const ldexp = ((x: TensorLike, e: TensorLike) => multiply(x, lax.exp2(toFloat("ldexp", e)))) as Binary;

/** x = y (bool). */
export const equal = compare("equal", lax.eq);
/** x ≠ y (bool). */
export const notEqual = compare("notEqual", lax.ne);
/** x < y (bool); false beside NaN. */
export const less = compare("less", lax.lt);
/** x ≤ y (bool); false beside NaN. */
export const lessEqual = compare("lessEqual", lax.le);
/** x > y (bool); false beside NaN. */
export const greater = compare("greater", lax.gt);
/** x ≥ y (bool); false beside NaN. */
export const greaterEqual = compare("greaterEqual", lax.ge);

/* @__NO_SIDE_EFFECTS__ */ const logical = (name: string, f: (x: Tensor, y: Tensor) => Tensor): MaskBinary =>
  ((x: TensorLike, y: TensorLike) => {
    const [a, b] = broadcastAll(name, [toBool(x), toBool(y)]);
    return f(a, b);
  }) as MaskBinary;
/** Both not zero (bool). */
export const logicalAnd = logical("logicalAnd", lax.bitwiseAnd);
/** One or both not zero (bool). */
export const logicalOr = logical("logicalOr", lax.bitwiseOr);
/** Exactly one not zero (bool). */
export const logicalXor = logical("logicalXor", lax.bitwiseXor);
/** Zero (bool). */
export const logicalNot = ((x: TensorLike) => lax.not(toBool(x))) as MaskUnary;
/* @__NO_SIDE_EFFECTS__ */ const bitwise = (name: string, f: (x: Tensor, y: Tensor) => Tensor): Binary =>
  binary(name, (x, y) => f(requireInteger(name, x), y));
/** Bits that both have; integers and bool. */
export const bitwiseAnd = bitwise("bitwiseAnd", lax.bitwiseAnd);
/** Bits that one or both have; integers and bool. */
export const bitwiseOr = bitwise("bitwiseOr", lax.bitwiseOr);
/** Bits that exactly one has; integers and bool. */
export const bitwiseXor = bitwise("bitwiseXor", lax.bitwiseXor);
/** All bits turned over; integers and bool. */
export const bitwiseNot = numeric("bitwiseNot", (x) => lax.not(requireInteger("bitwiseNot", x)));
export const invert = bitwiseNot;
export const leftShift = bitwise("leftShift", lax.shiftLeft);
export const rightShift = bitwise("rightShift", (x, y) =>
  isUnsignedInt(x.aval.dtype) ? lax.shiftRightLogical(x, y) : lax.shiftRightArithmetic(x, y),
);
export const bitwiseInvert = bitwiseNot;
export const bitwiseLeftShift = leftShift;
export const bitwiseRightShift = rightShift;
/** The number of bits that are set in the magnitude of each element. */
export const bitwiseCount = numeric("bitwiseCount", (x) => {
  const t = requireInteger("bitwiseCount", x);
  return lax.populationCount(isUnsignedInt(t.aval.dtype) || t.aval.dtype === "bool" ? t : lax.abs(t));
});

/** `x` where the condition holds, else `y`. */
export function where<X extends TensorLike, Y extends TensorLike, Z extends TensorLike>(
  condition: X,
  x: Y,
  y: Z,
): Like<X | Y | Z>;
export function where(condition: TensorLike, x: TensorLike, y: TensorLike): Tensor {
  if (x === undefined || y === undefined) {
    fail("TW1007", "where: needs a condition and two values", { help: "np.nonzero(condition) gives positions" });
  }
  const [a, b] = promoteMoved("where", [x, y]);
  const [c, u, v] = broadcastAll("where", [toBool(condition), a, b]);
  return lax.select(c, u, v);
}
/** Cut to the range [low, high]; null leaves a side open. */
export function clip<X extends TensorLike, Y extends TensorLike = never, Z extends TensorLike = never>(
  x: X,
  low?: Y | null,
  high?: Z | null,
): Like<X | Y | Z>;
export function clip(x: TensorLike, low?: TensorLike | null, high?: TensorLike | null): Tensor {
  let t = promoteDtypes("clip", [x])[0];
  if (low !== undefined && low !== null) t = maximum(t, low);
  if (high !== undefined && high !== null) t = minimum(t, high);
  return t;
}
/** For each element the first choice whose condition holds. */
export function select<X extends TensorLike, Y extends TensorLike, Z extends TensorLike = never>(
  conditions: readonly X[],
  choices: readonly Y[],
  otherwise?: Z,
): Like<X | Y | Z>;
export function select(
  conditions: readonly Tensor[],
  choices: readonly TensorLike[],
  otherwise: TensorLike = 0,
): Tensor {
  return conditions.reduceRight<TensorLike>((rest, c, i) => where(c, choices[i], rest), otherwise) as Tensor;
}
export function isclose<X extends TensorLike, Y extends TensorLike>(
  x: X,
  y: Y,
  options?: { rtol?: number; atol?: number; equalNan?: boolean },
): MaskLike<X | Y>;
export function isclose(
  x: TensorLike,
  y: TensorLike,
  options: { rtol?: number; atol?: number; equalNan?: boolean } = {},
): Tensor {
  const [a, b] = promoteInexact("isclose", [x, y]);
  const near = lax.le(lax.abs(lax.sub(a, b)), lax.add(lax.mul(lax.abs(b), options.rtol ?? 1e-5), options.atol ?? 1e-8));
  const same = lax.bitwiseOr(lax.eq(a, b), lax.bitwiseAnd(near, lax.isFinite(b)));
  return options.equalNan ? lax.bitwiseOr(same, lax.bitwiseAnd(lax.ne(a, a), lax.ne(b, b))) : same;
}
/** Whether all elements are close. */
export function allclose<X extends TensorLike, Y extends TensorLike>(
  x: X,
  y: Y,
  options?: { rtol?: number; atol?: number; equalNan?: boolean },
): MaskLike<X | Y>;
export function allclose(
  x: TensorLike,
  y: TensorLike,
  options: { rtol?: number; atol?: number; equalNan?: boolean } = {},
): Tensor {
  return allOf(isclose(x, y, options));
}
const allOf = (x: Tensor): Tensor => lax.reduceAnd(x, null);
/** Whether shapes and all elements are equal. */
export function arrayEqual<X extends TensorLike, Y extends TensorLike>(
  x: X,
  y: Y,
  options?: { equalNan?: boolean },
): MaskLike<X | Y>;
export function arrayEqual(x: TensorLike, y: TensorLike, options: { equalNan?: boolean } = {}): Tensor {
  const [a, b] = promoteDtypes("arrayEqual", [x, y]);
  if (a.ndim !== b.ndim || a.aval.shape.some((d, i) => dimEqual(d, b.aval.shape[i]) === false))
    return scalar(false, "bool");
  const same = lax.eq(a, b);
  const nans = options.equalNan && isFloat(a.aval.dtype);
  return allOf(nans ? lax.bitwiseOr(same, lax.bitwiseAnd(lax.ne(a, a), lax.ne(b, b))) : same);
}
/** Whether all elements are equal after broadcasting. */
export function arrayEquiv<X extends TensorLike, Y extends TensorLike>(x: X, y: Y): MaskLike<X | Y>;
export function arrayEquiv(x: TensorLike, y: TensorLike): Tensor {
  return allOf(equal(x, y));
}
/** Greatest common divisor, by Euclid's algorithm on whole arrays. */
export const gcd = binary("gcd", (x, y) => {
  const [a] = lax.whileLoop(
    ([, b]: [Tensor, Tensor]) => lax.reduceOr(toBool(b), null),
    ([a, b]: [Tensor, Tensor]): [Tensor, Tensor] => {
      const zero = lax.eq(b, zerosFor(b));
      const safe = lax.select(zero, lax.full(b.aval.shape, isWide(b.aval.dtype) ? 1n : 1, b.aval.dtype), b);
      return [lax.select(zero, a, b), lax.select(zero, b, lax.rem(a, safe))];
    },
    [abs(requireInteger("gcd", x)), abs(y)] as [Tensor, Tensor],
  );
  // the least integer is its own absolute value, which turns the signs of what follows
  return abs(a);
});
/** Least common multiple. */
export const lcm = binary("lcm", (x, y) => {
  const d = gcd(x, y);
  const zero = lax.eq(d, zerosFor(d));
  const safe = lax.select(zero, lax.full(d.aval.shape, isWide(d.aval.dtype) ? 1n : 1, d.aval.dtype), d);
  return abs(lax.mul(lax.div(x, safe), y));
});
/** [fraction, whole part], both with the sign of x. */
export function modf<X extends TensorLike>(x: X): [Like<X>, Like<X>];
export function modf(x: TensorLike): [Tensor, Tensor] {
  const t = toFloat("modf", x);
  const whole = trunc(t);
  return [lax.select(isinf(t), copysign(lax.full(t.aval.shape, 0, t.aval.dtype), t), lax.sub(t, whole)), whole];
}
/** Modified Bessel function of order 0. */
export const i0 = inexact("i0", (x) => lax.mul(lax.exp(lax.abs(x)), lax.besselI0e(x)));
