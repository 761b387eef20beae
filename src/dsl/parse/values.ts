/** What an expression's value may be, as far as the module's own text says: functions, literals, classes and their instances. */
import ts from "typescript";
import { type Module, unwrap } from "./module.js";
import { stagedPositions } from "./staged.js";

export type FunctionSyntax = ts.ArrowFunction | ts.FunctionExpression | ts.FunctionDeclaration | ts.MethodDeclaration;

export type Value =
  | { readonly kind: "function"; readonly node: FunctionSyntax }
  | { readonly kind: "object"; readonly node: ts.ObjectLiteralExpression }
  | { readonly kind: "array"; readonly node: ts.ArrayLiteralExpression }
  | { readonly kind: "class"; readonly node: ts.ClassLikeDeclaration }
  | { readonly kind: "instance"; readonly node: ts.ClassLikeDeclaration };

export interface Values {
  readonly of: (expression: ts.Expression) => readonly Value[];
  readonly member: (value: Value, name: string) => readonly Value[];
}

export function isFunctionSyntax(node: ts.Node): node is FunctionSyntax {
  return (
    ts.isArrowFunction(node) ||
    ts.isFunctionExpression(node) ||
    ((ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) && node.body !== undefined)
  );
}

export function valuesOf(module: Module): Values {
  /** Expressions that are being looked at: recursion ends here. */
  const open = new Set<ts.Node>();

  function of(expression: ts.Expression): readonly Value[] {
    const e = unwrap(expression);
    if (open.has(e)) return [];
    open.add(e);
    try {
      return find(e);
    } finally {
      open.delete(e);
    }
  }

  function find(e: ts.Expression): readonly Value[] {
    if (ts.isArrowFunction(e) || ts.isFunctionExpression(e)) return [{ kind: "function", node: e }];
    if (ts.isObjectLiteralExpression(e)) return [{ kind: "object", node: e }];
    if (ts.isArrayLiteralExpression(e)) return [{ kind: "array", node: e }];
    if (ts.isClassExpression(e)) return [{ kind: "class", node: e }];
    if (ts.isNewExpression(e))
      return of(e.expression).flatMap((v) => (v.kind === "class" ? [{ kind: "instance", node: v.node } as const] : []));
    if (ts.isConditionalExpression(e)) return [...of(e.whenTrue), ...of(e.whenFalse)];
    if (ts.isBinaryExpression(e)) {
      const op = e.operatorToken.kind;
      if (op === ts.SyntaxKind.CommaToken) return of(e.right);
      const either = [
        ts.SyntaxKind.BarBarToken,
        ts.SyntaxKind.QuestionQuestionToken,
        ts.SyntaxKind.AmpersandAmpersandToken,
      ];
      return either.includes(op) ? [...of(e.left), ...of(e.right)] : [];
    }
    if (ts.isPropertyAccessExpression(e)) return of(e.expression).flatMap((v) => member(v, e.name.text));
    if (ts.isElementAccessExpression(e)) return of(e.expression).flatMap(elements);
    if (e.kind === ts.SyntaxKind.ThisKeyword) return thisOf(e);
    if (ts.isIdentifier(e)) {
      const d = module.declaration(e);
      return d ? ofDeclaration(d) : [];
    }
    if (ts.isCallExpression(e)) return ofCall(e);
    return [];
  }

  function ofDeclaration(d: ts.Declaration): readonly Value[] {
    if (ts.isFunctionDeclaration(d)) return d.body ? [{ kind: "function", node: d }] : [];
    if (ts.isClassDeclaration(d)) return [{ kind: "class", node: d }];
    if (ts.isVariableDeclaration(d)) return d.initializer && !module.isAssigned(d) ? of(d.initializer) : [];
    if (ts.isBindingElement(d) && !d.dotDotDotToken) {
      const holder = d.parent.parent;
      if (!ts.isVariableDeclaration(holder) || !holder.initializer) return [];
      const whole = of(holder.initializer);
      if (ts.isArrayBindingPattern(d.parent)) return whole.flatMap(elements);
      const key = d.propertyName ?? d.name;
      return ts.isIdentifier(key) ? whole.flatMap((v) => member(v, key.text)) : [];
    }
    return [];
  }

  /** What a function of this module returns, and the functions that it was given: it may return or call them. */
  function ofCall(call: ts.CallExpression): readonly Value[] {
    const api = module.apiName(call.expression);
    // model(C) is C; of the others the argument is found by itself
    if (api === "model" && call.arguments.length > 0) return of(call.arguments[0]);
    if (api !== undefined && stagedPositions(api)) return [];
    const callee = unwrap(call.expression);
    if (ts.isPropertyAccessExpression(callee) && callee.name.text === "bind") return of(callee.expression);
    const makers = of(callee).flatMap((v) => (v.kind === "function" ? [v.node] : []));
    if (makers.length === 0) return [];
    const given = call.arguments.flatMap((a) => of(a).filter((v) => v.kind === "function"));
    return [...makers.flatMap(returned), ...given];
  }

  function returned(fn: FunctionSyntax): readonly Value[] {
    if (!fn.body) return [];
    if (!ts.isBlock(fn.body)) return of(fn.body);
    const found: Value[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isFunctionLike(node) || ts.isClassLike(node)) return;
      if (ts.isReturnStatement(node) && node.expression) found.push(...of(node.expression));
      ts.forEachChild(node, visit);
    };
    ts.forEachChild(fn.body, visit);
    return found;
  }

  function thisOf(node: ts.Node): readonly Value[] {
    const holder = ts.findAncestor(
      node,
      (n) => ts.isMethodDeclaration(n) || ts.isPropertyDeclaration(n) || ts.isConstructorDeclaration(n),
    );
    const parent = holder?.parent;
    if (!parent) return [];
    if (ts.isObjectLiteralExpression(parent)) return [{ kind: "object", node: parent }];
    if (!ts.isClassLike(parent)) return [];
    const isStatic = isStaticMember(holder as ts.ClassElement);
    return [{ kind: isStatic ? "class" : "instance", node: parent }];
  }

  function elements(v: Value): readonly Value[] {
    if (v.kind === "array") return v.node.elements.flatMap((e) => (ts.isSpreadElement(e) ? [] : of(e)));
    if (v.kind === "object") return v.node.properties.flatMap(propertyValue);
    return [];
  }

  function propertyValue(p: ts.ObjectLiteralElementLike): readonly Value[] {
    if (ts.isPropertyAssignment(p)) return of(p.initializer);
    if (ts.isShorthandPropertyAssignment(p)) return of(p.name);
    return ts.isMethodDeclaration(p) ? [{ kind: "function", node: p }] : [];
  }

  function member(v: Value, name: string): readonly Value[] {
    if (v.kind === "object")
      return v.node.properties.filter((p) => p.name && nameOf(p.name) === name).flatMap(propertyValue);
    if (v.kind !== "class" && v.kind !== "instance") return [];
    const own = v.node.members.filter(
      (m) => m.name && nameOf(m.name) === name && isStaticMember(m) === (v.kind === "class"),
    );
    const found = own.flatMap((m): readonly Value[] => {
      if (ts.isMethodDeclaration(m)) return m.body ? [{ kind: "function", node: m }] : [];
      return ts.isPropertyDeclaration(m) && m.initializer ? of(m.initializer) : [];
    });
    if (found.length > 0) return found;
    const assigned = v.kind === "instance" ? assignedInConstructor(v.node, name) : [];
    if (assigned.length > 0) return assigned;
    const base = v.node.heritageClauses?.find((h) => h.token === ts.SyntaxKind.ExtendsKeyword)?.types[0];
    const bases = base ? of(base.expression) : [];
    return bases.flatMap((b) => (b.kind === "class" ? member({ kind: v.kind, node: b.node }, name) : []));
  }

  function assignedInConstructor(node: ts.ClassLikeDeclaration, name: string): readonly Value[] {
    const body = node.members.find(ts.isConstructorDeclaration)?.body;
    return (body?.statements ?? []).flatMap((s) => {
      if (!ts.isExpressionStatement(s) || !ts.isBinaryExpression(s.expression)) return [];
      const { left, right, operatorToken } = s.expression;
      const isIt =
        operatorToken.kind === ts.SyntaxKind.EqualsToken &&
        ts.isPropertyAccessExpression(left) &&
        left.expression.kind === ts.SyntaxKind.ThisKeyword &&
        left.name.text === name;
      return isIt ? of(right) : [];
    });
  }

  return { of, member };
}

export function nameOf(name: ts.PropertyName): string | undefined {
  return ts.isIdentifier(name) || ts.isStringLiteral(name) || ts.isPrivateIdentifier(name) ? name.text : undefined;
}

export function isStaticMember(m: ts.Node): boolean {
  return ts.canHaveModifiers(m) && (ts.getModifiers(m)?.some((x) => x.kind === ts.SyntaxKind.StaticKeyword) ?? false);
}

/** A function's name, or that of what it is the value of. */
export function nameOfFunction(node: FunctionSyntax): string {
  if (node.name && !ts.isComputedPropertyName(node.name)) return node.name.text;
  let parent: ts.Node = node.parent;
  while (ts.isParenthesizedExpression(parent) || ts.isAsExpression(parent) || ts.isSatisfiesExpression(parent))
    parent = parent.parent;
  if (!ts.isVariableDeclaration(parent) && !ts.isPropertyAssignment(parent) && !ts.isPropertyDeclaration(parent))
    return "";
  return ts.isIdentifier(parent.name) || ts.isStringLiteral(parent.name) ? parent.name.text : "";
}
