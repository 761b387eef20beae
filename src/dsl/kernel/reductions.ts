/** Reductions, scans and sorting of blocks. Without an axis a reduction is over all of them and gives a scalar. */
import { fail } from "../../diagnostics/error.js";
import { printAval } from "../../ir/aval.js";
import { isFloat, isInt } from "../../ir/dtype.js";
import * as lax from "../../lax/index.js";
import { canonicalAxes, canonicalAxis } from "../../lax/operand.js";
import * as np from "../../numpy/reduction.js";
import { sort as npSort } from "../../numpy/sorting.js";
import { associativeScan as scanTree, convertTo } from "../../tracer/control.js";
import { bind } from "../../tracer/frame.js";
import { isTensor, type Tensor } from "../../tracer/tensor.js";
import * as tree from "../../tree/index.js";
import { checkFunction } from "../../tracer/leaf.js";
import { toInteger } from "../interpret/values.js";
import { checkOptions } from "./checks.js";
import type { Axis, AxisOptions, Block, Mask } from "./types.js";
import { asBlock, blockOf, describeArgument, named, sizeOf } from "./values.js";

interface Over {
  readonly axis: number | readonly number[] | null;
  readonly keepdims: boolean;
}
function over(what: string, axis: Axis | undefined): Over {
  if (axis === undefined || axis === null || typeof axis === "number" || Array.isArray(axis))
    return { axis: (axis as Over["axis"] | undefined) ?? null, keepdims: false };
  checkOptions(what, axis, ["axis", "keepDims"]);
  const { axis: a = null, keepDims = false } = axis as AxisOptions;
  return { axis: a, keepdims: keepDims };
}

type Reducer = (x: Block, axis?: Axis) => Block;
const reducer = (name: string, f: (x: Tensor, options: Over) => Tensor): Reducer =>
  named(name, (x, axis) => asBlock(f(blockOf(name, x), over(name, axis))));

/** The sum of the elements. */
export const sum: Reducer = reducer("sum", (x, o) => np.sum(x, o));
export const prod: Reducer = reducer("prod", (x, o) => np.prod(x, o));
/** The greatest element; NaN where there is one. */
export const max: Reducer = reducer("max", (x, o) => np.max(x, o));
export const min: Reducer = reducer("min", (x, o) => np.min(x, o));
/** All elements of integers joined by exclusive or. */
export const xorSum: Reducer = reducer("xorSum", (x, { axis, keepdims }) => {
  const axes = canonicalAxes("xorSum", axis, x.ndim);
  const out = lax.reduceXor(x, axes);
  return keepdims
    ? lax.reshape(
        out,
        x.shape.map((d, i) => (axes.includes(i) ? 1 : d)),
      )
    : out;
});
/** Where the greatest element stands: the first of several. */
export const argmax: (x: Block, axis?: number | null) => Block<"i32"> = (x, axis = null) =>
  asBlock(np.argmax(blockOf("argmax", x), axis));
export const argmin: (x: Block, axis?: number | null) => Block<"i32"> = (x, axis = null) =>
  asBlock(np.argmin(blockOf("argmin", x), axis));
export const any: (x: Block | Mask, axis?: Axis) => Mask = (x, axis) =>
  asBlock(np.any(blockOf("any", x), over("any", axis)));
export const all: (x: Block | Mask, axis?: Axis) => Mask = (x, axis) =>
  asBlock(np.all(blockOf("all", x), over("all", axis)));

/** What `reduce` and `associativeScan` combine: a block, or a tree of blocks of one shape. */
interface Leaves {
  readonly leaves: Tensor[];
  readonly treedef: tree.TreeDef;
}
function leavesOf(what: string, x: unknown): Leaves {
  const { leaves, treedef } = tree.flatten(x);
  const blocks = leaves.map((v) => blockOf(what, v));
  const [first] = blocks;
  if (!first) fail("TW8003", `${what}: takes a block, or a list of blocks`, {});
  for (const b of blocks) {
    if (b.ndim === first.ndim && b.shape.every((d, i) => d === first.shape[i])) continue;
    fail("TW8008", `${what}: the blocks are ${printAval(first.aval)} and ${printAval(b.aval)}`, {
      help: "blocks that are reduced together have one shape",
    });
  }
  return { leaves: blocks, treedef };
}

