/** Arrays as sets. Their sizes depend on values: outside of jit they are found, under jit `size` fixes them. */
import type { Like, MaskLike } from "../tracer/num.js";
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { isFloat } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { astype, broadcastTo, operand } from "../lax/operand.js";
import { cellIfKnown } from "../tracer/frame.js";
import type { Tensor } from "../tracer/tensor.js";
import { concatenate } from "./joining.js";
import { promoteDtypes, staticSize, type TensorLike, toBool } from "./promote.js";
import { searchsorted } from "./sorting.js";
import { elementsAt } from "./elements.js";

export interface SizedOptions {
  /** The length of the result, which under jit must be given: what is more is cut, what is missing is filled. */
  size?: number;
  fillValue?: TensorLike;
}

const VECTOR = {
  updateWindowDims: [],
  insertedWindowDims: [0],
  operandBatchingDims: [],
  scatterIndicesBatchingDims: [],
  scatterDimsToOperandDims: [0],
} as const;
const DROP = { dims: VECTOR, mode: "fill", uniqueIndices: false } as const;
const put = (into: Tensor, at: Tensor, values: Tensor): Tensor =>
  lax.scatter(into, lax.expandDims(at, [1]), values, DROP);

/** A number that decides a size. */
function knownCount(what: string, n: Tensor): number {
  if (!cellIfKnown(n)) {
    fail("TW2012", `${what}: the size of the result depends on values that only the run knows`, {
      help: "give { size }, or call it outside of jit",
    });
  }
  return Number(n.item());
}
/** For each true element its number among the true ones, for the others a number past the end. */
function numberTrue(mask: Tensor): { at: Tensor; count: Tensor } {
  const ones = astype(mask, "i32");
  const upTo = lax.cumsum(ones);
  const outside = lax.full(mask.aval.shape, 2 ** 31 - 1, "i32");
  return { at: lax.select(mask, lax.sub(upTo, 1), outside), count: lax.reduceSum(ones) };
}

/** Where the flattened array is not zero. */
export function flatnonzero<X extends TensorLike>(x: X, options?: SizedOptions): Like<X>;
export function flatnonzero(x: TensorLike, options: SizedOptions = {}): Tensor {
  const mask = lax.reshape(toBool(x), [-1]);
  const { at, count } = numberTrue(mask);
  const n = options.size ?? knownCount("flatnonzero", count);
  const fill = astype(promoteDtypes("flatnonzero", [options.fillValue ?? 0])[0], "i32");
  return put(broadcastTo("flatnonzero", fill, [n]), at, lax.iota("i32", mask.aval.shape[0]));
}
/** Where the array is not zero: one array of positions for each axis. */
export function nonzero<X extends TensorLike>(x: X, options?: SizedOptions): Like<X>[];
export function nonzero(x: TensorLike, options: SizedOptions = {}): Tensor[] {
  const mask = toBool(x);
  if (mask.ndim === 0) fail("TW2007", "nonzero: a scalar has no positions", { help: "use np.atleast1d" });
  const n = options.size ?? knownCount("nonzero", lax.reduceSum(astype(mask, "i32"), null));
  const flat = flatnonzero(mask, { size: n, fillValue: -1 });
  const positions = unravelIndex(lax.max(flat, 0), mask.shape);
  const fill = astype(promoteDtypes("nonzero", [options.fillValue ?? 0])[0], "i32");
  return positions.map((p) => lax.select(lax.lt(flat, 0), broadcastTo("nonzero", fill, p.aval.shape), p));
}
/** Positions of what is not zero, as rows. */
export function argwhere<X extends TensorLike>(x: X, options?: SizedOptions): Like<X>;
export function argwhere(x: TensorLike, options: SizedOptions = {}): Tensor {
  const columns = nonzero(x, options).map((p) => lax.expandDims(p, [1]));
  return concatenate(columns, 1);
}
/** The elements for which the condition holds, as a vector. */
export function extract<X extends TensorLike, Y extends TensorLike>(
  condition: X,
  x: Y,
  options?: SizedOptions,
): Like<X | Y>;
export function extract(condition: TensorLike, x: Tensor, options: SizedOptions = {}): Tensor {
  const mask = lax.reshape(toBool(condition), [-1]);
  const flat = lax.reshape(x, [-1]);
  const { at, count } = numberTrue(mask);
  const n = options.size ?? knownCount("extract", count);
  const fill = astype(promoteDtypes("extract", [x, options.fillValue ?? 0])[1], x.aval.dtype);
  return put(broadcastTo("extract", fill, [n]), at, flat);
}
/** Row-major positions in the flattened array as one position for each axis. */
export function unravelIndex<X extends TensorLike>(flat: X, shape: readonly number[]): Like<X>[];
export function unravelIndex(flat: Tensor, shape: readonly number[]): Tensor[] {
  const out: Tensor[] = [];
  let rest = astype(flat, "i32");
  for (let a = shape.length - 1; a >= 0; a--) {
    const n = broadcastTo("unravelIndex", lax.dimensionValue(shape[a]), rest.aval.shape);
    out.unshift(lax.rem(rest, n));
    rest = lax.div(rest, n);
  }
  return out;
}
/** Positions on each axis as positions in the flattened array. */
export function ravelMultiIndex<X extends TensorLike>(positions: readonly X[], shape: readonly number[]): Like<X>;
export function ravelMultiIndex(positions: readonly Tensor[], shape: readonly number[]): Tensor {
  if (positions.length !== shape.length || positions.length === 0) {
    fail("TW2011", `ravelMultiIndex: ${positions.length} positions for ${shape.length} axes`, {
      help: "give one for each axis",
    });
  }
  return positions.slice(1).reduce(
    (flat, p, i) => {
      const n = broadcastTo("ravelMultiIndex", lax.dimensionValue(shape[i + 1]), flat.aval.shape);
      return lax.add(lax.mul(flat, n), astype(p, "i32"));
    },
    astype(positions[0], "i32"),
  );
}

