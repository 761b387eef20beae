/** Forward-mode rules of the elementwise primitives. */
import type { Builder } from "../../../ir/builder.js";
import { isFloat } from "../../../ir/dtype.js";
import type { ElementwiseOps } from "../../../ir/ops/index.js";
import type { Atom } from "../../../ir/program.js";
import type { Rules } from "../../../ir/rules.js";
import { addAll, copyEqn, emitLike, instantiate, maskTo, scale } from "../emit.js";
import { elementwise1, type JvpKind, linear, notDifferentiable, partials, zeroTangent } from "./rule.js";
import { special } from "./special.js";

const one = (b: Builder, like: Atom): Atom => b.fullLike(like, 1);
const square = (b: Builder, x: Atom): Atom => b.mul(x, x);
const reciprocal = (b: Builder, x: Atom): Atom => b.div(one(b, x), x);

const integers = zeroTangent("integers and booleans have no tangents");
const flat = zeroTangent("constant between its jumps");

/** max and min: the tangent of the one that won, half of each where they are equal. */
function extremum(wins: "gt" | "lt") {
  const factor = (b: Builder, x: Atom, y: Atom): Atom => {
    const half = b.select(b.op("eq", x, y), b.fullLike(x, 0.5), b.fullLike(x, 0));
    return b.select(b.op(wins, x, y), one(b, x), half);
  };
  return partials(
    (b, [x, y]) => factor(b, x, y),
    (b, [x, y]) => factor(b, y, x),
  );
}

