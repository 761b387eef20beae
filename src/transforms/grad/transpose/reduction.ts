/** Transposes of sums, cumulative sums and windows. */
import type { Builder } from "../../../ir/builder.js";
import { type Dim, dimAdd, dimMul, dimSub, isStatic, type Shape } from "../../../ir/dim.js";
import type { ReductionOps, Window } from "../../../ir/ops/index.js";
import type { Atom } from "../../../ir/program.js";
import type { Rules } from "../../../ir/rules.js";
import { dilate, maskTo, unreduce } from "../emit.js";
import { unpatch, windowPatches } from "../window.js";
import { failNotLinear, nonlinear, type TransposeKind, unary } from "./rule.js";
import { range } from "../../../util/index.js";

const chosen = nonlinear("which element wins depends on all of them");
const product = nonlinear("elements multiply each other");
const discrete = nonlinear("its operands or results are not floats");

/**
 * Element p of the padded, dilated operand was read by the windows j with j·stride + k·dilation = p. So the cotangent,
 * spread by the strides, is summed by windows of the same shape that lie before p instead of after it.
 */
function windowSumTranspose(b: Builder, ct: Atom, shape: Shape, w: Window): Atom {
  const apart = apartTranspose(b, ct, shape, w);
  if (apart) return apart;
  const zero = b.scalar(0, ct.aval.dtype);
  const low: Dim[] = [];
  const high: Dim[] = [];
  shape.forEach((n, i) => {
    const reach = (w.windowDims[i] - 1) * w.windowDilation[i];
    const wanted = dimAdd(dilate(n, w.baseDilation[i]), reach);
    low.push(reach - w.padding[i][0]);
    high.push(dimSub(dimSub(wanted, low[i]), dilate(ct.aval.shape[i], w.strides[i])));
  });
  const spread = b.emit1("pad", [ct, zero], { low, high, interior: w.strides.map((s) => s - 1) });
  const summed = b.emit1("reduce_window", [spread], {
    op: "sum",
    windowDims: w.windowDims,
    strides: shape.map(() => 1),
    padding: shape.map((): [number, number] => [0, 0]),
    baseDilation: shape.map(() => 1),
    windowDilation: w.windowDilation,
  });
  if (w.baseDilation.every((d) => d === 1)) return summed;
  return b.emit1("slice", [summed], {
    start: shape.map(() => 0),
    limit: summed.aval.shape,
    strides: w.baseDilation,
  });
}

/** Windows that lie side by side, without padding: every element gets the cotangent of its own. */
function apartTranspose(b: Builder, ct: Atom, shape: Shape, w: Window): Atom | undefined {
  const plain = shape.every(
    (n, i) =>
      isStatic(n) &&
      w.windowDims[i] === w.strides[i] &&
      w.baseDilation[i] === 1 &&
      w.windowDilation[i] === 1 &&
      w.padding[i].every((p) => p === 0),
  );
  if (!plain) return undefined;
  const counts = ct.aval.shape;
  const spread = b.broadcast(
    ct,
    counts.flatMap((n, i) => [n, w.windowDims[i]]),
    counts.map((_, i) => 2 * i),
  );
  const covered = counts.map((n, i) => dimMul(n, w.windowDims[i]));
  const none = shape.map(() => 0);
  return b.emit1("pad", [b.reshape(spread, covered), b.scalar(0, ct.aval.dtype)], {
    low: none,
    high: shape.map((n, i) => dimSub(n, covered[i])),
    interior: none,
  });
}

/** The place of each window that won, as 1 among 0 on a new last axis: the first of equals. */
function winners(b: Builder, operand: Atom, w: Window, result: Shape, select: "ge" | "le"): Atom {
  const least = select === "ge" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const patches = windowPatches(b, operand, w, least);
  const axis = result.length;
  const first = b.emit1(select === "ge" ? "argmax" : "argmin", [patches], { axis, dtype: "i32" });
  const { shape } = patches.aval;
  return b.op("eq", b.iota(shape, axis, "i32"), b.broadcast(first, shape, range(axis)));
}

export const reduction = {
  reduce_sum: unary((b, ct, x, { axes }) => unreduce(b, ct, x.shape, axes)),
  reduce_prod: product,
  reduce_max: chosen,
  reduce_min: chosen,
  reduce_and: discrete,
  reduce_or: discrete,
  reduce_xor: discrete,
  argmax: discrete,
  argmin: discrete,
  cumsum: unary((b, ct, _x, { axis, reverse }) => b.emit1("cumsum", [ct], { axis, reverse: !reverse })),
  cumprod: product,
  cummax: chosen,
  cummin: chosen,
  cumlogsumexp: nonlinear("it bends"),
  reduce_window: (b, [ct], _inputs, params, ctx) => {
    if (params.op !== "sum") return failNotLinear(ctx, `it takes the ${params.op} of each window`);
    return [ct && windowSumTranspose(b, ct, ctx.eqn.inputs[0].aval.shape, params)];
  },
  select_and_scatter_add: (b, [ct], [, operand], params, ctx) => {
    if (operand === null) return failNotLinear(ctx, "where the winners stand depends on the linear inputs");
    const one = params.strides.map(() => 1);
    const window = { ...params, baseDilation: one, windowDilation: one };
    return [ct && b.emit1("select_and_gather_add", [ct, operand], window), null];
  },
  select_and_gather_add: (b, [ct], [, operand], params, ctx) => {
    if (operand === null) return failNotLinear(ctx, "where the winners stand depends on the linear inputs");
    if (ct === null) return [null, null];
    const { baseDilation, windowDilation, ...window } = params;
    if ([...baseDilation, ...windowDilation].every((d) => d === 1)) {
      return [b.emit1("select_and_scatter_add", [ct, operand], window), null];
    }
    const mask = winners(b, operand, params, ct.aval.shape, params.select);
    const { shape } = mask.aval;
    const each = maskTo(b, mask, b.broadcast(ct, shape, range(shape.length - 1)));
    return [unpatch(b, each, operand.aval.shape, params), null];
  },
} satisfies Rules<ReductionOps, TransposeKind>;
