/**
 * `tilework/plugin`: the build plugin that attaches the source of staged functions, for Vite, Rollup, Rolldown, esbuild, webpack,
 * Rspack, Farm and Bun. The TypeScript compiler is loaded when the first module needs it, and runs in the build only.
 */
import { createUnplugin, type UnpluginInstance, type UnpluginOptions } from "unplugin";
import { isProduction, rootOf } from "./mode.js";
import { rollupHooks } from "./rollup.js";
import { type Rewriting, rewriteFile, rewriteSyntax } from "./transform.js";
import { viteHooks } from "./vite.js";

export interface PluginOptions {
  /** Which modules are looked at; all that mention Tilework by default, except those in node_modules. */
  readonly include?: RegExp | readonly RegExp[];
  readonly exclude?: RegExp | readonly RegExp[];
  /** Whether the functions' text goes with them, for excerpts in errors; by default in development only. */
  readonly source?: boolean;
}

/** What can be a module of a program. */
const MODULE = /\.[cm]?[jt]sx?(?:$|\?)|[?&]lang[.=][cm]?[jt]sx?\b/;
/** What a text must hold to be looked at more closely; `mayBeStaged` looks again. */
const TEXT = /tilework|use jit|use kernel/;

const list = (patterns: RegExp | readonly RegExp[] | undefined): RegExp[] =>
  patterns === undefined ? [] : Array.isArray(patterns) ? [...patterns] : [patterns as RegExp];

export const tilework: UnpluginInstance<PluginOptions | undefined, false> = createUnplugin(
  (options: PluginOptions | undefined = {}, meta): UnpluginOptions => {
    const rewriting: Rewriting = {
      root: rootOf(meta),
      withSource: options.source ?? !isProduction(meta),
    };
    const include = list(options.include);
    const exclude = [/[\\/]node_modules[\\/]/, /^\0/, ...list(options.exclude)];
    const loaded = new Set<string>();
    const isWanted = (id: string, code: string): boolean =>
      TEXT.test(code) &&
      (include.length > 0 ? include : [MODULE]).some((p) => p.test(id)) &&
      !exclude.some((p) => p.test(id));
    return {
      name: "tilework",
      enforce: "pre",
      transform: {
        filter: { id: { include: include.length > 0 ? include : MODULE, exclude }, code: TEXT },
        async handler(code, id) {
          if (loaded.has(id)) return undefined;
          const done = await rewriteFile(code, id, rewriting);
          if (!done) return undefined;
          if (done.warning) this.warn(done.warning);
          if (done.error) this.error(done.error);
          return done.changed && { code: done.changed.code, map: done.changed.map };
        },
      },
      rollup: rollupHooks(rewriting, { isWanted }, loaded),
      rolldown: {
        buildStart(build) {
          rewriting.root = build.cwd;
        },
      },
      esbuild: {
        setup(build) {
          rewriting.root = build.initialOptions.absWorkingDir ?? rewriting.root;
        },
      },
      vite: viteHooks(rewriting, options.source, (code, id) => rewriteSyntax(code, id, rewriting)),
    };
  },
);
export default tilework;
