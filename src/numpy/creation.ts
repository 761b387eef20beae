/** Making arrays. */
import { fail } from "../diagnostics/error.js";
import {
  type DType,
  castScalar,
  isDType,
  isFloat,
  isWide,
  STORAGE,
  toBf16Bits,
  toF16Bits,
  type TypedArray,
} from "../ir/dtype.js";
import { astype, isTensor } from "../lax/operand.js";
import * as lax from "../lax/index.js";
import { fromElements } from "../tracer/frame.js";
import { describeValue } from "../tracer/leaf.js";
import type { Tensor } from "../tracer/tensor.js";
import { promoteDtypes, type TensorLike } from "./promote.js";

/** What `np.array` takes: numbers, nested lists of them, typed arrays, tensors. */
export type ArrayInput = number | boolean | bigint | Tensor | ArrayBufferView | readonly ArrayInput[];

export interface ArrayOptions {
  dtype?: DType;
  /** For typed arrays and flat lists. */
  shape?: readonly number[];
}

function dtypeOfView(view: ArrayBufferView): DType {
  if (view instanceof Float32Array) return "f32";
  if (view instanceof Float64Array) return "f64";
  if (view instanceof Int32Array) return "i32";
  if (view instanceof Uint32Array) return "u32";
  if (view instanceof Uint8Array || view instanceof Uint8ClampedArray) return "u8";
  if (view instanceof Int8Array) return "i8";
  if (view instanceof Int16Array) return "i16";
  if (view instanceof Uint16Array) return "u16";
  if (view instanceof BigInt64Array) return "i64";
  if (view instanceof BigUint64Array) return "u64";
  return fail("TW1003", `array: cannot read ${describeValue(view)}`, {
    help: "use Float32Array, Int32Array and the like",
  });
}

/**
 * An array from numbers. Numbers give f32 (also whole ones), booleans bool, bigints i64, typed arrays their own type.
 *
 * @example np.array([[1, 2], [3, 4]]); np.array([1, 2, 3], { dtype: "i32" }); np.array(new Float64Array(6), { shape: [2, 3] });
 * @throws TW2001 for ragged lists or a shape that does not fit, TW1003 for what is no number
 */
export function array(input: ArrayInput, options: ArrayOptions | DType = {}): Tensor {
  const { dtype, shape } = typeof options === "string" ? { dtype: options, shape: undefined } : options;
  if (dtype !== undefined && !isDType(dtype))
    fail("TW2005", `array: unknown dtype ${JSON.stringify(dtype)}`, {
      help: "one of bool i8 u8 i16 u16 i32 u32 i64 u64 f16 bf16 f32 f64",
    });
  let result: Tensor;
  if (isTensor(input)) result = input;
  else if (ArrayBuffer.isView(input)) {
    const from = dtypeOfView(input);
    result = upload(input as TypedArray, shape ?? [(input as TypedArray).length], from, dtype ?? from);
  } else {
    const found: number[] = [];
    measure(input, found);
    const flat: (number | bigint | boolean | Tensor)[] = [];
    flatten(input, found, 0, flat);
    if (flat.some(isTensor)) {
      const parts = promoteDtypes("array", flat as TensorLike[]).map((t) => lax.reshape(t, [1]));
      result = lax.reshape(lax.concatenate(parts, 0), found);
    } else {
      const kinds = flat as (number | bigint | boolean)[];
      const natural: DType =
        kinds.length > 0 && kinds.every((v) => typeof v === "boolean")
          ? "bool"
          : kinds.some((v) => typeof v === "bigint")
            ? "i64"
            : "f32";
      return upload(kinds, shape ?? found, natural, dtype ?? natural);
    }
  }
  if (shape && !ArrayBuffer.isView(input)) result = lax.reshape(result, shape);
  return dtype ? astype(result, dtype) : result;
}

function measure(x: ArrayInput, shape: number[]): void {
  if (Array.isArray(x)) {
    shape.push(x.length);
    if (x.length > 0) measure(x[0] as ArrayInput, shape);
  } else if (isTensor(x) && x.ndim > 0) {
    fail("TW2001", "array: a list of arrays that are not scalars", { help: "use np.stack or np.concatenate" });
  }
}

function flatten(
  x: ArrayInput,
  shape: readonly number[],
  depth: number,
  out: (number | bigint | boolean | Tensor)[],
): void {
  if (Array.isArray(x)) {
    if (depth >= shape.length || x.length !== shape[depth]) {
      fail(
        "TW2001",
        `array: the nested list is ragged: ${x.length} elements where the first list has ${shape[depth] ?? "a number"} (level ${depth})`,
        { help: "give every row the same length" },
      );
    }
    for (const y of x) flatten(y as ArrayInput, shape, depth + 1, out);
    return;
  }
  if (depth !== shape.length)
    fail("TW2001", `array: the nested list is ragged: a number where the first list goes on (level ${depth})`, {
      help: "give every row the same depth",
    });
  if (typeof x !== "number" && typeof x !== "bigint" && typeof x !== "boolean" && !isTensor(x)) {
    fail("TW1003", `array: ${describeValue(x)} is not a number`, { help: "arrays hold numbers, bigints and booleans" });
  }
  out.push(x);
}

