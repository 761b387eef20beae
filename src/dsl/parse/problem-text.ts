/** What the plugin and the hook print about a module's problems: all of them, each with its line. */
import type { SourceProblem } from "./edit.js";

export function problemText(p: SourceProblem, text: string): string {
  const begin = text.lastIndexOf("\n", p.start - 1) + 1;
  const next = text.indexOf("\n", p.start);
  const stop = next < 0 ? text.length : next;
  const line = text.slice(begin, stop).replace(/\r$/, "");
  const width = Math.max(1, Math.min(p.end, stop) - p.start);
  const number = String(p.line);
  const indent = line.slice(0, p.start - begin).replace(/[^\t]/g, " ");
  const help = p.help ? `\n  help: ${p.help}` : "";
  return (
    `${p.file}:${p.line}:${p.column} ${p.severity} ${p.code}: ${p.message}\n` +
    `  ${number} | ${line}\n  ${" ".repeat(number.length)} | ${indent}${"^".repeat(width)}${help}`
  );
}

export function problemsText(problems: readonly SourceProblem[], text: string): string {
  return problems.map((p) => problemText(p, text)).join("\n\n");
}

/** An error that is its message: where the tool stood is of no use to anyone. */
export function plainError(message: string): SyntaxError {
  const error = new SyntaxError(message);
  error.stack = `SyntaxError: ${message}`;
  return error;
}
