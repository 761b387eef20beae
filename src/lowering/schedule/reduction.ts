/** Reductions: a space, which of its axes are combined, and the element; the nest chooses loop order and vectors. */
import type { Shape } from "../../ir/dim.js";
import type { DType } from "../../ir/dtype.js";
import type { ReductionOps, Window, WindowOp } from "../../ir/ops/index.js";
import type { Rules } from "../../ir/rules.js";
import { cumulative } from "../../kernels/cumulative.js";
import { selectAndScatterAdd } from "../../kernels/window.js";
import { identityOf } from "../../ir/reduce-op.js";
import { type Affine, addIndex, scaleIndex } from "./affine.js";
import { type Expander, kernelDType } from "./expand.js";
import { unpad } from "./movement.js";
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
          return { node: node.dtype === "bool" ? x.convert(node, "i32") : node, payload: positionNode(x, index[axis]) };
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

const WINDOW_COMBINE: Record<WindowOp, TileReduceOp> = { sum: "sum", max: "max", min: "min", prod: "prod" };

/** Where in the operand the point (output position, position in the window) lies; `inside` false where it is padding. */
function windowElement(
  x: Expander,
  w: Window,
  shape: Shape,
  out: readonly Affine[],
  offset: readonly Affine[],
): { inside: Node | null | false; index: readonly Affine[] } {
  const padded = out.map((o, i) => addIndex(scaleIndex(o, w.strides[i]), scaleIndex(offset[i], w.windowDilation[i])));
  return unpad(
    x,
    padded,
    shape,
    w.padding.map((p) => p[0]),
    w.baseDilation.map((d) => d - 1),
  );
}

const reduceWindow: ReduceRule<ReductionOps["reduce_window"]> = {
  kind: "reduce",
  spec(eqn): ReduceSpec {
    const [operand] = eqn.inputs;
    const shape = dimsOf(operand);
    const out = dimsOf(eqn.outputs[0]);
    const combine = WINDOW_COMBINE[eqn.params.op];
    const accumulate = accumulateType(operand.aval.dtype);
    const rank = shape.length;
    return {
      dims: [...out, ...eqn.params.windowDims],
      reduced: [...out.map(() => false), ...eqn.params.windowDims.map(() => true)],
      combine,
      accumulate,
      joinable: false,
      element(x, index) {
        const nothing = x.constant(identityOf(combine, accumulate), accumulate);
        const { inside, index: at } = windowElement(x, eqn.params, shape, index.slice(0, rank), index.slice(rank));
        if (inside === false) return { node: nothing };
        const value = x.convert(x.value(operand, x.at(shape, at), inside), accumulate);
        return { node: inside === null ? value : x.op("select", [inside, value, nothing], accumulate) };
      },
    };
  },
};

const selectAndGatherAdd: ReduceRule<ReductionOps["select_and_gather_add"]> = {
  kind: "reduce",
  spec(eqn): ReduceSpec {
    const [tangents, operand] = eqn.inputs;
    const shape = dimsOf(operand);
    const out = dimsOf(eqn.outputs[0]);
    const rank = shape.length;
    return {
      dims: [...out, ...eqn.params.windowDims],
      reduced: [...out.map(() => false), ...eqn.params.windowDims.map(() => true)],
      combine: eqn.params.select === "ge" ? "argmax" : "argmin",
      accumulate: kernelDType(tangents.aval.dtype),
      joinable: false,
      element(x, index) {
        const { inside, index: at } = windowElement(x, eqn.params, shape, index.slice(0, rank), index.slice(rank));
        if (inside === false) {
          const none = x.constant(false, "bool");
          return { node: x.constant(0, operand.aval.dtype), payload: x.constant(0, tangents.aval.dtype), valid: none };
        }
        const pos = x.at(shape, at);
        return { node: x.value(operand, pos, inside), payload: x.value(tangents, pos, inside), valid: inside };
      },
    };
  },
};

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
  reduce_window: reduceWindow,
  select_and_scatter_add: {
    kind: "kernel",
    lower(k, eqn) {
      const [source, operand] = eqn.inputs;
      const kernel = selectAndScatterAdd(
        eqn.params,
        dimsOf(source),
        dimsOf(operand),
        source.aval.dtype,
        operand.aval.dtype,
      );
      k.launch(kernel, [k.buffer(source), k.buffer(operand), k.out(eqn.outputs[0])]);
    },
  },
  select_and_gather_add: selectAndGatherAdd,
} satisfies Rules<ReductionOps, ScheduleKind>;
