/** dot_general as a contraction by itself, without a schedule. */
import type { DType } from "../../src/ir/dtype.js";
import type { DotParams } from "../../src/ir/ops/index.js";
import type { Program } from "../../src/ir/program.js";
import { TileBuilder } from "../../src/ir/tile-builder.js";
import { type Axis, type Contraction, collapse, product } from "../../src/kernels/contract/contraction.js";
import { emitContraction, storeInto } from "../../src/kernels/contract/emit.js";

import { describePlan, type PlannedContraction, planContraction } from "../../src/kernels/contract/plan.js";
import { ScalarCode } from "../../src/kernels/scalar-code.js";
import { internal } from "../../src/diagnostics/error.js";
import { type Machine, PLAIN_MACHINE } from "../../src/lowering/target.js";
import { stridesOf } from "../../src/util/index.js";

export interface MatmulSpec {
  readonly params: DotParams;
  readonly lhsShape: readonly number[];
  readonly rhsShape: readonly number[];
  readonly dtype: DType;
  readonly outDtype: DType;
}

export function axesOf(c: MatmulSpec): Pick<Contraction, "batch" | "rows" | "columns" | "inner"> {
  const { lhsContract, rhsContract, lhsBatch, rhsBatch } = c.params;
  const free = (rank: number, batch: readonly number[], contract: readonly number[]): number[] =>
    Array.from({ length: rank }, (_, i) => i).filter((i) => !batch.includes(i) && !contract.includes(i));
  const lhsFree = free(c.lhsShape.length, lhsBatch, lhsContract);
  const rhsFree = free(c.rhsShape.length, rhsBatch, rhsContract);
  const lhs = stridesOf(c.lhsShape, 1);
  const rhs = stridesOf(c.rhsShape, 1);
  const sizes = [
    ...lhsBatch.map((i) => c.lhsShape[i]),
    ...lhsFree.map((i) => c.lhsShape[i]),
    ...rhsFree.map((i) => c.rhsShape[i]),
  ];
  const out = stridesOf(sizes, 1);
  const b = lhsBatch.length;
  const m = b + lhsFree.length;
  return {
    batch: collapse(
      lhsBatch.map((l, i): Axis => ({ size: c.lhsShape[l], lhs: lhs[l], rhs: rhs[rhsBatch[i]], out: out[i] })),
    ),
    rows: collapse(lhsFree.map((l, i): Axis => ({ size: c.lhsShape[l], lhs: lhs[l], rhs: 0, out: out[b + i] }))),
    columns: collapse(rhsFree.map((r, i): Axis => ({ size: c.rhsShape[r], lhs: 0, rhs: rhs[r], out: out[m + i] }))),
    inner: collapse(
      lhsContract.map((l, i): Axis => ({ size: c.lhsShape[l], lhs: lhs[l], rhs: rhs[rhsContract[i]], out: 0 })),
    ),
  };
}

/** The best plan for a machine. */
export function planFor(machine: Machine): (c: Contraction) => PlannedContraction {
  return (c) => planContraction(c, machine) ?? internal("a contraction without a plan");
}

/** Refs: lhs in, rhs in, out out, then scratch. */
export function matmul(
  spec: MatmulSpec,
  choose: (c: Contraction) => PlannedContraction = planFor(PLAIN_MACHINE),
): Program<"tile"> {
  const t = new TileBuilder("matmul");
  const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
  const axes = axesOf(spec);
  const lhs = t.ref("lhs", spec.dtype, "in", size(spec.lhsShape));
  const rhs = t.ref("rhs", spec.dtype, "in", size(spec.rhsShape));
  const out = t.ref("out", spec.outDtype, "out", product([...axes.batch, ...axes.rows, ...axes.columns]));
  const accumulate = spec.outDtype === "f16" || spec.outDtype === "bf16" ? "f32" : spec.outDtype;
  const c: Contraction = { lhs, rhs, accumulate, plain: accumulate === spec.outDtype, ...axes };
  const { contraction, plan } = choose(c);
  const k = new ScalarCode(t);
  emitContraction(k, contraction, plan, storeInto(k, out));
  t.notes.push(describePlan(plan));
  return t.finish();
}
