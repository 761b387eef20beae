/** Elementwise templates: unary functions in their domains, arithmetic, comparisons, bits, conversions. */
import type { Params, Prim } from "../../../src/ir/ops/index.js";
import { bitWidth, isFloat, isInt } from "../../../src/ir/dtype.js";
import { LARGEST } from "./bounds.js";
import type { ProgramMaker, Value } from "../fuzz-program.js";
import type { Template } from "./templates.js";

type Unary = Extract<
  Prim,
  | "sin"
  | "cos"
  | "tanh"
  | "logistic"
  | "exp"
  | "expm1"
  | "atan"
  | "erf"
  | "sinh"
  | "cosh"
  | "asinh"
  | "neg"
  | "exp2"
  | "bessel_i1e"
  | "log"
  | "log1p"
  | "sqrt"
  | "rsqrt"
  | "lgamma"
  | "digamma"
  | "atanh"
  | "asin"
  | "tan"
  | "erfc"
  | "cbrt"
  | "acosh"
  | "erf_inv"
  | "acos"
  | "bessel_i0e"
>;
/** Functions defined everywhere: the bound that the operand is pressed to first, and that of the result. */
const ENTIRE: readonly (readonly [Unary, number, (x: number) => number])[] = [
  ["sin", 50, () => 1],
  ["cos", 50, () => 1],
  ["tanh", 50, () => 1],
  ["logistic", 50, () => 1],
  ["atan", LARGEST, () => 1.6],
  ["erf", 50, () => 1],
  ["erfc", 4, () => 2],
  ["asinh", LARGEST, (x) => x],
  ["neg", LARGEST, (x) => x],
  ["exp", 3, Math.exp],
  ["exp2", 4, (x) => 2 ** x],
  ["expm1", 3, Math.exp],
  ["sinh", 3, Math.exp],
  ["cosh", 3, Math.exp],
  ["bessel_i1e", 20, () => 1],
  ["bessel_i0e", 20, () => 1],
];
/** Functions of y = 1/2 + x² (or of tanh(x)/2), where they are smooth; bound for |x| ≤ 4. */
const ON_POSITIVE: readonly (readonly [Unary, number])[] = [
  ["log", 3],
  ["log1p", 3],
  ["sqrt", 5],
  ["rsqrt", 2],
  ["cbrt", 3],
  ["lgamma", 40],
  ["digamma", 4],
];
const ON_UNIT: readonly (readonly [Unary, number])[] = [
  ["atanh", 0.6],
  ["acos", 2.2],
  ["asin", 0.6],
  ["tan", 0.6],
  ["erf_inv", 0.5],
];

export function apply<P extends Prim>(
  m: ProgramMaker,
  prim: P,
  inputs: readonly Value[],
  bound: number,
  params: Params<P> = {} as Params<P>,
): true {
  m.keep(
    m.b.emit1(
      prim,
      inputs.map((v) => v.atom),
      params,
    ),
    bound,
  );
  return true;
}

export const number = (v: Value): boolean => isFloat(v.atom.aval.dtype) || isInt(v.atom.aval.dtype);

/** Two operands of one type, pressed so that the result stays below LARGEST. */
export function two(m: ProgramMaker, fits: (v: Value) => boolean, limit: number): readonly [Value, Value] | undefined {
  const x = m.find(fits);
  if (!x) return undefined;
  const y = m.sameType(x) ?? x;
  return isFloat(x.atom.aval.dtype) ? [m.squash(x, limit), m.squash(y, limit)] : [x, y];
}

