/**
 * Node's module hooks for the files that a command is given: TypeScript loses its types as it is loaded (with a source map, so
 * that positions stay those of the file), and "tilework" is this copy of it, wherever the file lies.
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

interface Resolved {
  readonly url: string;
}
interface Context {
  readonly parentURL?: string | undefined;
}
type Next<C, R> = (at: string, context: C) => Promise<R>;

export async function resolve(specifier: string, context: Context, next: Next<Context, Resolved>): Promise<Resolved> {
  const own = /^tilework(?:\/(optim|io|capture))?$/.exec(specifier);
  // the same modules as the command's own, not the package's files for Node
  const folder = own?.[1] === "capture" ? "dsl/" : own?.[1] ? `${own[1]}/` : "";
  if (own) return next(new URL(`../${folder}index.js`, import.meta.url).href, context);
  try {
    return await next(specifier, context);
  } catch (e) {
    // TypeScript's convention: "./model.js" in a source is the file model.ts
    if (!/^[./].*\.m?js$/.test(specifier)) throw e;
    return next(specifier.replace(/js$/, "ts"), context).catch(() => {
      throw e;
    });
  }
}

interface LoadContext {
  readonly format?: string | null | undefined;
}

/** How a module of JavaScript begins a line, and nothing else does. */
const MODULE_SYNTAX = /^(?:import|export)\b/m;

export async function load(url: string, context: LoadContext, next: Next<LoadContext, object>): Promise<object> {
  if (/^file:.*\.js$/.test(url) && context.format !== "module" && !url.includes("/node_modules/")) {
    // as Node does without hooks: a package.json need not say "type": "module"
    const source = await readFile(fileURLToPath(url), "utf8");
    if (MODULE_SYNTAX.test(source)) return { format: "module", source, shortCircuit: true };
  }
  if (!/\.m?ts$/.test(url)) return next(url, context);
  const { default: ts } = await import("typescript");
  const path = fileURLToPath(url);
  const { outputText, diagnostics = [] } = ts.transpileModule(await readFile(path, "utf8"), {
    fileName: url,
    reportDiagnostics: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      inlineSourceMap: true,
      inlineSources: true,
    },
  });
  for (const { file, start = 0, messageText } of diagnostics) {
    const at = file?.getLineAndCharacterOfPosition(start);
    const place = at ? `${path}:${at.line + 1}:${at.character + 1}` : path;
    const error = new SyntaxError(`${ts.flattenDiagnosticMessageText(messageText, " ")}\n  at ${place}`);
    // where the compiler stood is of no use to anyone
    error.stack = `SyntaxError: ${error.message}`;
    throw error;
  }
  return { format: "module", source: outputText, shortCircuit: true };
}
