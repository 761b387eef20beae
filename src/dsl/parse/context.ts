/** What the parts of the parser share: the scopes, what is captured, and the list of what is refused. */
import ts from "typescript";
import type { Code } from "../../diagnostics/help.js";
import type { Block, Expression, FunctionNode, Located, Pattern, Statement } from "../ast.js";
import type { Refusal } from "../refusals.js";

/** A construct that capture refuses; offsets in the file. */
export interface SourceError {
  readonly code: Code;
  readonly message: string;
  readonly help?: string;
  readonly start: number;
  readonly end: number;
}

/** What the names that a file imports stand for. */
interface Import {
  /** `import * as ns`. */
  readonly namespace: boolean;
  /** From this package. */
  readonly library: boolean;
}

const importsOf = new WeakMap<ts.SourceFile, ReadonlyMap<string, Import>>();

function readImports(source: ts.SourceFile): ReadonlyMap<string, Import> {
  let imports = importsOf.get(source) as Map<string, Import> | undefined;
  if (imports) return imports;
  imports = new Map();
  for (const s of source.statements) {
    if (!ts.isImportDeclaration(s) || !ts.isStringLiteral(s.moduleSpecifier) || !s.importClause) continue;
    const library = s.moduleSpecifier.text === "tilework" || s.moduleSpecifier.text.startsWith("tilework/");
    const { name, namedBindings } = s.importClause;
    if (name) imports.set(name.text, { namespace: false, library });
    if (!namedBindings) continue;
    if (ts.isNamespaceImport(namedBindings)) imports.set(namedBindings.name.text, { namespace: true, library });
    else for (const e of namedBindings.elements) imports.set(e.name.text, { namespace: false, library });
  }
  importsOf.set(source, imports);
  return imports;
}

/** Globals whose functions need no `this`. */
const PLAIN_GLOBALS = new Set(["Math", "Number", "Object", "Array", "JSON", "String", "console"]);

export class Context {
  readonly errors: SourceError[] = [];
  /** Captured chains, in order of first use. */
  readonly chains = new Set<string>();
  readonly #scopes: Set<string>[] = [];
  readonly #imports: ReadonlyMap<string, Import>;
  /** How many functions with a `this` of their own are open. */
  ownThis = 0;
  /** Labels of the loops around, innermost last. */
  readonly labels: string[] = [];

  // set by function.ts: expressions hold functions, which hold statements, which hold expressions
  expression: (node: ts.Expression) => Expression = unset;
  pattern: (node: ts.BindingName) => Pattern = unset;
  statement: (node: ts.Statement) => Statement | undefined = unset;
  block: (statements: ts.NodeArray<ts.Statement>, at: ts.Node) => Block = unset;
  functionNode: (node: FunctionLike) => FunctionNode = unset;

  constructor(
    readonly source: ts.SourceFile,
    /** Where the function's text begins. */
    readonly base: number,
  ) {
    this.#imports = readImports(source);
  }

  at(node: ts.Node): Located {
    return { start: Math.max(0, node.getStart(this.source) - this.base), end: node.end - this.base };
  }

  /** Records that `node` is refused; parsing goes on, to find the other mistakes too. */
  refuse(node: ts.Node, refusal: Refusal): void {
    const start = node.getStart(this.source);
    if (this.errors.some((e) => e.start === start && e.code === refusal.code)) return;
    this.errors.push({ ...refusal, start, end: node.end });
  }

  withScope<R>(names: Iterable<string>, f: () => R): R {
    this.#scopes.push(new Set(names));
    try {
      return f();
    } finally {
      this.#scopes.pop();
    }
  }
  isLocal(name: string): boolean {
    return this.#scopes.some((s) => s.has(name));
  }

  /** The value at the end of a chain is the same function whatever it is called on. */
  isNamespace(root: string): boolean {
    const from = this.#imports.get(root);
    return from ? from.namespace || from.library : PLAIN_GLOBALS.has(root);
  }

  captured(chain: string, at: Located): Expression {
    this.chains.add(chain);
    const root = /^[\w$\p{L}]+/u.exec(chain)?.[0] ?? "";
    return { kind: "captured", chain, library: this.#imports.get(root)?.library ?? false, ...at };
  }
}

function unset(): never {
  throw new Error("the parser is not put together");
}

/** What can be captured. */
export type FunctionLike = ts.FunctionDeclaration | ts.FunctionExpression | ts.ArrowFunction | ts.MethodDeclaration;

export function isFunctionLike(node: ts.Node): node is FunctionLike {
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isFunctionExpression(node) ||
    ts.isArrowFunction(node) ||
    ts.isMethodDeclaration(node)
  );
}

/** Without parentheses and what only types are. */
export function bare(node: ts.Expression): ts.Expression {
  while (
    ts.isParenthesizedExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isSatisfiesExpression(node) ||
    ts.isTypeAssertionExpression(node) ||
    ts.isExpressionWithTypeArguments(node)
  )
    node = node.expression;
  return node;
}
