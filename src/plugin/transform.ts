/** One module through the rewriting, in the form that bundlers take. */
import { basename, relative } from "node:path";
import type { RewriteOptions, Rewritten, SourceProblem } from "../dsl/parse/rewrite.js";
import type { Stripped } from "../dsl/parse/without-types.js";

export interface Rewriting {
  /** Paths in records and messages are relative to it. */
  root: string;
  withSource: boolean;
}

export interface Message {
  readonly message: string;
  readonly id: string;
  readonly loc: { readonly file: string; readonly line: number; readonly column: number };
}

export interface Done {
  readonly changed?: Rewritten;
  readonly error?: Message;
  readonly warning?: Message;
}

type Rewriter = typeof import("../dsl/parse/rewrite.js") &
  typeof import("../dsl/parse/problem-text.js") &
  typeof import("../dsl/parse/without-types.js");
let rewriter: Promise<Rewriter> | undefined;
/** The compiler comes with it. */
function load(): Promise<Rewriter> {
  rewriter ??= Promise.all([
    import("../dsl/parse/rewrite.js"),
    import("../dsl/parse/problem-text.js"),
    import("../dsl/parse/without-types.js"),
  ]).then(([rewrite, text, types]) => ({ ...rewrite, ...text, ...types }));
  return rewriter;
}

function optionsFor(id: string, { root, withSource }: Rewriting): RewriteOptions {
  const [path, query] = id.split("?", 2);
  // also of a file outside: no folder of the machine goes into a program
  const shown = relative(root, path).replaceAll("\\", "/") || path;
  return { file: query === undefined ? shown : `${shown}?${query}`, withSource };
}

/** Tools read the source's name in a map as relative to the module. */
function besideItself(done: Rewritten, id: string): Rewritten {
  done.map.sources = [basename(id.split("?", 1)[0])];
  return done;
}

export async function rewriteFile(code: string, id: string, rewriting: Rewriting): Promise<Done | undefined> {
  const { rewriteModule, problemsText } = await load();
  const done = rewriteModule(code, optionsFor(id, rewriting));
  if (!done) return undefined;
  const message = (problems: readonly SourceProblem[]): Message | undefined => {
    const [first] = problems;
    if (!first) return undefined;
    const loc = { file: id, line: first.line, column: first.column - 1 };
    return { message: problemsText(problems, code), id, loc };
  };
  const error = message(done.problems.filter((p) => p.severity === "error"));
  const warning = message(done.problems.filter((p) => p.severity === "warning"));
  return {
    ...(done.code !== code ? { changed: besideItself(done, id) } : {}),
    ...(error ? { error } : {}),
    ...(warning ? { warning } : {}),
  };
}

/** `@jit function` alone is rewritten, for a tool that only looks for imports. */
export async function rewriteSyntax(code: string, id: string, rewriting: Rewriting): Promise<Rewritten | undefined> {
  const { rewriteModule } = await load();
  return rewriteModule(code, { ...optionsFor(id, rewriting), syntaxOnly: true });
}

/** What was rewritten, as JavaScript. */
export async function stripRewritten(done: Rewritten, id: string, text: string): Promise<Stripped> {
  const { rewrittenWithoutTypes } = await load();
  return rewrittenWithoutTypes(done, id, basename(id), text);
}
