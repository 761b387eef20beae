/** Contractions: sums of products, which the writer of nests tiles where that pays (contract.ts). */
import type { ContractionOps, ConvParams, DotParams } from "../../ir/ops/index.js";
import type { Rules } from "../../ir/rules.js";
import type { TileProgram } from "../../ir/tile.js";
import { convolution } from "../../kernels/conv.js";
import { LruMap } from "../../util/lru.js";
import { addIndex, divideIndex, scaleIndex } from "./affine.js";
import { FEW_PRODUCTS } from "./contract.js";
import { unpad } from "./movement.js";
import { accumulateType } from "./reduction.js";
import {
  type ChoiceRule,
  type EqnOf,
  type KernelRule,
  type ReduceRule,
  type ReduceSpec,
  type ScheduleKind,
  shapeOf,
  template,
} from "./rule.js";

/** The axes of a dot: free ones are those that are neither batch nor contracted, in order. */
export function dotAxes(params: DotParams, lhsRank: number, rhsRank: number): { lhsFree: number[]; rhsFree: number[] } {
  const free = (rank: number, batch: readonly number[], contract: readonly number[]): number[] =>
    Array.from({ length: rank }, (_, i) => i).filter((i) => !batch.includes(i) && !contract.includes(i));
  return {
    lhsFree: free(lhsRank, params.lhsBatch, params.lhsContract),
    rhsFree: free(rhsRank, params.rhsBatch, params.rhsContract),
  };
}

/** Σ over the contracted axes of lhs · rhs, as it stands. */
const dotAsReduction: ReduceRule<DotParams> = {
  kind: "reduce",
  spec(eqn): ReduceSpec {
    const [lhs, rhs] = eqn.inputs;
    const { params } = eqn;
    const lhsShape = shapeOf(lhs);
    const rhsShape = shapeOf(rhs);
    const { lhsFree, rhsFree } = dotAxes(params, lhsShape.length, rhsShape.length);
    const dims = [
      ...params.lhsBatch.map((i) => lhsShape[i]),
      ...lhsFree.map((i) => lhsShape[i]),
      ...rhsFree.map((i) => rhsShape[i]),
      ...params.lhsContract.map((i) => lhsShape[i]),
    ];
    const kept = dims.length - params.lhsContract.length;
    const accumulate = accumulateType(eqn.outputs[0].aval.dtype);
    return {
      dims,
      reduced: dims.map((_, i) => i >= kept),
      combine: accumulate === "bool" ? "or" : "sum",
      accumulate,
      joinable: false,
      element(x, index) {
        const b = params.lhsBatch.length;
        const m = b + lhsFree.length;
        const l = new Array(lhsShape.length);
        const r = new Array(rhsShape.length);
        params.lhsBatch.forEach((axis, i) => (l[axis] = index[i]));
        params.rhsBatch.forEach((axis, i) => (r[axis] = index[i]));
        lhsFree.forEach((axis, i) => (l[axis] = index[b + i]));
        rhsFree.forEach((axis, i) => (r[axis] = index[m + i]));
        params.lhsContract.forEach((axis, i) => (l[axis] = index[kept + i]));
        params.rhsContract.forEach((axis, i) => (r[axis] = index[kept + i]));
        const left = x.convert(x.value(lhs, x.at(lhsShape, l)), accumulate);
        const right = x.convert(x.value(rhs, x.at(rhsShape, r)), accumulate);
        return { node: x.op(accumulate === "bool" ? "and" : "mul", [left, right], accumulate) };
      },
    };
  },
};

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((n, d) => n * d, 1);
}

