/** Fused programs as shaders: Tint accepts each, and they need no more than every device has. */
import { describe, expect, it } from "vitest";
import { makeProgram } from "../../../src/index.js";
import { complaints, hasTint } from "./tint.js";
import { wgslOf } from "./lower.js";
import { programs } from "./programs.js";

describe.runIf(hasTint)("shaders of fused programs", () => {
  it("there are fifty", () => {
    expect(Object.keys(programs).length).toBeGreaterThanOrEqual(50);
  });
  for (const [name, [f, args]] of Object.entries(programs)) {
    it(name, async () => {
      const shaders = wgslOf(makeProgram(f as never)(...args)).flatMap((k) => k.shaders);
      expect(shaders.length).toBeGreaterThan(0);
      const errors = (await Promise.all(shaders.map(complaints))).flat();
      expect(errors).toEqual([]);
    });
  }
});
