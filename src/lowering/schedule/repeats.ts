/** What is computed several times where a value is computed where it is used. */
import { type Dim, dimAdd, dimAtLeast, dimProduct } from "../../ir/dim.js";
import type { AnyEqn, Var } from "../../ir/program.js";
import { dimsOf } from "./rule.js";

export function sizeOf(v: Var): Dim {
  return dimProduct(dimsOf(v));
}

/** Does computing `v` where this equation reads it mean computing its elements several times? */
export function repeats(eqn: AnyEqn, v: Var): boolean {
  switch (eqn.prim) {
    case "broadcast_in_dim": {
      if (sizeOf(v) === 1) return false;
      // along leading axes every row would compute it again; along trailing ones the inner loop shares it
      const { dims } = eqn.params;
      const shape = dimsOf(v);
      const out = eqn.params.shape;
      const firstOwn = dims.findIndex((_, i) => shape[i] !== 1);
      if (firstOwn < 0) return false;
      for (let i = 0; i < dims[firstOwn]; i++) if (out[i] !== 1) return true;
      return dims.some(
        (d, i) => i > firstOwn && shape[i] === 1 && out[d] !== 1 && dims.some((_, j) => j > i && shape[j] !== 1),
      );
    }
    case "gather":
      // fewer elements than there are: each is computed where it is wanted
      return eqn.inputs[0] !== v || !isSmaller(eqn.outputs[0], v);
    case "reduce_window":
    case "select_and_gather_add":
    case "dot_general":
    case "conv_general_dilated":
      return true;
    default:
      return false;
  }
}

function isSmaller(a: Var, b: Var): boolean {
  return dimAtLeast(sizeOf(b), dimAdd(sizeOf(a), 1)) === true;
}
