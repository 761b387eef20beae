/**
 * The migrated text of a file. Each node is written as it stands, its parts migrated, unless something here says otherwise;
 * what nothing touches keeps every character.
 */
import { RULES, type Call } from "./calls.js";
import { arraysOf } from "./arrays.js";
import { Imports } from "./imports.js";
import { DTYPES, MISSING, OPTIM, RENAMED, SPECIAL } from "./names.js";
import { type MigrationProgram, ts } from "./program.js";
import { isJaxJs } from "./api.js";
import { isPure, removable } from "./removal.js";

/** Something that a person must look at. */
export interface Note {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}
export interface Migrated {
  readonly text: string;
  /** How often each kind of change was made. */
  readonly changes: ReadonlyMap<string, number>;
  readonly notes: readonly Note[];
}

const MARK = "TODO(tilework migrate): ";
const TYPES: Readonly<Record<string, string>> = {
  JsTree: "Tree",
  JsTreeDef: "tree.TreeDef",
  "tree.JsTreeDef": "tree.TreeDef",
};
/** Members of an array that are gone. */
const GONE: Readonly<Record<string, string>> = {
  "Array.refCount": "arrays are not counted",
  "Array.weakType": "there is no weak type of an array",
  "Array.device": "arrays are on the CPU",
  "Array.gpuBuffer": "arrays are on the CPU: use data()",
  "Array.gpuBufferSync": "arrays are on the CPU: use dataSync()",
};

/** Migrates one file of the program; undefined: it has nothing of jax-js. */
export function migrateSource(source: ts.SourceFile, program: MigrationProgram): Migrated | undefined {
  if (!source.text.includes("@jax-js/")) return undefined;
  return new Renderer(source, program).run();
}

class Renderer {
  readonly #text: string;
  readonly #changes = new Map<string, number>();
  readonly #notes: Note[] = [];
  /** Notes of the statement that is being written. */
  #pending: string[] = [];
  /** Arguments that a rule has looked at: writing counts changes, so it is done once. */
  readonly #written = new Map<ts.Node, string>();
  readonly #arrays;
  readonly #imports: Imports;

