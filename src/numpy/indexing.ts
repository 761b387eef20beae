/** Picking elements: NumPy's indexing rules, `take`, and functional updates `x.at(…).set(v)`. */
import type { Like } from "../tracer/num.js";
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import {
  type Dim,
  dimAdd,
  dimEqual,
  dimFloorDiv,
  dimMax,
  dimMin,
  dimMul,
  dimProduct,
  dimSame,
  dimSub,
  isStatic,
  type Shape,
} from "../ir/dim.js";
import { isInt, isUnsignedInt } from "../ir/dtype.js";
import type { IndexMode, ScatterParams } from "../ir/ops/index.js";
import * as lax from "../lax/index.js";
import { arrayList, astype, broadcastShapes, broadcastTo, canonicalAxis, isTensor, operand } from "../lax/operand.js";
import { cellIfKnown, fromElements, scalar } from "../tracer/frame.js";
import { describeValue } from "../tracer/leaf.js";
import type { Tensor } from "../tracer/tensor.js";
import { divide, power, where } from "./elementwise.js";
import { promoteDtypes, requireWhole, type TensorLike, toBool } from "./promote.js";
import { otherAxes, range } from "../util/index.js";
import { TO_ELEMENTS } from "./elements.js";

/**
 * One index: a whole number; an integer tensor (or mask); null for a new axis; "..." for all axes between; a range as
 * [], [start, stop] or [start, stop, step] (null leaves an end open), or as text: "1:5", ":", "::-1".
 */
export type Index = number | Tensor | null | string | readonly (number | null)[];

type Part =
  | { readonly kind: "int"; readonly value: Dim }
  | { readonly kind: "slice"; readonly start: Dim; readonly count: Dim; readonly step: number }
  | { readonly kind: "array"; readonly value: Tensor }
  | { readonly kind: "new" };

function parseRange(text: string): (number | null)[] {
  const parts = text.split(":").map((s) => s.trim());
  if (parts.length < 2 || parts.length > 3 || parts.some((s) => s !== "" && !/^-?\d+$/.test(s))) {
    fail("TW2011", `index: cannot read ${JSON.stringify(text)}`, {
      help: 'ranges are written "start:stop:step", each part optional; "..." stands for all axes between',
    });
  }
  return parts.map((s) => (s === "" ? null : Number(s)));
}

function resolveRange(range: readonly (number | null)[], n: Dim): Part {
  const [start = null, stop = null, step0 = null] = range;
  const step = step0 ?? 1;
  if (!Number.isInteger(step) || step === 0) {
    fail("TW2011", `index: a range with step ${step}`, { help: "steps are whole numbers other than 0" });
  }
  const clip = (v: number | null | undefined, open: Dim): Dim => {
    if (v === null || v === undefined) return open;
    if (!Number.isInteger(v))
      fail("TW2011", `index: ${v} is not a whole number`, { help: "ranges go between whole numbers" });
    const w = v < 0 ? dimAdd(n, v) : v;
    return step > 0 ? dimMin(dimMax(w, 0), n) : dimMin(dimMax(w, -1), dimSub(n, 1));
  };
  const from = clip(start, step > 0 ? 0 : dimSub(n, 1));
  const to = clip(stop, step > 0 ? n : -1);
  const span = step > 0 ? dimSub(to, from) : dimSub(from, to);
  const size = Math.abs(step);
  const count = size === 1 ? span : dimFloorDiv(dimAdd(span, size - 1), size);
  return { kind: "slice", start: from, count: dimMax(count, 0), step };
}

/** Masks become the positions of their true elements, which must be known. */
function maskPositions(mask: Tensor): Tensor[] {
  const cell = cellIfKnown(mask);
  if (!cell) {
    fail(
      "TW2012",
      `index: a traced mask ${printAval(mask.aval)} selects a number of elements that only the run knows`,
      {
        help: "use np.where(mask, x, fill), x.at(mask).set(v), or multiply by the mask; under jit shapes must be known",
      },
    );
  }
  const bits = cell.read() as Uint8Array;
  const shape = mask.shape;
  const found: number[][] = shape.map(() => []);
  for (let flat = 0; flat < bits.length; flat++) {
    if (!bits[flat]) continue;
    let rest = flat;
    for (let a = shape.length - 1; a >= 0; a--) {
      found[a].push(rest % shape[a]);
      rest = Math.floor(rest / shape[a]);
    }
  }
  return found.map((list) => fromElements(Int32Array.from(list), [list.length], "i32"));
}

