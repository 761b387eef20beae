/** What can be said about one module: what capture refuses, and what goes wrong silently. */
import ts from "typescript";
import { HELP } from "../../diagnostics/help.js";
import type { Reported } from "../../diagnostics/render.js";
import { findStaged, type Findings } from "../../dsl/parse/find.js";
import { parseModule } from "../../dsl/parse/module.js";
import { rewriteModule } from "../../dsl/parse/rewrite.js";
import { mayBeStaged } from "../../dsl/parse/staged.js";
import { nameOfFunction } from "../../dsl/parse/values.js";
import { conditionsIn } from "./conditions.js";
import type { Project } from "./project.js";
import { plainCalls } from "./plain-calls.js";
import { spanOf } from "./types.js";

export function checkModule(file: ts.SourceFile, project: Project, captured: boolean): Reported[] {
  if (!mayBeStaged(file.text)) return [];
  const module = parseModule(file.fileName, file.text);
  // tsc says what is wrong with its syntax
  if (module.syntaxErrors.length > 0) return [];
  const findings = findStaged(module);
  return [
    ...(captured ? refused(file) : [...dropped(file, findings), ...conditionsIn(file, findings, project)]),
    ...plainCalls(file, module, project),
  ];
}

/** What the build plugin and the hook would refuse or warn of. */
function refused(file: ts.SourceFile): Reported[] {
  const { problems = [] } = rewriteModule(file.text, { file: file.fileName }) ?? {};
  return problems.map(({ code, severity, message, help, start, end }) => ({
    code,
    severity,
    message,
    help: help ?? (HELP as Readonly<Record<string, string>>)[code] ?? "",
    span: spanOf(file, start, end),
  }));
}

/** `@jit function` and "use jit" in a project without capture: compilers drop the one, and nobody reads the other. */
function dropped(file: ts.SourceFile, { decoratedFunctions, functions }: Findings): Reported[] {
  const found: Reported[] = [];
  const tell = (node: ts.Node, what: string, name: string): void => {
    found.push({
      code: "TW7030",
      severity: "error",
      message: `${what} has no effect without capture: ${name || "the function"} would run as ordinary JavaScript`,
      help: HELP.TW7030,
      span: spanOf(file, node.getStart(), node.end),
    });
  };
  for (const [fn, decorators] of decoratedFunctions)
    for (const d of decorators) tell(d.node, `@${d.api} on a function`, fn.name?.text ?? "");
  for (const { node, directive } of functions) {
    if (directive === undefined || !node.body || !ts.isBlock(node.body)) continue;
    const statement = node.body.statements.find(
      (s) => ts.isExpressionStatement(s) && ts.isStringLiteral(s.expression) && /^use /.test(s.expression.text),
    );
    if (statement) tell(statement, `"use ${directive}"`, nameOfFunction(node));
  }
  return found;
}
