/** Core programs as the bodies of TypeScript functions. */
import { fail, internal } from "../../diagnostics/error.js";
import { NO_EFFECTS } from "../../ir/effects.js";
import { type AnyEqn, type Atom, isVar, type Program, type Var } from "../../ir/program.js";
import { key, Names, wordOf } from "./names.js";
import { numeral, scalarText } from "./numerals.js";
import { type Operand, spell } from "./spell.js";
import { narrowed } from "./stretch.js";

type Core = Program<"core">;

/** Longer expressions are statements of their own. */
const INLINE = 64;
/** Calls that are longer have each argument on a line of its own. */
const WIDTH = 100;

/** Variables of a loop's step: what each is called inside, and by what name it goes in and out. */
interface Slot {
  readonly key: string;
  readonly name: string;
  readonly v: Var;
}

/** Statements of one block, and what its variables are called. */
export class Body {
  readonly lines: string[] = [];
  readonly #known = new Map<Var, Operand>();
  #uses: ReadonlyMap<Atom, number> = new Map();
  #results: ReadonlySet<Atom> = new Set();

  constructor(
    readonly names: Names,
    readonly types: boolean,
    /** The body of a function inside of the printed one. */
    readonly nested = false,
  ) {}

  operand(a: Atom): Operand {
    if (isVar(a)) return this.#known.get(a) ?? internal("printSource: a variable without a name");
    const { value, aval } = a;
    return { text: scalarText(value, aval.dtype), number: numeral(value, aval.dtype), dtype: aval.dtype, shape: [] };
  }

