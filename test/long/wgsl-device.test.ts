/**
 * Shaders on a device, against the interpreter: fused programs and the op table. Only where it is asked for, since it needs a driver:
 * `npm run test:gpu` (a driver that is not found by itself: VK_DRIVER_FILES names its ICD, that of SwiftShader too).
 */
import { describe, it } from "vitest";
import { makeProgram, tree } from "../../src/index.js";
import type { DType } from "../../src/ir/dtype.js";
import { interpret } from "../../src/interpreter/index.js";
import { CASES, caseInputs, caseProgram, caseTitle } from "../laws/cases.js";
import { kernelInputs } from "../kernels/adjoint/laws.js";
import { canonical, expectSame } from "../laws/compare.js";
import { runOnDevice } from "../lowering/wgsl/device.js";
import { planFor } from "../lowering/wgsl/lower.js";
import { examples } from "../lowering/wgsl/examples.js";
import { kernels } from "../lowering/wgsl/kernels.js";
import { programs } from "../lowering/wgsl/programs.js";
import { evaluated } from "../lowering/wgsl/values.js";

const WIDE: readonly DType[] = ["f64", "i64", "u64"];
/** Devices may take subnormal numbers for zero. */
const SUBNORMAL = 1e-37;

describe.runIf(process.env["TILEWORK_GPU"] === "1")("on a device", () => {
  for (const [name, [f, args]] of Object.entries(programs)) {
    it(name, async () => {
      const program = makeProgram(f as never)(...args);
      const inputs = evaluated(tree.leaves(args as never) as never);
      const got = await runOnDevice(planFor(program), inputs);
      expectSame(name, got, interpret(program, inputs), { rel: 2e-5, abs: 2e-5 });
    });
  }
  // any numbers are no table of matrices
  const { "tutorial: grouped matmul": _, ...ofExamples } = examples;
  for (const [name, make] of Object.entries({ ...kernels, ...ofExamples })) {
    it(`kernel: ${name}`, async () => {
      const program = make();
      const inputs = kernelInputs(program, 1);
      const got = await runOnDevice(planFor(program), inputs);
      expectSame(name, got, interpret(program, inputs), { rel: 3e-5, abs: 3e-5 });
    }, 120_000);
  }
  for (const prim of [...new Set(CASES.map((c) => c.prim))]) {
    if (prim === "debug_callback") continue; // of the host
    it(`${prim} of the op table`, async () => {
      const failures: string[] = [];
      for (const c of CASES.filter((k) => k.prim === prim)) {
        for (const dtype of c.dtypes) {
          const program = caseProgram(c, dtype);
          if ([...program.inputs, ...program.outputs].some((a) => WIDE.includes(a.aval.dtype))) continue;
          const inputs = caseInputs(c, dtype, 1);
          try {
            const got = canonical(c, await runOnDevice(planFor(program), inputs));
            expectSame("", got, canonical(c, interpret(program, inputs)), {
              ...c.tolerance,
              f32: { rel: Math.max(c.tolerance.f32.rel, 4e-7), abs: Math.max(c.tolerance.f32.abs, SUBNORMAL) },
              bf16: { ...c.tolerance.bf16, abs: Math.max(c.tolerance.bf16.abs, SUBNORMAL) },
            });
          } catch (e) {
            if (!/which GPUs do not have|GPUs have no|a GPU need not have more/.test((e as Error).message))
              failures.push(`${caseTitle(c)} ${dtype}: ${(e as Error).message.split("\n")[0]}`);
          }
        }
      }
      if (failures.length > 0) throw new Error(failures.join("\n"));
    }, 300_000);
  }
});
