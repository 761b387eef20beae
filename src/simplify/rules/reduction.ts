/** Reductions over axes that hold one value, or that another reduction or a movement prepared. */
import { isStatic } from "../../ir/dim.js";
import type { AnyEqn, Eqn } from "../../ir/program.js";
import { on, type RewriteContext } from "../rule.js";
import { number } from "./values.js";

const IDEMPOTENT = ["reduce_max", "reduce_min", "reduce_and", "reduce_or"] as const;
const REDUCE = ["reduce_sum", "reduce_prod", "reduce_xor", ...IDEMPOTENT] as const;
type Reduce = (typeof REDUCE)[number];

const without = <T>(list: readonly T[], axes: readonly number[]): T[] => list.filter((_, i) => !axes.includes(i));

export const reduction = {
  "reduction over no axes": on(REDUCE, (_r, { inputs: [x], params }) => (params.axes.length === 0 ? x : undefined)),
  "reduction over axes of size 1": on(REDUCE, (r, { prim, inputs: [x], params }) => {
    const trivial = params.axes.filter((a) => x.aval.shape[a] === 1);
    if (trivial.length === 0) return undefined;
    const y = r.emit("reshape", [x], { shape: without(x.aval.shape, trivial) });
    return emitReduce(r, prim, y, renumber(except(params.axes, trivial), trivial));
  }),
  "reduction of a reduction": on(REDUCE, (r, { prim, inputs: [x], params }) => {
    const first = r.made(x, prim) as (AnyEqn & { prim: Reduce }) | undefined;
    if (!first) return undefined;
    const kept = without([...first.inputs[0].aval.shape.keys()], first.params.axes);
    const axes = [...first.params.axes, ...params.axes.map((a) => kept[a])].sort((a, b) => a - b);
    return emitReduce(r, prim, first.inputs[0], axes);
  }),
  "reduction of a transpose": on(REDUCE, (r, { prim, inputs: [x], params }) => {
    const moved = r.made(x, "transpose");
    if (!moved) return undefined;
    const { perm } = moved.params;
    const axes = params.axes.map((a) => perm[a]).sort((a, b) => a - b);
    const y = emitReduce(r, prim, moved.inputs[0], axes);
    // axes that are left, in their old order, to the order in which the transpose had them
    const left = without(
      [...perm.keys()].sort((a, b) => a - b),
      axes,
    );
    return r.emit("transpose", [y], { perm: without(perm, params.axes).map((p) => left.indexOf(p)) });
  }),
  "reduction over broadcast axes": on(["reduce_sum", ...IDEMPOTENT], (r, { prim, inputs: [x], params }) => {
    const made = r.made(x, "broadcast_in_dim");
    if (!made) return undefined;
    const { shape, dims } = made.params;
    const [source] = made.inputs;
    const repeated = params.axes.filter((a) => {
      const from = dims.indexOf(a);
      return shape[a] !== 1 && (from < 0 || source.aval.shape[from] === 1);
    });
    const count = repeated.reduce((n, a) => n * (isStatic(shape[a]) ? (shape[a] as number) : Number.NaN), 1);
    if (repeated.length === 0 || !(count > 0)) return undefined;
    // broadcast the source to all axes but those, reduce the rest
    const dropped = dims.flatMap((d, i) => (repeated.includes(d) ? [i] : []));
    const y = r.emit("reshape", [source], { shape: without(source.aval.shape, dropped) });
    const narrow = r.emit("broadcast_in_dim", [y], {
      shape: without(shape, repeated),
      dims: renumber(
        dims.filter((d) => !repeated.includes(d)),
        repeated,
      ),
    });
    const reduced = emitReduce(r, prim, narrow, renumber(except(params.axes, repeated), repeated));
    return prim === "reduce_sum" ? r.emit("mul", [reduced, number(r, reduced.aval, count)], {}) : reduced;
  }),
  "cumulative op along an axis of size 1": on(
    ["cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp"],
    (_r, { inputs: [x], params }) => (x.aval.shape[params.axis] === 1 ? x : undefined),
  ),
  "sort along an axis of size 1": on("sort", (_r, { inputs, params }) =>
    inputs[0].aval.shape[params.axis] === 1 ? inputs : undefined,
  ),
};

const except = (axes: readonly number[], gone: readonly number[]): number[] => axes.filter((a) => !gone.includes(a));
/** Axis numbers after the axes `gone` are taken out. */
const renumber = (axes: readonly number[], gone: readonly number[]): number[] =>
  axes.map((a) => a - gone.filter((g) => g < a).length);

function emitReduce(
  r: RewriteContext,
  prim: Eqn["prim"],
  x: Parameters<RewriteContext["emit"]>[1][number],
  axes: readonly number[],
) {
  return axes.length === 0 ? x : r.emit(prim as Reduce, [x], { axes });
}