  /** The program's statements with these operands for its inputs; what its results are called. */
  inline(program: Core, args: readonly Operand[]): Operand[] {
    const before = [this.#uses, this.#results] as const;
    program.inputs.forEach((v, i) => this.#known.set(v, args[i]));
    this.#uses = usesOf(program);
    this.#results = new Set(program.outputs);
    for (const eqn of program.eqns) this.#equation(eqn);
    [this.#uses, this.#results] = before;
    return program.outputs.map((a) => this.operand(a));
  }

  #equation(eqn: AnyEqn): void {
    const xs = eqn.inputs.map((a) => this.operand(a));
    switch (eqn.prim) {
      case "debug_callback":
        this.lines.push(
          `// here ${eqn.params.callback.name || "a callback"} is called with ${xs.map((x) => x.text).join(", ")}`,
        );
        return;
      case "call":
        this.#results_(eqn, this.inline(eqn.params.program, xs));
        return;
      case "custom_jvp_call":
      case "custom_vjp_call":
        this.#results_(eqn, this.inline(eqn.params.primal, xs));
        return;
      case "checkpoint":
        this.#checkpoint(eqn, xs);
        return;
      case "custom_linear_solve": {
        const { counts, solve } = eqn.params;
        const from = counts[0] + counts[1];
        const b = xs.slice(counts.reduce((m, n) => m + n, 0));
        this.#results_(eqn, this.inline(solve, [...xs.slice(from, from + counts[2]), ...b]));
        return;
      }
      case "cond":
        this.#cond(eqn, xs);
        return;
      case "while":
        this.#while(eqn, xs);
        return;
      case "scan":
        this.#scan(eqn, xs);
        return;
      default:
        this.#plain(eqn, xs);
    }
  }

  #plain(eqn: AnyEqn, xs: readonly Operand[]): void {
    const [v] = eqn.outputs;
    const own = { dtype: v.aval.dtype, shape: v.aval.shape };
    // weakness has no meaning any more, and what is stretched by itself needs no statement
    if (eqn.prim === "convert_element_type" && xs[0].dtype === v.aval.dtype && v.name === undefined) {
      this.#known.set(v, xs[0]);
      return;
    }
    const written = spell(eqn, xs);
    const extra = narrowed(eqn, xs, written);
    const single = eqn.outputs.length === 1 && eqn.prim !== "sort" && eqn.prim !== "optimization_barrier";
    if (single && eqn.effects === NO_EFFECTS && (extra?.number !== undefined || this.#isPart(v, written.text))) {
      this.#known.set(v, { ...written, ...own, ...extra });
      return;
    }
    const out = eqn.outputs.map((o) => this.#define(o));
    const type = this.types && single ? `: ${typeText(v)}` : "";
    this.#push(`const ${single ? out[0] : `[${out.join(", ")}]`}${type} = ${written.text};`);
  }

  /** Whether a value stands where it is used: what the user named has a statement, as long as it can have its name. */
  #isPart(v: Var, text: string): boolean {
    if (this.#uses.get(v) !== 1 || text.length > INLINE || text.includes("\n")) return false;
    return v.name === undefined || !this.names.isFree(v.name) || (this.nested && this.#results.has(v));
  }

  #checkpoint(eqn: Extract<AnyEqn, { prim: "checkpoint" }>, xs: readonly Operand[]): void {
    const { program } = eqn.params;
    const inner = new Body(this.names.inner([]), this.types, true);
    const parameters = program.inputs.map((v) => inner.names.take(v.name));
    const results = inner.inline(
      program,
      parameters.map((text, i) => plain(text, program.inputs[i])),
    );
    const slots = this.#outSlots(eqn.outputs, program.outputs);
    const f = arrow(`(${parameters.map((p) => `${p}: Tensor`).join(", ")})`, inner.lines, valueOf(slots, results));
    this.#results_(eqn, [], `checkpoint(${f})(${xs.map((x) => x.text).join(", ")})`, slots);
  }

  #cond(eqn: Extract<AnyEqn, { prim: "cond" }>, xs: readonly Operand[]): void {
    const { branches } = eqn.params;
    const [index, ...operands] = xs;
    const slots = this.#outSlots(eqn.outputs, branches[0].outputs);
    const written = branches.map((p) => {
      const inner = new Body(this.names.inner(operands.map((o) => o.text)), this.types, true);
      const results = inner.inline(p, operands);
      return arrow("()", inner.lines, valueOf(slots, results));
    });
    const isCond = index.dtype === "bool" && branches.length === 2;
    const text = isCond
      ? callText("cond", [index.text, written[1], written[0]])
      : callText("switchCase", [index.text, listText(written)]);
    this.#results_(eqn, [], text, slots);
  }

  #while(eqn: Extract<AnyEqn, { prim: "while" }>, xs: readonly Operand[]): void {
    const { cond: test, body, condConsts, bodyConsts } = eqn.params;
    const init = xs.slice(condConsts + bodyConsts);
    const keys = keysOf(body.inputs.slice(bodyConsts), body.outputs, eqn.outputs);
    const part = (p: Core, consts: readonly Operand[]): { inner: Body; slots: Slot[]; results: Operand[] } => {
      const inner = new Body(this.names.inner(consts.map((o) => o.text)), this.types, true);
      const slots = slotsOf(inner.names, p.inputs.slice(consts.length), keys, usesOf(p));
      return { inner, slots, results: inner.inline(p, [...consts, ...slots.map((s) => plain(s.name, s.v))]) };
    };
    const tested = part(test, xs.slice(0, condConsts));
    const done = part(body, xs.slice(condConsts, condConsts + bodyConsts));
    const text = callText("whileLoop", [
      arrow(`(${pattern(tested.slots, usesOf(test))})`, tested.inner.lines, tested.results[0].text),
      arrow(`(${pattern(done.slots, usesOf(body))})`, done.inner.lines, valueOf(done.slots, done.results)),
      valueOf(done.slots, init),
    ]);
    const out = slotsOf(this.names, eqn.outputs, keys, this.#uses);
    this.#push(`const ${pattern(out, this.#uses)} = ${text};`);
    this.#bind(out);
  }

  #scan(eqn: Extract<AnyEqn, { prim: "scan" }>, xs: readonly Operand[]): void {
    const { body, length, reverse, numConsts, numCarry } = eqn.params;
    if (typeof length !== "number") fail("TW4006", "printSource: a scan over a named size cannot be written", {});
    const consts = xs.slice(0, numConsts);
    const init = xs.slice(numConsts, numConsts + numCarry);
    const over = xs.slice(numConsts + numCarry);
    const inner = new Body(this.names.inner(consts.map((o) => o.text)), this.types, true);
    const carryVars = body.inputs.slice(numConsts, numConsts + numCarry);
    const used = usesOf(body);
    const carry = slotsOf(inner.names, carryVars, keysOf(carryVars, body.outputs, eqn.outputs), used);
    const elementVars = body.inputs.slice(numConsts + numCarry);
    // a slice of `xs` is an `x`
    const elementKeys = elementVars.map((v, i) => wordOf(v.name) ?? singular(over[i].text));
    const elements = slotsOf(inner.names, elementVars, distinct(elementKeys, "x"), used);
    const results = inner.inline(body, [...consts, ...[...carry, ...elements].map((s) => plain(s.name, s.v))]);

    // what is stacked of `h` is called `hs`
    const stacked = eqn.outputs.slice(numCarry);
    const made = body.outputs.slice(numCarry);
    const plural = (a: Atom): string | undefined => {
      const word = isVar(a) ? wordOf(a.name) : undefined;
      return word === undefined || word.endsWith("s") ? word : `${word}s`;
    };
    const yKeys = distinct(
      stacked.map((v, i) => wordOf(v.name) ?? plural(made[i])),
      "y",
    );
    const out = slotsOf(
      this.names,
      eqn.outputs.slice(0, numCarry),
      carry.map((s) => s.key),
      this.#uses,
    );
    const ys = slotsOf(this.names, stacked, yKeys, this.#uses);
    const value = `[${valueOf(carry, results.slice(0, numCarry))}, ${valueOf(ys, results.slice(numCarry))}]`;
    const parameters = [pattern(carry, used) || "_", pattern(elements, used)].filter((p) => p !== "");
    const options = [...(over.length === 0 ? [`length: ${length}`] : []), ...(reverse ? ["reverse: true"] : [])];
    const text = callText("scan", [
      arrow(`(${parameters.join(", ")})`, inner.lines, value),
      valueOf(carry, init),
      valueOf(elements, over),
      ...(options.length > 0 ? [`{ ${options.join(", ")} }`] : []),
    ]);
    const [first, second] = [pattern(out, this.#uses), pattern(ys, this.#uses)];
    this.#push(`const [${first}${second ? `, ${second}` : ""}] = ${text};`);
    this.#bind([...out, ...ys]);
  }

  /** The results of an inlined program stand for the equation's; one that the user named gets its name. */
  #results_(eqn: AnyEqn, results: readonly Operand[], call?: string, slots: readonly Slot[] = []): void {
    if (call !== undefined) {
      const left = pattern(slots, this.#uses);
      this.#push(left === "" ? `${call};` : `const ${left} = ${call};`);
      this.#bind(slots);
      return;
    }
    eqn.outputs.forEach((v, i) => {
      if (v.name === undefined || !this.names.isFree(v.name)) this.#known.set(v, results[i]);
      else this.#push(`const ${this.#define(v)} = ${results[i].text};`);
    });
  }

  /** Results of a branch or a checkpoint, called as they are outside or else as inside. */
  #outSlots(outputs: readonly Var[], inside: readonly Atom[]): Slot[] {
    const keys = outputs.map((v, i) => {
      const a = inside[i];
      return wordOf(v.name) ?? (isVar(a) ? wordOf(a.name) : undefined);
    });
    return slotsOf(this.names, outputs, distinct(keys, "y"), this.#uses);
  }

  #bind(slots: readonly Slot[]): void {
    for (const { v, name } of slots) this.#known.set(v, plain(name, v));
  }
  #define(v: Var): string {
    const name = this.names.take(v.name);
    this.#known.set(v, plain(name, v));
    return name;
  }
  #push(text: string): void {
    this.lines.push(...text.split("\n"));
  }
}

function usesOf(program: Core): ReadonlyMap<Atom, number> {
  const uses = new Map<Atom, number>();
  const use = (a: Atom): void => void uses.set(a, (uses.get(a) ?? 0) + 1);
  for (const eqn of program.eqns) eqn.inputs.forEach(use);
  program.outputs.forEach(use);
  return uses;
}

/** The names by which a loop's values go round: those of its variables. */
function keysOf(inside: readonly Var[], next: readonly Atom[], outside: readonly Var[]): string[] {
  const nameOf = (a: Atom): string | undefined => (isVar(a) ? wordOf(a.name) : undefined);
  return distinct(
    inside.map((v, i) => wordOf(v.name) ?? nameOf(next[i]) ?? wordOf(outside[i].name)),
    "t",
  );
}

/** What an element of a variable is called. */
function singular(text: string): string | undefined {
  if (!/^[\p{ID_Continue}$.]+$/u.test(text) || /^t\d+$/.test(text)) return undefined;
  return wordOf(text)?.replace(/(?<=.)s$/, "");
}

function distinct(words: readonly (string | undefined)[], other: string): string[] {
  const seen = new Set<string>();
  return words.map((word) => {
    const base = word ?? other;
    let name = base;
    for (let i = 2; seen.has(name); i++) name = `${base}${i}`;
    seen.add(name);
    return name;
  });
}

/** With `uses`, only those that are used get a name. */
function slotsOf(
  names: Names,
  vars: readonly Var[],
  keys: readonly string[],
  uses?: ReadonlyMap<Atom, number>,
): Slot[] {
  return vars.map((v, i) => ({ v, key: keys[i], name: uses && !uses.get(v) ? keys[i] : names.take(keys[i]) }));
}

/** The pattern that takes values apart: a name for one, an object for several; nothing where none is used. */
function pattern(slots: readonly Slot[], uses: ReadonlyMap<Atom, number>): string {
  const used = slots.filter((s) => uses.get(s.v));
  if (used.length === 0) return "";
  if (slots.length === 1) return slots[0].name;
  return `{ ${used.map((s) => (s.key === s.name ? s.key : `${key(s.key)}: ${s.name}`)).join(", ")} }`;
}

/** The values that a pattern takes apart. */
function valueOf(slots: readonly Slot[], values: readonly Operand[]): string {
  if (values.length === 0) return "null";
  if (values.length === 1) return values[0].text;
  const fields = values.map(({ text }, i) => (text === slots[i].key ? text : `${key(slots[i].key)}: ${text}`));
  const line = `{ ${fields.join(", ")} }`;
  return line.length <= 80 ? line : `{\n${indent(fields.map((f) => `${f},`))}\n}`;
}

function plain(text: string, v: Var): Operand {
  return { text, dtype: v.aval.dtype, shape: v.aval.shape };
}

function arrow(parameters: string, lines: readonly string[], value: string): string {
  if (lines.length === 0) return `${parameters} => ${value.startsWith("{") ? `(${value})` : value}`;
  return `${parameters} => {\n${indent([...lines, `return ${value};`])}\n}`;
}

function callText(f: string, args: readonly string[]): string {
  const line = `${f}(${args.join(", ")})`;
  return line.length <= WIDTH && !line.includes("\n") ? line : `${f}(\n${indent(args.map((a) => `${a},`))}\n)`;
}
function listText(items: readonly string[]): string {
  const line = `[${items.join(", ")}]`;
  return line.length <= WIDTH && !line.includes("\n") ? line : `[\n${indent(items.map((a) => `${a},`))}\n]`;
}

export const indent = (lines: readonly string[]): string =>
  lines.flatMap((l) => l.split("\n").map((line) => `  ${line}`)).join("\n");

/** `Tensor<[3, 4], "f32">`. */
export function typeText(v: Atom): string {
  return `Tensor<[${v.aval.shape.map((d) => (typeof d === "number" ? d : JSON.stringify(String(d)))).join(", ")}], "${v.aval.dtype}">`;
}
