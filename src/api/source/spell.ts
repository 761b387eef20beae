/** How each primitive is written in TypeScript: as a method or a function of `np` where that reads well and means the same. */
import { fail } from "../../diagnostics/error.js";
import { type DType, isFloat, isInt } from "../../ir/dtype.js";
import type { ElementwiseOps, GatherParams, Params, Prim, ScatterParams } from "../../ir/ops/index.js";
import type { Window } from "../../ir/ops/reduction.js";
import type { AnyEqn } from "../../ir/program.js";
import { numeral } from "./numerals.js";
import { expanded, insertedAxes, stretched } from "./stretch.js";

/** An operand as text: as an array, and as a number where it is one. */
export interface Operand {
  readonly text: string;
  readonly number?: string;
  readonly dtype: DType;
  readonly shape: readonly unknown[];
  /** What np's functions stretch by themselves to `shape`. */
  readonly narrow?: Operand;
  /** A value that has axes of size 1 in these places besides. */
  readonly whole?: { readonly operand: Operand; readonly axes: readonly number[] };
  /** A reduction, written so that the reduced axes stay. */
  readonly kept?: { readonly text: string; readonly axes: readonly number[] };
  /** A multiple of another value. */
  readonly scaled?: { readonly of: Operand; readonly by: number };
}
type Written = Pick<Operand, "text" | "kept" | "scaled">;

const METHODS: Partial<Record<keyof ElementwiseOps, string>> = {
  neg: "neg",
  exp: "exp",
  log: "log",
  sqrt: "sqrt",
  tanh: "tanh",
  sin: "sin",
  cos: "cos",
  abs: "abs",
  sign: "sign",
  floor: "floor",
  ceil: "ceil",
};
const COMPARISONS: Partial<Record<Prim, string>> = {
  eq: "equal",
  ne: "notEqual",
  lt: "less",
  le: "lessEqual",
  gt: "greater",
  ge: "greaterEqual",
};
const LAX_NAMES: Partial<Record<Prim, string>> = {
  and: "bitwiseAnd",
  or: "bitwiseOr",
  xor: "bitwiseXor",
  regularized_incomplete_beta: "betainc",
};
/** Operands as they are, then nothing: `lax.sinh(x)`. */
const PLAIN = new Set<Prim>(
  (
    "neg abs sign floor ceil not population_count clz is_finite exp exp2 expm1 log log1p sqrt rsqrt cbrt logistic sin cos tan " +
    "asin acos atan sinh cosh tanh asinh acosh atanh erf erfc erf_inv lgamma digamma bessel_i0e bessel_i1e igamma igammac " +
    "igamma_grad_a random_gamma_grad polygamma zeta regularized_incomplete_beta add sub mul div rem pow max min atan2 nextafter and " +
    "or xor shift_left shift_right_logical shift_right_arithmetic eq ne lt le gt ge select clamp stop_gradient"
  ).split(" ") as Prim[],
);

const camel = (text: string): string => text.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());
const list = (xs: readonly unknown[]): string => `[${xs.map(String).join(", ")}]`;
const nested = (xs: readonly (readonly unknown[])[]): string => `[${xs.map(list).join(", ")}]`;

/** An equation without programs in it. */
export function spell(eqn: AnyEqn, xs: readonly Operand[]): Written {
  const [x, y] = xs;
  switch (eqn.prim) {
    case "neg":
      return isWideFloat(x.dtype) ? scaled(x, -1) : { text: textOf(eqn, xs) };
    case "add":
      return isWideFloat(x.dtype) && x.text === y.text && x.number === undefined
        ? scaled(x, 2)
        : { text: textOf(eqn, xs) };
    case "mul": {
      if (!isWideFloat(x.dtype) || (x.number === undefined) === (y.number === undefined)) break;
      const [a, c] = x.number === undefined ? [x, y] : [y, x];
      return scaled(a, Number(c.number));
    }
    case "reduce_sum":
    case "reduce_max":
    case "reduce_min": {
      const { axes } = eqn.params;
      const text = textOf(eqn, xs);
      const plain = isPlainReduction(eqn.prim, x);
      return plain && axes.length > 0
        ? {
            text,
            kept: { text: `${text.slice(0, text.lastIndexOf("("))}(${axisText(axes)}, { keepdims: true })`, axes },
          }
        : { text };
    }
  }
  return { text: textOf(eqn, xs) };
}

