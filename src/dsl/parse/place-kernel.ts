/** Kernels that are captured need no parser at run time: `kernel(…)` of them becomes `capturedKernel(…)`, which brings none. */
import ts from "typescript";
import type { Edit } from "./edit.js";
import { isFunctionSyntax } from "./values.js";

export function placeKernels(edit: Edit): void {
  const { module, s } = edit;
  const captured = new Set<ts.Node>(edit.captured.map((c) => c.node));
  const isCaptured = (argument: ts.Expression): boolean => {
    let node: ts.Node = argument;
    while (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node))
      node = node.expression;
    if (ts.isIdentifier(node)) {
      const d = module.declaration(node);
      if (!d || module.isAssigned(d)) return false;
      node = ts.isVariableDeclaration(d) && d.initializer ? d.initializer : d;
    }
    return isFunctionSyntax(node) && captured.has(node);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.arguments.length > 0 && module.apiName(node.expression) === "kernel") {
      const callee = node.expression;
      if (isCaptured(node.arguments[0])) s.update(callee.getStart(module.file), callee.end, edit.own("capturedKernel"));
    }
    ts.forEachChild(node, visit);
  };
  visit(module.file);
}
