/** What a random program's results may differ by when it is computed in another way. */
import type { DType } from "../../src/ir/dtype.js";
import type { Program } from "../../src/ir/program.js";
import { nestedPrograms } from "../../src/ir/rewrite.js";
import type { Tolerance } from "./cases/types.js";

/**
 * Transformations may sum in another order; the interpreter sums in f64 and rounds once, so a result moves by few ulps.
 * What an error grows by in the rest of the program is not bounded by the types, hence the wide margins for narrow floats.
 */
export const REORDERED: Tolerance = {
  f64: { rel: 1e-9, abs: 1e-9 },
  f32: { rel: 1e-4, abs: 1e-4 },
  f16: { rel: 5e-2, abs: 5e-2 },
  bf16: { rel: 2e-1, abs: 2e-1 },
};

const NARROWER: readonly (keyof Tolerance)[] = ["bf16", "f16", "f32"];

/** A narrow value's rounding shows in what is computed from it, however wide. */
export function toleranceOf(program: Program<"core">): Tolerance {
  const used = new Set<DType>();
  const collect = (p: Program<"core">): void => {
    for (const v of p.inputs) used.add(v.aval.dtype);
    for (const e of p.eqns) {
      for (const v of e.outputs) used.add(v.aval.dtype);
      nestedPrograms(e).forEach(collect);
    }
  };
  collect(program);
  const narrow = NARROWER.find((d) => used.has(d));
  if (!narrow) return REORDERED;
  const wide = (d: keyof Tolerance) => (REORDERED[d].rel > REORDERED[narrow].rel ? REORDERED[d] : REORDERED[narrow]);
  return { f64: wide("f64"), f32: wide("f32"), f16: wide("f16"), bf16: wide("bf16") };
}
