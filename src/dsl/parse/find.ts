/**
 * The staged functions of a module: those whose source Tilework reads. They are found where they are given to `jit`, `grad`,
 * `scan` and the like, by their decorators and directives, by parameters of the type Num, and among what they themselves call.
 */
import ts from "typescript";
import { type Module, unwrap } from "./module.js";
import { CUSTOM_RULES, type Decorating, DIRECTIVES, isDecorating, RULE_METHODS, stagedPositions } from "./staged.js";
import { type FunctionSyntax, isFunctionSyntax, type Value, valuesOf } from "./values.js";

/** Why a function is staged decides what is said when its source is refused. */
export type Reason =
  /** It is given to a transform, decorated, or has a parameter of the type Num: an error. */
  | "staged"
  /** A staged function calls it or passes it on: a warning; it runs as ordinary JavaScript. */
  | "called"
  /** Other modules may stage it: nothing. */
  | "exported";

export interface StagedFunction {
  readonly node: FunctionSyntax;
  readonly reason: Reason;
  /** Its directive: the function becomes jit(function). */
  readonly directive?: "jit" | "kernel";
}

export interface OwnDecorator {
  readonly node: ts.Decorator;
  readonly api: Decorating;
}

export interface Findings {
  /** In the order of the text, without those that run only as part of another one. */
  readonly functions: readonly StagedFunction[];
  /** `@jit function`, with the decorators, outermost first. */
  readonly decoratedFunctions: ReadonlyMap<ts.FunctionDeclaration, readonly OwnDecorator[]>;
  /** Classes with decorators of ours on them or on a method. */
  readonly decoratedClasses: readonly ts.ClassLikeDeclaration[];
}

const RANK: Record<Reason, number> = { staged: 0, called: 1, exported: 2 };

export function ownDecorators(module: Module, node: ts.Node): readonly OwnDecorator[] {
  // a function can't have decorators, says the compiler, but keeps them
  const { modifiers = [] } = node as { readonly modifiers?: readonly ts.Node[] };
  return modifiers.flatMap((d) => {
    if (!ts.isDecorator(d)) return [];
    const e = unwrap(d.expression);
    const api = module.apiName(ts.isCallExpression(e) ? e.expression : e);
    return isDecorating(api) ? [{ node: d, api }] : [];
  });
}

export function directiveOf(fn: FunctionSyntax): ts.ExpressionStatement | undefined {
  if (!fn.body || !ts.isBlock(fn.body)) return undefined;
  for (const s of fn.body.statements) {
    if (!ts.isExpressionStatement(s) || !ts.isStringLiteral(s.expression)) return undefined;
    if (DIRECTIVES.has(s.expression.text)) return s;
  }
  return undefined;
}

