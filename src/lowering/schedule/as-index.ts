/** Integer expressions of kernels as indices. */
import { type Dim, dimAtLeast } from "../../ir/dim.js";
import { type Affine, addIndex, constantIndex, divideIndex, type OpaqueMaker, rangeOf, scaleIndex } from "./affine.js";
import type { Node } from "./node.js";
import { countOf, rangeOfCount } from "./rewrite.js";

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
        break;
      }
      default:
    }
    if (n.kind === "load" && countOf(n)) return x.opaque(n, ...rangeOfCount(n));
    return x.opaque(n, ...INT32);
  };
  return affine(node);
}

const INT32 = [-(2 ** 31), 2 ** 31 - 1] as const;
