/** The op table: for every primitive, rows of parameters, shapes, generators and bounds. All law suites run over it. */
import { type NDArray, ndAval } from "../../src/interpreter/array.js";
import { aval } from "../../src/ir/aval.js";
import { buildProgram } from "../../src/ir/builder.js";
import type { DType } from "../../src/ir/dtype.js";
import type { Prim } from "../../src/ir/ops/index.js";
import type { Program } from "../../src/ir/program.js";
import { collective } from "./cases/collective.js";
import { contraction } from "./cases/contraction.js";
import { control } from "./cases/control.js";
import { elementwise } from "./cases/elementwise.js";
import { indexing } from "./cases/indexing.js";
import { linalg } from "./cases/linalg.js";
import { movement } from "./cases/movement.js";
import { random } from "./cases/random.js";
import { reduction } from "./cases/reduction.js";
import { sort } from "./cases/sort.js";
import type { AnyCase, Operand } from "./cases/types.js";
import { Rng, seedOf } from "./random.js";

export type { AnyCase, Bound, Gen, OpCase, Operand, Tolerance } from "./cases/types.js";
export { Rng } from "./random.js";

/** Every case that a single program can run: all families but the collectives. */
export const CASES: readonly AnyCase[] = [
  ...elementwise,
  ...movement,
  ...reduction,
  ...contraction,
  ...indexing,
  ...control,
  ...random,
  ...linalg,
  ...sort,
];

/** Cases that need a named axis (`axis` is set): one program run by `axis.size` ranks, each with operands of its own seed. */
export const COLLECTIVE_CASES: readonly AnyCase[] = collective;

/** Primitives without a case of their own, and why. */
export const WITHOUT_CASES: Partial<Record<Prim, string>> = {
  custom_vjp_linear: "exists only between partial evaluation and transposition of custom_vjp_call, which has cases",
};

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
    (b, ...xs) => b.emit(c.prim, c.wires ? c.wires.map((i) => xs[i]) : xs, c.params(dtype) as never),
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
