/** Formulas that overflow or cancel, replaced by ones that are right wherever the result can be held. */
import type { Atom } from "../../ir/program.js";
import { on, type RewriteContext } from "../rule.js";
import { isNumber, isSmaller, number } from "./values.js";

/** The other operand of `a + c`, `c + a`. */
function addend(r: RewriteContext, a: Atom, c: number): Atom | undefined {
  const made = r.made(a, "add");
  if (!made) return undefined;
  const [x, y] = made.inputs;
  if (isNumber(r.constant(y), c)) return x;
  return isNumber(r.constant(x), c) ? y : undefined;
}

/** log(1 + eˣ) = max(x, 0) + log1p(e^−|x|). */
function softplus(r: RewriteContext, x: Atom): Atom {
  const small = r.emit("exp", [r.emit("neg", [r.emit("abs", [x], {})], {})], {});
  return r.emit("add", [r.emit("max", [x, number(r, x.aval, 0)], {}), r.emit("log1p", [small], {})], {});
}

/** True when `x` is something minus (what came from) its maximum: exp of it cannot overflow. */
function isShifted(r: RewriteContext, x: Atom): boolean {
  const made = r.made(x, "sub");
  return made !== undefined && comesFromMax(r, made.inputs[1], 6);
}
function comesFromMax(r: RewriteContext, a: Atom, depth: number): boolean {
  if (r.made(a, "reduce_max")) return true;
  if (depth === 0) return false;
  for (const prim of [
    "broadcast_in_dim",
    "reshape",
    "transpose",
    "convert_element_type",
    "stop_gradient",
    "optimization_barrier",
  ] as const) {
    const made = r.made(a, prim);
    if (made) return comesFromMax(r, made.inputs[0], depth - 1);
  }
  const chosen = r.made(a, "select") ?? r.made(a, "max");
  return chosen !== undefined && chosen.inputs.some((x) => comesFromMax(r, x, depth - 1));
}

/** For a = Σ eˢ that may overflow: s less its greatest value, and the sum of that one's exponentials. */
function shiftedSum(r: RewriteContext, a: Atom): { of: Atom; shift: Atom; shifted: Atom; total: Atom } | undefined {
  const sum = r.made(a, "reduce_sum");
  const e = sum && r.made(sum.inputs[0], "exp");
  if (!sum || !e) return undefined;
  const [s] = e.inputs;
  const { axes } = sum.params;
  if (isShifted(r, s) || axes.some((i) => s.aval.shape[i] === 0)) return undefined;
  const most = r.emit("reduce_max", [s], { axes });
  // nothing is taken off ±∞: ∞ − ∞ would be NaN
  const shift = r.emit("select", [r.emit("is_finite", [most], {}), most, number(r, most.aval, 0)], {});
  const dims = s.aval.shape.flatMap((_, i) => (axes.includes(i) ? [] : [i]));
  const shifted = r.emit("sub", [s, r.emit("broadcast_in_dim", [shift], { shape: s.aval.shape, dims })], {});
  return { of: s, shift, shifted, total: r.emit("reduce_sum", [r.emit("exp", [shifted], {})], { axes }) };
}

export const stable = {
  "log(exp x)": on("log", (r, { inputs: [x] }) => r.made(x, "exp")?.inputs[0]),
  "log(1 + exp x)": on("log", (r, { inputs: [x] }) => {
    const other = addend(r, x, 1);
    const e = other && r.made(other, "exp");
    return e && softplus(r, e.inputs[0]);
  }),
  "log1p(exp x)": on("log1p", (r, { inputs: [x] }) => {
    const e = r.made(x, "exp");
    // of the form that this rule itself makes
    if (!e || r.made(e.inputs[0], "neg")?.inputs.some((a) => r.made(a, "abs"))) return undefined;
    return softplus(r, e.inputs[0]);
  }),
  "log(1 + x)": on("log", (r, { inputs: [x] }) => {
    const other = addend(r, x, 1);
    return other && r.emit("log1p", [other], {});
  }),
  "exp(x) - 1": on(["sub", "add"], (r, { prim, inputs: [x, y] }) => {
    const minusOne = prim === "sub" ? 1 : -1;
    const [e, c] = prim === "add" && r.constant(x) !== undefined ? [y, x] : [x, y];
    const made = r.made(e, "exp");
    return made && isNumber(r.constant(c), minusOne) ? r.emit("expm1", [made.inputs[0]], {}) : undefined;
  }),
  "1 / (1 + exp(-x))": on("div", (r, { inputs: [one, x] }) => {
    const other = isNumber(r.constant(one), 1) ? addend(r, x, 1) : undefined;
    const e = other && r.made(other, "exp");
    return e && r.emit("logistic", [r.emit("neg", [e.inputs[0]], {})], {});
  }),
  // log(eˢ / b) = s − log b; where b is Σ eˢ (log-softmax) the greatest s is taken off first
  "log(exp s / b)": on("log", (r, { inputs: [x] }) => {
    const ratio = r.made(x, "div");
    const e = ratio && r.made(ratio.inputs[0], "exp");
    if (!e) return undefined;
    const [s] = e.inputs;
    const spread = r.made(ratio.inputs[1], "broadcast_in_dim");
    const stable = spread && shiftedSum(r, spread.inputs[0]);
    if (!stable || stable.of !== s) return r.emit("sub", [s, r.emit("log", [ratio.inputs[1]], {})], {});
    const logTotal = r.emit("broadcast_in_dim", [r.emit("log", [stable.total], {})], spread.params);
    return r.emit("sub", [stable.shifted, logTotal], {});
  }),
  "log Σ exp x": on("log", (r, { inputs: [x] }) => {
    const stable = shiftedSum(r, x);
    return stable && r.emit("add", [stable.shift, r.emit("log", [stable.total], {})], {});
  }),
  "1 / sqrt x": on("div", (r, { inputs: [x, y] }) => {
    const root = r.made(y, "sqrt");
    return root && isNumber(r.constant(x), 1) ? r.emit("rsqrt", root.inputs, {}) : undefined;
  }),
  // one reciprocal root for many quotients
  "x / broadcast(sqrt y)": on("div", (r, { inputs: [x, y] }) => {
    const spread = r.made(y, "broadcast_in_dim");
    const root = spread && r.made(spread.inputs[0], "sqrt");
    if (!root || !isSmaller(root.inputs[0].aval, y.aval)) return undefined;
    const inverse = r.emit("broadcast_in_dim", [r.emit("rsqrt", root.inputs, {})], spread.params);
    return r.emit("mul", [x, inverse], {});
  }),
};
