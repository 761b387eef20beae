/** Import and export declarations: which names the file has from jax-js, which it needs from Tilework, under what names. */
import { MISSING, OPTIM, OPTIM_TYPES, RENAMED } from "./names.js";
import { ts } from "./program.js";

interface Reporter {
  note(node: ts.Node, message: string): void;
  changed(what: string): void;
}
interface Needed {
  readonly name: string;
  readonly local: string;
  typeOnly: boolean;
}
/** A declaration whose names are known only when the rest of the file is written. */
interface Slot {
  readonly node: ts.ImportDeclaration;
  readonly module: string;
  readonly mark: string;
}

const CORE = "@jax-js/jax";
const OPTAX = "@jax-js/optax";
const MODULES: Readonly<Record<string, string>> = { [CORE]: "tilework", [OPTAX]: "tilework/optim" };
const TYPE_NAMES = new Set(["Array", "DType", "JsTree", "JsTreeDef", "OwnedFunction", "Device"]);
/** Names of jax-js that vanish or become others where they are used, so that importing them makes no sense. */
const VANISHING = new Set([...TYPE_NAMES, "scipySpecial", "defaultDevice", "devicePut", "setDebug"]);
const MAX_WIDTH = 100;

const specifiersOf = (node: ts.ImportDeclaration): readonly ts.ImportSpecifier[] => {
  const bindings = node.importClause?.namedBindings;
  return bindings && ts.isNamedImports(bindings) ? bindings.elements : [];
};
const imported = (s: ts.ImportSpecifier | ts.ExportSpecifier): string => (s.propertyName ?? s.name).text;
const spec = (name: string, local: string, typeOnly: boolean): string =>
  `${typeOnly ? "type " : ""}${name === local ? name : `${name} as ${local}`}`;

export class Imports {
  readonly #slots: Slot[] = [];
  readonly #needed = new Map<string, Needed>();
  /** Local names of what is imported from the core, by its name there. */
  readonly #core = new Map<string, string>();
  readonly #locals = new Set<string>();
  /** Local names of `import * as jax`. */
  #namespace: string | undefined;
  /** Names from Tilework that the renamed ones are. */
  readonly #renames = new Map<string, string>();
  /** Names of optax that stay with it. */
  readonly #kept = new Set<string>();

  constructor(
    private readonly source: ts.SourceFile,
    private readonly reporter: Reporter,
  ) {
    for (const statement of source.statements) {
      if (!ts.isImportDeclaration(statement)) continue;
      const module = (statement.moduleSpecifier as ts.StringLiteral).text;
      if (!module.startsWith("@jax-js/")) continue;
      for (const s of specifiersOf(statement)) {
        this.#locals.add(s.name.text);
        if (module === CORE) this.#core.set(imported(s), s.name.text);
      }
      const bindings = statement.importClause?.namedBindings;
      if (module === CORE && bindings && ts.isNamespaceImport(bindings)) this.#namespace = bindings.name.text;
    }
  }

  isLocal(name: string): boolean {
    return this.#locals.has(name);
  }
  module(name: string): string | undefined {
    return MODULES[name];
  }
  keep(name: string): void {
    this.#kept.add(name);
  }

