/** Loop programs as pseudo-code: loops, vectors and byte addresses as they will be in the machine's code. */
import type { LoopExpr, LoopLocal, LoopProgram, LoopStmt } from "./loop.js";
import { INFIX, printConstant, printParams } from "./print-tile.js";

export function printLoop(program: LoopProgram): string {
  return program.functions
    .map((f) => {
      const printer = new Printer();
      const buffers = f.buffers.map((b) => `${b.name}: ${b.role} ${b.dtype}*`);
      const range = [f.begin, f.end].map((l) => printer.local(l));
      for (const { local, size } of f.sizes) range.push(`${printer.local(local)} = <${String(size)}>`);
      const out = [`function ${f.name}(${[...buffers, ...range].join(", ")})  # ${String(f.programs)} programs`];
      printer.body(f.body, "  ", out);
      return `${out.join("\n")}\n`;
    })
    .join("\n");
}

function type(e: { readonly dtype: string; readonly lanes: number }): string {
  return e.lanes === 1 ? e.dtype : `${e.dtype}x${e.lanes}`;
}

class Printer {
  readonly #names = new Map<number, string>();
  readonly #typed = new Set<number>();
  readonly #taken = new Set<string>();

  local(l: LoopLocal): string {
    let name = this.#names.get(l.id);
    if (name === undefined) {
      const stem = l.name?.replace(/\W/g, "_") ?? (l.lanes > 1 ? "v" : "s");
      name = l.name !== undefined && !this.#taken.has(stem) ? stem : `${stem}${this.#names.size}`;
      this.#taken.add(name);
      this.#names.set(l.id, name);
    }
    return name;
  }

  body(stmts: readonly LoopStmt[], indent: string, out: string[]): void {
    for (const s of stmts) this.#stmt(s, indent, out);
    if (stmts.length === 0) out.push(`${indent}pass`);
  }
  #stmt(s: LoopStmt, indent: string, out: string[]): void {
    const inner = `${indent}  `;
    switch (s.kind) {
      case "set": {
        const value = this.#expr(s.value);
        const first = !this.#typed.has(s.local.id);
        this.#typed.add(s.local.id);
        out.push(`${indent}${this.local(s.local)}${first ? `: ${type(s.local)}` : ""} = ${value}`);
        return;
      }
      case "store":
        out.push(`${indent}store ${this.#place(s.address, s.offset)} = ${this.#expr(s.value)}`);
        return;
      case "for": {
        const step = s.step === 1 ? "" : ` step ${s.step}`;
        const kind = s.axis === "grid" ? "grid for" : "for";
        out.push(`${indent}${kind} ${this.local(s.index)} in ${this.#expr(s.start)} .. ${this.#expr(s.end)}${step}:`);
        this.body(s.body, inner, out);
        return;
      }
      case "while":
        out.push(`${indent}while:`);
        if (s.cond.length > 0) this.body(s.cond, inner, out);
        out.push(`${indent}holds ${this.#expr(s.test)}:`);
        this.body(s.body, inner, out);
        return;
      case "if":
        out.push(`${indent}if ${this.#expr(s.test)}:`);
        this.body(s.then, inner, out);
        if (s.else.length > 0) {
          out.push(`${indent}else:`);
          this.body(s.else, inner, out);
        }
        return;
    }
  }

  /** [address + offset in bytes] */
  #place(address: LoopExpr, offset: number): string {
    return `[${this.#expr(address)}${offset === 0 ? "" : ` + ${offset}`}]`;
  }
  #list(args: readonly LoopExpr[]): string {
    return args.map((a) => this.#expr(a)).join(", ");
  }
  #expr(e: LoopExpr): string {
    switch (e.kind) {
      case "const": {
        const value = printConstant(e.value, e.dtype);
        return e.lanes === 1 ? value : `${type(e)}(${value})`;
      }
      case "local":
        return this.local(e);
      case "op": {
        const infix = INFIX[e.prim];
        if (infix && e.args.length === 2) return `(${this.#expr(e.args[0])} ${infix} ${this.#expr(e.args[1])})`;
        if (e.prim === "select") return `select(${this.#list(e.args)})`;
        if (e.prim === "convert_element_type") return `${type(e)}(${this.#expr(e.args[0])})`;
        if (e.prim === "bitcast_convert_type") return `bits<${type(e)}>(${this.#expr(e.args[0])})`;
        return `${e.prim}(${this.#list(e.args)}${printParams(e.params)})`;
      }
      case "fma":
        return `fma(${this.#list(e.args)})`;
      case "address":
        return `&${e.buffer.name}[${this.#expr(e.index)}]`;
      case "load":
        return `load<${type(e)}>${this.#place(e.address, e.offset)}`;
      case "load_splat":
        return `splat<${type(e)}>${this.#place(e.address, e.offset)}`;
      case "splat":
        return `splat<${type(e)}>(${this.#expr(e.arg)})`;
      case "pack":
        return `<${this.#list(e.args)}>`;
      case "lane":
        return `${this.#expr(e.arg)}.${e.index}`;
      case "shuffle":
        return `shuffle(${this.#expr(e.a)}, ${this.#expr(e.b)}, [${e.pick.join(", ")}])`;
      case "widen":
        return `${type(e)}(${this.#expr(e.arg)}.${e.high ? "high" : "low"})`;
      case "narrow":
        return `${type(e)}(${this.#expr(e.low)}, ${this.#expr(e.high)})`;
      case "reduce_lanes":
        return `reduce_${e.op}(${this.#expr(e.arg)})`;
      case "call":
        return `${e.callee}(${this.#list(e.args)})`;
    }
  }
}
