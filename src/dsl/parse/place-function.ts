/** Where the record of a function goes: around an expression, around a declaration that becomes a constant, around a method. */
import ts from "typescript";
import { directiveOf, type OwnDecorator, type StagedFunction } from "./find.js";
import { functionStart } from "./function.js";
import { unwrap } from "./module.js";
import type { Edit } from "./edit.js";
import { nameOfFunction } from "./values.js";

const PURE = "/*#__PURE__*/";

/** What comes before and after a function's own text. */
interface Around {
  readonly before: string;
  readonly after: string;
}

function around(edit: Edit, f: StagedFunction, name: string, wrappers: readonly Around[]): Around {
  const record = edit.options.syntaxOnly ? undefined : edit.record(f);
  let before = "";
  let after = "";
  for (const w of wrappers) {
    before += `${PURE}${w.before}`;
    after = w.after + after;
  }
  if (record === undefined) return { before, after };
  // the name that the syntax gave it by its place
  const label = name === "" || f.node.name ? "" : `, ${JSON.stringify(name)}`;
  return { before: `${before}${PURE}${edit.helper("capture")}(`, after: `, ${record}${label})${after}` };
}

function directiveWrapper(edit: Edit, f: StagedFunction, name: string): readonly Around[] {
  if (!f.directive) return [];
  const label = name === "" ? "" : `, { name: ${JSON.stringify(name)} }`;
  return [{ before: `${edit.own(f.directive)}(`, after: `${f.directive === "jit" ? label : ""})` }];
}

function dropDirective(edit: Edit, f: StagedFunction): void {
  const directive = f.directive && directiveOf(f.node);
  if (directive) edit.s.remove(directive.getStart(edit.module.file), directive.end);
}

export function placeExpression(edit: Edit, f: StagedFunction): void {
  const { node } = f;
  const name = nameOfFunction(node);
  const { before, after } = around(edit, f, name, directiveWrapper(edit, f, name));
  if (before === "") return;
  dropDirective(edit, f);
  edit.s.appendRight(node.getStart(edit.module.file), before);
  edit.s.appendLeft(node.end, after);
}

/** `{ forward(x) { … } }` → `{ forward: capture({ forward(x) { … } }.forward, record) }`. */
export function placeObjectMethod(edit: Edit, f: StagedFunction): void {
  const { node } = f;
  const { file } = edit.module;
  if (!node.name || !(ts.isIdentifier(node.name) || ts.isStringLiteral(node.name))) {
    if (f.reason === "staged") {
      const at = { start: node.getStart(file), end: (node.name ?? node).end };
      edit.problem("error", at, "TW7001", "a method with a computed name cannot be captured", "give it a plain name");
    }
    return;
  }
  const key = node.name.getText(file);
  const { before, after } = around(edit, f, node.name.text, directiveWrapper(edit, f, node.name.text));
  if (before === "") return;
  dropDirective(edit, f);
  const access = ts.isIdentifier(node.name) ? `.${key}` : `[${key}]`;
  edit.s.appendRight(node.getStart(file), `${key}: ${before}({ `);
  edit.s.appendLeft(node.end, ` })${access}${after}`);
}

/**
 * A declaration becomes a constant: moved to the beginning of its block, so that it is there before the first line that uses it.
 * Where that cannot be (it is assigned, shares its name with a namespace, or stands in a case), it stays and a statement attaches the record.
 */
