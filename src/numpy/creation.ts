/** Making arrays. */
import type { Like } from "../tracer/num.js";
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import {
  type DType,
  castScalar,
  isFloat,
  isWide,
  STORAGE,
  toBf16Bits,
  toF16Bits,
  type TypedArray,
} from "../ir/dtype.js";
import { arrayList, asTensor, astype, broadcastTo, canonicalAxis, isTensor, operand } from "../lax/operand.js";
import { type Dim, dimAdd, dimMax, dimMin, dimSub, isStatic, type Shape, SymDim } from "../ir/dim.js";
import * as lax from "../lax/index.js";
import { fromElements } from "../tracer/frame.js";
import { describeValue } from "../tracer/leaf.js";
import type { Tensor } from "../tracer/tensor.js";
import { checkDtype, promoteDtypes, requireWhole, type TensorLike } from "./promote.js";
import { otherAxes, prod, range } from "../util/index.js";

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
  if (dtype !== undefined) checkDtype("array", dtype);
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
  const n = prod(shape);
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

type ShapeInput = Dim | Shape;
/** A dtype, alone or as an option. */
export type DTypeArg = DType | { readonly dtype?: DType | undefined } | undefined;

/** The shape that a factory gives for such an argument: a mutable tuple, of sizes that tsc knows or `number`. */
export type ShapeOf<S> = S extends readonly unknown[] ? { -readonly [K in keyof S]: SizeOf<S[K]> } : [SizeOf<S>];
type SizeOf<N> = N extends number ? N : number;
// biome-ignore lint/suspicious/noExplicitAny: the dtype is not known to tsc
type AnyDType = any;
/** The dtype that such an argument names, `Otherwise` where it names none. */
export type DTypeOf<T, Otherwise extends DType> = [T] extends [undefined]
  ? Otherwise
  : [DType] extends [T]
    ? AnyDType
    : T extends DType
      ? T
      : T extends { readonly dtype?: infer D extends DType }
        ? DType extends D
          ? AnyDType
          : D
        : Otherwise;

function shapeOf(what: string, s: ShapeInput): Shape {
  const shape = Array.isArray(s) ? (s as Shape) : [s as Dim];
  for (const d of shape) {
    if (isStatic(d) ? !(Number.isInteger(d) && d >= 0) : !(d instanceof SymDim)) {
      fail("TW2011", `${what}: ${String(d)} is not a size (shape [${shape.map(String).join(", ")}])`, {
        help: "sizes are whole numbers from 0",
      });
    }
  }
  return shape;
}
function dtypeOf(what: string, arg: DTypeArg, otherwise: DType): DType {
  const d = typeof arg === "object" ? arg?.dtype : arg;
  return d === undefined ? otherwise : checkDtype(what, d);
}
const zeroOf = (d: DType): number | bigint => (isWide(d) ? 0n : 0);
const oneOf = (d: DType): number | bigint => (isWide(d) ? 1n : 1);

/**
 * An array of one value, of its dtype unless another is named.
 * @example np.full([2, 3], 7)
 */
export function full<const S extends ShapeInput, const T extends DTypeArg = undefined>(
  shape: S,
  value: TensorLike,
  dtype?: T,
): Tensor<ShapeOf<S>, DTypeOf<T, AnyDType>>;
export function full(shape: ShapeInput, value: TensorLike, dtype?: DTypeArg): Tensor {
  const s = shapeOf("full", shape);
  const natural: DType = isTensor(value)
    ? value.aval.dtype
    : typeof value === "boolean"
      ? "bool"
      : typeof value === "bigint"
        ? "i64"
        : "f32";
  const d = dtypeOf("full", dtype, natural);
  return isTensor(value) ? broadcastTo("full", astype(value, d), s) : lax.full(s, value, d);
}
/**
 * Zeros, f32 unless another dtype is named.
 * @example np.zeros([2, 3], "i32")
 */
