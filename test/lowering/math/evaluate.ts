/**
 * Runs loop expressions and library functions without a backend: scalars as generated JavaScript (fast enough for dense
 * sweeps, every f32 operation rounded), vectors by a plain walk over the expression.
 */
import type { DType } from "../../../src/ir/dtype.js";
import type { LoopExpr, LoopLocal, LoopMathFunction, LoopStmt } from "../../../src/ir/loop.js";
import { handOverAll } from "../../../src/lowering/hand-over/index.js";
import { libraryFunction, mathExpansion } from "../../../src/lowering/wasm/math/index.js";

handOverAll();

type Scalar = number | bigint | boolean;
type Op = Extract<LoopExpr, { kind: "op" }>;

const buffer = new DataView(new ArrayBuffer(8));
function isFloat(d: DType): boolean {
  return d === "f32" || d === "f64";
}
function wrap(x: Scalar, d: DType): Scalar {
  switch (d) {
    case "f32":
      return Math.fround(x as number);
    case "i32":
      return (x as number) | 0;
    case "u32":
      return (x as number) >>> 0;
    case "i64":
      return BigInt.asIntN(64, x as bigint);
    case "u64":
      return BigInt.asUintN(64, x as bigint);
    default:
      return x;
  }
}
function bitcast(x: Scalar, from: DType, to: DType): Scalar {
  if (from === "f64") buffer.setFloat64(0, x as number);
  else if (from === "f32") buffer.setFloat32(0, x as number);
  else if (from === "i32" || from === "u32") buffer.setInt32(0, x as number);
  else buffer.setBigInt64(0, x as bigint);
  if (to === "f64") return buffer.getFloat64(0);
  if (to === "f32") return buffer.getFloat32(0);
  if (to === "i32") return buffer.getInt32(0);
  if (to === "u32") return buffer.getUint32(0);
  return to === "i64" ? buffer.getBigInt64(0) : buffer.getBigUint64(0);
}
function convert(x: Scalar, from: DType, to: DType): Scalar {
  if (isFloat(to)) return wrap(Number(x), to);
  if (to === "bool") return Boolean(x);
  if (isFloat(from)) {
    if (Number.isNaN(x as number)) return to === "i64" || to === "u64" ? 0n : 0;
    if (to === "i32") return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(x as number)));
    throw new Error(`no conversion from ${from} to ${to} in this evaluator`);
  }
  if (to === "i64" || to === "u64") return wrap(BigInt(x), to);
  return wrap(Number(BigInt.asIntN(32, BigInt(x))), to);
}
function roundEven(x: number): number {
  const f = Math.floor(x);
  const d = x - f;
  const r = d < 0.5 ? f : d > 0.5 ? f + 1 : f % 2 === 0 ? f : f + 1;
  return r === 0 ? (Object.is(x, -0) || x < 0 ? -0 : 0) : r;
}
const BITS: Partial<Record<DType, bigint>> = { i32: 32n, u32: 32n, i64: 64n, u64: 64n };

/** One elementwise primitive on scalars. */
export function apply(e: Op, args: readonly Scalar[]): Scalar {
  const [x, y, z] = args;
  const from = e.args[0].dtype;
  const d = e.dtype;
  const float = isFloat(from);
  const bits = BITS[from] ?? 32n;
  const unsigned = BigInt.asUintN(Number(bits), BigInt(float || typeof x === "boolean" ? 0 : x));
  const back = (v: bigint): Scalar => (bits === 64n ? wrap(v, d) : wrap(Number(BigInt.asIntN(32, v)), d));
  switch (e.prim) {
    case "add":
      return wrap((x as number) + (y as number), d);
    case "sub":
      return wrap((x as number) - (y as number), d);
    case "mul":
      return from === "i32" ? Math.imul(x as number, y as number) : wrap((x as number) * (y as number), d);
    case "div":
      return wrap((x as number) / (y as number), d);
    case "neg":
      return wrap(-(x as number), d);
    case "abs":
      return float ? Math.abs(x as number) : (x as number) < 0 ? wrap(-(x as number), d) : x;
    case "floor":
      return Math.floor(x as number);
    case "round":
      return roundEven(x as number);
    case "sqrt":
      return wrap(Math.sqrt(x as number), d);
    case "max":
      return Math.max(x as number, y as number);
    case "min":
      return Math.min(x as number, y as number);
    case "and":
      return typeof x === "boolean" ? x && (y as boolean) : wrap(((x as number) & (y as number)) as Scalar, d);
    case "or":
      return typeof x === "boolean" ? x || (y as boolean) : wrap(((x as number) | (y as number)) as Scalar, d);
    case "xor":
      return typeof x === "boolean" ? x !== y : wrap(((x as number) ^ (y as number)) as Scalar, d);
    case "not":
      return typeof x === "boolean" ? !x : wrap(~(x as number) as Scalar, d);
    case "shift_left":
      return BigInt(y) >= bits ? back(0n) : back(unsigned << BigInt(y));
    case "shift_right_logical":
      return BigInt(y) >= bits ? back(0n) : back(unsigned >> BigInt(y));
    case "shift_right_arithmetic":
      return back(BigInt.asIntN(Number(bits), BigInt(x)) >> BigInt(y));
    case "eq":
      return x === y;
    case "ne":
      return x !== y;
    case "lt":
      return x < y;
    case "le":
      return x <= y;
    case "gt":
      return x > y;
    case "ge":
      return x >= y;
    case "select":
      return x ? y : z;
    case "convert_element_type":
      return convert(x, from, d);
    case "bitcast_convert_type":
      return bitcast(x, from, d);
    default:
      throw new Error(`${e.prim} is not basic arithmetic`);
  }
}