/** The user's function on blocks; its results have the dtypes of its operands. */
function combiner(what: string, fn: unknown, { treedef, leaves }: Leaves) {
  checkFunction(what, fn);
  const combine = fn as (a: unknown, b: unknown) => unknown;
  return (a: readonly Tensor[], b: readonly Tensor[]): Tensor[] => {
    const out = tree.flatten(combine(tree.unflatten(treedef, a), tree.unflatten(treedef, b)));
    if (!tree.equal(out.treedef, treedef)) {
      fail("TW1009", `${what}: the function returns ${out.treedef} for operands of ${treedef}`, {
        help: "return as many blocks as are combined, in the same structure",
      });
    }
    return out.leaves.map((x, i) => {
      const { dtype } = leaves[i].aval;
      const t = blockOf(what, x);
      const shape = a[i].shape;
      if (t.ndim !== shape.length || t.shape.some((d, k) => d !== shape[k])) {
        fail("TW8008", `${what}: the function returns ${printAval(t.aval)} for operands of [${shape.join(", ")}]`, {
          help: "it combines elementwise: what it returns has the shape of its operands",
        });
      }
      if (isInt(dtype) && isFloat(toInteger(t).aval.dtype)) {
        fail("TW8006", `${what}: the function returns ${printAval(t.aval)} for operands of ${dtype}`, {
          help: `convert it: cast(x, "${dtype}")`,
        });
      }
      return convertTo(t, dtype);
    });
  };
}

function part(x: Tensor, axis: number, start: number, limit: number): Tensor {
  return bind("slice", [x], {
    start: x.shape.map((_, i) => (i === axis ? start : 0)),
    limit: x.shape.map((d, i) => (i === axis ? limit : d)),
    strides: x.shape.map(() => 1),
  })[0];
}

/**
 * The elements along `axis` (null: all of them) joined by an associative function of two blocks, in their order. `x` may be a list
 * of blocks; then the function takes two such lists and returns one.
 *
 * @example reduce(x, 0, (a, b) => a * b)
 */
export function reduce<X>(x: X, axis: number | null, fn: (a: X, b: X) => X, options: { keepDims?: boolean } = {}): X {
  checkOptions("reduce", options, ["keepDims"]);
  const given = leavesOf("reduce", x);
  const rank = given.leaves[0].ndim;
  const flat = axis === null ? given.leaves.map((t) => lax.reshape(t, [t.size])) : given.leaves;
  const at = axis === null ? 0 : canonicalAxis("reduce", axis, rank);
  const combine = combiner("reduce", fn, given);
  // neighbours are joined: x₀x₁, x₂x₃, …; the pairs are the two halves of an axis of their own
  let parts = flat;
  let rest: Tensor[] | undefined;
  let n = flat[0].shape[at];
  if (n === 0) fail("TW2001", "reduce: the axis has no elements", { help: "reduce an axis of one element or more" });
  while (n > 1) {
    const half = n >> 1;
    if (n % 2 === 1) {
      const last = parts.map((t) => part(t, at, n - 1, n));
      rest = rest ? combine(last, rest) : last;
      parts = parts.map((t) => part(t, at, 0, n - 1));
    }
    const paired = parts.map((t) => lax.reshape(t, [...t.shape.slice(0, at), half, 2, ...t.shape.slice(at + 1)]));
    const side = (k: number): Tensor[] => paired.map((t) => lax.squeeze(part(t, at + 1, k, k + 1), [at + 1]));
    parts = combine(side(0), side(1));
    n = half;
  }
  if (rest) parts = combine(parts, rest);
  const out = parts.map((t, i) => {
    const shape = given.leaves[i].shape;
    const kept = axis === null ? shape.map(() => 1) : shape.map((d, k) => (k === at ? 1 : d));
    const left = axis === null ? [] : shape.filter((_, k) => k !== at);
    return lax.reshape(t, options.keepDims ? kept : left);
  });
  return tree.unflatten(given.treedef, out) as X;
}