/** The convolution as a sum over input features and kernel taps, in any layout and with every dilation and group. */
const convAsReduction: ReduceRule<ConvParams> = {
  kind: "reduce",
  spec(eqn): ReduceSpec {
    const [lhs, rhs] = eqn.inputs;
    const { params } = eqn;
    const lhsShape = shapeOf(lhs);
    const rhsShape = shapeOf(rhs);
    const outShape = shapeOf(eqn.outputs[0]);
    const [lhsBatchAxis, lhsFeatureAxis, ...lhsSpatial] = params.lhsSpec;
    const [rhsOutAxis, rhsInAxis, ...rhsSpatial] = params.rhsSpec;
    const [outBatchAxis, outFeatureAxis, ...outSpatial] = params.outSpec;
    const accumulate = accumulateType(eqn.outputs[0].aval.dtype);
    const inFeatures = rhsShape[rhsInAxis];
    const rank = outShape.length;
    const dims = [...outShape, ...rhsSpatial.map((i) => rhsShape[i]), inFeatures];
    const outFeatures = outShape[outFeatureAxis];
    const outBatch = outShape[outBatchAxis];
    return {
      dims,
      reduced: dims.map((_, i) => i >= rank),
      combine: "sum",
      accumulate,
      joinable: false,
      element(x, index) {
        const taps = index.slice(rank, rank + rhsSpatial.length);
        const feature = index[rank + rhsSpatial.length];
        const oc = index[outFeatureAxis];
        const l = new Array(lhsShape.length);
        const r = new Array(rhsShape.length);
        // the spatial place in the padded, dilated input, one axis after the other
        const spatialShape = lhsSpatial.map((axis) => lhsShape[axis]);
        const places = outSpatial.map((axis, i) =>
          addIndex(scaleIndex(index[axis], params.strides[i]), scaleIndex(taps[i], params.rhsDilation[i])),
        );
        const { inside, index: at } = unpad(
          x,
          places,
          spatialShape,
          params.padding.map((p) => p[0]),
          params.lhsDilation.map((d) => d - 1),
        );
        const zero = x.constant(accumulate === "i64" || accumulate === "u64" ? 0n : 0, accumulate);
        if (inside === false) return { node: zero };
        lhsSpatial.forEach((axis, i) => (l[axis] = at[i]));
        rhsSpatial.forEach((axis, i) => (r[axis] = taps[i]));
        r[rhsOutAxis] = oc;
        r[rhsInAxis] = feature;
        l[lhsBatchAxis] = index[outBatchAxis];
        l[lhsFeatureAxis] = feature;
        if (params.featureGroupCount > 1) {
          const [group] = divideIndex(oc, outFeatures / params.featureGroupCount, x);
          l[lhsFeatureAxis] = addIndex(scaleIndex(group, inFeatures), feature);
        }
        if (params.batchGroupCount > 1) {
          // output features of group g see the g-th part of the batch
          const [group] = divideIndex(oc, outFeatures / params.batchGroupCount, x);
          l[lhsBatchAxis] = addIndex(scaleIndex(group, outBatch), index[outBatchAxis]);
        }
        const left = x.convert(x.value(lhs, x.at(lhsShape, l), inside), accumulate);
        const right = x.convert(x.value(rhs, x.at(rhsShape, r)), accumulate);
        return { node: x.op("mul", [left, right], accumulate) };
      },
    };
  },
};

/** Kernels by what they depend on: a network has convolutions of few different shapes. */
const kernels = new LruMap<string, TileProgram>(512);

const convAsKernel: KernelRule<ConvParams> = template((eqn) => {
  const [lhs, rhs] = eqn.inputs;
  const spec = {
    params: eqn.params,
    lhsShape: shapeOf(lhs),
    rhsShape: shapeOf(rhs),
    outShape: shapeOf(eqn.outputs[0]),
    dtype: lhs.aval.dtype,
    outDtype: eqn.outputs[0].aval.dtype,
  };
  const key = JSON.stringify(spec);
  let kernel = kernels.get(key);
  if (!kernel) {
    kernel = convolution(spec);
    kernels.set(key, kernel);
  }
  return kernel;
});

/** Without padding and holes it is a sum of products as it stands, and what follows joins it; else a copy comes first. */
const conv: ChoiceRule<ConvParams> = {
  kind: "choice",
  choose(eqn: EqnOf<ConvParams>) {
    const { params } = eqn;
    const [lhs, rhs] = eqn.inputs;
    const plain =
      params.padding.every(([low, high]) => low === 0 && high === 0) && params.lhsDilation.every((d) => d === 1);
    const out = shapeOf(eqn.outputs[0]);
    const outFeatures = out[params.outSpec[1]];
    const products = (sizeOf(out) * sizeOf(shapeOf(rhs))) / Math.max(outFeatures, 1);
    // one feature after the other, side by side in memory: vectors along them want no tiles
    const eachFeature = params.featureGroupCount === shapeOf(lhs)[params.lhsSpec[1]] && params.featureGroupCount > 1;
    const sideBySide = eachFeature && params.lhsSpec[1] === out.length - 1;
    return plain || sideBySide || products < FEW_PRODUCTS ? convAsReduction : convAsKernel;
  },
};

export const contraction = {
  dot_general: dotAsReduction,
  conv_general_dilated: conv,
} satisfies Rules<ContractionOps, ScheduleKind>;
