/** Contractions: a register-tiled template where the shape is worth it, else a reduction of products. */
import type { ContractionOps, ConvParams, DotParams } from "../../ir/ops/index.js";
import type { Rules } from "../../ir/rules.js";
import type { TileProgram } from "../../ir/tile.js";
import { convolution } from "../../kernels/conv.js";
import { matmul } from "../../kernels/matmul.js";
import { LruMap } from "../../util/lru.js";
import { addIndex, divideIndex, scaleIndex } from "./affine.js";
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

/** Products fewer than this are not worth a kernel of their own: a reduction fuses with what comes before and after it. */
const FEW_PRODUCTS = 4096;
/** Kernels by what they depend on: a network multiplies matrices of few different shapes. */
const kernels = new LruMap<string, TileProgram>(512);

function cached(key: string, make: () => TileProgram): TileProgram {
  let kernel = kernels.get(key);
  if (!kernel) {
    kernel = make();
    kernels.set(key, kernel);
  }
  return kernel;
}

const dotAsKernel: KernelRule<DotParams> = template((eqn) => {
  const [lhs, rhs] = eqn.inputs;
  const spec = {
    params: eqn.params,
    lhsShape: shapeOf(lhs),
    rhsShape: shapeOf(rhs),
    dtype: lhs.aval.dtype,
    outDtype: eqn.outputs[0].aval.dtype,
  };
  return cached(`dot${JSON.stringify(spec)}`, () => matmul(spec));
});

const dot: ChoiceRule<DotParams> = {
  kind: "choice",
  choose(eqn: EqnOf<DotParams>) {
    const [lhs, rhs] = eqn.inputs;
    const { lhsContract, lhsBatch } = eqn.params;
    const depth = sizeOf(lhsContract.map((i) => shapeOf(lhs)[i]));
    const batch = sizeOf(lhsBatch.map((i) => shapeOf(lhs)[i]));
    const rows = sizeOf(shapeOf(lhs)) / (depth * batch);
    const columns = sizeOf(shapeOf(rhs)) / (depth * batch);
    // a matrix times a vector is as fast as memory either way
    const worth = depth >= 4 && rows > 1 && columns > 1 && batch * rows * columns * depth >= FEW_PRODUCTS;
    return worth ? dotAsKernel : dotAsReduction;
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
  return cached(`conv${JSON.stringify(spec)}`, () => convolution(spec));
});

const conv: ChoiceRule<ConvParams> = {
  kind: "choice",
  choose(eqn: EqnOf<ConvParams>) {
    const [, rhs] = eqn.inputs;
    const out = shapeOf(eqn.outputs[0]);
    const outFeatures = out[eqn.params.outSpec[1]];
    const products = (sizeOf(out) * sizeOf(shapeOf(rhs))) / Math.max(outFeatures, 1);
    return products >= FEW_PRODUCTS ? convAsKernel : convAsReduction;
  },
};

export const contraction = {
  dot_general: dot,
  conv_general_dilated: conv,
} satisfies Rules<ContractionOps, ScheduleKind>;
