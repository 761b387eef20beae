/** Integer expressions of kernels as indices. */
import { type Dim, dimAtLeast } from "../../ir/dim.js";
import { type Affine, addIndex, constantIndex, divideIndex, type OpaqueMaker, rangeOf, scaleIndex } from "./affine.js";
import type { Node } from "./node.js";
import { compareRange, countOf, intervalOf, rangeOfCount } from "./rewrite.js";

/** An i32 expression as an index: affine as far as its sums and multiples go. */
export function asIndex(x: OpaqueMaker & { opaque(n: Node, lo: Dim, hi: Dim): Affine }, node: Node): Affine {
  const affine = (n: Node): Affine => {
    switch (n.kind) {
      case "const":
        return constantIndex(Number(n.value));
      case "index":
        return n.index;
      case "op": {
        const [a, b] = n.args;
        if (n.prim === "add") return addIndex(affine(a), affine(b));
        if (n.prim === "sub") return addIndex(affine(a), scaleIndex(affine(b), -1));
        if (n.prim === "mul" && a.kind === "const") return scaleIndex(affine(b), Number(a.value));
        if (n.prim === "mul" && b.kind === "const") return scaleIndex(affine(a), Number(b.value));
        if ((n.prim === "div" || n.prim === "rem") && b.kind === "const" && Number(b.value) > 0) {
          const whole = affine(a);
          if (dimAtLeast(rangeOf(whole)[0], 0) === true)
            return divideIndex(whole, Number(b.value), x)[n.prim === "div" ? 0 : 1];
        }
        if (n.prim === "select") {
          const t = truth(n.args[0]);
          if (t !== null) return affine(n.args[t ? 1 : 2]);
        }
        if (n.prim === "convert_element_type" && a.dtype === "bool") {
          const t = truth(a);
          if (t !== null) return constantIndex(t ? 1 : 0);
        }
        break;
      }
      default:
    }
    if (n.kind === "load" && countOf(n)) return x.opaque(n, ...rangeOfCount(n));
    return x.opaque(n, ...INT32);
  };
  /** What ranges decide of a condition: quotients that round down are made of those that round to zero. */
  const truth = (n: Node): boolean | null => {
    if (n.kind === "const") return Boolean(n.value);
    if (n.kind !== "op") return null;
    const [a, b] = n.args;
    if (n.prim === "not") return not(truth(a));
    if (n.prim === "and" || n.prim === "or") {
      const absorbing = n.prim === "or";
      const both = [truth(a), truth(b)];
      return both.includes(absorbing) ? absorbing : both.includes(null) ? null : !absorbing;
    }
    if (a?.dtype === "bool" && (n.prim === "ne" || n.prim === "eq")) {
      const [s, t] = [truth(a), truth(b)];
      return s === null || t === null ? null : (s === t) === (n.prim === "eq");
    }
    if (a?.dtype !== "i32" || !COMPARISONS.has(n.prim)) return null;
    return compareRange(n.prim, intervalOf(addIndex(affine(a), scaleIndex(affine(b), -1))));
  };
  return affine(node);
}
const not = (t: boolean | null): boolean | null => (t === null ? null : !t);
const COMPARISONS: ReadonlySet<string> = new Set(["lt", "le", "gt", "ge", "eq", "ne"]);

const INT32 = [-(2 ** 31), 2 ** 31 - 1] as const;
