/** Expressions of TypeScript to those of ast.ts. */
import ts from "typescript";
import type {
  ArithmeticOperator,
  Assign,
  BinaryOperator,
  Call,
  Expression,
  Literal,
  Located,
  ObjectLiteral,
  Pattern,
  Property,
  Spread,
  Update,
} from "../ast.js";
import { cannotCapture, REFUSALS, type Refusal, unknownExpression } from "../refusals.js";
import { bare, type Context } from "./context.js";
import { parseKey } from "./keys.js";
import { assignmentTarget } from "./patterns.js";

const BINARY: ReadonlyMap<ts.SyntaxKind, BinaryOperator> = new Map([
  [ts.SyntaxKind.PlusToken, "+"],
  [ts.SyntaxKind.MinusToken, "-"],
  [ts.SyntaxKind.AsteriskToken, "*"],
  [ts.SyntaxKind.SlashToken, "/"],
  [ts.SyntaxKind.PercentToken, "%"],
  [ts.SyntaxKind.AsteriskAsteriskToken, "**"],
  [ts.SyntaxKind.AmpersandToken, "&"],
  [ts.SyntaxKind.BarToken, "|"],
  [ts.SyntaxKind.CaretToken, "^"],
  [ts.SyntaxKind.LessThanLessThanToken, "<<"],
  [ts.SyntaxKind.GreaterThanGreaterThanToken, ">>"],
  [ts.SyntaxKind.GreaterThanGreaterThanGreaterThanToken, ">>>"],
  [ts.SyntaxKind.LessThanToken, "<"],
  [ts.SyntaxKind.LessThanEqualsToken, "<="],
  [ts.SyntaxKind.GreaterThanToken, ">"],
  [ts.SyntaxKind.GreaterThanEqualsToken, ">="],
  [ts.SyntaxKind.EqualsEqualsToken, "=="],
  [ts.SyntaxKind.ExclamationEqualsToken, "!="],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, "==="],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, "!=="],
  [ts.SyntaxKind.InKeyword, "in"],
  [ts.SyntaxKind.InstanceOfKeyword, "instanceof"],
]);
type LogicalOperator = "&&" | "||" | "??";
const LOGICAL: ReadonlyMap<ts.SyntaxKind, LogicalOperator> = new Map([
  [ts.SyntaxKind.AmpersandAmpersandToken, "&&"],
  [ts.SyntaxKind.BarBarToken, "||"],
  [ts.SyntaxKind.QuestionQuestionToken, "??"],
]);
const ASSIGNMENT: ReadonlyMap<ts.SyntaxKind, ArithmeticOperator | LogicalOperator> = new Map([
  [ts.SyntaxKind.PlusEqualsToken, "+"],
  [ts.SyntaxKind.MinusEqualsToken, "-"],
  [ts.SyntaxKind.AsteriskEqualsToken, "*"],
  [ts.SyntaxKind.SlashEqualsToken, "/"],
  [ts.SyntaxKind.PercentEqualsToken, "%"],
  [ts.SyntaxKind.AsteriskAsteriskEqualsToken, "**"],
  [ts.SyntaxKind.AmpersandEqualsToken, "&"],
  [ts.SyntaxKind.BarEqualsToken, "|"],
  [ts.SyntaxKind.CaretEqualsToken, "^"],
  [ts.SyntaxKind.LessThanLessThanEqualsToken, "<<"],
  [ts.SyntaxKind.GreaterThanGreaterThanEqualsToken, ">>"],
  [ts.SyntaxKind.GreaterThanGreaterThanGreaterThanEqualsToken, ">>>"],
  [ts.SyntaxKind.AmpersandAmpersandEqualsToken, "&&"],
  [ts.SyntaxKind.BarBarEqualsToken, "||"],
  [ts.SyntaxKind.QuestionQuestionEqualsToken, "??"],
]);