/** Encodes JavaScript values as elements of `dtype`. */
export function encode(values: ArrayLike<number | bigint | boolean>, dtype: DType): TypedArray {
  const n = values.length;
  const out = new STORAGE[dtype](n);
  for (let i = 0; i < n; i++) {
    const v = castScalar(values[i], dtype);
    (out as unknown as (number | bigint)[])[i] =
      dtype === "f16"
        ? toF16Bits(v as number)
        : dtype === "bf16"
          ? toBf16Bits(v as number)
          : typeof v === "boolean"
            ? Number(v)
            : v;
  }
  return out;
}

function upload(
  values: ArrayLike<number | bigint | boolean>,
  shape: readonly number[],
  from: DType,
  to: DType,
): Tensor {
  const n = shape.reduce((a, b) => a * b, 1);
  if (n !== values.length)
    fail("TW2001", `array: ${values.length} elements do not fill the shape [${shape.join(", ")}] of ${n}`, {
      help: "give a shape whose sizes multiply to the number of elements",
    });
  const raw = ArrayBuffer.isView(values) && from === to && !(values instanceof Uint8ClampedArray);
  if (isFloat(from) && !isFloat(to) && to !== "bool" && !ArrayBuffer.isView(values)) {
    for (let i = 0; i < n; i++) {
      if (!Number.isInteger(values[i]))
        fail("TW2010", `array: element ${i} is ${String(values[i])}, which ${to} cannot hold`, {
          help: "round it, or use a float dtype",
        });
    }
  }
  return fromElements(raw ? (values as unknown as TypedArray) : encode(values, to), shape, to);
}

/** As `array`, but tensors are passed through. */
export const asarray = array;

type ShapeInput = number | readonly number[];
const shapeOf = (s: ShapeInput): readonly number[] => (typeof s === "number" ? [s] : s);

export function full(shape: ShapeInput, value: TensorLike, dtype?: DType): Tensor {
  if (isTensor(value)) return lax.broadcastInDim(dtype ? astype(value, dtype) : value, shapeOf(shape), []);
  const natural: DType = typeof value === "boolean" ? "bool" : typeof value === "bigint" ? "i64" : "f32";
  return lax.full(shapeOf(shape), value, dtype ?? natural);
}
const zeroOf = (d: DType): number | bigint => (isWide(d) ? 0n : 0);
export function zeros(shape: ShapeInput, dtype: DType = "f32"): Tensor {
  return lax.full(shapeOf(shape), zeroOf(dtype), dtype);
}
export function ones(shape: ShapeInput, dtype: DType = "f32"): Tensor {
  return lax.full(shapeOf(shape), isWide(dtype) ? 1n : 1, dtype);
}
/** Same as zeros: memory is never left undefined. */
export const empty = zeros;
export function zerosLike(x: Tensor, dtype: DType = x.aval.dtype): Tensor {
  return lax.full(x.aval.shape, zeroOf(dtype), dtype);
}
export function onesLike(x: Tensor, dtype: DType = x.aval.dtype): Tensor {
  return lax.full(x.aval.shape, isWide(dtype) ? 1n : 1, dtype);
}
export function fullLike(x: Tensor, value: number | bigint | boolean, dtype: DType = x.aval.dtype): Tensor {
  return lax.full(x.aval.shape, value, dtype);
}