const isWideFloat = (dtype: DType): boolean => dtype === "f32" || dtype === "f64";
/** Powers of 2, by which products are exact. */
const isExact = (x: number): boolean => Number.isInteger(Math.log2(Math.abs(x)));

/** `x` times a number; factors are put together where that rounds nothing. */
function scaled(x: Operand, factor: number): Written {
  const before = x.scaled;
  const joined = before && (isExact(before.by) || isExact(factor)) ? before.by * factor : undefined;
  const [of, by] = before && joined !== undefined ? [before.of, joined] : [x, factor];
  const text = by === 1 ? of.text : by === -1 ? `${of.text}.neg()` : `${of.text}.mul(${numeral(by, x.dtype)})`;
  return { text, scaled: { of, by } };
}

function textOf(eqn: AnyEqn, xs: readonly Operand[]): string {
  const [x] = xs;
  const { prim } = eqn;
  if (PLAIN.has(prim)) return elementwise(eqn, xs);
  switch (prim) {
    case "integer_pow":
      return eqn.params.y === 2 && isFloat(x.dtype)
        ? `${x.text}.square()`
        : `lax.integerPow(${x.text}, ${eqn.params.y})`;
    case "round":
      return `lax.round(${x.text}, "${eqn.params.method}")`;
    case "convert_element_type":
      return `${x.text}.astype("${eqn.params.dtype}")`;
    case "bitcast_convert_type":
      return `lax.bitcastConvertType(${x.text}, "${eqn.params.dtype}")`;
    case "reduce_precision":
      return `lax.reducePrecision(${x.text}, ${eqn.params.exponentBits}, ${eqn.params.mantissaBits})`;
    case "reshape":
      return reshape(x, eqn.params.shape);
    case "transpose":
      return transpose(x, eqn.params.perm);
    case "broadcast_in_dim": {
      const { shape, dims } = eqn.params;
      if (x.number !== undefined) {
        const name = x.number === "0" ? "zeros" : x.number === "1" ? "ones" : undefined;
        return name && x.dtype === "f32"
          ? `np.${name}(${list(shape)})`
          : `np.full(${list(shape)}, ${x.number}, "${x.dtype}")`;
      }
      return `${stretched(x, dims, shape.length).text}.broadcastTo(${list(shape)})`;
    }
    case "slice": {
      const { start, limit, strides } = eqn.params;
      const steps = strides.every((s) => s === 1) ? "" : `, ${list(strides)}`;
      return `lax.slice(${x.text}, ${list(start)}, ${list(limit)}${steps})`;
    }
    case "pad": {
      const { low, high, interior } = eqn.params;
      return `lax.pad(${x.text}, ${xs[1].text}, ${nested(low.map((l, i) => [l, high[i], interior[i]]))})`;
    }
    case "concatenate":
      return `np.concatenate([${xs.map((o) => o.text).join(", ")}], ${eqn.params.axis})`;
    case "rev":
      return `lax.rev(${x.text}, ${list(eqn.params.axes)})`;
    case "iota":
      return `lax.broadcastedIota("${eqn.params.dtype}", ${list(eqn.params.shape)}, ${eqn.params.axis})`;
    case "reduce_sum":
    case "reduce_max":
    case "reduce_min":
    case "reduce_prod":
    case "reduce_and":
    case "reduce_or":
    case "reduce_xor":
      return reduction(prim, x, eqn.params.axes);
    case "argmax":
    case "argmin":
      return `lax.${prim}(${x.text}, ${eqn.params.axis}, "${eqn.params.dtype}")`;
    case "cumsum":
    case "cumprod":
    case "cummax":
    case "cummin":
    case "cumlogsumexp":
      return `lax.${prim}(${x.text}, ${eqn.params.axis}${eqn.params.reverse ? ", true" : ""})`;
    case "reduce_window": {
      return reduceWindow(x.text, eqn.params.op, eqn.params);
    }
    case "dot_general":
      return dot(eqn.params, xs);
    case "conv_general_dilated":
      return convolution(eqn.params, xs);
    case "dynamic_slice":
      return `lax.dynamicSlice(${x.text}, [${texts(xs.slice(1))}], ${list(eqn.params.sizes)})`;
    case "dynamic_update_slice":
      return `lax.dynamicUpdateSlice(${x.text}, ${xs[1].text}, [${texts(xs.slice(2))}])`;
    case "gather":
    case "scatter":
    case "scatter_add":
    case "scatter_mul":
    case "scatter_min":
    case "scatter_max":
      return `lax.${camel(prim)}(${texts(xs)}, ${indexing(eqn.params)})`;
    case "sort": {
      const { axis, numKeys, stable } = eqn.params;
      return `lax.sort([${texts(xs)}], { axis: ${axis}, numKeys: ${numKeys}, stable: ${stable} })`;
    }
    case "threefry2x32":
    case "philox4x32":
      return `random.${prim}(${texts(xs)})`;
    // the derivative of max pooling, by the function whose derivative it is
    case "select_and_scatter_add":
      return `vjp((x: Tensor) => ${pooling("x", eqn.params)}, ${xs[1].text})[1](${x.text})[0]`;
    case "select_and_gather_add":
      return `jvp((x: Tensor) => ${pooling("x", eqn.params)}, [${xs[1].text}], [${x.text}])[1]`;
    case "top_k":
      return `lax.topK(${x.text}, ${eqn.params.k})`;
    case "cholesky":
    case "lu":
    case "eigh":
      return `lax.linalg.${prim}(${x.text})`;
    case "triangular_solve":
    case "qr":
    case "svd":
      return `lax.linalg.${camel(prim)}(${texts(xs)}, ${JSON.stringify(eqn.params).replaceAll('"', "").replaceAll(",", ", ").replaceAll(":", ": ")})`;
    case "random_wrap":
      return `random.wrapKeyData(${x.text})`;
    case "random_unwrap":
      return `random.keyData(${x.text})`;
    case "optimization_barrier":
      return `lax.optimizationBarrier([${texts(xs)}])`;
    case "psum":
    case "pmax":
    case "pmin":
      return `lax.${prim}(${x.text}, ${JSON.stringify(eqn.params.axisName)})`;
    case "axis_index":
      return `lax.axisIndex(${JSON.stringify(eqn.params.axisName)})`;
    case "ppermute":
      return `lax.ppermute(${x.text}, ${JSON.stringify(eqn.params.axisName)}, ${nested(eqn.params.perm)})`;
    case "all_gather":
      return `lax.allGather(${x.text}, ${JSON.stringify(eqn.params.axisName)}, { axis: ${eqn.params.axis}, tiled: ${eqn.params.tiled} })`;
    case "custom_vjp_linear":
      return fail("TW4006", `printSource: ${eqn.params.name || "a function"} has a rule for reverse mode only`, {
        help: "print its gradient (grad, vjp), or give it a customJvp rule",
      });
    default:
      return fail("TW4006", `printSource: ${prim} has no function that could be written`, {});
  }
}

