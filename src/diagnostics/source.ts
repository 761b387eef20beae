/**
 * Lines of source files, for the excerpts in errors. Captured functions bring their own text; else Node reads the file when an
 * error is rendered. Browsers have no file to read, and what they have (developer tools) shows the line anyway.
 */
import { nodeModule } from "../util/node.js";
import type { Span } from "./span.js";

interface Piece {
  /** Line and column (1-based) of the text's first character in the file. */
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/** The latest text of each place, so that hot reloading doesn't pile them up. */
const pieces = new Map<string, Map<string, Piece>>();

/** Tells the text of a part of a file; `line` and `column` (1-based) are those of its first character. */
export function provideSource(file: string, line: number, column: number, text: string): void {
  const known = pieces.get(file) ?? new Map<string, Piece>();
  known.set(`${line}:${column}`, { line, column, text });
  pieces.set(file, known);
}

/** Reads lines of files by number; undefined for what is not at hand. One reader keeps the files that it has read. */
export type LineReader = (file: string, line: number) => string | undefined;

export function lineReader(): LineReader {
  const files = new Map<string, readonly string[] | undefined>();
  return (file, line) => {
    for (const piece of pieces.get(file)?.values() ?? []) {
      const text = piece.text.split("\n")[line - piece.line];
      if (text !== undefined) return line === piece.line ? " ".repeat(piece.column - 1) + text : text;
    }
    if (!files.has(file)) files.set(file, readLines(file));
    return files.get(file)?.[line - 1];
  };
}

function readLines(file: string): readonly string[] | undefined {
  if (/^\w+:/.test(file) && !/^[a-z]:[\\/]/i.test(file)) return undefined;
  try {
    return nodeModule<typeof import("node:fs")>("node:fs")?.readFileSync(file, "utf8").split(/\r?\n/);
  } catch {
    return undefined;
  }
}

/** Where a span ends on its first line (exclusive): the word that begins there when the span itself does not say. */
export function endOnLine(span: Span, text: string): number {
  const { end, line, column } = span;
  if (end) return end.line > line ? text.length + 1 : Math.max(end.column, column + 1);
  const word = /^(?:new\s+)?[\w$]+(?:\.[\w$]+)*/.exec(text.slice(column - 1));
  return column + Math.max(1, word?.[0].length ?? 0);
}
