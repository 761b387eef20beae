/** One elementwise primitive on one element as an expression of WGSL. */
import { internal } from "../../diagnostics/error.js";
import { bitWidth, type DType, isFloat, isSignedInt, limits } from "../../ir/dtype.js";
import type { ElementwisePrim } from "../../ir/tile.js";
import type { Library } from "./library/index.js";
import { constantText, isHalf, isShort, registerType } from "./types.js";

export interface Operand {
  readonly text: string;
  readonly dtype: DType;
  /** Both are the same value when both are equal. */
  readonly value?: number | bigint | boolean | undefined;
}

/** Functions of f32 by their name in the library. */
// biome-ignore format: a table
const FUNCTIONS: Partial<Record<ElementwisePrim, string>> = {
  exp: "exp_f32", exp2: "exp2_f32", expm1: "expm1_f32", log: "log_f32", log1p: "log1p_f32", logistic: "logistic", cbrt: "cbrt_f32",
  sin: "sin_f32", cos: "cos_f32", tan: "tan_f32", asin: "asin_f32", acos: "acos_f32", atan: "atan_f32", atan2: "atan2_f32",
  sinh: "sinh_f32", cosh: "cosh_f32", tanh: "tanh_f32", asinh: "asinh_f32", acosh: "acosh_f32", atanh: "atanh_f32", pow: "pow_f32",
  erf: "erf_f32", erfc: "erfc_f32", erf_inv: "erf_inv_f32", lgamma: "lgamma_f32", digamma: "digamma_f32",
  bessel_i0e: "bessel_i0e_f32", bessel_i1e: "bessel_i1e_f32", rem: "f32_rem", max: "f32_max", min: "f32_min", sign: "f32_sign",
};
/** Builtin functions that do what we mean. */
const BUILTIN: Partial<Record<ElementwisePrim, string>> = {
  abs: "abs",
  floor: "floor",
  ceil: "ceil",
  sqrt: "sqrt",
  rsqrt: "inverseSqrt",
};
const INFIX: Partial<Record<ElementwisePrim, string>> = {
  ...{ add: "+", sub: "-", mul: "*", div: "/", and: "&", or: "|", xor: "^" },
  ...{ eq: "==", ne: "!=", lt: "<", le: "<=", gt: ">", ge: ">=" },
};
/** a on the left, b on the right; bool has no order of its own. */
const BOOLEAN: Partial<Record<ElementwisePrim, (a: string, b: string) => string>> = {
  and: (a, b) => `(${a} && ${b})`,
  or: (a, b) => `(${a} || ${b})`,
  xor: (a, b) => `(${a} != ${b})`,
  add: (a, b) => `(${a} || ${b})`,
  mul: (a, b) => `(${a} && ${b})`,
  sub: (a, b) => `(${a} != ${b})`,
  max: (a, b) => `(${a} || ${b})`,
  min: (a, b) => `(${a} && ${b})`,
  eq: (a, b) => `(${a} == ${b})`,
  ne: (a, b) => `(${a} != ${b})`,
  lt: (a, b) => `(!${a} && ${b})`,
  le: (a, b) => `(!${a} || ${b})`,
  gt: (a, b) => `(${a} && !${b})`,
  ge: (a, b) => `(${a} || !${b})`,
};

export class Arithmetic {
  constructor(readonly library: Library) {}

