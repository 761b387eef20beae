/** Forward-mode rules of sorting: tangents travel with the values, by the permutation that the sort found. */
import { isFloat } from "../../../ir/dtype.js";
import type { SortOps } from "../../../ir/ops/index.js";
import type { Rules } from "../../../ir/rules.js";
import { copyEqn, takeAlong } from "../emit.js";
import type { JvpKind } from "./rule.js";

export const sort = {
  // positions are one operand more, sorted along with the others
  sort: (b, primals, tangents, params) => {
    const { shape } = primals[0].aval;
    const sorted = b.emit("sort", [...primals, b.iota(shape, params.axis, "i32")], params);
    const order = sorted[primals.length];
    return {
      primals: sorted.slice(0, primals.length),
      tangents: tangents.map((t) => t && takeAlong(b, t, order, params.axis)),
    };
  },
  top_k: (b, primals, [t], _params, eqn) => {
    const [values, places] = copyEqn(b, eqn, primals);
    const differentiable = t !== null && isFloat(values.aval.dtype);
    return {
      primals: [values, places],
      tangents: [differentiable ? takeAlong(b, t, places, values.aval.shape.length - 1) : null, null],
    };
  },
} satisfies Rules<SortOps, JvpKind>;