/** From JavaScript anything may stand among indices, most often a variable without a value. */
function checkIndices(what: string, indices: readonly unknown[]): void {
  for (const i of indices) {
    if (i === null || typeof i === "number" || typeof i === "string" || isTensor(i) || Array.isArray(i)) continue;
    fail("TW1003", `${what}: an index is ${describeValue(i)}`, {
      help: 'an index is a whole number, an array of integers or bools, a range ("1:5" or [1, 5]), "..." or null for a new axis',
    });
  }
}

function parseIndices(x: Tensor, indices: readonly Index[]): Part[] {
  const expanded: (Index | Tensor)[] = [];
  for (const i of indices) {
    if (isTensor(i) && i.aval.dtype === "bool") {
      const at = expanded.filter((e) => e !== null && e !== "...").length;
      const skipped = expanded.includes("...");
      i.shape.forEach((d, k) => {
        if (!skipped && dimEqual(x.aval.shape[at + k] ?? 0, d) === false) {
          fail(
            "TW2001",
            `index: a mask of shape [${i.shape.join(", ")}] for an array of shape [${x.shape.join(", ")}]`,
            { help: "a mask has the sizes of the axes that it selects from" },
          );
        }
      });
      expanded.push(...maskPositions(i));
    } else expanded.push(i);
  }
  const used = expanded.filter((i) => i !== null && i !== "...").length;
  if (used > x.ndim)
    fail("TW2007", `index: ${used} indices for an array of rank ${x.ndim}`, {
      help: "give at most one index for each axis",
    });
  if (expanded.filter((i) => i === "...").length > 1) fail("TW2011", 'index: "..." may stand once', {});
  if (!expanded.includes("...")) expanded.push("...");
  const parts: Part[] = [];
  let axis = 0;
  for (const i of expanded) {
    if (i === null) parts.push({ kind: "new" });
    else if (i === "...") {
      for (let k = used; k < x.ndim; k++) parts.push({ kind: "slice", start: 0, count: x.aval.shape[axis++], step: 1 });
    } else {
      const n = x.aval.shape[axis];
      if (typeof i === "number") {
        if (!Number.isInteger(i)) fail("TW2011", `index: ${i} is not a whole number`, {});
        if (isStatic(n) && (i < -n || i >= n))
          fail("TW2009", `index: ${i} is outside of axis ${axis}, which has size ${n}`, {
            help: n === 0 ? "the axis is empty" : `indices run from ${-n} to ${n - 1}`,
          });
        parts.push({ kind: "int", value: i < 0 ? dimAdd(n, i) : i });
      } else if (isTensor(i)) {
        if (!isInt(i.aval.dtype))
          fail("TW2005", `index: an index must be integers or a mask, not ${printAval(i.aval)}`, {
            help: "convert it with .astype('i32')",
          });
        parts.push({ kind: "array", value: i });
      } else parts.push(resolveRange(typeof i === "string" ? parseRange(i) : (i as readonly (number | null)[]), n));
      axis++;
    }
  }
  return parts;
}

const isWhole = (p: Part, n: Dim): boolean =>
  p.kind === "slice" && p.start === 0 && p.step === 1 && dimSame(p.count, n);

