/** A captured function as a JavaScript function that runs in a session, with a source map to the user's file. */
import { codeOf, type Code } from "../dsl/interpret/code.js";
import type { CaptureRecord, Located } from "../dsl/ast.js";
import { captureOf } from "../dsl/capture.js";
import { provideOriginal, type SpanRef } from "../diagnostics/span.js";
import { nodeModule } from "../util/node.js";
import type { AnyFunction } from "../tracer/staged.js";
import { type Generated, generate } from "./generate.js";
import { Runtime } from "./runtime.js";
import type { Session } from "./session.js";
import { encodeMappings, sourceMapComment } from "./source-map.js";

interface Compiled {
  readonly code: Code;
  readonly generated: Generated;
  /** Gives the function, of the runtime, the values of chains and the values of names. */
  readonly make: (...values: unknown[]) => AnyFunction;
}

/** `new Function` writes its parameters and a brace on lines of their own before the body. */
const HEAD_LINES = 2;

const compiled = new WeakMap<CaptureRecord, Compiled>();
let count = 0;

function compile(record: CaptureRecord): Compiled {
  let known = compiled.get(record);
  if (known) return known;
  const code = codeOf(record);
  const generated = generate(code.root);
  const url = `tilework://kernels/${code.root.name || "kernel"}.${++count}.js`;
  const mappings = generated.marks.map(({ line, column, offset }) => {
    const at = position(record, offset);
    return { line: line + HEAD_LINES, column, sourceLine: at.line, sourceColumn: at.column };
  });
  const map = sourceMapComment(url, sourceAddress(record.file), sourceContent(record), encodeMappings(mappings));
  const text = `${generated.body}\n//# sourceURL=${url}\n${map}`;
  provideOriginal(url, (line, column) => {
    let found: number | undefined;
    for (const m of generated.marks) {
      if (m.line + HEAD_LINES > line - 1 || (m.line + HEAD_LINES === line - 1 && m.column > column - 1)) break;
      found = m.offset;
    }
    return found === undefined ? undefined : code.span({ start: found, end: found + 1 }).resolve();
  });
  const make = new Function(...generated.parameters, text) as Compiled["make"];
  known = { code, generated, make };
  compiled.set(record, known);
  return known;
}

/** Line and column (from 0) in the user's file. */
function position(record: CaptureRecord, offset: number): { line: number; column: number } {
  const { lines } = record;
  let n = 0;
  while (n < lines.length && lines[n] <= offset) n++;
  const column = n === 0 ? record.column - 1 + offset : offset - lines[n - 1];
  return { line: record.line - 1 + n, column };
}

/**
 * The address of a file that a record names as the user knows it: relative to where the program runs, or to its site. A source that
 * is in no file has an address of its own.
 */
export function sourceAddress(file: string): string {
  if (/^[a-z][\w+.-]+:/i.test(file)) return file;
  const fs = nodeModule<typeof import("node:fs")>("node:fs");
  const path = nodeModule<typeof import("node:path")>("node:path");
  const url = nodeModule<typeof import("node:url")>("node:url");
  if (fs && path && url && fs.existsSync(file)) return url.pathToFileURL(path.resolve(file)).href;
  const { location } = globalThis as { location?: { origin?: string } };
  return location?.origin
    ? new URL(file.replace(/^\/?/, "/"), location.origin).href
    : `tilework://source/${encodeURIComponent(file)}`;
}

/** The user's file; where it can't be read, what is known of it: the function, where it stands. */
function sourceContent(record: CaptureRecord): string | undefined {
  try {
    const text = nodeModule<typeof import("node:fs")>("node:fs")?.readFileSync(record.file, "utf8");
    if (text !== undefined && (record.source === undefined || text.includes(record.source))) return text;
  } catch {
    // a file of another machine, or a part of a bundle
  }
  return record.source && "\n".repeat(record.line - 1) + " ".repeat(record.column - 1) + record.source;
}

/** The functions of one session: each captured one is generated once. */
export class Functions {
  readonly #made = new Map<AnyFunction, AnyFunction>();
  readonly #generated = new WeakSet<AnyFunction>();
  constructor(readonly session: Session) {}

  /** What to run in the place of `fn`: as generated, where its source was captured. */
  readonly resolve = (fn: AnyFunction): AnyFunction => {
    const known = this.#made.get(fn);
    if (known) return known;
    const original = (fn as { original?: unknown }).original;
    if (typeof original === "function") return this.resolve(original as AnyFunction);
    const record = captureOf(fn);
    return record ? this.make(fn, record) : fn;
  };

  /** `fn` as generated from its record. */
  make(fn: AnyFunction, record: CaptureRecord): AnyFunction {
    const { code, generated, make } = compile(record);
    const { session } = this;
    const places = generated.sites.map((at: Located): SpanRef => code.span(at));
    const runtime = new Runtime(session, session.addPlaces(places), this.resolve, (f) => this.#generated.has(f));
    // before the values are read: functions may call each other
    const holder: { made: AnyFunction | undefined } = { made: undefined };
    const proxy: AnyFunction = function (this: unknown, ...args: unknown[]) {
      return holder.made?.apply(this, args);
    };
    this.#made.set(fn, proxy);
    this.#generated.add(proxy);
    const value = (chain: string): unknown => {
      const v = code.captured(chain);
      return typeof v === "function" && captureOf(v) ? this.resolve(v as AnyFunction) : v;
    };
    const chains = Object.fromEntries(generated.chains.map((c) => [c, value(c)]));
    const made = make(runtime, chains, ...generated.names.map(value));
    holder.made = made;
    this.#made.set(fn, made);
    this.#generated.add(made);
    return made;
  }
}
