/** Elementwise primitives keep the shape; most keep the dtype. */
import { fail } from "../../diagnostics/error.js";
import { type Aval, aval, printAval } from "../aval.js";
import { bitWidth, byteSize, type DType, isFloat, isInt } from "../dtype.js";
import type { ElementwiseOps } from "../ops/index.js";
import type { Rules } from "../rules.js";
import { accepts, allWeak, bad, sameDtype, sameShape } from "./check.js";
import type { AbstractEvalContext, AbstractEvalKind } from "./index.js";

type Accepted = readonly [(d: DType) => boolean, string];
const NUMBERS: Accepted = [(d) => isFloat(d) || isInt(d), "numbers"];
const SIGNED: Accepted = [(d) => isFloat(d) || isInt(d), "numbers"];
const FLOATS: Accepted = [isFloat, "floats"];
const INTS: Accepted = [isInt, "integers"];
const BITS: Accepted = [(d) => isInt(d) || d === "bool", "integers or bools"];
const ORDERED: Accepted = [(d) => d !== "key", "numbers or bools"];
const ANY: Accepted = [() => true, "anything"];

type Rule = (ctx: AbstractEvalContext, inputs: readonly Aval[]) => readonly Aval[];

function arity(ctx: AbstractEvalContext, inputs: readonly Aval[], n: number): void {
  if (inputs.length !== n) bad(ctx, `takes ${n} operand${n === 1 ? "" : "s"}, not ${inputs.length}`);
}
function unary([accepted, kinds]: Accepted): Rule {
  return (ctx, inputs) => {
    arity(ctx, inputs, 1);
    accepts(ctx, inputs[0], accepted, kinds);
    return inputs;
  };
}
function nary(n: number, [accepted, kinds]: Accepted): Rule {
  return (ctx, inputs) => {
    arity(ctx, inputs, n);
    sameShape(ctx, inputs);
    sameDtype(ctx, inputs);
    accepts(ctx, inputs[0], accepted, kinds);
    const [x] = inputs;
    return [x.weak && !allWeak(inputs) ? aval(x.shape, x.dtype) : x];
  };
}
const compare: Rule = (ctx, inputs) => {
  arity(ctx, inputs, 2);
  sameShape(ctx, inputs);
  sameDtype(ctx, inputs);
  return [aval(inputs[0].shape, "bool")];
};
const ordering: Rule = (ctx, inputs) => {
  accepts(ctx, inputs[0], ...ORDERED);
  return compare(ctx, inputs);
};
const float1 = unary(FLOATS);
const float2 = nary(2, FLOATS);

export const elementwise = {
  neg: unary(NUMBERS),
  abs: unary(SIGNED),
  sign: unary(NUMBERS),
  floor: float1,
  ceil: float1,
  round: float1,
  integer_pow: (ctx, inputs, { y }) => {
    if (!Number.isInteger(y)) bad(ctx, `the exponent ${y} is not a whole number`, "use pow");
    if (y < 0 && !isFloat(inputs[0].dtype))
      bad(ctx, `a negative power of ${printAval(inputs[0])}`, "convert to a float dtype first");
    return unary(NUMBERS)(ctx, inputs);
  },
  not: unary(BITS),
  population_count: unary(INTS),
  clz: unary(INTS),
  is_finite: (ctx, inputs) => {
    float1(ctx, inputs);
    return [aval(inputs[0].shape, "bool")];
  },
  exp: float1,
  exp2: float1,
  expm1: float1,
  log: float1,
  log1p: float1,
  sqrt: float1,
  rsqrt: float1,
  cbrt: float1,
  logistic: float1,
  sin: float1,
  cos: float1,
  tan: float1,
  asin: float1,
  acos: float1,
  atan: float1,
  sinh: float1,
  cosh: float1,
  tanh: float1,
  asinh: float1,
  acosh: float1,
  atanh: float1,
  erf: float1,
  erfc: float1,
  erf_inv: float1,
  lgamma: float1,
  digamma: float1,
  bessel_i0e: float1,
  bessel_i1e: float1,
  igamma: float2,
  igammac: float2,
  igamma_grad_a: float2,
  random_gamma_grad: float2,
  polygamma: float2,
  zeta: float2,
  regularized_incomplete_beta: nary(3, FLOATS),
  add: nary(2, NUMBERS),
  sub: nary(2, NUMBERS),
  mul: nary(2, NUMBERS),
  div: nary(2, NUMBERS),
  rem: nary(2, NUMBERS),
  pow: float2,
  max: nary(2, ORDERED),
  min: nary(2, ORDERED),
  atan2: float2,
  nextafter: float2,
  and: nary(2, BITS),
  or: nary(2, BITS),
  xor: nary(2, BITS),
  shift_left: nary(2, INTS),
  shift_right_logical: nary(2, INTS),
  shift_right_arithmetic: nary(2, INTS),
  eq: compare,
  ne: compare,
  lt: ordering,
  le: ordering,
  gt: ordering,
  ge: ordering,
  select: (ctx, inputs) => {
    arity(ctx, inputs, 3);
    accepts(ctx, inputs[0], (d) => d === "bool", "a bool predicate");
    sameShape(ctx, inputs);
    const values = inputs.slice(1);
    sameDtype(ctx, values);
    const [x] = values;
    return [x.weak && !allWeak(values) ? aval(x.shape, x.dtype) : x];
  },
  clamp: nary(3, ORDERED),
  convert_element_type: (ctx, inputs, { dtype }) => {
    arity(ctx, inputs, 1);
    if ((inputs[0].dtype === "key") !== (dtype === "key")) {
      fail("TW2005", `convert_element_type: ${printAval(inputs[0])} cannot become ${dtype}: keys are opaque`, {
        span: ctx.span,
        help: "use random.keyData and random.wrapKeyData",
      });
    }
    return [aval(inputs[0].shape, dtype)];
  },
  bitcast_convert_type: (ctx, inputs, { dtype }) => {
    arity(ctx, inputs, 1);
    const [x] = inputs;
    if (x.dtype === dtype) return [aval(x.shape, dtype)];
    if (x.dtype === "key" || dtype === "key") bad(ctx, "keys are opaque", "use random.keyData and random.wrapKeyData");
    const [from, to] = [byteSize(x.dtype), byteSize(dtype)];
    if (from === to) {
      if (
        (bitWidth(x.dtype) === 1) !== (bitWidth(dtype) === 1) &&
        (x.dtype === "bool" || dtype === "bool") &&
        from !== 1
      )
        bad(ctx, "bool has one byte");
      return [aval(x.shape, dtype)];
    }
    if (from > to) return [aval([...x.shape, from / to], dtype)];
    const last = x.shape[x.shape.length - 1];
    if (last !== to / from) bad(ctx, `${printAval(x)} to ${dtype} needs a last axis of size ${to / from}`);
    return [aval(x.shape.slice(0, -1), dtype)];
  },
  reduce_precision: (ctx, inputs, { exponentBits, mantissaBits }) => {
    if (exponentBits < 1 || mantissaBits < 0)
      bad(ctx, `${exponentBits} exponent bits and ${mantissaBits} mantissa bits make no float`);
    return float1(ctx, inputs);
  },
  stop_gradient: unary(ANY),
} satisfies Rules<ElementwiseOps, AbstractEvalKind>;
