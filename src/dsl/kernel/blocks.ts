/** Blocks: how they are made, and what has their elements in another order, shape or dtype. */
import { checkLiteral } from "./literal.js";
import { fail } from "../../diagnostics/error.js";
import { printAval } from "../../ir/aval.js";
import type { DType } from "../../ir/dtype.js";
import * as lax from "../../lax/index.js";
import { canonicalAxis, numberOf } from "../../lax/operand.js";
import { concatenate } from "../../numpy/joining.js";
import { takeAlongAxis } from "../../numpy/indexing.js";
import { flip as npFlip } from "../../numpy/movement.js";
import { add } from "../../numpy/elementwise.js";
import { bind } from "../../tracer/frame.js";
import { isScalarLeaf } from "../../tracer/leaf.js";
import type { Tensor } from "../../tracer/tensor.js";
import { toInteger } from "../interpret/values.js";
import { dtypeOf } from "./checks.js";
import type { Block } from "./types.js";
import { asBlock, blockOf, constantOf, shapeOf } from "./values.js";

/** The whole numbers from `start` (0) to `stop`, which is not among them. */
export function arange(stop: number): Block<"i32">;
export function arange(start: number, stop: number): Block<"i32">;
export function arange(a: number, b?: number): Block<"i32"> {
  const [start, stop] = (b === undefined ? [0, a] : [a, b]).map((x) => constantOf("arange", "a bound", x));
  if (!Number.isInteger(start) || !Number.isInteger(stop) || stop < start) {
    fail("TW2011", `arange(${start}, ${stop}): the bounds are whole numbers, the first not above the second`, {
      help: "write arange(BLOCK), or arange(start, stop) of whole numbers",
    });
  }
  const t = bind("iota", [], { shape: [stop - start], axis: 0, dtype: "i32" })[0];
  return asBlock(start === 0 ? t : add(t, start));
}

/** A block of one value. */
export function full<D extends DType = "f32">(shape: number | readonly number[], value: Block, dtype?: D): Block<D> {
  return filled("full", shape, value, dtype);
}
function filled<D extends DType>(
  what: string,
  shape: number | readonly number[],
  value: Block,
  dtype: D | undefined,
): Block<D> {
  const sizes = shapeOf(what, shape);
  if (dtype !== undefined) dtypeOf(what, dtype);
  if (dtype) checkLiteral(what, value, dtype);
  const v = isScalarLeaf(value) ? numberOf(what, value, dtype ?? "f32") : blockOf(what, value);
  const t = dtype ? convert(v, dtype) : v;
  return asBlock(t.ndim === 0 ? lax.broadcastInDim(t, sizes, []) : spread(what, t, sizes));
}
export function zeros<D extends DType = "f32">(shape: number | readonly number[], dtype?: D): Block<D> {
  return filled("zeros", shape, 0, dtype ?? ("f32" as D));
}
export function zerosLike<B extends Block>(x: B): B {
  const { shape, dtype } = blockOf("zerosLike", x);
  return full(shape, 0, dtype as DType) as B;
}

function convert(x: Tensor, dtype: DType): Tensor {
  return x.aval.dtype === dtype && !x.aval.weak ? x : bind("convert_element_type", [x], { dtype })[0];
}
function spread(what: string, x: Tensor, shape: readonly number[]): Tensor {
  const offset = shape.length - x.ndim;
  const ok = offset >= 0 && x.shape.every((d, i) => d === 1 || d === shape[i + offset]);
  if (!ok) {
    fail("TW8008", `${what}: a block ${printAval(x.aval)} cannot be repeated to [${shape.join(", ")}]`, {
      help: "sizes must be equal or 1, counted from the last axis; expandDims adds an axis",
    });
  }
  return bind("broadcast_in_dim", [x], { shape, dims: x.shape.map((_, i) => i + offset) })[0];
}

/** The values in another dtype: floats become integers by cutting their fractions. */
export function cast<D extends DType>(x: Block | boolean, dtype: D): Block<D> {
  return asBlock(convert(blockOf("cast", x), dtypeOf("cast", dtype)));
}
export function astype<D extends DType>(x: Block | boolean, dtype: D): Block<D> {
  return asBlock(convert(blockOf("astype", x), dtypeOf("astype", dtype)));
}
/** The bits of the values read as another dtype of the same width. */
export function bitcast<D extends DType>(x: Block, dtype: D): Block<D> {
  return asBlock(lax.bitcastConvertType(blockOf("bitcast", x), dtypeOf("bitcast", dtype)));
}

