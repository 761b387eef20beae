/**
 * JavaScript conditions on arrays in functions that are traced without capture: the same that tracer/scan finds at run time, here
 * by their types and wherever they stand in the function.
 */
import ts from "typescript";
import { conditionHelp, conditionMessage, type Told } from "../../tracer/scan/messages.js";
import type { Reported } from "../../diagnostics/render.js";
import type { Findings } from "../../dsl/parse/find.js";
import { nameOfFunction } from "../../dsl/parse/values.js";
import type { Project } from "./project.js";
import { spanOf } from "./types.js";

export function conditionsIn(file: ts.SourceFile, { functions }: Findings, { checker }: Project): Reported[] {
  const found = new Map<number, Reported>();
  for (const { node, reason } of functions) {
    if (reason === "exported") continue;
    // the same function in the tree that has types
    const typed = nodeAt(file, node.getStart(), node.end);
    if (typed) visit(typed, nameOfFunction(node));
  }
  return [...found.values()];

  function visit(node: ts.Node, where: string): void {
    const told = conditionOf(node);
    if (told) {
      const type = arrayType(checker.getTypeAtLocation(told.operand));
      const span = spanOf(file, told.from.getStart(file), told.from.end);
      if (type !== undefined)
        found.set(told.from.getStart(file), {
          code: "TW1010",
          severity: "error",
          message: conditionMessage(told, type, where),
          help: conditionHelp(told),
          span,
        });
    }
    ts.forEachChild(node, (child) => visit(child, where));
  }

  function conditionOf(node: ts.Node): (Told & { operand: ts.Expression; from: ts.Node }) | undefined {
    const tell = (
      kind: Told["kind"],
      operand: ts.Expression,
      text: (name: string) => string,
      from: ts.Node = operand,
    ) => {
      const name = operand.getText(file).replace(/\s+/g, " ");
      return { kind, operand, from, name, text: text(name) };
    };
    if (ts.isIfStatement(node)) return tell("test", node.expression, (x) => `if (${x})`);
    if (ts.isWhileStatement(node) || ts.isDoStatement(node))
      return tell("test", node.expression, (x) => `while (${x})`);
    if (ts.isForStatement(node) && node.condition) return tell("test", node.condition, (x) => `for (…; ${x}; …)`);
    if (ts.isSwitchStatement(node)) return tell("test", node.expression, (x) => `switch (${x})`);
    if (ts.isConditionalExpression(node)) return tell("test", node.condition, (x) => `${x} ?`);
    if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
      return tell("not", node.operand, (x) => `!${x}`, node);
    if (!ts.isBinaryExpression(node)) return undefined;
    const op = node.operatorToken.getText(file);
    if (op === "&&" || op === "||") return tell("logical", node.left, (x) => `${x} ${op}`);
    if (!/^[!=]==?$/.test(op)) return undefined;
    const [operand, other] = isScalar(node.right) ? [node.left, node.right] : [node.right, node.left];
    return isScalar(other) ? tell("equality", operand, () => node.getText(file), node) : undefined;
  }

  function isScalar(e: ts.Expression): boolean {
    const type = checker.getTypeAtLocation(e);
    return (type.flags & (ts.TypeFlags.NumberLike | ts.TypeFlags.BooleanLike)) !== 0 && arrayType(type) === undefined;
  }
}

/** "Tensor" or "Num" for a type that is nothing else: what may be missing is asked by a condition. */
function arrayType(type: ts.Type): string | undefined {
  const alias = type.aliasSymbol?.name;
  if (alias === "Num") return alias;
  const name = type.getSymbol()?.name;
  return name === "Tensor" && type.getProperty("astype") !== undefined ? name : undefined;
}

export function nodeAt(file: ts.SourceFile, start: number, end: number): ts.Node | undefined {
  let found: ts.Node | undefined;
  const visit = (node: ts.Node): void => {
    if (node.pos > start || node.end < end) return;
    if (node.getStart(file) === start && node.end === end && !found) found = node;
    else ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}
