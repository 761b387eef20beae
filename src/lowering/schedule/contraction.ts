/** Contractions: sums of products, which the writer of nests tiles where that pays (contract.ts). */
import type { ContractionOps, DotParams } from "../../ir/ops/index.js";
import type { Rules } from "../../ir/rules.js";
import { accumulateType } from "./reduction.js";
import { dimsOf, type ReduceRule, type ReduceSpec, type ScheduleKind } from "./rule.js";
import { range } from "../../util/index.js";

/** The axes of a dot: free ones are those that are neither batch nor contracted, in order. */
function dotAxes(params: DotParams, lhsRank: number, rhsRank: number): { lhsFree: number[]; rhsFree: number[] } {
  const free = (rank: number, batch: readonly number[], contract: readonly number[]): number[] =>
    range(rank).filter((i) => !batch.includes(i) && !contract.includes(i));
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
    const lhsShape = dimsOf(lhs);
    const rhsShape = dimsOf(rhs);
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

export const contraction = { dot_general: dotAsReduction } satisfies Rules<
  Pick<ContractionOps, "dot_general">,
  ScheduleKind
>;
