/** Identities of arithmetic. Those that a NaN, an infinity or a rounding could break are left to integers. */
import { isFloat, isInt, isUnsignedInt } from "../../ir/dtype.js";
import { on } from "../rule.js";
import { isExact, isNumber, isPowerOfTwo, number } from "./values.js";

export const arithmetic = {
  // -0 + 0 is 0, so this one may change the sign of a zero
  "x + 0": on("add", (r, { inputs: [x, y] }) =>
    isNumber(r.constant(y), 0) ? x : isNumber(r.constant(x), 0) ? y : undefined,
  ),
  "x - 0": on("sub", (r, { inputs: [x, y] }) => (isNumber(r.constant(y), 0) ? x : undefined)),
  "x + -y": on("add", (r, { inputs: [x, y] }) => {
    const [right, left] = [r.made(y, "neg"), r.made(x, "neg")];
    return right ? r.emit("sub", [x, right.inputs[0]], {}) : left ? r.emit("sub", [y, left.inputs[0]], {}) : undefined;
  }),
  "x - -y": on("sub", (r, { inputs: [x, y] }) => {
    const negated = r.made(y, "neg");
    return negated && r.emit("add", [x, negated.inputs[0]], {});
  }),
  "x - x": on("sub", (r, { inputs: [x, y] }) => (x === y && isExact(x.aval.dtype) ? number(r, x.aval, 0) : undefined)),
  "x * 1": on("mul", (r, { inputs: [x, y] }) =>
    isNumber(r.constant(y), 1) ? x : isNumber(r.constant(x), 1) ? y : undefined,
  ),
  "x * 0": on("mul", (r, { inputs: [x, y] }) =>
    isExact(x.aval.dtype) && (isNumber(r.constant(y), 0) || isNumber(r.constant(x), 0))
      ? number(r, x.aval, 0)
      : undefined,
  ),
  "x * -1": on("mul", (r, { inputs: [x, y] }) =>
    isNumber(r.constant(y), -1)
      ? r.emit("neg", [x], {})
      : isNumber(r.constant(x), -1)
        ? r.emit("neg", [y], {})
        : undefined,
  ),
  "-x * -y": on(["mul", "div"], (r, { prim, inputs: [x, y] }) => {
    const [a, b] = [r.made(x, "neg"), r.made(y, "neg")];
    if (!a || !b || (prim === "div" && !isFloat(x.aval.dtype))) return undefined;
    return r.emit(prim, [a.inputs[0], b.inputs[0]], {});
  }),
  // (x + a) + b and (x * a) * b: exact in integers only
  "constants of a chain": on(["add", "mul"], (r, { prim, inputs: [x, y] }) => {
    if (!isExact(x.aval.dtype)) return undefined;
    const [chain, c] = r.constant(y) === undefined ? [y, x] : [x, y];
    const inner = r.made(chain, prim);
    if (!inner || r.constant(c) === undefined) return undefined;
    const [u, v] = inner.inputs;
    if (r.constant(v) !== undefined) return r.emit(prim, [u, r.emit(prim, [v, c], {})], {});
    if (r.constant(u) !== undefined) return r.emit(prim, [v, r.emit(prim, [u, c], {})], {});
    return undefined;
  }),
  "x / 1": on("div", (r, { inputs: [x, y] }) => (isNumber(r.constant(y), 1) ? x : undefined)),
  // both round the same real number once
  "x / 2^k": on("div", (r, { inputs: [x, y] }) => {
    const { dtype } = x.aval;
    const c = r.constant(y);
    if (isFloat(dtype)) return isPowerOfTwo(c, dtype) ? r.emit("mul", [x, r.splat(y.aval, 1 / c)], {}) : undefined;
    if (!isUnsignedInt(dtype)) return undefined;
    const shift = log2(c);
    return shift === undefined ? undefined : r.emit("shift_right_logical", [x, number(r, y.aval, shift)], {});
  }),
  "x mod 2^k": on("rem", (r, { inputs: [x, y] }) => {
    const c = r.constant(y);
    if (!isUnsignedInt(x.aval.dtype) || log2(c) === undefined || c === undefined) return undefined;
    return r.emit("and", [x, r.splat(y.aval, typeof c === "bigint" ? c - 1n : Number(c) - 1)], {});
  }),
  "--x": on("neg", (r, { inputs: [x] }) => r.made(x, "neg")?.inputs[0]),
  "|-x|": on("abs", (r, { inputs: [x] }) => {
    const negated = r.made(x, "neg");
    return negated ? r.emit("abs", [negated.inputs[0]], {}) : r.made(x, "abs") ? x : undefined;
  }),
  "abs of unsigned": on(["abs", "sign"], (_r, { prim, inputs: [x] }) =>
    prim === "abs" && isUnsignedInt(x.aval.dtype) ? x : undefined,
  ),
  "rounding of whole numbers": on(["floor", "ceil", "round"], (r, { inputs: [x] }) => {
    if (r.made(x, "floor") || r.made(x, "ceil") || r.made(x, "round")) return x;
    const whole = r.made(x, "convert_element_type");
    return whole && isInt(whole.inputs[0].aval.dtype) ? x : undefined;
  }),
  "small powers": on("integer_pow", (r, { inputs: [x], params: { y } }) => {
    const square = () => r.emit("mul", [x, x], {});
    // a product of three rounds twice: too much for narrow floats
    const wide = !isFloat(x.aval.dtype) || x.aval.dtype === "f32" || x.aval.dtype === "f64";
    switch (y) {
      case 0:
        return number(r, x.aval, 1);
      case 1:
        return x;
      case 2:
        return square();
      case 3:
        return wide ? r.emit("mul", [square(), x], {}) : undefined;
      case 4:
        return wide ? r.emit("mul", [square(), square()], {}) : undefined;
      case -1:
        return r.emit("div", [number(r, x.aval, 1), x], {});
      default:
        return undefined;
    }
  }),
  "powers with small constants": on("pow", (r, { inputs: [x, y] }) => {
    const c = r.constant(y);
    if (typeof c !== "number" || !Number.isInteger(c) || Math.abs(c) > 4) return undefined;
    return r.emit("integer_pow", [x], { y: c });
  }),
  "extremes of one value": on(["max", "min"], (r, { prim, inputs: [x, y] }) => {
    if (x === y) return x;
    const neutral = prim === "max" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    if (!isFloat(x.aval.dtype)) return undefined;
    return r.constant(y) === neutral ? x : r.constant(x) === neutral ? y : undefined;
  }),
};

/** k where c = 2^k. */
function log2(c: number | bigint | boolean | undefined): number | undefined {
  const n = Number(c ?? 0);
  const k = Math.log2(n);
  return n > 0 && Number.isInteger(k) && k < 63 ? k : undefined;
}
