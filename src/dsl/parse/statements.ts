/** Statements of TypeScript to those of ast.ts. */
import ts from "typescript";
import type { Declaration, ForOf, Statement, SwitchCase } from "../ast.js";
import type { Context } from "./context.js";
import { cannotCapture, REFUSALS, type Refusal, unknownStatement } from "../refusals.js";
import { named } from "./expressions.js";
import { blockNames, listNames } from "./scope.js";

/** undefined for what only types are. */
export function parseStatement(c: Context, node: ts.Statement, label?: string): Statement | undefined {
  const at = c.at(node);
  const labelled = label === undefined ? {} : { label };
  if (ts.isVariableStatement(node)) return parseDeclaration(c, node.declarationList);
  if (ts.isExpressionStatement(node)) return { kind: "expression", expression: c.expression(node.expression), ...at };
  if (ts.isReturnStatement(node))
    return { kind: "return", ...(node.expression ? { value: c.expression(node.expression) } : {}), ...at };
  if (ts.isIfStatement(node)) {
    const test = c.expression(node.expression);
    const then = branch(c, node.thenStatement);
    const otherwise = node.elseStatement ? branch(c, node.elseStatement) : undefined;
    return { kind: "if", test, then, ...(otherwise ? { otherwise } : {}), ...at };
  }
  if (ts.isBlock(node)) return c.block(node.statements, node);
  if (ts.isWhileStatement(node))
    return { kind: "while", ...labelled, test: c.expression(node.expression), body: branch(c, node.statement), ...at };
  if (ts.isDoStatement(node))
    return {
      kind: "doWhile",
      ...labelled,
      test: c.expression(node.expression),
      body: branch(c, node.statement),
      ...at,
    };
  if (ts.isForStatement(node)) return parseFor(c, node, label);
  if (ts.isForOfStatement(node)) return parseForOf(c, node, label);
  if (ts.isSwitchStatement(node)) return parseSwitch(c, node, label);
  if (ts.isBreakStatement(node)) return { kind: "break", ...(node.label ? { label: node.label.text } : {}), ...at };
  if (ts.isContinueStatement(node))
    return { kind: "continue", ...(node.label ? { label: node.label.text } : {}), ...at };
  if (ts.isThrowStatement(node)) return { kind: "throw", value: c.expression(node.expression), ...at };
  if (ts.isFunctionDeclaration(node)) return { kind: "declareFunction", fn: c.functionNode(node), ...at };
  if (ts.isLabeledStatement(node)) return parseLabelled(c, node);
  if (node.kind === ts.SyntaxKind.DebuggerStatement) return { kind: "debugger", ...at };
  if (ts.isEmptyStatement(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return undefined;
  if (ts.isTryStatement(node)) {
    c.refuse(node, REFUSALS.try);
    for (const block of [node.tryBlock, node.finallyBlock]) if (block) c.block(block.statements, block);
    const caught = node.catchClause?.variableDeclaration;
    const names = caught && ts.isIdentifier(caught.name) ? [caught.name.text] : [];
    const handler = node.catchClause?.block;
    if (handler) c.withScope(names, () => c.block(handler.statements, handler));
    return undefined;
  }
  if (ts.isForInStatement(node)) {
    c.refuse(node, REFUSALS.forIn);
    const { initializer } = node;
    c.expression(node.expression);
    c.withScope(ts.isVariableDeclarationList(initializer) ? listNames(initializer) : [], () =>
      branch(c, node.statement),
    );
    return undefined;
  }
  c.refuse(node, REFUSED.get(node.kind) ?? unknownStatement(ts.SyntaxKind[node.kind]));
  return undefined;
}

const REFUSED: ReadonlyMap<ts.SyntaxKind, Refusal> = new Map<ts.SyntaxKind, Refusal>([
  [ts.SyntaxKind.ClassDeclaration, REFUSALS.class],
  [ts.SyntaxKind.EnumDeclaration, cannotCapture("an enum", "declare it outside of the function")],
  [ts.SyntaxKind.WithStatement, REFUSALS.with],
]);

/** The statement of an `if` or a loop; an empty block where there is nothing to do. */
function branch(c: Context, node: ts.Statement): Statement {
  return c.withScope(ts.isBlock(node) ? [] : blockNames([node]), () => c.statement(node)) ?? emptyBlock(c, node);
}
function emptyBlock(c: Context, node: ts.Node): Statement {
  return { kind: "block", statements: [], ...c.at(node) };
}

function parseDeclaration(c: Context, list: ts.VariableDeclarationList): Declaration {
  checkKind(c, list);
  return {
    kind: "declare",
    mutable: !(list.flags & ts.NodeFlags.Const),
    bindings: list.declarations.map((d) => ({
      pattern: c.pattern(d.name),
      ...(d.initializer ? { init: named(c.expression(d.initializer), d.name) } : {}),
    })),
    ...c.at(list),
  };
}

function checkKind(c: Context, list: ts.VariableDeclarationList): void {
  const kind = list.flags & ts.NodeFlags.BlockScoped;
  if (kind === 0) c.refuse(list, REFUSALS.var);
  else if (kind & ts.NodeFlags.Using) c.refuse(list, REFUSALS.using);
}

function parseFor(c: Context, node: ts.ForStatement, label: string | undefined): Statement {
  const init = node.initializer;
  const names = init && ts.isVariableDeclarationList(init) ? listNames(init) : [];
  return c.withScope(names, () => ({
    kind: "for",
    ...(label === undefined ? {} : { label }),
    ...(init === undefined
      ? {}
      : {
          init: ts.isVariableDeclarationList(init)
            ? parseDeclaration(c, init)
            : { kind: "expression", expression: c.expression(init), ...c.at(init) },
        }),
    ...(node.condition ? { test: c.expression(node.condition) } : {}),
    ...(node.incrementor ? { update: c.expression(node.incrementor) } : {}),
    body: branch(c, node.statement),
    ...c.at(node),
  }));
}

function parseForOf(c: Context, node: ts.ForOfStatement, label: string | undefined): Statement {
  if (node.awaitModifier) c.refuse(node, REFUSALS.forAwait);
  const iterable = c.expression(node.expression);
  const init = node.initializer;
  if (!ts.isVariableDeclarationList(init)) {
    c.refuse(init, REFUSALS.forOfTarget);
    c.statement(node.statement);
    return emptyBlock(c, node);
  }
  checkKind(c, init);
  return c.withScope(listNames(init), (): ForOf => {
    const declared = init.declarations[0];
    return {
      kind: "forOf",
      ...(label === undefined ? {} : { label }),
      mutable: !(init.flags & ts.NodeFlags.Const),
      pattern: c.pattern(declared.name),
      iterable,
      body: branch(c, node.statement),
      ...c.at(node),
    };
  });
}

function parseSwitch(c: Context, node: ts.SwitchStatement, label: string | undefined): Statement {
  const subject = c.expression(node.expression);
  const all = node.caseBlock.clauses.flatMap((clause) => [...clause.statements]);
  const cases = c.withScope(blockNames(all), () =>
    node.caseBlock.clauses.map(
      (clause): SwitchCase => ({
        kind: "case",
        ...(ts.isCaseClause(clause) ? { test: c.expression(clause.expression) } : {}),
        body: parseList(c, clause.statements),
        ...c.at(clause),
      }),
    ),
  );
  return { kind: "switch", ...(label === undefined ? {} : { label }), subject, cases, ...c.at(node) };
}

function parseLabelled(c: Context, node: ts.LabeledStatement): Statement | undefined {
  const { statement } = node;
  const takesLabel =
    ts.isWhileStatement(statement) ||
    ts.isDoStatement(statement) ||
    ts.isForStatement(statement) ||
    ts.isForOfStatement(statement) ||
    ts.isSwitchStatement(statement);
  if (!takesLabel) {
    c.refuse(node.label, REFUSALS.label);
    return c.statement(statement);
  }
  return parseStatement(c, statement, node.label.text);
}

export function parseList(c: Context, statements: readonly ts.Statement[]): Statement[] {
  return statements.flatMap((s) => c.statement(s) ?? []);
}
