/**
 * A captured function as plain JavaScript that a debugger can step through: its statements and variables are the user's, its
 * operators are calls of the runtime (`a * b + c` is `$.add($.mul(a, b), c)`), which computes at once what a kernel would be
 * compiled to compute. The first argument of each such call is the number of its site: the place of the source it stands for.
 */
import type {
  ArithmeticOperator,
  Assign,
  BinaryOperator,
  Call,
  Expression,
  FunctionNode,
  Located,
  MemberPattern,
  NamePattern,
  Node,
  Pattern,
  PatternElement,
  Spread,
  Statement,
  Switch,
  Update,
} from "../dsl/ast.js";
import { Emitter } from "./emitter.js";

/** The runtime's function for each operator. */
export const OPERATORS = {
  "+": "add",
  "-": "sub",
  "*": "mul",
  "/": "div",
  "%": "mod",
  "**": "pow",
  "&": "bitAnd",
  "|": "bitOr",
  "^": "bitXor",
  "<<": "shl",
  ">>": "shr",
  ">>>": "ushr",
  "<": "lt",
  "<=": "le",
  ">": "gt",
  ">=": "ge",
  "==": "eq",
  "!=": "ne",
  "===": "eqStrict",
  "!==": "neStrict",
} as const satisfies Readonly<Record<Exclude<BinaryOperator, "in" | "instanceof">, string>>;

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
/** Names that no parameter of a function in strict mode may have. */
const RESERVED = new Set(
  (
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for " +
    "function if implements import in instanceof interface let new null package private protected public return static super switch " +
    "this throw true try typeof undefined var void while with yield"
  ).split(" "),
);

export interface Generated {
  /** The body of a function of `parameters` that gives the user's function. */
  readonly body: string;
  /** The runtime, the values of chains that are no names, then the values of names. */
  readonly parameters: readonly string[];
  /** Captured chains whose values are parameters, in their order. */
  readonly names: readonly string[];
  /** All other captured chains. */
  readonly chains: readonly string[];
  /** What the numbers of sites stand for. */
  readonly sites: readonly Located[];
  /** Places of the body (from 0), and offsets in the function's source. */
  readonly marks: Emitter["marks"];
}

export function generate(root: FunctionNode): Generated {
  return new Generator(root).generate();
}

class Generator {
  readonly #out = new Emitter();
  readonly #sites: Located[] = [];
  readonly #names: string[] = [];
  readonly #chains: string[] = [];
  readonly #taken = new Set<string>();
  readonly #runtime: string;
  readonly #values: string;

  constructor(readonly root: FunctionNode) {
    visit(root, (n) => {
      if (n.kind === "name") this.#taken.add(n.name);
      if (n.kind === "function" || n.kind === "captured") this.#taken.add(n.kind === "function" ? n.name : n.chain);
    });
    this.#runtime = this.#fresh("$");
    this.#values = this.#fresh("$values");
    const captured = new Set<string>();
    visit(root, (n) => {
      if (n.kind === "captured") captured.add(n.chain);
    });
    // a name that the function itself binds elsewhere still is another variable there
    for (const c of captured) (IDENTIFIER.test(c) && !RESERVED.has(c) ? this.#names : this.#chains).push(c);
  }

  generate(): Generated {
    this.#out.write('"use strict";').newline().write("return ");
    this.#function(this.root, true);
    this.#out.write(";");
    return {
      body: this.#out.text,
      parameters: [this.#runtime, this.#values, ...this.#names],
      names: this.#names,
      chains: this.#chains,
      sites: this.#sites,
      marks: this.#out.marks,
    };
  }

  /** A name that nothing in the function has. */
  #fresh(base: string): string {
    let name = base;
    for (let i = 1; this.#taken.has(name); i++) name = `${base}${i}`;
    this.#taken.add(name);
    return name;
  }

  #site(at: Located): number {
    return this.#sites.push({ start: at.start, end: at.end }) - 1;
  }

  /** `$.name(site, ` with the position of the node. */
  #begin(name: string, at: Located): void {
    this.#out.mark(at.start).write(`${this.#runtime}.${name}(${this.#site(at)}, `);
  }