/** The static part of an index: ranges and whole numbers (kept as axes of size 1). */
function applyRanges(x: Tensor, parts: readonly Part[]): Tensor {
  const axes = parts.filter((p) => p.kind !== "new");
  if (axes.every((p, i) => p.kind === "array" || isWhole(p, x.aval.shape[i]))) return x;
  const start: Dim[] = [];
  const limit: Dim[] = [];
  const strides: number[] = [];
  const reversed: number[] = [];
  axes.forEach((p, i) => {
    if (p.kind === "slice" && p.count !== 0) {
      const last = dimAdd(p.start, dimMul(dimSub(p.count, 1), p.step));
      start.push(p.step > 0 ? p.start : last);
      limit.push(dimAdd(p.step > 0 ? last : p.start, 1));
      strides.push(Math.abs(p.step));
      if (p.step < 0) reversed.push(i);
    } else {
      const from = p.kind === "int" ? p.value : 0;
      start.push(from);
      limit.push(p.kind === "int" ? dimAdd(from, 1) : p.kind === "slice" ? from : x.aval.shape[i]);
      strides.push(1);
    }
  });
  const cut = lax.slice(x, start, limit, strides);
  return reversed.length ? lax.rev(cut, reversed) : cut;
}

interface Advanced {
  /** Axes (of the array after ranges) that index arrays run over. */
  readonly axes: readonly number[];
  /** [...broadcast shape, number of axes], i32, wrapped where negative. */
  readonly indices: Tensor;
  readonly batchShape: Shape;
  /** Where the index arrays' axes stand among the kept axes of the result. */
  readonly position: number;
}

function wrapNegative(i: Tensor, n: Dim): Tensor {
  if (isUnsignedInt(i.aval.dtype)) return astype(i, "i32");
  const t = astype(i, "i32");
  return lax.select(lax.lt(t, 0), lax.add(t, broadcastTo("index", lax.dimensionValue(n), t.aval.shape)), t);
}

function stackIndices(
  x: Tensor,
  axes: readonly number[],
  arrays: readonly Tensor[],
): { indices: Tensor; batchShape: Shape } {
  const shape = broadcastShapes(
    "index",
    arrays.map((a) => a.aval.shape),
    arrays,
  );
  const columns = arrays.map((a, k) =>
    lax.expandDims(broadcastTo("index", wrapNegative(a, x.aval.shape[axes[k]]), shape), [shape.length]),
  );
  return { indices: columns.length === 1 ? columns[0] : lax.concatenate(columns, shape.length), batchShape: shape };
}

function advanced(x: Tensor, parts: readonly Part[]): Advanced | undefined {
  if (!parts.some((p) => p.kind === "array")) return undefined;
  const axes: number[] = [];
  const arrays: Tensor[] = [];
  const places: number[] = [];
  let axis = 0;
  let kept = 0;
  let position = -1;
  parts.forEach((p, place) => {
    if (p.kind === "array" || p.kind === "int") {
      if (position < 0) position = kept;
      places.push(place);
      axes.push(axis);
      // whole numbers were cut by applyRanges to size 1
      arrays.push(p.kind === "array" ? p.value : scalar(0, "i32"));
    } else kept++;
    if (p.kind !== "new") axis++;
  });
  const together = places.every((p, i) => i === 0 || p === places[i - 1] + 1);
  const { indices, batchShape } = stackIndices(x, axes, arrays);
  return { axes, indices, batchShape, position: together ? position : 0 };
}

function gatherAxes(
  x: Tensor,
  axes: readonly number[],
  indices: Tensor,
  batchRank: number,
  position: number,
  mode: IndexMode,
): Tensor {
  const kept = otherAxes(x.shape.length, axes);
  const rank = kept.length + batchRank;
  const offsetDims = range(rank).filter((i) => i < position || i >= position + batchRank);
  return lax.gather(x, indices, {
    dims: {
      offsetDims,
      collapsedSliceDims: [...axes].sort((a, b) => a - b),
      operandBatchingDims: [],
      startIndicesBatchingDims: [],
      startIndexMap: axes,
    },
    sliceSizes: x.shape.map((d, i) => (axes.includes(i) ? 1 : d)),
    mode,
  });
}

/** Sizes of the result where no array indexes: cut axes as they are, whole numbers gone, new axes in. */
function basicShape(cut: Tensor, parts: readonly Part[]): Dim[] {
  const shape: Dim[] = [];
  let axis = 0;
  for (const p of parts) {
    if (p.kind === "new") shape.push(1);
    else {
      if (p.kind === "slice") shape.push(cut.aval.shape[axis]);
      axis++;
    }
  }
  return shape;
}

