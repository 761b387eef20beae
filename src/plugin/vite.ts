/** What Vite needs beside the transform: its mode, the helper's package among the dependencies, and its scanner. */
import type { Plugin, UserConfig } from "vite";
import type { Rewriting } from "./transform.js";

type Scan = (code: string, id: string) => Promise<{ readonly code: string } | undefined>;

export function viteHooks(rewriting: Rewriting, source: boolean | undefined, scan: Scan): Partial<Plugin> {
  return {
    config(): UserConfig {
      const scanner = {
        name: "tilework:scan",
        transform: {
          filter: { id: /\.[cm]?[jt]sx?$/, code: /tilework/ },
          async handler(code: string, id: string) {
            // the scanner reads imports from plain TypeScript, and knows no `@jit function`
            const done = /@/.test(code) ? await scan(code, id) : undefined;
            return done && { code: done.code };
          },
        },
      };
      return {
        optimizeDeps: {
          // the rewriting adds this import: it would be found only after the first page is served
          include: ["tilework > tilework/capture"],
          rolldownOptions: { plugins: [scanner] },
        },
      };
    },
    configResolved(config) {
      rewriting.root = config.root;
      rewriting.withSource = source ?? (config.command === "serve" || config.mode === "development");
    },
  };
}
