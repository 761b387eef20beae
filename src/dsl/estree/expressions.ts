/** Expressions of JavaScript's syntax tree (ESTree) to those of ast.ts. */
import type * as es from "acorn";
import type { Assign, Expression, Located, ObjectLiteral, Pattern, Property, Spread } from "../ast.js";
import { REFUSALS, unknownExpression } from "../refusals.js";
import { isImportMeta, parseArguments, parseCall, parseMember } from "./access.js";
import { isCounter } from "./bundled.js";
import type { Context } from "./context.js";
import { assignmentTarget } from "./patterns.js";
import { literal, named, nameOf, parseKey, refuse } from "./values.js";

export function parseExpression(c: Context, node: es.Expression): Expression {
  const at = c.at(node);
  switch (node.type) {
    case "ParenthesizedExpression":
      return c.expression(node.expression);
    case "Identifier":
      return parseName(c, node, at);
    case "Literal":
      return parseLiteral(c, node, at);
    case "TemplateLiteral":
      return parseTemplate(c, node, at);
    case "ThisExpression":
      return c.ownThis > 0 ? { kind: "this", ...at } : c.captured({ root: "this", members: [] }, node);
    case "MetaProperty":
      return isImportMeta(node)
        ? c.captured({ root: "import.meta", members: [] }, node)
        : refuse(c, node, unknownExpression(node.type));
    case "ChainExpression":
      return { kind: "chain", expression: c.expression(node.expression), ...at };
    case "MemberExpression":
      return parseMember(c, node);
    case "CallExpression":
      return parseCall(c, node);
    case "NewExpression":
      return { kind: "new", callee: c.expression(node.callee), args: parseArguments(c, node.arguments, node), ...at };
    case "UnaryExpression":
      if (node.operator === "delete") return refuse(c, node, REFUSALS.delete);
      return { kind: "unary", op: node.operator, operand: c.expression(node.argument), ...at };
    case "UpdateExpression": {
      const target = assignmentTarget(c, node.argument);
      if (target === undefined || target.kind === "arrayPattern" || target.kind === "objectPattern")
        return literal(undefined, at);
      return { kind: "update", op: node.operator, prefix: node.prefix, target, ...at };
    }
    case "BinaryExpression": {
      const left =
        node.left.type === "PrivateIdentifier" ? refuse(c, node.left, REFUSALS.privateIn) : c.expression(node.left);
      return { kind: "binary", op: node.operator, left, right: c.expression(node.right), ...at };
    }
    case "LogicalExpression":
      return {
        kind: "logical",
        op: node.operator,
        left: c.expression(node.left),
        right: c.expression(node.right),
        ...at,
      };
    case "ConditionalExpression": {
      const [test, then, otherwise] = [node.test, node.consequent, node.alternate].map((x) => c.expression(x));
      return { kind: "conditional", test, then, otherwise, ...at };
    }
    case "AssignmentExpression":
      return parseAssignment(c, node, at);
    case "ArrayExpression":
      return { kind: "array", elements: parseArguments(c, node.elements, node), ...at };
    case "ObjectExpression":
      return parseObject(c, node, at);
    case "SequenceExpression":
      return parseSequence(c, node, at);
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return c.functionNode(node);
    case "TaggedTemplateExpression":
      return refuse(c, node, REFUSALS.taggedTemplate);
    case "ClassExpression":
      return refuse(c, node, REFUSALS.class);
    case "ImportExpression":
      return refuse(c, node, REFUSALS.import);
    case "YieldExpression":
      return refuse(c, node, REFUSALS.yield);
    case "AwaitExpression":
      c.expression(node.argument);
      return refuse(c, node, REFUSALS.await);
  }
}

function parseName(c: Context, node: es.Identifier, at: Located): Expression {
  const { name } = node;
  if (c.isLocal(name)) return { kind: "name", name, ...at };
  if (name === "undefined") return literal(undefined, at);
  if (name === "NaN") return literal(Number.NaN, at);
  if (name === "Infinity") return literal(Number.POSITIVE_INFINITY, at);
  if (name === "arguments") return refuse(c, node, REFUSALS.arguments);
  return c.captured({ root: name, members: [] }, node);
}

function parseLiteral(c: Context, node: es.Literal, at: Located): Expression {
  if (node.regex || node.value instanceof RegExp) return refuse(c, node, REFUSALS.regularExpression);
  return literal(node.bigint === undefined ? node.value : BigInt(node.bigint), at);
}

function parseTemplate(c: Context, { quasis, expressions }: es.TemplateLiteral, at: Located): Expression {
  const texts = quasis.map((q) => q.value.cooked ?? "");
  if (expressions.length === 0) return literal(texts[0], at);
  return { kind: "template", quasis: texts, values: expressions.map((e) => c.expression(e)), ...at };
}

function parseAssignment(c: Context, node: es.AssignmentExpression, at: Located): Expression {
  const target: Pattern | undefined = assignmentTarget(c, node.left);
  const value = named(c.expression(node.right), nameOf(node.left));
  if (target === undefined) return value;
  const op = node.operator.slice(0, -1) as NonNullable<Assign["op"]> | "";
  return { kind: "assign", target, value, ...(op === "" ? {} : { op }), ...at };
}

function parseSequence(c: Context, node: es.SequenceExpression, at: Located): Expression {
  const values: Expression[] = [];
  const collect = (e: es.Expression): void => {
    if (e.type === "SequenceExpression") e.expressions.forEach(collect);
    else if (!isCounter(c, e)) values.push(c.expression(e));
  };
  collect(node);
  return values.length === 1 ? values[0] : { kind: "sequence", values, ...at };
}

function parseObject(c: Context, node: es.ObjectExpression, at: Located): ObjectLiteral {
  const properties: (Property | Spread)[] = [];
  for (const p of node.properties) {
    const where = c.at(p);
    if (p.type === "SpreadElement") properties.push({ kind: "spread", value: c.expression(p.argument), ...where });
    else if (p.kind !== "init") refuse(c, p, REFUSALS.accessor);
    else {
      const key = parseKey(c, p);
      const isMethod = p.method && p.value.type === "FunctionExpression";
      const value = isMethod
        ? c.functionNode(p.value as es.FunctionExpression, { name: methodName(p.key, p.computed), node: p })
        : named(c.expression(p.value), p.shorthand || p.computed ? undefined : nameOf(p.key));
      properties.push({ kind: "property", key, value, ...where });
    }
  }
  return { kind: "object", properties, ...at };
}

/** The name of a method, as far as its key is plain text. */
export function methodName(key: es.Node, computed: boolean): string {
  if (computed) return "";
  const { value } = key as Partial<es.Literal>;
  return nameOf(key) ?? (typeof value === "string" ? value : "");
}