  constructor(
    private readonly source: ts.SourceFile,
    private readonly program: MigrationProgram,
  ) {
    this.#text = source.text;
    this.#arrays = arraysOf(source, program);
    this.#imports = new Imports(source, {
      note: (node, message) => this.#note(node, message),
      changed: (what) => this.#changed(what),
    });
  }

  run(): Migrated {
    const pieces = this.#list(this.source, this.source.statements, this.source.endOfFileToken.end);
    const text = this.#imports.finish(pieces.join(""));
    return { text, changes: this.#changes, notes: this.#notes.sort((a, b) => a.line - b.line || a.column - b.column) };
  }

  #changed(what: string): void {
    this.#changes.set(what, (this.#changes.get(what) ?? 0) + 1);
  }
  #note(node: ts.Node, message: string): void {
    const { line, character } = this.source.getLineAndCharacterOfPosition(node.getStart());
    this.#notes.push({ line: line + 1, column: character + 1, message });
    if (!this.#pending.includes(message)) this.#pending.push(message);
  }

  /** A list of statements, from the place behind what precedes it up to `end`, with marks above those that have notes. */
  #list(parent: ts.Node, statements: ts.NodeArray<ts.Statement>, end: number): string[] {
    const pieces: string[] = [];
    let last = parent === this.source ? 0 : statements.pos;
    for (const statement of statements) {
      const start = statement.getStart();
      const lead = this.#text.slice(last, start);
      last = statement.end;
      if (removable(statement, (call) => this.#isFreeing(call) || this.#isIdle(call))) {
        this.#changed("statements that free memory removed");
        // what is said on the same line goes with it
        last += /^[ \t]*(\/\/[^\n]*)?/.exec(this.#text.slice(last))?.[0].length ?? 0;
        pieces.push(lead.replace(/[ \t]*\n[ \t]*$/, "").replace(/^\s+$/, ""));
        continue;
      }
      const before = this.#pending;
      this.#pending = [];
      const body = this.#statement(statement);
      const indent = /[ \t]*$/.exec(lead)?.[0] ?? "";
      const marks = this.#pending.filter((m) => !lead.includes(m)).map((m) => `// ${MARK}${m}\n${indent}`);
      this.#pending = before;
      pieces.push(lead, ...marks, body);
    }
    pieces.push(this.#text.slice(last, end));
    return pieces;
  }

  #statement(node: ts.Statement): string {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      const module = (node.moduleSpecifier as ts.StringLiteral).text;
      if (isJaxJs(module)) return this.#imports.declaration(node, module);
    }
    return this.#render(node);
  }

  #render(node: ts.Node): string {
    const known = this.#written.get(node);
    if (known !== undefined) return known;
    return this.#special(node) ?? this.#plain(node);
  }

  #plain(node: ts.Node): string {
    let out = "";
    let last = node.getStart();
    ts.forEachChild(node, (child) => {
      const start = child.getStart();
      if (start < last) return;
      out += this.#text.slice(last, start) + this.#render(child);
      last = child.end;
    });
    return out + this.#text.slice(last, node.end);
  }

  #special(node: ts.Node): string | undefined {
    if (ts.isBlock(node) || ts.isModuleBlock(node)) {
      const open = node.getStart();
      return this.#text.slice(open, node.statements.pos) + this.#list(node, node.statements, node.end).join("");
    }
    if (ts.isCaseClause(node) || ts.isDefaultClause(node)) {
      const head = ts.isCaseClause(node)
        ? this.#text.slice(node.getStart(), node.expression.getStart()) +
          this.#render(node.expression) +
          this.#text.slice(node.expression.end, node.statements.pos)
        : this.#text.slice(node.getStart(), node.statements.pos);
      return head + this.#list(node, node.statements, node.end).join("");
    }
    this.#condition(node);
    if (ts.isPropertyAccessExpression(node)) return this.#access(node);
    if (ts.isCallExpression(node)) return this.#call(node);
    if (ts.isIdentifier(node)) return this.#identifier(node);
    if (ts.isQualifiedName(node)) return this.#api(node, node.right);
    if (ts.isTypeReferenceNode(node)) return this.#typeReference(node);
    if (ts.isVariableDeclaration(node)) return this.#declaration(node);
    if (ts.isImportTypeNode(node)) return this.#importType(node);
    if (ts.isShorthandPropertyAssignment(node)) {
      const now = this.#identifier(node.name);
      return now === undefined || now === node.name.text ? undefined : `${node.name.text}: ${now}`;
    }
    return undefined;
  }

  // names

  #identifier(node: ts.Identifier): string | undefined {
    const { parent } = node;
    // names of members and what declares a name are no uses
    if (ts.isPropertyAccessExpression(parent) && parent.name === node) return undefined;
    if (ts.isQualifiedName(parent) && parent.right === node) return undefined;
    if (!this.#imports.isLocal(node.text)) return undefined;
    const symbol = this.program.checker.getSymbolAtLocation(node);
    const here = ts.isShorthandPropertyAssignment(parent)
      ? this.program.checker.getShorthandAssignmentValueSymbol(parent)
      : symbol;
    if (!here?.declarations?.some((d) => ts.isImportSpecifier(d))) return undefined;
    const name = this.program.apiName(node);
    if (name === undefined || name.startsWith("optax.")) return undefined;
    return this.#named(node, name, () => this.#imports.local(node.text, RENAMED[name] ?? name));
  }

  /** `np.linspace`, as a value or a type. */
  #api(node: ts.PropertyAccessExpression | ts.QualifiedName, last: ts.Node): string | undefined {
    const name = this.program.apiName(last);
    if (name === undefined) return undefined;
    const left = ts.isQualifiedName(node) ? node.left : node.expression;
    return this.#named(node, name, () => {
      const to = RENAMED[name]?.split(".").pop();
      if (to === undefined) return this.#plain(node);
      this.#changed("names");
      return this.#render(left) + this.#text.slice(left.end, last.getStart()) + to;
    });
  }

  /** What a name of jax-js is here. */
  #named(node: ts.Node, name: string, otherwise: () => string): string {
    const [first, ...rest] = name.split(".");
    if (name === "Array") return this.#replaced(this.#imports.need("Tensor", isTypePosition(node)));
    if (name === "DType" && isTypePosition(node)) return this.#replaced(this.#imports.need("DType", true));
    if (first === "DType" && rest.length === 1)
      return this.#replaced(`${this.#imports.need("numpy", false)}.${DTYPES[rest[0]]}`);
    if (first === "scipySpecial" && SPECIAL[rest[0]]) {
      const [space, member] = SPECIAL[rest[0]].split(".");
      return this.#replaced(`${this.#imports.need(space, false)}.${member}`);
    }
    if (name === "Device" && isTypePosition(node)) return this.#replaced("string");
    if (name === "numpy.ArrayLike") return this.#replaced(`${this.#imports.need("Tensor", true)} | number`);
    const type = TYPES[name];
    if (type !== undefined) {
      const [space, member] = type.split(".");
      return this.#replaced(this.#imports.need(space, member === undefined) + (member ? `.${member}` : ""));
    }
    const remedy =
      MISSING[name] ?? (first === "numpy" && rest[0] === "fft" && rest.length > 1 ? undefined : MISSING[first]);
    if (remedy !== undefined && first !== "loaders" && first !== "onnx") {
      this.#note(node, `${name} has no counterpart: ${remedy}`);
    }
    if (first === "optax" && !OPTIM.has(rest[0])) this.#imports.keep(rest[0]);
    return otherwise();
  }
  #replaced(text: string): string {
    this.#changed("names");
    return text;
  }

  #typeReference(node: ts.TypeReferenceNode): string | undefined {
    const name = ts.isQualifiedName(node.typeName) ? node.typeName.right : node.typeName;
    if (this.program.apiName(name) !== "OwnedFunction" || node.typeArguments?.length !== 1) return undefined;
    return this.#replaced(this.#render(node.typeArguments[0]));
  }

  #importType(node: ts.ImportTypeNode): string | undefined {
    const { argument, qualifier } = node;
    if (!ts.isLiteralTypeNode(argument) || !ts.isStringLiteral(argument.literal)) return undefined;
    if (argument.literal.text !== "@jax-js/jax") return undefined;
    const text = this.#plain(node).replace("@jax-js/jax", "tilework");
    const name = qualifier && this.program.apiName(ts.isQualifiedName(qualifier) ? qualifier.right : qualifier);
    return this.#replaced(name === "Array" ? `import("tilework").Tensor` : text);
  }

  // members

  #access(node: ts.PropertyAccessExpression): string | undefined {
    const member = node.name.text;
    if (member === "ref") {
      const holds = this.#arrays.holds(node.expression);
      if (holds === "array") {
        this.#changed(".ref removed");
        return this.#render(node.expression);
      }
      if (holds === "unknown") {
        const { line, character } = this.source.getLineAndCharacterOfPosition(node.name.getStart());
        this.#notes.push({
          line: line + 1,
          column: character + 1,
          message: ".ref was left: nothing tells whether this is an array",
        });
      }
      return undefined;
    }
    const name = this.program.apiName(node.name);
    if (name !== undefined && GONE[name]) this.#note(node.name, `${member}: ${GONE[name]}`);
    if (member === "jaxpr" && this.#isJaxpr(node.expression)) return this.#replaced(this.#render(node.expression));
    return this.#api(node, node.name);
  }
  #isJaxpr(e: ts.Expression): boolean {
    const found = this.program.checker.getTypeAtLocation(e).getProperty("jaxpr");
    return (
      found?.declarations?.some((d) => d.getSourceFile() !== this.source && d.getText().includes("ClosedJaxpr")) ??
      false
    );
  }

  // calls

  #call(node: ts.CallExpression): string | undefined {
    const { expression: callee } = node;
    const specifier = node.arguments[0];
    if (specifier && ts.isStringLiteral(specifier) && isModuleCall(callee)) {
      const to = this.#imports.module(specifier.text);
      if (to === undefined) return undefined;
      this.#changed("imports");
      return this.#plain(node).replace(specifier.text, to);
    }
    if (ts.isPropertyAccessExpression(callee)) {
      if (this.#isFreeing(node)) {
        this.#changed("calls that free memory removed");
        // what is freed may be the result of something that is done here
        const freed = this.program.apiName(callee.name) === "tree.dispose" ? node.arguments[0] : callee.expression;
        return isPure(freed) ? "undefined" : this.#render(freed);
      }
      const member = callee.name.text;
      if (member === "view" && node.arguments.length === 1 && this.#arrays.holds(callee.expression) === "array") {
        this.#changed("calls rewritten");
        return `${this.#imports.need("lax", false)}.bitcastConvertType(${this.#render(callee.expression)}, ${this.#render(node.arguments[0])})`;
      }
      if (
        member === "toString" &&
        node.arguments.length === 0 &&
        /^(Closed)?Jaxpr$/.test(this.#typeName(callee.expression))
      ) {
        this.#changed("calls rewritten");
        return `${this.#imports.need("printProgram", false)}(${this.#render(callee.expression)})`;
      }
    }
    const name = this.program.apiName(ts.isPropertyAccessExpression(callee) ? callee.name : callee);
    if (name === undefined) return undefined;
    if (name === "tree.ref" || name === "devicePut") {
      this.#changed(name === "tree.ref" ? ".ref removed" : "calls rewritten");
      return this.#render(node.arguments[0]);
    }
    if (name === "defaultDevice") {
      if (!ts.isExpressionStatement(node.parent)) this.#note(node, "there is one device, the CPU");
      this.#changed("calls rewritten");
      return '"cpu"';
    }
    if (name === "init" && !ts.isExpressionStatement(node.parent) && !ts.isExpressionStatement(node.parent.parent))
      this.#note(node, "init() gives { threads, reason }, not a list of devices");
    const rule = RULES[name];
    if (!rule) return undefined;
    const done = rule(this.#asCall(node, callee));
    if (done !== undefined) this.#changed("calls rewritten");
    return done;
  }

  #typeName(e: ts.Expression): string {
    return this.program.checker.getTypeAtLocation(e).getSymbol()?.name ?? "";
  }

  #asCall(node: ts.CallExpression, callee: ts.Expression): Call {
    const once = (e: ts.Node): string => {
      const text = this.#render(e);
      this.#written.set(e, text);
      return text;
    };
    const calleeText = once(callee);
    return {
      callee: calleeText,
      get args() {
        return node.arguments.map(once);
      },
      options: (position) => {
        const o = node.arguments[position];
        if (!o || !ts.isObjectLiteralExpression(o)) return undefined;
        const members = new Map<string, string>();
        for (const p of o.properties) {
          if (ts.isShorthandPropertyAssignment(p)) members.set(p.name.text, p.name.text);
          else if (ts.isPropertyAssignment(p) && ts.isIdentifier(p.name))
            members.set(p.name.text, this.#quietly(p.initializer));
          else return undefined;
        }
        return members;
      },
      elements: (position) => {
        const list = node.arguments[position];
        return list && ts.isArrayLiteralExpression(list) ? list.elements.map((e) => this.#quietly(e)) : undefined;
      },
      named: (name) => {
        if (!ts.isPropertyAccessExpression(callee)) return this.#imports.need(name, false);
        return this.#render(callee.expression) + this.#text.slice(callee.expression.end, callee.name.getStart()) + name;
      },
      note: (message) => this.#note(node, message),
    };
  }
  /** Text of what is written as part of something else too, without counting twice. */
  #quietly(node: ts.Node): string {
    const changes = new Map(this.#changes);
    const notes = this.#notes.length;
    const text = this.#render(node);
    this.#changes.clear();
    for (const [k, v] of changes) this.#changes.set(k, v);
    this.#notes.length = notes;
    return text;
  }

  /** `x.dispose()` of an array or a compiled function, and `tree.dispose(x)`. */
  #isFreeing(node: ts.Node): boolean {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false;
    const { expression: receiver, name } = node.expression;
    if (name.text !== "dispose") return false;
    const api = this.program.apiName(name);
    if (api !== undefined) return true;
    return node.arguments.length === 0 && this.#arrays.holds(receiver) === "array";
  }

  /** Settings that have no meaning here. */
  #isIdle(node: ts.Node): boolean {
    if (!ts.isCallExpression(node)) return false;
    const { expression: callee } = node;
    const name = this.program.apiName(ts.isPropertyAccessExpression(callee) ? callee.name : callee);
    return name === "defaultDevice" || name === "setDebug";
  }

  /** `const [leaves, def] = tree.flatten(x)` takes an object apart here. */
  #declaration(node: ts.VariableDeclaration): string | undefined {
    const { name, initializer } = node;
    if (!initializer || !ts.isCallExpression(initializer)) return undefined;
    const { expression: callee } = initializer;
    if (this.program.apiName(ts.isPropertyAccessExpression(callee) ? callee.name : callee) !== "tree.flatten")
      return undefined;
    if (!ts.isArrayBindingPattern(name)) {
      this.#note(node, "tree.flatten gives { leaves, treedef }, not a list");
      return undefined;
    }
    this.#changed("calls rewritten");
    const parts = name.elements.flatMap((e, i) => {
      if (!ts.isBindingElement(e)) return [];
      const to = e.name.getText();
      const from = ["leaves", "treedef"][i];
      return [from === to ? from : `${from}: ${to}`];
    });
    return `{ ${parts.join(", ")} } = ${this.#render(initializer)}`;
  }

  // conditions

  #condition(node: ts.Node): void {
    const tested: ts.Expression[] = [];
    if (ts.isIfStatement(node) || ts.isWhileStatement(node) || ts.isDoStatement(node)) tested.push(node.expression);
    else if (ts.isForStatement(node) && node.condition) tested.push(node.condition);
    else if (ts.isConditionalExpression(node)) tested.push(node.condition);
    else if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
      tested.push(node.operand);
    else if (ts.isBinaryExpression(node)) {
      const { kind } = node.operatorToken;
      if (kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken) tested.push(node.left);
    }
    for (const e of tested) {
      if (!this.program.isOnlyArray(this.program.checker.getTypeAtLocation(e))) continue;
      this.#note(
        e,
        "an array is a condition here, which is always true: read it with .item(), or use np.where or cond, or write staged code (Num)",
      );
    }
  }
}

function isModuleCall(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  if (ts.isIdentifier(callee)) return callee.text === "require";
  return ts.isPropertyAccessExpression(callee) && /^(mock|doMock|importActual|unmock)$/.test(callee.name.text);
}

function isTypePosition(node: ts.Node): boolean {
  for (let at: ts.Node = node; at; at = at.parent) {
    if (ts.isExpressionWithTypeArguments(at)) return false;
    if (ts.isTypeNode(at)) return !ts.isTypeQueryNode(at);
    if (ts.isExpression(at) && !ts.isIdentifier(at)) return false;
    if (ts.isStatement(at)) return false;
  }
  return false;
}