  constant(value: number | bigint | boolean, dtype: DType): string {
    return constantText(value, dtype, () => this.library.use("f32_of"));
  }
  /** What an operation gave, in the range of its type. */
  normalize(text: string, dtype: DType): string {
    if (isHalf(dtype)) return `${this.library.use(`${dtype}_round`)}(${text})`;
    if (!isShort(dtype)) return text;
    const bits = bitWidth(dtype);
    if (isSignedInt(dtype)) return `extractBits(${text}, 0u, ${bits}u)`;
    return `(${text} & ${2 ** bits - 1}u)`;
  }
  #call(name: string, ...args: readonly string[]): string {
    return `${this.library.use(name)}(${args.join(", ")})`;
  }

  op(prim: ElementwisePrim, out: DType, args: readonly Operand[], params: object): string {
    const [a] = args;
    switch (prim) {
      case "stop_gradient":
        return a.text;
      case "select":
        return `select(${args[2].text}, ${args[1].text}, ${a.text})`;
      case "convert_element_type":
        return this.convert(a.text, a.dtype, out);
      case "bitcast_convert_type":
        return this.bitcast(a.text, a.dtype, out);
      case "clamp": {
        const [low, x, high] = args;
        const above = { text: this.op("max", out, [x, low], {}), dtype: out };
        return this.op("min", out, [above, high], {});
      }
      default:
    }
    if (registerType(a.dtype) === "vec2u" && (prim === "eq" || prim === "ne"))
      return prim === "eq" ? `all(${a.text} == ${args[1].text})` : `any(${a.text} != ${args[1].text})`;
    if (registerType(a.dtype) === "vec2u") internal(`${prim} of ${a.dtype} in a kernel for GPUs`);
    if (a.dtype === "bool") return this.#boolean(prim, args);
    return isFloat(a.dtype) ? this.#float(prim, args, params) : this.#integer(prim, args, params);
  }

  #boolean(prim: ElementwisePrim, [a, b]: readonly Operand[]): string {
    if (prim === "not") return `!${a.text}`;
    if (prim === "is_finite") return "true";
    if (prim === "neg" || prim === "abs" || prim === "sign") return a.text;
    const make = BOOLEAN[prim];
    return make ? make(a.text, b.text) : internal(`no shader code for ${prim} on bool`);
  }

  #float(prim: ElementwisePrim, args: readonly Operand[], params: object): string {
    const [a, b] = args;
    const { dtype } = a;
    const round = (text: string): string => this.normalize(text, dtype);
    switch (prim) {
      case "neg":
        return `-${a.text}`;
      case "is_finite":
        return this.#call("is_finite", a.text);
      case "eq":
        if (a.text === b.text) return `!${this.#call("is_nan", a.text)}`;
        return `(${a.text} == ${b.text})`;
      case "ne":
        if (a.text === b.text) return this.#call("is_nan", a.text);
        return this.#call("f32_ne", a.text, b.text);
      case "div":
        if (b.value !== undefined && Math.abs(Number(b.value)) < 2 ** 126) return round(`(${a.text} / ${b.text})`);
        return round(this.#call("f32_div", a.text, b.text));
      case "round":
        if ((params as { readonly method: string }).method === "away") return this.#call("round_away", a.text);
        return `round(${a.text})`;
      case "integer_pow":
        return round(this.#power(a.text, (params as { readonly y: number }).y));
      case "nextafter":
        if (dtype !== "f32") return this.#call(`${dtype}_next_after`, a.text, b.text);
        return this.#call("next_after", a.text, b.text);
      case "reduce_precision":
        return this.#reducePrecision(a.text, dtype, params as { exponentBits: number; mantissaBits: number });
      default:
    }
    const builtin = BUILTIN[prim];
    if (builtin) return prim === "sqrt" || prim === "rsqrt" ? round(`${builtin}(${a.text})`) : `${builtin}(${a.text})`;
    const name = FUNCTIONS[prim];
    const exact = prim === "max" || prim === "min" || prim === "sign";
    if (name) {
      const text = this.#call(name, ...args.map((x) => x.text));
      return exact ? text : round(text);
    }
    const infix = INFIX[prim];
    if (!infix) internal(`no shader code for ${prim}`);
    const text = `(${a.text} ${infix} ${b.text})`;
    return COMPARISONS.has(prim) ? text : round(text);
  }
  /** By squaring, in the order in which compiled code for CPUs does it. */
  #power(x: string, y: number): string {
    if (y === 0) return "1.0f";
    const name = `power_${Math.abs(y)}`;
    const size = this.library.define(name, powerFunction(name, Math.abs(y)));
    return y > 0 ? `${size}(${x})` : `(1.0f / ${size}(${x}))`;
  }
  #reducePrecision(
    x: string,
    dtype: DType,
    p: { readonly exponentBits: number; readonly mantissaBits: number },
  ): string {
    const name = `to_e${p.exponentBits}m${p.mantissaBits}`;
    this.library.use("is_nan");
    this.library.define(name, precisionFunction(name, p.exponentBits, p.mantissaBits));
    return this.normalize(`${name}(${x})`, dtype);
  }

  #integer(prim: ElementwisePrim, args: readonly Operand[], params: object): string {
    const [a, b] = args;
    const { dtype } = a;
    const signed = isSignedInt(dtype);
    const kind = signed ? "i32" : "u32";
    const wrap = (text: string): string => this.normalize(text, dtype);
    switch (prim) {
      case "floor":
      case "ceil":
      case "round":
        return a.text;
      case "is_finite":
        return "true";
      case "neg":
        return wrap(signed ? `-${a.text}` : `(0u - ${a.text})`);
      case "abs":
        return signed ? wrap(`abs(${a.text})`) : a.text;
      case "sign":
        return signed ? `sign(${a.text})` : `min(${a.text}, 1u)`;
      case "not":
        return wrap(`~${a.text}`);
      case "population_count":
        return signed
          ? `bitcast<i32>(countOneBits(${this.#bits(a.text, dtype)}))`
          : `countOneBits(${this.#bits(a.text, dtype)})`;
      case "clz": {
        const unused = 32 - bitWidth(dtype);
        const count = `(countLeadingZeros(${this.#bits(a.text, dtype)}) - ${unused}u)`;
        return signed ? `bitcast<i32>(${count})` : count;
      }
      case "max":
      case "min":
        return `${prim}(${a.text}, ${b.text})`;
      case "div":
      case "rem": {
        // by a constant there is no edge
        const plain = b.value !== undefined && Number(b.value) > 0;
        if (plain) return `(${a.text} ${prim === "div" ? "/" : "%"} ${b.text})`;
        return wrap(this.#call(`${kind}_${prim}`, a.text, b.text));
      }
      case "pow":
        return wrap(this.#call(`${kind}_pow`, a.text, b.text));
      case "integer_pow": {
        const { y } = params as { readonly y: number };
        return wrap(this.#call(`${kind}_pow`, a.text, signed ? String(y) : `${y >>> 0}u`));
      }
      case "shift_left":
      case "shift_right_logical":
      case "shift_right_arithmetic":
        return wrap(this.#shift(prim, a, b));
      default:
    }
    const infix = INFIX[prim];
    if (!infix) internal(`no shader code for ${prim} on ${dtype}`);
    const text = `(${a.text} ${infix} ${b.text})`;
    return prim === "add" || prim === "sub" || prim === "mul" ? wrap(text) : text;
  }
  /** The bits of an integer, no more than it has, as u32. */
  #bits(text: string, dtype: DType): string {
    if (!isSignedInt(dtype)) return text;
    const all = `bitcast<u32>(${text})`;
    return isShort(dtype) ? `(${all} & ${2 ** bitWidth(dtype) - 1}u)` : all;
  }
  #shift(prim: ElementwisePrim, a: Operand, b: Operand): string {
    const { dtype } = a;
    const signed = isSignedInt(dtype);
    const width = bitWidth(dtype);
    const back = (text: string): string => (signed ? `bitcast<i32>(${text})` : text);
    const fixed = b.value === undefined ? undefined : Number(BigInt.asUintN(width, BigInt(b.value)));
    const by = this.#bits(b.text, b.dtype);
    if (prim === "shift_right_arithmetic" && signed) {
      if (fixed !== undefined) return `(${a.text} >> ${Math.min(fixed, 31)}u)`;
      return this.#call("shift_right_signed", a.text, by);
    }
    const bits = this.#bits(a.text, dtype);
    const left = prim === "shift_left";
    if (fixed !== undefined) return fixed >= width ? back("0u") : back(`(${bits} ${left ? "<<" : ">>"} ${fixed}u)`);
    return back(this.#call(left ? "shift_left" : "shift_right", bits, by));
  }

  convert(text: string, from: DType, to: DType): string {
    if (from === to) return text;
    const source = registerType(from);
    const target = registerType(to);
    if (source === "vec2u" || target === "vec2u") internal(`conversion of ${from} to ${to} in a kernel for GPUs`);
    if (to === "bool") {
      if (source === "f32") return this.#call("f32_ne", text, "0.0f");
      return `(${text} != ${source === "u32" ? "0u" : "0"})`;
    }
    if (source === "f32") {
      if (target === "f32") return this.normalize(text, to);
      if (!isShort(to)) return this.#call(`f32_to_${target}`, text);
      const { min, max } = limits(to);
      const within = `clamp(${this.#call("f32_to_i32", text)}, ${min}, ${max})`;
      return target === "u32" ? `bitcast<u32>(${within})` : within;
    }
    if (target === "f32" && !isShort(from) && from !== "bool")
      return this.normalize(this.#call(`${source}_to_f32`, text), to);
    if (target === "f32") return this.normalize(`f32(${text})`, to);
    if (from === "bool") return `${target}(${text})`;
    return this.normalize(source === target ? text : `bitcast<${target}>(${text})`, to);
  }
  /** The same bits as another type of the same width. */
  bitcast(text: string, from: DType, to: DType): string {
    if (from === to) return text;
    const source = registerType(from);
    const target = registerType(to);
    if (from === "bool" || to === "bool" || source === "vec2u" || target === "vec2u")
      internal(`bits of ${from} as ${to} in a kernel for GPUs`);
    const words = isHalf(from) ? this.#call(`${from}_bits`, text) : text;
    if (isHalf(to)) return this.#call(`${to}_value`, isHalf(from) ? words : this.#bits(words, from));
    const held = isHalf(from) ? "u32" : source;
    return this.normalize(held === target ? words : `bitcast<${target}>(${words})`, to);
  }
}

const COMPARISONS: ReadonlySet<ElementwisePrim> = new Set(["eq", "ne", "lt", "le", "gt", "ge"]);

function powerFunction(name: string, y: number): string {
  const lines = [`fn ${name}(x: f32) -> f32 {`];
  let square = "x";
  let result: string | undefined;
  let count = 0;
  for (let n = y; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) {
      if (result === undefined) result = square;
      else {
        lines.push(`  let p${count} = ${result} * ${square};`);
        result = `p${count++}`;
      }
    }
    if (n > 1) {
      lines.push(`  let s${count} = ${square} * ${square};`);
      square = `s${count++}`;
    }
  }
  return [...lines, `  return ${result ?? "1.0f"};`, "}"].join("\n");
}

/** As XLA: rounds the mantissa to nearest even, then overflow gives infinity and what would be subnormal gives zero. */
function precisionFunction(name: string, exponentBits: number, mantissaBits: number): string {
  const lines = [`fn ${name}(x: f32) -> f32 {`, "  if (is_nan(x)) { return x; }", "  var bits = bitcast<u32>(x);"];
  lines.push("  let sign = bits & 0x80000000u;");
  const hex = (n: number): string => `0x${(n >>> 0).toString(16)}u`;
  if (mantissaBits < 23) {
    const drop = 23 - mantissaBits;
    const bias = 2 ** (drop - 1) - 1;
    lines.push(`  bits = (bits + ((bits >> ${drop}u) & 1u) + ${hex(bias)}) & ${hex(0xffffffff - (2 ** drop - 1))};`);
  }
  if (exponentBits < 8) {
    const reduced = 2 ** (exponentBits - 1) - 1;
    lines.push("  let e = bits & 0x7f800000u;");
    lines.push(`  if (e > ${hex((127 + reduced) * 2 ** 23)}) { bits = sign | 0x7f800000u; }`);
    lines.push(`  if (e <= ${hex((127 - reduced) * 2 ** 23)}) { bits = sign; }`);
  }
  return [...lines, "  return bitcast<f32>(bits);", "}"].join("\n");
}