export interface UniqueOptions extends SizedOptions {
  returnIndex?: boolean;
  returnInverse?: boolean;
  returnCounts?: boolean;
}
export interface UniqueAll {
  values: Tensor;
  /** Where each value stood first in the flattened array. */
  index: Tensor;
  /** For each element the number of its value; the shape of the array. */
  inverse: Tensor;
  counts: Tensor;
}
/** The distinct values, ascending (NaN once, at the end), and where and how often they occur. */
export function uniqueAll(given: TensorLike, options: SizedOptions = {}): UniqueAll {
  const x = operand("unique", given);
  const flat = lax.reshape(x, [-1]);
  const m = staticSize("unique", flat, 0);
  if (x.aval.dtype === "key") fail("TW2005", `unique: ${printAval(x.aval)} has no order`, {});
  const order0 = lax.iota("i32", m);
  if (m === 0) return { values: flat, index: order0, inverse: lax.reshape(order0, x.aval.shape), counts: order0 };
  const [sorted, order] = lax.sort([flat, order0], { numKeys: 1 });
  const [late, early] = [lax.sliceInDim(sorted, 1, m), lax.sliceInDim(sorted, 0, m - 1)];
  let changes = lax.ne(late, early);
  if (isFloat(x.aval.dtype))
    changes = lax.bitwiseAnd(changes, lax.not(lax.bitwiseAnd(lax.ne(late, late), lax.ne(early, early))));
  const first = lax.concatenate([lax.full([1], true, "bool"), changes], 0);
  const group = lax.sub(lax.cumsum(astype(first, "i32")), 1);
  const n = options.size ?? knownCount("unique", lax.add(lax.squeeze(lax.sliceInDim(group, m - 1, m), [0]), 1));
  const least = lax.squeeze(lax.sliceInDim(sorted, 0, 1), [0]);
  const fill =
    options.fillValue === undefined ? least : astype(promoteDtypes("unique", [x, options.fillValue])[1], x.aval.dtype);
  const spot = lax.expandDims(group, [1]);
  const inverse = put(lax.full([m], 0, "i32"), order, group);
  return {
    values: put(broadcastTo("unique", fill, [n]), lax.select(first, group, lax.full([m], 2 ** 31 - 1, "i32")), sorted),
    // equal values stand in their old order: the first of each group is the first of the array
    index: put(lax.full([n], 0, "i32"), lax.select(first, group, lax.full([m], 2 ** 31 - 1, "i32")), order),
    inverse: lax.reshape(inverse, x.aval.shape),
    counts: lax.scatterAdd(lax.full([n], 0, "i32"), spot, lax.full([m], 1, "i32"), DROP),
  };
}
/** The distinct values, ascending; with return… options a list of those arrays after it, as in NumPy. */
export function unique(x: TensorLike, options?: SizedOptions): Tensor;
export function unique(x: TensorLike, options: UniqueOptions): Tensor | Tensor[];
export function unique(x: TensorLike, options: UniqueOptions = {}): Tensor | Tensor[] {
  const r = uniqueAll(x, options);
  const more = [
    ...(options.returnIndex ? [r.index] : []),
    ...(options.returnInverse ? [r.inverse] : []),
    ...(options.returnCounts ? [r.counts] : []),
  ];
  return more.length > 0 ? [r.values, ...more] : r.values;
}
/** For each element whether it is among `test`. */
export function isin<X extends TensorLike, Y extends TensorLike>(
  x: X,
  test: Y,
  options?: { invert?: boolean },
): MaskLike<X | Y>;
export function isin(x: TensorLike, test: TensorLike, options: { invert?: boolean } = {}): Tensor {
  const [a, b] = promoteDtypes("isin", [x, test]);
  const sorted = lax.sort(lax.reshape(b, [-1]));
  const n = staticSize("isin", sorted, 0);
  let found: Tensor;
  if (n === 0) found = lax.full(a.aval.shape, false, "bool");
  else {
    const at = lax.min(searchsorted(sorted, a), n - 1);
    const there = elementsAt(sorted, at);
    found = lax.eq(there, a);
  }
  return options.invert ? lax.not(found) : found;
}
export function union1d<X extends TensorLike, Y extends TensorLike>(x: X, y: Y, options?: SizedOptions): Like<X | Y>;
export function union1d(x: Tensor, y: Tensor, options: SizedOptions = {}): Tensor {
  return unique(concatenate([x, y], null), options);
}
/** The distinct values that both have. */
export function intersect1d<X extends TensorLike, Y extends TensorLike>(x: X, y: Y): Like<X | Y>;
export function intersect1d(x: Tensor, y: Tensor): Tensor {
  const [a, b] = promoteDtypes("intersect1d", [x, y]);
  const values = unique(a);
  return extract(isin(values, b), values);
}
/** The distinct values of x that y does not have. */
export function setdiff1d<X extends TensorLike, Y extends TensorLike>(x: X, y: Y): Like<X | Y>;
export function setdiff1d(x: Tensor, y: Tensor): Tensor {
  const [a, b] = promoteDtypes("setdiff1d", [x, y]);
  const values = unique(a);
  return extract(isin(values, b, { invert: true }), values);
}
/** The distinct values that only one of them has. */
export function setxor1d<X extends TensorLike, Y extends TensorLike>(x: X, y: Y): Like<X | Y>;
export function setxor1d(x: Tensor, y: Tensor): Tensor {
  return unique(concatenate([setdiff1d(x, y), setdiff1d(y, x)]));
}
