/** Gather, scatter and dynamic slices: modes, order of updates, batching axes. Expected values are NumPy indexing written out. */
import { describe, expect, it } from "vitest";
import type { GatherDims, IndexMode, ScatterDims } from "../../src/ir/ops/index.js";
import { array, elements, run, scalar, values, vector } from "./run.js";

const nan = Number.NaN;
const gatherDims = (more: Partial<GatherDims>): GatherDims => ({
  offsetDims: [],
  collapsedSliceDims: [],
  operandBatchingDims: [],
  startIndicesBatchingDims: [],
  startIndexMap: [],
  ...more,
});
const scatterDims = (more: Partial<ScatterDims>): ScatterDims => ({
  updateWindowDims: [],
  insertedWindowDims: [],
  operandBatchingDims: [],
  scatterIndicesBatchingDims: [],
  scatterDimsToOperandDims: [],
  ...more,
});

describe("gather", () => {
  const points = gatherDims({ collapsedSliceDims: [0], startIndexMap: [0] });
  const take = (mode: IndexMode, x = vector("f32", 10, 11, 12)) =>
    values("gather", { dims: points, sliceSizes: [1], mode }, x, array("i32", [4, 1], [2, -1, 3, 0]));
  it("clips or fills", () => {
    expect(take("clip")).toEqual([12, 10, 12, 10]);
    expect(take("fill")).toEqual([12, nan, nan, 10]);
    expect(take("fill", vector("i16", 10, 11, 12))).toEqual([12, -32768, -32768, 10]);
    expect(take("fill", vector("u8", 10, 11, 12))).toEqual([12, 255, 255, 10]);
    expect(take("fill", vector("bool", 0, 0, 0))).toEqual([0, 1, 1, 0]);
  });
  it("clips a window so that it fits, and fills it whole", () => {
    const dims = gatherDims({ offsetDims: [1], startIndexMap: [0] });
    const x = vector("f32", 0, 1, 2, 3, 4);
    const at = array("i32", [3, 1], [3, -2, 1]);
    expect(values("gather", { dims, sliceSizes: [3], mode: "clip" }, x, at)).toEqual([2, 3, 4, 0, 1, 2, 1, 2, 3]);
    expect(values("gather", { dims, sliceSizes: [3], mode: "fill" }, x, at)).toEqual([
      nan,
      nan,
      nan,
      nan,
      nan,
      nan,
      1,
      2,
      3,
    ]);
  });
  it("places offset axes and maps index components", () => {
    const x = array("i32", [2, 3], [0, 1, 2, 3, 4, 5]);
    // x[:, [2, 0]] with the window axis in front, then behind
    const at = array("i32", [2, 1], [2, 0]);
    const columns = { collapsedSliceDims: [1], startIndexMap: [1] };
    expect(
      values("gather", { dims: gatherDims({ ...columns, offsetDims: [0] }), sliceSizes: [2, 1], mode: "clip" }, x, at),
    ).toEqual([2, 0, 5, 3]);
    expect(
      values("gather", { dims: gatherDims({ ...columns, offsetDims: [1] }), sliceSizes: [2, 1], mode: "clip" }, x, at),
    ).toEqual([2, 5, 0, 3]);
    // the first component of the index vector is the column
    const swapped = gatherDims({ collapsedSliceDims: [0, 1], startIndexMap: [1, 0] });
    expect(
      values("gather", { dims: swapped, sliceSizes: [1, 1], mode: "clip" }, x, array("i32", [2, 2], [2, 1, 0, 0])),
    ).toEqual([5, 0]);
  });
  it("follows batching axes", () => {
    // out[b, k] = x[b, at[b, k]]
    const x = array("i32", [2, 3], [0, 1, 2, 3, 4, 5]);
    const dims = gatherDims({
      collapsedSliceDims: [1],
      operandBatchingDims: [0],
      startIndicesBatchingDims: [0],
      startIndexMap: [1],
    });
    expect(
      values("gather", { dims, sliceSizes: [1, 1], mode: "clip" }, x, array("i32", [2, 2, 1], [2, 0, 1, 1])),
    ).toEqual([2, 0, 4, 4]);
  });
});

describe("scatter", () => {
  const dims = scatterDims({ insertedWindowDims: [0], scatterDimsToOperandDims: [0] });
  const params = { dims, mode: "fill" as IndexMode, uniqueIndices: false };
  const x = vector("f32", 1, 2, 3);
  const at = array("i32", [4, 1], [0, 0, 5, 2]);
  const updates = vector("f32", 10, 20, 30, 40);
  it("lets later updates win, and combines", () => {
    expect(values("scatter", params, x, at, updates)).toEqual([20, 2, 40]);
    expect(values("scatter_add", params, x, at, updates)).toEqual([31, 2, 43]);
    expect(values("scatter_mul", params, x, at, updates)).toEqual([200, 2, 120]);
    expect(values("scatter_min", params, x, at, updates)).toEqual([1, 2, 3]);
    expect(values("scatter_max", params, x, at, updates)).toEqual([20, 2, 40]);
  });
  it("clips, or drops what is out of bounds", () => {
    expect(
      values("scatter", { ...params, mode: "clip" }, x, array("i32", [2, 1], [-4, 9]), vector("f32", 7, 8)),
    ).toEqual([7, 2, 8]);
    expect(values("scatter", params, x, array("i32", [2, 1], [-4, 9]), vector("f32", 7, 8))).toEqual([1, 2, 3]);
    // a window that does not fit is dropped whole
    const windows = { ...params, dims: scatterDims({ updateWindowDims: [1], scatterDimsToOperandDims: [0] }) };
    expect(values("scatter_add", windows, x, array("i32", [2, 1], [2, 1]), array("f32", [2, 2], [1, 1, 5, 6]))).toEqual(
      [1, 7, 9],
    );
    expect(
      values(
        "scatter_add",
        { ...windows, mode: "clip" },
        x,
        array("i32", [2, 1], [2, 1]),
        array("f32", [2, 2], [1, 1, 5, 6]),
      ),
    ).toEqual([1, 8, 10]);
  });
  it("wraps integers and lets NaN win", () => {
    expect(
      values("scatter_add", params, vector("u8", 250, 0), array("i32", [2, 1], [0, 0]), vector("u8", 4, 4)),
    ).toEqual([2, 0]);
    expect(values("scatter_max", params, x, array("i32", [1, 1], [1]), vector("f32", nan))).toEqual([1, nan, 3]);
    expect(
      values("scatter_mul", params, vector("i64", 2n ** 62n), array("i32", [1, 1], [0]), vector("i64", 2n)),
    ).toEqual([-(2n ** 63n)]);
  });
});

describe("dynamic slices", () => {
  const x = array("i32", [3, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  it("are moved to fit", () => {
    expect(values("dynamic_slice", { sizes: [2, 2] }, x, scalar("i32", 5), scalar("i32", -3))).toEqual([3, 4, 6, 7]);
    expect(values("dynamic_slice", { sizes: [1, 3] }, x, scalar("i64", 1n), scalar("i64", 1n))).toEqual([3, 4, 5]);
    const [out] = run(
      "dynamic_update_slice",
      {},
      x,
      array("i32", [2, 1], [90, 91]),
      scalar("i32", 9),
      scalar("i32", 1),
    );
    expect(elements(out)).toEqual([0, 1, 2, 3, 90, 5, 6, 91, 8]);
    // the operand is not changed
    expect(elements(x)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });
});
