/** The equations of a kernel's body as statements over whole blocks. */
import { fail } from "../../../diagnostics/error.js";
import { isFloat } from "../../../ir/dtype.js";
import { identityOf } from "../../../ir/reduce-op.js";
import type { AnyEqn } from "../../../ir/program.js";
import type { ElementwisePrim, TileAtom, TileReduceOp } from "../../../ir/tile.js";
import { lowerCond, lowerScan, lowerWhile } from "./control.js";
import { lowerDot } from "./dot.js";
import { accumulator, rowMajor, spread, staticShapeOf, type WholeKernel } from "./kernel.js";
import { concatenate, dynamicSlice, dynamicUpdateSlice, gather, pad, reverse, slice } from "./movement.js";
import { sortBlocks, topK } from "./sort.js";
import { philox, threefry } from "../random.js";

const REDUCTIONS: Readonly<Record<string, TileReduceOp>> = {
  reduce_sum: "sum",
  reduce_prod: "prod",
  reduce_max: "max",
  reduce_min: "min",
  reduce_and: "and",
  reduce_or: "or",
  reduce_xor: "xor",
};
const SCANS: Readonly<Record<string, TileReduceOp>> = { cumsum: "sum", cumprod: "prod", cummax: "max", cummin: "min" };
const ELEMENTWISE: ReadonlySet<string> = new Set(
  `neg abs sign floor ceil round integer_pow not population_count clz is_finite exp exp2 expm1 log log1p sqrt rsqrt cbrt logistic sin cos tan
  asin acos atan sinh cosh tanh asinh acosh atanh erf erfc erf_inv lgamma digamma bessel_i0e bessel_i1e add sub mul div rem pow max min
  atan2 nextafter and or xor shift_left shift_right_logical shift_right_arithmetic eq ne lt le gt ge select clamp convert_element_type
  bitcast_convert_type reduce_precision`.split(/\s+/),
);

export function lowerEqn(k: WholeKernel, eqn: AnyEqn): void {
  const { b } = k;
  const [out] = eqn.outputs;
  const shape = (): number[] => staticShapeOf(out.aval.shape);
  const set = (a: TileAtom): void => k.set(out, a);
  if (ELEMENTWISE.has(eqn.prim)) {
    const args = eqn.inputs.map((a) => k.value(a));
    set(b.op(eqn.prim as ElementwisePrim, args, eqn.params as never));
    return;
  }
  if (Object.hasOwn(REDUCTIONS, eqn.prim)) {
    const { axes } = eqn.params as { readonly axes: readonly number[] };
    set(reduceBlock(k, REDUCTIONS[eqn.prim], k.value(eqn.inputs[0]), axes));
    return;
  }
  if (Object.hasOwn(SCANS, eqn.prim)) {
    const { axis, reverse: backwards } = eqn.params as { readonly axis: number; readonly reverse: boolean };
    const arg = k.value(eqn.inputs[0]);
    const wide = accumulator(arg.dtype);
    set(b.convert(b.scan(SCANS[eqn.prim], b.convert(arg, wide), axis, backwards), arg.dtype));
    return;
  }
  switch (eqn.prim) {
    case "stop_gradient":
    case "optimization_barrier":
      eqn.outputs.forEach((v, i) => k.set(v, k.thing(eqn.inputs[i])));
      return;
    case "broadcast_in_dim": {
      const arg = k.value(eqn.inputs[0]);
      if (shape().length === 0) set(arg);
      else if (arg.kind === "tileconst") set(b.const(arg.value, arg.dtype, shape()));
      else set(b.broadcast(arg, shape(), eqn.params.dims));
      return;
    }
    case "reshape":
      set(b.reshape(k.value(eqn.inputs[0]), shape()));
      return;
    case "transpose":
      set(b.transpose(k.value(eqn.inputs[0]), eqn.params.perm));
      return;
    case "iota":
      set(b.convert(b.lanes(shape(), eqn.params.axis), eqn.params.dtype));
      return;
    case "slice":
      set(slice(k, k.value(eqn.inputs[0]), shape(), eqn.params));
      return;
    case "pad":
      set(pad(k, k.value(eqn.inputs[0]), k.value(eqn.inputs[1]), shape(), eqn.params));
      return;
    case "concatenate":
      set(concatenate(k, eqn.inputs.map((a) => k.value(a)), shape(), eqn.params.axis)); // biome-ignore format: one line
      return;
    case "rev":
      set(reverse(k, k.value(eqn.inputs[0]), eqn.params.axes));
      return;
    case "dynamic_slice": {
      const [operand, ...starts] = eqn.inputs.map((a) => k.value(a));
      set(dynamicSlice(k, operand, starts, shape()));
      return;
    }
    case "dynamic_update_slice": {
      const [operand, update, ...starts] = eqn.inputs.map((a) => k.value(a));
      set(dynamicUpdateSlice(k, operand, update, starts));
      return;
    }
    case "gather":
      set(gather(k, k.value(eqn.inputs[0]), k.value(eqn.inputs[1]), shape(), eqn.params));
      return;
    case "argmax":
    case "argmin": {
      const { axis, dtype } = eqn.params;
      set(b.convert(argExtremum(k, k.value(eqn.inputs[0]), axis, eqn.prim === "argmax"), dtype));
      return;
    }
    case "dot_general": {
      const [lhs, rhs] = eqn.inputs.map((a) => k.value(a));
      set(lowerDot(k, lhs, rhs, eqn.params, out.aval.dtype, shape()));
      return;
    }
    case "sort":
      sortBlocks(k, eqn, eqn.params.axis, eqn.params.numKeys);
      return;
    case "top_k":
      topK(k, eqn, eqn.params.k);
      return;
    case "threefry2x32": {
      const [k0, k1, x0, x1] = eqn.inputs.map((a) => k.value(a));
      const [y0, y1] = threefry<TileAtom>(
        { op: (p, args) => b.op(p, args), word: (n) => b.const(n, "u32") },
        k0,
        k1,
        x0,
        x1,
      );
      k.set(eqn.outputs[0], y0);
      k.set(eqn.outputs[1], y1);
      return;
    }
    case "philox4x32": {
      const words = eqn.inputs.map((a) => k.value(a));
      const ops = {
        op: (p: ElementwisePrim, args: readonly [TileAtom, TileAtom]) => b.op(p, args),
        word: (n: number) => b.const(n, "u32"),
      };
      philox<TileAtom>(ops, words.slice(0, 4), words.slice(4)).forEach((y, i) => {
        k.set(eqn.outputs[i], y);
      });
      return;
    }
    case "empty":
      k.set(out, k.private(eqn.params.shape, eqn.params.dtype));
      return;
    case "load": {
      const { masked, other } = eqn.params;
      const [ref, ...rest] = eqn.inputs;
      const at = place(k, ref, rest);
      const mask = masked ? k.value(rest[at.rank]) : null;
      const spare = other ? k.value(rest[rest.length - 1]) : null;
      if (shape().length === 0 && !mask) set(b.load(at.ref, at.index));
      else set(b.loadAt(at.ref, spread(k, at.index, shape()), mask && spread(k, mask, shape()), spare));
      return;
    }
    case "store": {
      const [ref, value, ...rest] = eqn.inputs;
      const at = place(k, ref, rest);
      const mask = eqn.params.masked ? k.value(rest[at.rank]) : null;
      const block = staticShapeOf(value.aval.shape);
      const x = spread(k, k.value(value), block);
      if (block.length === 0 && !mask) b.store(at.ref, at.index, x);
      else b.storeAt(at.ref, spread(k, at.index, block), x, mask && spread(k, mask, block));
      k.set(out, k.memory(ref));
      return;
    }
    case "atomic": {
      const [ref, value, ...rest] = eqn.inputs;
      const at = place(k, ref, rest);
      const block = staticShapeOf(value.aval.shape);
      const mask = eqn.params.masked ? spread(k, k.value(rest[at.rank]), block) : null;
      const old = b.atomic(eqn.params.op, at.ref, spread(k, at.index, block), spread(k, k.value(value), block), mask);
      k.set(out, k.memory(ref));
      k.set(eqn.outputs[1], old);
      return;
    }
    case "atomic_cas": {
      const [ref, compare, value, ...rest] = eqn.inputs;
      const at = place(k, ref, rest);
      const block = staticShapeOf(value.aval.shape);
      const mask = eqn.params.masked ? spread(k, k.value(rest[at.rank]), block) : null;
      const [old, next] = [compare, value].map((a) => spread(k, k.value(a), block));
      k.set(eqn.outputs[1], b.atomicCas(at.ref, spread(k, at.index, block), old, next, mask));
      k.set(out, k.memory(ref));
      return;
    }
    case "cond":
      lowerCond(k, eqn, eqn.params.branches);
      return;
    case "while":
      lowerWhile(k, eqn, eqn.params);
      return;
    case "scan":
      lowerScan(k, eqn, eqn.params);
      return;
    default:
      fail("TW2011", `${eqn.prim} is not there in kernels for GPUs yet`, { span: eqn.span });
  }
}