/** Scalar tensors among the indices: one slice whose start the program finds, clamped so that it fits. */
function dynamicIndex(cut: Tensor, parts: readonly Part[]): Tensor {
  const axes = parts.filter((p) => p.kind !== "new");
  const starts = axes.map((p, i) => (p.kind === "array" ? wrapNegative(p.value, cut.aval.shape[i]) : 0));
  const sizes = axes.map((p, i) => (p.kind === "array" ? 1 : cut.shape[i]));
  return lax.reshape(lax.dynamicSlice(cut, starts, sizes), basicShape(cut, parts));
}

/**
 * NumPy's basic and advanced indexing: `index(x, 0, [1, 3], "...", -1)`, `index(x, "::-1")`, `index(x, rows, columns)`. Indices
 * that only the run knows are clamped to the array.
 */
export function index<X extends TensorLike>(x: X, ...indices: Index[]): Like<X>;
export function index(x: Tensor, ...indices: Index[]): Tensor {
  x = operand("index", x);
  checkIndices("index", indices);
  return indexWith(x, indices, "clip");
}
function indexWith(x: Tensor, indices: readonly Index[], mode: IndexMode): Tensor {
  const parts = parseIndices(x, indices);
  const cut = applyRanges(x, parts);
  if (!parts.some((p) => p.kind === "array")) return lax.reshape(cut, basicShape(cut, parts));
  if (mode === "clip" && parts.every((p) => p.kind !== "array" || p.value.ndim === 0)) return dynamicIndex(cut, parts);
  const adv = advanced(cut, parts) as Advanced;
  // new axes are put in after the gather, among the kept ones
  let newBefore = 0;
  let kept = 0;
  const news: number[] = [];
  for (const p of parts) {
    if (p.kind === "new") news.push(kept++);
    else if (p.kind === "slice") kept++;
    if (p.kind === "new" && kept <= adv.position) newBefore++;
  }
  const position = adv.position - newBefore;
  const g = gatherAxes(cut, adv.axes, adv.indices, adv.batchShape.length, position, mode);
  if (news.length === 0) return g;
  const shape = [...g.aval.shape];
  for (const n of news) shape.splice(n < adv.position ? n : n + adv.batchShape.length, 0, 1);
  return lax.reshape(g, shape);
}

