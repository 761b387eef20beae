/** Order: sorting and searching. */
import type { Like } from "../tracer/num.js";
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { dimProduct, isStatic } from "../ir/dim.js";
import { isFloat } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { arrayList, broadcastTo, canonicalAxis, checkFlags, operand } from "../lax/operand.js";
import { checkOptions, describeValue } from "../tracer/leaf.js";
import type { Tensor } from "../tracer/tensor.js";
import { promoteDtypes, requireWhole, type TensorLike } from "./promote.js";
import { elementsAt } from "./elements.js";

export interface SortOptions {
  descending?: boolean;
  stable?: boolean;
}
function flatOr(what: string, x: Tensor, axis: number | null): [Tensor, number] {
  x = operand(what, x);
  return axis === null ? [lax.reshape(x, [-1]), 0] : [x, canonicalAxis(what, axis, x.ndim)];
}
/** Ascending (NaN last) along an axis; null sorts the flattened array. */
export function sort<X extends TensorLike>(x: X, axis?: number | null, options?: SortOptions): Like<X>;
export function sort(x: Tensor, axis: number | null = -1, options: SortOptions = {}): Tensor {
  checkFlags("sort", options, ["descending", "stable"]);
  const [t, a] = flatOr("sort", x, axis);
  const s = lax.sort(t, { axis: a, stable: options.stable ?? true });
  return options.descending ? lax.rev(s, [a]) : s;
}
/** The positions that sort the array. */
export function argsort<X extends TensorLike>(x: X, axis?: number | null, options?: SortOptions): Like<X>;
export function argsort(x: Tensor, axis: number | null = -1, options: SortOptions = {}): Tensor {
  checkFlags("argsort", options, ["descending", "stable"]);
  const [t, a] = flatOr("argsort", x, axis);
  if (options.descending) {
    // reversed before and after, so that equals keep their order
    const last = lax.sub(lax.dimensionValue(t.aval.shape[a]), 1);
    const back = argsort(lax.rev(t, [a]), a, { stable: options.stable ?? true });
    return lax.rev(lax.sub(broadcastTo("argsort", last, back.aval.shape), back), [a]);
  }
  const i = lax.broadcastedIota("i32", t.aval.shape, a);
  return lax.sort([t, i], { axis: a, numKeys: 1, stable: options.stable ?? true })[1];
}
/** The positions that sort by several keys, the last of them first. */
export function lexsort<X extends TensorLike>(keys: readonly X[], axis?: number): Like<X>;
export function lexsort(keys: readonly Tensor[], axis = -1): Tensor {
  keys = arrayList("lexsort", keys);
  if (keys.length === 0) fail("TW2011", "lexsort: no keys", { help: "give at least one array" });
  const a = canonicalAxis("lexsort", axis, keys[0].ndim);
  const i = lax.broadcastedIota("i32", keys[0].aval.shape, a);
  const sorted = lax.sort([...[...keys].reverse(), i], { axis: a, numKeys: keys.length });
  return sorted[sorted.length - 1];
}
/** The k-th element is where sorting would put it, smaller ones before it and larger ones after (here: all sorted). */
export function partition<X extends TensorLike>(x: X, k: number, axis?: number | null): Like<X>;
export function partition(x: Tensor, k: number, axis: number | null = -1): Tensor {
  checkRank("partition", x, k, axis);
  return sort(x, axis);
}
export function argpartition<X extends TensorLike>(x: X, k: number, axis?: number | null): Like<X>;
export function argpartition(x: Tensor, k: number, axis: number | null = -1): Tensor {
  checkRank("argpartition", x, k, axis);
  return argsort(x, axis);
}
function checkRank(what: string, x: Tensor, k: number, axis: number | null): void {
  x = operand(what, x);
  requireWhole(`${what}: the position`, k);
  const n = axis === null ? dimProduct(x.aval.shape) : x.aval.shape[canonicalAxis(what, axis, x.ndim)];
  if (isStatic(n) && !(k >= -n && k < n)) {
    fail("TW2009", `${what}: position ${k} is outside of an axis of size ${n}`, {
      help: `it runs from ${-n} to ${n - 1}`,
    });
  }
}
/** Where `v` would be inserted in the sorted vector `a` to keep it sorted. */
export function searchsorted<X extends TensorLike, Y extends TensorLike>(
  a: X,
  v: Y,
  options?: { side?: "left" | "right" },
): Like<X | Y>;
export function searchsorted(a: Tensor, v: TensorLike, options: { side?: "left" | "right" } = {}): Tensor {
  checkOptions("searchsorted", options, ["side"]);
  const { side = "left" } = options;
  if (side !== "left" && side !== "right")
    fail("TW2011", `searchsorted: the side is ${describeValue(side)}`, { help: '"left" or "right"' });
  const [sorted, query] = promoteDtypes("searchsorted", [a, v]);
  if (sorted.ndim !== 1) {
    fail("TW2007", `searchsorted: needs a sorted vector, got ${printAval(sorted.aval)}`, {
      help: "index one row of it",
    });
  }
  const n = sorted.aval.shape[0];
  const shape = query.aval.shape;
  let low = lax.full(shape, 0, "i32");
  if (n === 0) return low;
  let high = broadcastTo("searchsorted", lax.dimensionValue(n), shape);
  const rounds = isStatic(n) ? Math.max(1, Math.ceil(Math.log2(n + 1))) : 31;
  for (let r = 0; r < rounds; r++) {
    const middle = lax.shiftRightArithmetic(lax.add(low, high), lax.full(shape, 1, "i32"));
    const x = elementsAt(sorted, middle);
    const open = lax.lt(low, high);
    const right = lax.bitwiseAnd(open, side === "right" ? lax.not(before(query, x)) : before(x, query));
    const left = lax.bitwiseAnd(open, lax.not(right));
    low = lax.select(right, lax.add(middle, 1), low);
    high = lax.select(left, middle, high);
  }
  return low;
}
/** The order of sorting: NaN stands after all numbers. */
function before(x: Tensor, y: Tensor): Tensor {
  if (!isFloat(x.aval.dtype)) return lax.lt(x, y);
  return lax.bitwiseOr(lax.lt(x, y), lax.bitwiseAnd(lax.eq(x, x), lax.ne(y, y)));
}
/** The number of the bin that each element falls in. */
export function digitize<X extends TensorLike, Y extends TensorLike>(
  x: X,
  bins: Y,
  options?: { right?: boolean },
): Like<X | Y>;
export function digitize(x: Tensor, bins: Tensor, options: { right?: boolean } = {}): Tensor {
  checkFlags("digitize", options, ["right"]);
  return searchsorted(bins, x, { side: options.right ? "left" : "right" });
}
