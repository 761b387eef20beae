/** WAT text, and the error where binaryen is missing. */
import { describe, expect, it } from "vitest";
import { isTileworkError } from "../../../src/diagnostics/error.js";
import { readFileSync } from "node:fs";
import { lowerToLoop } from "../../../src/lowering/loop/lower.js";
import { emitModule } from "../../../src/lowering/wasm/module.js";
import { INSTALL_BINARYEN } from "../../../src/lowering/wasm/binaryen.js";
import { printWat } from "../../../src/lowering/wasm/wat.js";
import { target } from "../../kernels/compiled.js";
import { binaryKernel, plan, slot, view } from "./plans.js";

const [a, out] = [slot("input", 0, 20), slot("output", 0, 20)];
const steps = [{ kind: "launch", kernel: binaryKernel("mul", 5), args: [view(a), view(a), view(out)] }] as const;
const bytes = emitModule(plan([a], [out], steps, 0), (k) => lowerToLoop(k, target), target);

describe("printWat", () => {
  it("names the kernels and the driver", async () => {
    const text = await printWat(bytes);
    expect(text).toContain("(func $mul");
    expect(text).toContain("f32.mul");
    expect(text).toContain('(export "run" (func $run))');
  });
  it("says how to install binaryen", async () => {
    const missing = printWat(bytes, () => Promise.reject(new Error("Cannot find package 'binaryen'")));
    const error = await missing.catch((e: unknown) => e);
    expect(isTileworkError(error) && error.code).toBe("TW6001");
    expect(String(error)).toContain(INSTALL_BINARYEN);
  });
  it("names the version of package.json", () => {
    const manifest = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
    expect(INSTALL_BINARYEN.endsWith(`binaryen@${manifest.peerDependencies.binaryen}`)).toBe(true);
  });
});
