/** Forward-mode rules of slicing at computed places, gather and scatter. */
import type { Builder } from "../../../ir/builder.js";
import type { IndexingOps, ScatterParams } from "../../../ir/ops/index.js";
import type { AnyEqn, Atom } from "../../../ir/program.js";
import type { Rules } from "../../../ir/rules.js";
import {
  addAll,
  copyEqn,
  gatherZero,
  indicator,
  instantiate,
  type MaybeZero,
  maskTo,
  toGather,
  zeros,
} from "../emit.js";
import { failNotDifferentiable, type JvpKind, type JvpOut, linearIn } from "./rule.js";

/** Values that are the result share its tangent evenly, whether they came from the operand or from updates. */
function scatterExtremum(
  b: Builder,
  primals: readonly Atom[],
  tangents: readonly MaybeZero[],
  params: ScatterParams,
  eqn: AnyEqn,
): JvpOut {
  const [x, indices, updates] = primals;
  const [y] = copyEqn(b, eqn, primals);
  const { dtype } = x.aval;
  const [tx, , tu] = tangents;
  const gather = toGather(params, x.aval.shape, updates.aval.shape);
  const fromOperand = b.op("eq", x, y);
  const fromUpdates = b.op("eq", updates, gatherZero(b, y, indices, gather));
  const spread = (operand: Atom, update: Atom): Atom => b.emit1("scatter_add", [operand, indices, update], params);
  const winners = spread(indicator(b, fromOperand, dtype), indicator(b, fromUpdates, dtype));
  const sum = spread(
    maskTo(b, fromOperand, instantiate(b, tx, x.aval)),
    maskTo(b, fromUpdates, instantiate(b, tu, updates.aval)),
  );
  return { primals: [y], tangents: [b.div(sum, winners)] };
}

export const indexing = {
  dynamic_slice: linearIn(1),
  dynamic_update_slice: linearIn(2),
  gather: (b, primals, [t], params, eqn) => ({
    primals: copyEqn(b, eqn, primals),
    tangents: [t && gatherZero(b, t, primals[1], params)],
  }),
  // later updates win where they meet, for values and for tangents alike
  scatter: (b, primals, [tx, , tu], params, eqn) => {
    const [x, indices, updates] = primals;
    const operands = [instantiate(b, tx, x.aval), indices, instantiate(b, tu, updates.aval)];
    return { primals: copyEqn(b, eqn, primals), tangents: [b.emit1("scatter", operands, params)] };
  },
  scatter_add: (b, primals, [tx, , tu], params, eqn) => {
    const [x, indices] = primals;
    const outs = copyEqn(b, eqn, primals);
    if (tu === null) return { primals: outs, tangents: [tx] };
    return { primals: outs, tangents: [b.emit1("scatter_add", [instantiate(b, tx, x.aval), indices, tu], params)] };
  },
  scatter_mul: (b, primals, [tx, , tu], params, eqn) => {
    const [x, indices, updates] = primals;
    const outs = copyEqn(b, eqn, primals);
    if (tu !== null && !params.uniqueIndices) {
      failNotDifferentiable(
        eqn,
        "updates that meet multiply each other",
        "pass uniqueIndices: true if no two updates meet, or multiply before scattering",
      );
    }
    const gather = toGather(params, x.aval.shape, updates.aval.shape);
    const left = tx && b.emit1("scatter_mul", [tx, indices, updates], params);
    const right =
      tu && b.emit1("scatter_add", [zeros(b, x.aval), indices, b.mul(tu, gatherZero(b, x, indices, gather))], params);
    return { primals: outs, tangents: [addAll(b, [left, right])] };
  },
  scatter_min: scatterExtremum,
  scatter_max: scatterExtremum,
} satisfies Rules<IndexingOps, JvpKind>;
