/** Products of vectors, matrices and tensors. */
import type { Like } from "../tracer/num.js";
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { type Dim, dimEqual, dimMul, dimProduct } from "../ir/dim.js";
import { type DType, isWide } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { broadcastShapes, broadcastTo, canonicalAxis } from "../lax/operand.js";
import { whereFrom } from "../tracer/frame.js";
import type { Tensor } from "../tracer/tensor.js";
import { promoteDtypes, type TensorLike, zerosFor } from "./promote.js";
import { sum } from "./reduction.js";
import { otherAxes, range } from "../util/index.js";

export interface ProductOptions {
  /** dtype of the accumulation and of the result. */
  preferredElementType?: DType;
}

function contractionError(what: string, x: Tensor, y: Tensor, i: number, j: number): never {
  return fail(
    "TW2003",
    `${what}: contracting dimensions differ: ${printAval(x.aval)} has ${String(x.aval.shape[i])} on axis ${i}, ${printAval(y.aval)} has ${String(y.aval.shape[j])} on axis ${j}`,
    {
      ...whereFrom([x, y]),
      help: "transpose one side, or reshape it so that these two sizes agree",
    },
  );
}

/** NumPy's dot: vectors and matrices as usual; for more axes the last of x with the second last of y. */
export function dot<X extends TensorLike, Y extends TensorLike>(x: X, y: Y, options?: ProductOptions): Like<X | Y>;
export function dot(x: TensorLike, y: TensorLike, options: ProductOptions = {}): Tensor {
  const [a, b] = promoteDtypes("dot", [x, y]);
  if (a.ndim === 0 || b.ndim === 0) {
    const shape = a.ndim === 0 ? b.aval.shape : a.aval.shape;
    return lax.mul(broadcastTo("dot", a, shape), broadcastTo("dot", b, shape));
  }
  const i = a.ndim - 1;
  const j = Math.max(0, b.ndim - 2);
  if (dimEqual(a.aval.shape[i], b.aval.shape[j]) === false) contractionError("dot", a, b, i, j);
  return lax.dotGeneral(a, b, { contract: [[i], [j]] }, options.preferredElementType ?? null);
}

