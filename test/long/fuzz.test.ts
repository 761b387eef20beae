/** Random programs against the laws of the transforms. */
import { expect, it } from "vitest";
import { judged } from "../laws/fuzz/transform-laws.js";
import { DERIVED } from "../laws/fuzz-flavours.js";
import { fuzz } from "./fuzz-batch.js";

fuzz(DERIVED);

it("finite differences could judge most of what they saw", () => {
  expect(judged.elements).toBeGreaterThan(1000);
  expect(judged.doubtful / judged.elements).toBeLessThan(0.1);
});
