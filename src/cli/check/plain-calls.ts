/**
 * Calls of staged functions with plain numbers, outside of staged code: tsc takes the signature of numbers and says `number`, but
 * an array comes back.
 */
import ts from "typescript";
import { HELP } from "../../diagnostics/help.js";
import type { Reported } from "../../diagnostics/render.js";
import { findStaged } from "../../dsl/parse/find.js";
import type { Module } from "../../dsl/parse/module.js";
import { nodeAt } from "./conditions.js";
import type { Project } from "./project.js";
import { spanOf } from "./types.js";

export function plainCalls(file: ts.SourceFile, module: Module, { checker }: Project): Reported[] {
  if (!/\btilework\b/.test(file.text)) return [];
  const found: Reported[] = [];
  const staged = new Set(
    findStaged(module)
      .functions.map((f) => nodeAt(file, f.node.getStart(), f.node.end))
      .filter((n) => n !== undefined),
  );
  const visit = (node: ts.Node): void => {
    // numbers are arrays in there
    if (staged.has(node)) return;
    if (ts.isCallExpression(node) && isMistyped(node)) {
      found.push({
        code: "TW7031",
        severity: "warning",
        message: `${node.expression.getText(file)}(…) is called with numbers only: its type is number, what it returns is an array`,
        help: HELP.TW7031,
        span: spanOf(file, node.getStart(file), node.end),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;

  function isMistyped(call: ts.CallExpression): boolean {
    const signatures = checker.getTypeAtLocation(call.expression).getCallSignatures();
    // staged functions have the signature of numbers first and that of arrays last
    if (signatures.length < 2 || call.arguments.length === 0) return false;
    const chosen = checker.getResolvedSignature(call);
    if (!chosen || !returnsNum(chosen) || !returnsTensor(signatures[signatures.length - 1])) return false;
    return call.arguments.every((a) => (checker.getTypeAtLocation(a).flags & ts.TypeFlags.NumberLike) !== 0);
  }
  function returnsNum(s: ts.Signature): boolean {
    const type = s.getReturnType();
    const parts = type.isIntersection() ? type.types : [type];
    return parts.some((t) => (t.flags & ts.TypeFlags.NumberLike) !== 0);
  }
  function returnsTensor(s: ts.Signature): boolean {
    return s.getReturnType().getSymbol()?.name === "Tensor";
  }
}
