/** Reductions: a space, which of its axes are combined, and the element; the nest chooses loop order and vectors. */
import type { DType } from "../../ir/dtype.js";
import type { ReductionOps } from "../../ir/ops/index.js";
import type { Rules } from "../../ir/rules.js";
import { cumulative } from "../../kernels/cumulative.js";
import type { Affine } from "./affine.js";
import type { Expander } from "./expand.js";
import type { WindowOps } from "./handed-over.js";
import type { Node } from "./node.js";
import { dimsOf, type EqnOf, type KernelRule, type ReduceRule, type ReduceSpec, type ScheduleKind } from "./rule.js";
import type { TileReduceOp } from "../../ir/tile.js";

/** f16 and bf16 are accumulated in f32. */
export function accumulateType(d: DType): DType {
  return d === "f16" || d === "bf16" ? "f32" : d;
}

function reduce(combine: TileReduceOp): ReduceRule<ReductionOps["reduce_max"]> {
  return {
    kind: "reduce",
    spec(eqn): ReduceSpec {
      const [operand] = eqn.inputs;
      const dims = dimsOf(operand);
      const accumulate = accumulateType(operand.aval.dtype);
      return {
        dims,
        reduced: dims.map((_, i) => eqn.params.axes.includes(i)),
        combine,
        passNaN: eqn.params.passNaN ?? false,
        accumulate,
        joinable: true,
        element: (x, index) => ({ node: x.convert(x.value(operand, x.at(dims, index)), accumulate) }),
      };
    },
  };
}

function argReduce(combine: "argmax" | "argmin"): ReduceRule<ReductionOps["argmax"]> {
  return {
    kind: "reduce",
    spec(eqn): ReduceSpec {
      const [operand] = eqn.inputs;
      const dims = dimsOf(operand);
      const { axis } = eqn.params;
      return {
        dims,
        reduced: dims.map((_, i) => i === axis),
        combine,
        accumulate: "i32",
        joinable: true,
        element: (x, index) => {
          const node = x.value(operand, x.at(dims, index));
          // compared in a type that has such instructions
          const compared =
            node.dtype === "bool" ? "i32" : node.dtype === "f16" || node.dtype === "bf16" ? "f32" : node.dtype;
          return { node: x.convert(node, compared), payload: positionNode(x, index[axis]) };
        },
      };
    },
  };
}
/** An index node even where the index is constant: accumulators tell positions from payloads by it. */
function positionNode(x: Expander, index: Affine): Node {
  const node = x.indexNode(index);
  return node.kind === "index" ? node : { kind: "index", id: -1 - node.id, dtype: "i32", loops: node.loops, index };
}

function cumulate(op: "sum" | "prod" | "max" | "min" | "logsumexp"): KernelRule<ReductionOps["cumsum"]> {
  return {
    kind: "kernel",
    lower(k, eqn: EqnOf<ReductionOps["cumsum"]>) {
      const [operand] = eqn.inputs;
      const shape = dimsOf(operand);
      const { axis, reverse } = eqn.params;
      const kernel = cumulative({ op, dtype: operand.aval.dtype, shape, axis, reverse });
      k.launch(kernel, [k.buffer(operand), k.out(eqn.outputs[0])]);
    },
  };
}

export const reduction = {
  reduce_sum: reduce("sum"),
  reduce_prod: reduce("prod"),
  reduce_max: reduce("max"),
  reduce_min: reduce("min"),
  reduce_and: reduce("and"),
  reduce_or: reduce("or"),
  reduce_xor: reduce("xor"),
  argmax: argReduce("argmax"),
  argmin: argReduce("argmin"),
  cumsum: cumulate("sum"),
  cumprod: cumulate("prod"),
  cummax: cumulate("max"),
  cummin: cumulate("min"),
  cumlogsumexp: cumulate("logsumexp"),
} satisfies Rules<Omit<ReductionOps, keyof WindowOps>, ScheduleKind>;
