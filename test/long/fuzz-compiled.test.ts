/** Random programs against the laws of the compiler. */
import { expect, it } from "vitest";
import { compared } from "../laws/fuzz/compiler-laws.js";
import { COMPILED } from "../laws/fuzz-flavours.js";
import { fuzz } from "./fuzz-batch.js";

fuzz(COMPILED);

it("hardly any difference had to be put down to a program's condition", () => {
  expect(compared.programs).toBeGreaterThan(100);
  expect(compared.illConditioned / compared.programs).toBeLessThan(0.005);
});
