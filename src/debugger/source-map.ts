/** Source maps (version 3): which place of the user's file a place of generated JavaScript stands for. */

/** Lines and columns from 0, columns in UTF-16 units. */
export interface Mapping {
  readonly line: number;
  readonly column: number;
  readonly sourceLine: number;
  readonly sourceColumn: number;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Base 64 in groups of five bits, the least significant first; the lowest bit of all is the sign. */
function vlq(n: number): string {
  let rest = n < 0 ? (-n << 1) | 1 : n << 1;
  let out = "";
  do {
    const digit = rest & 31;
    rest >>>= 5;
    out += DIGITS[rest > 0 ? digit | 32 : digit];
  } while (rest > 0);
  return out;
}

/** The field `mappings`, of mappings in the order of the generated text, all to one source. */
export function encodeMappings(mappings: readonly Mapping[]): string {
  let out = "";
  let line = 0;
  let column = 0;
  let sourceLine = 0;
  let sourceColumn = 0;
  let first = true;
  for (const m of mappings) {
    if (m.line > line) {
      out += ";".repeat(m.line - line);
      line = m.line;
      column = 0;
      first = true;
    }
    if (!first) out += ",";
    first = false;
    out += vlq(m.column - column) + vlq(0) + vlq(m.sourceLine - sourceLine) + vlq(m.sourceColumn - sourceColumn);
    column = m.column;
    sourceLine = m.sourceLine;
    sourceColumn = m.sourceColumn;
  }
  return out;
}

/** A map as the comment that engines and debuggers read. */
export function sourceMapComment(file: string, source: string, content: string | undefined, mappings: string): string {
  const map = {
    version: 3,
    file,
    sources: [source],
    ...(content === undefined ? {} : { sourcesContent: [content] }),
    names: [],
    mappings,
  };
  const bytes = new TextEncoder().encode(JSON.stringify(map));
  let binary = "";
  for (const b of bytes) binary += String.fromCharCode(b);
  return `//# sourceMappingURL=data:application/json;charset=utf-8;base64,${btoa(binary)}`;
}
