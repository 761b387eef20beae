/** Random functions in the language of staged source, as text: what JavaScript can write over numbers. */
import { Rng } from "../../laws/random.js";

export interface Options {
  readonly seed: number;
  /** The arguments are i32, and so is all arithmetic. */
  readonly integer?: boolean;
  /** Loops without a bound that the program shows. */
  readonly unbounded?: boolean;
  /** Names of the arguments; those of `fixed` are JavaScript's own numbers when the function is traced. */
  readonly args?: readonly string[];
  readonly fixed?: readonly string[];
  readonly statements?: number;
}

type Kind = "number" | "boolean" | "list" | "object" | "function";
interface Variable {
  readonly name: string;
  readonly kind: Kind;
  readonly mutable: boolean;
  /** Elements of a list, parameters of a function. */
  readonly size: number;
  /** A function that assigns variables around it. */
  readonly effects: boolean;
  /** The function whose variable it is. */
  readonly owner: number;
}
interface Loop {
  readonly label: string | undefined;
  /** The index of a range: a whole number that only the run knows. */
  readonly index: string | undefined;
  readonly steps: boolean;
}
interface Place {
  readonly variables: readonly Variable[][];
  readonly loops: readonly Loop[];
  readonly depth: number;
  /** An expression both of whose sides are computed, or a condition: nothing is assigned there. */
  readonly pure: boolean;
  readonly owner: number;
  /** A function that may assign nothing but its own variables. */
  readonly closed: boolean;
  /** Steps of the unrolled loops around. */
  readonly unrolled: number;
}

export function randomSource(options: Options): string {
  return new Generator(options).source();
}

class Generator {
  readonly #rng: Rng;
  readonly #o: Options;
  #names = 0;
  #budget: number;
  constructor(options: Options) {
    this.#rng = new Rng(options.seed);
    this.#o = options;
    this.#budget = options.statements ?? 14;
  }