export function placeDeclaration(edit: Edit, f: StagedFunction, decorators: readonly OwnDecorator[]): void {
  const { module, s } = edit;
  const { file } = module;
  const node = f.node as ts.FunctionDeclaration;
  const block = node.parent;
  const isBlock = ts.isSourceFile(block) || ts.isBlock(block) || ts.isModuleBlock(block);
  const wraps = decorators.length > 0 || f.directive !== undefined;
  const name = node.name?.text ?? "";
  const stays = module.isAssigned(node) || sharesName(node) || !isBlock;
  if (stays && !wraps) {
    const record = edit.record(f);
    if (record !== undefined)
      s.prependLeft(isBlock ? edit.startOf(block) : node.getStart(file), statement(edit, name, record));
    return;
  }
  if (stays) {
    const at = { start: node.getStart(file), end: (node.name ?? node).end };
    const what = isBlock ? "is assigned, or shares its name with a namespace" : "stands in a case of a switch";
    edit.problem(
      "error",
      at,
      "TW7001",
      `${name} becomes a constant, but it ${what}`,
      "write const f = jit(function …) instead",
    );
    return;
  }
  const local = name || edit.unused("tw$default");
  const wrappers = [...decorators.map((d) => decoratorWrapper(edit, d, local)), ...directiveWrapper(edit, f, name)];
  const { before, after } = around(edit, f, name || "default", wrappers);
  if (before === "") return;
  dropDirective(edit, f);
  const modifiers = node.modifiers ?? [];
  const isDefault = modifiers.some((m) => m.kind === ts.SyntaxKind.DefaultKeyword);
  const isExport = modifiers.some((m) => m.kind === ts.SyntaxKind.ExportKeyword);
  const start = node.getStart(file);
  const from = functionStart(node, file);
  if (from > start) s.remove(start, from);
  s.appendRight(from, `${isExport && !isDefault ? "export " : ""}const ${local} = ${before}`);
  s.appendLeft(node.end, `${after};${isDefault ? ` export { ${local} as default };` : ""}`);
  removeOverloads(edit, node);
  const target = edit.startOf(block as ts.SourceFile | ts.Block);
  // a decorator may use what is declared above it
  const movable = decorators.every((d) => isImported(edit, d));
  if (movable && target < start) {
    s.appendLeft(node.end, " ");
    s.move(start, node.end, target);
    // the declaration ended the statement before it, where that has no semicolon
    if (!/;\s*$/.test(module.text.slice(0, node.pos))) s.appendRight(node.end, ";");
  }
}

/** `capture(f, record);` keeps f alive. */
function statement(edit: Edit, name: string, record: string): string {
  return `${edit.helper("capture")}(${name}, ${record}); `;
}

/** `@jit` → `jit(`…`)`, `@jit({ donate: 0 })` → `jit(`…`, { donate: 0 })`. */
function decoratorWrapper(edit: Edit, { node }: OwnDecorator, name: string): Around {
  const { file, text } = edit.module;
  const e = unwrap(node.expression);
  if (!ts.isCallExpression(e)) return { before: `${e.getText(file)}(`, after: ")" };
  const options = text.slice(e.arguments.pos, e.arguments.end).trim();
  return { before: `${e.expression.getText(file)}(`, after: options === "" ? ")" : `, ${options})` };
}

/** Whether a decorator uses nothing but imports, which are there from the beginning. */
function isImported(edit: Edit, { node }: OwnDecorator): boolean {
  const visit = (n: ts.Node): boolean => {
    if (ts.isIdentifier(n)) {
      const isMember =
        (ts.isPropertyAccessExpression(n.parent) && n.parent.name === n) ||
        (ts.isPropertyAssignment(n.parent) && n.parent.name === n);
      const d = isMember ? undefined : edit.module.declaration(n);
      if (d && !ts.findAncestor(d, ts.isImportDeclaration)) return true;
    }
    return ts.forEachChild(n, visit) ?? false;
  };
  return !visit(node.expression);
}

function siblings(node: ts.FunctionDeclaration): readonly ts.Statement[] {
  const { parent } = node;
  return ts.isSourceFile(parent) || ts.isBlock(parent) || ts.isModuleBlock(parent) ? [...parent.statements] : [];
}

/** TypeScript merges a namespace with a function of its name. */
function sharesName(node: ts.FunctionDeclaration): boolean {
  const name = node.name?.text;
  return siblings(node).some((s) => ts.isModuleDeclaration(s) && s.name.text === name);
}

function removeOverloads(edit: Edit, node: ts.FunctionDeclaration): void {
  for (const s of siblings(node)) {
    const isOverload = ts.isFunctionDeclaration(s) && !s.body && s.name?.text === node.name?.text && s !== node;
    if (isOverload) edit.s.remove(s.getStart(edit.module.file), s.end);
  }
}
