/** Kernels: one launch for each element of the batch, as a loop whose iterations are independent; base offsets follow the loop. */
import { aval } from "../../../ir/aval.js";
import { Builder } from "../../../ir/builder.js";
import type { KernelOps } from "../../../ir/ops/index.js";
import type { Atom } from "../../../ir/program.js";
import type { Rules } from "../../../ir/rules.js";
import { type BatchDim, moveAxis, toDim } from "../axes.js";
import { type BatchContext, type BatchKind, type BatchOut, emitAs, same } from "../rule.js";

/**
 * Accesses of a batch: the batch axis stands in front of blocks and references, and is one more index. A scalar (`other`) that
 * differs between the elements becomes a choice outside of the load.
 */
function access(
  b: Builder,
  inputs: readonly Atom[],
  dims: readonly BatchDim[],
  params: object,
  ctx: BatchContext,
  blocks: number,
): readonly Atom[] {
  const [ref, ...rest] = inputs.map((x, i) => toDim(b, x, dims[i], 0, ctx.axisSize));
  const at = b.iota(rest[0]?.aval.shape ?? [ctx.axisSize], 0, "i32");
  return emitAs(b, ctx, [ref, ...rest.slice(0, blocks), at, ...rest.slice(blocks)], params);
}

export const kernel = {
  kernel_call: (b, inputs, dims, params, ctx) => {
    const step = new Builder();
    const whole = inputs.filter((_, i) => dims[i] === null);
    const parts = inputs.flatMap((x, i) => {
      const d = dims[i];
      return d === null ? [] : [moveAxis(b, x, d, 0)];
    });
    const consts = whole.map((x) => step.input(x.aval));
    const xs = parts.map((x) => step.input(aval(x.aval.shape.slice(1), x.aval.dtype)));
    let c = 0;
    let x = 0;
    const operands = dims.map((d) => (d === null ? consts[c++] : xs[x++]));
    const outs = step.emit("kernel_call", operands, params, ctx.eqn.span);
    const outputs = b.emit("scan", [...whole, ...parts], {
      body: step.finish(outs, params.name),
      length: ctx.axisSize,
      reverse: false,
      numConsts: whole.length,
      numCarry: 0,
    });
    return same(outputs, 0);
  },
  load: (b, inputs, dims, params, ctx): BatchOut => {
    const own = params.other ? inputs.length - 1 : inputs.length;
    const operands = inputs.slice(0, own);
    const rank = inputs[0].aval.shape.length - (dims[0] === null ? 0 : 1);
    if (rank === 0 && !params.masked) return { outputs: [inputs[0]], dims: [dims[0]] };
    if (!params.other) return same(access(b, operands, dims, params, ctx, 0), 0);
    if (dims[own] === null) {
      const [ref, ...rest] = operands.map((v, i) => toDim(b, v, dims[i], 0, ctx.axisSize));
      const at = b.iota(rest[0].aval.shape, 0, "i32");
      return same(emitAs(b, ctx, [ref, at, ...rest, inputs[own]], params), 0);
    }
    const [loaded] = access(b, operands, dims, { ...params, other: false }, ctx, 0);
    if (!params.masked) return same([loaded], 0);
    const mask = toDim(b, inputs[own - 1], dims[own - 1], 0, ctx.axisSize);
    const other = toDim(b, inputs[own], dims[own], 0, ctx.axisSize);
    return same([b.select(mask, loaded, b.broadcast(other, loaded.aval.shape, [0]))], 0);
  },
  store: (b, inputs, dims, params, ctx) => same(access(b, inputs, dims, params, ctx, 1), 0),
  atomic: (b, inputs, dims, params, ctx) => same(access(b, inputs, dims, params, ctx, 1), 0),
  atomic_cas: (b, inputs, dims, params, ctx) => same(access(b, inputs, dims, params, ctx, 2), 0),
  empty: (b, _inputs, _dims, params, ctx) => same(emitAs(b, ctx, [], params), null),
} satisfies Rules<KernelOps, BatchKind>;
