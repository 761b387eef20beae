/**
 * A module's text with the source of its staged functions attached: every such function is wrapped in `capture(function, record)`.
 * Declarations become constants at the beginning of their block, `@jit function` and "use jit" become calls of `jit`, decorators
 * on methods become calls too, as not every tool lowers them. One line stays one line; a source map says the rest.
 */
import type { SourceMap } from "magic-string";
import ts from "typescript";
import { Edit, type RewriteOptions, type SourceProblem } from "./edit.js";
import { type Findings, findStaged } from "./find.js";
import { parseModule } from "./module.js";
import { placeClass } from "./place-class.js";
import { placeKernels } from "./place-kernel.js";
import { placeDeclaration, placeExpression, placeObjectMethod } from "./place-function.js";
import { mayBeStaged } from "./staged.js";

export type { RewriteOptions, SourceProblem } from "./edit.js";

export interface Rewritten {
  readonly code: string;
  readonly map: SourceMap;
  readonly problems: readonly SourceProblem[];
  /** Names of the functions that have a record now, in the order of the text. */
  readonly captured: readonly string[];
}

/** Undefined when there is nothing to do. */
export function rewriteModule(text: string, options: RewriteOptions): Rewritten | undefined {
  const inPackage = options.captureFrom !== undefined;
  if (!inPackage && !mayBeStaged(text)) return undefined;
  const module = parseModule(options.file, text, inPackage);
  // another tool says what is wrong with it
  if (module.syntaxErrors.length > 0) return undefined;
  const findings = findStaged(module);
  const edit = new Edit(module, options, findings.functions);
  run(edit, findings);
  if (!edit.s.hasChanged() && edit.problems.length === 0) return undefined;
  return {
    code: edit.s.toString(),
    map: edit.s.generateMap({ hires: "boundary", source: options.file, includeContent: true }),
    problems: edit.problems.sort((a, b) => a.start - b.start),
    captured: edit.captured.sort((a, b) => a.at - b.at).map((c) => c.name),
  };
}

/** Every function and class in its place. */
function run(edit: Edit, { functions, decoratedFunctions, decoratedClasses }: Findings): void {
  const classes = new Set<ts.ClassLikeDeclaration>(edit.options.syntaxOnly ? [] : decoratedClasses);
  // inner functions first: where two end at one place, what closes the inner one comes first
  for (const f of [...functions].reverse()) {
    const { node } = f;
    if (ts.isFunctionDeclaration(node)) {
      if (edit.options.syntaxOnly && !decoratedFunctions.has(node)) continue;
      placeDeclaration(edit, f, decoratedFunctions.get(node) ?? []);
    } else if (edit.options.syntaxOnly) continue;
    else if (!ts.isMethodDeclaration(node)) placeExpression(edit, f);
    else if (ts.isObjectLiteralExpression(node.parent)) placeObjectMethod(edit, f);
    else if (ts.isClassLike(node.parent)) classes.add(node.parent);
  }
  for (const node of [...classes].sort((a, b) => b.pos - a.pos)) placeClass(edit, node);
  if (!edit.options.syntaxOnly && edit.s.hasChanged()) {
    // the package's own modules take their kernels below the parser anyway
    if (edit.options.captureFrom === undefined) placeKernels(edit);
    edit.markPure();
  }
  edit.addImports();
}
