/** Convolutions: sums of products as well, over places of an input that may have padding around it and holes in it. */
import { aval } from "../../ir/aval.js";
import { dimAdd, dimMax, dimMul, dimSub, isStaticShape } from "../../ir/dim.js";
import type { ConvParams } from "../../ir/ops/index.js";
import { type AnyEqn, isVar, literal, Var } from "../../ir/program.js";
import { hintOf, staticSizes } from "../../ir/size.js";
import { type EmbeddedAxis, embed, isPlain } from "../../kernels/embed.js";
import { addIndex, scaleIndex } from "./affine.js";
import { FEW_PRODUCTS } from "./contract.js";
import { unpad } from "./movement.js";
import { convProduct, phaseRule, phasesOf, reach, suitsPhases } from "./phases.js";
import { canSplitPhases, splitPhases } from "./polyphase.js";
import { accumulateType } from "./reduction.js";
import { dimsOf, type KernelRule, type ReduceRule, type ReduceSpec, ownRules, shapeOf } from "./rule.js";
import { prod } from "../../util/index.js";

/** The convolution as a sum over input features and kernel taps, in any layout and with every dilation and group. */
export const convAsReduction: ReduceRule<ConvParams> = {
  kind: "reduce",
  spec(eqn): ReduceSpec {
    const [lhs, rhs] = eqn.inputs;
    const { params } = eqn;
    const outShape = dimsOf(eqn.outputs[0]);
    const spatial = params.rhsSpec.slice(2);
    const outSpatial = params.outSpec.slice(2);
    const accumulate = accumulateType(eqn.outputs[0].aval.dtype);
    const rank = outShape.length;
    const dims = [...outShape, ...spatial.map((i) => dimsOf(rhs)[i]), dimsOf(rhs)[params.rhsSpec[1]]];
    return {
      dims,
      reduced: dims.map((_, i) => i >= rank),
      combine: "sum",
      accumulate,
      joinable: false,
      element(x, index) {
        const taps = index.slice(rank, -1);
        // the spatial place in the padded, dilated input, one axis after the other
        const places = outSpatial.map((axis, i) =>
          addIndex(scaleIndex(index[axis], params.strides[i]), scaleIndex(taps[i], params.rhsDilation[i])),
        );
        const { inside, index: elements } = unpad(
          x,
          places,
          params.lhsSpec.slice(2).map((axis) => dimsOf(lhs)[axis]),
          params.padding.map((p) => p[0]),
          params.lhsDilation.map((d) => d - 1),
        );
        if (inside === false) {
          return { node: x.constant(accumulate === "i64" || accumulate === "u64" ? 0n : 0, accumulate) };
        }
        return { node: convProduct(x, eqn, { out: index, feature: index[dims.length - 1], elements, taps, inside }) };
      },
    };
  },
};

/**
 * A large convolution with padding or holes in its input: first a copy that has the padding, then a plain sum of products
 * that what follows can join. Gradients of convolutions are of this kind.
 */
export function splitPadding(eqn: AnyEqn): readonly AnyEqn[] {
  if (eqn.prim !== "conv_general_dilated") return [eqn];
  const { params } = eqn;
  const [lhs, rhs] = eqn.inputs;
  const [dims, filter] = [dimsOf(lhs), dimsOf(rhs)];
  const fixed = isStaticShape(dims) && isStaticShape(filter);
  const axes = dims.map((n): EmbeddedAxis => ({ size: n, low: 0, dilation: 1, full: n }));
  params.lhsSpec.slice(2).forEach((axis, i) => {
    const size = dims[axis];
    const dilation = params.lhsDilation[i];
    const [low, high] = params.padding[i];
    const full = dimMax(dimAdd(dimMul(dimSub(size, 1), dilation), 1 + low + high), 0);
    axes[axis] = { size, low, dilation, full };
  });
  const [outFeatures, last] = [params.outSpec[1], dims.length - 1];
  const out = dimsOf(eqn.outputs[0]).map(hintOf);
  const products = (prod(out) * prod(filter.map(hintOf))) / Math.max(out[outFeatures], 1);
  // one feature after the other, side by side in memory: vectors along them want no tiles
  const groups = params.featureGroupCount;
  const apart = groups > 1 && groups === dims[params.lhsSpec[1]];
  const along = params.lhsSpec.indexOf(last) - 2;
  const plane = along >= 0 && params.strides[along] === 1 && params.lhsDilation.every((d) => d === 1);
  const sideBySide = apart && (along === -1 || (plane && params.outSpec[along + 2] === last));
  if (axes.every(isPlain) || products < FEW_PRODUCTS || !isVar(lhs)) return [eqn];
  if (fixed && suitsPhases(params, rhs)) {
    const shape = staticSizes(dims);
    const phases = params.padding.map((_, i) =>
      phasesOf(params, i, out[params.outSpec[i + 2]], shapeOf(rhs)[params.rhsSpec[i + 2]]),
    );
    const embedded = shape.map((n): EmbeddedAxis => ({ size: n, low: 0, dilation: 1, full: n }));
    const lows = phases.map(() => 0);
    if (!sideBySide)
      phases.forEach((list, i) => {
        const axis = params.lhsSpec[i + 2];
        const { low, high } = reach(list, shape[axis]);
        embedded[axis] = { size: shape[axis], low, dilation: 1, full: shape[axis] + low + high };
        lows[i] = low;
      });
    const [input, copy] = paddedCopy(eqn, lhs, embedded);
    const phased: AnyEqn = { ...eqn, inputs: [input, rhs] };
    ownRules.set(phased, phaseRule(lows) as KernelRule<never>);
    return [...copy, phased];
  }
  if (sideBySide) return [eqn];
  if (fixed && canSplitPhases(params)) return splitPhases(eqn).flatMap(splitPadding);
  const [padded, copy] = paddedCopy(eqn, lhs, axes);
  const none = params.padding.map(() => 0);
  const plain = { ...params, padding: none.map(() => [0, 0] as const), lhsDilation: none.map(() => 1) };
  return [...copy, { ...eqn, inputs: [padded, rhs], params: plain }];
}

/** `lhs` in a larger array of zeros, and the equation that makes it, if one is needed. */
function paddedCopy(eqn: AnyEqn, lhs: Var, axes: readonly EmbeddedAxis[]): [Var, readonly AnyEqn[]] {
  if (axes.every(isPlain)) return [lhs, []];
  const padded = new Var(
    aval(
      axes.map((a) => a.full),
      lhs.aval.dtype,
    ),
  );
  const copy: AnyEqn = {
    ...eqn,
    prim: "pad",
    inputs: [lhs, literal(lhs.aval.dtype === "i64" || lhs.aval.dtype === "u64" ? 0n : 0, aval([], lhs.aval.dtype))],
    params: {
      low: axes.map((a) => a.low),
      high: axes.map((a) => dimSub(dimSub(a.full, a.low), dimAdd(dimMul(dimSub(a.size, 1), a.dilation), 1))),
      interior: axes.map((a) => a.dilation - 1),
    },
    outputs: [padded],
  };
  const rule: KernelRule<never> = {
    kind: "kernel",
    // the fill is known to be zero
    inlines: () => [false, true],
    lower: (k) => k.launch(embed(lhs.aval.dtype, axes), [k.buffer(lhs), k.out(padded)]),
  };
  ownRules.set(copy, rule);
  return [padded, [copy]];
}
