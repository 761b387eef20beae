/** JavaScript's operators and Math on tensors. Numbers beside arrays take their dtype, as everywhere. */
import { currentLaunch } from "../kernel/launch.js";
import { checkLiteral } from "../kernel/literal.js";
import { fail } from "../../diagnostics/error.js";
import { locate, type SpanRef } from "../../diagnostics/span.js";
import { isFloat, isInt, isUnsignedInt } from "../../ir/dtype.js";
import * as lax from "../../lax/index.js";
import * as np from "../../numpy/elementwise.js";
import { convertTo } from "../../tracer/control.js";
import { isScalarLeaf } from "../../tracer/leaf.js";
import { Tensor } from "../../tracer/tensor.js";
import * as tree from "../../tree/index.js";
import type { ArithmeticOperator, BinaryOperator, ComparisonOperator, UnaryOperator } from "../ast.js";
import { joinChoice, toLeaf } from "./merge.js";
import {
  describe,
  isCounter,
  isSoft,
  isWhole,
  isWholeFloat,
  markCounter,
  markSoft,
  markWhole,
  toInteger,
} from "./values.js";

type Like = Tensor | number | boolean | bigint;
type Binary = (x: Like, y: Like) => Tensor;

const shiftRight: Binary = (x, y) => np.rightShift(x, y);
/** JavaScript's >>> is of the 32 bits without a sign. */
const shiftRightUnsigned: Binary = (x, y) => {
  const u = (v: Like): Like => (v instanceof Tensor && !isUnsignedInt(v.aval.dtype) ? convertTo(v, "u32") : v);
  return np.rightShift(u(x), u(y));
};

const BINARY: Readonly<Record<ArithmeticOperator | ComparisonOperator, Binary>> = {
  "+": np.add,
  "-": np.subtract,
  "*": np.multiply,
  "/": np.divide,
  // the sign of the first operand, as in JavaScript
  "%": np.fmod,
  "**": np.power,
  "&": np.bitwiseAnd,
  "|": np.bitwiseOr,
  "^": np.bitwiseXor,
  "<<": np.leftShift,
  ">>": shiftRight,
  ">>>": shiftRightUnsigned,
  "<": np.less,
  "<=": np.lessEqual,
  ">": np.greater,
  ">=": np.greaterEqual,
  "==": np.equal,
  "===": np.equal,
  "!=": np.notEqual,
  "!==": np.notEqual,
};
const BITS: ReadonlySet<string> = new Set(["&", "|", "^", "<<", ">>", ">>>"]);
const COUNTS: ReadonlySet<string> = new Set(["+", "-", "*"]);
const KEEPS_WHOLE: ReadonlySet<string> = new Set(["+", "-", "*", "%"]);

const like = (x: unknown): x is Like => x instanceof Tensor || isScalarLeaf(x);

/** `left op right` where one of them is a tensor. */
export function binary(op: BinaryOperator, left: unknown, right: unknown, span: SpanRef): unknown {
  if (op === "in" || op === "instanceof")
    return refuse(op, right, span, "arrays have no keys: use x.shape, or np.isin");
  if (op === "+" && (typeof left === "string" || typeof right === "string")) return `${left}${right}`;
  if (!like(left) || !like(right)) {
    const other = like(left) ? right : left;
    // nothing else is equal to an array
    if (op === "==" || op === "===") return false;
    if (op === "!=" || op === "!==") return true;
    return refuse(op, other, span, "wrap lists with np.array, and reach into objects for their arrays");
  }
  const f = BINARY[op];
  const before = locate(span);
  let [x, y] = [left, right];
  if (BITS.has(op)) {
    if (x instanceof Tensor) x = toInteger(x);
    if (y instanceof Tensor) y = toInteger(y);
  } else {
    // truths count as 1 and 0
    if (COUNTS.has(op) && isTruth(x) && isTruth(y)) x = counted(x);
    if (op === "-" && isTruth(y)) y = counted(y);
    [x, y] = yielding(x, y);
  }
  // where a comparison meets a number outside of the dtype, the nearest one gives the same
  if (currentLaunch() && !COMPARES.has(op)) {
    if (x instanceof Tensor && !x.aval.weak) checkLiteral(op, y, x.aval.dtype);
    if (y instanceof Tensor && !y.aval.weak) checkLiteral(op, x, y.aval.dtype);
  }
  const out = f(x, y);
  locate(before);
  if (isSoft(x) && isSoft(y)) markSoft(out);
  const counts = [x, y].every((v) => isCounter(v) || (typeof v === "number" && Number.isInteger(v)));
  if (counts && KEEPS_WHOLE.has(op) && isInt(out.aval.dtype)) markCounter(out);
  if (COUNTS.has(op) && isTruth(left) && isTruth(right)) return markWhole(markSoft(out));
  if ((isWholeFloat(left) || isWholeFloat(right)) && KEEPS_WHOLE.has(op) && isWhole(left) && isWhole(right))
    return isFloat(out.aval.dtype) ? markWhole(out) : out;
  return out;
}

