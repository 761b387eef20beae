/** Keys and threefry: counters and keys are batched like any other values. */
import type { RandomOps } from "../../../ir/ops/index.js";
import type { Rules } from "../../../ir/rules.js";
import { moveAxis, rankOf } from "../axes.js";
import { type BatchKind, elementwise, emitAs, same, someDim } from "../rule.js";

export const random = {
  threefry2x32: elementwise,
  philox4x32: elementwise,
  // the two words of a key stay on the last axis
  random_wrap: (b, [x], dims, params, ctx) => {
    const dim = someDim(dims);
    const at = dim === rankOf(x, dim) ? 0 : dim;
    return same(emitAs(b, ctx, [moveAxis(b, x, dim, at)], params), at);
  },
  random_unwrap: elementwise,
} satisfies Rules<RandomOps, BatchKind>;
