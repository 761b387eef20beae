/** Expressions and patterns of generated JavaScript; statements are written by generate.ts. */
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

/** Members that references and blocks have: they are read as they stand. */
const KNOWN_MEMBERS = new Set(["shape", "rank", "ndim", "dtype", "size"]);

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
/** Names that no parameter of a function in strict mode may have. */
const RESERVED = new Set(
  (
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for " +
    "function if implements import in instanceof interface let new null package private protected public return static super switch " +
    "this throw true try typeof undefined var void while with yield"
  ).split(" "),
);

export abstract class ExpressionWriter {
  protected readonly out = new Emitter();
  protected readonly sites: Located[] = [];
  protected readonly names: string[] = [];
  protected readonly chains: string[] = [];
  protected readonly taken = new Set<string>();
  protected readonly runtime: string;
  protected readonly values: string;

  constructor(readonly root: FunctionNode) {
    visit(root, (n) => {
      if (n.kind === "name") this.taken.add(n.name);
      if (n.kind === "function" || n.kind === "captured") this.taken.add(n.kind === "function" ? n.name : n.chain);
    });
    this.runtime = this.fresh("$");
    this.values = this.fresh("$values");
    const captured = new Set<string>();
    visit(root, (n) => {
      if (n.kind === "captured") captured.add(n.chain);
    });
    // a name that the function itself binds elsewhere still is another variable there
    for (const c of captured) (IDENTIFIER.test(c) && !RESERVED.has(c) ? this.names : this.chains).push(c);
  }

  protected abstract function(node: FunctionNode): void;

  /** A name that nothing in the function has. */
  protected fresh(base: string): string {
    let name = base;
    for (let i = 1; this.taken.has(name); i++) name = `${base}${i}`;
    this.taken.add(name);
    return name;
  }

