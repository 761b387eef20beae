/** Statements that do nothing but free memory. */
import { ts } from "./program.js";

type IsFreeing = (node: ts.Node) => boolean;

/** Reading it has no effect. */
export function isPure(node: ts.Node): boolean {
  if (ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isAwaitExpression(node) || ts.isYieldExpression(node))
    return false;
  if (
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
    node.operatorToken.kind <= ts.SyntaxKind.LastAssignment
  )
    return false;
  if (ts.isPostfixUnaryExpression(node)) return false;
  return ts.forEachChild(node, (child) => (isPure(child) ? undefined : true)) === undefined;
}

export function removable(statement: ts.Statement, isFreeing: IsFreeing): boolean {
  if (ts.isExpressionStatement(statement)) return frees(statement.expression, isFreeing);
  if (ts.isBlock(statement)) return all(statement, isFreeing);
  if (ts.isIfStatement(statement))
    return (
      isPure(statement.expression) &&
      removable(statement.thenStatement, isFreeing) &&
      (statement.elseStatement === undefined || removable(statement.elseStatement, isFreeing))
    );
  if (ts.isForOfStatement(statement)) return isPure(statement.expression) && removable(statement.statement, isFreeing);
  return false;
}

function frees(e: ts.Expression, isFreeing: IsFreeing): boolean {
  if (isFreeing(e)) {
    // what is freed may be the result of something that has other effects
    const { expression: callee, arguments: given } = e as ts.CallExpression;
    return isPure(callee) && given.every(isPure);
  }
  if (ts.isBinaryExpression(e) && e.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken)
    return isPure(e.left) && frees(e.right, isFreeing);
  // xs.forEach((x) => x.dispose())
  if (ts.isCallExpression(e) && ts.isPropertyAccessExpression(e.expression) && e.expression.name.text === "forEach") {
    const [f] = e.arguments;
    if (!f || !ts.isArrowFunction(f) || !isPure(e.expression.expression)) return false;
    return ts.isBlock(f.body) ? all(f.body, isFreeing) : frees(f.body, isFreeing);
  }
  return false;
}

/** All of its statements, of which there are some. */
const all = (block: ts.Block, isFreeing: IsFreeing): boolean =>
  block.statements.length > 0 && block.statements.every((s) => removable(s, isFreeing));
