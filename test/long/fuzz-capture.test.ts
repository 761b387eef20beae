/**
 * Random functions in the language of staged source against plain JavaScript. TILEWORK_FUZZ, TILEWORK_FUZZ_SEED and
 * TILEWORK_FUZZ_MINUTES as in fuzz-batch.ts; functions at fault are saved for test/dsl/fuzz.test.ts.
 */
import { expect, it } from "vitest";
import { runBatch } from "../dsl/fuzz/runner.js";

const count = Number(process.env["TILEWORK_FUZZ"] ?? 1000);
const first = Number(process.env["TILEWORK_FUZZ_SEED"] ?? 1);
const minutes = Number(process.env["TILEWORK_FUZZ_MINUTES"] ?? 15);

it(`${count} random functions from seed ${first}`, () => {
  const folder = new URL("../golden/capture-fuzz/", import.meta.url);
  const { failures, judged, doubtful, refused } = runBatch({
    first,
    count,
    folder,
    deadline: Date.now() + minutes * 60_000,
  });
  expect(failures.join("\n\n")).toBe("");
  expect(doubtful / (judged + doubtful)).toBeLessThan(0.02);
  // what is refused is refused for a reason: types that differ, loops without a bound
  expect([...refused.values()].reduce((a, b) => a + b, 0) / count, String([...refused.keys()])).toBeLessThan(0.02);
});