/** Elements at integer positions along an axis (of the flattened array without one). Out of range gives NaN, or clamps with mode "clip". */
export function take<X extends TensorLike>(
  x: X,
  indices: TensorLike,
  axis?: number | null,
  options?: { mode?: IndexMode },
): Like<X>;
export function take(x: Tensor, indices: TensorLike, axis?: number | null, options: { mode?: IndexMode } = {}): Tensor {
  x = operand("take", x);
  const flat = axis === undefined || axis === null ? lax.reshape(x, [-1]) : x;
  const a = axis === undefined || axis === null ? 0 : canonicalAxis("take", axis, x.ndim);
  if (typeof indices === "number") requireWhole("take: the position", indices);
  const i = isTensor(indices) ? indices : scalar(indices, "i32");
  if (!isInt(i.aval.dtype))
    fail("TW2005", `take: indices must be integers, not ${printAval(i.aval)}`, {
      help: "convert them with .astype('i32')",
    });
  const { indices: stacked } = stackIndices(flat, [a], [i]);
  return gatherAxes(flat, [a], stacked, i.ndim, a, options.mode ?? "fill");
}
/** For each position along `axis`, the element that `indices` names there. */
export function takeAlongAxis<X extends TensorLike>(x: X, indices: TensorLike, axis?: number | null): Like<X>;
export function takeAlongAxis(given: TensorLike, at: TensorLike, axis: number | null = -1): Tensor {
  const [x, indices] = [operand("takeAlongAxis", given), operand("takeAlongAxis", at)];
  if (axis === null) return takeAlongAxis(lax.reshape(x, [-1]), lax.reshape(indices, [-1]), 0);
  if (!isInt(indices.aval.dtype)) {
    fail("TW2005", `takeAlongAxis: indices must be integers, not ${printAval(indices.aval)}`, {
      help: "convert them with .astype('i32')",
    });
  }
  if (indices.ndim !== x.ndim) {
    fail("TW2007", `takeAlongAxis: indices ${printAval(indices.aval)} for an array ${printAval(x.aval)}`, {
      help: "indices have as many axes as the array; np.expandDims adds one",
    });
  }
  const a = canonicalAxis("takeAlongAxis", axis, x.ndim);
  const others = otherAxes(x.shape.length, [a]);
  const shape = x.aval.shape.map((d, i) => (i === a ? indices.aval.shape[a] : d));
  const full = broadcastTo("takeAlongAxis", indices, shape);
  return lax.gather(x, lax.expandDims(wrapNegative(full, x.aval.shape[a]), [x.ndim]), {
    dims: {
      offsetDims: [],
      collapsedSliceDims: [a],
      operandBatchingDims: others,
      startIndicesBatchingDims: others,
      startIndexMap: [a],
    },
    sliceSizes: x.shape.map(() => 1),
    mode: "fill",
  });
}
/** A copy of the array with `values` where `indices` say along `axis` (see takeAlongAxis). */
export function putAlongAxis<X extends TensorLike, Y extends TensorLike>(
  x: X,
  indices: TensorLike,
  values: Y,
  axis: number,
): Like<X | Y>;
export function putAlongAxis(given: TensorLike, at: TensorLike, values: TensorLike, axis: number): Tensor {
  const [x, indices] = [operand("putAlongAxis", given), operand("putAlongAxis", at)];
  const a = canonicalAxis("putAlongAxis", axis, x.ndim);
  const others = otherAxes(x.shape.length, [a]);
  const shape = x.aval.shape.map((d, i) => (i === a ? indices.aval.shape[a] : d));
  const full = broadcastTo("putAlongAxis", indices, shape);
  const v = broadcastTo("putAlongAxis", valueFor("putAlongAxis", x, values), shape);
  return lax.scatter(x, lax.expandDims(wrapNegative(full, x.aval.shape[a]), [x.ndim]), v, {
    dims: {
      updateWindowDims: [],
      insertedWindowDims: [a],
      operandBatchingDims: others,
      scatterIndicesBatchingDims: others,
      scatterDimsToOperandDims: [a],
    },
    mode: "fill",
    uniqueIndices: false,
  });
}
/** What is put into `x`, in its dtype; a fraction into integers is an error. */
function valueFor(what: string, x: Tensor, value: TensorLike): Tensor {
  const v = isTensor(value) ? value : promoteDtypes(what, [x, value])[1];
  return astype(v, x.aval.dtype);
}
/** For each element of `choices[0]`'s shape, the element there of the array that `which` numbers. */
export function choose<X extends TensorLike, Y extends TensorLike>(which: X, choices: readonly Y[]): Like<X | Y>;
export function choose(which: Tensor, choices: readonly Tensor[]): Tensor {
  const list = promoteDtypes("choose", arrayList("choose", choices));
  const shape = broadcastShapes("choose", [which.aval.shape, ...list.map((c) => c.aval.shape)]);
  const w = broadcastTo("choose", which, shape);
  const [first, ...rest] = list.map((c) => broadcastTo("choose", c, shape));
  return rest.reduce((r, c, i) => where(lax.ge(w, i + 1), c, r), first);
}
/** Index arrays that together pick a grid: `x.index(...ix_(rows, columns))`. */
export function ix_<X extends TensorLike>(...vectors: X[]): Like<X>[];
export function ix_(...given: TensorLike[]): Tensor[] {
  const vectors = given.map((x) => operand("ix_", x));
  const other = vectors.find((v) => v.ndim !== 1);
  if (other)
    fail("TW2007", `ix_: needs vectors, got ${printAval(other.aval)}`, {
      help: "np.ravel makes a vector of any array",
    });
  return vectors.map((v, i) =>
    lax.reshape(
      v,
      vectors.map((_, k) => (k === i ? v.aval.shape[0] : 1)),
    ),
  );
}
/** The slices along an axis for which the condition holds; under jit the condition must be known. */
export function compress<X extends TensorLike, Y extends TensorLike>(
  condition: X,
  x: Y,
  axis?: number | null,
): Like<X | Y>;
export function compress(condition: Tensor, x: Tensor, axis: number | null = null): Tensor {
  condition = operand("compress", condition);
  x = operand("compress", x);
  if (axis === null) return compress(condition, lax.reshape(x, [-1]), 0);
  const a = canonicalAxis("compress", axis, x.ndim);
  const mask = toBool(condition);
  const n = mask.shape[0];
  if (mask.ndim !== 1 || n > x.shape[a]) {
    fail("TW2001", `compress: the condition ${printAval(mask.aval)} for axis ${a} of ${printAval(x.aval)}`, {
      help: "the condition is a vector, one element for each slice",
    });
  }
  return gatherAxes(x, [a], stackIndices(x, [a], maskPositions(mask)).indices, 1, a, "clip");
}
/** A copy of a matrix with `value` on its diagonal. */
export function fillDiagonal<X extends TensorLike, Y extends TensorLike>(x: X, value: Y): Like<X | Y>;
export function fillDiagonal(x: Tensor, value: TensorLike): Tensor {
  x = operand("fillDiagonal", x);
  if (x.ndim < 2) fail("TW2007", `fillDiagonal: needs a matrix, got ${printAval(x.aval)}`, {});
  const counts = x.shape.map((_, i) => lax.broadcastedIota("i32", x.aval.shape, i));
  const on = counts
    .slice(1)
    .map((c) => lax.eq(c, counts[0]))
    .reduce((p, q) => lax.bitwiseAnd(p, q));
  return lax.select(on, broadcastTo("fillDiagonal", valueFor("fillDiagonal", x, value), x.aval.shape), x);
}

