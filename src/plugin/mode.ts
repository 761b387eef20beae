/** Whether a build is for production, as far as its tool says before it begins. Vite says it later: see vite.ts. */
import type { UnpluginContextMeta } from "unplugin";

export function isProduction(meta: UnpluginContextMeta): boolean {
  const compiler =
    meta.framework === "webpack"
      ? meta.webpack.compiler
      : meta.framework === "rspack"
        ? meta.rspack.compiler
        : undefined;
  if (compiler) return compiler.options.mode !== "development";
  return process.env["NODE_ENV"] !== "development";
}
