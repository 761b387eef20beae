/** A source file as Node can run it: staged functions with their source, no types, and a map that leads back to the file. */
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { plainError, problemsText } from "../dsl/parse/problem-text.js";
import { rewriteModule } from "../dsl/parse/rewrite.js";
import { mayBeStaged } from "../dsl/parse/staged.js";
import { rewrittenWithoutTypes, withoutTypes } from "../dsl/parse/without-types.js";

export const TYPESCRIPT = /\.(?:mts|tsx?)$/;
const SCRIPT = /\.(?:m?js|jsx)$/;

/** A file of the program, as against one of a package. */
export function isOwnFile(url: string): boolean {
  return url.startsWith("file:") && !url.includes("/node_modules/");
}

/** The module with its staged functions captured, without types; undefined when it holds none. */
export function stagedSource(url: string): string | undefined {
  const [address] = url.split(/[?#]/);
  if (!TYPESCRIPT.test(address) && !SCRIPT.test(address)) return undefined;
  const path = fileURLToPath(address);
  const text = readFileSync(path, "utf8");
  if (!mayBeStaged(text)) return undefined;
  const near = relative(process.cwd(), path).replaceAll("\\", "/");
  const done = rewriteModule(text, { file: near.startsWith("..") ? path : near, withSource: true });
  if (!done) return undefined;
  const errors = done.problems.filter((p) => p.severity === "error");
  const warnings = done.problems.filter((p) => p.severity === "warning");
  if (errors.length > 0) throw plainError(problemsText(errors, text));
  if (warnings.length > 0) process.emitWarning(problemsText(warnings, text), { type: "TileworkWarning" });
  if (!TYPESCRIPT.test(address)) return withMap(done.code, done.map.toString(), address);
  const stripped = rewrittenWithoutTypes(done, path, address, text);
  return withMap(stripped.code, stripped.map, address);
}

/** A module without types. */
export function strippedSource(url: string): string {
  const [address] = url.split(/[?#]/);
  const path = fileURLToPath(address);
  const { code, map } = withoutTypes(readFileSync(path, "utf8"), path);
  return withMap(code, map, address);
}

function withMap(code: string, map: string, address: string): string {
  const named = { ...(JSON.parse(map) as object), sources: [pathToFileURL(fileURLToPath(address)).href] };
  const data = Buffer.from(JSON.stringify(named)).toString("base64");
  return `${code}\n//# sourceMappingURL=data:application/json;base64,${data}\n`;
}
