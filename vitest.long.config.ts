import { defineConfig } from "vitest/config";
import { alias, ownKernels, SLOW } from "./vitest.config.js";

/** What takes minutes: the fuzzer, the memory runs, and the slow everyday tests. `npm run test:fuzz`. */
export default defineConfig({
  plugins: [ownKernels],
  resolve: { alias },
  test: {
    include: ["test/long/**/*.test.ts", ...SLOW],
    pool: "forks",
    maxWorkers: 2,
    // nothing is left in the home of who runs the tests
    env: { TILEWORK_CACHE: "0" },
    testTimeout: 1_200_000,
    hookTimeout: 300_000,
  },
});
