/** Kernels over whole blocks as shaders, a workgroup for each program: Tint accepts each, with every barrier in uniform control flow. */
import { describe, expect, it } from "vitest";
import { complaints, hasTint } from "./tint.js";
import { examples } from "./examples.js";
import { kernels } from "./kernels.js";
import { wgslOf } from "./lower.js";

describe.runIf(hasTint)("shaders of kernels", () => {
  for (const [name, make] of Object.entries({ ...kernels, ...examples })) {
    it(name, async () => {
      const shaders = wgslOf(make()).flatMap((k) => k.shaders);
      expect(shaders.some((s) => s.distribution === "workgroup")).toBe(true);
      const errors = (await Promise.all(shaders.map(complaints))).flat();
      expect(errors).toEqual([]);
    });
  }
});
