/** Contractions by definition: every product of a pair that meets, summed in f64 (integers modulo 2^bits). */
import { type DType, isFloat } from "../ir/dtype.js";
import type { ContractionOps, ConvParams } from "../ir/ops/index.js";
import type { Rules } from "../ir/rules.js";
import { type Element, flatIndex, forEachIndex, isBig, type NDArray, roundTo, zeros } from "./array.js";
import { convertElement } from "./convert.js";
import { multiply } from "./arithmetic.js";
import type { InterpretKind } from "./rule.js";
import { range, stridesOf } from "../util/index.js";

/** Products and sums of one dtype; floats are rounded only when the sum is complete. */
class Accumulator {
  #sum: Element;
  constructor(readonly dtype: DType) {
    this.#sum = isBig(dtype) ? 0n : 0;
  }
  add(x: Element, xType: DType, y: Element, yType: DType): void {
    const a = convertElement(x, xType, this.dtype);
    const b = convertElement(y, yType, this.dtype);
    if (typeof a === "bigint") this.#sum = roundTo(this.dtype, (this.#sum as bigint) + a * (b as bigint));
    else if (isFloat(this.dtype)) this.#sum = (this.#sum as number) + a * (b as number);
    else this.#sum = roundTo(this.dtype, (this.#sum as number) + multiply(a, b as number, this.dtype));
  }
  get result(): Element {
    return roundTo(this.dtype, this.#sum);
  }
}

const freeAxes = (x: NDArray, ...taken: (readonly number[])[]): number[] =>
  range(x.shape.length).filter((a) => !taken.some((t) => t.includes(a)));

export const contraction = {
  dot_general: (_ctx, [lhs, rhs], { lhsContract, rhsContract, lhsBatch, rhsBatch, preferred }) => {
    const lhsFree = freeAxes(lhs, lhsContract, lhsBatch);
    const rhsFree = freeAxes(rhs, rhsContract, rhsBatch);
    const sizes = (x: NDArray, axes: readonly number[]): number[] => axes.map((a) => x.shape[a]);
    const shape = [...sizes(lhs, lhsBatch), ...sizes(lhs, lhsFree), ...sizes(rhs, rhsFree)];
    const out = zeros(shape, preferred ?? lhs.dtype);
    const lhsStrides = stridesOf(lhs.shape);
    const rhsStrides = stridesOf(rhs.shape);
    const l = new Array<number>(lhs.shape.length);
    const r = new Array<number>(rhs.shape.length);
    forEachIndex(shape, (index, o) => {
      let at = 0;
      lhsBatch.forEach((a, i) => {
        l[a] = r[rhsBatch[i]] = index[at++];
      });
      for (const a of lhsFree) l[a] = index[at++];
      for (const a of rhsFree) r[a] = index[at++];
      const sum = new Accumulator(out.dtype);
      forEachIndex(sizes(lhs, lhsContract), (k) => {
        lhsContract.forEach((a, i) => {
          l[a] = r[rhsContract[i]] = k[i];
        });
        sum.add(lhs.data[flatIndex(l, lhsStrides)], lhs.dtype, rhs.data[flatIndex(r, rhsStrides)], rhs.dtype);
      });
      out.data[o] = sum.result as never;
    });
    return [out];
  },
  conv_general_dilated: (_ctx, [lhs, rhs], params) => [convolve(lhs, rhs, params)],
} satisfies Rules<ContractionOps, InterpretKind>;

/**
 * out[n, o, p…] = Σ over input features c of o's group and window offsets q… of lhs[n', c, (p·stride + q·rhsDilation - low) / lhsDilation] · rhs[o, c, q].
 * With feature groups, output feature o reads group ⌊o / (O/G)⌋ of the input features; with batch groups it reads that
 * group of the batch: n' = group · (N/B) + n.
 */
function convolve(lhs: NDArray, rhs: NDArray, p: ConvParams): NDArray {
  const [lhsBatch, lhsFeature, ...lhsSpatial] = p.lhsSpec;
  const [rhsOut, rhsIn, ...rhsSpatial] = p.rhsSpec;
  const [outBatch, outFeature, ...outSpatial] = p.outSpec;
  const kernel = rhsSpatial.map((a) => rhs.shape[a]);
  const input = lhsSpatial.map((a) => lhs.shape[a]);
  const features = rhs.shape[rhsOut];
  const perGroup = rhs.shape[rhsIn];
  const batch = lhs.shape[lhsBatch] / p.batchGroupCount;
  const groups = Math.max(p.featureGroupCount, p.batchGroupCount);

  const shape = new Array<number>(p.outSpec.length);
  shape[outBatch] = batch;
  shape[outFeature] = features;
  outSpatial.forEach((a, i) => {
    const dilated = input[i] === 0 ? 0 : (input[i] - 1) * p.lhsDilation[i] + 1;
    const padded = dilated + p.padding[i][0] + p.padding[i][1];
    const window = kernel[i] === 0 ? 0 : (kernel[i] - 1) * p.rhsDilation[i] + 1;
    shape[a] = padded < window ? 0 : Math.floor((padded - window) / p.strides[i]) + 1;
  });
  const out = zeros(shape, p.preferred ?? lhs.dtype);
  const lhsStrides = stridesOf(lhs.shape);
  const rhsStrides = stridesOf(rhs.shape);
  const l = new Array<number>(lhs.shape.length);
  const r = new Array<number>(rhs.shape.length);

  /** Sets the spatial part of `l`; false where the window reads padding or a hole of the dilated input. */
  const locate = (index: readonly number[], offset: readonly number[]): boolean => {
    for (let i = 0; i < lhsSpatial.length; i++) {
      const at = index[outSpatial[i]] * p.strides[i] + offset[i] * p.rhsDilation[i] - p.padding[i][0];
      if (at % p.lhsDilation[i] !== 0) return false;
      const position = at / p.lhsDilation[i];
      if (position < 0 || position >= input[i]) return false;
      l[lhsSpatial[i]] = position;
    }
    return true;
  };

  forEachIndex(shape, (index, o) => {
    const feature = index[outFeature];
    const group = Math.floor(feature / (features / groups));
    const sum = new Accumulator(out.dtype);
    l[lhsBatch] = index[outBatch] + (p.batchGroupCount > 1 ? group * batch : 0);
    r[rhsOut] = feature;
    forEachIndex(kernel, (offset) => {
      if (!locate(index, offset)) return;
      rhsSpatial.forEach((a, i) => {
        r[a] = offset[i];
      });
      for (let c = 0; c < perGroup; c++) {
        l[lhsFeature] = c + (p.featureGroupCount > 1 ? group * perGroup : 0);
        r[rhsIn] = c;
        sum.add(lhs.data[flatIndex(l, lhsStrides)], lhs.dtype, rhs.data[flatIndex(r, rhsStrides)], rhs.dtype);
      }
    });
    out.data[o] = sum.result as never;
  });
  return out;
}