export function zeros<const S extends ShapeInput, const T extends DTypeArg = undefined>(
  shape: S,
  dtype?: T,
): Tensor<ShapeOf<S>, DTypeOf<T, "f32">>;
export function zeros(shape: ShapeInput, dtype?: DTypeArg): Tensor {
  const d = dtypeOf("zeros", dtype, "f32");
  return lax.full(shapeOf("zeros", shape), zeroOf(d), d);
}
/** Ones, f32 unless another dtype is named. */
export function ones<const S extends ShapeInput, const T extends DTypeArg = undefined>(
  shape: S,
  dtype?: T,
): Tensor<ShapeOf<S>, DTypeOf<T, "f32">>;
export function ones(shape: ShapeInput, dtype?: DTypeArg): Tensor {
  const d = dtypeOf("ones", dtype, "f32");
  return lax.full(shapeOf("ones", shape), oneOf(d), d);
}
/** Same as zeros: memory is never left undefined. */
export const empty = zeros;
/** Zeros of the shape and dtype of x. */
export function zerosLike<X extends TensorLike>(x: X, dtype?: DTypeArg): Like<X>;
export function zerosLike(x: TensorLike, dtype?: DTypeArg): Tensor {
  const a = asTensor("zerosLike", x).aval;
  const d = dtypeOf("zerosLike", dtype, a.dtype);
  return lax.full(a.shape, zeroOf(d), d);
}
/** As zerosLike: there are no arrays with unset elements. */
export const emptyLike = zerosLike;
/** Ones of the shape and dtype of x. */
export function onesLike<X extends TensorLike>(x: X, dtype?: DTypeArg): Like<X>;
export function onesLike(x: TensorLike, dtype?: DTypeArg): Tensor {
  const a = asTensor("onesLike", x).aval;
  const d = dtypeOf("onesLike", dtype, a.dtype);
  return lax.full(a.shape, oneOf(d), d);
}
/** One value in the shape and dtype of x. */
export function fullLike<X extends TensorLike, Y extends TensorLike>(x: X, value: Y, dtype?: DTypeArg): Like<X | Y>;
export function fullLike(x: TensorLike, value: TensorLike, dtype?: DTypeArg): Tensor {
  const a = asTensor("fullLike", x).aval;
  return full(a.shape, value, dtypeOf("fullLike", dtype, a.dtype));
}

