/** Reductions, cumulative ops and windows. */
import { type Aval, aval, printAval } from "../aval.js";
import { type Dim, dimAdd, dimFloorDiv, dimMul, dimSub } from "../dim.js";
import { type DType, isFloat, isInt } from "../dtype.js";
import type { Axes, Cumulative, ReductionOps, Window } from "../ops/index.js";
import type { Rules } from "../rules.js";
import { accepts, bad, checkAxes, checkAxis, checkLength, sameDtype } from "./check.js";
import type { AbstractEvalContext, AbstractEvalKind } from "./index.js";

const numbers = (d: DType): boolean => isFloat(d) || isInt(d);
const ordered = (d: DType): boolean => d !== "key";
const bits = (d: DType): boolean => isInt(d) || d === "bool";

function reduce(accepted: (d: DType) => boolean, kinds: string) {
  return (ctx: AbstractEvalContext, [x]: readonly Aval[], { axes }: Axes): readonly Aval[] => {
    accepts(ctx, x, accepted, kinds);
    checkAxes(ctx, axes, x.shape.length);
    return [
      aval(
        x.shape.filter((_, i) => !axes.includes(i)),
        x.dtype,
        x.weak,
      ),
    ];
  };
}
function cumulative(accepted: (d: DType) => boolean, kinds: string) {
  return (ctx: AbstractEvalContext, [x]: readonly Aval[], { axis }: Cumulative): readonly Aval[] => {
    accepts(ctx, x, accepted, kinds);
    checkAxis(ctx, axis, x.shape.length);
    return [x];
  };
}
function argReduce(
  ctx: AbstractEvalContext,
  [x]: readonly Aval[],
  { axis, dtype }: { axis: number; dtype: DType },
): readonly Aval[] {
  accepts(ctx, x, ordered, "numbers or bools");
  checkAxis(ctx, axis, x.shape.length);
  if (!isInt(dtype)) bad(ctx, `indices cannot be ${dtype}`);
  if (x.shape[axis] === 0) bad(ctx, `axis ${axis} of ${printAval(x)} is empty`, "an empty axis has no extremum");
  return [
    aval(
      x.shape.filter((_, i) => i !== axis),
      dtype,
    ),
  ];
}

/** Sizes after a window of `windowDims` slid over padded, dilated axes. */
function windowShape(
  ctx: AbstractEvalContext,
  x: Aval,
  w: Omit<Window, "baseDilation" | "windowDilation"> & Partial<Window>,
): Dim[] {
  const rank = x.shape.length;
  for (const name of ["windowDims", "strides", "padding"] as const) checkLength(ctx, name, w[name], rank);
  return x.shape.map((n, i) =>
    windowSize(
      ctx,
      n,
      w.windowDims[i],
      w.strides[i],
      w.padding[i],
      w.baseDilation?.[i] ?? 1,
      w.windowDilation?.[i] ?? 1,
    ),
  );
}
export function windowSize(
  ctx: AbstractEvalContext,
  n: Dim,
  window: Dim,
  stride: number,
  padding: readonly [number, number],
  baseDilation: number,
  windowDilation: number,
): Dim {
  if (stride < 1 || baseDilation < 1 || windowDilation < 1) bad(ctx, "strides and dilations are 1 or more");
  const base =
    baseDilation === 1 ? n : typeof n === "number" && n === 0 ? 0 : dimAdd(dimMul(dimSub(n, 1), baseDilation), 1);
  const padded = dimAdd(base, padding[0] + padding[1]);
  const span = windowDilation === 1 ? window : dimAdd(dimMul(dimSub(window, 1), windowDilation), 1);
  const room = dimSub(padded, span);
  if (typeof room === "number" && room < 0) return 0;
  return stride === 1 ? dimAdd(room, 1) : dimAdd(dimFloorDiv(room, stride), 1);
}

export const reduction = {
  reduce_sum: reduce(numbers, "numbers"),
  reduce_prod: reduce(numbers, "numbers"),
  reduce_max: reduce(ordered, "numbers or bools"),
  reduce_min: reduce(ordered, "numbers or bools"),
  reduce_and: reduce(bits, "bools or integers"),
  reduce_or: reduce(bits, "bools or integers"),
  reduce_xor: reduce(bits, "bools or integers"),
  argmax: argReduce,
  argmin: argReduce,
  cumsum: cumulative(numbers, "numbers"),
  cumprod: cumulative(numbers, "numbers"),
  cummax: cumulative(ordered, "numbers"),
  cummin: cumulative(ordered, "numbers"),
  cumlogsumexp: cumulative(isFloat, "floats"),
  reduce_window: (ctx, [x], params) => {
    accepts(ctx, x, numbers, "numbers");
    return [aval(windowShape(ctx, x, params), x.dtype, x.weak)];
  },
  select_and_scatter_add: (ctx, [source, operand], params) => {
    sameDtype(ctx, [source, operand]);
    const shape = windowShape(ctx, operand, params);
    if (
      shape.length !== source.shape.length ||
      shape.some((d, i) => typeof d === "number" && typeof source.shape[i] === "number" && d !== source.shape[i])
    ) {
      bad(
        ctx,
        `the source ${printAval(source)} does not have the shape of the windows [${shape.map(String).join(", ")}]`,
      );
    }
    return [aval(operand.shape, operand.dtype)];
  },
  select_and_gather_add: (ctx, [tangents, operand], params) => {
    sameDtype(ctx, [tangents, operand]);
    return [aval(windowShape(ctx, operand, params), operand.dtype)];
  },
} satisfies Rules<ReductionOps, AbstractEvalKind>;
