/** Where in the user's source something came from. Lines and columns are 1-based. */
export interface Span {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Where it ends (exclusive), when that is known: captured source knows it, a stack frame does not. */
  readonly end?: { readonly line: number; readonly column: number };
  /** Name of the enclosing function, when the engine knows it. */
  readonly functionName?: string;
}

/** A span that is cheap to record and resolved only when somebody looks at it. */
export interface SpanRef {
  resolve(): Span | undefined;
}

const FRAME = /^\s*at (?:async )?(?:(.*?) \()?(.*?):(\d+):(\d+)\)?$/;

/** True for stack frames that belong to Tilework itself or to the engine, which a user does not want to see. */
function isInternalFrame(file: string): boolean {
  if (file.startsWith("node:") || file === "native") return true;
  const path = file.replace(/\\/g, "/");
  if (internalRoot !== undefined && path.startsWith(internalRoot)) return true;
  return false;
}

/** The folder that holds Tilework's modules (`src`, `dist` or `dist/node`), found from this module's own address. */
const internalRoot: string | undefined = (() => {
  const here = import.meta.url;
  const bundled = /^(.*\/dist\/node\/)tilework[\w-]*\.js$/.exec(here);
  if (bundled) return bundled[1];
  const cut = here.lastIndexOf("/diagnostics/");
  return cut < 0 ? undefined : here.slice(0, cut + 1);
})();

/** From a place in code that was generated from the user's to the user's; lines and columns from 1. */
type Original = (line: number, column: number) => Span | undefined;
const generated = new Map<string, Original>();

/** Tells where code with this address comes from. */
export function provideOriginal(address: string, original: Original): void {
  generated.set(address, original);
}

/** The stack frames of the user's own code, innermost first. */
export function parseFrames(stack: string | undefined): Span[] {
  const frames: Span[] = [];
  for (const text of stack?.split("\n") ?? []) {
    const match = FRAME.exec(text);
    if (!match) continue;
    const [, functionName, file, line, column] = match;
    const original = generated.get(file)?.(Number(line), Number(column));
    if (original) {
      frames.push(original);
      continue;
    }
    const address =
      file.startsWith("file:") || file.startsWith("http") || file.startsWith("node:") ? file : `file://${file}`;
    if (isInternalFrame(address)) continue;
    frames.push({
      file: pathOf(file),
      line: Number(line),
      column: Number(column),
      ...(functionName ? { functionName } : {}),
    });
  }
  return frames;
}

/** A file's address as a path that an editor opens: "file:///my%20models/a.js" is /my models/a.js. */
function pathOf(file: string): string {
  if (!file.startsWith("file://")) return file;
  const path = file.slice("file://".length);
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

interface StackTraceLimited {
  stackTraceLimit: number;
}
/** Not under `node --frozen-intrinsics`. */
const ADJUSTABLE = !Object.isFrozen(Error);

/** The stack as it is now; the text is made (and the user's frame searched) only on `resolve()`. */
class StackSpan implements SpanRef {
  #holder: { stack?: string } | undefined;
  #span: Span | undefined;
  constructor(holder: { stack?: string }) {
    this.#holder = holder;
  }
  resolve(): Span | undefined {
    if (this.#holder) {
      this.#span = parseFrames(this.#holder.stack)[0];
      this.#holder = undefined;
    }
    return this.#span;
  }
}

let located: SpanRef | undefined;

/**
 * Says where the user's code stands, for what happens from now on; undefined: the stack tells. Gives what it was before, to be
 * put back. Captured source is not on the stack: its interpreter says where it is.
 */
export function locate(span: SpanRef | undefined): SpanRef | undefined {
  const before = located;
  located = span;
  return before;
}

/** Records the caller's position: a few microseconds, no text is made. */
export function currentSpan(): SpanRef {
  if (located) return located;
  const limited = Error as unknown as StackTraceLimited;
  const previous = limited.stackTraceLimit;
  if (ADJUSTABLE) limited.stackTraceLimit = 24;
  const holder = new Error();
  if (ADJUSTABLE) limited.stackTraceLimit = previous;
  return new StackSpan(holder);
}

export function printSpan(span: Span): string {
  return `${span.file}:${span.line}:${span.column}`;
}