  /** How something imported from the core is called in the file: an alias stays, a plain name becomes the new one. */
  local(old: string, now: string): string {
    const top = now.split(".")[0];
    const original = [...this.#core].find(([, local]) => local === old)?.[0];
    if (original === undefined || original !== old || original === top) return old;
    this.#renames.set(old, top);
    return top;
  }

  /** How a name of Tilework is called in the file; it is imported if it is not. */
  need(name: string, typeOnly: boolean): string {
    const there = this.#core.get(name);
    if (there !== undefined && !VANISHING.has(name)) return there;
    if (this.#core.size === 0 && this.#namespace !== undefined) return `${this.#namespace}.${name}`;
    const known = this.#needed.get(name);
    if (known) {
      known.typeOnly &&= typeOnly;
      return known.local;
    }
    const wished = name === "numpy" ? "np" : name;
    const local = this.#taken(wished)
      ? `${/^[A-Z]/.test(name) ? "Tile" : "tile"}${name[0].toUpperCase()}${name.slice(1)}`
      : wished;
    this.#needed.set(name, { name, local, typeOnly });
    return local;
  }
  /** Whether the file uses a name for something of its own. */
  #taken(name: string): boolean {
    let found = false;
    const visit = (node: ts.Node): void => {
      if (found) return;
      if (ts.isIdentifier(node) && node.text === name && isBinding(node)) found = true;
      ts.forEachChild(node, visit);
    };
    visit(this.source);
    return found && !(this.#core.get(name) === name && VANISHING.has(name));
  }

  /** The text of a declaration; that of an import is a mark until `finish` fills it in. */
  declaration(node: ts.ImportDeclaration | ts.ExportDeclaration, module: string): string {
    const text = node.getText();
    const to = MODULES[module];
    if (to === undefined) {
      const other = MISSING[module.replace("@jax-js/", "")];
      this.reporter.note(node, other === undefined ? `${module} has no counterpart` : `${module}: ${other}`);
      return text;
    }
    this.reporter.changed("imports");
    if (ts.isExportDeclaration(node)) return this.#exported(node, text.replace(module, to), module);
    const mark = `\u0000${this.#slots.length}\u0000`;
    this.#slots.push({ node, module, mark });
    return mark;
  }

  #exported(node: ts.ExportDeclaration, text: string, module: string): string {
    if (!node.exportClause || !ts.isNamedExports(node.exportClause)) return text;
    const out: string[] = [];
    for (const s of node.exportClause.elements) {
      const name = imported(s);
      const type = node.isTypeOnly || s.isTypeOnly;
      const now =
        module === OPTAX
          ? (OPTIM_TYPES[name] ?? name)
          : (({ Array: "Tensor", JsTree: "Tree" } as Record<string, string>)[name] ?? RENAMED[name] ?? name);
      const gone =
        module === OPTAX
          ? !OPTIM.has(name) && !OPTIM_TYPES[name]
          : name in MISSING || (VANISHING.has(name) && now === name && name !== "DType");
      if (gone)
        this.reporter.note(
          node,
          `${name} is exported no more: it has no counterpart${MISSING[name] ? ` (${MISSING[name]})` : ""}`,
        );
      else out.push(spec(now, s.name.text, !node.isTypeOnly && (type || now === "Tree" || now === "DType")));
    }
    const head = node.isTypeOnly ? "export type" : "export";
    const quoted = node.moduleSpecifier?.getText() ?? "";
    return `${head} { ${out.join(", ")} } from ${quoted[0]}${MODULES[module]}${quoted[0]}${text.endsWith(";") ? ";" : ""}`;
  }

  /** Fills in the imports, now that it is known what the rest of the file uses. */
  finish(text: string): string {
    const body = this.#slots.reduce((t, s) => t.replace(s.mark, ""), text).replace(/\/\/ TODO\(tilework[^\n]*/g, "");
    const uses = (name: string): boolean =>
      new RegExp(`(?<![\\w$.])${name.replace(/\$/g, "\\$")}(?![\\w$])`).test(body);
    const extra = [...this.#needed.values()];
    let out = text;
    let home = this.#slots.findIndex(
      (s) => s.module === CORE && specifiersOf(s.node).length > 0 && !s.node.importClause?.isTypeOnly,
    );
    if (home < 0) home = this.#slots.findIndex((s) => s.module === CORE && specifiersOf(s.node).length > 0);
    const loose = home < 0 && extra.length > 0;
    this.#slots.forEach((slot, i) => {
      let written = this.#import(slot, uses, i === home ? extra : []);
      if (loose && i === 0) {
        const q = slot.node.moduleSpecifier.getText()[0];
        written = [
          this.#line(
            "import",
            extra.map((e) => spec(e.name, e.local, e.typeOnly)),
            "tilework",
            q,
            ";",
          ),
          written,
        ]
          .filter(Boolean)
          .join("\n");
      }
      // an import that is left with nothing goes with its line
      if (written === "") out = out.replace(new RegExp(`${slot.mark}\\n?`), "");
      else out = out.replace(slot.mark, () => written);
    });
    return out;
  }

  #import({ node, module }: Slot, uses: (name: string) => boolean, extra: readonly Needed[]): string {
    const to = MODULES[module];
    const clause = node.importClause;
    const text = node.getText();
    const quote = node.moduleSpecifier.getText()[0];
    const same = text.replace(`${quote}${module}${quote}`, `${quote}${to}${quote}`);
    const elements = specifiersOf(node);
    if (!clause || elements.length === 0) return same;
    const isType = clause.isTypeOnly;
    const kept: string[] = [];
    const list: string[] = [];
    let untouched = true;
    for (const s of elements) {
      const name = imported(s);
      const local = s.name.text;
      const typeOnly = !isType && s.isTypeOnly;
      if (module === OPTAX) {
        const now = OPTIM_TYPES[name] ?? name;
        if (!OPTIM.has(name) && !OPTIM_TYPES[name]) kept.push(s.getText());
        else list.push(now === name && s.propertyName === undefined ? s.getText() : spec(now, local, typeOnly));
        if (now !== name || !OPTIM.has(name)) untouched = false;
        continue;
      }
      const now = this.#renames.get(name) ?? RENAMED[name] ?? name;
      const localNow = this.#renames.get(name) ?? local;
      if (
        (VANISHING.has(name) && !this.#aliased(name, local, uses)) ||
        (!uses(localNow) && usesBefore(this.source, local))
      ) {
        untouched = false;
        continue;
      }
      if (now !== name) untouched = false;
      list.push(now === name ? s.getText() : spec(now, localNow, typeOnly));
    }
    for (const e of extra) {
      if (!uses(e.local)) continue;
      untouched = false;
      if (!list.some((s) => s.replace(/^type /, "") === spec(e.name, e.local, false)))
        list.push(spec(e.name, e.local, e.typeOnly && !isType));
    }
    if (untouched) return same;
    const end = text.endsWith(";") ? ";" : "";
    const head = isType ? "import type" : "import";
    return [
      list.length > 0 ? this.#line(head, list, to, quote, end) : "",
      kept.length > 0 ? this.#line(head, kept, module, quote, end) : "",
    ]
      .filter((line) => line !== "")
      .join("\n");
  }
  #aliased(name: string, local: string, uses: (name: string) => boolean): boolean {
    return local !== name && !VANISHING.has(name) && uses(local);
  }

  #line(head: string, list: readonly string[], module: string, quote: string, end: string): string {
    const line = `${head} { ${list.join(", ")} } from ${quote}${module}${quote}${end}`;
    if (line.length <= MAX_WIDTH) return line;
    return `${head} {\n${list.map((s) => `  ${s},\n`).join("")}} from ${quote}${module}${quote}${end}`;
  }
}

/** Whether the file used a name beside its import. */
function usesBefore(source: ts.SourceFile, name: string): boolean {
  let count = 0;
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return;
    if (ts.isIdentifier(node) && node.text === name) count++;
    ts.forEachChild(node, visit);
  };
  visit(source);
  return count > 0;
}

/** A name that is declared here, or imported from elsewhere. */
function isBinding(node: ts.Identifier): boolean {
  const { parent } = node;
  return (
    ((ts.isVariableDeclaration(parent) ||
      ts.isParameter(parent) ||
      ts.isBindingElement(parent) ||
      ts.isFunctionDeclaration(parent) ||
      ts.isClassDeclaration(parent) ||
      ts.isInterfaceDeclaration(parent) ||
      ts.isTypeAliasDeclaration(parent) ||
      ts.isEnumDeclaration(parent) ||
      ts.isTypeParameterDeclaration(parent)) &&
      parent.name === node) ||
    ((ts.isImportSpecifier(parent) || ts.isNamespaceImport(parent) || ts.isImportClause(parent)) &&
      parent.name === node)
  );
}
