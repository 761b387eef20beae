/** The comments that mark a culprit: `// ^ TW2003` under it. */

export interface Mark {
  readonly code: string;
  readonly line: number;
  readonly column: number;
}
/** Each caret comment, with the line above it. */
export function marks(text: string): Mark[] {
  return text.split("\n").flatMap((l, i) => {
    const m = /^\s*\/\/\s*\^\s*(TW\d{4})\s*$/.exec(l);
    return m ? [{ code: m[1], line: i, column: l.indexOf("^") + 1 }] : [];
  });
}

/** The word or symbol that starts at a column, or in which it lies. */
export function tokenAt(line: string, column: number): string {
  const before = /[\w$.]*$/.exec(line.slice(0, column - 1))?.[0] ?? "";
  return before + (/^[\w$]*/.exec(line.slice(column - 1))?.[0] ?? "");
}
