/** Reads the mappings of a source map (version 3) of one source. Lines and columns from 0. */
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export interface Mapping {
  readonly line: number;
  readonly column: number;
  readonly sourceLine: number;
  readonly sourceColumn: number;
}

function numbers(segment: string): number[] {
  const out: number[] = [];
  let n = 0;
  let shift = 0;
  for (const c of segment) {
    const digit = DIGITS.indexOf(c);
    n += (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    out.push(n & 1 ? -(n >> 1) : n >> 1);
    n = 0;
    shift = 0;
  }
  return out;
}

export function decodeMappings(text: string): Mapping[] {
  let sourceLine = 0;
  let sourceColumn = 0;
  return text.split(";").flatMap((row, line) => {
    let column = 0;
    return row === ""
      ? []
      : row.split(",").map((segment) => {
          const [c, , l, k] = numbers(segment);
          column += c;
          sourceLine += l;
          sourceColumn += k;
          return { line, column, sourceLine, sourceColumn };
        });
  });
}
