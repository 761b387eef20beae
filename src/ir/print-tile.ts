/** Tile programs as text that reads like a Triton kernel. */
import { type Dim, isStatic } from "./dim.js";
import type { DType } from "./dtype.js";
import type { Program } from "./program.js";
import type { ElementwisePrim, TileAtom, TileStmt, TileVar } from "./tile.js";
import { stageGroups } from "./tile-rounds.js";

/** Primitives that people write between their operands; also used for loop programs. */
export const INFIX: Partial<Record<ElementwisePrim, string>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  rem: "%",
  and: "&",
  or: "|",
  xor: "^",
  shift_left: "<<",
  shift_right_logical: ">>>",
  shift_right_arithmetic: ">>",
  eq: "==",
  ne: "!=",
  lt: "<",
  le: "<=",
  gt: ">",
  ge: ">=",
};

/** A constant of a type; integers and floats are told apart. */
export function printConstant(value: number | bigint | boolean, dtype: DType): string {
  if (typeof value === "boolean") return String(value);
  if (dtype === "bool") return String(Boolean(value));
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value);
  const float = dtype === "f16" || dtype === "bf16" || dtype === "f32" || dtype === "f64";
  return float && /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** Parameters that say more than the result's type does. */
export function printParams(params: object): string {
  return Object.entries(params)
    .filter(([k]) => k !== "dtype")
    .map(([k, v]) => `, ${k}=${String(v)}`)
    .join("");
}

export function printTile(program: Program<"tile">): string {
  const printer = new Printer();
  const refs = program.refs.map((r) => `${printer.ref(r)}: ${r.role} ${r.dtype}[${r.size}]`);
  const out = [`kernel ${program.name}(${refs.join(", ")}):`];
  for (const note of program.notes) out.push(`  # ${note}`);
  for (const { stages, rounds } of stageGroups(program.stages)) {
    if (rounds) out.push(`  for round in range(${rounds.count}):`);
    const indent = rounds ? "    " : "  ";
    for (const stage of stages) {
      out.push(`${indent}stage grid=[${stage.grid.join(", ")}]:`);
      printer.body(stage.body, `${indent}  `, out);
    }
  }
  return `${out.join("\n")}\n`;
}

class Printer {
  readonly #names = new Map<object, string>();
  readonly #taken = new Set<string>();