const texts = (xs: readonly Operand[]): string => xs.map((o) => o.text).join(", ");

function reduceWindow(
  x: string,
  op: string,
  p: Omit<Window, "baseDilation" | "windowDilation"> & Partial<Window>,
): string {
  const options = [
    ...(p.strides.every((d) => d === 1) ? [] : [`strides: ${list(p.strides)}`]),
    ...(p.padding.flat().every((d) => d === 0) ? [] : [`padding: ${nested(p.padding)}`]),
    ...(p.baseDilation?.some((d) => d !== 1) ? [`baseDilation: ${list(p.baseDilation)}`] : []),
    ...(p.windowDilation?.some((d) => d !== 1) ? [`windowDilation: ${list(p.windowDilation)}`] : []),
  ];
  return `lax.reduceWindow(${x}, "${op}", ${list(p.windowDims)}${options.length > 0 ? `, { ${options.join(", ")} }` : ""})`;
}

function pooling(x: string, p: Parameters<typeof reduceWindow>[2] & { readonly select: "ge" | "le" }): string {
  return reduceWindow(x, p.select === "ge" ? "max" : "min", p);
}

function reshape(x: Operand, shape: readonly unknown[]): string {
  const inserted = insertedAxes(x.shape, shape);
  if (inserted) return expanded(x, inserted).text;
  const dropped = insertedAxes(shape, x.shape);
  if (dropped) return `${x.text}.squeeze(${axisText(dropped)})`;
  return `${x.text}.reshape(${list(shape)})`;
}

function transpose(x: Operand, perm: readonly number[]): string {
  const n = perm.length;
  if (n === 2 && perm[0] === 1) return `${x.text}.T`;
  const swapsLast =
    n > 2 && perm[n - 1] === n - 2 && perm[n - 2] === n - 1 && perm.slice(0, -2).every((p, i) => p === i);
  return swapsLast ? `${x.text}.mT` : `${x.text}.transpose(${list(perm)})`;
}