export function broadcastTo<B extends Block>(x: B, shape: readonly number[]): B {
  return asBlock(spread("broadcastTo", blockOf("broadcastTo", x), shapeOf("broadcastTo", shape))) as B;
}
/** An axis of one element, or several. */
export function expandDims<B extends Block | boolean>(x: B, axis: number | readonly number[]): B {
  const t = blockOf("expandDims", x);
  const list = typeof axis === "number" ? [axis] : axis;
  return asBlock(lax.expandDims(t, list)) as B;
}
export function reshape<B extends Block | boolean>(x: B, shape: number | readonly number[]): B {
  const t = blockOf("reshape", x);
  const sizes = Array.isArray(shape) ? [...(shape as readonly number[])] : [shape as number];
  const hole = sizes.indexOf(-1);
  if (hole >= 0) sizes[hole] = t.size / sizes.reduce((a, b, i) => (i === hole ? a : a * b), 1);
  return asBlock(lax.reshape(t, shapeOf("reshape", sizes))) as B;
}
export function ravel<B extends Block | boolean>(x: B): B {
  return reshape(x, -1);
}
/** The axes in another order; reversed without one. */
export function permute<B extends Block | boolean>(x: B, axes?: readonly number[]): B {
  const t = blockOf("permute", x);
  return asBlock(
    lax.transpose(
      t,
      axes?.map((a) => canonicalAxis("permute", a, t.ndim)),
    ),
  ) as B;
}
export function transpose<B extends Block | boolean>(x: B, axes?: readonly number[]): B {
  return permute(x, axes);
}
/** The last two axes change their places. */
export function trans<B extends Block | boolean>(x: B): B {
  const rank = blockOf("trans", x).ndim;
  if (rank < 2) fail("TW2007", `trans: a block of rank ${rank} has no two axes`, {});
  const axes = Array.from({ length: rank }, (_, i) => i);
  return permute(x, [...axes.slice(0, -2), rank - 1, rank - 2]);
}

/** Two blocks of one shape side by side along a new last axis. */
export function join<B extends Block>(a: B, b: B): B {
  const [x, y] = meet("join", a, b);
  return asBlock(concatenate([lax.expandDims(x, [x.ndim]), lax.expandDims(y, [y.ndim])], x.ndim)) as B;
}
/** What `join` joined: the last axis has two elements. */
export function split<B extends Block>(x: B): [B, B] {
  const t = blockOf("split", x);
  const last = t.ndim - 1;
  if (t.shape[last] !== 2) {
    fail("TW8008", `split: the last axis of ${printAval(t.aval)} does not have two elements`, {
      help: "reshape(x, [n, 2]) makes one of two",
    });
  }
  const part = (k: number): B => asBlock(lax.squeeze(lax.sliceInDim(t, k, k + 1, 1, last), [last])) as B;
  return [part(0), part(1)];
}
/** The elements of two blocks by turns, along the last axis. */
export function interleave<B extends Block>(a: B, b: B): B {
  const { shape } = blockOf("interleave", a);
  return reshape(join(a, b), [...shape.slice(0, -1), 2 * (shape[shape.length - 1] ?? 1)]);
}
/** Blocks one after the other along an axis. */
export function cat<B extends Block>(blocks: readonly B[], axis = 0): B {
  if (!Array.isArray(blocks)) {
    fail("TW8003", "cat: takes a list of blocks", { help: "write cat([a, b], axis)" });
  }
  return asBlock(
    concatenate(
      blocks.map((b) => blockOf("cat", b)),
      axis,
    ),
  ) as B;
}

function meet(what: string, a: unknown, b: unknown): [Tensor, Tensor] {
  const [x, y] = [blockOf(what, a), blockOf(what, b)];
  if (x.ndim !== y.ndim || x.shape.some((d, i) => d !== y.shape[i]) || x.dtype !== y.dtype) {
    fail("TW8008", `${what}: the blocks are ${printAval(x.aval)} and ${printAval(y.aval)}`, {
      help: "both must have one shape and dtype",
    });
  }
  return [x, y];
}

/** The elements of an axis, or of several, from the last to the first. */
export function flip<B extends Block | boolean>(x: B, axis: number | readonly number[] = -1): B {
  return asBlock(npFlip(blockOf("flip", x), axis)) as B;
}
/** Along `axis`, the element of `x` that `index` names: out[i, j] = x[index[i, j], j] for axis 0. */
export function gather<B extends Block>(x: B, index: Block, axis: number): B {
  return asBlock(takeAlongAxis(blockOf("gather", x), toInteger(blockOf("gather", index)), axis)) as B;
}