/** `arange(stop)`, `arange(start, stop, step)`: i32 when all are whole, else f32. */
export function arange(start: number, options?: { dtype?: DType }): Tensor;
export function arange(start: number, stop?: number | null, step?: number, dtype?: DTypeArg): Tensor;
export function arange(start: number, end?: number | null | { dtype?: DType }, step = 1, dtype?: DTypeArg): Tensor {
  if (typeof end === "object" && end !== null) return arange(start, null, 1, end);
  const [from, to] = end === undefined || end === null ? [0, start] : [start, end];
  if (step === 0) fail("TW2011", "arange: step is 0", { help: "give a step that leads from start to stop" });
  const n = Math.max(0, Math.ceil((to - from) / step));
  if (!Number.isFinite(n)) fail("TW2011", `arange: from ${from} to ${to} in steps of ${step} has no end`, {});
  const whole = Number.isInteger(from) && Number.isInteger(step) && Number.isInteger(to);
  const d = dtypeOf("arange", dtype, whole ? "i32" : "f32");
  if (from === 0 && step === 1) return lax.iota(d, n);
  if (!isFloat(d) && !whole) {
    fail("TW2010", `arange: from ${from} to ${to} in steps of ${step} does not fit ${d}`, {
      help: "use whole numbers, or a float dtype",
    });
  }
  // counted in f64 so that long ranges of f32 do not drift
  const base = isFloat(d) ? lax.iota("f64", n) : lax.iota(d, n);
  const scaled = step === 1 ? base : lax.mul(base, isWide(d) ? BigInt(step) : step);
  const moved = from === 0 ? scaled : lax.add(scaled, isWide(d) ? BigInt(from) : from);
  return astype(moved, d);
}
function checkCount(what: string, num: number): void {
  if (!Number.isInteger(num) || num < 0) {
    fail("TW2011", `${what}: ${num} is not a number of points`, { help: "give a whole number from 0" });
  }
}
export interface RangeOptions {
  /** Whether `stop` is the last point. Default true. */
  endpoint?: boolean;
  dtype?: DType;
}
/** `num` points from start to stop in equal steps. */
export function linspace(start: number, stop: number, num = 50, options: RangeOptions = {}): Tensor {
  checkCount("linspace", num);
  const d = dtypeOf("linspace", options, "f32");
  const steps = options.endpoint === false ? num : num - 1;
  if (num === 1) return astype(lax.full([1], start, "f64"), d);
  const i = lax.iota("f64", num);
  // start·(1-t) + stop·t hits both ends exactly
  const t = lax.div(i, steps);
  const points = lax.add(lax.mul(lax.sub(1, t), start), lax.mul(t, stop));
  return astype(isFloat(d) ? points : lax.floor(points), d);
}
/** `num` points from base**start to base**stop, equal steps of the exponent. */
export function logspace(
  start: number,
  stop: number,
  num = 50,
  options: RangeOptions & { base?: number } = {},
): Tensor {
  const e = linspace(start, stop, num, { ...options, dtype: "f64" });
  return astype(lax.pow(lax.full([num], options.base ?? 10, "f64"), e), dtypeOf("logspace", options, "f32"));
}
/** `num` points from start to stop, each the same multiple of the one before. */
export function geomspace(start: number, stop: number, num = 50, options: RangeOptions = {}): Tensor {
  if (start === 0 || stop === 0 || start < 0 !== stop < 0) {
    fail("TW2011", `geomspace: no geometric sequence goes from ${start} to ${stop}`, {
      help: "both ends must have one sign, and not be 0",
    });
  }
  const points = logspace(Math.log10(Math.abs(start)), Math.log10(Math.abs(stop)), num, { ...options, dtype: "f64" });
  return astype(start < 0 ? lax.neg(points) : points, dtypeOf("geomspace", options, "f32"));
}

/** Sizes and the number of a diagonal stand in order, the dtype last: an object among them is an option that is not there. */
function rowsAndColumns(what: string, n: Dim, m: Dim, k: number): [row: Tensor, column: Tensor] {
  const isSize = (d: unknown): boolean => typeof d === "number" || d instanceof SymDim;
  if (!(isSize(n) && isSize(m) && Number.isInteger(k))) {
    const bad: unknown = !isSize(n) ? n : !isSize(m) ? m : k;
    fail("TW1007", `${what}: ${describeValue(bad)} stands where a whole number should`, {
      help: `write ${what}(rows, columns, k, dtype), for example ${what}(3, 3, 0, "i32")`,
    });
  }
  return [lax.broadcastedIota("i32", [n, m], 0), lax.broadcastedIota("i32", [n, m], 1)];
}
/** Ones on the k-th diagonal. */
export function eye<
  const N extends Dim,
  const M extends Dim | null | undefined = undefined,
  const T extends DTypeArg = undefined,
