/** The laws of derivatives for kernels, in f64. */
import { generate, type NDArray } from "../../../src/interpreter/array.js";
import { randomInputs } from "../../laws/fuzz-program.js";
import { parseProgram } from "../../../src/ir/parse.js";
import { printProgram } from "../../../src/ir/print.js";
import type { Program } from "../../../src/ir/program.js";
import { isFloat } from "../../../src/ir/dtype.js";

import * as blocks from "../block-programs.js";
import * as own from "./programs.js";

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

/** Kernels at odd sizes with masks. */
export const samples: readonly (readonly [string, () => Core])[] = Object.entries({
  "vector add": () => blocks.vectorAdd(37, 8),
  softmax: () => blocks.softmax(3, 5, 8),
  "layer norm": () => blocks.layerNorm(5, 6, 8),
  matmul: () => blocks.matmul(5, 7, 6, 2, 4, 4),
  "column sums": () => blocks.columnSums(7, 5, 2, 4),
  stencil: () => blocks.stencil(5, 7, 2, 4),
  transpose: () => blocks.transpose(5, 7, 2, 4),
  "gather of rows": () => blocks.gatherRows(4, 6, 5, 2),
  attention: () => blocks.flash(2, 5, 3, 2, 2),
  "causal attention": () => blocks.flash(1, 5, 3, 2, 2, true),
  "outer product": () => own.outerProduct(5, 7, 2, 4),
  "windows in one dimension": () => own.conv1d(11, 3, 4),
  "windows in two dimensions": () => own.conv2d(7, 9, 3, 2, 2),
  "rows in flat memory": () => own.flatRows(3, 5, 7, 8),
  "cumulative sum": () => own.cumulative(2, 5, 8),
  rotary: () => own.rotary(3, 5, 8),
  dropout: () => own.dropout(13, 4),
  "atomic sums": () => own.scatterAdd(13, 4, 4),
  "atomic maxima": () => own.scatterMax(13, 4, 4, "max"),
  "atomic minima": () => own.scatterMax(13, 4, 4, "min"),
  "in place": () => own.inPlace(7, 4),
  "stores in a loop": () => own.loopStores(3, 7, 4),
  "through memory": () => own.throughMemory(3, 5),
  overwritten: () => own.overwritten(6),
  branches: () => own.branches(4, 3),
});
