/** A captured function made ready to run: its tree, and where the parts of it stand in the user's file. */
import { fail, internal } from "../../diagnostics/error.js";
import type { Code as ErrorCode } from "../../diagnostics/help.js";
import { provideSource } from "../../diagnostics/source.js";
import type { Span, SpanRef } from "../../diagnostics/span.js";
import { AST_VERSION, type CaptureError, type CaptureRecord, type FunctionNode, type Located } from "../ast.js";
import { decode } from "../encode.js";

export class Code {
  readonly #values = new Map<string, () => unknown>();
  constructor(
    readonly record: CaptureRecord,
    readonly root: FunctionNode,
  ) {
    for (const chain of Object.keys(record.values)) this.#values.set(chain, record.values[chain]);
  }

  /** The value of a captured chain, as it is now. */
  captured(chain: string): unknown {
    const thunk = this.#values.get(chain) ?? internal(`no thunk for the captured ${chain}`);
    return thunk();
  }

  span(at: Located): SpanRef {
    return new NodeSpan(this.record, at, this.root.name);
  }
}

class NodeSpan implements SpanRef {
  constructor(
    readonly record: CaptureRecord,
    readonly at: Located,
    readonly functionName: string,
  ) {}
  resolve(): Span {
    return { ...spanOf(this.record, this.at), ...(this.functionName ? { functionName: this.functionName } : {}) };
  }
}

function place(record: CaptureRecord, offset: number): Span {
  const { lines } = record;
  let n = 0;
  while (n < lines.length && lines[n] <= offset) n++;
  const column = n === 0 ? record.column + offset : offset - lines[n - 1] + 1;
  return { file: record.file, line: record.line + n, column };
}

function spanOf(record: CaptureRecord, { start, end }: Located): Span {
  const { line, column } = place(record, end);
  return { ...place(record, start), end: { line, column } };
}

const codes = new WeakMap<CaptureRecord, Code>();

/** Decoded once; raises what capture refused. */
export function codeOf(record: CaptureRecord): Code {
  let code = codes.get(record);
  if (code) return code;
  if (record.v !== AST_VERSION) {
    fail(
      "TW7016",
      `the source of ${record.file} was captured in format ${record.v}, this package reads ${AST_VERSION}`,
      {
        span: place(record, 0),
      },
    );
  }
  if (record.source !== undefined) provideSource(record.file, record.line, record.column, record.source);
  if (record.errors && record.errors.length > 0) refuse(record, record.errors);
  code = new Code(record, decode(record.ast));
  codes.set(record, code);
  return code;
}

function refuse(record: CaptureRecord, [first, ...more]: readonly CaptureError[]): never {
  const notes = more.map((e) => {
    const { file, line, column } = place(record, e.start);
    return `also ${e.code} at ${file}:${line}:${column}: ${e.message}`;
  });
  return fail(first.code as ErrorCode, first.message, {
    span: spanOf(record, first),
    ...(first.help ? { help: first.help } : {}),
    ...(notes.length > 0 ? { notes } : {}),
  });
}