type Inputs = AnyEqn["inputs"];

/** The element of memory that each lane means. */
function place(
  k: WholeKernel,
  ref: Inputs[number],
  rest: Inputs,
): { readonly ref: ReturnType<WholeKernel["memory"]>["ref"]; readonly index: TileAtom; readonly rank: number } {
  const { b } = k;
  const memory = k.memory(ref);
  const strides = rowMajor(staticShapeOf(memory.shape));
  let index = memory.base;
  strides.forEach((stride, axis) => {
    const at = k.value(rest[axis]);
    const term = stride === 1 ? at : b.mul(at, b.i32(stride));
    index = index.kind === "tileconst" && index.value === 0 ? term : b.add(index, term);
  });
  return { ref: memory.ref, index, rank: strides.length };
}
export function reduceBlock(k: WholeKernel, op: TileReduceOp, arg: TileAtom, axes: readonly number[]): TileAtom {
  const { b } = k;
  const exact = op !== "sum" && op !== "prod";
  let x = exact ? arg : b.convert(arg, accumulator(arg.dtype));
  for (const axis of [...axes].sort((p, q) => q - p)) x = b.reduce(op, x, axis);
  return b.convert(x, arg.dtype);
}

/** The least position among those that hold the extremum; NaN before everything. */
function argExtremum(k: WholeKernel, arg: TileAtom, axis: number, greatest: boolean): TileAtom {
  const { b } = k;
  const { shape } = arg;
  const dims = shape.map((_, i) => i).filter((i) => i !== axis);
  const over = (x: TileAtom): TileAtom => (shape.length === 1 ? spread(k, x, shape) : b.broadcast(x, shape, dims));
  const best = over(b.reduce(greatest ? "max" : "min", arg, axis));
  let here: TileAtom = b.op("eq", [arg, best]);
  if (isFloat(arg.dtype)) here = b.op("or", [here, b.op("ne", [arg, arg])]);
  const none = b.const(identityOf("min", "i32"), "i32", shape);
  return b.reduce("min", b.op("select", [here, b.lanes(shape, axis), none]), axis);
}