/** Generates JavaScript for scalar code. */
class Compiler {
  readonly lines: string[] = [];
  readonly captured: unknown[] = [];
  #names = new Map<LoopExpr, string>();
  #next = 0;

  capture(x: unknown): string {
    this.captured.push(x);
    return `k[${this.captured.length - 1}]`;
  }
  bind(local: LoopLocal, name: string): void {
    this.#names.set(local, name);
  }
  /** The expression's value as the name of a variable; equal objects once when `share`. */
  value(e: LoopExpr, share: boolean): string {
    const known = this.#names.get(e);
    if (known) return known;
    if (e.kind === "local") throw new Error(`local ${e.id} is read before it is set`);
    const text = this.#text(e, share);
    const name = `v${this.#next++}`;
    this.lines.push(`const ${name} = ${text};`);
    if (share) this.#names.set(e, name);
    return name;
  }
  #text(e: LoopExpr, share: boolean): string {
    const go = (x: LoopExpr) => this.value(x, share);
    switch (e.kind) {
      case "const":
        return this.capture(e.dtype === "f32" ? Math.fround(Number(e.value)) : e.value);
      case "fma": {
        const [a, b, c] = e.args.map(go);
        return e.dtype === "f32" ? `fround(fround(${a} * ${b}) + ${c})` : `${a} * ${b} + ${c}`;
      }
      case "call":
        return `${this.capture(compileFunction(libraryFunction(e.callee)))}(${e.args.map(go).join(", ")})`;
      case "op": {
        const [a, b, c] = e.args.map(go);
        const d = e.dtype;
        const round = (text: string) => (d === "f32" ? `fround(${text})` : text);
        if (isFloat(d) && isFloat(e.args[0].dtype)) {
          if (e.prim === "add") return round(`${a} + ${b}`);
          if (e.prim === "sub") return round(`${a} - ${b}`);
          if (e.prim === "mul") return round(`${a} * ${b}`);
          if (e.prim === "div") return round(`${a} / ${b}`);
        }
        if (e.prim === "select") return `${a} ? ${b} : ${c}`;
        const compare = { lt: "<", le: "<=", gt: ">", ge: ">=", eq: "===", ne: "!==" }[e.prim as string];
        if (compare) return `${a} ${compare} ${b}`;
        return `${this.capture((...args: Scalar[]) => apply(e, args))}(${e.args.map(go).join(", ")})`;
      }
      default:
        throw new Error(`${e.kind} in scalar code`);
    }
  }
  statements(body: readonly LoopStmt[], names: Map<number, string>): void {
    for (const s of body) {
      switch (s.kind) {
        case "set": {
          const v = this.value(s.value, false);
          this.lines.push(`${names.get(s.local.id)} = ${v};`);
          break;
        }
        case "if":
          this.lines.push(`if (${this.value(s.test, false)}) {`);
          this.statements(s.then, names);
          this.lines.push("} else {");
          this.statements(s.else, names);
          this.lines.push("}");
          break;
        case "while":
          this.lines.push("for (;;) {");
          this.statements(s.cond, names);
          this.lines.push(`if (!${this.value(s.test, false)}) break;`);
          this.statements(s.body, names);
          this.lines.push("}");
          break;
        default:
          throw new Error(`${s.kind} in a library function`);
      }
    }
  }
}

