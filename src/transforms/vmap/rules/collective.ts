/**
 * Collectives over the axis that is being batched become operations over the batch axis: what is combined over it is the same for all
 * elements, and so unbatched. Collectives over other axes treat the batch axis as one more axis.
 */
import type { Builder } from "../../../ir/builder.js";
import { dimFloorDiv } from "../../../ir/dim.js";
import type { CollectiveOps, Prim } from "../../../ir/ops/index.js";
import type { Atom } from "../../../ir/program.js";
import type { Rules } from "../../../ir/rules.js";
import { aval } from "../../../ir/aval.js";
import {
  type BatchDim,
  insertAt,
  mergeAxis,
  moveAxis,
  sliceAxis,
  splitAxis,
  staticSize,
  timesSize,
  toDim,
  zeros,
} from "../axes.js";
import { type BatchContext, type BatchKind, type BatchOut, emitAs, pointwiseEach, same } from "../rule.js";
import { range } from "../../../util/index.js";

type Named<P> = P & { readonly axisName: string };
type Rule<P> = (
  b: Builder,
  inputs: readonly Atom[],
  dims: readonly BatchDim[],
  params: P,
  ctx: BatchContext,
) => BatchOut;

/** `own` when the collective is over the batched axis, else `other`. */
function over<P>(own: Rule<Named<P>>, other: Rule<Named<P>>): Rule<Named<P>> {
  return (b, inputs, dims, params, ctx) =>
    (params.axisName === ctx.axisName ? own : other)(b, inputs, dims, params, ctx);
}

/** psum, pmax, pmin: each operand reduced over its batch axis; `alone` says what n equal values make. */
function reduced(
  prim: "reduce_sum" | "reduce_max" | "reduce_min",
  alone: (b: Builder, x: Atom, ctx: BatchContext) => Atom,
) {
  const own: Rule<{ readonly axisName: string }> = (b, inputs, dims, _params, ctx) =>
    same(
      inputs.map((x, i) => {
        const dim = dims[i];
        return dim === null ? alone(b, x, ctx) : b.emit1(prim as Prim, [x], { axes: [dim] } as never);
      }),
      null,
    );
  return over(own, pointwiseEach as Rule<{ readonly axisName: string }>);
}
const unchanged = (_b: Builder, x: Atom): Atom => x;

/** Over another axis: the batch axis stands in front and the named axes of `params` move up by one. */
function inFront<P extends object>(params: (p: P) => object): Rule<P> {
  return (b, [x], [dim], p, ctx) => {
    if (dim === null) return same(emitAs(b, ctx, [x], p), null);
    return same(emitAs(b, ctx, [moveAxis(b, x, dim, 0)], params(p)), 0);
  };
}

/** Runs of destinations whose sources follow each other too: one slice (or one block of zeros) each. */
function runs(perm: readonly (readonly [number, number])[], size: number): { source: number | null; length: number }[] {
  const sources = range(size).map((to) => perm.find((p) => p[1] === to)?.[0] ?? null);
  const out: { source: number | null; length: number }[] = [];
  for (const source of sources) {
    const last = out[out.length - 1];
    const follows = last && (last.source === null ? source === null : source === last.source + last.length);
    if (follows) last.length++;
    else out.push({ source, length: 1 });
  }
  return out;
}

export const collective = {
  psum: reduced("reduce_sum", (b, x, ctx) => timesSize(b, x, ctx.axisSize)),
  pmax: reduced("reduce_max", unchanged),
  pmin: reduced("reduce_min", unchanged),

  all_gather: over<CollectiveOps["all_gather"]>(
    (b, [x], [dim], { axis, tiled }, { axisSize }) => {
      const gathered = toDim(b, x, dim, axis, axisSize);
      return same([tiled ? mergeAxis(b, gathered, axis) : gathered], null);
    },
    inFront((p) => ({ ...p, axis: p.axis + 1 })),
  ),

  psum_scatter: over<CollectiveOps["psum_scatter"]>(
    (b, [x], [dim], { axis, tiled }, { axisSize }) => {
      const sum = dim === null ? timesSize(b, x, axisSize) : b.reduceSum(x, [dim]);
      if (!tiled) return same([sum], axis);
      return same([splitAxis(b, sum, axis, axisSize, dimFloorDiv(sum.aval.shape[axis], axisSize))], axis);
    },
    inFront((p) => ({ ...p, axis: p.axis + 1 })),
  ),

  all_to_all: over<CollectiveOps["all_to_all"]>(
    (b, [x], [dim], { splitAxis: split, concatAxis, tiled }, { axisSize }) => {
      // axis 0 is the sender; the axis that is split becomes the receiver, and the sender goes to `concatAxis`
      const front = toDim(b, x, dim, 0, axisSize);
      if (!tiled) {
        const rest = range(front.aval.shape.length).filter((a) => a !== 0 && a !== split + 1);
        return same([b.transpose(front, [split + 1, ...insertAt(rest, concatAxis, 0)])], 0);
      }
      const part = dimFloorDiv(front.aval.shape[split + 1], axisSize);
      const parts = moveAxis(b, splitAxis(b, front, split + 1, axisSize, part), split + 1, 0);
      // now [receiver, sender, ...element]: the sender goes right before the axis that it is joined with
      return same([mergeAxis(b, moveAxis(b, parts, 1, concatAxis + 1), concatAxis + 1)], 0);
    },
    inFront((p) => ({ ...p, splitAxis: p.splitAxis + 1, concatAxis: p.concatAxis + 1 })),
  ),

  ppermute: over<CollectiveOps["ppermute"]>(
    (b, inputs, dims, { perm }, ctx) => {
      const size = staticSize(ctx.axisSize, "ppermute");
      const blocks = runs(perm, size);
      // everybody gets what everybody has
      const total = blocks.every((r) => r.source !== null);
      const outputs = inputs.map((x, i) => {
        if (dims[i] === null && total) return x;
        const front = toDim(b, x, dims[i], 0, size);
        const parts = blocks.map(({ source, length }) =>
          source === null
            ? zeros(b, aval([length, ...front.aval.shape.slice(1)], front.aval.dtype))
            : sliceAxis(b, front, 0, source, source + length),
        );
        return parts.length === 1 ? parts[0] : b.emit1("concatenate", parts, { axis: 0 });
      });
      return { outputs, dims: dims.map((d) => (d === null && total ? null : 0)) };
    },
    pointwiseEach as Rule<CollectiveOps["ppermute"]>,
  ),

  axis_index: (b, _inputs, _dims, _params, { axisSize }) => same([b.iota([axisSize], 0, "i32")], 0),
} satisfies Rules<CollectiveOps, BatchKind>;
