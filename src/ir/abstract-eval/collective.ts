/** What one member of the named axis gets. */
import { aval, printAval } from "../aval.js";
import { type Dim, dimFloorDiv, dimMul } from "../dim.js";
import type { CollectiveOps } from "../ops/index.js";
import type { Rules } from "../rules.js";
import { bad, checkAxis } from "./check.js";
import type { AbstractEvalContext, AbstractEvalKind } from "./index.js";

function divide(ctx: AbstractEvalContext, n: Dim, parts: number): Dim {
  if (typeof n === "number" && n % parts !== 0)
    bad(ctx, `size ${n} does not divide into ${parts} parts`, "pad the axis");
  return dimFloorDiv(n, parts);
}

export const collective = {
  psum: (_ctx, inputs) => inputs,
  pmax: (_ctx, inputs) => inputs,
  pmin: (_ctx, inputs) => inputs,
  all_gather: (ctx, [x], { axisSize, axis, tiled }) => {
    checkAxis(ctx, axis, x.shape.length + (tiled ? 0 : 1));
    if (tiled)
      return [
        aval(
          x.shape.map((d, i) => (i === axis ? dimMul(d, axisSize) : d)),
          x.dtype,
        ),
      ];
    return [aval([...x.shape.slice(0, axis), axisSize, ...x.shape.slice(axis)], x.dtype)];
  },
  psum_scatter: (ctx, [x], { axisSize, axis, tiled }) => {
    checkAxis(ctx, axis, x.shape.length);
    if (tiled)
      return [
        aval(
          x.shape.map((d, i) => (i === axis ? divide(ctx, d, axisSize) : d)),
          x.dtype,
        ),
      ];
    if (x.shape[axis] !== axisSize) bad(ctx, `axis ${axis} of ${printAval(x)} must have the axis size ${axisSize}`);
    return [
      aval(
        x.shape.filter((_, i) => i !== axis),
        x.dtype,
      ),
    ];
  },
  all_to_all: (ctx, [x], { axisSize, splitAxis, concatAxis, tiled }) => {
    checkAxis(ctx, splitAxis, x.shape.length);
    checkAxis(ctx, concatAxis, x.shape.length);
    if (tiled) {
      const split = x.shape.map((d, i) => (i === splitAxis ? divide(ctx, d, axisSize) : d));
      return [
        aval(
          split.map((d, i) => (i === concatAxis ? dimMul(d, axisSize) : d)),
          x.dtype,
        ),
      ];
    }
    if (x.shape[splitAxis] !== axisSize)
      bad(ctx, `axis ${splitAxis} of ${printAval(x)} must have the axis size ${axisSize}`);
    const rest = x.shape.filter((_, i) => i !== splitAxis);
    return [aval([...rest.slice(0, concatAxis), axisSize, ...rest.slice(concatAxis)], x.dtype)];
  },
  ppermute: (ctx, inputs, { perm, axisSize }) => {
    const [from, to] = [perm.map((p) => p[0]), perm.map((p) => p[1])];
    if (new Set(from).size !== from.length || new Set(to).size !== to.length)
      bad(ctx, "a member sends or receives twice");
    if ([...from, ...to].some((i) => i < 0 || i >= axisSize)) bad(ctx, `a member outside of 0 … ${axisSize - 1}`);
    return inputs;
  },
  axis_index: () => [aval([], "i32")],
} satisfies Rules<CollectiveOps, AbstractEvalKind>;
