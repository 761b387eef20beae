/** NumPy's conventions on top of lax: operands are promoted to one dtype and broadcast to one shape. */
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { isStatic } from "../ir/dim.js";
import { type DType, isDType, isFloat, isInt, isWide, promoteTypes } from "../ir/dtype.js";
import {
  asTensor,
  astype,
  broadcastShapes,
  broadcastTo,
  isTensor,
  numberOf,
  operand,
  type TensorLike,
} from "../lax/operand.js";
import * as lax from "../lax/index.js";
import type { Tensor } from "../tracer/tensor.js";

export type { TensorLike } from "../lax/operand.js";

const NUMPY_NAMES: Readonly<Record<string, DType>> = {
  bool_: "bool",
  int8: "i8",
  uint8: "u8",
  int16: "i16",
  uint16: "u16",
  int32: "i32",
  int: "i32",
  uint32: "u32",
  int64: "i64",
  uint64: "u64",
  float16: "f16",
  bfloat16: "bf16",
  float32: "f32",
  float: "f32",
  float64: "f64",
  double: "f64",
};
/** The dtype of elements that someone named, or an error that says which there are. */
export function checkDtype(what: string, dtype: unknown): DType {
  if (isDType(dtype) && dtype !== "key") return dtype;
  const meant = typeof dtype === "string" ? NUMPY_NAMES[dtype.toLowerCase()] : undefined;
  return fail("TW2005", `${what}: unknown dtype ${typeof dtype === "string" ? JSON.stringify(dtype) : String(dtype)}`, {
    help: meant
      ? `here it is called ${JSON.stringify(meant)}`
      : "one of bool i8 u8 i16 u16 i32 u32 i64 u64 f16 bf16 f32 f64",
  });
}

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
  if (target === undefined) {
    const list = operands.map((x) => asTensor(what, x));
    const own = list.map((t) => t.aval.dtype);
    return own.every((d) => d === own[0]) ? list : promoteDtypes(what, list);
  }
  const list = operands.map((x) => (isTensor(x) ? x : numberOf(what, x, target.dtype)));
  // a number beside a bool array widens the array
  const dtype = list.reduce<{ dtype: DType; weak?: boolean | undefined }>(
    (d, t) => promoteTypes(d, t.aval),
    target,
  ).dtype;
  return list.map((x) => (x.aval.dtype === dtype ? x : astype(x, dtype)));
}

/** As promoteDtypes, for what only moves elements: PRNG keys among themselves may come too. */
export function promoteMoved(what: string, operands: readonly TensorLike[]): Tensor[] {
  const keys = operands.length > 0 && operands.every((x) => isTensor(x) && x.aval.dtype === "key");
  return keys ? [...(operands as readonly Tensor[])] : promoteDtypes(what, operands);
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
    xs,
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
      help: "convert with .astype('i32'); np.trunc(x) drops the fraction of a float, as x | 0 does in JavaScript",
    });
  }
  return x;
}

/** Refuses numbers that are no whole ones; `what` names them. */
export function requireWhole(what: string, ...values: readonly number[]): void {
  for (const v of values) if (!Number.isInteger(v)) fail("TW2011", `${what} ${v} is not a whole number`, {});
}

/** A size that must be known, for functions whose number of results or of operations depends on it. */
export function staticSize(what: string, x: Tensor, axis: number): number {
  const n = operand(what, x).aval.shape[axis];
  if (!isStatic(n)) {
    fail("TW2014", `${what}: axis ${axis} of ${printAval(x.aval)} must have a known size`, {});
  }
  return n;
}
/** Zeros like `x`. */
export function zerosFor(x: Tensor): Tensor {
  return lax.full(x.aval.shape, isWide(x.aval.dtype) ? 0n : 0, x.aval.dtype);
}
/** Which elements are not zero. */
export function toBool(x: TensorLike): Tensor {
  const t = promoteDtypes("bool", [x])[0];
  return t.aval.dtype === "bool" ? t : lax.ne(t, zerosFor(t));
}
