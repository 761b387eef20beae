/** Transposes of contractions, in either operand: again contractions. */
import { dilate, staticSize, widest } from "../emit.js";
import type { Aval } from "../../../ir/aval.js";
import type { Builder } from "../../../ir/builder.js";
import { type Dim, dimAdd, dimFloorDiv, dimMul, dimSub } from "../../../ir/dim.js";
import type { ContractionOps, ConvParams, DotParams } from "../../../ir/ops/index.js";
import type { Atom } from "../../../ir/program.js";
import type { Rules } from "../../../ir/rules.js";
import { failNotLinear, type TransposeKind } from "./rule.js";
import { otherAxes, range } from "../../../util/index.js";

/** `f` of both in their wider dtype, the result in that of `x`. */
function inWider(b: Builder, ct: Atom, fixed: Atom, x: Aval, f: (ct: Atom, fixed: Atom) => Atom): Atom {
  const dtype = widest(ct.aval.dtype, fixed.aval.dtype);
  return b.convert(f(b.convert(ct, dtype), b.convert(fixed, dtype)), x.dtype);
}

/** Result axis k stands for axis `axes[k]` of the operand: puts them in order. */
function arrange(b: Builder, x: Atom, axes: readonly number[]): Atom {
  return b.transpose(
    x,
    axes.map((_, i) => axes.indexOf(i)),
  );
}

/** Axis numbers of `of`, in the order in which the axes of `by` that they are paired with ascend. */
function ascending(by: readonly number[], of: readonly number[]): number[] {
  return range(by.length)
    .sort((i, j) => by[i] - by[j])
    .map((i) => of[i]);
}

function dotTranspose(b: Builder, ct: Atom, fixed: Atom, x: Aval, p: DotParams, linear: "lhs" | "rhs"): Atom {
  const isLhs = linear === "lhs";
  const [contract, batch] = isLhs ? [p.lhsContract, p.lhsBatch] : [p.rhsContract, p.rhsBatch];
  const [fixedContract, fixedBatch] = isLhs ? [p.rhsContract, p.rhsBatch] : [p.lhsContract, p.lhsBatch];
  const free = range(x.shape.length).filter((a) => !contract.includes(a) && !batch.includes(a));
  const fixedFree = range(fixed.aval.shape.length).filter((a) => !fixedContract.includes(a) && !fixedBatch.includes(a));
  const ctBatch = range(batch.length);
  // axes of the cotangent that came from the fixed operand
  const from = batch.length + (isLhs ? free.length : 0);
  const ctContract = fixedFree.map((_, i) => from + i);
  const contracted = ascending(fixedContract, contract);
  return inWider(b, ct, fixed, x, (g, f) => {
    // the operand whose axes are the last ones of `x` comes second: then its rows are the result's
    const ctFirst = contract.includes(x.shape.length - 1) || free.length === 0;
    const dims = ctFirst
      ? { lhsContract: ctContract, rhsContract: fixedFree, lhsBatch: ctBatch, rhsBatch: fixedBatch }
      : { lhsContract: fixedFree, rhsContract: ctContract, lhsBatch: fixedBatch, rhsBatch: ctBatch };
    const product = b.emit1("dot_general", ctFirst ? [g, f] : [f, g], { ...dims, preferred: null });
    return arrange(b, product, ctFirst ? [...batch, ...free, ...contracted] : [...batch, ...contracted, ...free]);
  });
}

/** Takes `groups` as the major part out of axis `from` and makes it the major part of axis `to`. */
function moveGroups(b: Builder, x: Atom, from: number, to: number, groups: number): Atom {
  const { shape } = x.aval;
  const split = b.reshape(x, [
    ...shape.slice(0, from),
    groups,
    dimFloorDiv(shape[from], groups),
    ...shape.slice(from + 1),
  ]);
  const rest = otherAxes(shape.length + 1, [from]);
  const moved = b.transpose(split, [...rest.slice(0, to), from, ...rest.slice(to)]);
  return b.reshape(
    moved,
    shape.map((n, i) => (i === from ? dimFloorDiv(n, groups) : i === to ? dimMul(n, groups) : n)),
  );
}

const swapped = ([batch, feature, ...spatial]: readonly number[]): number[] => [feature, batch, ...spatial];

