/** Reductions of windows, and what their derivatives are made of. */
import type { Shape } from "../../ir/dim.js";
import type { ReductionOps, Window, WindowOp } from "../../ir/ops/index.js";
import { identityOf } from "../../ir/reduce-op.js";
import type { Rules } from "../../ir/rules.js";
import type { TileReduceOp } from "../../ir/tile.js";
import { selectAndScatterAdd } from "../../kernels/window.js";
import { type Affine, addIndex, scaleIndex } from "./affine.js";
import { convAsReduction } from "./convolution.js";
import { type Expander, kernelDType } from "./expand.js";
import type { WindowOps } from "./handed-over.js";
import { unpad } from "./movement.js";
import type { Node } from "./node.js";
import { accumulateType } from "./reduction.js";
import { dimsOf, type ReduceRule, type ReduceSpec, type ScheduleKind } from "./rule.js";

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

export const windowRules = {
  conv_general_dilated: convAsReduction,
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
} satisfies Rules<WindowOps, ScheduleKind>;