function elementwise(eqn: AnyEqn, given: readonly Operand[]): string {
  const { prim } = eqn;
  const shape = eqn.outputs[0].aval.shape;
  const narrow = given.map((o) => o.narrow ?? o);
  // np stretches operands by itself, where together they give the whole shape
  const xs = meet(narrow, shape) ? narrow : given;
  const stretches =
    xs.some((o, i) => o !== given[i]) || xs.some((o) => o.number === undefined && o.shape.length < shape.length);
  const arrays = xs.filter((o) => o.number === undefined && o.dtype === given[given.length - 1].dtype);
  const value = (o: Operand): string => (arrays.length > 0 ? (o.number ?? o.text) : o.text);
  const [x, y] = xs;
  const dtype = given[0].dtype;
  const number = isFloat(dtype) || isInt(dtype);
  if (xs.length === 1) {
    const method = isFloat(dtype) ? METHODS[prim as keyof ElementwiseOps] : undefined;
    if (prim === "logistic" && isFloat(dtype)) return `nn.sigmoid(${x.text})`;
    if (prim === "not" && dtype === "bool") return `${x.text}.logicalNot()`;
    return method ? `${x.text}.${method}()` : lax(prim, xs);
  }
  if (dtype === "bool" && (prim === "and" || prim === "or") && x.number === undefined && y.number === undefined)
    return `${x.text}.logical${prim === "and" ? "And" : "Or"}(${y.text})`;
  const compare = COMPARISONS[prim];
  if (compare && number && x.number === undefined) return `${x.text}.${compare}(${value(y)})`;
  if ((prim === "add" || prim === "mul") && number) {
    const [a, b] = x.number === undefined ? [x, y] : [y, x];
    if (a.number === undefined)
      return prim === "mul" && a.text === b.text && isFloat(dtype)
        ? `${a.text}.square()`
        : `${a.text}.${prim}(${value(b)})`;
  }
  if ((prim === "sub" && number) || (prim === "div" && isFloat(dtype))) {
    if (x.number === undefined) return `${x.text}.${prim}(${value(y)})`;
    if (y.number === undefined) return `np.${prim === "sub" ? "subtract" : "divide"}(${x.number}, ${y.text})`;
  }
  if ((prim === "max" || prim === "min") && number && arrays.length > 0)
    return `np.${prim}imum(${xs.map(value).join(", ")})`;
  if (prim === "select" && x.number === undefined && arrays.length > 0 && given[1].dtype !== "key")
    return `np.where(${x.text}, ${value(y)}, ${value(xs[2])})`;
  return lax(prim, given, stretches || shape.length > 0 ? undefined : value);
}

/** Whether np's rules of broadcasting make `shape` of these. */
function meet(xs: readonly Operand[], shape: readonly unknown[]): boolean {
  const arrays = xs.filter((o) => o.number === undefined);
  return shape.every((d, i) =>
    arrays.some((o) => {
      const at = o.shape.length - shape.length + i;
      return d === 1 ? arrays.some((a) => a.shape.length === shape.length) : at >= 0 && o.shape[at] === d;
    }),
  );
}

function lax(prim: Prim, xs: readonly Operand[], value: (o: Operand) => string = (o) => o.text): string {
  return `lax.${LAX_NAMES[prim] ?? camel(prim)}(${xs.map(value).join(", ")})`;
}

const axisText = (axes: readonly number[]): string => (axes.length === 1 ? String(axes[0]) : list(axes));
const isPlainReduction = (prim: Prim, x: Operand): boolean =>
  /^reduce_(?:sum|max|min)$/.test(prim) && /^(?:f32|f64|i32)$/.test(x.dtype);

function reduction(prim: Prim, x: Operand, axes: readonly number[]): string {
  if (!isPlainReduction(prim, x)) return `lax.${camel(prim)}(${x.text}, ${list(axes)})`;
  return `${x.text}.${prim.slice("reduce_".length)}(${axes.length === x.shape.length ? "" : axisText(axes)})`;
}

