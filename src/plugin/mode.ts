/** What a build's tool says before it begins. Vite says it later: see vite.ts. */
import type { UnpluginContextMeta } from "unplugin";

function compilerOptions(
  meta: UnpluginContextMeta,
): { readonly mode?: unknown; readonly context?: unknown } | undefined {
  if (meta.framework === "webpack") return meta.webpack.compiler.options;
  return meta.framework === "rspack" ? meta.rspack.compiler.options : undefined;
}

export function isProduction(meta: UnpluginContextMeta): boolean {
  const mode = compilerOptions(meta)?.mode ?? process.env["NODE_ENV"];
  return mode !== "development";
}

/** The project's folder. */
export function rootOf(meta: UnpluginContextMeta): string {
  const context = compilerOptions(meta)?.context;
  return typeof context === "string" ? context : process.cwd();
}
