/** Programs over named sizes come back from their cases. */
import { expect, it } from "vitest";
import { seen, sizesLaw } from "./fuzz/sizes-law.js";
import { FLAVOURS } from "./fuzz-flavours.js";

it("a program is found from three of its cases, and is right at other sizes", () => {
  const flavour = FLAVOURS.find((f) => f.laws.includes("symbolic"));
  if (!flavour) throw new Error("no flavour has named sizes");
  for (let seed = 0; seed < 150; seed++) sizesLaw(flavour.make(seed), seed);
  // a guess may be wrong, which `match` finds; most are right
  expect(seen.same).toBeGreaterThan(10 * seen.other);
  expect(seen.refused).toBeLessThan(15);
});
