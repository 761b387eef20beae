/** Factorisations of the matrices in the last two axes. */
import { fail } from "../../diagnostics/error.js";
import { type Aval, aval, printAval } from "../aval.js";
import { type Dim, dimMin } from "../dim.js";
import type { LinalgOps } from "../ops/index.js";
import type { Rules } from "../rules.js";
import { accepts, differ, sameDtype } from "./check.js";
import type { AbstractEvalContext, AbstractEvalKind } from "./index.js";

function matrix(ctx: AbstractEvalContext, x: Aval): { lead: readonly Dim[]; m: Dim; n: Dim } {
  accepts(ctx, x, (d) => d === "f32" || d === "f64", "f32 or f64");
  if (x.shape.length < 2)
    fail("TW2007", `${ctx.prim}: needs a matrix, not ${printAval(x)}`, {
      span: ctx.span,
      help: "give an array with at least two axes",
    });
  return { lead: x.shape.slice(0, -2), m: x.shape[x.shape.length - 2], n: x.shape[x.shape.length - 1] };
}
function square(ctx: AbstractEvalContext, x: Aval): { lead: readonly Dim[]; n: Dim } {
  const { lead, m, n } = matrix(ctx, x);
  if (differ(m, n))
    fail("TW2001", `${ctx.prim}: needs square matrices, not ${printAval(x)}`, {
      span: ctx.span,
      help: "the last two axes must have one size",
    });
  return { lead, n };
}

export const linalg = {
  cholesky: (ctx, [x]) => {
    square(ctx, x);
    return [aval(x.shape, x.dtype)];
  },
  triangular_solve: (ctx, [a, b], { leftSide }) => {
    const { lead, n } = square(ctx, a);
    const rhs = matrix(ctx, b);
    sameDtype(ctx, [a, b]);
    if (
      rhs.lead.length !== lead.length ||
      rhs.lead.some((d, i) => differ(d, lead[i])) ||
      differ(leftSide ? rhs.m : rhs.n, n)
    ) {
      fail("TW2001", `triangular_solve: ${printAval(a)} does not fit ${printAval(b)}`, {
        span: ctx.span,
        help: leftSide ? "b must have as many rows as a" : "b must have as many columns as a",
      });
    }
    return [aval(b.shape, b.dtype)];
  },
  lu: (ctx, [x]) => {
    const { lead, m, n } = matrix(ctx, x);
    return [aval(x.shape, x.dtype), aval([...lead, dimMin(m, n)], "i32"), aval([...lead, m], "i32")];
  },
  qr: (ctx, [x], { fullMatrices }) => {
    const { lead, m, n } = matrix(ctx, x);
    const k = fullMatrices ? m : dimMin(m, n);
    return [aval([...lead, m, k], x.dtype), aval([...lead, k, n], x.dtype)];
  },
  eigh: (ctx, [x]) => {
    const { lead, n } = square(ctx, x);
    return [aval([...lead, n], x.dtype), aval(x.shape, x.dtype)];
  },
  svd: (ctx, [x], { fullMatrices }) => {
    const { lead, m, n } = matrix(ctx, x);
    const k = dimMin(m, n);
    return [
      aval([...lead, m, fullMatrices ? m : k], x.dtype),
      aval([...lead, k], x.dtype),
      aval([...lead, fullMatrices ? n : k, n], x.dtype),
    ];
  },
} satisfies Rules<LinalgOps, AbstractEvalKind>;
