/** Statements of JavaScript's syntax tree (ESTree) to those of ast.ts. */
import type * as es from "acorn";
import type { Declaration, ForOf, Statement, SwitchCase } from "../ast.js";
import { REFUSALS, unknownStatement } from "../refusals.js";
import { isOfTool } from "./bundled.js";
import type { Context } from "./context.js";
import { blockNames, boundNames, listNames } from "./scope.js";
import { named, nameOf } from "./values.js";

type Labelled = { readonly label?: string };

/** undefined where there is nothing to do. */
export function parseStatement(c: Context, node: es.Statement, labelled: Labelled = {}): Statement | undefined {
  const at = c.at(node);
  switch (node.type) {
    case "VariableDeclaration":
      return parseDeclaration(c, node);
    case "ExpressionStatement":
      if (isOfTool(c, node)) return undefined;
      return { kind: "expression", expression: c.expression(node.expression), ...at };
    case "ReturnStatement":
      return { kind: "return", ...(node.argument ? { value: c.expression(node.argument) } : {}), ...at };
    case "IfStatement": {
      const test = c.expression(node.test);
      const then = branch(c, node.consequent);
      const otherwise = node.alternate ? branch(c, node.alternate) : undefined;
      return { kind: "if", test, then, ...(otherwise ? { otherwise } : {}), ...at };
    }
    case "BlockStatement":
      return c.block(node.body, node);
    case "WhileStatement":
      return { kind: "while", ...labelled, test: c.expression(node.test), body: branch(c, node.body), ...at };
    case "DoWhileStatement":
      return { kind: "doWhile", ...labelled, test: c.expression(node.test), body: branch(c, node.body), ...at };
    case "ForStatement":
      return parseFor(c, node, labelled);
    case "ForOfStatement":
      return parseForOf(c, node, labelled);
    case "SwitchStatement":
      return parseSwitch(c, node, labelled);
    case "BreakStatement":
      return { kind: "break", ...(node.label ? { label: node.label.name } : {}), ...at };
    case "ContinueStatement":
      return { kind: "continue", ...(node.label ? { label: node.label.name } : {}), ...at };
    case "ThrowStatement":
      return { kind: "throw", value: c.expression(node.argument), ...at };
    case "FunctionDeclaration":
      return { kind: "declareFunction", fn: c.functionNode(node), ...at };
    case "LabeledStatement":
      return parseLabelled(c, node);
    case "EmptyStatement":
      return undefined;
    case "DebuggerStatement":
      return { kind: "debugger", ...at };
    case "TryStatement":
      return refuseTry(c, node);
    case "ForInStatement":
      c.refuse(node, REFUSALS.forIn);
      c.expression(node.right);
      c.withScope(node.left.type === "VariableDeclaration" ? listNames(node.left) : [], () => branch(c, node.body));
      return undefined;
    case "ClassDeclaration":
      c.refuse(node, REFUSALS.class);
      return undefined;
    case "WithStatement":
      c.refuse(node, REFUSALS.with);
      return undefined;
    default:
      c.refuse(node, unknownStatement((node as es.Node).type));
      return undefined;
  }
}

/** The blocks of a try are read for the other mistakes in them. */
function refuseTry(c: Context, node: es.TryStatement): undefined {
  c.refuse(node, REFUSALS.try);
  for (const block of [node.block, node.finalizer]) if (block) c.block(block.body, block);
  const { handler } = node;
  if (handler) c.withScope(handler.param ? boundNames(handler.param) : [], () => c.block(handler.body.body, handler));
  return undefined;
}

/** The statement of an `if` or a loop; an empty block where there is nothing to do. */
function branch(c: Context, node: es.Statement): Statement {
  const names = node.type === "BlockStatement" ? [] : blockNames([node]);
  return c.withScope(names, () => c.statement(node)) ?? emptyBlock(c, node);
}
function emptyBlock(c: Context, node: es.Node): Statement {
  return { kind: "block", statements: [], ...c.at(node) };
}

function parseDeclaration(c: Context, list: es.VariableDeclaration): Declaration {
  checkKind(c, list);
  const last = list.declarations[list.declarations.length - 1];
  return {
    kind: "declare",
    mutable: list.kind !== "const",
    bindings: list.declarations.map((d) => ({
      pattern: c.pattern(d.id),
      ...(d.init ? { init: named(c.expression(d.init), nameOf(d.id)) } : {}),
    })),
    // without the semicolon
    start: c.at(list).start,
    end: c.at(last).end,
  };
}

function checkKind(c: Context, list: es.VariableDeclaration): void {
  if (list.kind === "var") c.refuse(list, REFUSALS.var);
  else if (list.kind !== "let" && list.kind !== "const") c.refuse(list, REFUSALS.using);
}

function parseFor(c: Context, node: es.ForStatement, labelled: Labelled): Statement {
  const { init, test, update } = node;
  return c.withScope(init?.type === "VariableDeclaration" ? listNames(init) : [], () => ({
    kind: "for",
    ...labelled,
    ...(init
      ? {
          init:
            init.type === "VariableDeclaration"
              ? parseDeclaration(c, init)
              : { kind: "expression", expression: c.expression(init), ...c.at(init) },
        }
      : {}),
    ...(test ? { test: c.expression(test) } : {}),
    ...(update ? { update: c.expression(update) } : {}),
    body: branch(c, node.body),
    ...c.at(node),
  }));
}

function parseForOf(c: Context, node: es.ForOfStatement, labelled: Labelled): Statement {
  if (node.await) c.refuse(node, REFUSALS.forAwait);
  const iterable = c.expression(node.right);
  const { left } = node;
  if (left.type !== "VariableDeclaration") {
    c.refuse(left, REFUSALS.forOfTarget);
    c.statement(node.body);
    return emptyBlock(c, node);
  }
  checkKind(c, left);
  return c.withScope(
    listNames(left),
    (): ForOf => ({
      kind: "forOf",
      ...labelled,
      mutable: left.kind !== "const",
      pattern: c.pattern(left.declarations[0].id),
      iterable,
      body: branch(c, node.body),
      ...c.at(node),
    }),
  );
}

function parseSwitch(c: Context, node: es.SwitchStatement, labelled: Labelled): Statement {
  const subject = c.expression(node.discriminant);
  const all = node.cases.flatMap((clause) => clause.consequent);
  const cases = c.withScope(blockNames(all), () =>
    node.cases.map(
      (clause): SwitchCase => ({
        kind: "case",
        ...(clause.test ? { test: c.expression(clause.test) } : {}),
        body: parseList(c, clause.consequent),
        ...c.at(clause),
      }),
    ),
  );
  return { kind: "switch", ...labelled, subject, cases, ...c.at(node) };
}

const TAKE_LABELS: ReadonlySet<string> = new Set([
  "WhileStatement",
  "DoWhileStatement",
  "ForStatement",
  "ForOfStatement",
  "SwitchStatement",
]);

function parseLabelled(c: Context, node: es.LabeledStatement): Statement | undefined {
  if (TAKE_LABELS.has(node.body.type)) return parseStatement(c, node.body, { label: node.label.name });
  c.refuse(node.label, REFUSALS.label);
  return c.statement(node.body);
}

export function parseList(c: Context, statements: readonly es.Statement[]): Statement[] {
  return statements.flatMap((s) => c.statement(s) ?? []);
}