export const elementwise: readonly Template[] = [
  {
    name: "entire",
    weight: 1,
    make(m) {
      const x = m.float();
      if (!x) return false;
      const [prim, limit, bound] = m.rng.pick(ENTIRE);
      const y = m.squash(x, limit);
      return apply(m, prim, [y], bound(y.bound));
    },
  },
  {
    name: "on positive numbers",
    weight: 0.6,
    make(m) {
      const x = m.float();
      if (!x) return false;
      const { atom } = m.squash(x, 4);
      const y = m.b.add(m.b.mul(atom, atom), m.constant(atom.aval, 0.5).atom);
      const [prim, bound] = m.rng.pick(ON_POSITIVE);
      return apply(m, prim, [{ atom: y, bound: 17 }], bound);
    },
  },
  {
    name: "on (-1, 1)",
    weight: 0.4,
    make(m) {
      const x = m.float();
      if (!x) return false;
      const [prim, bound] = m.rng.pick(ON_UNIT);
      return apply(m, prim, [m.squash(x, 0.5)], bound);
    },
  },
  {
    name: "integer_pow",
    weight: 0.4,
    make(m) {
      const x = m.find(number);
      if (!x) return false;
      const y = m.rng.int(0, 4);
      const base = isFloat(x.atom.aval.dtype) ? m.squash(x, 4) : x;
      return apply(m, "integer_pow", [base], Math.max(1, base.bound ** y), { y });
    },
  },
  {
    name: "add, sub",
    weight: 1,
    make(m) {
      const xy = two(m, number, LARGEST / 2);
      return !!xy && apply(m, m.rng.pick(["add", "sub"] as const), xy, xy[0].bound + xy[1].bound);
    },
  },
  {
    name: "mul",
    weight: 1,
    make(m) {
      const xy = two(m, number, 30);
      return !!xy && apply(m, "mul", xy, xy[0].bound * xy[1].bound);
    },
  },
  {
    name: "div",
    weight: 0.5,
    make(m) {
      const xy = two(m, (v) => isFloat(v.atom.aval.dtype), 30);
      if (!xy) return false;
      const [x, { atom: y }] = xy;
      // 1 + y² keeps away from zero
      const below = m.b.add(m.b.mul(y, y), m.constant(y.aval, 1).atom);
      return apply(m, "div", [x, { atom: below, bound: 901 }], x.bound);
    },
  },
  {
    name: "integer div, rem",
    weight: 0.4,
    make(m) {
      const xy = two(m, (v) => isInt(v.atom.aval.dtype), 0);
      return !!xy && apply(m, m.rng.pick(["div", "rem"] as const), xy, Number.POSITIVE_INFINITY);
    },
  },
  {
    name: "atan2, pow",
    weight: 0.3,
    make(m) {
      const xy = two(m, (v) => isFloat(v.atom.aval.dtype), 2);
      if (!xy) return false;
      const positive = (v: Value): Value => ({
        atom: m.b.add(m.b.mul(v.atom, v.atom), m.constant(v.atom.aval, 0.5).atom),
        bound: 4.5,
      });
      return m.rng.chance(0.5)
        ? apply(m, "atan2", [xy[0], positive(xy[1])], 1.6)
        : apply(m, "pow", [positive(xy[0]), xy[1]], 21);
    },
  },
  {
    name: "max, min",
    weight: 0.6,
    kinked: true,
    make(m) {
      const xy = two(m, number, LARGEST);
      return !!xy && apply(m, m.rng.pick(["max", "min"] as const), xy, Math.max(xy[0].bound, xy[1].bound));
    },
  },
  {
    name: "abs, sign, floor, ceil, round",
    weight: 0.4,
    kinked: true,
    make(m) {
      const x = m.float();
      if (!x) return false;
      if (m.rng.chance(0.3))
        return apply(m, "round", [x], x.bound + 1, { method: m.rng.pick(["even", "away"] as const) });
      return apply(m, m.rng.pick(["abs", "sign", "floor", "ceil"] as const), [x], x.bound + 1);
    },
  },
  {
    name: "comparison",
    weight: 0.6,
    kinked: true,
    make(m) {
      const xy = two(m, number, LARGEST);
      return !!xy && apply(m, m.rng.pick(["lt", "le", "gt", "ge", "eq", "ne"] as const), xy, 1);
    },
  },
  {
    name: "integer comparison",
    weight: 0.6,
    make(m) {
      const xy = two(m, (v) => isInt(v.atom.aval.dtype), 0);
      return !!xy && apply(m, m.rng.pick(["lt", "ge", "eq"] as const), xy, 1);
    },
  },
  {
    name: "select",
    weight: 1,
    make(m) {
      const p = m.find((v) => v.atom.aval.dtype === "bool");
      if (!p) return false;
      const { shape } = p.atom.aval;
      const x = m.find((v) => v.atom.aval.shape.join() === shape.join());
      const y = x && m.sameType(x);
      return !!x && !!y && apply(m, "select", [p, x, y], Math.max(x.bound, y.bound));
    },
  },
  {
    name: "clamp",
    weight: 0.3,
    kinked: true,
    make(m) {
      const x = m.find(number);
      if (!x) return false;
      const lo = m.constant(x.atom.aval, 0);
      const hi = m.constant(x.atom.aval, m.rng.int(1, 4));
      return apply(m, "clamp", [lo, x, hi], 4);
    },
  },
  {
    name: "bits",
    weight: 0.6,
    make(m) {
      const xy = two(m, (v) => isInt(v.atom.aval.dtype) || v.atom.aval.dtype === "bool", 0);
      if (!xy) return false;
      if (m.rng.chance(0.2)) return apply(m, "not", [xy[0]], Number.POSITIVE_INFINITY);
      const shifts = ["shift_left", "shift_right_logical", "shift_right_arithmetic"] as const;
      if (isInt(xy[0].atom.aval.dtype) && m.rng.chance(0.3))
        return apply(m, m.rng.pick(shifts), xy, Number.POSITIVE_INFINITY);
      if (isInt(xy[0].atom.aval.dtype) && m.rng.chance(0.2)) {
        return apply(m, m.rng.pick(["population_count", "clz"] as const), [xy[0]], bitWidth(xy[0].atom.aval.dtype));
      }
      return apply(m, m.rng.pick(["and", "or", "xor"] as const), xy, Number.POSITIVE_INFINITY);
    },
  },
  {
    name: "convert",
    weight: 0.7,
    make(m) {
      const x = m.find((v) => v.atom.aval.dtype !== "key");
      if (!x) return false;
      const from = x.atom.aval.dtype;
      // a float turned into an integer jumps
      const to = m.rng.pick(
        isFloat(from) && m.options.smooth
          ? m.options.floats
          : [...m.options.floats, ...m.options.ints, "bool" as const],
      );
      if (to === from) return false;
      const small = isFloat(to) ? m.squash(x, LARGEST) : x;
      return apply(
        m,
        "convert_element_type",
        [small],
        isInt(to) && isInt(from) ? Number.POSITIVE_INFINITY : small.bound,
        { dtype: to },
      );
    },
  },
  {
    name: "threefry",
    weight: 0.3,
    make(m) {
      const x = m.find((v) => v.atom.aval.dtype === "u32");
      if (!x) return false;
      const words = [0, 1, 2, 3].map(() => (m.sameType(x) ?? x).atom);
      for (const y of m.b.emit("threefry2x32", words, {})) m.keep(y, Number.POSITIVE_INFINITY);
      return true;
    },
  },
  {
    name: "philox",
    weight: 0.2,
    make(m) {
      const x = m.find((v) => v.atom.aval.dtype === "u32");
      if (!x) return false;
      const words = [0, 1, 2, 3, 4, 5].map(() => (m.sameType(x) ?? x).atom);
      for (const y of m.b.emit("philox4x32", words, {})) m.keep(y, Number.POSITIVE_INFINITY);
      return true;
    },
  },
  {
    name: "optimization_barrier, stop_gradient",
    weight: 0.2,
    make(m) {
      const x = m.find(() => true);
      const y = m.find(() => true);
      if (!x || !y) return false;
      if (!m.options.differentiable && m.rng.chance(0.3)) return apply(m, "stop_gradient", [x], x.bound);
      const [a, b] = m.b.emit("optimization_barrier", [x.atom, y.atom], {});
      m.keep(a, x.bound);
      m.keep(b, y.bound);
      return true;
    },
  },
];
