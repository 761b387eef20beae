/**
 * Core programs as text, in the manner of a jaxpr with typed binders. `parseProgram` reads it back. Functions and lazy
 * programs print as their names, `<print>` and `lazy<f_jvp>`.
 */
import { type Aval, printAval } from "./aval.js";
import { SymDim } from "./dim.js";
import { type AnyEqn, type Atom, isVar, type Literal, type Program, type Var } from "./program.js";

export interface PrintOptions {
  /** Adds the source position of each equation as a comment. */
  readonly spans?: boolean;
}

/** A program as text, one equation a line; `parseProgram` reads it back. */
export function printProgram(program: Program<"core">, options: PrintOptions = {}): string {
  return programLines(program, options).join("\n");
}

/** One equation with its own names; for messages. */
export function printEqn(eqn: AnyEqn, names = new Names()): string {
  return eqnLines(eqn, names, {}).join("\n");
}

/** Names of variables within one program: the user's where there is one, else a, b, c… in order of appearance. */
export class Names {
  readonly #names = new Map<Var, string>();
  readonly #taken = new Set<string>();
  #next = 0;

  of(v: Var): string {
    let name = this.#names.get(v);
    if (name === undefined) {
      name = this.#choose(v);
      this.#names.set(v, name);
      this.#taken.add(name);
    }
    return name;
  }
  #choose(v: Var): string {
    if (v.name !== undefined && isBare(v.name) && !RESERVED.has(v.name)) {
      if (!this.#taken.has(v.name)) return v.name;
      for (let i = 1; ; i++) if (!this.#taken.has(`${v.name}_${i}`)) return `${v.name}_${i}`;
    }
    for (;;) {
      const name = letters(this.#next++);
      if (!this.#taken.has(name) && !RESERVED.has(name)) return name;
    }
  }
}

/** 0 → a, 25 → z, 26 → aa… */
function letters(i: number): string {
  return (i >= 26 ? letters(Math.floor(i / 26) - 1) : "") + String.fromCharCode(97 + (i % 26));
}

/** Words that mean something else where a name may stand. */
const RESERVED: ReadonlySet<string> = new Set(["true", "false", "null", "inf", "nan", "fn", "lazy", "return"]);
/** Parameters that hold dims, whose names stand bare: everywhere else a bare word is a string. */
export const DIM_PARAMS: ReadonlySet<string> = new Set([
  "shape",
  "start",
  "limit",
  "low",
  "high",
  "length",
  "sizes",
  "sliceSizes",
]);

const BARE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const isBare = (text: string): boolean => BARE.test(text);

function programLines(p: Program<"core">, options: PrintOptions): string[] {
  const names = new Names();
  const inputs = p.inputs.map((v) => `${names.of(v)}: ${printAval(v.aval)}`);
  const lines = [`fn ${printWord(p.name)}(${inputs.join(", ")}) {`];
  for (const eqn of p.eqns) for (const line of eqnLines(eqn, names, options)) lines.push(`  ${line}`);
  lines.push(`  return${p.outputs.map((a, i) => `${i === 0 ? " " : ", "}${printAtom(a, names)}`).join("")}`, "}");
  return lines;
}

function eqnLines(eqn: AnyEqn, names: Names, options: PrintOptions): string[] {
  const inputs = eqn.inputs.map((a) => printAtom(a, names)).join(", ");
  const outputs = eqn.outputs.map((v) => `${names.of(v)}: ${printAval(v.aval)}`).join(", ");
  const head = `${outputs === "" ? "" : `${outputs} = `}${eqn.prim}`;
  const params = paramLines(eqn.params, options);
  const span = options.spans ? eqn.span?.resolve() : undefined;
  const tail = `${inputs === "" ? "" : ` ${inputs}`}${span ? `  # ${span.file}:${span.line}:${span.column}` : ""}`;
  if (params.length === 0) return [head + tail];
  if (params.length === 1 && params[0].length === 1) return [`${head}[${params[0][0]}]${tail}`];
  return [`${head}[`, ...params.flat().map((line) => `  ${line}`), `]${tail}`];
}

/** Each parameter as its lines; those that fit on one line come first, together as one. Sorted by name. */
function paramLines(params: object, options: PrintOptions): string[][] {
  const short: string[] = [];
  const long: string[][] = [];
  for (const key of Object.keys(params).sort()) {
    const value = (params as Record<string, unknown>)[key];
    if (value === undefined) continue;
    const lines = valueLines(value, DIM_PARAMS.has(key), options);
    lines[0] = `${key}=${lines[0]}`;
    if (lines.length === 1) short.push(lines[0]);
    else long.push(lines);
  }
  return [...(short.length > 0 ? [[short.join(", ")]] : []), ...long];
}

function valueLines(value: unknown, dims: boolean, options: PrintOptions): string[] {
  if (Array.isArray(value)) {
    const items = value.map((x) => valueLines(x, dims, options));
    if (items.every((lines) => lines.length === 1)) return [`[${items.map((lines) => lines[0]).join(", ")}]`];
    const separated = items.flatMap((lines, i) =>
      i === items.length - 1 ? lines : [...lines.slice(0, -1), `${lines[lines.length - 1]},`],
    );
    return ["[", ...separated.map((line) => `  ${line}`), "]"];
  }
  if (typeof value === "function") return [printName("", value.name)];
  if (typeof value === "object" && value !== null) {
    if (value instanceof SymDim) return [value.toString()];
    if ("phase" in value) return programLines(value as Program<"core">, options);
    if ("get" in value && typeof value.get === "function") {
      return [printName("lazy", "name" in value ? String(value.name) : "")];
    }
    if ("dtype" in value && "shape" in value) return [printAval(value as Aval)];
    const entries = Object.entries(value).filter(([, v]) => v !== undefined);
    return [`{${entries.map(([k, v]) => `${k}=${valueLines(v, false, options).join(" ")}`).join(", ")}}`];
  }
  return [typeof value === "string" ? (dims ? JSON.stringify(value) : printWord(value)) : printNumber(value)];
}

function printName(kind: string, name: string): string {
  return `${kind}<${(name || "function").replace(/[<>\n]/g, "_")}>`;
}
function printWord(text: string): string {
  return isBare(text) && !RESERVED.has(text) ? text : JSON.stringify(text);
}
function printNumber(value: unknown): string {
  if (typeof value !== "number") return String(value);
  if (Object.is(value, -0)) return "-0";
  if (Number.isNaN(value)) return "nan";
  return Number.isFinite(value) ? String(value) : value > 0 ? "inf" : "-inf";
}

function printLiteral({ value, aval }: Literal): string {
  const text =
    aval.dtype === "bool" ? String(Boolean(value)) : printNumber(typeof value === "boolean" ? Number(value) : value);
  return `${text}:${aval.weak ? "~" : ""}${aval.dtype}`;
}
function printAtom(a: Atom, names: Names): string {
  return isVar(a) ? names.of(a) : printLiteral(a);
}
