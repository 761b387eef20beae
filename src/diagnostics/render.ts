/** Diagnostics for those who read them: a terminal, a program (JSON), and the annotations of GitHub's actions. */
import type { Diagnostic } from "./error.js";
import { excerpt, type Paint, type Role } from "./excerpt.js";
import { type LineReader, lineReader } from "./source.js";
import type { Span } from "./span.js";

/** A finding of any checker: ours, or tsc with its own codes. */
export type Reported = Omit<Diagnostic, "code"> & { readonly code: string };

export interface TerminalOptions {
  readonly colour?: boolean;
  readonly read?: LineReader;
  /** How files are called: relative to where the user is, for example. */
  readonly path?: (file: string) => string;
}

/** Codes of ANSI's "select graphic rendition". */
const STYLES = {
  error: "1;31",
  warning: "1;33",
  bold: "1",
  gutter: "34",
  primary: "1;31",
  secondary: "36",
  code: "",
  help: "32",
  note: "36",
} as const;
export type Style = keyof typeof STYLES;

/** Text in a style, or as it is. */
export function painter(colour: boolean): (style: Style, text: string) => string {
  return (style, text) =>
    colour && STYLES[style] !== "" && text.trim() !== "" ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text;
}

export function renderTerminal(d: Reported, options: TerminalOptions = {}): string {
  const paint = painter(options.colour ?? false);
  const path = options.path ?? ((file: string) => file);
  const place = (span: Span): string => `${path(span.file)}:${span.line}:${span.column}`;
  const named = ({ span, ...rest }: { span: Span; text: string }) => ({ ...rest, span });
  const mark: Paint = (role: Role, text) => paint(role === "primary" ? d.severity : role, text);
  const shown = excerpt(d, options.read ?? lineReader(), mark);
  const lines = [`${paint(d.severity, `${d.severity}[${d.code}]`)}${paint("bold", `: ${d.message}`)}`];
  if (d.span) lines.push(`  ${paint("gutter", "at")} ${place(d.span)}`);
  lines.push(...shown.lines.map((line) => `  ${line}`));
  const more = (kind: "note" | "help", text: string): void => {
    lines.push(`  ${paint(kind, `${kind}:`)} ${text}`);
  };
  for (const { span, text } of shown.rest.map(named)) more("note", `${text} (${place(span)})`);
  for (const note of d.notes ?? []) more("note", note);
  if (d.help) more("help", d.help);
  return lines.join("\n");
}

/** A diagnostic as JSON. Fields may be added, never changed; `version` of the whole list would count up. */
export interface JsonDiagnostic {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly file?: string;
  readonly start?: JsonPosition;
  readonly end?: JsonPosition;
  readonly label?: string;
  readonly related: readonly {
    readonly message: string;
    readonly file: string;
    readonly start: JsonPosition;
    readonly end?: JsonPosition;
  }[];
  readonly notes: readonly string[];
  readonly help?: string;
}
/** 1-based. */
interface JsonPosition {
  readonly line: number;
  readonly column: number;
}
/** What `--json` writes. */
export interface JsonReport {
  readonly version: 1;
  readonly diagnostics: readonly JsonDiagnostic[];
}

export function toJson(diagnostics: readonly Reported[], path: (file: string) => string = (f) => f): JsonReport {
  const at = ({ file, line, column, end }: Span) => ({
    file: path(file),
    start: { line, column },
    ...(end ? { end: { line: end.line, column: end.column } } : {}),
  });
  return {
    version: 1,
    diagnostics: diagnostics.map(({ code, severity, message, span, label, labels, notes, help }) => ({
      code,
      severity,
      message,
      ...(span ? at(span) : {}),
      ...(label ? { label } : {}),
      related: (labels ?? []).map((l) => ({ message: l.text, ...at(l.span) })),
      notes: notes ?? [],
      ...(help ? { help } : {}),
    })),
  };
}

/** A workflow command, which GitHub shows at the line of a pull request. */
export function toGithub(d: Reported, path: (file: string) => string = (f) => f): string {
  const { span } = d;
  const properties: [string, string | number][] = span
    ? [
        ["file", path(span.file)],
        ["line", span.line],
        ["col", span.column],
        ...(span.end
          ? ([
              ["endLine", span.end.line],
              ["endColumn", span.end.column],
            ] as [string, number][])
          : []),
      ]
    : [];
  properties.push(["title", d.code]);
  const text = [d.message, ...(d.notes ?? []).map((n) => `note: ${n}`), ...(d.help ? [`help: ${d.help}`] : [])];
  const data = (s: string): string => s.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  const property = (s: string): string => data(s).replaceAll(":", "%3A").replaceAll(",", "%2C");
  return `::${d.severity} ${properties.map(([k, v]) => `${k}=${property(String(v))}`).join(",")}::${data(text.join("\n"))}`;
}

/** Does this stream want colour? NO_COLOR and FORCE_COLOR decide before the stream does. */
export function wantsColour(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== "") return env.FORCE_COLOR !== "0";
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== "") return false;
  return stream.isTTY === true && env.TERM !== "dumb";
}