const COMPARES: ReadonlySet<string> = new Set(["<", "<=", ">", ">=", "==", "!=", "===", "!==", "/", "**"]);
const isFraction = (x: unknown): boolean => typeof x === "number" && !Number.isInteger(x);
const isTruth = (x: unknown): boolean => typeof x === "boolean" || (x instanceof Tensor && x.aval.dtype === "bool");
/** A truth as JavaScript's number. */
const counted = (x: Like): Like => (x instanceof Tensor ? markWhole(convertTo(x, "f32")) : Number(x));

/** What came of JavaScript's numbers takes the type of what it meets, as the numbers would: whole ones that of integers. */
function yielding(x: Like, y: Like): [Like, Like] {
  if (isCounter(x) && isFraction(y)) return [markWhole(convertTo(x, "f32")), y];
  if (isCounter(y) && isFraction(x)) return [x, markWhole(convertTo(y, "f32"))];
  if (!(x instanceof Tensor && y instanceof Tensor)) return [x, y];
  if (isWholeFloat(x) && isInt(y.aval.dtype)) return [convertTo(x, y.aval.dtype), y];
  if (isWholeFloat(y) && isInt(x.aval.dtype)) return [x, convertTo(y, x.aval.dtype)];
  if (isSoft(x) && isFloat(y.aval.dtype) && !isSoft(y)) return [convertTo(x, y.aval.dtype), y];
  if (isSoft(y) && isFloat(x.aval.dtype) && !isSoft(x)) return [x, convertTo(y, x.aval.dtype)];
  return [x, y];
}

function refuse(what: string, other: unknown, span: SpanRef, help: string): never {
  return fail("TW7015", `${what} meets an array and ${describe(other)}`, { span, help });
}

export function unary(op: UnaryOperator, x: Tensor, span: SpanRef): unknown {
  if (op === "typeof") return "object";
  if (op === "void") return undefined;
  const before = locate(span);
  let out: Tensor;
  switch (op) {
    case "-":
      out = np.negative(isTruth(x) ? counted(x) : x);
      if (isTruth(x) || isWholeFloat(x)) markWhole(out);
      if (isSoft(x)) markSoft(out);
      break;
    case "+":
      out = x.aval.dtype === "bool" ? markWhole(convertTo(x, "f32")) : x;
      break;
    case "!":
      out = np.logicalNot(truth(x, span));
      break;
    case "~":
      out = np.bitwiseNot(toInteger(x));
      break;
  }
  locate(before);
  return out;
}

/** A value as a condition: bool, true where it is not zero, and not NaN either, as in JavaScript. */
export function truth(x: Tensor, span: SpanRef): Tensor {
  if (x.aval.dtype === "bool") return x;
  const before = locate(span);
  const zero = lax.full(x.aval.shape, x.aval.dtype === "i64" || x.aval.dtype === "u64" ? 0n : 0, x.aval.dtype);
  const out = isFloat(x.aval.dtype) && !isWholeFloat(x) ? lax.gt(lax.abs(x), zero) : lax.ne(x, zero);
  locate(before);
  return out;
}

/** `test ? x : y`, elementwise; trees are chosen leaf by leaf. */
export function choose(test: Tensor, x: unknown, y: unknown, span: SpanRef): unknown {
  if (Object.is(x, y)) return x;
  const before = locate(span);
  const mask = truth(test, span);
  let out: unknown;
  if (like(x) && like(y)) {
    const t = np.where(mask, ...yielding(x, y));
    out = isFloat(t.aval.dtype) && isWhole(x) && isWhole(y) ? markWhole(t) : t;
    if (isSoft(x) && isSoft(y)) markSoft(t);
  } else {
    const joined = joinChoice([x, y]);
    if (typeof joined === "string") {
      fail("TW7007", `the two sides are ${joined}, and which it is only the run knows`, {
        span,
        help: "give both sides the same structure, shapes and dtypes",
      });
    }
    if (joined.kind === "fixed") out = joined.value;
    else {
      const [a, b] = [x, y].map((v) => tree.flatten(v).leaves);
      const leaves = joined.leaves.map((leaf, i) =>
        "fixed" in leaf ? leaf.fixed : np.where(mask, toLeaf(a[i], leaf.aval), toLeaf(b[i], leaf.aval)),
      );
      out = tree.unflatten(joined.treedef, leaves);
    }
  }
  locate(before);
  return out;
}

const wholeResult =
  (f: (x: Like) => Tensor) =>
  (x: Like): Tensor => {
    const t = f(x);
    return isFloat(t.aval.dtype) && t.ndim === 0 ? markWhole(t) : t;
  };
/** Where operands meet, they do as those of operators. */
const meeting =
  (f: Binary) =>
  (x: Like, y: Like): Tensor =>
    f(...yielding(x, y));