type Update = (x: Tensor, indices: Tensor, updates: Tensor, params: ScatterParams) => Tensor;

/** A place in an array of staged code: as `IndexedTensor`, with numbers. */
export interface Indexed<T> {
  get(options?: { mode?: IndexMode }): T;
  set(value: TensorLike): T;
  add(value: TensorLike): T;
  subtract(value: TensorLike): T;
  multiply(value: TensorLike): T;
  divide(value: TensorLike): T;
  power(value: TensorLike): T;
  min(value: TensorLike): T;
  max(value: TensorLike): T;
}
/** What `x.at(…)` gives: a place in an array, for functional updates. Updates out of range are dropped. */
export class IndexedTensor {
  constructor(
    readonly x: Tensor,
    readonly indices: readonly Index[],
  ) {}
  /** The elements there; mode "fill" gives NaN (the least integer) out of range. */
  get(options: { mode?: IndexMode } = {}): Tensor {
    return indexWith(this.x, this.indices, options.mode ?? "clip");
  }
  /** A copy of the array with `value` there. */
  set(value: TensorLike): Tensor {
    return this.#update("set", value, lax.scatter, (_, v) => v);
  }
  add(value: TensorLike): Tensor {
    return this.#update("add", value, lax.scatterAdd, lax.add);
  }
  subtract(value: TensorLike): Tensor {
    return this.add(lax.neg(valueFor("at.subtract", this.x, value)));
  }
  sub(value: TensorLike): Tensor {
    return this.subtract(value);
  }
  multiply(value: TensorLike): Tensor {
    return this.#update("multiply", value, lax.scatterMul, lax.mul);
  }
  mul(value: TensorLike): Tensor {
    return this.multiply(value);
  }
  divide(value: TensorLike): Tensor {
    return this.apply((x) => astype(divide(x, value), x.aval.dtype));
  }
  div(value: TensorLike): Tensor {
    return this.divide(value);
  }
  power(value: TensorLike): Tensor {
    return this.apply((x) => astype(power(x, value), x.aval.dtype));
  }
  min(value: TensorLike): Tensor {
    return this.#update("min", value, lax.scatterMin, lax.min);
  }
  max(value: TensorLike): Tensor {
    return this.#update("max", value, lax.scatterMax, lax.max);
  }
  /** `f` of what stands there. */
  apply(f: (x: Tensor) => Tensor): Tensor {
    return this.set(f(this.get()));
  }

