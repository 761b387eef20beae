/** Reads the text that `printProgram` writes. Types and effects are worked out again and compared with what is written. */
import { fail } from "../diagnostics/error.js";
import { abstractEval } from "./abstract-eval/index.js";
import { type Aval, aval, avalSame, printAval } from "./aval.js";
import type { Dim } from "./dim.js";
import { parseDim } from "./dim-parse.js";
import { type DType, isDType, isFloat, isWide } from "./dtype.js";
import { joinEffects } from "./effects.js";
import { isPrim } from "./ops/families.js";
import type { LazyProgram, Params, Prim } from "./ops/index.js";
import { DIM_PARAMS } from "./print.js";
import { type AnyEqn, type Atom, literal, type Program, Var } from "./program.js";

export interface ParseOptions {
  /** What `<name>` stands for; without one, a placeholder that throws when it is called. */
  readonly functions?: ReadonlyMap<string, (...args: never[]) => unknown>;
  /** What `lazy<name>` stands for. */
  readonly programs?: ReadonlyMap<string, LazyProgram>;
}

/**
 * The program that `text` describes.
 *
 * @throws TW4005 where it cannot be read, and what `abstractEval` throws for equations that do not fit
 */
export function parseProgram(text: string, options: ParseOptions = {}): Program<"core"> {
  const reader = new Reader(text, options);
  const program = reader.program();
  reader.end();
  return program;
}

type Scope = Map<string, Var>;

class Reader {
  #at = 0;
  /** Where the last token ended, before the space that follows it. */
  #last = 0;
  constructor(
    readonly text: string,
    readonly options: ParseOptions,
  ) {
    this.#space();
  }