function locals(body: readonly LoopStmt[], into: Map<number, LoopLocal>): void {
  for (const s of body) {
    if (s.kind === "set") into.set(s.local.id, s.local);
    if (s.kind === "if") {
      locals(s.then, into);
      locals(s.else, into);
    }
    if (s.kind === "while") {
      locals(s.cond, into);
      locals(s.body, into);
    }
  }
}

const compiled = new Map<string, (...args: number[]) => number>();
export function compileFunction(f: LoopMathFunction): (...args: number[]) => number {
  const known = compiled.get(f.name);
  if (known) return known;
  const c = new Compiler();
  const all = new Map<number, LoopLocal>(f.params.map((p) => [p.id, p]));
  locals(f.body, all);
  const names = new Map([...all.keys()].map((id) => [id, `x${id}`]));
  for (const l of all.values()) c.bind(l, `x${l.id}`);
  c.statements(f.body, names);
  const result = c.value(f.result, false);
  const params = f.params.map((p) => `x${p.id}`);
  const rest = [...names.values()].filter((n) => !params.includes(n));
  const text = [rest.length > 0 ? `let ${rest.join(", ")};` : "", ...c.lines, `return ${result};`].join("\n");
  const run = new Function("k", "fround", `return (${params.join(", ")}) => {\n${text}\n}`)(c.captured, Math.fround);
  compiled.set(f.name, run);
  return run;
}

/** The compiled form of a primitive on scalars of this type. */
export function scalarFunction(prim: string, dtype: "f32" | "f64", arity: number): (...args: number[]) => number {
  const expansion = mathExpansion(prim as never, dtype, 1);
  if (!expansion) throw new Error(`${prim} has no code`);
  const c = new Compiler();
  const params: LoopLocal[] = Array.from({ length: arity }, (_, id) => ({ kind: "local", id, dtype, lanes: 1 }));
  params.forEach((p, i) => {
    c.bind(p, `p${i}`);
  });
  const result = c.value(expansion(params), true);
  const text = [...c.lines, `return ${result};`].join("\n");
  return new Function("k", "fround", `return (${params.map((_, i) => `p${i}`).join(", ")}) => {\n${text}\n}`)(
    c.captured,
    Math.fround,
  );
}

/** A primitive on vectors, lane by lane through the vector form of its code. */
export function vectorFunction(
  prim: string,
  dtype: "f32" | "f64",
  arity: number,
): ((...args: number[][]) => number[]) | undefined {
  const lanes = dtype === "f64" ? 2 : 4;
  const expansion = mathExpansion(prim as never, dtype, lanes);
  if (!expansion) return undefined;
  const params: LoopLocal[] = Array.from({ length: arity }, (_, id) => ({ kind: "local", id, dtype, lanes }));
  const root = expansion(params);
  return (...args) => {
    const known = new Map<LoopExpr, readonly Scalar[]>(params.map((p, i) => [p, args[i]]));
    const go = (e: LoopExpr): readonly Scalar[] => {
      let v = known.get(e);
      if (!v) known.set(e, (v = compute(e)));
      if (v.length !== e.lanes) throw new Error(`${e.kind}: ${v.length} lanes where ${e.lanes} are declared`);
      return v;
    };
    const compute = (e: LoopExpr): readonly Scalar[] => {
      switch (e.kind) {
        case "const":
          return Array(e.lanes).fill(e.dtype === "f32" ? Math.fround(Number(e.value)) : e.value);
        case "op": {
          const operands = e.args.map(go);
          return Array.from({ length: e.lanes }, (_, i) =>
            apply(
              e,
              operands.map((o) => (o.length === 1 ? o[0] : o[i])),
            ),
          );
        }
        case "fma": {
          const [a, b, c] = e.args.map(go) as number[][];
          return a.map((x, i) => wrap((wrap(x * b[i], e.dtype) as number) + c[i], e.dtype));
        }
        case "widen":
          return go(e.arg)
            .slice(e.high ? 2 : 0, e.high ? 4 : 2)
            .map((x) => convert(x, e.arg.dtype, e.dtype));
        case "narrow":
          return [...go(e.low), ...go(e.high)].map((x) => convert(x, e.low.dtype, e.dtype));
        default:
          throw new Error(`${e.kind} in a vector expansion`);
      }
    };
    return go(root) as number[];
  };
}