export function findStaged(module: Module): Findings {
  const values = valuesOf(module);
  const found = new Map<FunctionSyntax, StagedFunction>();
  const decoratedFunctions = new Map<ts.FunctionDeclaration, readonly OwnDecorator[]>();
  const decoratedClasses = new Set<ts.ClassLikeDeclaration>();

  function stage(node: FunctionSyntax, reason: Reason): void {
    const before = found.get(node);
    if (before && RANK[before.reason] <= RANK[reason]) return;
    const directive = directiveOf(node)?.expression;
    const kind = directive && ts.isStringLiteral(directive) ? DIRECTIVES.get(directive.text) : undefined;
    found.set(node, { node, reason, ...(kind ? { directive: kind } : {}) });
    if (!before && node.body) stageReferences(node);
  }
  function stageValue(v: Value, reason: Reason): void {
    if (v.kind === "function") stage(v.node, reason);
    else if (v.kind === "array" || v.kind === "object") stageParts(v.node, reason);
  }
  function stageParts(literal: ts.ArrayLiteralExpression | ts.ObjectLiteralExpression, reason: Reason): void {
    const parts = ts.isArrayLiteralExpression(literal) ? literal.elements : literal.properties;
    for (const p of parts) {
      if (ts.isMethodDeclaration(p)) stage(p, reason);
      else {
        const e = ts.isPropertyAssignment(p) ? p.initializer : ts.isShorthandPropertyAssignment(p) ? p.name : p;
        if (ts.isExpression(e)) for (const v of values.of(e)) if (v.kind === "function") stage(v.node, reason);
      }
    }
  }
  function stageClass(node: ts.ClassLikeDeclaration): void {
    for (const m of node.members) {
      // it may be one that never runs in a trace: what loads or shows the model
      const isAsync = ts.canHaveModifiers(m) && ts.getModifiers(m)?.some((x) => x.kind === ts.SyntaxKind.AsyncKeyword);
      if (ts.isMethodDeclaration(m) && m.body && !isAsync && !m.asteriskToken) stage(m, "called");
      if (ts.isPropertyDeclaration(m) && m.initializer && isFunctionSyntax(m.initializer))
        stage(m.initializer, "called");
    }
  }

  /** The functions of this module that a staged one reads: called or passed on. */
  function stageReferences(fn: FunctionSyntax): void {
    const isOutside = (id: ts.Identifier): boolean => {
      const d = module.declaration(id);
      return d !== undefined && (d.pos < fn.pos || d.end > fn.end || d === fn);
    };
    const visit = (node: ts.Node): void => {
      if (ts.isTypeNode(node)) return;
      if (ts.isPropertyAccessExpression(node)) {
        const root = rootOf(node);
        if (root.kind === ts.SyntaxKind.ThisKeyword || (ts.isIdentifier(root) && isOutside(root))) {
          for (const v of values.of(node)) stageValue(v, "called");
        }
        if (root.kind !== ts.SyntaxKind.ThisKeyword && !ts.isIdentifier(root)) visit(node.expression);
        return;
      }
      if (ts.isIdentifier(node) && isRead(node) && isOutside(node))
        for (const v of values.of(node)) stageValue(v, "called");
      ts.forEachChild(node, visit);
    };
    for (const p of fn.parameters) visit(p);
    if (fn.body) visit(fn.body);
  }

  function visitCall(call: ts.CallExpression): void {
    const api = module.apiName(call.expression);
    if (api === "model" && call.arguments.length > 0) {
      for (const v of values.of(call.arguments[0])) if (v.kind === "class") stageClass(v.node);
    }
    for (const at of (api !== undefined && stagedPositions(api)) || []) {
      const argument = call.arguments[at];
      if (argument) for (const v of values.of(argument)) stageValue(v, "staged");
    }
    if (isRule(module, call)) {
      for (const a of call.arguments) for (const v of values.of(a)) stageValue(v, "staged");
    }
  }

  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) visitCall(node);
    else if (ts.isClassLike(node)) {
      const own = ownDecorators(module, node);
      if (own.some((d) => d.api === "model")) stageClass(node);
      const decorated = node.members.filter((m) => ownDecorators(module, m).length > 0);
      for (const m of decorated) if (ts.isMethodDeclaration(m) && m.body) stage(m, "staged");
      if (own.length > 0 || decorated.length > 0) decoratedClasses.add(node);
    }
    if (isFunctionSyntax(node)) {
      if (ts.isFunctionDeclaration(node)) {
        const own = ownDecorators(module, node);
        if (own.length > 0) decoratedFunctions.set(node, own);
        if (own.length > 0) stage(node, "staged");
      }
      if (directiveOf(node)) stage(node, "staged");
      const types = parameterTypes(module, node);
      if (types.has("Num") || types.has("Block") || types.has("Ref")) stage(node, "staged");
      else if (isExported(module, node) && isWorthCapturing(node)) {
        const isScript = /\.[cm]?jsx?$/.test(module.file.fileName);
        if ((isScript && importsOwn(module)) || types.has("Tensor")) stage(node, "exported");
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(module.file);

  const functions = [...found.values()]
    .filter((f) => !runsOnlyInside(module, f.node, found))
    .sort((a, b) => a.node.pos - b.node.pos);
  return { functions, decoratedFunctions, decoratedClasses: [...decoratedClasses] };
}

function rootOf(e: ts.Expression): ts.Expression {
  let root = e;
  while (ts.isPropertyAccessExpression(root) || ts.isNonNullExpression(root)) root = root.expression;
  return root;
}

/** Not a name of a member, a label or a declaration. */
function isRead(id: ts.Identifier): boolean {
  const { parent } = id;
  if (ts.isPropertyAccessExpression(parent) || ts.isQualifiedName(parent)) return false;
  if (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent)) return parent.name !== id;
  if (ts.isBindingElement(parent)) return parent.initializer === id;
  return !(ts.isBreakOrContinueStatement(parent) || ts.isLabeledStatement(parent));
}

/** `f.defvjp(forward, backward)` of what customVjp or customJvp gave. */
function isRule(module: Module, call: ts.CallExpression): boolean {
  const callee = unwrap(call.expression);
  if (!ts.isPropertyAccessExpression(callee) || !RULE_METHODS.has(callee.name.text)) return false;
  let holder = unwrap(callee.expression);
  if (ts.isIdentifier(holder)) {
    const d = module.declaration(holder);
    if (!d || !ts.isVariableDeclaration(d) || !d.initializer) return false;
    holder = unwrap(d.initializer);
  }
  return ts.isCallExpression(holder) && CUSTOM_RULES.has(module.apiName(holder.expression) ?? "");
}

