/** The lines of source that a diagnostic is about, with the culprit and what has to do with it underlined and labelled. */
import type { Diagnostic, Label } from "./error.js";
import { endOnLine, type LineReader } from "./source.js";
import type { Span } from "./span.js";

/** What a piece of text is, for those who colour it. */
export type Role = "gutter" | "primary" | "secondary" | "code";
export type Paint = (role: Role, text: string) => string;

interface Mark {
  readonly span: Span;
  readonly text: string;
  readonly primary: boolean;
  /** Columns on the screen (from 0, end exclusive). */
  readonly from: number;
  readonly to: number;
}

const plain: Paint = (_, text) => text;
/** Longer lines (of minified code) are shown around the culprit. */
const WIDTH = 120;

/** The excerpt, and the labels whose source is not at hand. */
export function excerpt(
  d: Pick<Diagnostic, "span" | "label" | "labels">,
  read: LineReader | undefined,
  paint: Paint = plain,
): { lines: string[]; rest: readonly Label[] } {
  const labels = d.labels ?? [];
  const all = [...(d.span ? [{ span: d.span, text: d.label ?? "", primary: true }] : []), ...labels];
  const rest: Label[] = [];
  const files = new Map<string, Map<number, { text: string; marks: Mark[] }>>();
  for (const { span, text, ...kind } of all) {
    const primary = "primary" in kind;
    const line = read?.(span.file, span.line);
    // a position beyond the line belongs to another version of the file
    if (line === undefined || span.column > line.length + 1) {
      if (!primary) rest.push({ span, text });
      continue;
    }
    const lines = files.get(span.file) ?? new Map<number, { text: string; marks: Mark[] }>();
    files.set(span.file, lines);
    const shown = lines.get(span.line) ?? { text: line, marks: [] };
    lines.set(span.line, shown);
    const [from, to] = [span.column - 1, endOnLine(span, line) - 1].map((c) => untab(line.slice(0, c)).length);
    shown.marks.push({ span, text, primary, from, to: Math.max(to, from + 1) });
  }
  const digits = String(Math.max(0, ...[...files.values()].flatMap((lines) => [...lines.keys()]))).length;
  const gutter = (n: number | undefined): string =>
    paint("gutter", `${n === undefined ? " ".repeat(digits) : String(n).padStart(digits)} |`);
  const lines = [...files].flatMap(([file, shown]) => {
    const out: string[] = [];
    if (file !== d.span?.file) out.push(paint("gutter", `${" ".repeat(digits)} in ${file}`));
    let last: number | undefined;
    for (const number of [...shown.keys()].sort((a, b) => a - b)) {
      const { text, marks } = shown.get(number) as { text: string; marks: Mark[] };
      if (last !== undefined && number > last + 1) out.push(paint("gutter", "..."));
      const cut = crop(untab(text), marks);
      out.push(`${gutter(number)} ${paint("code", cut.text)}`.trimEnd());
      for (const row of markRows(cut.marks, paint)) out.push(`${gutter(undefined)} ${row}`);
      last = number;
    }
    return out;
  });
  return { lines, rest };
}

function untab(text: string): string {
  return text.replaceAll("\t", "    ");
}

function crop(text: string, marks: readonly Mark[]): { text: string; marks: readonly Mark[] } {
  if (text.length <= WIDTH) return { text: text.trimEnd(), marks };
  const first = Math.min(...marks.map((m) => m.from));
  const start = Math.max(0, Math.min(first - 20, text.length - WIDTH));
  const shown = text.slice(start, start + WIDTH);
  const [before, after] = [start > 0 ? "…" : "", start + WIDTH < text.length ? "…" : ""];
  const shift = before.length - start;
  const place = (c: number): number => Math.min(c + shift, before.length + WIDTH);
  return {
    text: before + shown.trimEnd() + after,
    marks: marks
      .map((m) => ({ ...m, from: place(m.from), to: Math.max(place(m.to), place(m.from) + 1) }))
      .filter((m) => m.from < before.length + WIDTH),
  };
}

/** Under a line: one row of marks, which ends with the rightmost label; the other labels follow, from right to left. */
function markRows(given: readonly Mark[], paint: Paint): string[] {
  const marks = [...given].sort((a, b) => a.from - b.from || Number(a.primary) - Number(b.primary));
  const role = (m: Mark): Role => (m.primary ? "primary" : "secondary");
  const row: { char: string; mark: Mark | undefined }[] = [];
  // the culprit is drawn over what it overlaps
  for (const m of [...marks].sort((a, b) => Number(a.primary) - Number(b.primary)))
    for (let c = m.from; c < m.to; c++) row[c] = { char: m.primary ? "^" : "-", mark: m };
  const draw = (cells: readonly ({ char: string; mark: Mark | undefined } | undefined)[]): string => {
    let out = "";
    for (let i = 0; i < cells.length; ) {
      const mark = cells[i]?.mark;
      let text = "";
      for (; i < cells.length && cells[i]?.mark === mark; i++) text += cells[i]?.char ?? " ";
      out += mark ? paint(role(mark), text) : text;
    }
    return out;
  };
  const labelled = marks.filter((m) => m.text !== "");
  const last = labelled[labelled.length - 1];
  // a label may end the row of marks when no mark stands to the right of its own
  const beside = last !== undefined && row.length === last.to;
  const rows = [draw(row) + (beside ? ` ${paint(role(last), last.text)}` : "")];
  const below = beside ? labelled.slice(0, -1) : labelled;
  for (let i = below.length - 1; i >= 0; i--) {
    const cells: { char: string; mark: Mark | undefined }[] = [];
    for (const m of below.slice(0, i)) if (m.from < below[i].from) cells[m.from] = { char: "|", mark: m };
    cells.length = below[i].from;
    rows.push(draw(cells) + paint(role(below[i]), below[i].text));
  }
  return rows;
}
