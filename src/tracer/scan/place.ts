/**
 * Where a function stands in the user's file. JavaScript does not tell, the inspector of Node does; it is asked only when there
 * is an error to be told. Elsewhere the caller's line has to do.
 */
import { parseFrames, type Span } from "../../diagnostics/span.js";
import { nodeModule } from "../../util/node.js";
import { originalPosition, type SourceMap } from "./source-map.js";

interface Position {
  readonly url: string;
  readonly map: SourceMap | undefined;
  readonly line: number;
  readonly column: number;
}

/** Gives the span of a part of the function's text. */
export function functionPlace(
  f: (...args: never[]) => unknown,
): ((text: string, start: number, end: number) => Span | undefined) | undefined {
  const from = inspect(f);
  if (!from) return undefined;
  return (text, start, end) => {
    const shift = (offset: number): Position => {
      const lines = text.slice(0, offset).split("\n");
      const last = lines[lines.length - 1].length;
      return lines.length === 1
        ? { ...from, column: from.column + last }
        : { ...from, line: from.line + lines.length - 1, column: last };
    };
    const span = mapped(shift(start));
    const to = mapped(shift(end));
    if (!span) return undefined;
    const onward = to && to.file === span.file && (to.line > span.line || to.column > span.column);
    return onward ? { ...span, end: { line: to.line, column: to.column } } : span;
  };
}

interface Session {
  connect(): void;
  disconnect(): void;
  post(method: string, params?: object, done?: (error: Error | null, result: unknown) => void): void;
  on(
    event: string,
    listener: (message: { params: { scriptId: string; url: string; sourceMapURL?: string } }) => void,
  ): void;
}

const KEY = "__tilework_located";

/** The position of the function's first character (from 0), in the code that runs. */
function inspect(f: unknown): Position | undefined {
  const inspector = nodeModule<{ Session?: new () => Session }>("node:inspector");
  if (!inspector?.Session) return undefined;
  const holder = globalThis as Record<string, unknown>;
  let session: Session | undefined;
  try {
    session = new inspector.Session();
    session.connect();
    const s = session;
    const ask = (method: string, params: object = {}): Record<string, unknown> => {
      let answer: unknown;
      s.post(method, params, (_, result) => {
        answer = result;
      });
      return (answer ?? {}) as Record<string, unknown>;
    };
    holder[KEY] = f;
    const { result } = ask("Runtime.evaluate", { expression: `globalThis.${KEY}` }) as {
      result?: { objectId: string };
    };
    const { internalProperties = [] } = ask("Runtime.getProperties", {
      objectId: result?.objectId,
      ownProperties: true,
    }) as { internalProperties?: { name: string; value: { value: Location } }[] };
    const place = internalProperties.find((p) => p.name === "[[FunctionLocation]]")?.value.value;
    if (!place) return undefined;
    let [url, map] = ["", ""];
    s.on("Debugger.scriptParsed", ({ params }) => {
      if (params.scriptId === place.scriptId) [url, map] = [params.url, params.sourceMapURL ?? ""];
    });
    ask("Debugger.enable");
    ask("Debugger.disable");
    if (url === "") return undefined;
    return { url, map: readMap(url, map), line: place.lineNumber, column: place.columnNumber };
  } catch {
    return undefined;
  } finally {
    delete holder[KEY];
    session?.disconnect();
  }
}
interface Location {
  readonly scriptId: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** The same place in the user's own file. */
function mapped({ url, map, line, column }: Position): Span | undefined {
  const original = map && originalPosition(map, line, column);
  const at = (file: string, l: number, c: number): Span | undefined =>
    parseFrames(`    at f (${file}:${l + 1}:${c + 1})`)[0];
  if (!original) return at(url, line, column);
  try {
    return at(new URL(original.source, /^\w+:/.test(url) ? url : `file://${url}`).href, original.line, original.column);
  } catch {
    return undefined;
  }
}

/** The map that a script names: inline, or a file beside it. */
function readMap(script: string, address: string): SourceMap | undefined {
  try {
    const inline = /^data:application\/json[^,]*?(;base64)?,(.*)$/.exec(address);
    if (inline) return JSON.parse(inline[1] ? decodeBase64(inline[2]) : decodeURIComponent(inline[2])) as SourceMap;
    if (address === "") return undefined;
    const place = new URL(address, script);
    const text = nodeModule<typeof import("node:fs")>("node:fs")?.readFileSync(place, "utf8");
    return text === undefined ? undefined : (JSON.parse(text) as SourceMap);
  } catch {
    return undefined;
  }
}
function decodeBase64(text: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
}
