/** Forward-mode rules of reductions, cumulative operations and window reductions. */
import type { Builder } from "../../../ir/builder.js";
import { dimProduct } from "../../../ir/dim.js";
import { isFloat } from "../../../ir/dtype.js";
import type { Axes, Cumulative, ReductionOps } from "../../../ir/ops/index.js";
import type { AnyEqn, Atom } from "../../../ir/program.js";
import type { Rules } from "../../../ir/rules.js";
import { copyEqn, indicator, linearRecurrence, type MaybeZero, maskTo, shift, takeAlong, unreduce } from "../emit.js";
import { windowPatches } from "../window.js";
import { type JvpKind, type JvpOut, linear, linearIn, zeroTangent } from "./rule.js";
import { otherAxes } from "../../../util/index.js";

const indices = zeroTangent("positions are integers");
const bits = zeroTangent("integers and booleans have no tangents");

/** Σᵢ tᵢ Πⱼ≠ᵢ xⱼ over the last axis; products of what stands before and after, so zeros in x do no harm. */
function productTangent(b: Builder, x: Atom, t: Atom): Atom {
  const axis = x.aval.shape.length - 1;
  const before = b.emit1("cumprod", [shift(b, x, axis, false, 1)], { axis, reverse: false });
  const after = b.emit1("cumprod", [shift(b, x, axis, true, 1)], { axis, reverse: true });
  return b.reduceSum(b.mul(t, b.mul(before, after)), [axis]);
}

/** Moves `axes` to the end and makes them one. */
function lastAxis(b: Builder, x: Atom, axes: readonly number[]): Atom {
  const { shape } = x.aval;
  const kept = otherAxes(shape.length, axes);
  const moved = b.transpose(x, [...kept, ...axes]);
  return b.reshape(moved, [...kept.map((i) => shape[i]), dimProduct(axes.map((i) => shape[i]))]);
}

/** The tangent of the element that won; the mean of theirs where several are equal. */
function reduceExtremum(
  b: Builder,
  primals: readonly Atom[],
  [t]: readonly MaybeZero[],
  { axes }: Axes,
  eqn: AnyEqn,
): JvpOut {
  const [x] = primals;
  const [y] = copyEqn(b, eqn, primals);
  if (t === null) return { primals: [y], tangents: [null] };
  const mask = b.op("eq", x, unreduce(b, y, x.aval.shape, axes));
  const count = b.reduceSum(indicator(b, mask, y.aval.dtype), axes);
  return { primals: [y], tangents: [b.div(b.reduceSum(maskTo(b, mask, t), axes), count)] };
}

/** The tangent of the element that holds the record so far (of equals, the one seen last). */
function cumulativeExtremum(
  b: Builder,
  primals: readonly Atom[],
  [t]: readonly MaybeZero[],
  { axis, reverse }: Cumulative,
  eqn: AnyEqn,
): JvpOut {
  const [x] = primals;
  const [y] = copyEqn(b, eqn, primals);
  if (t === null) return { primals: [y], tangents: [null] };
  const { shape } = x.aval;
  const place = b.iota(shape, axis, "i32");
  const record = b.op("eq", x, y);
  // the latest place in the direction of the scan: the greatest going up, the least coming down
  const never = reverse ? b.full(shape, 2 ** 31 - 1, "i32") : b.full(shape, 0, "i32");
  const latest = b.emit1(reverse ? "cummin" : "cummax", [b.select(record, place, never)], { axis, reverse });
  return { primals: [y], tangents: [takeAlong(b, t, latest, axis)] };
}

export const reduction = {
  reduce_sum: linear,
  reduce_prod: (b, primals, [t], { axes }, eqn) => {
    const outs = copyEqn(b, eqn, primals);
    const tangent = t && productTangent(b, lastAxis(b, primals[0], axes), lastAxis(b, t, axes));
    return { primals: outs, tangents: [tangent] };
  },
  reduce_max: reduceExtremum,
  reduce_min: reduceExtremum,
  reduce_and: bits,
  reduce_or: bits,
  reduce_xor: bits,
  argmax: indices,
  argmin: indices,
  cumsum: linear,
  // y[i] = y[i-1] x[i], so dy[i] = x[i] dy[i-1] + y[i-1] t[i]
  cumprod: (b, primals, [t], { axis, reverse }, eqn) => {
    const [x] = primals;
    const [y] = copyEqn(b, eqn, primals);
    const d = t && linearRecurrence(b, x, b.mul(shift(b, y, axis, reverse, 1), t), axis, reverse);
    return { primals: [y], tangents: [d] };
  },
  cummax: cumulativeExtremum,
  cummin: cumulativeExtremum,
  // dy[i] = e^(y[i-1] - y[i]) dy[i-1] + e^(x[i] - y[i]) t[i]; both factors lie in [0, 1]
  cumlogsumexp: (b, primals, [t], { axis, reverse }, eqn) => {
    const [x] = primals;
    const [y] = copyEqn(b, eqn, primals);
    if (t === null) return { primals: [y], tangents: [null] };
    const finite = b.select(b.op("is_finite", y), y, b.fullLike(y, 0)); // -∞ - -∞ is not a number
    const before = b.op("exp", b.sub(shift(b, y, axis, reverse, Number.NEGATIVE_INFINITY), finite));
    const own = b.op("exp", b.sub(x, finite));
    return { primals: [y], tangents: [linearRecurrence(b, before, b.mul(own, t), axis, reverse)] };
  },
  reduce_window: (b, primals, [t], params, eqn) => {
    const outs = copyEqn(b, eqn, primals);
    const { op, ...window } = params;
    const [x] = primals;
    if (t === null || !isFloat(x.aval.dtype)) return { primals: outs, tangents: [null] };
    switch (op) {
      case "sum":
        return { primals: outs, tangents: [b.emit1("reduce_window", [t], params)] };
      case "max":
      case "min": {
        const select = op === "max" ? "ge" : "le";
        return { primals: outs, tangents: [b.emit1("select_and_gather_add", [t, x], { ...window, select })] };
      }
      case "prod": {
        const d = productTangent(b, windowPatches(b, x, window, 1), windowPatches(b, t, window, 0));
        return { primals: outs, tangents: [d] };
      }
    }
  },
  // which element wins does not change with the operand where a derivative exists
  select_and_scatter_add: linearIn(1),
  select_and_gather_add: linearIn(1),
} satisfies Rules<ReductionOps, JvpKind>;
