/** A module's text under change, and what the changes share: names that are imported, records, problems. */
import MagicString from "magic-string";
import ts from "typescript";
import type { StagedFunction } from "./find.js";
import { parseFunction, recordData } from "./function.js";
import type { Module } from "./module.js";
import { recordText } from "./record.js";
import { PURE_WRAPPERS } from "./staged.js";
import { type FunctionSyntax, nameOfFunction } from "./values.js";

/** Something to say about the source; lines and columns from 1. */
export interface SourceProblem {
  readonly severity: "error" | "warning";
  readonly code: string;
  readonly message: string;
  readonly help?: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Offsets in the module. */
  readonly start: number;
  readonly end: number;
}

export interface RewriteOptions {
  /** The path that records and problems show. */
  readonly file: string;
  /** The functions' text goes with them, for excerpts in errors. */
  readonly withSource?: boolean;
  /** Only what no tool can read is rewritten (`@jit function`): for a scanner of dependencies. */
  readonly syntaxOnly?: boolean;
  /** For the package's own modules, which may not import the package: where `capture` comes from. */
  readonly captureFrom?: string;
}

export class Edit {
  readonly s: MagicString;
  readonly problems: SourceProblem[] = [];
  readonly captured: { readonly name: string; readonly at: number; readonly node: FunctionSyntax }[] = [];
  /** Names from "tilework/capture" and from "tilework" that the text needs, each with its local name. */
  readonly #helpers = new Map<string, string>();
  readonly #imports = new Map<string, string>();
  readonly #staged: ReadonlyMap<FunctionSyntax, StagedFunction>;

  constructor(
    readonly module: Module,
    readonly options: RewriteOptions,
    functions: readonly StagedFunction[],
  ) {
    this.s = new MagicString(module.text);
    this.#staged = new Map(functions.map((f) => [f.node, f]));
  }

  staged(node: FunctionSyntax): StagedFunction | undefined {
    return this.#staged.get(node);
  }

  /** The record of a function as text; undefined when its source is refused, which is then told. */
  record(f: StagedFunction): string | undefined {
    const { file } = this.module;
    const parsed = parseFunction(f.node, file);
    if (parsed.errors.length > 0) {
      if (f.reason === "exported") return undefined;
      for (const e of parsed.errors) {
        if (f.reason === "staged") this.problem("error", e, e.code, e.message, e.help);
        else {
          const what = `${nameOfFunction(f.node) || "a function"} is called by a captured function and runs as ordinary JavaScript`;
          this.problem("warning", e, e.code, `${what}: ${e.message}`, e.help);
        }
      }
      return undefined;
    }
    this.captured.push({ name: nameOfFunction(f.node), at: f.node.pos, node: f.node });
    const data = recordData(parsed, file, this.options.file, { withSource: this.options.withSource ?? false });
    return recordText(data, parsed.chains);
  }

  problem(
    severity: SourceProblem["severity"],
    at: { readonly start: number; readonly end: number },
    code: string,
    message: string,
    help?: string,
  ): void {
    const known = this.problems.find((p) => p.start === at.start && p.code === code);
    if (known && (known.severity === severity || known.severity === "error")) return;
    if (known) this.problems.splice(this.problems.indexOf(known), 1);
    const { line, character } = this.module.file.getLineAndCharacterOfPosition(at.start);
    const place = { file: this.options.file, line: line + 1, column: character + 1, start: at.start, end: at.end };
    this.problems.push({ severity, code, message, ...(help ? { help } : {}), ...place });
  }

  /** The local name of something of "tilework/capture". */
  helper(name: string): string {
    return this.#local(this.#helpers, name);
  }
  /** The local name of one of Tilework's own functions: an import that is there, or a new one. */
  own(name: "jit" | "kernel" | "capturedKernel"): string {
    return this.#local(this.#imports, name);
  }
  #local(names: Map<string, string>, name: string): string {
    let local = names.get(name);
    if (local === undefined) {
      local = this.unused(`tw$${name}`);
      names.set(name, local);
    }
    return local;
  }
  /** A name that the module doesn't use. */
  unused(name: string): string {
    let free = name;
    while (this.module.text.includes(free)) free += "_";
    return free;
  }

  /** Where statements go that must come before all others of a block. */
  startOf(block: ts.SourceFile | ts.Block | ts.ModuleBlock): number {
    const first = block.statements.find(
      (s) => !ts.isImportDeclaration(s) && !(ts.isExpressionStatement(s) && ts.isStringLiteral(s.expression)),
    );
    return first ? first.getStart(this.module.file) : block.end;
  }

  /** `const f = jit(…)` of a function that nobody uses can be dropped, and its record with it. */
  markPure(): void {
    const { module, s } = this;
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && PURE_WRAPPERS.has(module.apiName(node.expression) ?? "")) {
        const { parent } = node;
        const isInitial = ts.isVariableDeclaration(parent) || ts.isExportAssignment(parent) || isArgument(node, module);
        if (isInitial) s.appendRight(node.getStart(module.file), "/*#__PURE__*/");
      }
      ts.forEachChild(node, visit);
    };
    visit(module.file);
  }

  addImports(): void {
    const parts = [
      ...(this.#helpers.size > 0
        ? [`import { ${specifiers(this.#helpers)} } from "${this.options.captureFrom ?? "tilework/capture"}"; `]
        : []),
      ...(this.#imports.size > 0 ? [`import { ${specifiers(this.#imports)} } from "tilework"; `] : []),
    ];
    if (parts.length === 0) return;
    const { statements } = this.module.file;
    const first = statements.find((s) => !isDirective(s));
    const at = first ? first.getStart(this.module.file) : 0;
    this.s.prependLeft(at, parts.join(""));
  }
}

function isDirective(s: ts.Statement): boolean {
  return ts.isExpressionStatement(s) && ts.isStringLiteral(s.expression);
}

function isArgument(node: ts.CallExpression, module: Module): boolean {
  return ts.isCallExpression(node.parent) && PURE_WRAPPERS.has(module.apiName(node.parent.expression) ?? "");
}

function specifiers(names: ReadonlyMap<string, string>): string {
  return [...names].map(([name, local]) => `${name} as ${local}`).join(", ");
}
