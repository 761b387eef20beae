/** The op table: for every primitive, rows of parameters, shapes, generators and bounds. All law suites run over it. */
import { type NDArray, ndAval } from "../../src/interpreter/array.js";
import { aval } from "../../src/ir/aval.js";
import { buildProgram } from "../../src/ir/builder.js";
import type { DType } from "../../src/ir/dtype.js";
import type { Program } from "../../src/ir/program.js";
import type { AnyCase, Operand } from "./cases/types.js";
import { Rng, seedOf } from "./random.js";

export type { AnyCase, Bound, Gen, OpCase, Operand, Tolerance } from "./cases/types.js";
export { Rng } from "./random.js";

/** Every case, of all families. */
export const CASES: readonly AnyCase[] = [];

/** `prim: name`, for test titles. */
export function caseTitle(c: AnyCase): string {
  return `${c.prim}: ${c.name}`;
}

export function operandDType(o: Operand, dtype: DType): DType {
  return o.dtype === "T" ? dtype : o.dtype;
}

/** A program of one equation with the case's operands as inputs. */
export function caseProgram(c: AnyCase, dtype: DType): Program<"core"> {
  return buildProgram(
    c.prim,
    c.operands.map((o) => aval(o.shape, operandDType(o, dtype))),
    // `never`: prim and params belong together by construction of the case
    (b, ...xs) => b.emit(c.prim, xs, c.params(dtype) as never),
  );
}

/** Seeded operands; `smooth` takes the generators that stay away from kinks and singularities. */
export function caseInputs(c: AnyCase, dtype: DType, seed: number, smooth = false): NDArray[] {
  const rng = new Rng(seedOf(`${caseTitle(c)} ${dtype}`) + seed);
  return c.operands.map((o) => {
    const x = (smooth ? o.smooth : o.gen)(rng, operandDType(o, dtype), o.shape);
    const a = ndAval(x);
    if (a.dtype !== operandDType(o, dtype) || a.shape.join() !== o.shape.join()) {
      throw new Error(`${caseTitle(c)}: a generator made ${a.dtype}[${a.shape.join()}]`);
    }
    return x;
  });
}
