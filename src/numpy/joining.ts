/** Joining and splitting arrays, putting elements in and taking them out. */
import type { Like } from "../tracer/num.js";
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { type Dim, dimEqual, dimFloorDiv, dimMod, dimMul, dimProduct, dimSub } from "../ir/dim.js";
import * as lax from "../lax/index.js";
import { operand, arrayList, astype, broadcastTo as broadcast, canonicalAxis } from "../lax/operand.js";
import { whereFrom } from "../tracer/frame.js";
import type { Tensor } from "../tracer/tensor.js";
import { atleast1d, atleast2d, atleast3d, ravel } from "./movement.js";
import { promoteDtypes, promoteMoved, requireWhole, staticSize, type TensorLike } from "./promote.js";
import { range } from "../util/index.js";

function checkList(what: string, xs: readonly TensorLike[]): void {
  if (!Array.isArray(xs)) fail("TW1003", `${what}: takes one list of arrays`, { help: `write np.${what}([x, y])` });
  if (xs.length === 0) fail("TW2011", `${what}: the list is empty`, { help: "give at least one array" });
}
/** Joins along an existing axis; null joins the flattened arrays. */
export function concatenate<X extends TensorLike>(xs: readonly X[], axis?: number | null): Like<X>;
export function concatenate(xs: readonly TensorLike[], axis: number | null = 0): Tensor {
  checkList("concatenate", xs);
  const list = promoteMoved("concatenate", xs);
  if (axis === null) return lax.concatenate(list.map(ravel), 0);
  const scalarAt = list.findIndex((x) => x.ndim === 0);
  if (scalarAt >= 0) {
    fail("TW2007", `concatenate: array ${scalarAt} is a scalar, which has no axis to join along`, {
      help: "use np.stack, or reshape it to [1]",
    });
  }
  return lax.concatenate(list, axis);
}
export const concat = concatenate;
/** Joins along a new axis. */
export function stack<X extends TensorLike>(xs: readonly X[], axis?: number): Like<X>;
export function stack(xs: readonly TensorLike[], axis = 0): Tensor {
  checkList("stack", xs);
  const list = promoteMoved("stack", xs);
  const [first] = list;
  for (const x of list) {
    if (x.ndim !== first.ndim || x.aval.shape.some((d, i) => dimEqual(d, first.aval.shape[i]) === false)) {
      fail("TW2001", `stack: ${printAval(first.aval)} and ${printAval(x.aval)} differ in shape`, {
        ...whereFrom([first, x]),
        help: "stacked arrays have one shape; np.concatenate joins along an axis that is there",
      });
    }
  }
  return lax.concatenate(
    list.map((x) => lax.expandDims(x, [axis])),
    canonicalAxis("stack", axis, first.ndim + 1),
  );
}
/** The parts along an axis, without that axis. */
export function unstack<X extends TensorLike>(x: X, axis?: number): Like<X>[];
export function unstack(x: Tensor, axis = 0): Tensor[] {
  x = operand("unstack", x);
  const a = canonicalAxis("unstack", axis, x.ndim);
  return Array.from({ length: staticSize("unstack", x, a) }, (_, i) =>
    lax.squeeze(lax.sliceInDim(x, i, i + 1, 1, a), [a]),
  );
}
/** Joins along axis 0; vectors are rows. */
export function vstack<X extends TensorLike>(xs: readonly X[]): Like<X>;
export function vstack(xs: readonly Tensor[]): Tensor {
  return concatenate(arrayList("vstack", xs).map(atleast2d), 0);
}
/** Joins along axis 1 (vectors: along axis 0). */
export function hstack<X extends TensorLike>(xs: readonly X[]): Like<X>;
export function hstack(xs: readonly Tensor[]): Tensor {
  const list = arrayList("hstack", xs);
  return concatenate(list.map(atleast1d), list.length > 0 && list[0].ndim <= 1 ? 0 : 1);
}
/** Joins along axis 2. */
export function dstack<X extends TensorLike>(xs: readonly X[]): Like<X>;
export function dstack(xs: readonly Tensor[]): Tensor {
  return concatenate(arrayList("dstack", xs).map(atleast3d), 2);
}
/** Vectors as the columns of a matrix. */
export function columnStack<X extends TensorLike>(xs: readonly X[]): Like<X>;
export function columnStack(xs: readonly Tensor[]): Tensor {
  return concatenate(
    arrayList("columnStack", xs).map((x) => (x.ndim < 2 ? lax.reshape(x, [dimProduct(x.aval.shape), 1]) : x)),
    1,
  );
}
/** An array from nested lists of blocks: innermost lists are joined along the last axis, the next along the one before it. */
export function block(blocks: Blocks): Tensor {
  const depth = (b: Blocks): number => (Array.isArray(b) ? 1 + Math.max(0, ...b.map(depth)) : 0);
  const rank = (b: Blocks): number => (Array.isArray(b) ? Math.max(0, ...b.map(rank)) : (b as Tensor).ndim);
  const levels = depth(blocks);
  const wide = Math.max(levels, rank(blocks));
  const join = (b: Blocks, level: number): Tensor => {
    if (!Array.isArray(b)) {
      const x = b as Tensor;
      return lax.reshape(x, [...Array.from({ length: wide - x.ndim }, () => 1), ...x.aval.shape]);
    }
    return concatenate(
      b.map((c) => join(c, level + 1)),
      wide - levels + level,
    );
  };
  return join(blocks, 0);
}
export type Blocks = Tensor | readonly Blocks[];