/** Constructs without a meaning on traced values, and what to write instead. */
const JSX = cannotCapture("JSX", "build elements outside of the function");
const REFUSED: ReadonlyMap<ts.SyntaxKind, Refusal> = new Map<ts.SyntaxKind, Refusal>([
  [ts.SyntaxKind.DeleteExpression, REFUSALS.delete],
  [ts.SyntaxKind.TaggedTemplateExpression, REFUSALS.taggedTemplate],
  [ts.SyntaxKind.RegularExpressionLiteral, REFUSALS.regularExpression],
  [ts.SyntaxKind.ClassExpression, REFUSALS.class],
  [ts.SyntaxKind.JsxElement, JSX],
  [ts.SyntaxKind.JsxSelfClosingElement, JSX],
  [ts.SyntaxKind.JsxFragment, JSX],
  [ts.SyntaxKind.SuperKeyword, REFUSALS.super],
  [ts.SyntaxKind.PrivateIdentifier, REFUSALS.privateMember],
]);

export function parseExpression(c: Context, outer: ts.Expression): Expression {
  const node = bare(outer);
  const at = c.at(node);
  const refused = REFUSED.get(node.kind);
  if (refused) return refuse(c, node, refused);
  if (ts.isIdentifier(node)) return parseName(c, node, at);
  if (ts.isNumericLiteral(node)) return literal(Number(node.text), at);
  if (ts.isStringLiteralLike(node)) return literal(node.text, at);
  if (ts.isBigIntLiteral(node)) return literal(BigInt(node.text.replace(/n$/, "")), at);
  if (node.kind === ts.SyntaxKind.TrueKeyword) return literal(true, at);
  if (node.kind === ts.SyntaxKind.FalseKeyword) return literal(false, at);
  if (node.kind === ts.SyntaxKind.NullKeyword) return literal(null, at);
  if (node.kind === ts.SyntaxKind.ThisKeyword) return c.ownThis > 0 ? { kind: "this", ...at } : c.captured("this", at);
  if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword)
    return c.captured("import.meta", at);
  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node) || ts.isCallExpression(node)) {
    const chain = outermostOptional(node);
    const parsed = parseAccess(c, node);
    return chain ? { kind: "chain", expression: parsed, ...at } : parsed;
  }
  if (ts.isNewExpression(node))
    return { kind: "new", callee: c.expression(node.expression), args: parseArguments(c, node.arguments ?? []), ...at };
  if (ts.isPrefixUnaryExpression(node)) return parsePrefix(c, node, at);
  if (ts.isPostfixUnaryExpression(node))
    return parseUpdate(c, node.operand, node.operator === ts.SyntaxKind.PlusPlusToken ? "++" : "--", false, at);
  if (ts.isTypeOfExpression(node))
    return { kind: "unary", op: "typeof", operand: c.expression(node.expression), ...at };
  if (ts.isVoidExpression(node)) return { kind: "unary", op: "void", operand: c.expression(node.expression), ...at };
  if (ts.isBinaryExpression(node)) return parseBinary(c, node, at);
  if (ts.isConditionalExpression(node)) {
    const [test, then, otherwise] = [node.condition, node.whenTrue, node.whenFalse].map((x) => c.expression(x));
    return { kind: "conditional", test, then, otherwise, ...at };
  }
  if (ts.isArrayLiteralExpression(node)) return { kind: "array", elements: parseArguments(c, node.elements), ...at };
  if (ts.isObjectLiteralExpression(node)) return parseObject(c, node, at);
  if (ts.isTemplateExpression(node)) {
    return {
      kind: "template",
      quasis: [node.head.text, ...node.templateSpans.map((s) => s.literal.text)],
      values: node.templateSpans.map((s) => c.expression(s.expression)),
      ...at,
    };
  }
  if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) return c.functionNode(node);
  if (ts.isAwaitExpression(node)) {
    c.expression(node.expression);
    return refuse(c, node, REFUSALS.await);
  }
  if (ts.isYieldExpression(node)) return refuse(c, node, REFUSALS.yield);
  return refuse(c, node, unknownExpression(ts.SyntaxKind[node.kind]));
}

function literal(value: Literal["value"], at: Located): Literal {
  return { kind: "literal", value, ...at };
}

/** Records the refusal; parsing goes on with a value in its place. */
function refuse(c: Context, node: ts.Node, refusal: Refusal): Expression {
  c.refuse(node, refusal);
  return literal(undefined, c.at(node));
}

