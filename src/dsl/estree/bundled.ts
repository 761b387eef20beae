/**
 * What bundlers, test runners and tools that count lines make of a function's text, undone: calls of imports through a sequence
 * or through Object, esbuild's `__name(f, "f")`, and the counters of istanbul.
 */
import type * as es from "acorn";
import type { Context } from "./context.js";

/** `(0, x.load)` → `x.load`; `Object(x.load)`, as webpack writes it, likewise. */
export function importedCallee(c: Context, callee: es.Expression): es.Expression {
  if (callee.type === "SequenceExpression") {
    const last = callee.expressions[callee.expressions.length - 1];
    return callee.expressions.slice(0, -1).every((e) => e.type === "Literal") ? last : callee;
  }
  if (callee.type !== "CallExpression" || callee.arguments.length !== 1) return callee;
  const [inner] = callee.arguments;
  const isObject = callee.callee.type === "Identifier" && callee.callee.name === "Object" && !c.isLocal("Object");
  return isObject && inner.type === "MemberExpression" && isFree(c, inner.object) ? inner : callee;
}

function isFree(c: Context, node: es.Expression | es.Super): boolean {
  return node.type === "Identifier" && !c.isLocal(node.name);
}

/** `__name(value, "name")`: undefined for any other call. */
export function namedByTool(c: Context, node: es.Node): { value: es.Expression; name: string } | undefined {
  const call = node as es.Expression;
  if (call.type !== "CallExpression" || call.callee.type !== "Identifier" || call.arguments.length !== 2)
    return undefined;
  const [value, label] = call.arguments;
  if (!/^__name\d*$/.test(call.callee.name) || c.isLocal(call.callee.name) || value.type === "SpreadElement")
    return undefined;
  return label.type === "Literal" && typeof label.value === "string" ? { value, name: label.value } : undefined;
}

/** `cov_1a2b().s[3]++` */
export function isCounter(c: Context, node: es.Expression): boolean {
  if (node.type !== "UpdateExpression") return false;
  let at: es.Expression | es.Super = node.argument;
  while (at.type === "MemberExpression") at = at.object;
  return (
    at.type === "CallExpression" &&
    at.arguments.length === 0 &&
    at.callee.type === "Identifier" &&
    /^cov_\w+$/.test(at.callee.name) &&
    !c.isLocal(at.callee.name)
  );
}

/** A statement that only a tool has written: it counts, or names a function that has its name. */
export function isOfTool(c: Context, statement: es.Statement): boolean {
  return (
    statement.type === "ExpressionStatement" &&
    (isCounter(c, statement.expression) || namedByTool(c, statement.expression)?.value.type === "Identifier")
  );
}
