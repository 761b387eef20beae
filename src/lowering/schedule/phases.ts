/**
 * A convolution of an input with holes (the gradient of a strided convolution) without the holes. Output positions that are
 * equal modulo a period meet the same taps: each such phase is a plain convolution with those taps alone, whose results go
 * to every n-th place of the output.
 */
import { dimFloorDiv } from "../../ir/dim.js";
import type { ConvParams } from "../../ir/ops/index.js";
import type { Atom } from "../../ir/program.js";
import { type Affine, addIndex, divideIndex, scaleIndex, shiftIndex } from "./affine.js";
import type { Expander } from "./expand.js";
import type { KernelContext, Part } from "./kernel-context.js";
import type { Node } from "./node.js";
import { accumulateType } from "./reduction.js";
import { dimsOf, type EqnOf, type KernelRule, shapeOf } from "./rule.js";

/** Along one axis: positions first + step·j meet taps firstTap + tapStep·i at input elements start + stride·j + tapStride·i. */
export interface Phase {
  readonly first: number;
  readonly step: number;
  readonly count: number;
  readonly firstTap: number;
  readonly tapStep: number;
  readonly taps: number;
  readonly start: number;
  readonly stride: number;
  readonly tapStride: number;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
/** The phases of spatial axis `i`; those that no tap meets have no taps. */
export function phasesOf(p: ConvParams, i: number, out: number, window: number): Phase[] {
  const [d, s, k, low] = [p.lhsDilation[i], p.strides[i], p.rhsDilation[i], p.padding[i][0]];
  const step = d / gcd(s, d);
  const tapStep = d / gcd(k, d);
  const phases: Phase[] = [];
  for (let first = 0; first < Math.min(step, out); first++) {
    let firstTap = 0;
    while (firstTap < tapStep && (first * s + firstTap * k - low) % d !== 0) firstTap++;
    const taps = firstTap === tapStep ? 0 : Math.max(0, Math.ceil((window - firstTap) / tapStep));
    phases.push({
      first,
      step,
      count: Math.ceil((out - first) / step),
      firstTap,
      tapStep,
      taps,
      start: (first * s + firstTap * k - low) / d,
      stride: (step * s) / d,
      tapStride: (tapStep * k) / d,
    });
  }
  return phases;
}

/** How far the phases of an axis of `size` elements reach out of it, at both ends. */
export function reach(phases: readonly Phase[], size: number): { readonly low: number; readonly high: number } {
  let low = 0;
  let high = 0;
  for (const f of phases) {
    if (f.taps === 0) continue;
    low = Math.max(low, -f.start);
    high = Math.max(high, f.start + f.stride * (f.count - 1) + f.tapStride * (f.taps - 1) - (size - 1));
  }
  return { low, high };
}

/** The product of the input's and the filter's element at a point of a convolution. */
export function convProduct(
  x: Expander,
  eqn: EqnOf<ConvParams>,
  at: {
    /** Indices along the axes of the result; those of space are not looked at. */
    readonly out: readonly Affine[];
    readonly feature: Affine;
    readonly elements: readonly Affine[];
    readonly taps: readonly Affine[];
    readonly inside: Node | null;
  },
): Node {
  const [lhs, rhs] = eqn.inputs;
  const { params } = eqn;
  const lhsShape = dimsOf(lhs);
  const rhsShape = dimsOf(rhs);
  const [lhsBatchAxis, lhsFeatureAxis, ...lhsSpatial] = params.lhsSpec;
  const [rhsOutAxis, rhsInAxis, ...rhsSpatial] = params.rhsSpec;
  const accumulate = accumulateType(eqn.outputs[0].aval.dtype);
  const outFeatures = rhsShape[rhsOutAxis];
  const outBatch = dimFloorDiv(lhsShape[lhsBatchAxis], params.batchGroupCount);
  const batch = at.out[params.outSpec[0]];
  const oc = at.out[params.outSpec[1]];
  const l = new Array<Affine>(lhsShape.length);
  const r = new Array<Affine>(rhsShape.length);
  lhsSpatial.forEach((axis, i) => (l[axis] = at.elements[i]));
  rhsSpatial.forEach((axis, i) => (r[axis] = at.taps[i]));
  r[rhsOutAxis] = oc;
  r[rhsInAxis] = at.feature;
  l[lhsBatchAxis] = batch;
  l[lhsFeatureAxis] = at.feature;
  if (params.featureGroupCount > 1) {
    const [group] = divideIndex(oc, dimFloorDiv(outFeatures, params.featureGroupCount), x);
    l[lhsFeatureAxis] = addIndex(scaleIndex(group, rhsShape[rhsInAxis]), at.feature);
  }
  if (params.batchGroupCount > 1) {
    // output features of group g see the g-th part of the batch
    const [group] = divideIndex(oc, dimFloorDiv(outFeatures, params.batchGroupCount), x);
    l[lhsBatchAxis] = addIndex(scaleIndex(group, outBatch), batch);
  }
  const left = x.convert(x.value(lhs, x.at(lhsShape, l), at.inside), accumulate);
  const right = x.convert(x.value(rhs, x.at(rhsShape, r)), accumulate);
  return x.op("mul", [left, right], accumulate);
}

/** Computes each phase into its places. `padding`: how much the input has been padded already, at the low ends. */
export function phaseRule(padding: readonly number[]): KernelRule<ConvParams> {
  return { kind: "kernel", lower: (k, eqn) => lowerPhases(k, eqn, padding) };
}

function lowerPhases(k: KernelContext, eqn: EqnOf<ConvParams>, padding: readonly number[]): void {
  const [lhs, rhs] = eqn.inputs;
  const { params } = eqn;
  // operands lie in memory
  for (const a of [lhs, rhs]) k.buffer(a);
  const into = k.out(eqn.outputs[0]);
  const outShape = shapeOf(eqn.outputs[0]);
  const rhsShape = shapeOf(rhs);
  const spatial = params.outSpec.slice(2);
  const accumulate = accumulateType(eqn.outputs[0].aval.dtype);
  const features = rhsShape[params.rhsSpec[1]];
  const axes = spatial.map((axis, i) => phasesOf(params, i, outShape[axis], rhsShape[params.rhsSpec[i + 2]]));
  const combinations = axes.reduce<Phase[][]>(
    (list, phases) => list.flatMap((l) => phases.map((f) => [...l, f])),
    [[]],
  );
  const parts = combinations.map((phase): Part => {
    const kept = outShape.map((n, axis) => phase[spatial.indexOf(axis)]?.count ?? n);
    const taps = phase.map((f) => f.taps);
    const places = (index: readonly Affine[]): Affine[] =>
      outShape.map((_, axis) => {
        const f = phase[spatial.indexOf(axis)];
        return f ? shiftIndex(scaleIndex(index[axis], f.step), f.first) : index[axis];
      });
    const offset = (x: Expander, index: readonly Affine[]): Affine => x.flat(x.at(outShape, places(index)));
    if (taps.includes(0) || features === 0) {
      const zero = accumulate === "i64" || accumulate === "u64" ? 0n : 0;
      const { dtype } = eqn.outputs[0].aval;
      return { dims: kept, into, write: (x, index) => ({ value: x.constant(zero, dtype), offset: offset(x, index) }) };
    }
    const dims = [...kept, ...taps, features];
    return {
      dims,
      into,
      sum: { reduced: dims.map((_, i) => i >= kept.length), accumulate },
      write(x, index) {
        let inside: Node | null = null;
        const elements = phase.map((f, i) => {
          const j = scaleIndex(index[spatial[i]], f.stride);
          const tap = scaleIndex(index[kept.length + i], f.tapStride);
          const element = shiftIndex(addIndex(j, tap), f.start + padding[i]);
          const within = x.within(element, 0, shapeOf(lhs)[params.lhsSpec[i + 2]]);
          inside = x.and(inside, within === false ? x.constant(false, "bool") : within);
          return element;
        });
        const value = convProduct(x, eqn, {
          out: index,
          feature: index[dims.length - 1],
          elements,
          taps: phase.map((f, i) => shiftIndex(scaleIndex(index[kept.length + i], f.tapStep), f.firstTap)),
          inside,
        });
        return { value, offset: offset(x, index) };
      },
    };
  });
  k.parts(
    "conv_phases",
    parts.filter((p) => !p.dims.includes(0)),
  );
}

/** Whether the phases, each on its own, are worth a kernel: vectors lie along the features of the result. */
export function suitsPhases(params: ConvParams, rhs: Atom): boolean {
  const groups = Math.max(params.featureGroupCount, params.batchGroupCount);
  const perGroup = shapeOf(rhs)[params.rhsSpec[0]] / groups;
  return params.lhsDilation.some((d) => d > 1) && (perGroup >= 16 || groups > 1);
}
