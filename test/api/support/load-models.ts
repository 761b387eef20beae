/** Compiles models.ts as users' tools do, and runs it against the sources of Tilework. */
import { readFileSync } from "node:fs";
import { transformSync } from "esbuild";
import * as tilework from "tilework";
import * as capture from "tilework/capture";
import ts from "typescript";
import { rewriteModule } from "../../../src/dsl/parse/rewrite.js";

export type Models = typeof import("./models.js");

const text = readFileSync(new URL("./models.ts", import.meta.url), "utf8");

function transpile(source: string): string {
  const { ES2022 } = ts.ScriptTarget;
  return ts.transpileModule(source, { compilerOptions: { target: ES2022, module: ts.ModuleKind.CommonJS } }).outputText;
}
const WAYS = {
  esbuild: (source: string) => transformSync(source, { loader: "ts", format: "cjs", target: "es2022" }).code,
  tsc: transpile,
  "the plugin": (source: string) => {
    const done = rewriteModule(source, { file: "models.ts" });
    const errors = done?.problems.filter((p) => p.severity === "error") ?? [];
    if (!done || errors.length > 0) throw new Error(errors.map((p) => `${p.code}: ${p.message}`).join());
    return transpile(done.code);
  },
};
export type Way = keyof typeof WAYS;
export const ways = Object.keys(WAYS) as Way[];

export function load<T = Models>(way: Way, source = text): T {
  const modules: Record<string, unknown> = { tilework, "tilework/capture": capture };
  const module = { exports: {} as Record<string, unknown> };
  const run = new Function("module", "exports", "require", WAYS[way](source));
  run(module, module.exports, (name: string) => modules[name]);
  return module.exports as T;
}
