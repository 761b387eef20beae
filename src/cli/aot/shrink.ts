/**
 * binaryen makes a finished module smaller: what is not used goes, equal functions become one, and the driver, which runs once
 * a call, is optimised for size. Kernels stay as they are: their shape is what engines run fast.
 */
import { loadBinaryen } from "../../lowering/wasm/binaryen.js";

const MERGE = ["duplicate-function-elimination", "remove-unused-module-elements", "duplicate-function-elimination"];
const SHRINK = [
  "precompute",
  "optimize-instructions",
  "simplify-locals",
  "coalesce-locals",
  "reorder-locals",
  "vacuum",
];
/** The driver's functions (lowering/wasm/driver.ts). */
const COLD = /^run(\.\d+)*$/;

export async function shrinkModule(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const binaryen = await loadBinaryen("building ahead of time");
  const module = binaryen.readBinary(bytes);
  try {
    module.setFeatures(binaryen.Features.All);
    binaryen.setOptimizeLevel(2);
    binaryen.setShrinkLevel(2);
    module.runPasses(MERGE);
    for (let i = 0; i < module.getNumFunctions(); i++) {
      const f = module.getFunctionByIndex(i);
      if (COLD.test(binaryen.getFunctionInfo(f).name)) module.runPassesOnFunction(f, SHRINK);
    }
    // without the section of names
    return Uint8Array.from(module.emitBinary());
  } finally {
    module.dispose();
  }
}