  #name(x: object, wish: string | undefined, fallback: string): string {
    let name = this.#names.get(x);
    if (name === undefined) {
      const stem = wish ?? fallback;
      name = wish !== undefined && !this.#taken.has(stem) ? stem : "";
      for (let i = 0; name === ""; i++) if (!this.#taken.has(`${stem}${i}`)) name = `${stem}${i}`;
      this.#taken.add(name);
      this.#names.set(x, name);
    }
    return name;
  }
  ref(r: { readonly name: string }): string {
    return this.#name(r, r.name.replace(/\W/g, "_"), "ref");
  }
  #var(v: TileVar): string {
    return this.#name(v, v.name, v.mutable ? "m" : "v");
  }
  #atom(a: TileAtom): string {
    if (a.kind === "tilevar") return this.#var(a);
    if (a.kind === "tilesize") return `<${String(a.size)}>`;
    const value = printConstant(a.value, a.dtype);
    return a.shape.length === 0 ? value : `full([${a.shape.join(", ")}], ${value})`;
  }
  /** The defined variable with its type; an i32 scalar goes without. */
  #out(v: TileVar): string {
    const plain = v.dtype === "i32" && v.shape.length === 0;
    return plain ? this.#var(v) : `${this.#var(v)}: ${v.dtype}[${v.shape.join(", ")}]`;
  }
  #place(ref: { readonly name: string }, base: TileAtom, strides: readonly Dim[]): string {
    const axes = strides.map((s, i) => ` + ${isStatic(s) ? s : `<${String(s)}>`}*i${i}`).join("");
    return `${this.ref(ref)}[${this.#atom(base)}${axes}]`;
  }

  body(stmts: readonly TileStmt[], indent: string, out: string[]): void {
    for (const s of stmts) this.#stmt(s, indent, out);
    if (stmts.length === 0) out.push(`${indent}pass`);
  }
  #stmt(s: TileStmt, indent: string, out: string[]): void {
    const inner = `${indent}  `;
    const define = (v: TileVar, text: string): void => {
      out.push(`${indent}${this.#out(v)} = ${text}`);
    };
    switch (s.kind) {
      case "op": {
        const args = s.args.map((a) => this.#atom(a));
        const infix = INFIX[s.prim];
        if (infix && args.length === 2) define(s.out, `${args[0]} ${infix} ${args[1]}`);
        else if (s.prim === "select") define(s.out, `where(${args.join(", ")})`);
        else if (s.prim === "convert_element_type") define(s.out, `${args[0]}.to(${s.out.dtype})`);
        else define(s.out, `${s.prim}(${args.join(", ")}${printParams(s.params)})`);
        return;
      }
      case "program_id":
        define(s.out, `program_id(${s.axis})`);
        return;
      case "program_end":
        define(s.out, "program_end()");
        return;
      case "lanes":
        define(s.out, `arange(${s.out.shape[s.axis]}, axis=${s.axis})`);
        return;
      case "broadcast":
        define(s.out, `broadcast(${this.#atom(s.arg)}, axes=[${s.dims.join(", ")}])`);
        return;
      case "transpose":
        define(s.out, `transpose(${this.#atom(s.arg)}, [${s.perm.join(", ")}])`);
        return;
      case "reshape":
        define(s.out, `reshape(${this.#atom(s.arg)})`);
        return;
      case "reduce":
        define(s.out, `${s.op}(${this.#atom(s.arg)}, axis=${s.axis}${s.passNaN ? ", passNaN" : ""})`);
        return;
      case "load":
        define(s.out, `load ${this.#place(s.ref, s.base, s.strides)}`);
        return;
      case "store":
        out.push(`${indent}store ${this.#place(s.ref, s.base, s.strides)} = ${this.#atom(s.value)}`);
        return;
      case "load_at": {
        const mask = s.mask ? `, mask=${this.#atom(s.mask)}` : "";
        const other = s.other ? `, other=${this.#atom(s.other)}` : "";
        define(s.out, `gather(${this.ref(s.ref)}, ${this.#atom(s.index)}${mask}${other})`);
        return;
      }
      case "store_at": {
        const mask = s.mask ? `, mask=${this.#atom(s.mask)}` : "";
        out.push(`${indent}scatter(${this.ref(s.ref)}, ${this.#atom(s.index)}, ${this.#atom(s.value)}${mask})`);
        return;
      }
      case "dot": {
        const acc = s.acc ? `, acc=${this.#atom(s.acc)}` : "";
        define(s.out, `dot(${this.#atom(s.lhs)}, ${this.#atom(s.rhs)}${acc})`);
        return;
      }
      case "scan":
        define(s.out, `scan_${s.op}(${this.#atom(s.arg)}, axis=${s.axis}${s.reverse ? ", reverse" : ""})`);
        return;
      case "sort": {
        const args = s.args.map((a) => this.#atom(a)).join(", ");
        const outs = s.outs.map((v) => this.#out(v)).join(", ");
        out.push(`${indent}${outs} = sort(${args}, axis=${s.axis}, keys=${s.keys})`);
        return;
      }
      case "pick":
        define(s.out, `pick(${this.#atom(s.arg)}, ${this.#atom(s.index)})`);
        return;
      case "atomic":
      case "atomic_cas": {
        const mask = s.mask ? `, mask=${this.#atom(s.mask)}` : "";
        const what = s.kind === "atomic" ? s.op : `cas ${this.#atom(s.compare)}`;
        define(s.out, `atomic_${what}(${this.ref(s.ref)}, ${this.#atom(s.index)}, ${this.#atom(s.value)}${mask})`);
        return;
      }
      case "var":
        define(s.out, this.#atom(s.init));
        return;
      case "assign":
        out.push(`${indent}${this.#atom(s.target)} = ${this.#atom(s.value)}`);
        return;
      case "for": {
        const step = s.step === 1 ? "" : `, ${s.step}`;
        const index = this.#name(s.index, s.index.name, "k");
        out.push(`${indent}for ${index} in range(${this.#atom(s.start)}, ${this.#atom(s.end)}${step}):`);
        this.body(s.body, inner, out);
        return;
      }
      case "while":
        out.push(`${indent}while:`);
        this.body(s.cond, inner, out);
        out.push(`${indent}holds ${this.#atom(s.test)}:`);
        this.body(s.body, inner, out);
        return;
      case "if":
        out.push(`${indent}if ${this.#atom(s.test)}:`);
        this.body(s.then, inner, out);
        if (s.else.length > 0) {
          out.push(`${indent}else:`);
          this.body(s.else, inner, out);
        }
        return;
    }
  }
}