  #site(at: Located): number {
    return this.sites.push({ start: at.start, end: at.end }) - 1;
  }

  /** `$.name(site, ` with the position of the node. */
  protected begin(name: string, at: Located): void {
    this.out.mark(at.start).write(`${this.runtime}.${name}(${this.#site(at)}, `);
  }

  // ---- patterns

  protected element(node: PatternElement): void {
    this.pattern(node.pattern);
    if (node.fallback) {
      this.out.write(" = ");
      this.expression(node.fallback);
    }
  }

  protected pattern(node: Pattern): void {
    const out = this.out;
    switch (node.kind) {
      case "name":
        out.mark(node.start).write(node.name);
        return;
      case "target":
        this.expression(node.object);
        this.#key(node.property);
        return;
      case "arrayPattern":
        out.write("[");
        out.list(node.elements, (e) => {
          if (e) this.element(e);
        });
        if (node.elements.length > 0 && (node.rest || node.elements[node.elements.length - 1] === null))
          out.write(", ");
        if (node.rest) {
          out.write("...");
          this.pattern(node.rest);
        }
        out.write("]");
        return;
      case "objectPattern":
        out.write("{ ");
        out.list(node.properties, ({ key, element }) => {
          this.#propertyKey(key);
          out.write(": ");
          this.element(element);
        });
        if (node.rest) {
          out.write(node.properties.length > 0 ? ", ..." : "...");
          this.pattern(node.rest);
        }
        out.write(" }");
    }
  }

  #key(key: string | Expression): void {
    if (typeof key === "string") {
      this.out.write(IDENTIFIER.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`);
      return;
    }
    this.out.write("[");
    this.expression(key);
    this.out.write("]");
  }

  #propertyKey(key: string | Expression): void {
    if (typeof key === "string" && key !== "__proto__") {
      this.out.write(IDENTIFIER.test(key) ? key : JSON.stringify(key));
      return;
    }
    this.out.write("[");
    if (typeof key === "string") this.out.write(JSON.stringify(key));
    else this.expression(key);
    this.out.write("]");
  }

  // ---- expressions

  protected expression(node: Expression): void {
    const out = this.out;
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
          .write(this.names.includes(node.chain) ? node.chain : `${this.values}[${JSON.stringify(node.chain)}]`);
        return;
      case "this":
        out.write("this");
        return;
      case "chain":
        out.write(`${this.runtime}.chain(() => `);
        this.expression(node.expression);
        out.write(")");
        return;
      case "member":
        if (!KNOWN_MEMBERS.has(node.property) && !node.property.startsWith("#") && node.object.kind !== "this") {
          this.begin("member", node);
          this.#object(node.object, node.optional);
          out.write(`, ${JSON.stringify(node.property)})`);
          return;
        }
        this.#object(node.object, node.optional);
        out
          .mark(node.start)
          .write(node.property.startsWith("#") ? `[${JSON.stringify(node.property)}]` : `.${node.property}`);
        return;
      case "index":
        if (
          !node.optional &&
          node.object.kind === "member" &&
          node.object.property === "shape" &&
          !node.object.optional
        ) {
          const of = node.object.object;
          this.begin("size", node);
          this.expression(of);
          out.write(`, ${JSON.stringify(of.kind === "name" ? of.name : of.kind === "captured" ? of.chain : "")}, `);
          this.expression(node.index);
          out.write(")");
          return;
        }
        this.begin("index", node);
        this.#object(node.object, node.optional);
        out.write(", ");
        this.expression(node.index);
        out.write(")");
        return;
      case "call":
        this.#call(node);
        return;
      case "new":
        this.begin("construct", node);
        this.expression(node.callee);
        this.#arguments(node.args);
        return;
      case "unary":
        this.#unary(node);
        return;
      case "binary":
        if (node.op === "in" || node.op === "instanceof") {
          out.write("(");
          this.expression(node.left);
          out.write(` ${node.op} `);
          this.expression(node.right);
          out.write(")");
          return;
        }
        this.begin(OPERATORS[node.op], node);
        this.expression(node.left);
        out.write(", ");
        this.expression(node.right);
        out.write(")");
        return;
      case "logical":
        this.#logical(node.op, node, () => this.expression(node.left), node.right);
        return;
      case "conditional":
        this.begin("choose", node);
        this.expression(node.test);
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
            this.expression(p.value);
            return;
          }
          this.#propertyKey(p.key);
          out.write(": ");
          this.expression(p.value);
        });
        out.write(" })");
        return;
      case "template":
        out.write("`");
        node.quasis.forEach((q, i) => {
          out.write(JSON.stringify(q).slice(1, -1).replace(/[`$]/g, "\\$&"));
          if (i >= node.values.length) return;
          out.write("${");
          this.expression(node.values[i]);
          out.write("}");
        });
        out.write("`");
        return;
      case "sequence":
        out.write("(");
        out.list(node.values, (v) => this.expression(v));
        out.write(")");
        return;
      case "function":
        out.write("(");
        this.function(node);
        out.write(")");
    }
  }

  /** `() => node`: computed when the runtime asks. */
  #later(node: Expression): void {
    this.out.write("() => ");
    this.expression(node);
  }

  /** What stands before a member, an index or a call; a `?.` after it leaves the chain where there is nothing. */
  #object(node: Expression, optional: boolean): void {
    if (optional) this.out.write(`${this.runtime}.present(`);
    else if (node.kind === "literal") this.out.write("(");
    this.expression(node);
    if (optional || node.kind === "literal") this.out.write(")");
  }

  #call(node: Call): void {
    const out = this.out;
    const { callee } = node;
    if (callee.kind === "member" || callee.kind === "index") {
      this.begin(node.optional ? "methodIfPresent" : "method", node);
      this.#object(callee.object, callee.optional);
      out.write(", ");
      if (callee.kind === "member") out.write(JSON.stringify(callee.property));
      else this.expression(callee.index);
    } else {
      this.begin(callee.kind === "captured" && callee.library ? "library" : "call", node);
      this.#object(callee, node.optional);
      out.write(
        `, ${JSON.stringify(callee.kind === "name" ? callee.name : callee.kind === "captured" ? callee.chain : "")}`,
      );
    }
    this.#arguments(node.args);
  }

  /** `, [arguments])` */
  #arguments(args: readonly (Expression | Spread)[]): void {
    this.out.write(", [");
    this.#items(args);
    this.out.write("])");
  }

  #items(items: readonly (Expression | Spread)[]): void {
    this.out.list(items, (x) => {
      if (x.kind === "spread") this.out.write("...");
      this.expression(x.kind === "spread" ? x.value : x);
    });
  }

  #unary(node: Expression & { kind: "unary" }): void {
    const out = this.out;
    const { op, operand } = node;
    if (op === "-" && operand.kind === "literal") {
      out.write(`(-${literalText(operand.value)})`);
      return;
    }
    if (op === "typeof" || op === "void") {
      out.write(`(${op} `);
      this.expression(operand);
      out.write(")");
      return;
    }
    this.begin({ "-": "negate", "+": "plus", "!": "not", "~": "bitNot" }[op], node);
    this.expression(operand);
    out.write(")");
  }

  #logical(op: "&&" | "||" | "??", at: Located, left: () => void, right: Expression): void {
    this.begin({ "&&": "and", "||": "or", "??": "coalesce" }[op], at);
    left();
    this.out.write(", ");
    this.#later(right);
    this.out.write(")");
  }

  /** `old op value` */
  #operate(op: ArithmeticOperator | "&&" | "||" | "??", at: Located, old: () => void, value: Expression): void {
    if (op === "&&" || op === "||" || op === "??") {
      this.#logical(op, at, old, value);
      return;
    }
    this.begin(OPERATORS[op], at);
    old();
    this.out.write(", ");
    this.expression(value);
    this.out.write(")");
  }

  #assign(node: Assign): void {
    const out = this.out;
    const { target, op, value } = node;
    out.mark(node.start).write("(");
    if (op === undefined && target.kind === "target") {
      this.begin("assign", node);
      this.expression(target.object);
      out.write(", ");
      if (typeof target.property === "string") out.write(JSON.stringify(target.property));
      else this.expression(target.property);
      out.write(", ");
      this.expression(value);
      out.write(")");
    } else if (op === undefined) {
      this.pattern(target);
      out.write(" = ");
      this.expression(value);
    } else if (target.kind === "target") this.#member(target, node, (old) => this.#operate(op, node, old, value));
    else if (target.kind === "name") {
      out.write(`${target.name} = `);
      this.#operate(op, node, () => out.write(target.name), value);
    }
    out.write(")");
  }

  #update(node: Update): void {
    const out = this.out;
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
    out.mark(node.start).write(`${this.runtime}.first(${target.name}, ${target.name} = `);
    step(() => out.write(target.name));
    out.write(")");
  }

  /** A member that is read and then written; its parts are computed once. */
  #member(target: MemberPattern, at: Located, change: (old: () => void) => void, name = "modify"): void {
    const old = this.fresh("$old");
    this.begin(name, at);
    this.expression(target.object);
    this.out.write(", ");
    if (typeof target.property === "string") this.out.write(JSON.stringify(target.property));
    else this.expression(target.property);
    this.out.write(`, (${old}) => `);
    change(() => this.out.write(old));
    this.out.write(")");
  }
}

export function isName(name: string): boolean {
  return IDENTIFIER.test(name) && !RESERVED.has(name);
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