/** All prefixes of an associative function along an axis; see `reduce`. */
export function associativeScan<X>(x: X, axis: number, fn: (a: X, b: X) => X, options: { reverse?: boolean } = {}): X {
  checkOptions("associativeScan", options, ["reverse"]);
  const given = leavesOf("associativeScan", x);
  const at = canonicalAxis("associativeScan", axis, given.leaves[0].ndim);
  const combine = combiner("associativeScan", fn, given);
  const out = scanTree<Tensor[]>((a, b) => combine(a, b), given.leaves, {
    axis: at,
    reverse: options.reverse ?? false,
  });
  return tree.unflatten(given.treedef, out) as X;
}

export interface CumulativeOptions {
  /** From the last element to the first. */
  readonly reverse?: boolean;
}
type Cumulative = (x: Block, axis?: number, options?: CumulativeOptions) => Block;
const cumulative = (name: string, f: (x: Tensor, axis: number, reverse: boolean) => Tensor): Cumulative =>
  named(name, (x, axis = 0, options = {}) => {
    checkOptions(name, options, ["reverse"]);
    const t = blockOf(name, x);
    const counted = t.aval.dtype === "bool" ? convertTo(t, "i32") : t;
    return asBlock(f(counted, canonicalAxis(name, axis, t.ndim), options.reverse ?? false));
  });
export const cumsum: Cumulative = cumulative("cumsum", lax.cumsum);
export const cumprod: Cumulative = cumulative("cumprod", lax.cumprod);
export const cummax: Cumulative = cumulative("cummax", lax.cummax);

/** The elements along an axis, the last one by default, in ascending order. */
export function sort(x: Block, axis = -1, options: { descending?: boolean } = {}): Block {
  checkOptions("sort", options, ["descending"]);
  const t = npSort(blockOf("sort", x), axis);
  return asBlock(options.descending ? lax.rev(t, [canonicalAxis("sort", axis, t.ndim)]) : t);
}
/** The `k` greatest elements along the last axis, the greatest first, and where they stand. */
export function topK(x: Block, k: number): [values: Block, indices: Block<"i32">] {
  const [values, indices] = lax.topK(blockOf("topK", x), sizeOf("topK", k));
  return [asBlock(values), asBlock(indices)];
}
/** How many elements are 0, 1, … bins - 1. Others, and those where the mask is false, are not counted. */
export function histogram(x: Block, bins: number, options: { mask?: Mask } = {}): Block<"i32"> {
  checkOptions("histogram", options, ["mask"]);
  const t = toInteger(blockOf("histogram", x));
  if (!isInt(t.aval.dtype)) {
    fail("TW2005", `histogram: the elements are ${t.aval.dtype}`, { help: "count integers: cast(x, 'i32')" });
  }
  const n = sizeOf("histogram", bins);
  const flat = lax.reshape(convertTo(t, "i32"), [t.size, 1]);
  const bin = bind("iota", [], { shape: [t.size, n], axis: 1, dtype: "i32" })[0];
  let hit = lax.eq(bind("broadcast_in_dim", [flat], { shape: [t.size, n], dims: [0, 1] })[0], bin);
  if (options.mask !== undefined) {
    const mask = options.mask as unknown;
    if (!isTensor(mask) || mask.aval.dtype !== "bool" || mask.size !== t.size) {
      fail("TW8005", `histogram: the mask is ${describeArgument(mask)} for elements ${printAval(t.aval)}`, {
        help: "a mask is a block of bools of the shape of the elements",
      });
    }
    const column = lax.reshape(mask, [t.size, 1]);
    hit = lax.bitwiseAnd(hit, bind("broadcast_in_dim", [column], { shape: [t.size, n], dims: [0, 1] })[0]);
  }
  return asBlock(lax.reduceSum(convertTo(hit, "i32"), [0]));
}
