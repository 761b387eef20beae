/**
 * A captured function as plain JavaScript that a debugger can step through: its statements and variables are the user's, its
 * operators are calls of the runtime (`a * b + c` is `$.add($.mul(a, b), c)`), which computes at once what a kernel would be
 * compiled to compute. The first argument of each such call is the number of its site: the place of the source it stands for.
 */
import type { FunctionNode, Expression, Located, Statement, Switch } from "../dsl/ast.js";
import type { Emitter } from "./emitter.js";
import { ExpressionWriter, isName } from "./expressions.js";

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

class Generator extends ExpressionWriter {
  generate(): Generated {
    this.out.write('"use strict";').newline().write("return ");
    this.function(this.root, true);
    this.out.write(";");
    return {
      body: this.out.text,
      parameters: [this.runtime, this.values, ...this.names],
      names: this.names,
      chains: this.chains,
      sites: this.sites,
      marks: this.out.marks,
    };
  }

  // ---- functions

  protected function(node: FunctionNode, root = false): void {
    const out = this.out;
    out.mark(node.start);
    if (node.arrow && !root) out.write("(");
    else out.write(`function ${this.#bindsName(node, root) ? node.name : ""}(`);
    out.list(node.params, (p) => this.element(p));
    if (node.rest) {
      out.write(node.params.length > 0 ? ", ..." : "...");
      this.pattern(node.rest);
    }
    out.write(node.arrow && !root ? ") => {" : ") {");
    this.#statements(node.body.statements);
    out.mark(Math.max(node.start, node.end - 1)).write("}");
  }

  /** Its name, for stack traces, where it hides nothing that the function reads. */
  #bindsName(node: FunctionNode, root: boolean): boolean {
    return isName(node.name) && (node.self || (root && !this.names.includes(node.name)));
  }

  #statements(statements: readonly Statement[]): void {
    this.out.indent(1);
    for (const s of statements) {
      this.out.newline();
      this.#statement(s);
    }
    this.out.indent(-1).newline();
  }

  // ---- statements

  #statement(node: Statement): void {
    const out = this.out.mark(node.start);
    switch (node.kind) {
      case "expression":
        this.expression(node.expression);
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
      case "debugger":
        out.write("debugger;");
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
        else if (node.init) this.expression(node.init.expression);
        out.write("; ");
        if (node.test) this.#truth(node.test);
        out.write("; ");
        if (node.update) this.expression(node.update);
        out.write(") ");
        this.#body(node.body);
        return;
      case "forOf":
        out.write(`${label(node.label)}for (${node.mutable ? "let" : "const"} `);
        this.pattern(node.pattern);
        out.write(" of ");
        this.begin("iterate", node.iterable);
        this.expression(node.iterable);
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
        if (node.value) this.expression(node.value);
        out.write(";");
        return;
      case "throw":
        out.write("throw ");
        this.expression(node.value);
        out.write(";");
    }
  }

  /** Parameters and body of a function whose head stands. */
  #rest(fn: FunctionNode): void {
    const out = this.out;
    out.list(fn.params, (p) => this.element(p));
    if (fn.rest) {
      out.write(fn.params.length > 0 ? ", ..." : "...");
      this.pattern(fn.rest);
    }
    out.write(") {");
    this.#statements(fn.body.statements);
    out.mark(Math.max(fn.start, fn.end - 1)).write("}");
  }

  #block(node: Statement & { kind: "block" }): void {
    this.out.write("{");
    this.#statements(node.statements);
    this.out.write("}");
  }

  /** What an `if` or a loop runs, always in braces. */
  #body(node: Statement): void {
    if (node.kind === "block") this.#block(node);
    else {
      this.out.write("{");
      this.#statements([node]);
      this.out.write("}");
    }
  }

  #declaration(node: Statement & { kind: "declare" }): void {
    const out = this.out;
    out.write(node.mutable ? "let " : "const ");
    out.list(node.bindings, ({ pattern, init }) => {
      this.pattern(pattern);
      if (init) {
        out.write(" = ");
        this.expression(init);
      }
    });
  }

  #switch(node: Switch): void {
    const out = this.out;
    const subject = this.fresh("$subject");
    out.write(`{ const ${subject} = `);
    this.expression(node.subject);
    out.write(`; ${label(node.label)}switch (true) {`);
    out.indent(1);
    for (const c of node.cases) {
      out.newline();
      if (c.test) {
        out.write("case ");
        this.begin("matches", c.test);
        out.write(`${subject}, `);
        this.expression(c.test);
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
    this.begin("truth", node);
    this.expression(node);
    this.out.write(")");
  }
}

function label(name: string | undefined): string {
  return name === undefined ? "" : `${name}: `;
}
