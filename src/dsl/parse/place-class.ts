/**
 * Classes: the records of their methods, and our decorators as calls, since `@jit` on a method is syntax that neither engines nor
 * every bundler know. A class declaration becomes a constant where it stands (it is not hoisted either way), made by a function that
 * can be dropped with it: `const M = ((c) => { capture(c.prototype.forward, record); return model(c); })(class M { … });`
 */
import ts from "typescript";
import type { Edit } from "./edit.js";
import { ownDecorators } from "./find.js";
import { isStaticMember, nameOf } from "./values.js";

export function placeClass(edit: Edit, node: ts.ClassLikeDeclaration): void {
  const { module, s } = edit;
  const { file } = module;
  const onClass = ownDecorators(module, node);
  const foreignOnClass = decorators(node).length > onClass.length;
  const self = edit.unused("tw$class");
  const isMoveable = !foreignOnClass && isWrappable(node);
  // a declaration's name can be given anew
  const isAssignable = !isMoveable && !foreignOnClass && node.name !== undefined;
  // static methods are decorated before the others
  const methods = node.members.filter((m) => ts.isMethodDeclaration(m)).filter((m) => m.body !== undefined);
  const ordered = [...methods.filter(isStaticMember), ...methods.filter((m) => !isStaticMember(m))];
  const parts = ordered.flatMap((m) => methodParts(edit, m, self));
  // decorators that stay are lowered by the tool that lowers the others of this class
  const lowered = isMoveable || isAssignable ? onClass : [];
  if (parts.length === 0 && lowered.length === 0) return;
  for (const d of lowered) removeDecorator(edit, d.node);

  if (!isMoveable) {
    for (const d of [...lowered].reverse()) {
      const decorated = `${edit.helper("decorateClass")}(${decoratorText(edit, d.node)}, ${node.name?.text})`;
      s.appendLeft(node.end, ` ${node.name?.text} = ${decorated};`);
    }
    if (parts.length > 0) s.appendLeft(node.end - 1, ` static { const ${self} = this; ${parts.join(" ")} } `);
    return;
  }
  const name = node.name?.text ?? edit.unused("tw$default");
  const whole = lowered.reduceRight(
    (inner, d) => `${edit.helper("decorateClass")}(${decoratorText(edit, d.node)}, ${inner})`,
    self,
  );
  const open = `/*#__PURE__*/((${self}) => { ${[...parts, `return ${whole};`].join(" ")} })(`;
  const from = classStart(node, file);
  if (ts.isClassExpression(node)) {
    s.appendRight(from, open);
    s.appendLeft(node.end, ")");
    return;
  }
  const modifiers = ts.getModifiers(node) ?? [];
  const isDefault = modifiers.some((m) => m.kind === ts.SyntaxKind.DefaultKeyword);
  const isExport = modifiers.some((m) => m.kind === ts.SyntaxKind.ExportKeyword);
  for (const m of modifiers) if (m.getStart(file) < from) s.remove(m.getStart(file), nextStart(edit, m.end));
  s.appendRight(from, `${isExport && !isDefault ? "export " : ""}const ${name} = ${open}`);
  s.appendLeft(node.end, `);${isDefault ? ` export { ${name} as default };` : ""}`);
}

/** The statements that attach the record of a method and decorate it. */
function methodParts(edit: Edit, m: ts.MethodDeclaration, self: string): readonly string[] {
  const { module } = edit;
  const { file } = module;
  const own = ownDecorators(module, m);
  const f = edit.staged(m);
  if (!f && own.length === 0) return [];
  const at = { start: m.name.getStart(file), end: m.name.end };
  const name = nameOf(m.name);
  if (name === undefined || ts.isPrivateIdentifier(m.name)) {
    const kind = ts.isPrivateIdentifier(m.name) ? "a #private method" : "a method with a computed name";
    const severity = f?.reason === "staged" && own.length > 0 ? "error" : "warning";
    edit.problem(
      severity,
      at,
      "TW7001",
      `${kind} cannot be captured: it runs as ordinary JavaScript`,
      "give it a plain name",
    );
    return [];
  }
  if (decorators(m).length > own.length) {
    const severity = own.length > 0 ? "error" : "warning";
    const message = `${name} has a decorator of another library, which replaces it: its source cannot be captured`;
    edit.problem(severity, at, "TW7001", message, "move the decorated part into a method of its own");
    return [];
  }
  const holder = isStaticMember(m) ? self : `${self}.prototype`;
  const key = ts.isIdentifier(m.name) ? `.${name}` : `[${JSON.stringify(name)}]`;
  const record = f && edit.record(f);
  const parts = record === undefined ? [] : [`${edit.helper("capture")}(${holder}${key}, ${record});`];
  // the one next to the method is applied first
  for (const d of [...own].reverse()) {
    removeDecorator(edit, d.node);
    parts.push(`${edit.helper("decorateMethod")}(${decoratorText(edit, d.node)}, ${holder}, ${JSON.stringify(name)});`);
  }
  return parts;
}

function decorators(node: ts.Node): readonly ts.Decorator[] {
  return (ts.canHaveDecorators(node) && ts.getDecorators(node)) || [];
}

function decoratorText(edit: Edit, d: ts.Decorator): string {
  return d.expression.getText(edit.module.file);
}

function removeDecorator(edit: Edit, d: ts.Decorator): void {
  edit.s.remove(d.getStart(edit.module.file), nextStart(edit, d.end));
}

/** Where the next word begins: on the same line, or else the end of the line stays. */
function nextStart(edit: Edit, end: number): number {
  const space = /^[ \t]*/.exec(edit.module.text.slice(end));
  return end + (space?.[0].length ?? 0);
}

/** Where `class` stands, after decorators and modifiers. */
function classStart(node: ts.ClassLikeDeclaration, file: ts.SourceFile): number {
  const keyword = node.getChildren(file).find((c) => c.kind === ts.SyntaxKind.ClassKeyword);
  return (keyword ?? node).getStart(file);
}

/** An abstract class is no expression, and a class merged with a namespace must stay a declaration. */
function isWrappable(node: ts.ClassLikeDeclaration): boolean {
  if (ts.isClassExpression(node)) return true;
  const isAbstract = ts.getModifiers(node)?.some((m) => m.kind === ts.SyntaxKind.AbstractKeyword);
  const { parent } = node;
  const statements = ts.isSourceFile(parent) || ts.isBlock(parent) || ts.isModuleBlock(parent) ? parent.statements : [];
  const name = node.name?.text;
  return !isAbstract && !statements.some((x) => ts.isModuleDeclaration(x) && x.name.text === name);
}
