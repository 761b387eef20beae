/**
 * A convolution of an input with holes (the gradient of a strided convolution), without multiplying by the holes. With d the
 * distance between elements, tap q = d·t + s meets output position p = d·j + low - s at input element j + t: each phase s is
 * a plain convolution with every d-th tap. All phases are computed as features of one convolution, then interleaved.
 */
import { Builder } from "../../ir/builder.js";
import type { ConvParams } from "../../ir/ops/index.js";
import type { AnyEqn, Atom } from "../../ir/program.js";
import { shapeOf } from "./rule.js";
import { range } from "../../util/index.js";

interface PhasedAxis {
  readonly distance: number;
  /** Taps of one phase. */
  readonly taps: number;
  /** Positions of one phase, from `first` on. */
  readonly first: number;
  readonly count: number;
  readonly out: number;
  /** Where the result starts among the interleaved positions. */
  readonly start: number;
}

export function canSplitPhases(p: ConvParams): boolean {
  return (
    p.lhsDilation.some((d) => d > 1) &&
    p.strides.every((s) => s === 1) &&
    p.lhsDilation.every((d, i) => d === 1 || p.rhsDilation[i] === 1) &&
    p.featureGroupCount === 1 &&
    p.batchGroupCount === 1
  );
}

/** The equations in place of `eqn`; the last one defines its result. */
export function splitPhases(eqn: Extract<AnyEqn, { prim: "conv_general_dilated" }>): readonly AnyEqn[] {
  const { params } = eqn;
  const [lhs, rhs] = eqn.inputs;
  const lhsShape = shapeOf(lhs);
  const rhsShape = shapeOf(rhs);
  const outShape = shapeOf(eqn.outputs[0]);
  const [outFeatures, inFeatures] = [rhsShape[params.rhsSpec[0]], rhsShape[params.rhsSpec[1]]];
  const axes = params.lhsDilation.map((d, i): PhasedAxis => {
    const [low] = params.padding[i];
    const out = outShape[params.outSpec[i + 2]];
    const first = Math.ceil(-low / d);
    const last = Math.floor((out - 1 - low + d - 1) / d);
    return {
      distance: d,
      taps: Math.ceil(rhsShape[params.rhsSpec[i + 2]] / d),
      first,
      count: last - first + 1,
      out,
      start: d - 1 - low - d * first,
    };
  });
  const space = axes.length;
  const b = new Builder();
  b.span = eqn.span;

  // the filter [out, in, taps…] becomes [out, phases…, in, taps of a phase…], phases in the order of their positions
  let filter = b.transpose(rhs, params.rhsSpec);
  const zero = b.scalar(rhs.aval.dtype === "i64" || rhs.aval.dtype === "u64" ? 0n : 0, rhs.aval.dtype);
  const none = [0, 0, ...axes.map(() => 0)];
  const missing = axes.map((a, i) => a.taps * a.distance - rhsShape[params.rhsSpec[i + 2]]);
  filter = b.emit1("pad", [filter, zero], { low: none, high: [0, 0, ...missing], interior: none });
  filter = b.reshape(filter, [outFeatures, inFeatures, ...axes.flatMap((a) => [a.taps, a.distance])]);
  filter = b.emit1("rev", [filter], { axes: axes.map((_, i) => 3 + 2 * i) });
  filter = b.transpose(filter, [0, ...axes.map((_, i) => 3 + 2 * i), 1, ...axes.map((_, i) => 2 + 2 * i)]);
  const phases = axes.reduce((n, a) => n * a.distance, 1);
  filter = b.reshape(filter, [outFeatures * phases, inFeatures, ...axes.map((a) => a.taps)]);

  // [batch, positions…, out · phases]
  const natural = range(params.rhsSpec.length);
  const all = b.emit1("conv_general_dilated", [lhs, filter], {
    ...params,
    padding: axes.map((a, i) => {
      const dilation = params.rhsDilation[i];
      const reach = a.count + (a.taps - 1) * dilation;
      return [-a.first, reach - lhsShape[params.lhsSpec[i + 2]] + a.first] as const;
    }),
    lhsDilation: axes.map(() => 1),
    rhsSpec: natural,
    outSpec: [0, space + 1, ...axes.map((_, i) => i + 1)],
  });
  const batch = outShape[params.outSpec[0]];
  const apart = b.reshape(all, [batch, ...axes.map((a) => a.count), outFeatures, ...axes.map((a) => a.distance)]);
  // to the result's layout, each position beside its phases
  const place = natural.map((axis) => params.outSpec.indexOf(axis));
  const moved = b.transpose(
    apart,
    place.flatMap((what) => (what === 0 ? [0] : what === 1 ? [space + 1] : [what - 1, space + what])),
  );
  const size = (what: number, cut: boolean): number => {
    if (what < 2) return what === 0 ? batch : outFeatures;
    const a = axes[what - 2];
    return cut ? a.out : a.count * a.distance;
  };
  const together: Atom = b.reshape(
    moved,
    place.map((what) => size(what, false)),
  );
  const start = place.map((what) => (what < 2 ? 0 : axes[what - 2].start));
  b.emit1("slice", [together], {
    start,
    limit: start.map((s, i) => s + size(place[i], true)),
    strides: natural.map(() => 1),
  });
  const eqns = [...b.eqns];
  const last = eqns.length - 1;
  eqns[last] = { ...eqns[last], outputs: eqn.outputs };
  return eqns;
}
