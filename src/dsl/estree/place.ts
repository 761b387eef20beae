/** Where a function stands that is known by its text alone: in the file that made it, if its text is found there. */
import type { Span, SpanRef } from "../../diagnostics/span.js";
import { nodeModule } from "../../util/node.js";

/** Line and column (1-based) of the function's first character in `file`. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * @param label Says what the text is when no file has it: tools have rewritten it, or there are no files.
 * @param made Where the user's code handed the function over.
 */
export function placeOf(text: string, label: string, made: SpanRef | undefined): Place {
  const span = made?.resolve();
  if (span === undefined) return { file: label, line: 1, column: 1 };
  return findText(text, span) ?? { file: `${label} (${span.file}:${span.line})`, line: 1, column: 1 };
}

/** The place of the text in the file that is nearest to the span. */
function findText(text: string, span: Span): Place | undefined {
  const content = read(span.file);
  if (content === undefined) return undefined;
  let best: Place | undefined;
  let line = 1;
  let from = 0;
  for (let at = content.indexOf(text); at >= 0; at = content.indexOf(text, at + 1)) {
    for (let next = content.indexOf("\n", from); next >= 0 && next < at; next = content.indexOf("\n", from)) {
      line++;
      from = next + 1;
    }
    const place = { file: span.file, line, column: at - from + 1 };
    if (!best || Math.abs(line - span.line) < Math.abs(best.line - span.line)) best = place;
  }
  return best;
}

function read(file: string): string | undefined {
  if (/^\w+:/.test(file) && !/^[a-z]:[\\/]/i.test(file)) return undefined;
  try {
    return nodeModule<typeof import("node:fs")>("node:fs")?.readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
