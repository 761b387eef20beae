/** Random kernels over blocks. TILEWORK_BLOCKS: how many, TILEWORK_BLOCKS_SEED: the first. */
import { expect, test } from "vitest";
import { faultsOf } from "../kernels/fuzz-blocks-law.js";

test("random kernels over blocks", { timeout: 3_600_000 }, () => {
  const [count, first] = [process.env.TILEWORK_BLOCKS ?? 2000, process.env.TILEWORK_BLOCKS_SEED ?? 1].map(Number);
  expect(faultsOf(first, count)).toEqual([]);
});
