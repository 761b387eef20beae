/** Transposes of slicing at computed places, gather and scatter: reading and adding change their roles. */
import type { Aval } from "../../../ir/aval.js";
import type { Builder } from "../../../ir/builder.js";
import { dimProduct } from "../../../ir/dim.js";
import type { IndexingOps, ScatterParams } from "../../../ir/ops/index.js";
import type { Atom } from "../../../ir/program.js";
import type { Rules } from "../../../ir/rules.js";
import { gatherZero, maskTo, toGather, toScatterDims, zeros } from "../emit.js";
import { failNotLinear, nonlinear, type Operand, type TransposeContext, type TransposeKind, unary } from "./rule.js";

const chosen = nonlinear("which value wins depends on all of them");

/** Indices, which are never linear. */
function fixed(inputs: readonly Operand[], ctx: TransposeContext): Atom[] {
  return inputs.map((x) => x ?? failNotLinear(ctx, "its indices depend on the linear inputs"));
}

/** Which updates are still to be read in the result: each leaves its number where it writes, and the last stays. */
function lastWriters(b: Builder, indices: Atom, operand: Aval, updates: Aval, params: ScatterParams): Atom {
  const n = dimProduct(updates.shape);
  const count = b.emit1("iota", [], { dtype: "i32", shape: [n], axis: 0 });
  const number = b.reshape(b.add(count, b.fullLike(count, 1)), updates.shape);
  const written = b.emit1("scatter", [b.full(operand.shape, 0, "i32"), indices, number], params);
  const gather = toGather(params, operand.shape, updates.shape);
  return b.op("eq", number, gatherZero(b, written, indices, gather));
}

export const indexing = {
  dynamic_slice: unary((b, ct, x, params, starts, ctx) => {
    const sum = ctx.takeSum(0);
    const more = sum === null ? ct : b.add(b.emit1("dynamic_slice", [sum, ...starts], params), ct);
    return b.emit1("dynamic_update_slice", [sum ?? zeros(b, x), more, ...starts], {});
  }),
  dynamic_update_slice: (b, [ct], [operand, update, ...rest], _params, ctx) => {
    const starts = fixed(rest, ctx);
    const none = starts.map(() => null);
    if (ct === null) return [null, null, ...none];
    const { shape, dtype } = ctx.eqn.inputs[1].aval;
    const kept =
      operand === null ? b.emit1("dynamic_update_slice", [ct, b.full(shape, 0, dtype), ...starts], {}) : null;
    return [kept, update === null ? b.emit1("dynamic_slice", [ct, ...starts], { sizes: shape }) : null, ...none];
  },
  gather: unary((b, ct, x, params, indices, ctx) =>
    b.emit1("scatter_add", [ctx.takeSum(0) ?? zeros(b, x), ...indices, ct], {
      dims: toScatterDims(params.dims),
      mode: params.mode,
      uniqueIndices: false,
    }),
  ),
  scatter: (b, [ct], [operand, index, updates], params, ctx) => {
    const [indices] = fixed([index], ctx);
    if (ct === null) return [null, null, null];
    const [x, , u] = ctx.eqn.inputs;
    const kept = (): Atom => b.emit1("scatter", [ct, indices, zeros(b, u.aval)], params);
    const written = (): Atom => {
      const read = gatherZero(b, ct, indices, toGather(params, x.aval.shape, u.aval.shape));
      return params.uniqueIndices ? read : maskTo(b, lastWriters(b, indices, x.aval, u.aval, params), read);
    };
    return [operand === null ? kept() : null, null, updates === null ? written() : null];
  },
  scatter_add: (b, [ct], [operand, index, updates], params, ctx) => {
    const [indices] = fixed([index], ctx);
    if (ct === null) return [null, null, null];
    const [x, , u] = ctx.eqn.inputs;
    const gather = toGather(params, x.aval.shape, u.aval.shape);
    return [operand === null ? ct : null, null, updates === null ? gatherZero(b, ct, indices, gather) : null];
  },
  scatter_mul: (b, [ct], [operand, index, updates], params, ctx) => {
    const [indices] = fixed([index], ctx);
    if (updates === null) return failNotLinear(ctx, "updates multiply what stands there");
    return [operand === null && ct ? b.emit1("scatter_mul", [ct, indices, updates], params) : null, null, null];
  },
  scatter_min: chosen,
  scatter_max: chosen,
} satisfies Rules<IndexingOps, TransposeKind>;