/** An argument written where it is staged never runs as plain JavaScript, so nothing inside needs a record of its own. */
function runsOnlyInside(
  module: Module,
  node: FunctionSyntax,
  found: ReadonlyMap<FunctionSyntax, StagedFunction>,
): boolean {
  for (let outer: ts.Node | undefined = node.parent; outer; outer = outer.parent) {
    if (!isFunctionSyntax(outer) || found.get(outer)?.reason !== "staged") continue;
    let { parent } = outer;
    while (ts.isParenthesizedExpression(parent)) parent = parent.parent;
    if (!ts.isCallExpression(parent)) continue;
    const api = module.apiName(parent.expression);
    if (api !== undefined && stagedPositions(api)) return true;
  }
  return false;
}

/** Tilework's types that the parameters mention, also through types of this module. */
function parameterTypes(module: Module, fn: FunctionSyntax): ReadonlySet<string> {
  const names = new Set<string>();
  const seen = new Set<ts.Node>();
  const visit = (node: ts.Node): void => {
    if (ts.isTypeReferenceNode(node)) {
      const api = module.apiType(node);
      if (api !== undefined) names.add(api);
      const d = ts.isIdentifier(node.typeName) ? module.declaration(node.typeName) : undefined;
      const isOpen =
        d && (ts.isTypeAliasDeclaration(d) || ts.isInterfaceDeclaration(d) || ts.isTypeParameterDeclaration(d));
      if (isOpen && !seen.has(d)) {
        seen.add(d);
        visit(d);
      }
    }
    // the types of a function's own parameters say nothing about who calls this one
    if (!ts.isFunctionTypeNode(node)) ts.forEachChild(node, visit);
  };
  for (const p of fn.parameters) if (p.type) visit(p.type);
  const holder = fn.parent;
  if (ts.isVariableDeclaration(holder) && holder.type && ts.isFunctionTypeNode(holder.type))
    for (const p of holder.type.parameters) if (p.type) visit(p.type);
  return names;
}

function importsOwn(module: Module): boolean {
  return module.file.statements.some(
    (s) =>
      ts.isImportDeclaration(s) &&
      ts.isStringLiteral(s.moduleSpecifier) &&
      /^tilework(?:\/|$)/.test(s.moduleSpecifier.text),
  );
}

function isExported(module: Module, fn: FunctionSyntax): boolean {
  const statement = ts.isFunctionDeclaration(fn)
    ? fn
    : ts.isVariableDeclaration(fn.parent) && ts.isVariableStatement(fn.parent.parent.parent)
      ? fn.parent.parent.parent
      : undefined;
  if (statement?.parent !== module.file) return ts.isExportAssignment(fn.parent);
  if (ts.getModifiers(statement)?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword)) return true;
  const name = ts.isFunctionDeclaration(fn)
    ? fn.name
    : ts.isVariableDeclaration(fn.parent)
      ? fn.parent.name
      : undefined;
  if (!name || !ts.isIdentifier(name)) return false;
  return module.file.statements.some((s) => {
    if (ts.isExportAssignment(s)) return ts.isIdentifier(s.expression) && s.expression.text === name.text;
    if (!ts.isExportDeclaration(s) || s.moduleSpecifier || !s.exportClause || !ts.isNamedExports(s.exportClause))
      return false;
    return s.exportClause.elements.some((e) => (e.propertyName ?? e.name).text === name.text);
  });
}

const DECIDING = new Set([
  ts.SyntaxKind.IfStatement,
  ts.SyntaxKind.WhileStatement,
  ts.SyntaxKind.DoStatement,
  ts.SyntaxKind.ForStatement,
  ts.SyntaxKind.ForOfStatement,
  ts.SyntaxKind.SwitchStatement,
  ts.SyntaxKind.ConditionalExpression,
  ts.SyntaxKind.BinaryExpression,
  ts.SyntaxKind.PrefixUnaryExpression,
]);

/** Tracing sees all that a function without conditions, loops and operators does. */
function isWorthCapturing(fn: FunctionSyntax): boolean {
  const isAsync = ts.getModifiers(fn)?.some((m) => m.kind === ts.SyntaxKind.AsyncKeyword);
  if (isAsync || fn.asteriskToken) return false;
  const visit = (node: ts.Node): boolean => DECIDING.has(node.kind) || (ts.forEachChild(node, visit) ?? false);
  return fn.body ? visit(fn.body) : false;
}
