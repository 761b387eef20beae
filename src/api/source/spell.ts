/** How each primitive is written in TypeScript: as a method or a function of `np` where that reads well and means the same. */
import { fail } from "../../diagnostics/error.js";
import { type DType, isFloat, isInt } from "../../ir/dtype.js";
import type { ElementwiseOps, GatherParams, Params, Prim, ScatterParams } from "../../ir/ops/index.js";
import type { AnyEqn } from "../../ir/program.js";

/** An operand as text: as an array, and as a number where it is one. */
export interface Operand {
  readonly text: string;
  readonly number?: string;
  readonly dtype: DType;
  readonly shape: readonly unknown[];
  /** What np's functions stretch by themselves to `shape`. */
  readonly narrow?: Operand;
}

const METHODS: Partial<Record<keyof ElementwiseOps, string>> = {
  neg: "neg",
  exp: "exp",
  log: "log",
  sqrt: "sqrt",
  tanh: "tanh",
  sin: "sin",
  cos: "cos",
  abs: "abs",
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

/** The text of an equation without programs in it. */
export function spell(eqn: AnyEqn, xs: readonly Operand[]): string {
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
      return `lax.reshape(${x.text}, ${list(eqn.params.shape)})`;
    case "transpose":
      return String(eqn.params.perm) === "1,0" ? `${x.text}.T` : `lax.transpose(${x.text}, ${list(eqn.params.perm)})`;
    case "broadcast_in_dim": {
      const { shape, dims } = eqn.params;
      if (x.number !== undefined) {
        const name = x.number === "0" ? "zeros" : x.number === "1" ? "ones" : undefined;
        return name && x.dtype === "f32"
          ? `np.${name}(${list(shape)})`
          : `np.full(${list(shape)}, ${x.number}, "${x.dtype}")`;
      }
      return isTrailing(dims, shape)
        ? `np.broadcastTo(${x.text}, ${list(shape)})`
        : `lax.broadcastInDim(${x.text}, ${list(shape)}, ${list(dims)})`;
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
      return `lax.concatenate([${xs.map((o) => o.text).join(", ")}], ${eqn.params.axis})`;
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
      const { op, windowDims, strides, padding, baseDilation, windowDilation } = eqn.params;
      const options = `{ strides: ${list(strides)}, padding: ${nested(padding)}, baseDilation: ${list(baseDilation)}, windowDilation: ${list(windowDilation)} }`;
      return `lax.reduceWindow(${x.text}, "${op}", ${list(windowDims)}, ${options})`;
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
    default:
      return fail("TW4006", `printSource: ${prim} has no function that could be written`, {});
  }
}

const texts = (xs: readonly Operand[]): string => xs.map((o) => o.text).join(", ");

/** Sizes that are stretched stand last, as np's functions want it. */
export function isTrailing(dims: readonly number[], shape: readonly unknown[]): boolean {
  return dims.every((d, i) => d === shape.length - dims.length + i);
}

function elementwise(eqn: AnyEqn, given: readonly Operand[]): string {
  const { prim } = eqn;
  const shape = eqn.outputs[0].aval.shape;
  const full = given.filter((o) => o.number === undefined && o.narrow === undefined && o.shape.length === shape.length);
  // where one operand has the whole shape, np stretches the others
  const xs = given.map((o) => (full.length > 0 && o.narrow ? o.narrow : o));
  const stretched =
    xs.some((o, i) => o !== given[i]) || xs.some((o) => o.number === undefined && o.shape.length < shape.length);
  const arrays = xs.filter((o) => o.number === undefined);
  const value = (o: Operand): string => (arrays.length > 0 ? (o.number ?? o.text) : o.text);
  const [x, y] = xs;
  const dtype = given[0].dtype;
  const number = isFloat(dtype) || isInt(dtype);
  if (xs.length === 1) {
    const method = isFloat(dtype) ? METHODS[prim as keyof ElementwiseOps] : undefined;
    return method ? `${x.text}.${method}()` : lax(prim, xs, (o) => o.text);
  }
  const compare = COMPARISONS[prim];
  if (compare && number && x.number === undefined) return `${x.text}.${compare}(${value(y)})`;
  if ((prim === "add" || prim === "mul") && number) {
    const [a, b] = x.number === undefined ? [x, y] : [y, x];
    if (a.number === undefined) return `${a.text}.${prim}(${value(b)})`;
  }
  if ((prim === "sub" && number) || (prim === "div" && isFloat(dtype))) {
    if (x.number === undefined) return `${x.text}.${prim}(${value(y)})`;
    if (y.number === undefined) return `np.${prim === "sub" ? "subtract" : "divide"}(${x.number}, ${y.text})`;
  }
  if ((prim === "max" || prim === "min") && number && arrays.length > 0)
    return `np.${prim}imum(${xs.map(value).join(", ")})`;
  if (prim === "select" && x.number === undefined && arrays.length > 1 && given[1].dtype !== "key") {
    const [p, a, b] = xs;
    if (a.number === undefined || b.number === undefined) return `np.where(${p.text}, ${value(a)}, ${value(b)})`;
  }
  return stretched ? lax(prim, given, (o) => o.text) : lax(prim, xs, value);
}

function lax(prim: Prim, xs: readonly Operand[], value: (o: Operand) => string): string {
  return `lax.${LAX_NAMES[prim] ?? camel(prim)}(${xs.map(value).join(", ")})`;
}

function reduction(prim: Prim, x: Operand, axes: readonly number[]): string {
  const kind = prim.slice("reduce_".length);
  const plain = /^(?:sum|max|min)$/.test(kind) && /^(?:f32|f64|i32)$/.test(x.dtype);
  if (!plain) return `lax.${camel(prim)}(${x.text}, ${list(axes)})`;
  const all = axes.length === x.shape.length;
  return `${x.text}.${kind}(${all ? "" : axes.length === 1 ? axes[0] : list(axes)})`;
}

function dot(
  { lhsContract, rhsContract, lhsBatch, rhsBatch, preferred }: Params<"dot_general">,
  [x, y]: readonly Operand[],
): string {
  const [m, n] = [x.shape.length, y.shape.length];
  const standard = lhsContract.length === 1 && lhsContract[0] === m - 1 && rhsContract[0] === Math.max(0, n - 2);
  if (standard && lhsBatch.length === 0 && preferred === null && m > 0 && m <= 2 && n > 0 && n <= 2)
    return `np.dot(${x.text}, ${y.text})`;
  const batch = lhsBatch.length > 0 ? `, batch: [${list(lhsBatch)}, ${list(rhsBatch)}]` : "";
  const type = preferred === null ? "" : `, "${preferred}"`;
  return `lax.dotGeneral(${x.text}, ${y.text}, { contract: [${list(lhsContract)}, ${list(rhsContract)}]${batch} }${type})`;
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
