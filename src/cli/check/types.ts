/** What tsc says, as diagnostics like ours. */
import ts from "typescript";
import type { Reported } from "../../diagnostics/render.js";
import type { Span } from "../../diagnostics/span.js";
import { parseModule } from "../../dsl/parse/module.js";
import { ownDecorators } from "../../dsl/parse/find.js";
import { mayBeDecorated } from "../../dsl/parse/staged.js";
import type { Project } from "./project.js";

/** "Decorators are not valid here": of ours on functions more is known, see module.ts. */
const DECORATORS_NOT_VALID = 1206;
/** "Declared but never read": to tsc, what only such a decorator reads. */
const NEVER_READ = 6133;

export function typeErrors({ program, files, configErrors }: Project): Reported[] {
  const all = [
    ...configErrors,
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...files.flatMap((f) => [...program.getSyntacticDiagnostics(f), ...program.getSemanticDiagnostics(f)]),
  ];
  const decorated = new Map<ts.SourceFile, ReadonlySet<number>>();
  const isOurs = ({ code, file, start, messageText }: ts.Diagnostic): boolean => {
    if ((code !== DECORATORS_NOT_VALID && code !== NEVER_READ) || !file || start === undefined) return false;
    let own = decorated.get(file);
    if (!own) {
      own = decoratorsOf(file);
      decorated.set(file, own);
    }
    if (code === DECORATORS_NOT_VALID) return own.has(start);
    const name = /'([^']+)'/.exec(ts.flattenDiagnosticMessageText(messageText, " "))?.[1];
    return [...own].some((at) => /^@\s*([\w$]+)/.exec(file.text.slice(at))?.[1] === name);
  };
  return ts.sortAndDeduplicateDiagnostics(all).flatMap((d) => (isOurs(d) ? [] : [toReported(d)]));
}

/** Where decorators of ours begin. */
function decoratorsOf(file: ts.SourceFile): ReadonlySet<number> {
  const found = new Set<number>();
  if (!mayBeDecorated(file.text)) return found;
  const module = parseModule(file.fileName, file.text);
  const visit = (node: ts.Node): void => {
    for (const d of ownDecorators(module, node)) found.add(d.node.getStart(module.file));
    ts.forEachChild(node, visit);
  };
  visit(module.file);
  return found;
}

export function spanOf(file: ts.SourceFile, start: number, end: number): Span {
  const at = (offset: number) => {
    const { line, character } = file.getLineAndCharacterOfPosition(offset);
    return { line: line + 1, column: character + 1 };
  };
  return { file: file.fileName, ...at(start), end: at(end) };
}

function toReported(d: ts.Diagnostic): Reported {
  const place = ({ file, start, length = 1 }: ts.DiagnosticRelatedInformation): Span | undefined =>
    file && start !== undefined ? spanOf(file, start, start + length) : undefined;
  const span = place(d);
  const [message, ...more] = ts.flattenDiagnosticMessageText(d.messageText, "\n").split("\n");
  const labels = (d.relatedInformation ?? []).flatMap((r) => {
    const at = place(r);
    return at ? [{ span: at, text: ts.flattenDiagnosticMessageText(r.messageText, " ") }] : [];
  });
  return {
    code: `TS${d.code}`,
    severity: d.category === ts.DiagnosticCategory.Error ? "error" : "warning",
    message,
    ...(span ? { span } : {}),
    ...(labels.length > 0 ? { labels } : {}),
    ...(more.length > 0 ? { notes: more.map((line) => line.trim()) } : {}),
  };
}
