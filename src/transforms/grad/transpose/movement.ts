/** Transposes of the primitives that move elements: they move them back, and add where one went to several places. */
import { type Dim, dimAdd, dimSame, dimSub } from "../../../ir/dim.js";
import type { MovementOps } from "../../../ir/ops/index.js";
import type { Rules } from "../../../ir/rules.js";
import { dilate, type MaybeZero, sliceAxis } from "../emit.js";
import { nonlinear, type TransposeKind, unary } from "./rule.js";
import { range } from "../../../util/index.js";

export const movement = {
  reshape: unary((b, ct, x) => b.reshape(ct, x.shape)),
  transpose: unary((b, ct, _x, { perm }) =>
    b.transpose(
      ct,
      perm.map((_, i) => perm.indexOf(i)),
    ),
  ),
  // new axes and axes stretched from 1 are summed away
  broadcast_in_dim: unary((b, ct, x, { shape, dims }) => {
    const stretched = dims.filter((d, i) => x.shape[i] === 1 && shape[d] !== 1);
    const axes = range(shape.length).filter((a) => !dims.includes(a) || stretched.includes(a));
    return b.reshape(b.reduceSum(ct, axes), x.shape);
  }),
  slice: unary((b, ct, x, { start, strides }) => {
    const { shape } = ct.aval;
    const reach = shape.map((n, i) => dimAdd(start[i], dilate(n, strides[i])));
    return b.emit1("pad", [ct, b.scalar(0, ct.aval.dtype)], {
      low: start,
      high: reach.map((r, i) => dimSub(x.shape[i], r)),
      interior: strides.map((s) => s - 1),
    });
  }),
  pad: (b, [ct], [operand, filler], { low, high, interior }, ctx) => {
    if (ct === null) return [null, null];
    const { shape, dtype } = ctx.eqn.inputs[0].aval;
    // cut off (or, where the rule cropped, fill with zeros), then skip the holes
    const cropped = b.emit1("pad", [ct, b.scalar(0, dtype)], {
      low: low.map((d) => dimSub(0, d)),
      high: high.map((d) => dimSub(0, d)),
      interior: shape.map(() => 0),
    });
    const inside = interior.every((n) => n === 0)
      ? cropped
      : b.emit1("slice", [cropped], {
          start: shape.map(() => 0),
          limit: cropped.aval.shape,
          strides: interior.map((n) => n + 1),
        });
    const all = range(shape.length);
    const outside = (): MaybeZero => {
      // elements that were cropped by the rule are in `inside` as zeros, so the difference is what the filler got
      return b.sub(b.reduceSum(ct, all), b.reduceSum(inside, all));
    };
    return [operand === null ? inside : null, filler === null ? outside() : null];
  },
  concatenate: (b, [ct], inputs, { axis }, ctx) => {
    let from: Dim = 0;
    return inputs.map((x, i): MaybeZero => {
      const start = from;
      from = dimAdd(from, ctx.eqn.inputs[i].aval.shape[axis]);
      if (x !== null || ct === null) return null;
      return dimSame(start, 0) && dimSame(from, ct.aval.shape[axis]) ? ct : sliceAxis(b, ct, axis, start, from);
    });
  },
  rev: unary((b, ct, _x, params) => b.emit1("rev", [ct], params)),
  iota: nonlinear("it has no operands"),
} satisfies Rules<MovementOps, TransposeKind>;
