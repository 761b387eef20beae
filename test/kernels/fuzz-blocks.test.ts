/** Some random kernels over blocks; test/long has more of them. */
import { expect, test } from "vitest";
import { faultsOf } from "./fuzz-blocks-law.js";

test("random kernels over blocks", () => {
  expect(faultsOf(1, 40)).toEqual([]);
});
