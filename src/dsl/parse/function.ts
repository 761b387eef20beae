/**
 * A function's TypeScript source to the data of ast.ts. All that is refused in it is found, not only the first. Made at build
 * time, where the TypeScript compiler is at hand; nothing that runs in the user's program imports this.
 */
import ts from "typescript";
import { AST_VERSION, type CaptureError, type FunctionNode, type Pattern, type PatternElement } from "../ast.js";
import { encode } from "../encode.js";
import { asynchronous, cannotCapture, REFUSALS } from "../refusals.js";
import { Context, type FunctionLike, type SourceError } from "./context.js";
import { parseExpression } from "./expressions.js";
import { parseParameter, parsePattern } from "./patterns.js";
import { blockNames, boundNames, varNames } from "./scope.js";
import { parseList, parseStatement } from "./statements.js";

export { type FunctionLike, isFunctionLike, type SourceError } from "./context.js";

export interface ParsedFunction {
  readonly node: FunctionNode;
  /** The chains that thunks must be written for: the text of each is a TypeScript expression where the function stands. */
  readonly chains: readonly string[];
  /** What is refused; when there is any, the tree has gaps and must not be run. */
  readonly errors: readonly SourceError[];
  /** Where the function's text begins in the file. */
  readonly start: number;
}

/** `node` must have been parsed with its parents set. */
export function parseFunction(node: FunctionLike, source: ts.SourceFile): ParsedFunction {
  const start = functionStart(node, source);
  const c = new Context(source, start);
  c.expression = (n) => parseExpression(c, n);
  c.statement = (n) => parseStatement(c, n);
  c.pattern = (n) => parsePattern(c, n);
  c.block = (statements, at) =>
    c.withScope(blockNames(statements), () => ({ kind: "block", statements: parseList(c, statements), ...c.at(at) }));
  c.functionNode = (n) => functionNode(c, n);
  const parsed = functionNode(c, node);
  return { node: parsed, chains: [...c.chains], errors: c.errors, start };
}

/** Where the text of a function begins: after decorators and modifiers, which stand before it. */
export function functionStart(node: FunctionLike, source: ts.SourceFile): number {
  const modifiers = ts.canHaveModifiers(node) ? (node.modifiers ?? []) : [];
  const last = modifiers[modifiers.length - 1];
  if (last === undefined) return node.getStart(source);
  // `async` belongs to the function
  const from = modifiers.find((m) => m.kind === ts.SyntaxKind.AsyncKeyword);
  if (from) return from.getStart(source);
  return (
    node
      .getChildren(source)
      .find((child) => child.pos >= last.end)
      ?.getStart(source) ?? node.getStart(source)
  );
}

function functionNode(c: Context, node: FunctionLike): FunctionNode {
  const name = node.name && (ts.isIdentifier(node.name) || ts.isStringLiteral(node.name)) ? node.name.text : "";
  const arrow = ts.isArrowFunction(node);
  const modifiers = ts.canHaveModifiers(node) ? (node.modifiers ?? []) : [];
  const isAsync = modifiers.find((m) => m.kind === ts.SyntaxKind.AsyncKeyword);
  if (isAsync) c.refuse(isAsync, asynchronous(name));
  if (node.asteriskToken) c.refuse(node.asteriskToken, REFUSALS.generator);
  const self = ts.isFunctionExpression(node) && node.name !== undefined;
  const parameters = node.parameters.filter((p) => !(ts.isIdentifier(p.name) && p.name.text === "this"));
  const { body } = node;
  const names = [
    ...(self ? [name] : []),
    ...parameters.flatMap((p) => boundNames(p.name)),
    ...(body ? varNames(body) : []),
  ];
  const inner = c.ownThis + (arrow ? 0 : 1);
  const outer = c.ownThis;
  c.ownThis = inner;
  try {
    return c.withScope(names, () => {
      const params: PatternElement[] = [];
      let rest: Pattern | undefined;
      for (const p of parameters) {
        if (p.dotDotDotToken) rest = c.pattern(p.name);
        else params.push(parseParameter(c, p));
      }
      return {
        kind: "function",
        name,
        arrow,
        self,
        params,
        ...(rest ? { rest } : {}),
        body: functionBody(c, node),
        ...located(c, node),
      };
    });
  } finally {
    c.ownThis = outer;
  }
}

function located(c: Context, node: FunctionLike): { start: number; end: number } {
  return { start: functionStart(node, c.source) - c.base, end: node.end - c.base };
}

function functionBody(c: Context, node: FunctionLike): FunctionNode["body"] {
  const { body } = node;
  if (body === undefined) {
    c.refuse(node, cannotCapture("a function without a body", "write its body"));
    return { kind: "block", statements: [], ...c.at(node) };
  }
  if (ts.isBlock(body)) return c.block(body.statements, body);
  const at = c.at(body);
  return { kind: "block", statements: [{ kind: "return", value: c.expression(body), ...at }], ...at };
}

/** A record without its thunks: what is written into the program as it stands. */
export interface RecordData {
  readonly v: number;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly lines: readonly number[];
  readonly ast: string;
  readonly source?: string;
  readonly errors?: readonly CaptureError[];
}

/** The record of a parsed function, to which a thunk for each of `parsed.chains` is added as `values`. */
export function recordData(
  parsed: ParsedFunction,
  source: ts.SourceFile,
  file: string,
  options: { withSource?: boolean } = {},
): RecordData {
  const { start, node } = parsed;
  const text = source.text.slice(start, start + node.end);
  const place = source.getLineAndCharacterOfPosition(start);
  const lines: number[] = [];
  for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) lines.push(i + 1);
  const errors = parsed.errors.map((e) => ({ ...e, start: e.start - start, end: e.end - start }));
  return {
    v: AST_VERSION,
    file,
    line: place.line + 1,
    column: place.character + 1,
    lines,
    // the tree of what is refused has gaps
    ast: errors.length > 0 ? "" : encode(node),
    ...(options.withSource ? { source: text } : {}),
    ...(errors.length > 0 ? { errors } : {}),
  };
}
