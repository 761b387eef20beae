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
  if (/^tilework($|\/)/.test(specifier)) return next(specifier, { ...context, parentURL: import.meta.url });
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

export async function load(url: string, context: object, next: Next<object, object>): Promise<object> {
  if (!/\.m?ts$/.test(url)) return next(url, context);
  const { default: ts } = await import("typescript");
  const { outputText } = ts.transpileModule(await readFile(fileURLToPath(url), "utf8"), {
    fileName: url,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      inlineSourceMap: true,
      inlineSources: true,
    },
  });
  return { format: "module", source: outputText, shortCircuit: true };
}
