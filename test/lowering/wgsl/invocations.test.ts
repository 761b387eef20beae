/** How many programs share a workgroup, and what devices need not do well. */
import { makeProgram, numpy as np, type Tensor } from "tilework";
import { expect, test } from "vitest";
import { ERFINV_CENTRAL_F32 } from "../../../src/lowering/wasm/math/coefficients.js";
import { Library } from "../../../src/lowering/wgsl/library/index.js";
import type { WgslShader } from "../../../src/lowering/wgsl/shader.js";
import { wgslOf } from "./lower.js";

function shader(f: (x: Tensor) => unknown, n: number): WgslShader {
  return wgslOf(makeProgram(f as never)(np.ones([n])))[0].shaders[0];
}

test("few programs are spread over the device, plenty come in whole workgroups", () => {
  expect(shader((x) => x.add(1), 1000).workgroupSize).toBe(64);
  expect(shader((x) => x.add(1), 1 << 18).workgroupSize).toBe(256);
});
test("divisors of any size are scaled, constants of usual size are not", () => {
  expect(shader((x) => np.ones([]).div(x), 8).code).toContain("f32_div(");
  expect(shader((x) => x.div(3), 8).code).not.toContain("f32_div(");
  expect(shader((x) => x.div(3e38), 8).code).toContain("f32_div(");
});
test("the polynomial of the inverse error function is evaluated about the point that it was made for", () => {
  const library = new Library();
  library.use("erf_inv_f32");
  const [, centre] = /let v = w - ([\d.]+)f;/.exec(library.text().join("\n")) ?? [];
  // erf⁻¹ x / x tends to √π / 2 where w tends to 0
  const ratio = 1 + ERFINV_CENTRAL_F32.reduce((sum, c, i) => sum + c * (-Number(centre)) ** i, 0);
  expect(ratio).toBeCloseTo(Math.sqrt(Math.PI) / 2, 6);
});
