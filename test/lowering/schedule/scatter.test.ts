/** Updates that may meet at one element are applied in turn, by programs that have columns or examples for themselves. */
import { expect, test } from "vitest";
import { fromValues } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import { aval } from "../../../src/ir/aval.js";
import { buildProgram } from "../../../src/ir/builder.js";
import type { ScatterParams } from "../../../src/ir/ops/index.js";
import type { Dim } from "../../../src/ir/dim.js";
import { runPlan } from "../run-plan.js";

type Dims = Partial<ScatterParams["dims"]>;
const NONE: ScatterParams["dims"] = {
  updateWindowDims: [],
  insertedWindowDims: [],
  operandBatchingDims: [],
  scatterIndicesBatchingDims: [],
  scatterDimsToOperandDims: [],
};

/** The grids of a scatter-add whose result is that of the interpreter; whole numbers, so that sums are exact. */
function gridsOf(
  [operand, indices, updates]: readonly (readonly number[])[],
  dims: Dims,
  range: number,
  prim: "scatter_add" | "scatter_max" = "scatter_add",
): (readonly Dim[])[] {
  const program = buildProgram(
    "scatter",
    [aval(operand, "f32"), aval(indices, "i32"), aval(updates, "f32")],
    (b, x, i, u) => [b.emit1(prim, [x, i, u], { dims: { ...NONE, ...dims }, mode: "fill", uniqueIndices: false })],
  );
  const count = (shape: readonly number[]): number => shape.reduce((x, y) => x * y, 1);
  const inputs = [
    fromValues(
      operand,
      "f32",
      Array.from({ length: count(operand) }, (_, i) => i % 7),
    ),
    // some of them outside
    fromValues(
      indices,
      "i32",
      Array.from({ length: count(indices) }, (_, i) => ((i * 7919) % (range + 2)) - 1),
    ),
    fromValues(
      updates,
      "f32",
      Array.from({ length: count(updates) }, (_, i) => (i % 11) - 5),
    ),
  ];
  const run = runPlan(program, inputs);
  expect(run.outputs[0].data).toEqual(interpret(program, inputs)[0].data);
  return run.plan.steps.flatMap((s) => (s.kind === "launch" ? s.kernel.stages.map((stage) => stage.grid) : []));
}

test("rows: blocks of columns, the last one shorter", () => {
  const rows: Dims = { updateWindowDims: [1], insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
  expect(
    gridsOf(
      [
        [50, 64],
        [400, 1],
        [400, 64],
      ],
      rows,
      50,
    ),
  ).toEqual([[4]]);
  expect(
    gridsOf(
      [
        [50, 70],
        [400, 1],
        [400, 70],
      ],
      rows,
      50,
    ),
  ).toEqual([[5]]);
  expect(
    gridsOf(
      [
        [50, 8],
        [4000, 1],
        [4000, 8],
      ],
      rows,
      50,
    ),
  ).toEqual([[1]]);
});
test("rows of two axes are rows of one", () => {
  const rows: Dims = { updateWindowDims: [1, 2], insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
  expect(
    gridsOf(
      [
        [50, 5, 9],
        [400, 1],
        [400, 5, 9],
      ],
      rows,
      50,
    ),
  ).toEqual([[3]]);
});
test("the examples of a batch", () => {
  const batched: Dims = {
    insertedWindowDims: [1],
    operandBatchingDims: [0],
    scatterIndicesBatchingDims: [0],
    scatterDimsToOperandDims: [1],
  };
  expect(
    gridsOf(
      [
        [20, 30],
        [20, 2000, 1],
        [20, 2000],
      ],
      batched,
      30,
    ),
  ).toEqual([[5]]);
});
test("windows that are moved along the columns, and single elements, are one program's", () => {
  const moved: Dims = { updateWindowDims: [1], insertedWindowDims: [0], scatterDimsToOperandDims: [0, 1] };
  expect(
    gridsOf(
      [
        [50, 64],
        [400, 2],
        [400, 60],
      ],
      moved,
      5,
    ),
  ).toEqual([[]]);
  const single: Dims = { insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
  expect(gridsOf([[50], [40000, 1], [40000]], single, 50)).toEqual([[]]);
});
test("many updates of few elements meet in copies of them, each with its share of the updates", () => {
  const single: Dims = { insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
  const [, updated] = gridsOf([[50], [70001, 1], [70001]], single, 50);
  expect(updated).toEqual([8]);
  expect(gridsOf([[50], [70001, 1], [70001]], single, 50, "scatter_max")).toEqual([[]]);
  // four copies take as much as a quarter of the updates, 17 of them as much as all
  expect(gridsOf([[4200], [70001, 1], [70001]], single, 4200)[1]).toEqual([4]);
  expect(gridsOf([[70001], [70001, 1], [70001]], single, 70001)).toEqual([[]]);
  const short: Dims = { updateWindowDims: [2], insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
  expect(
    gridsOf(
      [
        [50, 3],
        [3, 8001, 1],
        [3, 8001, 3],
      ],
      short,
      50,
    )[1],
  ).toEqual([8]);
});