/** Cuts into `sections` equal parts, or at the given positions. */
export function split<X extends TensorLike>(x: X, sections: number | readonly number[], axis?: number): Like<X>[];
export function split(x: Tensor, sections: number | readonly number[], axis = 0): Tensor[] {
  x = operand("split", x);
  const a = canonicalAxis("split", axis, x.ndim);
  if (typeof sections !== "number") return cutAt(x, sections, a);
  requireWhole("split: the number of parts", sections);
  const n = x.aval.shape[a];
  if (sections <= 0 || dimEqual(dimMod(n, sections), 0) === false) {
    fail("TW2001", `split: the ${String(n)} elements of axis ${a} do not divide into ${sections} equal parts`, {
      help: "use arraySplit, or give positions",
    });
  }
  const size = dimFloorDiv(n, sections);
  return Array.from({ length: sections }, (_, i) =>
    lax.sliceInDim(x, dimMul(size, i), i + 1 === sections ? n : dimMul(size, i + 1), 1, a),
  );
}
/** As `split`, but the first parts may be one longer than the others. */
export function arraySplit<X extends TensorLike>(x: X, sections: number | readonly number[], axis?: number): Like<X>[];
export function arraySplit(x: Tensor, sections: number | readonly number[], axis = 0): Tensor[] {
  x = operand("arraySplit", x);
  const a = canonicalAxis("arraySplit", axis, x.ndim);
  if (typeof sections !== "number") return cutAt(x, sections, a);
  requireWhole("arraySplit: the number of parts", sections);
  if (sections <= 0) fail("TW2011", `arraySplit: ${sections} parts`, { help: "give a whole number from 1" });
  const n = staticSize("arraySplit", x, a);
  const long = n % sections;
  const size = Math.floor(n / sections);
  return cutAt(
    x,
    Array.from({ length: sections - 1 }, (_, i) => (i + 1) * size + Math.min(i + 1, long)),
    a,
  );
}
function cutAt(x: Tensor, cuts: readonly number[], axis: number): Tensor[] {
  requireWhole("split: the position", ...cuts);
  let from: Dim = 0;
  return [...cuts, null].map((to) => {
    const part = lax.sliceInDim(x, from, to, 1, axis);
    if (to !== null) from = to;
    return part;
  });
}
/** Splits along axis 1 (vectors: along axis 0). */
export function hsplit<X extends TensorLike>(x: X, sections: number | readonly number[]): Like<X>[];
export function hsplit(x: Tensor, sections: number | readonly number[]): Tensor[] {
  x = operand("hsplit", x);
  return split(x, sections, x.ndim === 1 ? 0 : 1);
}
/** Splits along axis 0. */
export function vsplit<X extends TensorLike>(x: X, sections: number | readonly number[]): Like<X>[];
export function vsplit(x: Tensor, sections: number | readonly number[]): Tensor[] {
  x = operand("vsplit", x);
  return split(x, sections, 0);
}
/** Splits along axis 2. */
export function dsplit<X extends TensorLike>(x: X, sections: number | readonly number[]): Like<X>[];
export function dsplit(x: Tensor, sections: number | readonly number[]): Tensor[] {
  x = operand("dsplit", x);
  return split(x, sections, 2);
}
/** Values joined to the end along an axis; flattened without one. */
export function append<X extends TensorLike, Y extends TensorLike>(x: X, values: Y, axis?: number | null): Like<X | Y>;
export function append(x: Tensor, values: TensorLike, axis: number | null = null): Tensor {
  const list = promoteDtypes("append", [x, values]);
  return concatenate(axis === null ? list.map(ravel) : list, axis ?? 0);
}
/** Without the elements at a position or a list of positions; `np.delete`. */
function remove(x: Tensor, at: number | readonly number[], axis: number | null = null): Tensor {
  if (axis === null) return remove(ravel(x), at, 0);
  const a = canonicalAxis("delete", axis, x.ndim);
  const n = staticSize("delete", x, a);
  const gone = new Set((typeof at === "number" ? [at] : at).map((i) => position("delete", i, n)));
  const kept = range(n).filter((i) => !gone.has(i));
  const parts = runs(kept).map(([from, to]) => lax.sliceInDim(x, from, to, 1, a));
  return parts.length > 0 ? lax.concatenate(parts, a) : lax.sliceInDim(x, 0, 0, 1, a);
}
export { remove as delete };
function position(what: string, i: number, n: number): number {
  if (!Number.isInteger(i) || i < -n || i >= n) {
    fail("TW2009", `${what}: position ${i} is outside of an axis of size ${n}`, {
      help: `it runs from ${-n} to ${n - 1}`,
    });
  }
  return i < 0 ? i + n : i;
}
/** Ascending positions as [from, to) ranges. */
function runs(positions: readonly number[]): [number, number][] {
  const out: [number, number][] = [];
  for (const i of positions) {
    const last = out[out.length - 1];
    if (last && last[1] === i) last[1] = i + 1;
    else out.push([i, i + 1]);
  }
  return out;
}
/** Values put in before a position of an axis; flattened without one. */
export function insert<X extends TensorLike, Y extends TensorLike>(
  x: X,
  at: number,
  values: Y,
  axis?: number | null,
): Like<X | Y>;
export function insert(x: Tensor, at: number, values: TensorLike, axis: number | null = null): Tensor {
  if (axis === null) return insert(ravel(x), at, values, 0);
  const a = canonicalAxis("insert", axis, x.ndim);
  const n = staticSize("insert", x, a);
  const where = at === n ? n : position("insert", at, n);
  const v = astype(promoteDtypes("insert", [x, values])[1], x.aval.dtype);
  const row = x.aval.shape.filter((_, i) => i !== a);
  const wide =
    v.ndim === x.ndim
      ? v
      : lax.expandDims(
          broadcast("insert", v, v.ndim === 1 && x.ndim === 1 ? v.aval.shape : row),
          v.ndim === 1 && x.ndim === 1 ? [] : [a],
        );
  return lax.concatenate([lax.sliceInDim(x, 0, where, 1, a), wide, lax.sliceInDim(x, where, n, 1, a)], a);
}
/** n-th differences of neighbours along an axis. */
export function diff<X extends TensorLike>(
  x: X,
  n?: number,
  axis?: number,
  options?: { prepend?: TensorLike; append?: TensorLike },
): Like<X>;
export function diff(
  given: TensorLike,
  n = 1,
  axis = -1,
  options: { prepend?: TensorLike; append?: TensorLike } = {},
): Tensor {
  const x = operand("diff", given);
  requireWhole("diff: the number of differences", n);
  const a = canonicalAxis("diff", axis, x.ndim);
  const edge = (v: TensorLike | undefined): Tensor[] => {
    if (v === undefined) return [];
    const t = astype(promoteDtypes("diff", [x, v])[1], x.aval.dtype);
    return [
      t.ndim > 0
        ? t
        : broadcast(
            "diff",
            t,
            x.aval.shape.map((d, i) => (i === a ? 1 : d)),
          ),
    ];
  };
  const parts = [...edge(options.prepend), x, ...edge(options.append)];
  let y = parts.length === 1 ? x : lax.concatenate(parts, a);
  for (let i = 0; i < n; i++) {
    const size = y.aval.shape[a];
    if (size === 0) return y;
    const [late, early] = [lax.sliceInDim(y, 1, size, 1, a), lax.sliceInDim(y, 0, dimSub(size, 1), 1, a)];
    y = y.aval.dtype === "bool" ? lax.ne(late, early) : lax.sub(late, early);
  }
  return y;
}
/** Differences of neighbours of the flattened array. */
export function ediff1d<X extends TensorLike>(x: X): Like<X>;
export function ediff1d(x: Tensor): Tensor {
  return diff(ravel(x));
}