/** NumPy's matmul: leading axes are batch axes and broadcast. */
export function matmul<X extends TensorLike, Y extends TensorLike>(x: X, y: Y, options?: ProductOptions): Like<X | Y>;
export function matmul(x: TensorLike, y: TensorLike, options: ProductOptions = {}): Tensor {
  const [a, b] = promoteDtypes("matmul", [x, y]);
  if (a.ndim === 0 || b.ndim === 0)
    fail("TW2007", `matmul: ${printAval(a.aval)} and ${printAval(b.aval)}: scalars are not matrices`, {
      help: "use multiply",
    });
  const i = a.ndim - 1;
  const j = Math.max(0, b.ndim - 2);
  if (dimEqual(a.aval.shape[i], b.aval.shape[j]) === false) contractionError("matmul", a, b, i, j);
  const preferred = options.preferredElementType ?? null;
  if (a.ndim <= 2 && b.ndim <= 2) return lax.dotGeneral(a, b, { contract: [[i], [j]] }, preferred);
  // one side without batch axes: they stay free axes of the other, and nothing is repeated
  if (b.ndim <= 2) return lax.dotGeneral(a, b, { contract: [[i], [j]] }, preferred);
  if (a.ndim === 1) return lax.dotGeneral(b, a, { contract: [[b.ndim - 2], [0]] }, preferred);
  const lead = broadcastShapes("matmul", [a.aval.shape.slice(0, -2), b.aval.shape.slice(0, -2)], [a, b]);
  const left = broadcastTo("matmul", a, [...lead, ...a.aval.shape.slice(-2)]);
  const right = broadcastTo("matmul", b, [...lead, ...b.aval.shape.slice(-2)]);
  const n = lead.length;
  const batch = range(lead.length);
  return lax.dotGeneral(left, right, { contract: [[n + 1], [n]], batch: [batch, batch] }, preferred);
}
/** The sum of products of two arrays, flattened. */
export function vdot<X extends TensorLike, Y extends TensorLike>(x: X, y: Y): Like<X | Y>;
export function vdot(x: Tensor, y: Tensor): Tensor {
  return dot(lax.reshape(x, [-1]), lax.reshape(y, [-1]));
}
/** Sums of products over the last axes. */
export function inner<X extends TensorLike, Y extends TensorLike>(x: X, y: Y): Like<X | Y>;
export function inner(x: Tensor, y: Tensor): Tensor {
  const [a, b] = promoteDtypes("inner", [x, y]);
  if (a.ndim === 0 || b.ndim === 0) return dot(a, b);
  return lax.dotGeneral(a, b, { contract: [[a.ndim - 1], [b.ndim - 1]] });
}
/** All products of two vectors: [n], [m] → [n, m]. */
export function outer<X extends TensorLike, Y extends TensorLike>(x: X, y: Y): Like<X | Y>;
export function outer(x: Tensor, y: Tensor): Tensor {
  const [a, b] = promoteDtypes("outer", [x, y]);
  const shape = [dimProduct(a.aval.shape), dimProduct(b.aval.shape)];
  return lax.mul(
    lax.broadcastInDim(lax.reshape(a, [-1]), shape, [0]),
    lax.broadcastInDim(lax.reshape(b, [-1]), shape, [1]),
  );
}
/** Sums over pairs of axes: the last `axes` of x with the first of y, or two lists of axes. */
export function tensordot<X extends TensorLike, Y extends TensorLike>(
  x: X,
  y: Y,
  axes?: number | readonly [number | readonly number[], number | readonly number[]],
): Like<X | Y>;
export function tensordot(
  x: Tensor,
  y: Tensor,
  axes: number | readonly [number | readonly number[], number | readonly number[]] = 2,
): Tensor {
  const [a, b] = promoteDtypes("tensordot", [x, y]);
  if (typeof axes === "number" && (axes > a.ndim || axes > b.ndim)) {
    fail("TW2004", `tensordot: ${axes} axes of ${printAval(a.aval)} and ${printAval(b.aval)}`, {
      help: "sum over at most as many axes as both arrays have",
    });
  }
  const list = (v: number | readonly number[]): readonly number[] => (typeof v === "number" ? [v] : v);
  const [left, right] =
    typeof axes === "number"
      ? [Array.from({ length: axes }, (_, i) => a.ndim - axes + i), range(axes)]
      : axes.map(list);
  if (left.length !== right.length) {
    fail("TW2011", `tensordot: ${left.length} axes of x and ${right.length} of y`, { help: "name them in pairs" });
  }
  return lax.dotGeneral(a, b, {
    contract: [
      left.map((k) => canonicalAxis("tensordot", k, a.ndim)),
      right.map((k) => canonicalAxis("tensordot", k, b.ndim)),
    ],
  });
}
/** Products of vectors on the last axis, for each pair of the others (which broadcast). */
export function vecdot<X extends TensorLike, Y extends TensorLike>(x: X, y: Y, axis?: number): Like<X | Y>;
export function vecdot(x: Tensor, y: Tensor, axis = -1): Tensor {
  const [a, b] = promoteDtypes("vecdot", [x, y]);
  const at = (t: Tensor): Tensor => {
    const k = canonicalAxis("vecdot", axis, t.ndim);
    const rest = otherAxes(t.shape.length, [k]);
    return lax.transpose(t, [...rest, k]);
  };
  const [p, q] = [at(a), at(b)];
  const [i, j] = [p.ndim - 1, q.ndim - 1];
  if (dimEqual(p.aval.shape[i], q.aval.shape[j]) === false) contractionError("vecdot", p, q, i, j);
  const lead = broadcastShapes("vecdot", [p.aval.shape.slice(0, -1), q.aval.shape.slice(0, -1)], [p, q]);
  const n = p.aval.shape[i];
  const batch = range(lead.length);
  return lax.dotGeneral(broadcastTo("vecdot", p, [...lead, n]), broadcastTo("vecdot", q, [...lead, n]), {
    contract: [[lead.length], [lead.length]],
    batch: [batch, batch],
  });
}
/** A matrix times a vector, for each pair of a batch. */
export function matvec<X extends TensorLike, Y extends TensorLike>(x: X, y: Y): Like<X | Y>;
export function matvec(x: Tensor, y: Tensor): Tensor {
  const r = matmul(x, lax.expandDims(y, [y.ndim]));
  return lax.squeeze(r, [r.ndim - 1]);
}
/** A vector times a matrix, for each pair of a batch. */
export function vecmat<X extends TensorLike, Y extends TensorLike>(x: X, y: Y): Like<X | Y>;
export function vecmat(x: Tensor, y: Tensor): Tensor {
  const r = matmul(lax.expandDims(x, [x.ndim - 1]), y);
  return lax.squeeze(r, [r.ndim - 2]);
}
/** The Kronecker product. */
export function kron<X extends TensorLike, Y extends TensorLike>(x: X, y: Y): Like<X | Y>;
export function kron(x: Tensor, y: Tensor): Tensor {
  const [a, b] = promoteDtypes("kron", [x, y]);
  const rank = Math.max(a.ndim, b.ndim);
  const up = (t: Tensor): Dim[] => [...Array.from({ length: rank - t.ndim }, () => 1), ...t.aval.shape];
  const [sa, sb] = [up(a), up(b)];
  const wide = sa.flatMap((d, i) => [d, sb[i]]);
  const left = lax.broadcastInDim(
    lax.reshape(a, sa),
    wide,
    sa.map((_, i) => 2 * i),
  );
  const right = lax.broadcastInDim(
    lax.reshape(b, sb),
    wide,
    sb.map((_, i) => 2 * i + 1),
  );
  return lax.reshape(
    lax.mul(left, right),
    sa.map((d, i) => dimMul(d, sb[i])),
  );
}
/** The sum of a diagonal of the last two axes. */
export function trace<X extends TensorLike>(x: X, offset?: number): Like<X>;
export function trace(x: Tensor, offset = 0): Tensor {
  if (x.ndim < 2) fail("TW2007", `trace: needs a matrix, got ${printAval(x.aval)}`, { help: "give at least two axes" });
  // integers are widened as in a sum
  const t = sum(x, []);
  const [n, m] = t.aval.shape.slice(-2);
  const row = lax.broadcastedIota("i32", [n, m], 0);
  const column = lax.broadcastedIota("i32", [n, m], 1);
  const mask = lax.broadcastInDim(lax.eq(lax.add(row, offset), column), t.aval.shape, [t.ndim - 2, t.ndim - 1]);
  return lax.reduceSum(lax.select(mask, t, zerosFor(t)), [-2, -1]);
}
/** The vector product of 3-vectors (or the one number of 2-vectors) on the last axis. */
export function cross<X extends TensorLike, Y extends TensorLike>(x: X, y: Y, axis?: number): Like<X | Y>;
export function cross(x: Tensor, y: Tensor, axis = -1): Tensor {
  const [a0, b0] = promoteDtypes("cross", [x, y]);
  const last = (t: Tensor): Tensor => {
    const k = canonicalAxis("cross", axis, t.ndim);
    const rest = otherAxes(t.shape.length, [k]);
    return lax.transpose(t, [...rest, k]);
  };
  const [a1, b1] = [last(a0), last(b0)];
  const sizes = [a1, b1].map((t) => t.shape[t.ndim - 1]);
  if (sizes.some((n) => n !== 2 && n !== 3)) {
    fail("TW2001", `cross: ${printAval(a0.aval)} and ${printAval(b0.aval)} hold no vectors of 2 or 3 components`, {
      help: "the axis of the components must have size 2 or 3",
    });
  }
  const lead = broadcastShapes("cross", [a1.aval.shape.slice(0, -1), b1.aval.shape.slice(0, -1)], [a1, b1]);
  const part = (t: Tensor, k: number): Tensor =>
    k < t.shape[t.ndim - 1]
      ? broadcastTo("cross", lax.squeeze(lax.sliceInDim(t, k, k + 1, 1, -1), [t.ndim - 1]), lead)
      : lax.full(lead, isWide(t.aval.dtype) ? 0n : 0, t.aval.dtype);
  const component = (k: number): Tensor => {
    const [i, j] = [(k + 1) % 3, (k + 2) % 3];
    return lax.sub(lax.mul(part(a1, i), part(b1, j)), lax.mul(part(a1, j), part(b1, i)));
  };
  if (sizes[0] === 2 && sizes[1] === 2) return component(2);
  const n = lead.length;
  const joined = lax.concatenate(
    [0, 1, 2].map((k) => lax.expandDims(component(k), [n])),
    n,
  );
  const k = canonicalAxis("cross", axis, n + 1);
  const back = range(n);
  back.splice(k, 0, n);
  return lax.transpose(joined, back);
}
