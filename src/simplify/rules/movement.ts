/** Chains of movements become one; those that move nothing go. */
import { type Dim, dimAdd, dimMin, dimSame, dimSub, isStatic, shapeSame } from "../../ir/dim.js";
import { primsOf } from "../../ir/ops/families.js";
import type { AnyEqn, Atom } from "../../ir/program.js";
import { on, type RewriteContext } from "../rule.js";
import { isIdentity, isSmaller } from "./values.js";

const zeros = (list: readonly Dim[]): boolean => list.every((d) => d === 0);
const ones = (list: readonly number[]): boolean => list.every((d) => d === 1);

/** Elementwise primitives whose results have their operands' shape, whatever it is. */
const POINTWISE = primsOf("elementwise").filter((p) => p !== "bitcast_convert_type" && p !== "stop_gradient");

export const movement = {
  "reshape to the same shape": on("reshape", (_r, { inputs: [x], params }) =>
    shapeSame(x.aval.shape, params.shape) ? x : undefined,
  ),
  "reshape of a reshape": on("reshape", (r, { inputs: [x], params }) => {
    const first = r.made(x, "reshape");
    return first && r.emit("reshape", [first.inputs[0]], params);
  }),
  "transpose by the identity": on("transpose", (_r, { inputs: [x], params }) =>
    isIdentity(params.perm) ? x : undefined,
  ),
  "transpose of a transpose": on("transpose", (r, { inputs: [x], params }) => {
    const first = r.made(x, "transpose");
    return first && r.emit("transpose", [first.inputs[0]], { perm: params.perm.map((p) => first.params.perm[p]) });
  }),
  "transpose of axes of size 1": on("transpose", (r, { inputs: [x], params, outputs: [out] }) => {
    const wide = params.perm.filter((p) => x.aval.shape[p] !== 1);
    if (wide.some((p, i) => i > 0 && p < wide[i - 1])) return undefined;
    return r.emit("reshape", [x], { shape: out.aval.shape });
  }),
  "broadcast to the same shape": on("broadcast_in_dim", (_r, { inputs: [x], params }) =>
    isIdentity(params.dims) && shapeSame(x.aval.shape, params.shape) ? x : undefined,
  ),
  "broadcast of a broadcast": on("broadcast_in_dim", (r, { inputs: [x], params }) => {
    const first = r.made(x, "broadcast_in_dim");
    if (!first) return undefined;
    const dims = first.params.dims.map((d) => params.dims[d]);
    return r.emit("broadcast_in_dim", [first.inputs[0]], { shape: params.shape, dims });
  }),
  "broadcast of a reshape that only adds or drops axes of size 1": on(
    "broadcast_in_dim",
    (r, { inputs: [x], params }) => {
      const first = r.made(x, "reshape");
      if (!first) return undefined;
      const [source] = first.inputs;
      const [before, after] = [wideAxes(source.aval.shape), wideAxes(x.aval.shape)];
      if (before.length !== after.length || source.aval.shape.length !== before.length) return undefined;
      if (before.some((a, i) => !dimSame(source.aval.shape[a], x.aval.shape[after[i]]))) return undefined;
      return r.emit("broadcast_in_dim", [source], { shape: params.shape, dims: after.map((a) => params.dims[a]) });
    },
  ),
  "op before broadcast": on(POINTWISE, (r, eqn) => {
    const source = commonBroadcast(r, eqn.inputs);
    if (!source) return undefined;
    const operands = eqn.inputs.map((a) => {
      const c = r.constant(a);
      return c === undefined ? source.inputs[eqn.inputs.indexOf(a)] : r.splat({ ...a.aval, shape: source.shape }, c);
    });
    const y = r.emit(eqn.prim, operands as readonly Atom[], eqn.params as never);
    return r.emit("broadcast_in_dim", [y], { shape: eqn.outputs[0].aval.shape, dims: source.dims });
  }),
  "slice of everything": on("slice", (_r, { inputs: [x], params }) =>
    ones(params.strides) && shapeSame(params.limit, x.aval.shape) && zeros(params.start) ? x : undefined,
  ),
  "slice of a slice": on("slice", (r, { inputs: [x], params }) => {
    const first = r.made(x, "slice");
    if (!first || !ones(first.params.strides)) return undefined;
    const from = first.params.start;
    return r.emit("slice", [first.inputs[0]], {
      start: params.start.map((s, i) => dimAdd(s, from[i])),
      limit: params.limit.map((s, i) => dimAdd(s, from[i])),
      strides: params.strides,
    });
  }),
  "slice within one part of a concatenation": on("slice", (r, { inputs: [x], params }) => {
    const joined = r.made(x, "concatenate");
    if (!joined) return undefined;
    const { axis } = joined.params;
    const [start, limit] = [params.start[axis], params.limit[axis]];
    if (!isStatic(start) || !isStatic(limit)) return undefined;
    let from = 0;
    for (const part of joined.inputs) {
      const size = part.aval.shape[axis];
      if (!isStatic(size)) return undefined;
      if (start >= from && limit <= from + size && size > 0) {
        const moved = (list: readonly Dim[], to: number): Dim[] => list.map((d, i) => (i === axis ? to : d));
        return r.emit("slice", [part], {
          start: moved(params.start, start - from),
          limit: moved(params.limit, limit - from),
          strides: params.strides,
        });
      }
      from += size;
    }
    return undefined;
  }),
  "slice of the unpadded part": on("slice", (r, { inputs: [x], params }) => {
    const padded = r.made(x, "pad");
    if (!padded || !zeros(padded.params.interior) || !ones(params.strides)) return undefined;
    const { low, high } = padded.params;
    if (![...low, ...high].every((d) => isStatic(d) && d >= 0) || !shapeSame(params.start, low)) return undefined;
    const [source] = padded.inputs;
    const fits = source.aval.shape.every((n, i) => dimSame(dimAdd(low[i], n), params.limit[i]));
    return fits ? source : undefined;
  }),
  "pad by nothing": on("pad", (_r, { inputs: [x], params }) =>
    zeros(params.low) && zeros(params.high) && zeros(params.interior) ? x : undefined,
  ),
  "concatenation of one": on("concatenate", (r, { inputs, params, outputs: [out] }) => {
    const parts = inputs.filter((a) => a.aval.shape[params.axis] !== 0);
    if (parts.length === inputs.length || parts.length === 0) return inputs.length === 1 ? inputs[0] : undefined;
    return parts.length === 1 && shapeSame(parts[0].aval.shape, out.aval.shape)
      ? parts[0]
      : r.emit("concatenate", parts, params);
  }),
  "rev of axes of size 1": on("rev", (r, { inputs: [x], params }) => {
    const axes = params.axes.filter((a) => x.aval.shape[a] !== 1 && x.aval.shape[a] !== 0);
    if (axes.length === 0) return x;
    return axes.length < params.axes.length ? r.emit("rev", [x], { axes }) : undefined;
  }),
  "rev of rev": on("rev", (r, { inputs: [x], params }) => {
    const first = r.made(x, "rev");
    if (!first) return undefined;
    const before = first.params.axes;
    const axes = [...params.axes.filter((a) => !before.includes(a)), ...before.filter((a) => !params.axes.includes(a))];
    return r.emit("rev", [first.inputs[0]], { axes: axes.sort((a, b) => a - b) });
  }),
  "dynamic_slice at a known place": on("dynamic_slice", (r, { inputs: [x, ...starts], params: { sizes } }) => {
    const { shape } = x.aval;
    const start: number[] = [];
    for (let i = 0; i < shape.length; i++) {
      const c = r.constant(starts[i]);
      // one that takes all of the axis is clamped to 0, whatever the index
      const whole = dimSame(sizes[i], shape[i]);
      if (!whole && c === undefined) return undefined;
      const at = whole ? 0 : dimMin(Math.max(Number(c), 0), dimSub(shape[i], sizes[i]));
      if (!isStatic(at)) return undefined;
      start.push(at);
    }
    const limit = start.map((s, i) => dimAdd(s, sizes[i]));
    return r.emit("slice", [x], { start, limit, strides: shape.map(() => 1) });
  }),
  "dynamic_update_slice of everything": on("dynamic_update_slice", (_r, { inputs: [x, update] }) =>
    shapeSame(x.aval.shape, update.aval.shape) ? update : undefined,
  ),
};