function parseName(c: Context, node: ts.Identifier, at: Located): Expression {
  const name = node.text;
  if (c.isLocal(name)) return { kind: "name", name, ...at };
  if (name === "undefined") return literal(undefined, at);
  if (name === "NaN") return literal(Number.NaN, at);
  if (name === "Infinity") return literal(Number.POSITIVE_INFINITY, at);
  if (name === "arguments") return refuse(c, node, REFUSALS.arguments);
  return c.captured(name, at);
}

/** The text of a chain of plain members on something from outside; undefined for anything else. */
function chainOf(c: Context, outer: ts.Expression): string | undefined {
  const node = bare(outer);
  if (ts.isIdentifier(node)) return c.isLocal(node.text) || isConstantName(node.text) ? undefined : node.text;
  if (node.kind === ts.SyntaxKind.ThisKeyword) return c.ownThis > 0 ? undefined : "this";
  if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword) return "import.meta";
  if (!ts.isPropertyAccessExpression(node) || node.questionDotToken) return undefined;
  // #private members are read by the thunk, which stands in the class
  const object = chainOf(c, node.expression);
  return object === undefined ? undefined : `${object}.${node.name.text}`;
}
const isConstantName = (name: string): boolean => ["undefined", "NaN", "Infinity", "arguments"].includes(name);

const rootOf = (chain: string): string => chain.split(".", 1)[0];

/** A member, an element or a call, without what wraps a whole chain with `?.`. */
function parseAccess(
  c: Context,
  node: ts.PropertyAccessExpression | ts.ElementAccessExpression | ts.CallExpression,
): Expression {
  const at = c.at(node);
  const optional = node.questionDotToken !== undefined;
  if (ts.isPropertyAccessExpression(node)) {
    const chain = chainOf(c, node);
    if (chain !== undefined) return c.captured(chain, at);
    const object = parseLink(c, node.expression);
    if (ts.isPrivateIdentifier(node.name)) return c.expression(node.name as unknown as ts.Expression);
    return { kind: "member", object, property: node.name.text, optional, ...at };
  }
  if (ts.isElementAccessExpression(node)) {
    const object = parseLink(c, node.expression);
    return { kind: "index", object, index: c.expression(node.argumentExpression), optional, ...at };
  }
  if (node.expression.kind === ts.SyntaxKind.ImportKeyword) return refuse(c, node, REFUSALS.import);
  const callee = parseCallee(c, node.expression);
  const call: Call = { kind: "call", callee, args: parseArguments(c, node.arguments), optional, ...at };
  return call;
}

/** The object of a chain: the same chain when it is one with `?.`, else an expression of its own. */
function parseLink(c: Context, outer: ts.Expression): Expression {
  const node = ts.isNonNullExpression(outer) ? bare(outer) : outer;
  const link = ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node) || ts.isCallExpression(node);
  return link && ts.isOptionalChain(node) ? parseAccess(c, node) : c.expression(outer);
}

/** True for the last link of a chain that has `?.` in it. */
function outermostOptional(node: ts.Node): boolean {
  if (!ts.isOptionalChain(node)) return false;
  let parent = node.parent;
  let inner: ts.Node = node;
  while (parent && ts.isNonNullExpression(parent)) {
    inner = parent;
    parent = parent.parent;
  }
  const continues =
    parent !== undefined &&
    ts.isOptionalChain(parent) &&
    (parent as ts.Node as { expression?: ts.Node }).expression === inner;
  return !continues;
}

/** What is called. A member of an object keeps the object, for `this`; a member of a namespace is the function alone. */
function parseCallee(c: Context, outer: ts.Expression): Expression {
  const node = bare(outer);
  if (ts.isPropertyAccessExpression(node) && !node.questionDotToken && !ts.isPrivateIdentifier(node.name)) {
    const chain = chainOf(c, node);
    if (chain !== undefined && !c.isNamespace(rootOf(chain))) {
      const object = c.captured(chain.slice(0, chain.lastIndexOf(".")), c.at(node.expression));
      return { kind: "member", object, property: node.name.text, optional: false, ...c.at(node) };
    }
  }
  return parseLink(c, outer);
}

