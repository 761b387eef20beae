/** Reads a position through a source map (ECMA-426): as much as is needed for a single place. */
export interface SourceMap {
  readonly sources: readonly string[];
  readonly sourceRoot?: string;
  readonly mappings: string;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Lines and columns count from 0, here and in the result. */
export function originalPosition(
  map: SourceMap,
  line: number,
  column: number,
): { source: string; line: number; column: number } | undefined {
  // fields 1 to 3 (source, line, column) go on from line to line, field 0 begins anew with each
  let [source, originalLine, originalColumn] = [0, 0, 0];
  let found: { source: string; line: number; column: number } | undefined;
  const lines = map.mappings.split(";");
  for (let l = 0; l <= line && l < lines.length; l++) {
    let generated = 0;
    for (const segment of lines[l] === "" ? [] : lines[l].split(",")) {
      const [g, s, ol, oc] = decode(segment);
      generated += g;
      if (s === undefined) continue;
      source += s;
      originalLine += ol;
      originalColumn += oc;
      if (l < line) continue;
      if (generated > column) return found;
      found = {
        source: (map.sourceRoot ?? "") + map.sources[source],
        line: originalLine,
        column: originalColumn + column - generated,
      };
    }
  }
  return found;
}

/** Base64 VLQ: five bits a digit, the least first; the lowest bit of a number is its sign. */
function decode(segment: string): number[] {
  const numbers: number[] = [];
  let [value, shift] = [0, 0];
  for (const digit of segment) {
    const bits = DIGITS.indexOf(digit);
    value += (bits & 31) << shift;
    shift += 5;
    if (bits & 32) continue;
    numbers.push(value & 1 ? -(value >>> 1) : value >>> 1);
    [value, shift] = [0, 0];
  }
  return numbers;
}
