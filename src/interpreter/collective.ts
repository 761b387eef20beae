/**
 * Named-axis collectives. `acrossRanks` is what they mean: one operand from every rank of the axis in, one result for each
 * out. A program that runs alone has only its own operand, so there only an axis of size 1 can be interpreted: vmap must have
 * turned the others into ordinary operations.
 */
import { internal } from "../diagnostics/error.js";
import type { CollectiveOps } from "../ir/ops/index.js";
import type { RuleKind, Rules } from "../ir/rules.js";
import { type Element, flatIndex, forEachIndex, full, generate, isBig, type NDArray, roundTo, zeros } from "./array.js";
import { maxOf, minOf } from "./arithmetic.js";
import type { InterpretContext, InterpretKind } from "./rule.js";
import { stridesOf } from "../util/index.js";

interface RankKind extends RuleKind {
  readonly rule: (operands: readonly NDArray[], params: this["params"], ranks: number) => readonly NDArray[];
}

/** The operands of all ranks combined element by element, in rank order. */
function combined(xs: readonly NDArray[], f: (a: Element, b: Element) => Element): NDArray {
  return generate(xs[0].shape, xs[0].dtype, (i) => {
    let acc: Element = xs[0].data[i];
    for (const x of xs.slice(1)) acc = f(acc, x.data[i]);
    return roundTo(xs[0].dtype, acc);
  });
}
const plus = (a: Element, b: Element): Element => (typeof a === "bigint" ? a + (b as bigint) : a + (b as number));
const everyRank = (x: NDArray, ranks: number): NDArray[] => Array.from({ length: ranks }, () => x);

/** Arrays of one shape along a new axis, or one after the other along an axis that they have. */
function join(xs: readonly NDArray[], axis: number, tiled: boolean): NDArray {
  const [first] = xs;
  const shape = tiled
    ? first.shape.map((d, a) => (a === axis ? d * xs.length : d))
    : [...first.shape.slice(0, axis), xs.length, ...first.shape.slice(axis)];
  const out = zeros(shape, first.dtype);
  const strides = stridesOf(shape);
  xs.forEach((x, rank) => {
    forEachIndex(x.shape, (index, i) => {
      const at = tiled
        ? index.map((k, a) => (a === axis ? rank * first.shape[axis] + k : k))
        : [...index.slice(0, axis), rank, ...index.slice(axis)];
      out.data[flatIndex(at, strides)] = x.data[i] as never;
    });
  });
  return out;
}

/** The inverse of `join`: each rank's part of axis `axis`. */
function divide(x: NDArray, axis: number, ranks: number, tiled: boolean): NDArray[] {
  const part = x.shape[axis] / ranks;
  const shape = tiled ? x.shape.map((d, a) => (a === axis ? part : d)) : x.shape.filter((_, a) => a !== axis);
  const strides = stridesOf(x.shape);
  return Array.from({ length: ranks }, (_, rank) => {
    const out = zeros(shape, x.dtype);
    forEachIndex(shape, (index, i) => {
      const at = tiled
        ? index.map((k, a) => (a === axis ? rank * part + k : k))
        : [...index.slice(0, axis), rank, ...index.slice(axis)];
      out.data[i] = x.data[flatIndex(at, strides)] as never;
    });
    return out;
  });
}

export const acrossRanks: Rules<CollectiveOps, RankKind> = {
  psum: (xs) => everyRank(combined(xs, plus), xs.length),
  pmax: (xs) => everyRank(combined(xs, maxOf), xs.length),
  pmin: (xs) => everyRank(combined(xs, minOf), xs.length),
  all_gather: (xs, { axis, tiled }) => everyRank(join(xs, axis, tiled), xs.length),
  psum_scatter: (xs, { axis, tiled }, ranks) => divide(combined(xs, plus), axis, ranks, tiled),
  all_to_all: (xs, { splitAxis, concatAxis, tiled }, ranks) => {
    const parts = xs.map((x) => divide(x, splitAxis, ranks, tiled));
    return xs.map((_, rank) =>
      join(
        parts.map((p) => p[rank]),
        concatAxis,
        tiled,
      ),
    );
  },
  ppermute: (xs, { perm }) =>
    xs.map((x, rank) => {
      const source = perm.find(([, to]) => to === rank);
      return source ? xs[source[0]] : full(x.shape, x.dtype, isBig(x.dtype) ? 0n : 0);
    }),
  axis_index: (_xs, _params, ranks) => Array.from({ length: ranks }, (_, rank) => full([], "i32", rank)),
};

type CollectiveRule<P> = (ctx: InterpretContext, inputs: readonly NDArray[], params: P) => readonly NDArray[];

function alone<P extends keyof CollectiveOps>(prim: P): CollectiveRule<CollectiveOps[P]> {
  return (ctx, inputs, params) => {
    const place = ctx.axisEnv.get(params.axisName);
    if (!place) internal(`${prim}: the axis "${params.axisName}" is not bound; vmap should have batched it away`);
    if (prim === "axis_index") return [full([], "i32", place.index)];
    if (place.exchange) return place.exchange(prim, inputs, params);
    if (place.size !== 1)
      internal(`${prim}: a single program cannot see the ${place.size} ranks of "${params.axisName}"`);
    return meet(prim, [inputs], params)[0];
  };
}

/** Results on every rank from the operands on every rank (both: rank, then operand). */
export function meet<P extends keyof CollectiveOps>(
  prim: P,
  ranks: readonly (readonly NDArray[])[],
  params: CollectiveOps[P],
): NDArray[][] {
  const rule = acrossRanks[prim] as (
    xs: readonly NDArray[],
    params: CollectiveOps[P],
    ranks: number,
  ) => readonly NDArray[];
  const perOperand = ranks[0].map((_, o) =>
    rule(
      ranks.map((operands) => operands[o]),
      params,
      ranks.length,
    ),
  );
  return ranks.map((_, r) => perOperand.map((results) => results[r]));
}

export const collective = {
  psum: alone("psum"),
  pmax: alone("pmax"),
  pmin: alone("pmin"),
  all_gather: alone("all_gather"),
  psum_scatter: alone("psum_scatter"),
  all_to_all: alone("all_to_all"),
  ppermute: alone("ppermute"),
  axis_index: alone("axis_index"),
} satisfies Rules<CollectiveOps, InterpretKind>;
