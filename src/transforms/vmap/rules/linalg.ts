/** Matrices are the last two axes; a batch axis is one more axis before them. */
import { dimFloorDiv } from "../../../ir/dim.js";
import type { LinalgOps } from "../../../ir/ops/index.js";
import type { Rules } from "../../../ir/rules.js";
import { mergeAxis, moveAxis, rankOf, splitAxis } from "../axes.js";
import { type BatchKind, emitAs, leading, same, someDim } from "../rule.js";

const matrices = leading(2);

export const linalg = {
  cholesky: matrices,
  triangular_solve: (b, inputs, dims, params, ctx) => {
    const [a, rhs] = inputs;
    if (dims[0] !== null) return matrices(b, inputs, dims, params, ctx);
    // one matrix for all elements: their right-hand sides stand side by side
    const dim = someDim(dims);
    const rank = rankOf(rhs, dim);
    const axis = params.leftSide ? rank - 1 : rank - 2;
    const columns = mergeAxis(b, moveAxis(b, rhs, dim, axis), axis);
    const [x] = emitAs(b, ctx, [a, columns], params);
    const { axisSize } = ctx;
    return same([splitAxis(b, x, axis, axisSize, dimFloorDiv(x.aval.shape[axis], axisSize))], axis);
  },
  lu: matrices,
  qr: matrices,
  eigh: matrices,
  svd: matrices,
} satisfies Rules<LinalgOps, BatchKind>;