  program(): Program<"core"> {
    this.#expectWord("fn");
    const name = this.#string();
    const scope: Scope = new Map();
    this.#expect("(");
    const inputs = this.#list(")", () => this.#binder(scope));
    this.#expect("{");
    const eqns: AnyEqn[] = [];
    while (!this.#takeWord("return")) eqns.push(this.#eqn(scope));
    const outputs: Atom[] = [];
    while (!this.#take("}")) {
      outputs.push(this.#atom(scope));
      this.#take(",");
    }
    return { phase: "core", name, inputs, eqns, outputs, effects: joinEffects(...eqns.map((e) => e.effects)) };
  }
  end(): void {
    if (this.#at < this.text.length) this.#wrong("nothing more was expected");
  }

  /** `a: f32[2], b: i32[2] = prim[params] x, y`; without results the primitive stands first. */
  #eqn(scope: Scope): AnyEqn {
    const outputs: Var[] = [];
    const bound = new Map<string, Var>();
    if (this.#hasBinders()) {
      do outputs.push(this.#binder(bound));
      while (this.#take(","));
      this.#expect("=");
    }
    const start = this.#at;
    const prim = this.#word();
    if (!isPrim(prim)) this.#wrong(`${prim} is not a primitive`, start);
    const params: Record<string, unknown> = {};
    if (this.#take("[")) {
      while (!this.#take("]")) {
        const key = this.#word();
        this.#expect("=");
        params[key] = this.#value(DIM_PARAMS.has(key));
        this.#take(",");
      }
    }
    // operands stand on the line of the primitive, or of the bracket that closes the parameters
    const inputs: Atom[] = [];
    if (!this.text.slice(this.#last, this.#at).includes("\n")) {
      do inputs.push(this.#atom(scope));
      while (this.#take(","));
    }
    const avals = inputs.map((a) => a.aval);
    // `never`: which primitive this is was only read now
    const result = abstractEval(prim, avals, params as never);
    const wrong =
      result.outputs.length !== outputs.length || outputs.some((v, i) => !avalSame(v.aval, result.outputs[i]));
    if (wrong) {
      this.#wrong(
        `${prim} gives (${result.outputs.map(printAval).join(", ")}), not (${outputs.map((v) => printAval(v.aval)).join(", ")})`,
        start,
      );
    }
    for (const [name, v] of bound) {
      if (scope.has(name)) this.#wrong(`${name} is defined twice`, start);
      scope.set(name, v);
    }
    return {
      prim,
      inputs,
      params: params as Params<Prim>,
      outputs,
      effects: result.effects,
      span: undefined,
    } as AnyEqn;
  }
  /** A binder is a name and a colon; a primitive is never followed by one. */
  #hasBinders(): boolean {
    return /^[A-Za-z_][A-Za-z0-9_]*\s*:/.test(this.text.slice(this.#at, this.#at + 200));
  }
  #binder(scope: Scope): Var {
    const start = this.#at;
    const name = this.#word();
    this.#expect(":");
    const v = new Var(this.#aval(), name);
    if (scope.has(name)) this.#wrong(`${name} is defined twice`, start);
    scope.set(name, v);
    return v;
  }
  #aval(): Aval {
    const weak = this.#take("~");
    const dtype = this.#dtype();
    this.#expect("[");
    return aval(
      this.#list("]", () => this.#dim()),
      dtype,
      weak,
    );
  }
  #dtype(): DType {
    const start = this.#at;
    const word = this.#word();
    return isDType(word) ? word : this.#wrong(`${word} is not a dtype`, start);
  }

  #atom(scope: Scope): Atom {
    const start = this.#at;
    const m = this.#match(NUMBER) ?? this.#match(/(?:true|false)(?=\s*:)/y);
    if (m !== undefined) {
      this.#expect(":");
      const weak = this.#take("~");
      const dtype = this.#dtype();
      return literal(literalValue(m, dtype) ?? this.#wrong(`${m} is not a ${dtype}`, start), aval([], dtype, weak));
    }
    const name = this.#word();
    return scope.get(name) ?? this.#wrong(`${name} is not defined`, start);
  }

  #value(dims: boolean): unknown {
    if (this.#take("[")) return this.#list("]", () => this.#value(dims));
    if (dims) return this.#dim();
    if (this.#take("{")) {
      const object: Record<string, unknown> = {};
      this.#list("}", () => {
        const key = this.#word();
        this.#expect("=");
        object[key] = this.#value(false);
      });
      return object;
    }
    if (this.text.startsWith('"', this.#at)) return this.#string();
    const number = this.#match(NUMBER);
    if (number !== undefined) return toNumber(number);
    const name = this.#match(/<[^<>\n]*>/y);
    if (name !== undefined) return this.#functionNamed(name.slice(1, -1));
    const lazy = this.#match(/lazy<[^<>\n]*>/y);
    if (lazy !== undefined) return this.#programNamed(lazy.slice(5, -1));
    if (/^fn[\s"]/.test(this.text.slice(this.#at, this.#at + 3))) return this.program();
    if (/^~?[a-z0-9]+\[/.test(this.text.slice(this.#at, this.#at + 8))) return this.#aval();
    const word = this.#word();
    return word === "true" ? true : word === "false" ? false : word === "null" ? null : word;
  }
  #functionNamed(name: string): unknown {
    const known = this.options.functions?.get(name);
    if (known) return known;
    const placeholder = (): never =>
      fail("TW4005", `the function ${name} was not in the program's text`, {
        help: "give it to parseProgram (functions)",
      });
    Object.defineProperty(placeholder, "name", { value: name });
    return placeholder;
  }
  #programNamed(name: string): LazyProgram {
    const get = (): never =>
      fail("TW4005", `the lazy program ${name} was not in the program's text`, {
        help: "give it to parseProgram (programs)",
      });
    return this.options.programs?.get(name) ?? { name, get };
  }

  /** A dim reaches to the comma or bracket that is not inside of its own parentheses. */
  #dim(): Dim {
    const start = this.#at;
    let depth = 0;
    for (; this.#at < this.text.length; this.#at++) {
      const c = this.text[this.#at];
      if (c === "(") depth++;
      else if (c === ")") depth--;
      else if (c === "\n" || (depth === 0 && (c === "," || c === "]"))) break;
    }
    const d = parseDim(this.text.slice(start, this.#at));
    this.#space();
    return d;
  }

  // Characters

  #list<T>(close: string, item: () => T): T[] {
    const items: T[] = [];
    while (!this.#take(close)) {
      items.push(item());
      this.#take(",");
    }
    return items;
  }
  #space(): void {
    this.#last = this.#at;
    SPACE.lastIndex = this.#at;
    SPACE.exec(this.text);
    this.#at = SPACE.lastIndex;
  }
  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const m = pattern.exec(this.text);
    if (!m) return undefined;
    this.#at += m[0].length;
    this.#space();
    return m[0];
  }
  #take(token: string): boolean {
    if (!this.text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    this.#space();
    return true;
  }
  #takeWord(word: string): boolean {
    const start = this.#at;
    if (this.#match(WORD) === word) return true;
    this.#at = start;
    return false;
  }
  #expect(token: string): void {
    if (!this.#take(token)) this.#wrong(`${token} is missing`);
  }
  #expectWord(word: string): void {
    if (!this.#takeWord(word)) this.#wrong(`${word} is missing`);
  }
  #word(): string {
    return this.#match(WORD) ?? this.#wrong("a name is missing");
  }
  #string(): string {
    const quoted = this.#match(/"(?:[^"\\\n]|\\.)*"/y);
    return quoted === undefined ? this.#word() : (JSON.parse(quoted) as string);
  }
  #wrong(why: string, at = this.#at): never {
    const line = this.text.slice(0, at).split("\n").length;
    const shown = this.text.split("\n")[line - 1]?.trim() ?? "";
    return fail("TW4005", `line ${line} of the program's text: ${why}`, {
      help: shown === "" ? "the text ends too early" : `look at: ${shown}`,
    });
  }
}

const SPACE = /(?:\s|#[^\n]*)*/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /-?(?:\d+(?:\.\d+)?(?:e[-+]?\d+)?|(?:inf|nan)(?![A-Za-z0-9_]))/y;

function toNumber(text: string): number {
  const digits = text.startsWith("-") ? text.slice(1) : text;
  const magnitude = digits === "inf" ? Number.POSITIVE_INFINITY : digits === "nan" ? Number.NaN : Number(digits);
  return text.startsWith("-") ? -magnitude : magnitude;
}
function literalValue(text: string, dtype: DType): number | bigint | boolean | undefined {
  if (dtype === "bool") return text === "true" ? true : text === "false" ? false : undefined;
  if (text === "true" || text === "false") return undefined;
  if (isWide(dtype)) return /^-?\d+$/.test(text) ? BigInt(text) : undefined;
  const n = toNumber(text);
  return isFloat(dtype) || Number.isInteger(n) ? n : undefined;
}
