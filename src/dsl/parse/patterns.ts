/** What values are bound to: names, members, and destructuring in declarations, parameters and assignments. */
import ts from "typescript";
import type { ArrayPattern, ObjectPattern, Pattern, PatternElement } from "../ast.js";
import { bare, type Context } from "./context.js";
import { outerName, outerObject, REFUSALS } from "../refusals.js";
import { parseKey } from "./keys.js";

/** The pattern of a declaration or a parameter. */
export function parsePattern(c: Context, node: ts.BindingName): Pattern {
  const at = c.at(node);
  if (ts.isIdentifier(node)) return { kind: "name", name: node.text, ...at };
  let rest: Pattern | undefined;
  if (ts.isArrayBindingPattern(node)) {
    const elements: (PatternElement | null)[] = [];
    for (const e of node.elements) {
      if (ts.isOmittedExpression(e)) elements.push(null);
      else if (e.dotDotDotToken) rest = parsePattern(c, e.name);
      else elements.push(bindingElement(c, e));
    }
    return { kind: "arrayPattern", elements, ...(rest ? { rest } : {}), ...at };
  }
  const properties: ObjectPattern["properties"][number][] = [];
  for (const e of node.elements) {
    if (e.dotDotDotToken) rest = parsePattern(c, e.name);
    else {
      const key = parseKey(c, e.propertyName ?? (e.name as ts.Identifier));
      properties.push({ key, element: bindingElement(c, e) });
    }
  }
  return { kind: "objectPattern", properties, ...(rest ? { rest } : {}), ...at };
}

function bindingElement(c: Context, e: ts.BindingElement | ts.ParameterDeclaration): PatternElement {
  const pattern = parsePattern(c, e.name);
  return {
    kind: "element",
    pattern,
    ...(e.initializer ? { fallback: c.expression(e.initializer) } : {}),
    ...c.at(e),
  };
}
export const parseParameter = bindingElement;

/** What an assignment writes to; undefined (and an error) where that is not allowed. */
export function assignmentTarget(c: Context, outer: ts.Expression): Pattern | undefined {
  const node = bare(outer);
  const at = c.at(node);
  if (ts.isIdentifier(node)) {
    if (c.isLocal(node.text)) return { kind: "name", name: node.text, ...at };
    c.refuse(node, outerName(node.text));
    return undefined;
  }
  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) {
    const root = rootOf(c, node);
    if (root !== undefined) {
      c.refuse(node, outerObject(root));
      return undefined;
    }
    const object = c.expression(node.expression);
    if (ts.isElementAccessExpression(node))
      return { kind: "target", object, property: c.expression(node.argumentExpression), ...at };
    return { kind: "target", object, property: parseKey(c, node.name as ts.PropertyName), ...at };
  }
  if (ts.isArrayLiteralExpression(node)) return arrayTarget(c, node);
  if (ts.isObjectLiteralExpression(node)) return objectTarget(c, node);
  c.refuse(node, REFUSALS.assignment);
  return undefined;
}

/** What the object of a target hangs on, when that is from outside (or `this`). */
function rootOf(c: Context, node: ts.Expression): string | undefined {
  let at = bare(node);
  while (ts.isPropertyAccessExpression(at) || ts.isElementAccessExpression(at)) at = bare(at.expression);
  if (at.kind === ts.SyntaxKind.ThisKeyword) return "this";
  return ts.isIdentifier(at) && !c.isLocal(at.text) ? at.text : undefined;
}

/** `[a, b = 1]` as a target: elements are assignments or targets. */
function targetElement(c: Context, node: ts.Expression): PatternElement | undefined {
  const at = c.at(node);
  const inner = bare(node);
  const withDefault = ts.isBinaryExpression(inner) && inner.operatorToken.kind === ts.SyntaxKind.EqualsToken;
  const pattern = assignmentTarget(c, withDefault ? inner.left : inner);
  if (pattern === undefined) return undefined;
  return { kind: "element", pattern, ...(withDefault ? { fallback: c.expression(inner.right) } : {}), ...at };
}

function arrayTarget(c: Context, node: ts.ArrayLiteralExpression): ArrayPattern {
  const elements: (PatternElement | null)[] = [];
  let rest: Pattern | undefined;
  for (const e of node.elements) {
    if (ts.isSpreadElement(e)) rest = assignmentTarget(c, e.expression);
    else elements.push(ts.isOmittedExpression(e) ? null : (targetElement(c, e) ?? null));
  }
  return { kind: "arrayPattern", elements, ...(rest ? { rest } : {}), ...c.at(node) };
}

function objectTarget(c: Context, node: ts.ObjectLiteralExpression): ObjectPattern {
  const properties: ObjectPattern["properties"][number][] = [];
  let rest: Pattern | undefined;
  for (const p of node.properties) {
    if (ts.isSpreadAssignment(p)) rest = assignmentTarget(c, p.expression);
    else if (ts.isShorthandPropertyAssignment(p)) {
      const pattern = assignmentTarget(c, p.name);
      if (!pattern) continue;
      const fallback = p.objectAssignmentInitializer;
      const element: PatternElement = {
        kind: "element",
        pattern,
        ...(fallback ? { fallback: c.expression(fallback) } : {}),
        ...c.at(p),
      };
      properties.push({ key: p.name.text, element });
    } else if (ts.isPropertyAssignment(p)) {
      const element = targetElement(c, p.initializer);
      if (element) properties.push({ key: parseKey(c, p.name), element });
    } else c.refuse(p, REFUSALS.assignment);
  }
  return { kind: "objectPattern", properties, ...(rest ? { rest } : {}), ...c.at(node) };
}