/** What gives a whole number of whole numbers. */
const keepsWhole =
  (f: (...xs: Like[]) => Like) =>
  (...xs: Like[]): Like => {
    const out = f(...xs);
    const mark = out instanceof Tensor && isFloat(out.aval.dtype) && xs.some(isWholeFloat) && xs.every(isWhole);
    return mark ? markWhole(out) : out;
  };
const fold =
  (f: Binary, none: number) =>
  (...xs: Like[]): Like =>
    xs.length === 0 ? none : xs.length === 1 ? np.positive(xs[0]) : xs.reduce((a, b) => f(...yielding(a, b)));

/** What the members of Math are on tensors. */
const MATH: ReadonlyMap<unknown, (...xs: Like[]) => Like> = new Map<unknown, (...xs: Like[]) => Like>([
  [Math.abs, keepsWhole(np.abs)],
  [Math.acos, np.arccos],
  [Math.acosh, np.arccosh],
  [Math.asin, np.arcsin],
  [Math.asinh, np.arcsinh],
  [Math.atan, np.arctan],
  [Math.atan2, meeting(np.arctan2)],
  [Math.atanh, np.arctanh],
  [Math.cbrt, np.cbrt],
  [Math.ceil, wholeResult(np.ceil)],
  [Math.cos, np.cos],
  [Math.cosh, np.cosh],
  [Math.exp, np.exp],
  [Math.expm1, np.expm1],
  [Math.floor, wholeResult(np.floor)],
  [Math.fround, (x: Like): Like => convertTo(np.positive(x), "f32")],
  [Math.hypot, fold(np.hypot, 0)],
  [Math.log, np.log],
  [Math.log10, np.log10],
  [Math.log1p, np.log1p],
  [Math.log2, np.log2],
  [Math.max, keepsWhole(fold(np.maximum, Number.NEGATIVE_INFINITY))],
  [Math.min, keepsWhole(fold(np.minimum, Number.POSITIVE_INFINITY))],
  [Math.pow, meeting(np.power)],
  // halves go up, as in JavaScript
  [Math.round, wholeResult((x: Like): Tensor => np.floor(np.add(x, 0.5)))],
  [Math.sign, wholeResult(np.sign)],
  [Math.sin, np.sin],
  [Math.sinh, np.sinh],
  [Math.sqrt, np.sqrt],
  [Math.tan, np.tan],
  [Math.tanh, np.tanh],
  [Math.trunc, wholeResult(np.trunc)],
  [Math.imul, (x: Like, y: Like): Like => np.multiply(integer(x), integer(y))],
]);
const integer = (x: Like): Like => (x instanceof Tensor ? toInteger(x) : x);

/** The members of the globals that have no counterpart, with what to use. */
const REFUSED: ReadonlyMap<unknown, readonly [name: string, help: string]> = new Map<
  unknown,
  readonly [string, string]
>([
  [Math.clz32, ["Math.clz32", "use lax.clz"]],
  [Number, ["Number(x)", "x is a number already; convert with x.astype(dtype)"]],
  [Boolean, ["Boolean(x)", "compare: x !== 0"]],
  [BigInt, ["BigInt(x)", "convert with x.astype('i64')"]],
  [Number.isFinite, ["Number.isFinite", "use np.isfinite"]],
  [Number.isNaN, ["Number.isNaN", "use np.isnan"]],
  [Number.isInteger, ["Number.isInteger", "compare: x === np.floor(x)"]],
  [Number.isSafeInteger, ["Number.isSafeInteger", "compare: x === np.floor(x)"]],
  // biome-ignore lint/suspicious/noGlobalIsNan: it is what users may write
  [globalThis.isNaN, ["isNaN", "use np.isnan"]],
  // biome-ignore lint/suspicious/noGlobalIsFinite: as above
  [globalThis.isFinite, ["isFinite", "use np.isfinite"]],
  [Number.parseFloat, ["parseFloat", "x is a number already"]],
  [Number.parseInt, ["parseInt", "use np.trunc"]],
]);

/** What a function of a global does with traced values; undefined for every other function. */
export function globalOnTensors(f: unknown, args: readonly unknown[], span: SpanRef): { value: unknown } | undefined {
  if (f === Math.random) {
    fail("TW7015", "Math.random() would be drawn once, when the function is traced, and be the same in every call", {
      span,
      help: currentLaunch()
        ? "take a seed as an argument, and draw with rand(seed, offsets)"
        : "take a key as an argument, and draw with random.uniform(key)",
    });
  }
  if (!args.some((x) => x instanceof Tensor)) return undefined;
  const math = MATH.get(f);
  if (math) {
    const before = locate(span);
    const value = math(...(args as Like[]));
    locate(before);
    if (value instanceof Tensor && args.every(isSoft)) markSoft(value);
    return { value };
  }
  const refused = REFUSED.get(f);
  if (refused) fail("TW7015", `${refused[0]} cannot see the value of an array`, { span, help: refused[1] });
  return undefined;
}
