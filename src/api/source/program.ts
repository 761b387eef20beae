/** Core programs as the bodies of TypeScript functions. */
import { fail, internal } from "../../diagnostics/error.js";
import { NO_EFFECTS } from "../../ir/effects.js";
import { type AnyEqn, type Atom, isVar, type Program, type Var } from "../../ir/program.js";
import { isTrailing, type Operand, spell } from "./spell.js";

type Core = Program<"core">;

/** Longer expressions are statements of their own. */
const INLINE = 64;
const RESERVED = new Set(
  (
    "np lax random scan whileLoop cond switchCase checkpoint Tensor arguments await break case catch class const continue debugger " +
    "default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new " +
    "null package private protected public return static super switch this throw true try typeof undefined var void while with " +
    "yield NaN Infinity"
  ).split(" "),
);

export class Names {
  readonly #taken = new Set(RESERVED);
  #next = 0;
  /** The wanted name, or one like it. */
  take(wanted?: string): string {
    const base = wanted !== undefined && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(wanted) ? wanted : undefined;
    for (let i = base === undefined ? -1 : 0; ; i++) {
      const name = base === undefined ? `t${++this.#next}` : i === 0 ? base : `${base}${i + 1}`;
      if (this.#taken.has(name)) continue;
      this.#taken.add(name);
      return name;
    }
  }
}

/** Statements of one block, and what its variables are called. */
export class Body {
  readonly lines: string[] = [];
  readonly #known: Map<Var, Operand>;
  constructor(
    readonly names: Names,
    readonly types: boolean,
    known: ReadonlyMap<Var, Operand> = new Map(),
  ) {
    this.#known = new Map(known);
  }

  bind(v: Var, text: string): void {
    this.#known.set(v, { text, dtype: v.aval.dtype, shape: v.aval.shape });
  }
  #set(v: Var, o: Operand): void {
    this.#known.set(v, o);
  }

  operand(a: Atom): Operand {
    if (isVar(a)) return this.#known.get(a) ?? internal("printSource: a variable without a name");
    const { value, aval } = a;
    const numeral =
      typeof value === "bigint"
        ? `${value}n`
        : Object.is(value, -0)
          ? "-0"
          : aval.dtype === "bool"
            ? String(Boolean(value))
            : String(value);
    return { text: `lax.full([], ${numeral}, "${aval.dtype}")`, number: numeral, dtype: aval.dtype, shape: [] };
  }

  /** The program's statements with these operands for its inputs; what its results are called. */
  inline(program: Core, args: readonly Operand[]): Operand[] {
    program.inputs.forEach((v, i) => this.#set(v, args[i]));
    const uses = new Map<Atom, number>();
    const use = (a: Atom): void => void uses.set(a, (uses.get(a) ?? 0) + 1);
    for (const eqn of program.eqns) eqn.inputs.forEach(use);
    program.outputs.forEach(use);
    for (const eqn of program.eqns) this.#equation(eqn, uses);
    return program.outputs.map((a) => this.operand(a));
  }

  #equation(eqn: AnyEqn, uses: ReadonlyMap<Atom, number>): void {
    const xs = eqn.inputs.map((a) => this.operand(a));
    switch (eqn.prim) {
      case "debug_callback":
        this.lines.push(
          `// here ${eqn.params.callback.name || "a callback"} is called with ${xs.map((x) => x.text).join(", ")}`,
        );
        return;
      case "call":
        this.#results(eqn, this.inline(eqn.params.program, xs));
        return;
      case "custom_jvp_call":
      case "custom_vjp_call":
        this.lines.push(`// ${eqn.params.name || "a function"}, which has a derivative of its own`);
        this.#results(eqn, this.inline(eqn.params.primal, xs));
        return;
      case "checkpoint": {
        const parameters = eqn.params.program.inputs.map((v) => this.names.take(v.name));
        const f = this.#function(parameters.map(typed).join(", "), eqn.params.program, parameters);
        this.#statement(eqn, `checkpoint(${f})(${xs.map((x) => x.text).join(", ")})`);
        return;
      }
      case "custom_linear_solve": {
        const { counts, solve } = eqn.params;
        const from = counts[0] + counts[1];
        const b = xs.slice(counts.reduce((m, n) => m + n, 0));
        this.#results(eqn, this.inline(solve, [...xs.slice(from, from + counts[2]), ...b]));
        return;
      }
      case "cond": {
        const { branches } = eqn.params;
        const operands = xs.slice(1);
        const written = branches.map((p) => this.#function("", p, operands));
        const isCond = xs[0].dtype === "bool" && branches.length === 2;
        const call = isCond
          ? `cond(${xs[0].text}, ${written[1]}, ${written[0]})`
          : `switchCase(${xs[0].text}, [${written.join(", ")}])`;
        this.#statement(eqn, call);
        return;
      }
      case "while": {
        const { cond: test, body, condConsts, bodyConsts } = eqn.params;
        const carry = xs.slice(condConsts + bodyConsts);
        const part = (p: Core, consts: readonly Operand[]): string => {
          const names = p.inputs.slice(consts.length).map((v) => this.names.take(v.name));
          return this.#function(tuple(names), p, [...consts, ...names], p === test ? "first" : "list");
        };
        const tested = part(test, xs.slice(0, condConsts));
        const done = part(body, xs.slice(condConsts, condConsts + bodyConsts));
        this.#statement(
          eqn,
          `whileLoop(${tested}, ${done}, [${carry.map((x) => x.text).join(", ")}] as ${tupleType(carry.length)})`,
          "list",
        );
        return;
      }
      case "scan":
        this.#scan(eqn, xs);
        return;
    }
    const text = spell(eqn, xs);
    const [v] = eqn.outputs;
    const single = eqn.outputs.length === 1 && eqn.prim !== "sort" && eqn.prim !== "optimization_barrier";
    if (single && eqn.effects === NO_EFFECTS && v.name === undefined && uses.get(v) === 1 && text.length <= INLINE) {
      const narrow =
        eqn.prim === "broadcast_in_dim" && isTrailing(eqn.params.dims, eqn.params.shape) ? { narrow: xs[0] } : {};
      this.#set(v, { text, dtype: v.aval.dtype, shape: v.aval.shape, ...narrow });
      return;
    }
    this.#statement(eqn, text, single ? "first" : "list");
  }

