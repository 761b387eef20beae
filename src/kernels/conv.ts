/**
 * conv_general_dilated as a contraction: in a padded (and dilated) copy of the input, the element under tap q of the window
 * at p lies at p·stride·s + q·dilation·s, so positions are rows, output features columns, and taps and input features are
 * the inner axes. Gradients of convolutions are convolutions with other layouts and dilations: the same kernel.
 */
import type { DType } from "../ir/dtype.js";
import type { ConvParams } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { type Axis, type Contraction, collapse } from "./contract/contraction.js";
import { emitContraction, storeInto } from "./contract/emit.js";
import { type EmbeddedAxis, embed, isPlain } from "./contract/embed.js";
import { stridesFor } from "./contract/pack.js";
import { describePlan, planContraction } from "./contract/plan.js";
import { ScalarCode } from "./scalar-code.js";

export interface ConvSpec {
  readonly params: ConvParams;
  readonly lhsShape: readonly number[];
  readonly rhsShape: readonly number[];
  readonly outShape: readonly number[];
  readonly dtype: DType;
  readonly outDtype: DType;
}

/** Refs: input in, filter in, out out, then scratch. */
export function convolution(spec: ConvSpec): Program<"tile"> {
  const { params, lhsShape, rhsShape, outShape } = spec;
  const t = new TileBuilder("conv");
  const k = new ScalarCode(t);
  const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
  const lhs = t.ref("lhs", spec.dtype, "in", size(lhsShape));
  const rhs = t.ref("rhs", spec.dtype, "in", size(rhsShape));
  const out = t.ref("out", spec.outDtype, "out", size(outShape));
  const accumulate = spec.outDtype === "f16" || spec.outDtype === "bf16" ? "f32" : spec.outDtype;

  const axes = paddedAxes(spec);
  const plain = axes.every(isPlain) || size(outShape) === 0;
  const input = plain ? lhs : embed(k, lhs, axes, accumulate);
  const strides = stridesFor(
    axes.map((a) => (plain ? a.size : a.full)),
    1,
  );
  const c: Contraction = { lhs: input, rhs, accumulate, ...axesOf(params, strides, rhsShape, outShape) };
  const { contraction, plan } = planContraction(c);
  emitContraction(k, contraction, plan, storeInto(k, out));
  t.notes.push(`${plain ? "" : "padded copy of the input, "}${describePlan(plan)}`);
  return t.finish();
}

/** The input's axes with padding and dilation, in the input's order. */
export function paddedAxes({ params, lhsShape }: ConvSpec): EmbeddedAxis[] {
  const axes = lhsShape.map((n): EmbeddedAxis => ({ size: n, low: 0, dilation: 1, full: n }));
  params.lhsSpec.slice(2).forEach((axis, i) => {
    const n = lhsShape[axis];
    const [low, high] = params.padding[i];
    const dilation = params.lhsDilation[i];
    const dilated = n === 0 ? 0 : (n - 1) * dilation + 1;
    axes[axis] = { size: n, low, dilation, full: Math.max(0, dilated + low + high) };
  });
  return axes;
}

export function axesOf(
  p: ConvParams,
  lhs: readonly number[],
  rhsShape: readonly number[],
  outShape: readonly number[],
): Pick<Contraction, "batch" | "rows" | "columns" | "inner"> {
  const rhs = stridesFor(rhsShape, 1);
  const out = stridesFor(outShape, 1);
  const [lhsBatch, lhsFeature, ...lhsSpatial] = p.lhsSpec;
  const [rhsOut, rhsIn, ...rhsSpatial] = p.rhsSpec;
  const [outBatch, outFeature, ...outSpatial] = p.outSpec;
  const groups = Math.max(p.featureGroupCount, p.batchGroupCount);
  const features = rhsShape[rhsOut] / groups;
  // the groups cut either the input's features or its batch
  const groupStride = p.batchGroupCount > 1 ? outShape[outBatch] * lhs[lhsBatch] : rhsShape[rhsIn] * lhs[lhsFeature];
  return {
    batch: collapse([{ size: groups, lhs: groupStride, rhs: features * rhs[rhsOut], out: features * out[outFeature] }]),
    rows: collapse([
      { size: outShape[outBatch], lhs: lhs[lhsBatch], rhs: 0, out: out[outBatch] },
      ...outSpatial.map(
        (axis, i): Axis => ({ size: outShape[axis], lhs: p.strides[i] * lhs[lhsSpatial[i]], rhs: 0, out: out[axis] }),
      ),
    ]),
    columns: collapse([{ size: features, lhs: 0, rhs: rhs[rhsOut], out: out[outFeature] }]),
    inner: collapse(
      byStride([
        { size: rhsShape[rhsIn], lhs: lhs[lhsFeature], rhs: rhs[rhsIn], out: 0 },
        ...rhsSpatial.map(
          (axis, i): Axis => ({
            size: rhsShape[axis],
            lhs: p.rhsDilation[i] * lhs[lhsSpatial[i]],
            rhs: rhs[axis],
            out: 0,
          }),
        ),
      ]),
    ),
  };
}
/** The order of the inner axes is free: the one that is closest together in the input comes last. */
function byStride(axes: readonly Axis[]): Axis[] {
  return [...axes].sort((a, b) => b.lhs - a.lhs);
}