  #update(name: string, value: TensorLike, update: Update, combine: (old: Tensor, value: Tensor) => Tensor): Tensor {
    const { x, indices } = this;
    const v = valueFor(`at.${name}`, x, value);
    const mask =
      indices.length === 1 && isTensor(indices[0]) && indices[0].aval.dtype === "bool" ? indices[0] : undefined;
    if (mask && v.ndim === 0) {
      // a mask with one value needs no positions, so it works under jit
      const wide = broadcastTo(
        `at.${name}`,
        lax.reshape(mask, [...mask.aval.shape, ...x.shape.slice(mask.ndim).map(() => 1)]),
        x.aval.shape,
      );
      return where(wide, combine(x, broadcastTo(`at.${name}`, v, x.aval.shape)), x);
    }
    const parts = parseIndices(x, indices);
    const axes = parts.filter((p) => p.kind !== "new");
    const contiguous = axes.every((p) => p.kind === "int" || (p.kind === "slice" && (p.step === 1 || p.count === 1)));
    if (contiguous) {
      const block = applyRanges(x, parts);
      const target = index(x, ...indices).aval.shape;
      const fitted = lax.reshape(broadcastTo(`at.${name}`, v, target), block.aval.shape);
      const starts = axes.map((p) => lax.dimensionValue(p.kind === "int" ? p.value : p.kind === "slice" ? p.start : 0));
      return lax.dynamicUpdateSlice(x, name === "set" ? fitted : combine(block, fitted), starts);
    }
    if (
      parts.length === axes.length &&
      axes.some((p) => p.kind === "array") &&
      axes.every((p, i) => p.kind !== "slice" || isWhole(p, x.aval.shape[i]))
    ) {
      const spots = axes.map(
        (p): Part => (p.kind === "int" ? { kind: "array", value: lax.dimensionValue(p.value) } : p),
      );
      const adv = advanced(x, spots) as Advanced;
      const kept = otherAxes(x.shape.length, adv.axes);
      const rank = kept.length + adv.batchShape.length;
      const windowDims = range(rank).filter((i) => i < adv.position || i >= adv.position + adv.batchShape.length);
      const shape = Array.from({ length: rank }, (_, i) =>
        windowDims.includes(i) ? x.aval.shape[kept[windowDims.indexOf(i)]] : adv.batchShape[i - adv.position],
      );
      return update(x, adv.indices, broadcastTo(`at.${name}`, v, shape), {
        dims: {
          updateWindowDims: windowDims,
          insertedWindowDims: [...adv.axes].sort((a, b) => a - b),
          operandBatchingDims: [],
          scatterIndicesBatchingDims: [],
          scatterDimsToOperandDims: adv.axes,
        },
        mode: "fill",
        uniqueIndices: false,
      });
    }
    // everything else: positions in the flattened array, found by indexing a count
    const positions = index(lax.reshape(lax.iota("i32", dimProduct(x.aval.shape)), x.aval.shape), ...indices);
    const flat = update(
      lax.reshape(x, [-1]),
      lax.reshape(positions, [-1, 1]),
      lax.reshape(broadcastTo(`at.${name}`, v, positions.aval.shape), [-1]),
      TO_ELEMENTS,
    );
    return lax.reshape(flat, x.aval.shape);
  }
}

export function at<X extends TensorLike>(
  x: X,
  ...indices: Index[]
): Like<X> extends Tensor ? IndexedTensor : Indexed<Like<X>>;
export function at(x: Tensor, ...indices: Index[]): IndexedTensor {
  x = operand("at", x);
  checkIndices("at", indices);
  return new IndexedTensor(x, indices);
}