  source(): string {
    const args = this.#o.args ?? ["x", "y"];
    const variables = args.map((name) => this.#variable(name, "number", !this.#o.fixed?.includes(name), 0));
    const place: Place = {
      variables: [variables],
      loops: [],
      depth: 0,
      pure: false,
      owner: 0,
      closed: false,
      unrolled: 1,
    };
    const start = this.#o.integer ? "" : `const zero = ${args[0]} * 0; `;
    const body = `{ ${start}${this.#body(place, this.#budget).slice(2)}`;
    const { rng } = this;
    return rng.chance(0.5) ? `(${args.join(", ")}) => ${body}` : `function f(${args.join(", ")}) ${body}`;
  }
  private get rng(): Rng {
    return this.#rng;
  }

  #fresh(prefix: string): string {
    return `${prefix}${this.#names++}`;
  }
  #variable(name: string, kind: Kind, mutable: boolean, owner: number, size = 0, effects = false): Variable {
    return { name, kind, mutable, owner, size, effects };
  }
  #visible(p: Place, test: (v: Variable) => boolean): Variable[] {
    const seen = new Set<string>();
    const out: Variable[] = [];
    for (const block of [...p.variables].reverse()) {
      for (const v of [...block].reverse()) {
        if (seen.has(v.name)) continue;
        seen.add(v.name);
        if (test(v)) out.push(v);
      }
    }
    return out;
  }
  /** Variables that may be assigned here. */
  #targets(p: Place, kind: Kind): Variable[] {
    if (p.pure) return [];
    return this.#visible(p, (v) => v.kind === kind && v.mutable && (!p.closed || v.owner === p.owner));
  }
  #inner(p: Place, more: Partial<Place> = {}): Place {
    return { ...p, variables: [...p.variables, []], depth: p.depth + 1, ...more };
  }
  #declare(p: Place, v: Variable): void {
    p.variables[p.variables.length - 1].push(v);
  }

  // ---- expressions

  #constant(): string {
    const { rng } = this;
    if (this.#o.integer) return String(rng.int(-5, 9)).replace(/^(-.*)$/, "($1)");
    if (rng.chance(0.3)) return String(rng.int(0, 3));
    const c = rng.int(-48, 48) / 16;
    return c < 0 ? `(${c})` : String(c);
  }
  #leaf(p: Place): string {
    const { rng } = this;
    const numbers = this.#visible(p, (v) => v.kind === "number");
    if (numbers.length === 0 || rng.chance(0.2)) return this.#constant();
    // variables of inner blocks more often
    return numbers[Math.min(rng.int(0, numbers.length - 1), rng.int(0, numbers.length - 1))].name;
  }

  number(p: Place, depth = 2): string {
    const { rng } = this;
    if (depth <= 0 || rng.chance(0.2)) return this.#leaf(p);
    const e = (): string => this.number(p, depth - 1);
    const side = (): string => this.number({ ...p, pure: true }, depth - 1);
    switch (rng.int(0, 15)) {
      case 0:
      case 1:
      case 2:
        return `(${e()} ${rng.pick(["+", "-"])} ${e()})`;
      case 3:
        return this.#o.integer ? `((${e()} * ${e()}) % ${rng.int(7, 99)})` : `(${e()} * ${e()})`;
      case 4:
        return this.#o.integer ? `(${e()} % ${rng.int(2, 9)})` : `(${e()} / ${rng.pick(["2", "4", "1.25", "8"])})`;
      case 5:
        return `(${this.condition(p, depth - 1)} ? ${side()} : ${side()})`;
      case 6:
        return this.#math(p, depth);
      case 7:
        return this.#element(p) ?? e();
      case 8:
        return this.#call(p, depth) ?? e();
      case 9:
        return rng.chance(0.5) ? `(- ${e()})` : `(+ ${e()})`;
      case 10:
        return this.#o.integer ? this.#bits(p, depth) : `Math.tanh(${e()})`;
      case 11:
        return rng.chance(0.3) ? `(${e()} ${rng.pick(["&&", "||", "??"])} ${side()})` : `(${e()} + ${e()})`;
      case 12:
        return this.#assignment(p, depth) ?? e();
      case 13:
        return rng.chance(0.4)
          ? `((${rng.pick(["a", "b"])}, ...r) => ${e()} + r.length)(${e()}, ${e()})`
          : `[${e()}, ${e()}].${rng.pick(["reduce((a, b) => a + b, 0)", "map((v) => v + 1)[1]", "at(-1)", "length"])}`;
      case 14:
        return rng.chance(0.3) ? `\`k\${${rng.int(0, 9)}}\`.length` : e();
      default:
        return this.#leaf(p);
    }
  }
  #math(p: Place, depth: number): string {
    const { rng } = this;
    const e = (): string => this.number(p, depth - 1);
    if (this.#o.integer)
      return rng.pick([
        () => `Math.abs(${e()})`,
        () => `Math.max(${e()}, ${e()})`,
        () => `Math.min(${e()}, ${e()}, 9)`,
      ])();
    return rng.pick([
      () => `Math.sin(${e()})`,
      () => `Math.cos(${e()})`,
      () => `Math.abs(${e()})`,
      () => `Math.max(${e()}, ${e()})`,
      () => `Math.min(${e()}, ${this.#constant()}, ${e()})`,
      () => `Math.exp(-Math.abs(${e()}))`,
      () => `Math.sqrt(1 + ${e()} ** 2)`,
      () => `Math.log1p(Math.abs(${e()}))`,
      () => `Math.atan2(${e()}, 2)`,
      () => `Math.hypot(${e()}, 1)`,
      () => `Math.floor(${e()})`,
      () => `Math.round(${e()})`,
      () => `Math.sign(${e()})`,
      () => `Math.trunc(${e()})`,
    ])();
  }
  #bits(p: Place, depth: number): string {
    const { rng } = this;
    const e = (): string => this.number(p, depth - 1);
    return rng.pick([
      () => `(${e()} ${rng.pick(["&", "|", "^"])} ${e()})`,
      () => `((${e()} & 15) << ${rng.int(0, 3)})`,
      () => `(${e()} >> ${rng.int(0, 3)})`,
      () => `(~${e()})`,
    ])();
  }
  #element(p: Place): string | undefined {
    const { rng } = this;
    const containers = this.#visible(p, (v) => v.kind === "list" || v.kind === "object");
    const index = p.loops.find((l) => l.index !== undefined)?.index;
    if (index && rng.chance(0.3))
      return `[${this.#constant()}, ${this.#constant()}, ${this.#constant()}][${index} % 3]`;
    if (containers.length === 0) return undefined;
    const c = rng.pick(containers);
    if (c.kind === "list") return rng.chance(0.8) ? `${c.name}[${rng.int(0, c.size - 1)}]` : `${c.name}.length`;
    return rng.pick([`${c.name}.a`, `${c.name}.b[${rng.int(0, 1)}]`, `${c.name}["a"]`, `(${c.name}?.a ?? 1)`]);
  }
  #call(p: Place, depth: number): string | undefined {
    const { rng } = this;
    const functions = this.#visible(p, (v) => v.kind === "function" && !(v.effects && (p.pure || p.closed)));
    if (functions.length === 0) return undefined;
    const f = rng.pick(functions);
    const args = Array.from({ length: f.size }, () => this.number({ ...p, pure: true }, depth - 1));
    return rng.chance(0.2) ? `${f.name}(...[${args.join(", ")}])` : `${f.name}(${args.join(", ")})`;
  }
  /** An assignment as an expression. */
  #assignment(p: Place, depth: number): string | undefined {
    const { rng } = this;
    const targets = this.#targets(p, "number");
    if (targets.length === 0) return undefined;
    const { name } = rng.pick(targets);
    return rng.pick([
      () => `${name}++`,
      () => `--${name}`,
      () => `(${name} = ${this.number(p, depth - 1)})`,
      () => `(${name} ${rng.pick(["+=", "-="])} ${this.number(p, depth - 1)})`,
    ])();
  }

  condition(p: Place, depth = 1): string {
    const { rng } = this;
    const q = { ...p, pure: true };
    const compare = (): string => {
      const [a, op, b] = [
        this.number(q, depth),
        rng.pick(["<", "<=", ">", ">=", "<", ">", "===", "!=="]),
        this.number(q, 1),
      ];
      // TypeScript takes `a < (b > (c))` for a call with type arguments
      return op === "<" && b.includes(">") ? `${b} > ${a}` : `${a} ${op} ${b}`;
    };
    if (depth <= 0) return `(${compare()})`;
    const flags = this.#visible(p, (v) => v.kind === "boolean");
    switch (rng.int(0, 8)) {
      case 0:
        return `(${this.condition(q, depth - 1)} && ${this.condition(q, depth - 1)})`;
      case 1:
        return `(${this.condition(q, depth - 1)} || ${this.condition(q, depth - 1)})`;
      case 2:
        return `(!${this.condition(q, depth - 1)})`;
      case 3:
        return flags.length > 0 ? `(${rng.pick(flags).name})` : `(${compare()})`;
      case 4:
        return rng.chance(0.2) ? `(${this.number(q, 1)})` : `(${compare()})`;
      case 5:
        return rng.chance(0.2)
          ? `(${rng.pick(["true", "false", '"a" === "a"', 'typeof 1 === "string"'])})`
          : `(${compare()})`;
      default:
        return `(${compare()})`;
    }
  }

  // ---- statements

  /** The body of a function: it returns a number at the end. */
  #body(p: Place, count: number): string {
    const own = this.#inner(p);
    return `{ ${this.#statements(own, count)} return ${this.number(own, 2)} + ${this.#leaf(own)}; }`;
  }
  #statements(p: Place, count: number): string {
    const out: string[] = [];
    for (let i = 0; i < count && this.#budget > 0; i++) {
      this.#budget--;
      out.push(this.#statement(p));
    }
    return out.join(" ");
  }
  #block(p: Place, more: Partial<Place> = {}, end = ""): string {
    const own = this.#inner(p, more);
    const text = this.#statements(own, this.rng.int(1, 3));
    return `{ ${text}${end ? ` ${end}` : ""} }`;
  }

  #statement(p: Place): string {
    const { rng } = this;
    const deep = p.depth >= 5;
    const roll = rng.int(0, 27);
    if (roll < 5) return this.#declaration(p);
    if (roll < 9) return this.#assign(p);
    if (roll < 11) return this.#jump(p);
    if (deep) return this.#assign(p);
    if (roll < 15) return this.#if(p);
    if (roll < 16) return this.#switch(p);
    if (roll < 18) return this.#range(p);
    if (roll < 19) return this.#ofList(p);
    if (roll < 20) return this.#counted(p);
    if (roll < 22) return this.#while(p);
    if (roll < 24) return this.#function(p);
    if (roll < 25) return this.#shadow(p);
    if (roll < 26) return this.#collect(p);
    return this.#container(p);
  }

  #declaration(p: Place): string {
    const { rng } = this;
    const word = rng.pick(["let", "let", "const"]);
    const mutable = word === "let";
    const declare = (name: string, kind: Kind = "number", size = 0): void =>
      this.#declare(p, this.#variable(name, kind, mutable, p.owner, size));
    const one = this.#fresh("v");
    switch (rng.int(0, 7)) {
      case 0: {
        const text = `${word} ${one} = ${this.condition(p, 1)};`;
        declare(one, "boolean");
        return text;
      }
      case 1: {
        const two = this.#fresh("v");
        const text = `${word} [${one}, ${two} = ${this.number(p, 1)}] = [${this.number(p, 1)}${rng.chance(0.5) ? `, ${this.number(p, 1)}` : ""}];`;
        declare(one);
        declare(two);
        return text;
      }
      case 2: {
        const two = this.#fresh("v");
        const text = `${word} { a: ${one}, b: { c: ${two} = ${this.number(p, 1)} } = {}, ...rest${two} } = { a: ${this.number(p, 1)}${rng.chance(0.5) ? `, b: { c: ${this.number(p, 1)} }` : ""}, d: 1 };`;
        declare(one);
        declare(two);
        return text;
      }
      case 3: {
        // declared first, set on both ways
        const text = `let ${one}; if ${this.condition(p, 1)} ${one} = ${this.number({ ...p, pure: true }, 2)}; else { ${one} = ${this.number({ ...p, pure: true }, 1)}; }`;
        this.#declare(p, this.#variable(one, "number", true, p.owner));
        return text;
      }
      default: {
        const text = `${word} ${one} = ${this.number(p, 2)};`;
        declare(one);
        return text;
      }
    }
  }

  #assign(p: Place): string {
    const { rng } = this;
    const targets = this.#targets(p, "number");
    const flags = this.#targets(p, "boolean");
    if (flags.length > 0 && rng.chance(0.15)) return `${rng.pick(flags).name} = ${this.condition(p, 1)};`;
    if (targets.length === 0) return this.#declaration(p);
    const a = rng.pick(targets).name;
    const b = rng.pick(targets).name;
    const c = this.#constant();
    const integer = this.#o.integer === true;
    switch (rng.int(0, 8)) {
      case 0:
        return `[${a}, ${b}] = [${b}, ${a}];`;
      case 1:
        return `${a}${rng.pick(["++", "--"])};`;
      case 2:
        return integer
          ? `${a} ${rng.pick(["&=", "|=", "^=", "%="])} ${rng.int(2, 40)};`
          : `${a} ${rng.pick(["*=", "/="])} ${rng.pick(["0.5", "2", "1.25"])};`;
      case 3:
        return `${a} ${rng.pick(["+=", "-="])} ${this.number(p, 2)};`;
      case 4:
        return `({ q: ${a}, r: ${b} = ${c} } = { q: ${this.number(p, 1)} });`;
      case 5:
        return rng.chance(0.5)
          ? `${a} ${rng.pick(["&&=", "||=", "??="])} ${this.number({ ...p, pure: true }, 1)};`
          : `${a} = ${b} + ${c};`;
      default:
        return `${a} = ${this.number(p, 2)};`;
    }
  }

  #jump(p: Place): string {
    const { rng } = this;
    const loops = p.loops;
    const test = this.condition(p, 1);
    if (loops.length === 0 || rng.chance(0.3))
      return rng.chance(0.9)
        ? `if ${test} return ${this.number(p, 1)};`
        : `if ${test} { ${this.#statements(this.#inner(p), 1)} return ${this.number(p, 1)}; }`;
    const loop = rng.pick(loops);
    const last = loops[loops.length - 1];
    const label = loop !== last || rng.chance(0.2) ? loop.label : undefined;
    const word =
      loop === last || label ? rng.pick(loop.steps || last.steps ? ["break", "continue"] : ["break"]) : "break";
    const jump = label === undefined ? (last.steps ? word : "break") : `${loop.steps ? word : "break"} ${label}`;
    if (rng.chance(0.08)) return `${jump};`;
    return rng.chance(0.7) ? `if ${test} ${jump};` : `if ${test} { ${this.#statements(this.#inner(p), 1)} ${jump}; }`;
  }

  #if(p: Place): string {
    const { rng } = this;
    const then = rng.chance(0.2)
      ? this.#assign(p)
      : this.#block(p, {}, rng.chance(0.15) ? `return ${this.number(p, 1)};` : "");
    let text = `if ${this.condition(p, 2)} ${/^(let|const|\()/.test(then) ? `{ ${then} }` : then}`;
    if (rng.chance(0.25)) text += ` else if ${this.condition(p, 1)} ${this.#block(p)}`;
    if (rng.chance(0.5)) text += ` else ${this.#block(p, {}, rng.chance(0.15) ? `return ${this.number(p, 1)};` : "")}`;
    return text;
  }

  #switch(p: Place): string {
    const { rng } = this;
    const subject = this.#o.integer
      ? `${this.number({ ...p, pure: true }, 1)} % 4`
      : `Math.floor(Math.abs(${this.number({ ...p, pure: true }, 1)}))`;
    const label = this.#label();
    const own = this.#inner(p, { loops: [...p.loops, { label, index: undefined, steps: false }] });
    const cases = Array.from({ length: rng.int(1, 3) }, (_, i) => `case ${i}:`);
    if (rng.chance(0.7)) cases.splice(rng.int(0, cases.length), 0, "default:");
    const parts = cases.map((c) => {
      const end = rng.pick(["break;", "break;", "", `return ${this.number(own, 1)};`]);
      return rng.chance(0.15) ? c : `${c} ${this.#block(own)} ${end}`;
    });
    return `${label ? `${label}: ` : ""}switch (${subject}) { ${parts.join(" ")} }`;
  }
  #label(): string | undefined {
    return this.rng.chance(0.3) ? this.#fresh("l") : undefined;
  }

  #range(p: Place): string {
    const { rng } = this;
    const index = this.#fresh("i");
    const label = this.#label();
    const bounds = rng.pick([`${rng.int(0, 5)}`, `${rng.int(1, 4)}`, "1, 5", "2, 9, 3", "4, 0, -2"]);
    const own = this.#inner(p, { loops: [...p.loops, { label, index, steps: true }] });
    // integers do not meet fractions
    const number = this.#o.integer ? index : this.#fresh("v");
    this.#declare(own, this.#variable(number, "number", false, p.owner));
    const block = this.#block(own);
    const start = this.#o.integer ? "" : `const ${number} = zero + ${index}; `;
    return `${label ? `${label}: ` : ""}for (const ${index} of range(${bounds})) { ${start}${block.slice(2)}`;
  }
  #ofList(p: Place): string {
    const { rng } = this;
    const v = this.#fresh("e");
    const label = this.#label();
    const lists = this.#visible(p, (x) => x.kind === "list");
    const [source, pattern, names] = rng.pick<() => [string, string, string[]]>([
      () => [`[${this.number(p, 1)}, ${this.number(p, 1)}, ${this.#constant()}]`, v, [v]],
      () => [`[[${this.number(p, 1)}, 1], [2, ${this.number(p, 1)}]]`, `[${v}, ${v}b]`, [v, `${v}b`]],
      () => [`[{ a: ${this.number(p, 1)} }, { a: 1, b: 2 }]`, `{ a: ${v}, b: ${v}b = 3 }`, [v, `${v}b`]],
      () => (lists.length > 0 ? [rng.pick(lists).name, v, [v]] : ["[1, 2]", v, [v]]),
    ])();
    const mutable = rng.chance(0.3);
    if (p.unrolled > 4) return this.#assign(p);
    const own = this.#inner(p, {
      loops: [...p.loops, { label, index: undefined, steps: true }],
      unrolled: p.unrolled * 3,
    });
    for (const n of names) this.#declare(own, this.#variable(n, "number", mutable, p.owner));
    return `${label ? `${label}: ` : ""}for (${mutable ? "let" : "const"} ${pattern} of ${source}) ${this.#block(own)}`;
  }
  #counted(p: Place): string {
    const { rng } = this;
    const i = this.#fresh("j");
    const label = this.#label();
    if (p.unrolled > 4) return this.#assign(p);
    const n = rng.int(1, 4);
    const own = this.#inner(p, {
      loops: [...p.loops, { label, index: undefined, steps: true }],
      unrolled: p.unrolled * n,
    });
    this.#declare(own, this.#variable(i, "number", false, p.owner));
    const head = rng.pick([
      `let ${i} = 0; ${i} < ${n}; ${i}++`,
      `let ${i} = ${n}; ${i} > 0; ${i} -= 1`,
      `let ${i} = 0, ${i}b = ${n}; ${i} < ${i}b; ${i}++`,
    ]);
    return `${label ? `${label}: ` : ""}for (${head}) ${this.#block(own)}`;
  }
  #while(p: Place): string {
    const { rng } = this;
    const k = this.#fresh("k");
    const label = this.#label();
    const traced = this.#o.unbounded === true;
    if (!traced && p.unrolled > 4) return this.#assign(p);
    const n = rng.int(1, 4);
    const own = this.#inner(p, {
      loops: [...p.loops, { label, index: undefined, steps: true }],
      ...(traced ? {} : { unrolled: p.unrolled * n }),
    });
    this.#declare(own, this.#variable(k, "number", false, p.owner));
    const also = traced && rng.chance(0.8) ? ` ${rng.pick(["&&"])} ${this.condition(p, 1)}` : "";
    const body = `{ ${k}++; ${this.#statements(this.#inner(own), rng.int(1, 3))} }`;
    const head = `let ${k} = 0; ${label ? `${label}: ` : ""}`;
    if (traced && rng.chance(0.2)) return `${head}while (true) { if (${k} > ${n}) break; ${body.slice(1)}`;
    if (rng.chance(0.3)) return `${head}do ${body} while (${k} < ${n}${also});`;
    return `${head}while (${k} < ${n}${also}) ${body}`;
  }

  #function(p: Place): string {
    const { rng } = this;
    const name = this.#fresh("g");
    const a = this.#fresh("p");
    const b = this.#fresh("p");
    const owner = this.#names;
    const effects = rng.chance(0.4) && !p.closed && !p.pure;
    const own = this.#inner(p, { loops: [], owner, closed: !effects, unrolled: p.unrolled * 2 });
    for (const v of [a, b]) this.#declare(own, this.#variable(v, "number", true, owner));
    const defaults = rng.chance(0.2);
    const params = `${a}, ${b}${defaults ? ` = ${a} + 1` : ""}`;
    const text = rng.pick([
      () => `function ${name}(${params}) ${this.#body(own, rng.int(1, 3))}`,
      () => `const ${name} = (${params}) => ${this.#body(own, rng.int(1, 3))};`,
      () => `const ${name} = (${params}) => ${this.number({ ...own, pure: false }, 2)};`,
      () => `const ${name} = (${a}, ${b}) => (${b} > 0 ? ${this.number({ ...own, pure: true }, 1)} : ${a});`,
    ])();
    this.#declare(p, this.#variable(name, "function", false, p.owner, defaults ? 1 : 2, effects));
    return text;
  }
  #shadow(p: Place): string {
    const numbers = this.#visible(p, (v) => v.kind === "number");
    if (numbers.length === 0) return this.#declaration(p);
    const { name } = this.rng.pick(numbers);
    const own = this.#inner(p);
    const init = this.#constant();
    this.#declare(own, this.#variable(name, "number", true, p.owner));
    return `{ let ${name} = ${init}; ${this.#statements(this.#inner(own), this.rng.int(1, 2))} ${this.#leftOver(p, name)} }`;
  }
  /** Something that leaves the block. */
  #leftOver(p: Place, value: string): string {
    const targets = this.#targets(p, "number").filter((v) => v.name !== value);
    return targets.length > 0 ? `${this.rng.pick(targets).name} += ${value};` : "";
  }
  /** A list that a loop pushes to. */
  #collect(p: Place): string {
    const { rng } = this;
    const list = this.#fresh("c");
    const i = this.#fresh("i");
    const n = rng.int(1, 4);
    const own = this.#inner(p);
    const number = this.#o.integer ? i : this.#fresh("v");
    this.#declare(own, this.#variable(number, "number", false, p.owner));
    const value = this.number(own, 2);
    const before = this.#o.integer ? "" : ` const ${number} = zero + ${i};${rng.pick(["", ` ${this.#assign(own)}`])}`;
    const text = `const ${list} = []; for (const ${i} of range(${n})) {${before} ${list}.push(${value}); }`;
    this.#declare(p, this.#variable(list, "list", false, p.owner, n));
    return text;
  }
  #container(p: Place): string {
    const { rng } = this;
    const e = (): string => this.number({ ...p, pure: true }, 1);
    const lists = this.#targets(p, "list");
    const objects = this.#targets(p, "object");
    if (lists.length > 0 && rng.chance(0.4)) {
      const { name, size } = rng.pick(lists);
      return rng.pick([
        `${name} = [...${name}.slice(1), ${e()}];`,
        `${name} = ${name}.map((v, i) => v + i);`,
        `${name} = [${e()}, ...${name}].slice(0, ${size});`,
        `[${name}[0], ${name}[${size - 1}]]; `,
      ]);
    }
    if (objects.length > 0 && rng.chance(0.5)) {
      const { name } = rng.pick(objects);
      return rng.pick(
        [
          `${name} = { ...${name}, a: ${e()} };`,
          `${name} = { a: ${name}.a, b: [${name}.b[1], ${e()}] };`,
          `({ a: ${name}.a } = { a: 1 });`,
        ].slice(0, 2),
      );
    }
    if (rng.chance(0.5)) {
      const name = this.#fresh("t");
      const size = rng.int(1, 3);
      const text = `let ${name} = [${Array.from({ length: size }, e).join(", ")}];`;
      this.#declare(p, this.#variable(name, "list", true, p.owner, size));
      return text;
    }
    const name = this.#fresh("o");
    const text = `let ${name} = { a: ${e()}, b: [${e()}, ${e()}] };`;
    this.#declare(p, this.#variable(name, "object", true, p.owner));
    return text;
  }
}