function parseArguments(c: Context, args: readonly ts.Expression[]): (Expression | Spread)[] {
  return args.map((a) =>
    ts.isSpreadElement(a)
      ? { kind: "spread", value: c.expression(a.expression), ...c.at(a) }
      : ts.isOmittedExpression(a)
        ? literal(undefined, c.at(a))
        : c.expression(a),
  );
}

function parsePrefix(c: Context, node: ts.PrefixUnaryExpression, at: Located): Expression {
  switch (node.operator) {
    case ts.SyntaxKind.PlusPlusToken:
      return parseUpdate(c, node.operand, "++", true, at);
    case ts.SyntaxKind.MinusMinusToken:
      return parseUpdate(c, node.operand, "--", true, at);
    default: {
      const op = (
        {
          [ts.SyntaxKind.MinusToken]: "-",
          [ts.SyntaxKind.PlusToken]: "+",
          [ts.SyntaxKind.ExclamationToken]: "!",
          [ts.SyntaxKind.TildeToken]: "~",
        } as const
      )[node.operator];
      return { kind: "unary", op, operand: c.expression(node.operand), ...at };
    }
  }
}

function parseUpdate(c: Context, operand: ts.Expression, op: Update["op"], prefix: boolean, at: Located): Expression {
  const target = assignmentTarget(c, operand);
  if (target === undefined || target.kind === "arrayPattern" || target.kind === "objectPattern")
    return literal(undefined, at);
  return { kind: "update", op, prefix, target, ...at };
}

function parseBinary(c: Context, node: ts.BinaryExpression, at: Located): Expression {
  const token = node.operatorToken.kind;
  if (token === ts.SyntaxKind.CommaToken) {
    const values: Expression[] = [];
    const collect = (n: ts.Expression): void => {
      const b = bare(n);
      if (ts.isBinaryExpression(b) && b.operatorToken.kind === ts.SyntaxKind.CommaToken) {
        collect(b.left);
        collect(b.right);
      } else values.push(c.expression(b));
    };
    collect(node);
    return { kind: "sequence", values, ...at };
  }
  const compound = ASSIGNMENT.get(token);
  if (compound !== undefined || token === ts.SyntaxKind.EqualsToken) {
    const target: Pattern | undefined = assignmentTarget(c, node.left);
    const value = named(c.expression(node.right), node.left);
    if (target === undefined) return value;
    const assign: Assign = { kind: "assign", target, value, ...(compound ? { op: compound } : {}), ...at };
    return assign;
  }
  const logical = LOGICAL.get(token);
  const left = ts.isPrivateIdentifier(node.left) ? refuse(c, node.left, REFUSALS.privateIn) : c.expression(node.left);
  const right = c.expression(node.right);
  if (logical) return { kind: "logical", op: logical, left, right, ...at };
  const op = BINARY.get(token);
  return op
    ? { kind: "binary", op, left, right, ...at }
    : refuse(c, node, cannotCapture(`the construct ${ts.SyntaxKind[node.operatorToken.kind]}`, "write it out"));
}

/** A function without a name takes that of what it is assigned to. */
export function named(value: Expression, target: ts.Node): Expression {
  return value.kind === "function" && value.name === "" && ts.isIdentifier(target)
    ? { ...value, name: target.text }
    : value;
}

function parseObject(c: Context, node: ts.ObjectLiteralExpression, at: Located): ObjectLiteral {
  const properties: (Property | Spread)[] = [];
  for (const p of node.properties) {
    const where = c.at(p);
    if (ts.isSpreadAssignment(p)) properties.push({ kind: "spread", value: c.expression(p.expression), ...where });
    else if (ts.isShorthandPropertyAssignment(p))
      properties.push({ kind: "property", key: p.name.text, value: parseName(c, p.name, where), ...where });
    else if (ts.isPropertyAssignment(p))
      properties.push({
        kind: "property",
        key: parseKey(c, p.name),
        value: named(c.expression(p.initializer), p.name),
        ...where,
      });
    else if (ts.isMethodDeclaration(p))
      properties.push({ kind: "property", key: parseKey(c, p.name), value: c.functionNode(p), ...where });
    else refuse(c, p, REFUSALS.accessor);
  }
  return { kind: "object", properties, ...at };
}
