/** Runs what the rewriting made of a module, with stand-ins for Tilework that tell what they were given. */
import ts from "typescript";
import { rewriteModule, type Rewritten, type RewriteOptions } from "../../src/dsl/parse/rewrite.js";
import type { CaptureRecord } from "../../src/dsl/ast.js";
import { capture, captureOf } from "../../src/dsl/capture.js";
import { decode } from "../../src/dsl/encode.js";
import { decorateClass, decorateMethod } from "../../src/dsl/decorate.js";

export function rewrite(text: string, options: Partial<RewriteOptions> = {}): Rewritten {
  const done = rewriteModule(text, { file: "app.ts", ...options });
  if (!done) throw new Error("there was nothing to rewrite");
  return done;
}

/** The text with every record replaced by the names of its thunks: `RECORD(np.abs, k)`. */
export function withoutRecords(code: string): string {
  return code.replace(/\{ v: \d+, .*?, values: \{ (.*?) \} \}/g, (_, thunks: string) => {
    const chains = [...thunks.matchAll(/\(\) => ([\w$.]+)/g)].map((m) => m[1]);
    return `RECORD(${chains.join(", ")})`;
  });
}

export interface Wrapped {
  readonly wrapper: string;
  readonly fn: unknown;
  readonly options: unknown;
}

/** The exports of the module as rewritten; `tilework` is a stand-in whose transforms keep what they were given. */
export function run(text: string, options: Partial<RewriteOptions> = {}): Record<string, unknown> {
  const { code, problems } = rewrite(text, options);
  if (problems.length > 0) throw new Error(problems.map((p) => p.message).join("; "));
  const { outputText } = ts.transpileModule(code, {
    fileName: options.file ?? "app.ts",
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS, useDefineForClassFields: true },
  });
  const keep =
    (wrapper: string) =>
    (fn: unknown, given?: unknown): unknown =>
      wrapper === "model" || isMethodContext(given) ? fn : { wrapper, fn, options: given };
  const tilework = {
    ...Object.fromEntries(["jit", "kernel", "grad", "vmap", "scan", "model"].map((name) => [name, keep(name)])),
    numpy: { abs: Math.abs, max: Math.max },
    lax: { scan: keep("scan") },
  };
  const modules: Record<string, unknown> = {
    tilework,
    "tilework/capture": { capture, decorateClass, decorateMethod },
    "./other.js": { scale: 3 },
  };
  const exports: Record<string, unknown> = {};
  new Function("exports", "require", outputText)(exports, (name: string) => modules[name]);
  return exports;
}

function isMethodContext(given: unknown): boolean {
  return typeof given === "object" && given !== null && "kind" in given;
}

export function recordOf(fn: unknown): CaptureRecord {
  const record = captureOf(fn as object);
  if (!record) throw new Error("the function has no record");
  return record;
}

export function nameInTree(fn: unknown): string {
  return decode(recordOf(fn).ast).name;
}