  #scan(eqn: Extract<AnyEqn, { prim: "scan" }>, xs: readonly Operand[]): void {
    const { body, length, reverse, numConsts, numCarry } = eqn.params;
    if (typeof length !== "number") fail("TW4006", "printSource: a scan over a named size cannot be written", {});
    const names = body.inputs.slice(numConsts).map((v) => this.names.take(v.name));
    const [carry, slices] = [names.slice(0, numCarry), names.slice(numCarry)];
    const inner = new Body(this.names, this.types, this.#known);
    const results = inner.inline(body, [
      ...xs.slice(0, numConsts),
      ...names.map((n, i) => plain(n, body.inputs[numConsts + i])),
    ]);
    const all = (from: readonly Operand[]): string => `[${from.map((x) => x.text).join(", ")}]`;
    const lines = [...inner.lines, `return [${all(results.slice(0, numCarry))}, ${all(results.slice(numCarry))}];`];
    const ys = results.length - numCarry;
    const type = `[${tupleType(numCarry)}, ${tupleType(ys)}]`;
    const f = `(${tuple(carry)}, ${slices.length > 0 ? tuple(slices) : "_: null"}): ${type} => {\n${indent(lines)}\n}`;
    const over = xs.slice(numConsts + numCarry);
    const options = [...(over.length === 0 ? [`length: ${length}`] : []), ...(reverse ? ["reverse: true"] : [])];
    const call = `scan(${f}, ${all(xs.slice(numConsts, numConsts + numCarry))} as ${tupleType(numCarry)}, ${
      over.length > 0 ? `${all(over)} as ${tupleType(over.length)}` : "null"
    }${options.length > 0 ? `, { ${options.join(", ")} }` : ""})`;
    const out = eqn.outputs.map((v) => this.#define(v));
    this.lines.push(
      ...`const [[${out.slice(0, numCarry).join(", ")}], [${out.slice(numCarry).join(", ")}]] = ${call};`.split("\n"),
    );
  }

  /** An arrow function that runs a program; `inputs` are operands, or the names of parameters. */
  #function(
    parameters: string,
    program: Core,
    inputs: readonly (Operand | string)[],
    returns?: "first" | "list",
  ): string {
    const inner = new Body(this.names, this.types, this.#known);
    const results = inner.inline(
      program,
      inputs.map((x, i) => (typeof x === "string" ? plain(x, program.inputs[i]) : x)),
    );
    const list = `[${results.map((r) => r.text).join(", ")}]`;
    const kind = returns ?? (results.length === 1 ? "first" : "list");
    const value = kind === "first" ? results[0].text : list;
    const type = kind === "first" ? "Tensor" : tupleType(results.length);
    if (inner.lines.length === 0) return `(${parameters}): ${type} => ${value}`;
    return `(${parameters}): ${type} => {\n${indent([...inner.lines, `return ${value};`])}\n}`;
  }

  #define(v: Var): string {
    const name = this.names.take(v.name);
    this.bind(v, name);
    return name;
  }

  #statement(eqn: AnyEqn, text: string, results: "first" | "list" = eqn.outputs.length === 1 ? "first" : "list"): void {
    const names = eqn.outputs.map((v) => this.#define(v));
    if (names.length === 0) return;
    const type = this.types && results === "first" ? `: ${typeText(eqn.outputs[0])}` : "";
    this.lines.push(
      ...`const ${results === "first" ? names[0] : `[${names.join(", ")}]`}${type} = ${text};`.split("\n"),
    );
  }

  /** The results of an inlined program stand for the equation's; one that the user named gets its name. */
  #results(eqn: AnyEqn, results: readonly Operand[]): void {
    eqn.outputs.forEach((v, i) => {
      if (v.name === undefined) this.#set(v, results[i]);
      else this.lines.push(`const ${this.#define(v)} = ${results[i].text};`);
    });
  }
}

function plain(text: string, v: Var): Operand {
  return { text, dtype: v.aval.dtype, shape: v.aval.shape };
}
const typed = (name: string): string => `${name}: Tensor`;
const tupleType = (n: number): string => `[${Array.from({ length: n }, () => "Tensor").join(", ")}]`;
const tuple = (names: readonly string[]): string => `[${names.join(", ")}]: ${tupleType(names.length)}`;
export const indent = (lines: readonly string[]): string =>
  lines.flatMap((l) => l.split("\n").map((line) => `  ${line}`)).join("\n");

/** `Tensor<[3, 4], "f32">`. */
export function typeText(v: Atom): string {
  return `Tensor<[${v.aval.shape.map((d) => (typeof d === "number" ? d : JSON.stringify(String(d)))).join(", ")}], "${v.aval.dtype}">`;
}
