import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vitest/config";
import { rewriteModule } from "./src/dsl/parse/rewrite.js";
import tilework from "./src/plugin/index.js";

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

/** "tilework" is the sources in tests, so that no test needs a build. */
export const alias = [
  { find: /^tilework$/, replacement: source("index.ts") },
  { find: /^tilework\/(optim|io|plugin|register|eslint)$/, replacement: source("$1/index.ts") },
  { find: /^tilework\/capture$/, replacement: source("dsl/index.ts") },
  { find: /^tilework\/kernels$/, replacement: source("kernels/index.ts") },
];

/** The library's kernels with their source, as the build makes them (scripts/capture.mjs). */
export const ownKernels: Plugin = {
  name: "own-kernels",
  enforce: "pre",
  transform(code, id) {
    const path = /\/src\/kernels\/library\/([^?]*\.ts)/.exec(id)?.[1];
    if (path === undefined) return undefined;
    const done = rewriteModule(code, {
      file: `src/kernels/library/${path}`,
      withSource: true,
      captureFrom: "../../dsl/capture.js",
    });
    const error = done?.problems.find((p) => p.severity === "error");
    if (error) this.error(`${error.file}:${error.line}: ${error.message}`);
    return done && { code: done.code, map: done.map };
  },
};

/**
 * Everyday tests in kind, but they start a process for each check, compile at every size, or say at length what a shorter one
 * says too (jit/cases, transforms/vmap/law): they run with the long ones.
 */
export const SLOW = [
  "test/cli/command.test.ts",
  "test/cli/build.test.ts",
  "test/plugin/register.test.ts",
  "test/pack/handed-over.test.ts",
  "test/pack/pack.test.ts",
  "test/types/types.test.ts",
  "test/docs/documents.test.ts",
  "test/kernels/matmul.test.ts",
  "test/api/dynamic-sizes.test.ts",
  "test/examples/gpt.test.ts",
  "test/jit/keep.test.ts",
  "test/kernels/library/products.test.ts",
  "test/kernels/library/others.test.ts",
  "test/kernels/factorisations.test.ts",
  "test/lowering/cases.test.ts",
  "test/lowering/loop/elementwise.test.ts",
  "test/lowering/schedule/conv.test.ts",
  "test/random/distributions.test.ts",
  "test/runtime/threads/process.test.ts",
  "test/transforms/vmap/derivatives.test.ts",
];

/**
 * Folders whose files leave settings and other state of the process as they find them: one process runs many of these files
 * and loads the sources once.
 */
const SHARED = [
  "api",
  "dsl",
  "errors",
  "interpreter",
  "io",
  "ir",
  "jit",
  "kernels",
  "laws",
  "lax",
  "lowering",
  "nn",
  "numpy",
  "optim",
  "programs",
  "random",
  "simplify",
  "tracer",
  "transforms",
  "tree",
];

/**
 * Files in these folders that change such state, or count what the process holds. Like those of all other folders, each has
 * a process of its own.
 */
export const ALONE = [
  "test/api/derived.test.ts",
  "test/api/memory.test.ts",
  "test/errors/catalogue.test.ts",
  "test/errors/places.test.ts",
  "test/jit/disk-cache.test.ts",
  "test/jit/engine.test.ts",
  "test/jit/facts.test.ts",
  "test/kernels/debug-*.test.ts",
  "test/lowering/plan/hoist-threads.test.ts",
  "test/lowering/wasm/*.test.ts",
];

const skipped = [...SLOW, "test/long/**", "test/browser/**", "node_modules/**"];

export default defineConfig({
  // staged source as users write it
  plugins: [
    ownKernels,
    tilework.vite({
      include: [/\/test\/(?:programs|kernels\/language|errors\/(?:refused|kernels))\/.*\.ts$/, /\/examples\/.*\.ts$/],
    }),
  ],
  resolve: { alias },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "alone",
          include: [`test/!(${SHARED.join("|")})/**/*.test.ts`, ...ALONE],
          exclude: skipped,
        },
      },
      {
        extends: true,
        test: {
          name: "shared",
          include: SHARED.map((folder) => `test/${folder}/**/*.test.ts`),
          exclude: [...skipped, ...ALONE],
          isolate: false,
        },
      },
    ],
    pool: "forks",
    maxWorkers: 2,
    // nothing is left in the home of who runs the tests
    env: { TILEWORK_CACHE: "0" },
    testTimeout: 60_000,
    hookTimeout: 300_000,
    // jit compiles at run time: V8's own limits are what users have, so no flags here
    passWithNoTests: false,
  },
});