/** Axes whose size is not 1. */
function wideAxes(shape: readonly Dim[]): number[] {
  return shape.flatMap((d, i) => (d === 1 ? [] : [i]));
}

/** What the operands are broadcast from, when all come from arrays of one smaller shape in the same way; constants fit anything. */
function commonBroadcast(
  r: RewriteContext,
  inputs: readonly Atom[],
): { shape: readonly Dim[]; dims: readonly number[]; inputs: readonly (Atom | undefined)[] } | undefined {
  let first: (AnyEqn & { prim: "broadcast_in_dim" }) | undefined;
  const sources: (Atom | undefined)[] = [];
  for (const a of inputs) {
    if (r.constant(a) !== undefined) {
      sources.push(undefined);
      continue;
    }
    const made = r.made(a, "broadcast_in_dim") as typeof first;
    if (!made) return undefined;
    if (first) {
      const same = shapeSame(made.inputs[0].aval.shape, first.inputs[0].aval.shape);
      if (!same || !shapeSame(made.params.dims, first.params.dims)) return undefined;
    } else first = made;
    sources.push(made.inputs[0]);
  }
  if (!first) return undefined;
  const [source] = first.inputs;
  if (!isSmaller(source.aval, first.outputs[0].aval)) return undefined;
  return { shape: source.aval.shape, dims: first.params.dims, inputs: sources };
}