/** `arange(stop)`, `arange(start, stop, step)`: i32 when all are whole, else f32. */
export function arange(start: number, stop?: number | null, step = 1, dtype?: DType): Tensor {
  const [from, to] = stop === undefined || stop === null ? [0, start] : [start, stop];
  if (step === 0) fail("TW2011", "arange: step is 0", { help: "give a step that leads from start to stop" });
  const n = Math.max(0, Math.ceil((to - from) / step));
  const whole =
    Number.isInteger(from) && Number.isInteger(step) && (stop === undefined || stop === null || Number.isInteger(to));
  const d = dtype ?? (whole ? "i32" : "f32");
  if (from === 0 && step === 1) return lax.iota(d, n);
  // counted in f64 so that long ranges of f32 do not drift
  const base = isFloat(d) ? lax.iota("f64", n) : lax.iota(d, n);
  const scaled = step === 1 ? base : lax.mul(base, isWide(d) ? BigInt(step) : step);
  const moved = from === 0 ? scaled : lax.add(scaled, isWide(d) ? BigInt(from) : from);
  return astype(moved, d);
}
export function linspace(
  start: number,
  stop: number,
  num = 50,
  options: { endpoint?: boolean; dtype?: DType } = {},
): Tensor {
  const d = options.dtype ?? "f32";
  const steps = options.endpoint === false ? num : num - 1;
  const i = lax.iota("f64", num);
  if (num === 1) return astype(lax.full([1], start, "f64"), d);
  // start·(1-t) + stop·t hits both ends exactly
  const t = lax.div(i, steps);
  return astype(lax.add(lax.mul(lax.sub(1, t), start), lax.mul(t, stop)), d);
}
export function logspace(
  start: number,
  stop: number,
  num = 50,
  options: { endpoint?: boolean; base?: number; dtype?: DType } = {},
): Tensor {
  const e = linspace(start, stop, num, { ...options, dtype: "f64" });
  return astype(lax.pow(lax.full([num], options.base ?? 10, "f64"), e), options.dtype ?? "f32");
}
export function geomspace(
  start: number,
  stop: number,
  num = 50,
  options: { endpoint?: boolean; dtype?: DType } = {},
): Tensor {
  return logspace(Math.log10(start), Math.log10(stop), num, options);
}
export function eye(n: number, m: number = n, k = 0, dtype: DType = "f32"): Tensor {
  const row = lax.broadcastedIota("i32", [n, m], 0);
  const column = lax.broadcastedIota("i32", [n, m], 1);
  return astype(lax.eq(lax.add(row, k), column), dtype);
}
export function identity(n: number, dtype: DType = "f32"): Tensor {
  return eye(n, n, 0, dtype);
}
/** Ones on and below the k-th diagonal. */
export function tri(n: number, m: number = n, k = 0, dtype: DType = "f32"): Tensor {
  const row = lax.broadcastedIota("i32", [n, m], 0);
  const column = lax.broadcastedIota("i32", [n, m], 1);
  return astype(lax.ge(lax.add(row, k), column), dtype);
}
function triangle(x: Tensor, k: number, lower: boolean): Tensor {
  const [n, m] = x.shape.slice(-2);
  if (m === undefined)
    fail("TW2007", `${lower ? "tril" : "triu"}: needs a matrix, got rank ${x.ndim}`, {
      help: "give an array with at least two axes",
    });
  const keep = tri(n, m, lower ? k : k - 1, "bool");
  const mask = lax.broadcastInDim(lower ? keep : lax.not(keep), x.aval.shape, [x.ndim - 2, x.ndim - 1]);
  return lax.select(mask, x, zerosLike(x));
}
export function tril(x: Tensor, k = 0): Tensor {
  return triangle(x, k, true);
}
export function triu(x: Tensor, k = 0): Tensor {
  return triangle(x, k, false);
}
/** A matrix with `x` on its k-th diagonal, or the k-th diagonal of a matrix. */
export function diag(x: Tensor, k = 0): Tensor {
  if (x.ndim === 2) return diagonal(x, k);
  if (x.ndim !== 1) fail("TW2007", `diag: needs a vector or a matrix, got rank ${x.ndim}`, {});
  const n = x.shape[0] + Math.abs(k);
  const padded = lax.pad(x, 0, [[Math.max(k, 0), Math.max(-k, 0), 0]]);
  return lax.select(eye(n, n, k, "bool"), lax.broadcastInDim(padded, [n, n], [1]), zeros([n, n], x.aval.dtype));
}
export function diagonal(x: Tensor, offset = 0): Tensor {
  const [n, m] = x.shape.slice(-2);
  const r0 = Math.max(-offset, 0);
  const c0 = Math.max(offset, 0);
  const length = Math.max(0, Math.min(n - r0, m - c0));
  const lead = x.aval.shape.slice(0, -2);
  const block = lax.slice(x, [...lead.map(() => 0), r0, c0], [...lead, r0 + length, c0 + length]);
  const masked = lax.select(
    lax.broadcastInDim(eye(length, length, 0, "bool"), block.aval.shape, [x.ndim - 2, x.ndim - 1]),
    block,
    zerosLike(block),
  );
  return x.aval.dtype === "bool" ? lax.reduceOr(masked, [-1]) : lax.reduceSum(masked, [-1]);
}
export function meshgrid(xs: readonly Tensor[], options: { indexing?: "xy" | "ij" } = {}): Tensor[] {
  const xy = (options.indexing ?? "xy") === "xy" && xs.length > 1;
  const order = xs.map((_, i) => i);
  if (xy) [order[0], order[1]] = [1, 0];
  const shape = order.map((i) => xs[i].shape[0]);
  return xs.map((x, i) => lax.broadcastInDim(x, shape, [order.indexOf(i)]));
}
export function indices(dimensions: readonly number[], dtype: DType = "i32"): Tensor {
  return lax.concatenate(
    dimensions.map((_, i) => lax.reshape(lax.broadcastedIota(dtype, dimensions, i), [1, ...dimensions])),
    0,
  );
}
