/** What values are bound to: names, members, and destructuring in declarations, parameters and assignments. */
import type * as es from "acorn";
import type { Expression, ObjectPattern, Pattern, PatternElement } from "../ast.js";
import { outerName, outerObject, REFUSALS } from "../refusals.js";
import type { Context } from "./context.js";
import { parseKey } from "./values.js";

/** The pattern of a declaration or a parameter. */
export function parsePattern(c: Context, node: es.Pattern): Pattern {
  if (node.type === "Identifier") return { kind: "name", name: node.name, ...c.at(node) };
  return destructured(c, node, parsePattern) ?? { kind: "name", name: "", ...c.at(node) };
}

/** What an assignment writes to; undefined (and an error) where that is not allowed. */
export function assignmentTarget(c: Context, node: es.Pattern | es.Expression): Pattern | undefined {
  const at = c.at(node);
  if (node.type === "Identifier") {
    if (c.isLocal(node.name)) return { kind: "name", name: node.name, ...at };
    c.refuse(node, outerName(node.name));
    return undefined;
  }
  if (node.type === "MemberExpression") {
    const root = rootOf(c, node);
    if (root !== undefined) {
      c.refuse(node, outerObject(root));
      return undefined;
    }
    if (node.object.type === "Super") {
      c.refuse(node.object, REFUSALS.super);
      return undefined;
    }
    const object = c.expression(node.object);
    return { kind: "target", object, property: parseKey(c, { key: node.property, computed: node.computed }), ...at };
  }
  const pattern = destructured(c, node, assignmentTarget);
  if (pattern === undefined) c.refuse(node, REFUSALS.assignment);
  return pattern;
}

type Parse = (c: Context, node: es.Pattern) => Pattern | undefined;

function destructured(c: Context, node: es.Pattern | es.Expression, parse: Parse): Pattern | undefined {
  const at = c.at(node);
  let rest: Pattern | undefined;
  if (node.type === "ArrayPattern") {
    const elements: (PatternElement | null)[] = [];
    for (const e of node.elements) {
      if (e?.type === "RestElement") rest = parse(c, e.argument);
      else elements.push(e ? (parseElement(c, e, e, parse) ?? null) : null);
    }
    return { kind: "arrayPattern", elements, ...(rest ? { rest } : {}), ...at };
  }
  if (node.type !== "ObjectPattern") return undefined;
  const properties: ObjectPattern["properties"][number][] = [];
  for (const p of node.properties) {
    if (p.type === "RestElement") rest = parse(c, p.argument);
    else {
      const key: string | Expression = parseKey(c, p);
      const element = parseElement(c, p.value, parse === parsePattern || p.shorthand ? p : p.value, parse);
      if (element) properties.push({ key, element });
    }
  }
  return { kind: "objectPattern", properties, ...(rest ? { rest } : {}), ...at };
}

function parseElement(c: Context, node: es.Pattern, at: es.Node, parse: Parse): PatternElement | undefined {
  const withDefault = node.type === "AssignmentPattern";
  const pattern = parse(c, withDefault ? node.left : node);
  if (pattern === undefined) return undefined;
  return { kind: "element", pattern, ...(withDefault ? { fallback: c.expression(node.right) } : {}), ...c.at(at) };
}

export function parseParameter(c: Context, node: es.Pattern): PatternElement {
  const element = parseElement(c, node, node, parsePattern);
  return element ?? { kind: "element", pattern: parsePattern(c, node), ...c.at(node) };
}

/** What the object of a target hangs on, when that is from outside (or `this`). */
function rootOf(c: Context, node: es.Expression): string | undefined {
  let at: es.Expression | es.Super = node;
  while (at.type === "MemberExpression") at = at.object;
  if (at.type === "ThisExpression") return "this";
  return at.type === "Identifier" && !c.isLocal(at.name) ? at.name : undefined;
}