function dot(p: Params<"dot_general">, [x, y]: readonly Operand[]): string {
  const { lhsContract, rhsContract, lhsBatch, rhsBatch, preferred } = p;
  const plain = preferred === null ? product(p, x, y) : undefined;
  if (plain) return plain;
  const batch = lhsBatch.length > 0 ? `, batch: [${list(lhsBatch)}, ${list(rhsBatch)}]` : "";
  const type = preferred === null ? "" : `, "${preferred}"`;
  return `lax.dotGeneral(${x.text}, ${y.text}, { contract: [${list(lhsContract)}, ${list(rhsContract)}]${batch} }${type})`;
}

/** A contraction as the product that a textbook writes. */
function product(p: Params<"dot_general">, x: Operand, y: Operand): string | undefined {
  const { lhsContract, rhsContract, lhsBatch, rhsBatch } = p;
  const [m, n] = [x.shape.length, y.shape.length];
  const batch = lhsBatch.length;
  if (!lhsBatch.every((a, i) => a === i && rhsBatch[i] === i)) return undefined;
  if (lhsContract.length === 0) {
    if (batch > 0 || m === 0 || n === 0) return isFloat(x.dtype) ? scaledRows(x, y, batch) : undefined;
    return m === 1 && n === 1 ? `np.outer(${x.text}, ${y.text})` : undefined;
  }
  if (lhsContract.length > 1) return undefined;
  const [i, j] = [lhsContract[0], rhsContract[0]];
  if (batch > 0) {
    if (m !== batch + 2 || n !== batch + 2) return undefined;
    const a = i === batch + 1 ? x.text : `${x.text}.mT`;
    const b = j === batch ? y.text : `${y.text}.mT`;
    return `np.matmul(${a}, ${b})`;
  }
  if (i === m - 1 && j === Math.max(0, n - 2)) return `np.dot(${x.text}, ${y.text})`;
  if (m > 2 || n > 2) return undefined;
  const a = i === m - 1 ? x.text : `${x.text}.T`;
  const b = j === Math.max(0, n - 2) ? y.text : `${y.text}.T`;
  return `np.dot(${a}, ${b})`;
}

/** Nothing is summed, and one side has no axes but those of the batch: a product of each row with a number. */
function scaledRows(x: Operand, y: Operand, batch: number): string | undefined {
  const [m, n] = [x.shape.length, y.shape.length];
  if (m !== batch && n !== batch) return undefined;
  const [a, b] = m === batch ? [x, y] : [y, x];
  const more = Array.from({ length: b.shape.length - batch }, (_, i) => batch + i);
  return `${b.text}.mul(${batch === 0 || more.length === 0 ? a.text : expanded(a, more).text})`;
}

const SPATIAL = "HWDABCEFG";
function convolution(p: Params<"conv_general_dilated">, [x, y]: readonly Operand[]): string {
  const letters = (spec: readonly number[], first: string, second: string): string => {
    const out: string[] = [];
    spec.forEach((axis, i) => {
      out[axis] = i === 0 ? first : i === 1 ? second : SPATIAL[i - 2];
    });
    return `"${out.join("")}"`;
  };
  // spatial axes follow the letters of lhs: name them in that order
  const order = p.lhsSpec.slice(2).map((axis, i) => [axis, i] as const);
  if (order.some(([axis], i) => i > 0 && axis < order[i - 1][0]))
    return fail("TW4006", "printSource: a convolution whose spatial axes are permuted cannot be written", {});
  const names = [letters(p.lhsSpec, "N", "C"), letters(p.rhsSpec, "O", "I"), letters(p.outSpec, "N", "C")];
  const options = [
    `windowStrides: ${list(p.strides)}`,
    `padding: ${nested(p.padding)}`,
    `lhsDilation: ${list(p.lhsDilation)}`,
    `rhsDilation: ${list(p.rhsDilation)}`,
    `dimensionNumbers: [${names.join(", ")}]`,
    `featureGroupCount: ${p.featureGroupCount}`,
    `batchGroupCount: ${p.batchGroupCount}`,
    ...(p.preferred === null ? [] : [`preferredElementType: "${p.preferred}"`]),
  ];
  return `lax.convGeneralDilated(${x.text}, ${y.text}, { ${options.join(", ")} })`;
}

function indexing(p: GatherParams | ScatterParams): string {
  const value = (v: unknown): string =>
    Array.isArray(v)
      ? list(v)
      : typeof v === "object" && v !== null
        ? `{ ${Object.entries(v)
            .map(([k, w]) => `${k}: ${value(w)}`)
            .join(", ")} }`
        : typeof v === "string"
          ? JSON.stringify(v)
          : String(v);
  return value(p);
}