export const elementwise = {
  // numbers
  neg: linear,
  abs: elementwise1((b, x) => b.op("sign", x)),
  sign: flat,
  floor: flat,
  ceil: flat,
  round: flat,
  integer_pow: (b, primals, [t], { y }, eqn) => {
    const [x] = primals;
    const outs = copyEqn(b, eqn, primals);
    if (t === null || y === 0) return { primals: outs, tangents: [null] };
    if (y === 1) return { primals: outs, tangents: [t] };
    const slope = y === 2 ? x : b.emit1("integer_pow", [x], { y: y - 1 });
    return { primals: outs, tangents: [b.mul(t, scale(b, slope, y))] };
  },
  not: integers,
  population_count: integers,
  clz: integers,
  is_finite: zeroTangent("the result is a boolean"),
  // floating point
  exp: elementwise1((_b, _x, y) => y),
  exp2: elementwise1((b, _x, y) => scale(b, y, Math.LN2)),
  expm1: elementwise1((b, _x, y) => b.add(y, one(b, y))),
  log: elementwise1((b, x) => reciprocal(b, x)),
  log1p: elementwise1((b, x) => reciprocal(b, b.add(x, one(b, x)))),
  sqrt: elementwise1((b, _x, y) => b.div(b.fullLike(y, 0.5), y)),
  // of y alone, which is at hand wherever the derivative is taken
  rsqrt: elementwise1((b, _x, y) => scale(b, b.mul(y, square(b, y)), -0.5)),
  cbrt: elementwise1((b, _x, y) => b.div(b.fullLike(y, 1 / 3), square(b, y))),
  logistic: elementwise1((b, _x, y) => b.mul(y, b.sub(one(b, y), y))),
  sin: elementwise1((b, x) => b.op("cos", x)),
  cos: elementwise1((b, x) => b.neg(b.op("sin", x))),
  tan: elementwise1((b, _x, y) => b.add(one(b, y), square(b, y))),
  asin: elementwise1((b, x) => b.op("rsqrt", b.sub(one(b, x), square(b, x)))),
  acos: elementwise1((b, x) => b.neg(b.op("rsqrt", b.sub(one(b, x), square(b, x))))),
  atan: elementwise1((b, x) => reciprocal(b, b.add(one(b, x), square(b, x)))),
  sinh: elementwise1((b, x) => b.op("cosh", x)),
  cosh: elementwise1((b, x) => b.op("sinh", x)),
  tanh: elementwise1((b, _x, y) => b.sub(one(b, y), square(b, y))),
  asinh: elementwise1((b, x) => b.op("rsqrt", b.add(square(b, x), one(b, x)))),
  // 1/√((x-1)(x+1)) keeps its accuracy near x = 1, where x² - 1 cancels
  acosh: elementwise1((b, x) => b.mul(b.op("rsqrt", b.sub(x, one(b, x))), b.op("rsqrt", b.add(x, one(b, x))))),
  atanh: elementwise1((b, x) => reciprocal(b, b.mul(b.sub(one(b, x), x), b.add(one(b, x), x)))),
  ...special,
  // two operands
  add: (b, primals, tangents, _params, eqn) => ({ primals: copyEqn(b, eqn, primals), tangents: [addAll(b, tangents)] }),
  sub: (b, primals, [tx, ty], _params, eqn) => {
    const outs = copyEqn(b, eqn, primals);
    if (tx !== null && ty !== null) return { primals: outs, tangents: [b.sub(tx, ty)] };
    return { primals: outs, tangents: [ty === null ? tx : b.neg(ty)] };
  },
  mul: (b, primals, [tx, ty], _params, eqn) => {
    const [x, y] = primals;
    const outs = copyEqn(b, eqn, primals);
    // a square has one product, not two
    if (x === y && tx !== null) return { primals: outs, tangents: [b.mul(tx, b.add(x, x))] };
    return { primals: outs, tangents: [addAll(b, [tx && b.mul(tx, y), ty && b.mul(ty, x)])] };
  },
  div: (b, primals, [tx, ty], _params, eqn) => {
    const [, y] = primals;
    const [out] = copyEqn(b, eqn, primals);
    const top = tx && b.div(tx, y);
    const bottom = ty && b.neg(b.mul(ty, b.div(out, y)));
    return { primals: [out], tangents: [addAll(b, [top, bottom])] };
  },
  // x - y · trunc(x / y)
  rem: partials(
    (b, [x]) => one(b, x),
    (b, [x, y]) => {
      const q = b.div(x, y);
      return b.neg(b.mul(b.op("sign", q), b.op("floor", b.op("abs", q))));
    },
  ),
  // At y = 0 the exponent y - 1 would make 0 · ∞ of x = 0, at x = 0 the logarithm would; both are replaced by 1.
  pow: partials(
    (b, [x, y]) => {
      const safe = b.select(b.op("eq", y, b.fullLike(y, 0)), one(b, y), y);
      return b.mul(y, b.op("pow", x, b.sub(safe, one(b, y))));
    },
    (b, [x], out) => b.mul(out, b.op("log", b.select(b.op("eq", x, b.fullLike(x, 0)), one(b, x), x))),
  ),
  max: extremum("gt"),
  min: extremum("lt"),
  atan2: partials(
    (b, [y, x]) => b.div(x, b.add(square(b, x), square(b, y))),
    (b, [y, x]) => b.neg(b.div(y, b.add(square(b, x), square(b, y)))),
  ),
  nextafter: notDifferentiable("it steps along the floating-point grid"),
  and: integers,
  or: integers,
  xor: integers,
  shift_left: integers,
  shift_right_logical: integers,
  shift_right_arithmetic: integers,
  eq: integers,
  ne: integers,
  lt: integers,
  le: integers,
  gt: integers,
  ge: integers,
  // three operands
  select: (b, primals, [, tx, ty], _params, eqn) => {
    const [pred, x, y] = primals;
    const t = b.select(pred, instantiate(b, tx, x.aval), instantiate(b, ty, y.aval));
    return { primals: copyEqn(b, eqn, primals), tangents: [t] };
  },
  clamp: (b, primals, [tlow, tx, thigh], _params, eqn) => {
    const [low, x, high] = primals;
    const inside = (): Atom => b.op("and", b.op("gt", x, low), b.op("lt", x, high));
    const terms = [
      tlow && maskTo(b, b.op("and", b.op("ge", low, x), b.op("lt", low, high)), tlow),
      tx && maskTo(b, inside(), tx),
      // what min and max meet in is the upper bound, as clamp is min(max(x, low), high)
      thigh && maskTo(b, b.op("or", b.op("ge", x, high), b.op("ge", low, high)), thigh),
    ];
    return { primals: copyEqn(b, eqn, primals), tangents: [addAll(b, terms)] };
  },
  // types
  convert_element_type: (b, primals, [t], { dtype }, eqn) => ({
    primals: copyEqn(b, eqn, primals),
    tangents: [t && isFloat(dtype) ? b.convert(t, dtype) : null],
  }),
  bitcast_convert_type: (b, primals, [t], { dtype }, eqn) => ({
    primals: copyEqn(b, eqn, primals),
    tangents: [primals[0].aval.dtype === dtype ? t : null],
  }),
  reduce_precision: (b, primals, [t], _params, eqn) => ({
    primals: copyEqn(b, eqn, primals),
    tangents: [t && emitLike(b, eqn, [t])[0]],
  }),
  stop_gradient: zeroTangent("this is what it is for"),
} satisfies Rules<ElementwiseOps, JvpKind>;