/** Sizes of the spatial axes with their dilations: input, window and result. */
function dilated(p: ConvParams, lhs: Aval, rhs: Aval, ct: Atom) {
  const sizes = (a: Aval, spec: readonly number[], by: readonly number[]): Dim[] =>
    spec.slice(2).map((axis, i) => dilate(a.shape[axis], by[i]));
  return {
    input: sizes(lhs, p.lhsSpec, p.lhsDilation),
    window: sizes(rhs, p.rhsSpec, p.rhsDilation),
    result: sizes(ct.aval, p.outSpec, p.strides),
  };
}

/** The input's cotangent: the result's, dilated by the strides, convolved with the window turned around. */
function convInput(b: Builder, ct: Atom, rhs: Atom, x: Aval, p: ConvParams): Atom {
  const { input, window, result } = dilated(p, x, rhs.aval, ct);
  const padding = input.map((n, i): [number, number] => {
    const before = dimSub(dimSub(window[i], p.padding[i][0]), 1);
    const after = dimSub(dimSub(dimSub(dimAdd(n, window[i]), 1), result[i]), before);
    return [
      staticSize(before, "the derivative of a convolution"),
      staticSize(after, "the derivative of a convolution"),
    ];
  });
  const groups = Math.max(p.featureGroupCount, p.batchGroupCount);
  const grouped = groups === 1 ? rhs : moveGroups(b, rhs, p.rhsSpec[0], p.rhsSpec[1], groups);
  const turned = b.emit1("rev", [grouped], { axes: [...p.rhsSpec.slice(2)].sort((i, j) => i - j) });
  const found = b.emit1("conv_general_dilated", [ct, turned], {
    strides: p.lhsDilation,
    padding,
    lhsDilation: p.strides,
    rhsDilation: p.rhsDilation,
    lhsSpec: p.outSpec,
    rhsSpec: swapped(p.rhsSpec),
    outSpec: p.lhsSpec,
    featureGroupCount: groups,
    batchGroupCount: 1,
    preferred: null,
  });
  return p.batchGroupCount === 1 ? found : moveGroups(b, found, p.lhsSpec[1], p.lhsSpec[0], groups);
}

/** The window's cotangent: input and result convolved over the batch, as if that were the features. */
function convWindow(b: Builder, ct: Atom, lhs: Atom, x: Aval, p: ConvParams): Atom {
  const { input, window, result } = dilated(p, lhs.aval, x, ct);
  const padding = input.map((n, i): [number, number] => {
    const low = p.padding[i][0];
    const high = dimSub(dimAdd(dimSub(result[i], n), dimSub(window[i], low)), 1);
    return [low, staticSize(high, "the derivative of a convolution")];
  });
  return b.emit1("conv_general_dilated", [lhs, ct], {
    strides: p.rhsDilation,
    padding,
    lhsDilation: p.lhsDilation,
    rhsDilation: p.strides,
    lhsSpec: swapped(p.lhsSpec),
    rhsSpec: swapped(p.outSpec),
    outSpec: swapped(p.rhsSpec),
    featureGroupCount: p.batchGroupCount,
    batchGroupCount: p.featureGroupCount,
    preferred: null,
  });
}

const isEmpty = (a: Aval): boolean => a.shape.includes(0);

export const contraction = {
  dot_general: (b, [ct], [x, y], params, ctx) => {
    if (ct === null) return [null, null];
    const [lhs, rhs] = ctx.eqn.inputs;
    if (x === null && y !== null) return [dotTranspose(b, ct, y, lhs.aval, params, "lhs"), null];
    if (y === null && x !== null) return [null, dotTranspose(b, ct, x, rhs.aval, params, "rhs")];
    return failNotLinear(ctx, "both operands depend on the linear inputs");
  },
  conv_general_dilated: (b, [ct], [x, y], params, ctx) => {
    const [lhs, rhs] = ctx.eqn.inputs;
    if (ct === null || isEmpty(ct.aval) || isEmpty(lhs.aval) || isEmpty(rhs.aval)) return [null, null];
    if (x === null && y !== null) {
      return [inWider(b, ct, y, lhs.aval, (g, f) => convInput(b, g, f, lhs.aval, params)), null];
    }
    if (y === null && x !== null) {
      return [null, inWider(b, ct, x, rhs.aval, (g, f) => convWindow(b, g, f, rhs.aval, params))];
    }
    return failNotLinear(ctx, "both operands depend on the linear inputs");
  },
} satisfies Rules<ContractionOps, TransposeKind>;
