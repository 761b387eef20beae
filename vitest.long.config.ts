import { defineConfig } from "vitest/config";
import { alias } from "./vitest.config.js";

/** What takes minutes: the fuzzer and the memory runs. `npm run test:fuzz`. */
export default defineConfig({
  resolve: { alias },
  test: {
    include: ["test/long/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 1_200_000,
    hookTimeout: 120_000,
  },
});
