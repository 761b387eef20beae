// dist -> dist/node: the package's entries as a few files for Node, which opens one file in a moment and hundreds in a tenth of a
// second. Bundlers and browsers take the modules themselves. Run by build.mjs.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import { build } from "vite";

const dist = join(fileURLToPath(import.meta.url), "..", "..", "dist");

/** Node shows the line of an error that nobody caught, and the lines of our files are thousands of letters long. */
const throwsOnLinesOfTheirOwn = {
  name: "throws-on-lines-of-their-own",
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== "chunk") continue;
      chunk.code = chunk.code.replace(/throw new TileworkError\(makeDiagnostic\(.*?\)\}(?=function)/, "\n$&\n");
    }
  },
};

/**
 * The parser of JavaScript is needed by who writes kernels without a build step, and reading its code takes an engine a tenth of
 * the time of importing the package: it is a text until its first call. (Not a file: those that bundle for Node take only imports along.)
 */
const parserWhenNeeded = {
  name: "parser-when-needed",
  enforce: "pre",
  load(id) {
    if (!/[\\/]node_modules[\\/]acorn[\\/]/.test(id)) return undefined;
    const path = createRequire(import.meta.url).resolve("acorn");
    const { code } = transformSync(readFileSync(path, "utf8"), { minify: true, target: "node20" });
    return `let parser;
      const read = () => {
        const made = {};
        const { compileFunction } = process.getBuiltinModule("node:vm");
        compileFunction(${JSON.stringify(code)}, ["exports", "module"], { filename: "acorn" })(made, {});
        return made;
      };
      export const parse = (...args) => (parser ??= read()).parse(...args);`;
  },
};

await build({
  configFile: false,
  plugins: [parserWhenNeeded, throwsOnLinesOfTheirOwn],
  root: dist,
  logLevel: "error",
  publicDir: false,
  ssr: { noExternal: true, external: ["fflate", "typescript", "binaryen"] },
  build: {
    ssr: true,
    target: "node20",
    outDir: "node",
    emptyOutDir: true,
    minify: false,
    // names that are ours alone: diagnostics/span.ts knows Tilework's own frames by them
    rollupOptions: {
      input: {
        tilework: join(dist, "index.js"),
        "tilework-optim": join(dist, "optim", "index.js"),
        "tilework-io": join(dist, "io", "index.js"),
        "tilework-kernels": join(dist, "kernels", "index.js"),
        "tilework-dsl": join(dist, "dsl", "index.js"),
      },
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "tilework-[name].js",
        // names of functions appear in messages; those of their variables are short, for there is less to read
        keepNames: true,
        minify: {
          compress: false,
          mangle: { toplevel: false, keepNames: true },
          codegen: { removeWhitespace: true },
        },
      },
    },
  },
});
