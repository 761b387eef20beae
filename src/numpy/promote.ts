/** NumPy's conventions on top of lax: operands are promoted to one dtype and broadcast to one shape. */
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { type DType, isFloat, isInt, promoteTypes } from "../ir/dtype.js";
import { asTensor, astype, broadcastShapes, broadcastTo, isTensor, numberOf, type TensorLike } from "../lax/operand.js";
import type { Tensor } from "../tracer/tensor.js";

export type { TensorLike } from "../lax/operand.js";

/** One dtype for all: plain numbers take the tensors' type, tensors meet in the promotion lattice. */
export function promoteDtypes(what: string, operands: readonly TensorLike[]): Tensor[] {
  let joined: { dtype: DType; weak?: boolean | undefined } | undefined;
  for (const x of operands) {
    if (!isTensor(x)) continue;
    if (x.aval.dtype === "key")
      fail("TW2005", `${what}: PRNG keys are not numbers`, {
        help: "draw from the key with random.uniform, random.bits…",
      });
    joined =
      joined === undefined
        ? x.aval
        : joined.dtype === x.aval.dtype && !joined.weak === !x.aval.weak
          ? joined
          : promoteTypes(joined, x.aval);
  }
  const target = joined;
  if (target === undefined) return operands.map((x) => asTensor(what, x));
  const list = operands.map((x) => (isTensor(x) ? x : numberOf(what, x, target.dtype)));
  // a number beside a bool array widens the array
  const dtype = list.reduce<{ dtype: DType; weak?: boolean | undefined }>(
    (d, t) => promoteTypes(d, t.aval),
    target,
  ).dtype;
  return list.map((x) => (x.aval.dtype === dtype ? x : astype(x, dtype)));
}

/** Promoted and broadcast against each other. */
export function promoteArgs(what: string, operands: readonly TensorLike[]): Tensor[] {
  return broadcastAll(what, promoteDtypes(what, operands));
}

export function broadcastAll(what: string, xs: readonly Tensor[]): Tensor[] {
  const first = xs[0].aval.shape;
  if (
    xs.every(
      (x) =>
        x.aval.shape === first ||
        (x.aval.shape.length === first.length && x.aval.shape.every((d, i) => d === first[i])),
    )
  )
    return [...xs];
  const shape = broadcastShapes(
    what,
    xs.map((x) => x.aval.shape),
  );
  return xs.map((x) => broadcastTo(what, x, shape));
}

/** As floats: integers and bools become f32. */
export function promoteInexact(what: string, operands: readonly TensorLike[]): Tensor[] {
  return promoteArgs(what, operands).map((x) => (isFloat(x.aval.dtype) ? x : astype(x, "f32")));
}

export function toFloat(what: string, x: TensorLike): Tensor {
  return promoteInexact(what, [x])[0];
}

export function requireInteger(what: string, x: Tensor): Tensor {
  if (!isInt(x.aval.dtype) && x.aval.dtype !== "bool") {
    fail("TW2005", `${what}: needs integers or bools, got ${printAval(x.aval)}`, {
      help: "convert with .astype('i32')",
    });
  }
  return x;
}
