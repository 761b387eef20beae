/** Transposes of the elementwise primitives: sums, products with what is fixed, choices by a fixed mask. */
import type { Builder } from "../../../ir/builder.js";
import type { ElementwiseOps } from "../../../ir/ops/index.js";
import type { Atom } from "../../../ir/program.js";
import type { Rules } from "../../../ir/rules.js";
import { type MaybeZero, maskTo } from "../emit.js";
import { failNotLinear, nonlinear, type Operand, type TransposeContext, type TransposeKind, unary } from "./rule.js";

const curved = nonlinear("it bends");
const stepped = nonlinear("it is constant between its jumps");
const discrete = nonlinear("its operands or results are not floats");
const chosen = nonlinear("which operand wins depends on all of them");

/** A sum of linear operands; beside one that is not, the sum is affine, and strictly that is no linear function. */
function sum(sign: (b: Builder, ct: Atom) => Atom) {
  return (b: Builder, [ct]: readonly MaybeZero[], [x, y]: readonly Operand[], _p: unknown, ctx: TransposeContext) => {
    const fixed = x ?? y;
    if (ctx.strict && fixed !== null && !ctx.isZero(fixed)) failNotLinear(ctx, "a constant is added");
    return [x === null ? ct : null, y === null ? ct && sign(b, ct) : null];
  };
}
export const elementwise = {
  neg: unary((b, ct) => b.neg(ct)),
  abs: curved,
  sign: stepped,
  floor: stepped,
  ceil: stepped,
  round: stepped,
  integer_pow: (_b, [ct], _inputs, { y }, ctx) => (y === 1 ? [ct] : failNotLinear(ctx, `it is a power of ${y}`)),
  not: discrete,
  population_count: discrete,
  clz: discrete,
  is_finite: discrete,
  exp: curved,
  exp2: curved,
  expm1: curved,
  log: curved,
  log1p: curved,
  sqrt: curved,
  rsqrt: curved,
  cbrt: curved,
  logistic: curved,
  sin: curved,
  cos: curved,
  tan: curved,
  asin: curved,
  acos: curved,
  atan: curved,
  sinh: curved,
  cosh: curved,
  tanh: curved,
  asinh: curved,
  acosh: curved,
  atanh: curved,
  erf: curved,
  erfc: curved,
  erf_inv: curved,
  lgamma: curved,
  digamma: curved,
  bessel_i0e: curved,
  bessel_i1e: curved,
  igamma: curved,
  igammac: curved,
  igamma_grad_a: curved,
  random_gamma_grad: curved,
  polygamma: curved,
  zeta: curved,
  regularized_incomplete_beta: curved,
  add: sum((_b, ct) => ct),
  sub: sum((b, ct) => b.neg(ct)),
  mul: (b, [ct], [x, y], _params, ctx) => {
    if (ct === null) return [null, null];
    if (x === null && y !== null) return [b.mul(ct, y), null];
    if (y === null && x !== null) return [null, b.mul(x, ct)];
    return failNotLinear(ctx, "both factors depend on the linear inputs");
  },
  div: (b, [ct], [, y], _params, ctx) => {
    if (y === null) return failNotLinear(ctx, "the divisor depends on the linear inputs");
    return [ct && b.div(ct, y), null];
  },
  rem: curved,
  pow: curved,
  max: chosen,
  min: chosen,
  atan2: curved,
  nextafter: curved,
  and: discrete,
  or: discrete,
  xor: discrete,
  shift_left: discrete,
  shift_right_logical: discrete,
  shift_right_arithmetic: discrete,
  eq: discrete,
  ne: discrete,
  lt: discrete,
  le: discrete,
  gt: discrete,
  ge: discrete,
  select: (b, [ct], [pred, x, y], _params, ctx) => {
    if (pred === null) return failNotLinear(ctx, "the mask depends on the linear inputs");
    if (ct === null) return [null, null, null];
    return [null, x === null ? maskTo(b, pred, ct) : null, y === null ? b.select(pred, b.fullLike(ct, 0), ct) : null];
  },
  clamp: chosen,
  convert_element_type: unary((b, ct, x) => b.convert(ct, x.dtype)),
  bitcast_convert_type: (_b, [ct], _inputs, { dtype }, ctx) =>
    ctx.eqn.inputs[0].aval.dtype === dtype ? [ct] : failNotLinear(ctx, "it reads the bits"),
  // rounding is taken for the identity, as its derivative takes it
  reduce_precision: unary((b, ct, _x, params) => b.emit1("reduce_precision", [ct], params)),
  stop_gradient: () => [null],
} satisfies Rules<ElementwiseOps, TransposeKind>;
