/** A function's text to the tree of ast.ts. All that is refused in it is found, not only the first. */
import type * as es from "acorn";
import type { CaptureError, FunctionNode, Pattern, PatternElement } from "../ast.js";
import { asynchronous, REFUSALS } from "../refusals.js";
import { Context, type Method, type Names } from "./context.js";
import { parseExpression } from "./expressions.js";
import { parseParameter, parsePattern } from "./patterns.js";
import { blockNames, boundNames, varNames } from "./scope.js";
import { parseList, parseStatement } from "./statements.js";
import { type FunctionText, readText } from "./text.js";

export interface ReadFunction {
  /** Absent when the text is no function that can be read; it has gaps when there are errors. */
  readonly node?: FunctionNode;
  /** The captured chains with the way to their values. */
  readonly values: ReadonlyMap<string, () => unknown>;
  readonly errors: readonly CaptureError[];
}

/** `text` is what `toString` of a function gives, `name` what the function is called. */
export function readFunction(text: string, name: string, names: Names): ReadFunction {
  const read = readText(text, name);
  if ("code" in read) return { values: new Map(), errors: [{ ...read, start: read.start, end: read.end }] };
  return parseFunction(read, name, names);
}

function parseFunction({ node, method, shift }: FunctionText, name: string, names: Names): ReadFunction {
  const c = new Context(names, name, shift);
  c.expression = (n) => parseExpression(c, n);
  c.statement = (n) => parseStatement(c, n);
  c.pattern = (n) => parsePattern(c, n);
  c.block = (statements, at) =>
    c.withScope(blockNames(statements), () => ({ kind: "block", statements: parseList(c, statements), ...c.at(at) }));
  c.functionNode = (n, m) => functionNode(c, n, m);
  return { node: functionNode(c, node, method), values: c.values, errors: c.errors };
}

function functionNode(c: Context, node: es.Function, method?: Method): FunctionNode {
  const name = method?.name ?? node.id?.name ?? "";
  const around = method?.node ?? node;
  if (node.async) c.refuse(around, asynchronous(name));
  if (node.generator) c.refuse(around, REFUSALS.generator);
  const arrow = node.type === "ArrowFunctionExpression";
  const self = !method && node.type === "FunctionExpression" && node.id !== null && node.id !== undefined;
  const names = [...(self ? [name] : []), ...node.params.flatMap((p) => boundNames(p)), ...varNames(node.body)];
  const outer = c.ownThis;
  c.ownThis = outer + (arrow ? 0 : 1);
  try {
    return c.withScope(names, () => {
      const params: PatternElement[] = [];
      let rest: Pattern | undefined;
      for (const p of node.params) {
        if (p.type === "RestElement") rest = c.pattern(p.argument);
        else params.push(parseParameter(c, p));
      }
      const body = functionBody(c, node);
      return { kind: "function", name, arrow, self, params, ...(rest ? { rest } : {}), body, ...c.at(around) };
    });
  } finally {
    c.ownThis = outer;
  }
}

function functionBody(c: Context, { body }: es.Function): FunctionNode["body"] {
  if (body.type === "BlockStatement") return c.block(body.body, body);
  const at = c.at(body);
  return { kind: "block", statements: [{ kind: "return", value: c.expression(body), ...at }], ...at };
}
