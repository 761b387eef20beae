/** Movement: nothing moves; the index at which the operand is read is rewritten. */
import { internal } from "../../diagnostics/error.js";
import { type Dim, dimAdd, dimFloorDiv, dimMax, dimMul, dimSub, type Shape } from "../../ir/dim.js";
import type { MovementOps } from "../../ir/ops/index.js";
import type { Rules } from "../../ir/rules.js";
import { type Affine, divideIndex, scaleIndex, shiftIndex, ZERO } from "./affine.js";
import { type Expander, kernelDType } from "./expand.js";
import type { Node } from "./node.js";
import { dimsOf, type KernelRule, point, type ScheduleKind } from "./rule.js";

/** The element of `pad` at `index`, or where it comes from: null test means always inside. */
export function unpad(
  x: Expander,
  index: readonly Affine[],
  shape: Shape,
  low: readonly Dim[],
  interior: readonly number[],
): { readonly inside: Node | null | false; readonly index: readonly Affine[] } {
  let inside: Node | null = null;
  const source: Affine[] = [];
  for (let i = 0; i < shape.length; i++) {
    const step = interior[i] + 1;
    let p = shiftIndex(index[i], dimSub(0, low[i]));
    const within = x.within(p, 0, dimAdd(dimMul(dimSub(shape[i], 1), step), 1));
    if (within === false || shape[i] === 0) return { inside: false, index };
    inside = x.and(inside, within);
    if (step > 1) {
      // positions left of the array are refused by `inside`; lifted, their quotient and remainder are still defined
      const lift = dimFloorDiv(dimAdd(dimMax(low[i], 0), step - 1), step);
      const [q, r] = divideIndex(shiftIndex(p, dimMul(lift, step)), step, x);
      p = shiftIndex(q, dimSub(0, lift));
      if (r.terms.length > 0) inside = x.and(inside, x.op("eq", [x.indexNode(r), x.constant(0, "i32")], "bool"));
      else if (r.constant !== 0) return { inside: false, index };
    }
    source.push(p);
  }
  return { inside, index: source };
}

/** Each operand is computed straight into its part of the result. */
const concatenate: KernelRule<MovementOps["concatenate"]> = {
  kind: "kernel",
  inlines: (eqn) => eqn.inputs.map(() => true),
  lower(k, eqn) {
    const { axis } = eqn.params;
    const shape = dimsOf(eqn.outputs[0]);
    const into = k.out(eqn.outputs[0]);
    let start: Dim = 0;
    const parts = eqn.inputs.map((a) => {
      const dims = dimsOf(a);
      const from = start;
      start = dimAdd(start, dims[axis]);
      return {
        dims,
        into,
        write: (x: Expander, index: readonly Affine[]) => ({
          value: x.value(a, x.at(dims, index)),
          offset: x.flat(
            x.at(
              shape,
              index.map((o, i) => (i === axis ? shiftIndex(o, from) : o)),
            ),
          ),
        }),
      };
    });
    k.parts(
      "concatenate",
      parts.filter((p) => p.dims.every((n) => n !== 0)),
    );
  },
};

export const movement = {
  reshape: {
    ...point<MovementOps["reshape"]>(0, (x, eqn, _output, pos, guard) =>
      x.value(eqn.inputs[0], x.atFlat(dimsOf(eqn.inputs[0]), x.flat(pos)), guard),
    ),
    aliasOf: 0,
  },
  transpose: point(0, (x, eqn, _output, pos, guard) => {
    const out = x.index(pos);
    const index: Affine[] = new Array(out.length);
    eqn.params.perm.forEach((p, i) => {
      index[p] = out[i];
    });
    return x.value(eqn.inputs[0], x.at(dimsOf(eqn.inputs[0]), index), guard);
  }),
  broadcast_in_dim: point(0, (x, eqn, _output, pos, guard) => {
    const shape = dimsOf(eqn.inputs[0]);
    if (shape.every((n) => n === 1)) return x.value(eqn.inputs[0], x.atFlat(shape, ZERO), guard);
    const out = x.index(pos);
    const index = eqn.params.dims.map((d, i) => (shape[i] === 1 ? ZERO : out[d]));
    return x.value(eqn.inputs[0], x.at(shape, index), guard);
  }),
  slice: point(0, (x, eqn, _output, pos, guard) => {
    const { start, strides } = eqn.params;
    const index = x.index(pos).map((o, i) => shiftIndex(scaleIndex(o, strides[i]), start[i]));
    return x.value(eqn.inputs[0], x.at(dimsOf(eqn.inputs[0]), index), guard);
  }),
  pad: point(2, (x, eqn, _output, pos, guard) => {
    const { low, interior } = eqn.params;
    const shape = dimsOf(eqn.inputs[0]);
    const fill = x.value(eqn.inputs[1], x.atFlat([], ZERO));
    const { inside, index } = unpad(x, x.index(pos), shape, low, interior);
    if (inside === false) return fill;
    const value = x.value(eqn.inputs[0], x.at(shape, index), x.and(guard, inside));
    return inside === null ? value : x.op("select", [inside, value, fill], value.dtype);
  }),
  concatenate,
  rev: point(0, (x, eqn, _output, pos, guard) => {
    const shape = dimsOf(eqn.inputs[0]);
    const index = x
      .index(pos)
      .map((o, i) => (eqn.params.axes.includes(i) ? shiftIndex(scaleIndex(o, -1), dimSub(shape[i], 1)) : o));
    return x.value(eqn.inputs[0], x.at(shape, index), guard);
  }),
  iota: point(1, (x, eqn, _output, pos) => {
    const index = x.index(pos)[eqn.params.axis] ?? internal("iota along no axis");
    return x.convert(x.indexNode(index), kernelDType(eqn.params.dtype));
  }),
} satisfies Rules<MovementOps, ScheduleKind>;
