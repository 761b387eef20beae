/**
 * Beside @rollup/plugin-typescript: it reads files by itself, so that other plugins see JavaScript without types, and without
 * `@jit function`. Staged modules are loaded before it does.
 */
import { readFile } from "node:fs/promises";
import type { Plugin } from "rollup";
import { type Rewriting, rewriteFile, stripRewritten } from "./transform.js";

const TYPESCRIPT = /\.(?:mts|tsx?)$/;

export interface Filter {
  isWanted(id: string, code: string): boolean;
}

/** `loaded` receives the modules that the transform has nothing to do for. */
export function rollupHooks(rewriting: Rewriting, { isWanted }: Filter, loaded: Set<string>): Partial<Plugin> {
  let isNeeded = false;
  return {
    buildStart({ plugins }) {
      isNeeded = plugins.some((p) => p.name === "typescript");
      loaded.clear();
    },
    load: {
      order: "pre",
      async handler(id) {
        if (!isNeeded || !TYPESCRIPT.test(id)) return null;
        const code = await readFile(id, "utf8").catch(() => "");
        const done = isWanted(id, code) ? await rewriteFile(code, id, rewriting) : undefined;
        if (!done) return null;
        if (done.warning) this.warn(done.warning);
        if (done.error) this.error(done.error);
        if (!done.changed) return null;
        loaded.add(id);
        return stripRewritten(done.changed, id, code);
      },
    },
  };
}
