/** Bools and bits, comparisons, choices. */
import { isFloat, isWide, limits } from "../../ir/dtype.js";
import type { Prim } from "../../ir/ops/index.js";
import type { Atom } from "../../ir/program.js";
import { on, type RewriteContext } from "../rule.js";
import { isNumber } from "./values.js";

/** True for bool's true and an integer's all ones. */
function allOnes(r: RewriteContext, a: Atom): boolean {
  const c = r.constant(a);
  const { dtype } = a.aval;
  if (c === undefined) return false;
  if (dtype === "bool") return c === true;
  const { min, max } = limits(dtype);
  return isWide(dtype) ? BigInt(c) === (min < 0 ? -1n : max) : Number(c) === (min < 0 ? -1 : max);
}
const allZeros = (r: RewriteContext, a: Atom): boolean => {
  const c = r.constant(a);
  return c === false || isNumber(c, 0);
};

/** What holds exactly when the other does not; with NaNs that is so for eq and ne only. */
const OPPOSITE: Partial<Record<Prim, "eq" | "ne" | "lt" | "le" | "gt" | "ge">> = {
  eq: "ne",
  ne: "eq",
  lt: "ge",
  ge: "lt",
  gt: "le",
  le: "gt",
};
const COMPARISONS = ["eq", "ne", "lt", "le", "gt", "ge"] as const;

export const logic = {
  "x and y": on("and", (r, { inputs: [x, y] }) => {
    if (x === y || allOnes(r, y) || allZeros(r, x)) return x;
    return allOnes(r, x) || allZeros(r, y) ? y : undefined;
  }),
  "x or y": on("or", (r, { inputs: [x, y] }) => {
    if (x === y || allZeros(r, y) || allOnes(r, x)) return x;
    return allZeros(r, x) || allOnes(r, y) ? y : undefined;
  }),
  "x xor 0": on("xor", (r, { inputs: [x, y] }) => (allZeros(r, y) ? x : allZeros(r, x) ? y : undefined)),
  "not not x": on("not", (r, { inputs: [x] }) => r.made(x, "not")?.inputs[0]),
  "not of a comparison": on("not", (r, { inputs: [x] }) => {
    if (x.aval.dtype !== "bool") return undefined;
    for (const prim of COMPARISONS) {
      const made = r.made(x, prim);
      const opposite = OPPOSITE[prim];
      if (!made || !opposite) continue;
      if (isFloat(made.inputs[0].aval.dtype) && prim !== "eq" && prim !== "ne") return undefined;
      return r.emit(opposite, made.inputs, {});
    }
    return undefined;
  }),
  "x compared with itself": on(COMPARISONS, (r, { prim, inputs: [x, y], outputs: [out] }) => {
    if (x !== y || isFloat(x.aval.dtype)) return undefined;
    return r.splat(out.aval, prim === "eq" || prim === "le" || prim === "ge");
  }),
  "select of a constant predicate": on("select", (r, { inputs: [p, x, y] }) => {
    const c = r.constant(p);
    return c === undefined ? (x === y ? x : undefined) : c ? x : y;
  }),
  "select by not p": on("select", (r, { inputs: [p, x, y] }) => {
    const made = r.made(p, "not");
    return made && r.emit("select", [made.inputs[0], y, x], {});
  }),
  "select of true and false": on("select", (r, { inputs: [p, x, y] }) => {
    if (x.aval.dtype !== "bool") return undefined;
    const [a, b] = [r.constant(x), r.constant(y)];
    if (a === true && b === false) return p;
    return a === false && b === true ? r.emit("not", [p], {}) : undefined;
  }),
  stop_gradient: on("stop_gradient", (_r, { inputs: [x] }) => x),
};
