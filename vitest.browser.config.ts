import { defineConfig } from "vitest/config";
import { alias } from "./vitest.config.js";

/** The package in a browser: `npm run test:browser`. */
export default defineConfig({
  resolve: { alias },
  test: {
    include: ["test/browser/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 1,
    testTimeout: 180_000,
    hookTimeout: 300_000,
  },
});