>(
  n: N,
  m?: M,
  k?: number,
  dtype?: T,
): Tensor<[ShapeOf<N>[0], [M] extends [Dim] ? ShapeOf<M>[0] : ShapeOf<N>[0]], DTypeOf<T, "f32">>;
export function eye(n: Dim, m?: Dim | null, k = 0, dtype?: DTypeArg): Tensor {
  const [row, column] = rowsAndColumns("eye", n, m ?? n, k);
  return astype(lax.eq(lax.add(row, k), column), dtypeOf("eye", dtype, "f32"));
}
/** The identity matrix of n rows. */
export function identity<const N extends Dim, const T extends DTypeArg = undefined>(
  n: N,
  dtype?: T,
): Tensor<[ShapeOf<N>[0], ShapeOf<N>[0]], DTypeOf<T, "f32">>;
export function identity(n: Dim, dtype?: DTypeArg): Tensor {
  return eye(n, n, 0, dtype);
}
/** Ones on and below the k-th diagonal. */
export function tri(n: Dim, m?: Dim | null, k = 0, dtype?: DTypeArg): Tensor {
  const [row, column] = rowsAndColumns("tri", n, m ?? n, k);
  return astype(lax.ge(lax.add(row, k), column), dtypeOf("tri", dtype, "f32"));
}
/** The last two sizes of an array that must be a matrix (or a batch of them). */
function matrixSizes(what: string, x: Tensor): [n: Dim, m: Dim] {
  x = operand(what, x);
  if (x.ndim < 2) {
    fail("TW2007", `${what}: needs a matrix, got ${printAval(x.aval)}`, {
      help: "give an array with at least two axes",
    });
  }
  const [n, m] = x.aval.shape.slice(-2);
  return [n, m];
}
function triangle(x: Tensor, k: number, lower: boolean): Tensor {
  const what = lower ? "tril" : "triu";
  const [n, m] = matrixSizes(what, x);
  if (!Number.isInteger(k))
    fail("TW1007", `${what}: the diagonal is ${describeValue(k)}`, {
      help: `write ${what}(x, k) with a whole number k`,
    });
  const keep = tri(n, m, lower ? k : k - 1, "bool");
  const mask = lax.broadcastInDim(lower ? keep : lax.not(keep), x.aval.shape, [x.ndim - 2, x.ndim - 1]);
  return lax.select(mask, x, zerosLike(x));
}
/** The k-th diagonal and what is below it; zeros above. */
export function tril<X extends TensorLike>(x: X, k?: number): Like<X>;
export function tril(x: Tensor, k = 0): Tensor {
  return triangle(x, k, true);
}
/** The k-th diagonal and what is above it; zeros below. */
export function triu<X extends TensorLike>(x: X, k?: number): Like<X>;
export function triu(x: Tensor, k = 0): Tensor {
  return triangle(x, k, false);
}
function trianglePositions(n: number, m: number, inside: (row: number, column: number) => boolean): [Tensor, Tensor] {
  requireWhole("indices of a triangle: the size", n, m);
  const rows: number[] = [];
  const columns: number[] = [];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      if (!inside(i, j)) continue;
      rows.push(i);
      columns.push(j);
    }
  }
  return [array(rows, { dtype: "i32" }), array(columns, { dtype: "i32" })];
}
/** Row and column numbers of a matrix's lower triangle. */
export function trilIndices(n: number, k = 0, m: number = n): [Tensor, Tensor] {
  return trianglePositions(n, m, (i, j) => j <= i + k);
}
/** Row and column numbers of a matrix's upper triangle. */
export function triuIndices(n: number, k = 0, m: number = n): [Tensor, Tensor] {
  return trianglePositions(n, m, (i, j) => j >= i + k);
}
/** Index arrays of the main diagonal of an n × n × … array. */
export function diagIndices(n: number, ndim = 2): Tensor[] {
  return Array.from({ length: ndim }, () => lax.iota("i32", n));
}
/** A matrix with `x` on its k-th diagonal, or the k-th diagonal of a matrix. */
export function diag<X extends TensorLike>(x: X, k?: number): Like<X>;
export function diag(x: Tensor, k = 0): Tensor {
  x = operand("diag", x);
  requireWhole("diag: the diagonal", k);
  if (x.ndim === 2) return diagonal(x, k);
  if (x.ndim !== 1) {
    fail("TW2007", `diag: needs a vector or a matrix, got ${printAval(x.aval)}`, {
      help: "use diagonal for more axes, ravel for one vector",
    });
  }
  const n = dimAdd(x.aval.shape[0], Math.abs(k));
  const padded = lax.pad(x, zeroOf(x.aval.dtype), [[Math.max(k, 0), Math.max(-k, 0), 0]]);
  return lax.select(eye(n, n, k, "bool"), lax.broadcastInDim(padded, [n, n], [1]), zeros([n, n], x.aval.dtype));
}
/** A matrix with the elements of `x`, flattened, on its k-th diagonal. */
export function diagflat<X extends TensorLike>(x: X, k?: number): Like<X>;
export function diagflat(x: Tensor, k = 0): Tensor {
  return diag(lax.reshape(x, [-1]), k);
}
/** The diagonal of the last two axes (or of two others), as the last axis. */
export function diagonal<X extends TensorLike>(x: X, offset?: number, axis1?: number, axis2?: number): Like<X>;
export function diagonal(x: Tensor, offset = 0, axis1 = -2, axis2 = -1): Tensor {
  matrixSizes("diagonal", x);
  requireWhole("diagonal: the offset", offset);
  const [a, b] = [canonicalAxis("diagonal", axis1, x.ndim), canonicalAxis("diagonal", axis2, x.ndim)];
  if (a === b) fail("TW2004", `diagonal: axis ${axis1} and axis ${axis2} are the same`, { help: "name two axes" });
  const rest = otherAxes(x.shape.length, [a, b]);
  const t = a === x.ndim - 2 && b === x.ndim - 1 ? x : lax.transpose(x, [...rest, a, b]);
  const [n, m] = matrixSizes("diagonal", t);
  const r0 = Math.max(-offset, 0);
  const c0 = Math.max(offset, 0);
  const length = dimMax(0, dimMin(dimSub(n, r0), dimSub(m, c0)));
  const lead = t.aval.shape.slice(0, -2);
  const zero = lead.map(() => 0);
  if (length === 0) return zeros([...lead, 0], x.aval.dtype);
  const block = lax.slice(t, [...zero, r0, c0], [...lead, dimAdd(length, r0), dimAdd(length, c0)]);
  const on = lax.broadcastInDim(eye(length, length, 0, "bool"), block.aval.shape, [x.ndim - 2, x.ndim - 1]);
  const masked = lax.select(on, block, zerosLike(block));
  return x.aval.dtype === "bool" ? lax.reduceOr(masked, [-1]) : lax.reduceSum(masked, [-1]);
}
/** Coordinate arrays of a grid from a list of coordinate vectors. */
export function meshgrid<X extends TensorLike>(xs: readonly X[], options?: { indexing?: "xy" | "ij" }): Like<X>[];
export function meshgrid(xs: readonly Tensor[], options: { indexing?: "xy" | "ij" } = {}): Tensor[] {
  const list = arrayList("meshgrid", xs);
  for (const x of list) {
    if (x.ndim > 1) {
      fail("TW2007", `meshgrid: needs vectors, got ${printAval(x.aval)}`, { help: "ravel it, or index one row" });
    }
  }
  const vectors = list.map((x) => lax.reshape(x, [-1]));
  const xy = (options.indexing ?? "xy") === "xy" && vectors.length > 1;
  const order = range(vectors.length);
  if (xy) [order[0], order[1]] = [1, 0];
  const shape = order.map((i) => vectors[i].aval.shape[0]);
  return vectors.map((x, i) => lax.broadcastInDim(x, shape, [order.indexOf(i)]));
}
/** For each axis the index along it, stacked: shape [rank, ...shape]. */
export function indices(dimensions: readonly number[], dtype: DType = "i32"): Tensor {
  return lax.concatenate(
    dimensions.map((_, i) => lax.reshape(lax.broadcastedIota(dtype, dimensions, i), [1, ...dimensions])),
    0,
  );
}
/** An array from a function of its index arrays. */
export function fromfunction(f: (...at: Tensor[]) => Tensor, shape: readonly number[], dtype: DType = "f32"): Tensor {
  return f(...shape.map((_, i) => lax.broadcastedIota(dtype, shape, i)));
}
/** Columns are powers of `x`, the highest first (unless `increasing`). */
export function vander<X extends TensorLike>(x: X, n?: number, increasing?: boolean): Like<X>;
export function vander(x: Tensor, n?: number, increasing = false): Tensor {
  x = operand("vander", x);
  const count = n ?? x.shape[0];
  const columns = Array.from({ length: count }, (_, i) => {
    const e = increasing ? i : count - 1 - i;
    return lax.expandDims(e === 0 ? onesLike(x) : lax.integerPow(x, e), [1]);
  });
  return columns.length === 0 ? zeros([x.aval.shape[0], 0], x.aval.dtype) : lax.concatenate(columns, 1);
}