  // ---- functions

  #function(node: FunctionNode, root = false): void {
    const out = this.#out;
    out.mark(node.start);
    if (node.arrow && !root) out.write("(");
    else out.write(`function ${this.#bindsName(node, root) ? node.name : ""}(`);
    out.list(node.params, (p) => this.#element(p));
    if (node.rest) {
      out.write(node.params.length > 0 ? ", ..." : "...");
      this.#pattern(node.rest);
    }
    out.write(node.arrow && !root ? ") => {" : ") {");
    this.#statements(node.body.statements);
    out.mark(Math.max(node.start, node.end - 1)).write("}");
  }

  /** Its name, for stack traces, where it hides nothing that the function reads. */
  #bindsName(node: FunctionNode, root: boolean): boolean {
    return isName(node.name) && (node.self || (root && !this.#names.includes(node.name)));
  }

  #statements(statements: readonly Statement[]): void {
    this.#out.indent(1);
    for (const s of statements) {
      this.#out.newline();
      this.#statement(s);
    }
    this.#out.indent(-1).newline();
  }

  // ---- statements

  #statement(node: Statement): void {
    const out = this.#out.mark(node.start);
    switch (node.kind) {
      case "expression":
        this.#expression(node.expression);
        out.write(";");
        return;
      case "declare":
        this.#declaration(node);
        out.write(";");
        return;
      case "declareFunction":
        out.write(`function ${node.fn.name}(`);
        this.#rest(node.fn);
        return;
      case "block":
        this.#block(node);
        return;
      case "if":
        out.write("if (");
        this.#truth(node.test);
        out.write(") ");
        this.#body(node.then);
        if (node.otherwise) {
          out.write(" else ");
          if (node.otherwise.kind === "if") this.#statement(node.otherwise);
          else this.#body(node.otherwise);
        }
        return;
      case "while":
        out.write(`${label(node.label)}while (`);
        this.#truth(node.test);
        out.write(") ");
        this.#body(node.body);
        return;
      case "doWhile":
        out.write(`${label(node.label)}do `);
        this.#body(node.body);
        out.write(" while (");
        this.#truth(node.test);
        out.write(");");
        return;
      case "for":
        out.write(`${label(node.label)}for (`);
        if (node.init?.kind === "declare") this.#declaration(node.init);
        else if (node.init) this.#expression(node.init.expression);
        out.write("; ");
        if (node.test) this.#truth(node.test);
        out.write("; ");
        if (node.update) this.#expression(node.update);
        out.write(") ");
        this.#body(node.body);
        return;
      case "forOf":
        out.write(`${label(node.label)}for (${node.mutable ? "let" : "const"} `);
        this.#pattern(node.pattern);
        out.write(" of ");
        this.#begin("iterate", node.iterable);
        this.#expression(node.iterable);
        out.write(")) ");
        this.#body(node.body);
        return;
      case "switch":
        this.#switch(node);
        return;
      case "break":
      case "continue":
        out.write(`${node.kind}${node.label ? ` ${node.label}` : ""};`);
        return;
      case "return":
        out.write(node.value ? "return " : "return");
        if (node.value) this.#expression(node.value);
        out.write(";");
        return;
      case "throw":
        out.write("throw ");
        this.#expression(node.value);
        out.write(";");
    }
  }

  /** Parameters and body of a function whose head stands. */
  #rest(fn: FunctionNode): void {
    const out = this.#out;
    out.list(fn.params, (p) => this.#element(p));
    if (fn.rest) {
      out.write(fn.params.length > 0 ? ", ..." : "...");
      this.#pattern(fn.rest);
    }
    out.write(") {");
    this.#statements(fn.body.statements);
    out.mark(Math.max(fn.start, fn.end - 1)).write("}");
  }

  #block(node: Statement & { kind: "block" }): void {
    this.#out.write("{");
    this.#statements(node.statements);
    this.#out.write("}");
  }

  /** What an `if` or a loop runs, always in braces. */
  #body(node: Statement): void {
    if (node.kind === "block") this.#block(node);
    else {
      this.#out.write("{");
      this.#statements([node]);
      this.#out.write("}");
    }
  }

  #declaration(node: Statement & { kind: "declare" }): void {
    const out = this.#out;
    out.write(node.mutable ? "let " : "const ");
    out.list(node.bindings, ({ pattern, init }) => {
      this.#pattern(pattern);
      if (init) {
        out.write(" = ");
        this.#expression(init);
      }
    });
  }

  #switch(node: Switch): void {
    const out = this.#out;
    const subject = this.#fresh("$subject");
    out.write(`{ const ${subject} = `);
    this.#expression(node.subject);
    out.write(`; ${label(node.label)}switch (true) {`);
    out.indent(1);
    for (const c of node.cases) {
      out.newline();
      if (c.test) {
        out.write("case ");
        this.#begin("matches", c.test);
        out.write(`${subject}, `);
        this.#expression(c.test);
        out.write("):");
      } else out.write("default:");
      out.indent(1);
      for (const s of c.body) {
        out.newline();
        this.#statement(s);
      }
      out.indent(-1);
    }
    out.indent(-1).newline().write("} }");
  }

  /** A condition: a JavaScript value, or one element of a block. */
  #truth(node: Expression): void {
    this.#begin("truth", node);
    this.#expression(node);
    this.#out.write(")");
  }

  // ---- patterns

  #element(node: PatternElement): void {
    this.#pattern(node.pattern);
    if (node.fallback) {
      this.#out.write(" = ");
      this.#expression(node.fallback);
    }
  }

  #pattern(node: Pattern): void {
    const out = this.#out;
    switch (node.kind) {
      case "name":
        out.mark(node.start).write(node.name);
        return;
      case "target":
        this.#expression(node.object);
        this.#key(node.property);
        return;
      case "arrayPattern":
        out.write("[");
        out.list(node.elements, (e) => {
          if (e) this.#element(e);
        });
        if (node.elements.length > 0 && (node.rest || node.elements[node.elements.length - 1] === null))
          out.write(", ");
        if (node.rest) {
          out.write("...");
          this.#pattern(node.rest);
        }
        out.write("]");
        return;
      case "objectPattern":
        out.write("{ ");
        out.list(node.properties, ({ key, element }) => {
          this.#propertyKey(key);
          out.write(": ");
          this.#element(element);
        });
        if (node.rest) {
          out.write(node.properties.length > 0 ? ", ..." : "...");
          this.#pattern(node.rest);
        }
        out.write(" }");
    }
  }

  #key(key: string | Expression): void {
    if (typeof key === "string") {
      this.#out.write(IDENTIFIER.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`);
      return;
    }
    this.#out.write("[");
    this.#expression(key);
    this.#out.write("]");
  }

  #propertyKey(key: string | Expression): void {
    if (typeof key === "string" && key !== "__proto__") {
      this.#out.write(IDENTIFIER.test(key) ? key : JSON.stringify(key));
      return;
    }
    this.#out.write("[");
    if (typeof key === "string") this.#out.write(JSON.stringify(key));
    else this.#expression(key);
    this.#out.write("]");
  }

  // ---- expressions

  #expression(node: Expression): void {
    const out = this.#out;
    switch (node.kind) {
      case "literal":
        out.write(literalText(node.value));
        return;
      case "name":
        out.mark(node.start).write(node.name);
        return;
      case "captured":
        out
          .mark(node.start)
          .write(this.#names.includes(node.chain) ? node.chain : `${this.#values}[${JSON.stringify(node.chain)}]`);
        return;
      case "this":
        out.write("this");
        return;
      case "chain":
        out.write(`${this.#runtime}.chain(() => `);
        this.#expression(node.expression);
        out.write(")");
        return;
      case "member":
        this.#object(node.object, node.optional);
        out
          .mark(node.start)
          .write(node.property.startsWith("#") ? `[${JSON.stringify(node.property)}]` : `.${node.property}`);
        return;
      case "index":
        // sizes of a shape, the most frequent of all, are read as they stand
        if (
          !node.optional &&
          node.object.kind === "member" &&
          node.object.property === "shape" &&
          node.index.kind === "literal"
        ) {
          this.#object(node.object, false);
          out.write(`[${literalText(node.index.value)}]`);
          return;
        }
        this.#begin("index", node);
        this.#object(node.object, node.optional);
        out.write(", ");
        this.#expression(node.index);
        out.write(")");
        return;
      case "call":
        this.#call(node);
        return;
      case "new":
        this.#begin("construct", node);
        this.#expression(node.callee);
        this.#arguments(node.args);
        return;
      case "unary":
        this.#unary(node);
        return;
      case "binary":
        if (node.op === "in" || node.op === "instanceof") {
          out.write("(");
          this.#expression(node.left);
          out.write(` ${node.op} `);
          this.#expression(node.right);
          out.write(")");
          return;
        }
        this.#begin(OPERATORS[node.op], node);
        this.#expression(node.left);
        out.write(", ");
        this.#expression(node.right);
        out.write(")");
        return;
      case "logical":
        this.#logical(node.op, node, () => this.#expression(node.left), node.right);
        return;
      case "conditional":
        this.#begin("choose", node);
        this.#expression(node.test);
        out.write(", ");
        this.#later(node.then);
        out.write(", ");
        this.#later(node.otherwise);
        out.write(")");
        return;
      case "assign":
        this.#assign(node);
        return;
      case "update":
        this.#update(node);
        return;
      case "array":
        out.write("[");
        this.#items(node.elements);
        out.write("]");
        return;
      case "object":
        out.write("({ ");
        out.list(node.properties, (p) => {
          if (p.kind === "spread") {
            out.write("...");
            this.#expression(p.value);
            return;
          }
          this.#propertyKey(p.key);
          out.write(": ");
          this.#expression(p.value);
        });
        out.write(" })");
        return;
      case "template":
        out.write("`");
        node.quasis.forEach((q, i) => {
          out.write(JSON.stringify(q).slice(1, -1).replace(/[`$]/g, "\\$&"));
          if (i >= node.values.length) return;
          out.write("${");
          this.#expression(node.values[i]);
          out.write("}");
        });
        out.write("`");
        return;
      case "sequence":
        out.write("(");
        out.list(node.values, (v) => this.#expression(v));
        out.write(")");
        return;
      case "function":
        out.write("(");
        this.#function(node);
        out.write(")");
    }
  }

  /** `() => node`: computed when the runtime asks. */
  #later(node: Expression): void {
    this.#out.write("() => ");
    this.#expression(node);
  }

  /** What stands before a member, an index or a call; a `?.` after it leaves the chain where there is nothing. */
  #object(node: Expression, optional: boolean): void {
    if (optional) this.#out.write(`${this.#runtime}.present(`);
    else if (node.kind === "literal") this.#out.write("(");
    this.#expression(node);
    if (optional || node.kind === "literal") this.#out.write(")");
  }

  #call(node: Call): void {
    const out = this.#out;
    const { callee } = node;
    if (callee.kind === "member" || callee.kind === "index") {
      this.#begin(node.optional ? "methodIfPresent" : "method", node);
      this.#object(callee.object, callee.optional);
      out.write(", ");
      if (callee.kind === "member") out.write(JSON.stringify(callee.property));
      else this.#expression(callee.index);
    } else {
      this.#begin(callee.kind === "captured" && callee.library ? "library" : "call", node);
      this.#object(callee, node.optional);
      out.write(
        `, ${JSON.stringify(callee.kind === "name" ? callee.name : callee.kind === "captured" ? callee.chain : "")}`,
      );
    }
    this.#arguments(node.args);
  }

  /** `, [arguments])` */
  #arguments(args: readonly (Expression | Spread)[]): void {
    this.#out.write(", [");
    this.#items(args);
    this.#out.write("])");
  }

  #items(items: readonly (Expression | Spread)[]): void {
    this.#out.list(items, (x) => {
      if (x.kind === "spread") this.#out.write("...");
      this.#expression(x.kind === "spread" ? x.value : x);
    });
  }

  #unary(node: Expression & { kind: "unary" }): void {
    const out = this.#out;
    const { op, operand } = node;
    if (op === "-" && operand.kind === "literal") {
      out.write(`(-${literalText(operand.value)})`);
      return;
    }
    if (op === "typeof" || op === "void") {
      out.write(`(${op} `);
      this.#expression(operand);
      out.write(")");
      return;
    }
    this.#begin({ "-": "negate", "+": "plus", "!": "not", "~": "bitNot" }[op], node);
    this.#expression(operand);
    out.write(")");
  }

  #logical(op: "&&" | "||" | "??", at: Located, left: () => void, right: Expression): void {
    this.#begin({ "&&": "and", "||": "or", "??": "coalesce" }[op], at);
    left();
    this.#out.write(", ");
    this.#later(right);
    this.#out.write(")");
  }

  /** `old op value` */
  #operate(op: ArithmeticOperator | "&&" | "||" | "??", at: Located, old: () => void, value: Expression): void {
    if (op === "&&" || op === "||" || op === "??") {
      this.#logical(op, at, old, value);
      return;
    }
    this.#begin(OPERATORS[op], at);
    old();
    this.#out.write(", ");
    this.#expression(value);
    this.#out.write(")");
  }

  #assign(node: Assign): void {
    const out = this.#out;
    const { target, op, value } = node;
    out.mark(node.start).write("(");
    if (op === undefined) {
      this.#pattern(target);
      out.write(" = ");
      this.#expression(value);
    } else if (target.kind === "target") this.#member(target, node, (old) => this.#operate(op, node, old, value));
    else if (target.kind === "name") {
      out.write(`${target.name} = `);
      this.#operate(op, node, () => out.write(target.name), value);
    }
    out.write(")");
  }

  #update(node: Update): void {
    const out = this.#out;
    const one: Expression = { kind: "literal", value: 1, start: node.start, end: node.end };
    const step = (old: () => void): void => this.#operate(node.op === "++" ? "+" : "-", node, old, one);
    const target: NamePattern | MemberPattern = node.target;
    if (target.kind === "target") {
      this.#member(target, node, step, node.prefix ? "modify" : "modifyAfter");
      return;
    }
    if (node.prefix) {
      out.mark(node.start).write(`(${target.name} = `);
      step(() => out.write(target.name));
      out.write(")");
      return;
    }
    out.mark(node.start).write(`${this.#runtime}.first(${target.name}, ${target.name} = `);
    step(() => out.write(target.name));
    out.write(")");
  }

  /** A member that is read and then written; its parts are computed once. */
  #member(target: MemberPattern, at: Located, change: (old: () => void) => void, name = "modify"): void {
    const old = this.#fresh("$old");
    this.#begin(name, at);
    this.#expression(target.object);
    this.#out.write(", ");
    if (typeof target.property === "string") this.#out.write(JSON.stringify(target.property));
    else this.#expression(target.property);
    this.#out.write(`, (${old}) => `);
    change(() => this.#out.write(old));
    this.#out.write(")");
  }
}

function isName(name: string): boolean {
  return IDENTIFIER.test(name) && !RESERVED.has(name);
}

function label(name: string | undefined): string {
  return name === undefined ? "" : `${name}: `;
}

function literalText(value: number | string | boolean | bigint | null | undefined): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string")
    return JSON.stringify(value).replace(/[\u2028\u2029]/g, (c) => (c === "\u2028" ? "\\u2028" : "\\u2029"));
  if (value === undefined) return "undefined";
  return Object.is(value, -0) ? "-0" : String(value);
}

/** All nodes of a tree. */
function visit(value: unknown, each: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const x of value) visit(x, each);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  if ("kind" in value) each(value as Node);
  for (const x of Object.values(value)) visit(x, each);
}
