/** The laws of derivatives for kernels, in f64. */
import { generate, type NDArray } from "../../../src/interpreter/array.js";
import { randomInputs } from "../../laws/fuzz-program.js";
import { parseProgram } from "../../../src/ir/parse.js";
import { printProgram } from "../../../src/ir/print.js";
import type { Program } from "../../../src/ir/program.js";
import { isFloat } from "../../../src/ir/dtype.js";

type Core = Program<"core">;

/** The program with f64 for f32. */
export function wide(p: Core): Core {
  return parseProgram(printProgram(p).replace(/\bf32\b/g, "f64"));
}
export const floatInputs = (p: Core): boolean[] => p.inputs.map((v) => isFloat(v.aval.dtype));
/** Random operands; integers are indices below 4. */
export function kernelInputs(p: Core, seed: number): NDArray[] {
  return randomInputs(p, seed).map((x) =>
    isFloat(x.dtype) ? x : generate(x.shape, x.dtype, (i) => ((Number(x.data[i]) % 4) + 4) % 4),
  );
}
