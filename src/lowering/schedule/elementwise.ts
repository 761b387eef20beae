/** Elementwise primitives: each becomes the tile operation of the same name, fused into whoever reads it. */
import { byteSize } from "../../ir/dtype.js";
import type { ElementwiseOps } from "../../ir/ops/index.js";
import type { ElementwisePrim } from "../../ir/tile.js";
import { kernelDType } from "./expand.js";
import { type PointRule, point, type ScheduleKind } from "./rule.js";
import type { Rules } from "../../ir/rules.js";

function plain<P extends ElementwisePrim>(prim: P, cost: number): PointRule<ElementwiseOps[P]> {
  return point(cost, (x, eqn, output, pos, guard) => {
    const args = eqn.inputs.map((a) => x.value(a, pos, guard));
    return x.op(prim, args, kernelDType(eqn.outputs[output].aval.dtype), eqn.params);
  });
}

const CHEAP = 1;
const DIVISION = 4;
const POLYNOMIAL = 12;
const SPECIAL = 60;
const SERIES = 200;

export const elementwise = {
  neg: plain("neg", CHEAP),
  abs: plain("abs", CHEAP),
  sign: plain("sign", CHEAP),
  floor: plain("floor", CHEAP),
  ceil: plain("ceil", CHEAP),
  round: plain("round", CHEAP),
  integer_pow: point(
    (eqn) =>
      (eqn.params.y < 0 ? DIVISION : 0) + Math.max(1, 2 * Math.floor(Math.log2(Math.max(1, Math.abs(eqn.params.y))))),
    plain("integer_pow", 0).expand,
  ),
  not: plain("not", CHEAP),
  population_count: plain("population_count", DIVISION),
  clz: plain("clz", DIVISION),
  is_finite: plain("is_finite", CHEAP),
  exp: plain("exp", POLYNOMIAL),
  exp2: plain("exp2", POLYNOMIAL),
  expm1: plain("expm1", POLYNOMIAL),
  log: plain("log", POLYNOMIAL),
  log1p: plain("log1p", POLYNOMIAL),
  sqrt: plain("sqrt", DIVISION),
  rsqrt: plain("rsqrt", DIVISION),
  cbrt: plain("cbrt", POLYNOMIAL),
  logistic: plain("logistic", POLYNOMIAL),
  sin: plain("sin", POLYNOMIAL),
  cos: plain("cos", POLYNOMIAL),
  tan: plain("tan", POLYNOMIAL),
  asin: plain("asin", POLYNOMIAL),
  acos: plain("acos", POLYNOMIAL),
  atan: plain("atan", POLYNOMIAL),
  sinh: plain("sinh", POLYNOMIAL),
  cosh: plain("cosh", POLYNOMIAL),
  tanh: plain("tanh", POLYNOMIAL),
  asinh: plain("asinh", POLYNOMIAL),
  acosh: plain("acosh", POLYNOMIAL),
  atanh: plain("atanh", POLYNOMIAL),
  erf: plain("erf", POLYNOMIAL),
  erfc: plain("erfc", POLYNOMIAL),
  erf_inv: plain("erf_inv", POLYNOMIAL),
  lgamma: plain("lgamma", SPECIAL),
  digamma: plain("digamma", SPECIAL),
  bessel_i0e: plain("bessel_i0e", SPECIAL),
  bessel_i1e: plain("bessel_i1e", SPECIAL),
  igamma: plain("igamma", SERIES),
  igammac: plain("igammac", SERIES),
  igamma_grad_a: plain("igamma_grad_a", SERIES),
  random_gamma_grad: plain("random_gamma_grad", SERIES),
  polygamma: plain("polygamma", SERIES),
  zeta: plain("zeta", SERIES),
  regularized_incomplete_beta: plain("regularized_incomplete_beta", SERIES),
  add: plain("add", CHEAP),
  sub: plain("sub", CHEAP),
  mul: plain("mul", CHEAP),
  div: plain("div", DIVISION),
  rem: plain("rem", DIVISION),
  pow: plain("pow", 2 * POLYNOMIAL),
  max: plain("max", CHEAP),
  min: plain("min", CHEAP),
  atan2: plain("atan2", POLYNOMIAL),
  nextafter: plain("nextafter", DIVISION),
  and: plain("and", CHEAP),
  or: plain("or", CHEAP),
  xor: plain("xor", CHEAP),
  shift_left: plain("shift_left", CHEAP),
  shift_right_logical: plain("shift_right_logical", CHEAP),
  shift_right_arithmetic: plain("shift_right_arithmetic", CHEAP),
  eq: plain("eq", CHEAP),
  ne: plain("ne", CHEAP),
  lt: plain("lt", CHEAP),
  le: plain("le", CHEAP),
  gt: plain("gt", CHEAP),
  ge: plain("ge", CHEAP),
  select: plain("select", CHEAP),
  clamp: plain("clamp", CHEAP),
  convert_element_type: plain("convert_element_type", CHEAP),
  // between types of one width it is an operation; else the bytes are read with another stride
  bitcast_convert_type: {
    ...plain("bitcast_convert_type", 0),
    bytesOnly: (eqn) => byteSize(eqn.inputs[0].aval.dtype) !== byteSize(eqn.params.dtype),
  },
  reduce_precision: plain("reduce_precision", DIVISION),
  stop_gradient: {
    ...point<object>(0, (x, eqn, _output, pos, guard) => x.value(eqn.inputs[0], pos, guard)),
    aliasOf: 0,
  },
} satisfies Rules<ElementwiseOps, ScheduleKind>;
