/** Reductions, cumulative ops and windows against NumPy, and their corners. */
import { describe, expect, it } from "vitest";
import type { Window } from "../../src/ir/ops/index.js";
import { array, GOLDEN, run, scalar, seq, values, vector, worst } from "./run.js";

const [nan, inf] = [Number.NaN, Number.POSITIVE_INFINITY];
const x = seq([2, 3, 4]);

describe("reductions", () => {
  it("agree with NumPy", () => {
    expect(values("reduce_sum", { axes: [0, 2] }, x)).toEqual(GOLDEN.reduce_sum);
    expect(values("reduce_prod", { axes: [1] }, x)).toEqual(GOLDEN.reduce_prod);
    expect(values("reduce_max", { axes: [2] }, x)).toEqual(GOLDEN.reduce_max);
    expect(values("argmax", { axis: 1, dtype: "i32" }, x)).toEqual(GOLDEN.argmax);
    expect(values("cumsum", { axis: 1, reverse: false }, x)).toEqual(GOLDEN.cumsum);
    expect(values("cumprod", { axis: 2, reverse: true }, x)).toEqual(GOLDEN["cumprod reversed"]);
    expect(values("cummax", { axis: 2, reverse: false }, x)).toEqual(GOLDEN.cummax);
    expect(worst(values("cumlogsumexp", { axis: 1, reverse: false }, x), GOLDEN.cumlogsumexp)).toBeLessThan(1e-15);
  });
  it("have neutral elements over nothing", () => {
    const axes = [0];
    const none = vector("f32");
    expect(values("reduce_sum", { axes }, none)).toEqual([0]);
    expect(values("reduce_prod", { axes }, none)).toEqual([1]);
    expect(values("reduce_max", { axes }, none)).toEqual([-inf]);
    expect(values("reduce_min", { axes }, vector("i8"))).toEqual([127]);
    expect(values("reduce_max", { axes }, vector("u64"))).toEqual([0n]);
    expect(values("reduce_and", { axes }, vector("u8"))).toEqual([255]);
    expect(values("reduce_and", { axes }, vector("bool"))).toEqual([1]);
    expect(values("reduce_or", { axes }, vector("i64"))).toEqual([0n]);
    expect(run("reduce_sum", { axes: [1] }, array("f32", [2, 0, 3], []))[0].shape).toEqual([2, 3]);
  });
  it("wrap integers and round floats once", () => {
    expect(values("reduce_sum", { axes: [0] }, vector("u8", 200, 100))).toEqual([44]);
    expect(values("reduce_prod", { axes: [0] }, vector("i32", 65536, 65536, 3))).toEqual([0]);
    // in f16 step by step, 2048 + 1 + 1 would stay 2048
    expect(values("reduce_sum", { axes: [0] }, vector("f16", 2048, 1, 1))).toEqual([2050]);
    expect(values("reduce_xor", { axes: [0] }, vector("i8", 5, 3, -1))).toEqual([-7]);
  });
  it("let NaN win and take the first of equals", () => {
    expect(values("argmax", { axis: 0, dtype: "i32" }, vector("f32", 1, 3, 3, 2))).toEqual([1]);
    expect(values("argmin", { axis: 0, dtype: "i64" }, vector("f32", 1, nan, 0, nan))).toEqual([1n]);
    expect(values("argmax", { axis: 0, dtype: "i32" }, vector("f32", -0, 0))).toEqual([0]);
    expect(values("argmax", { axis: 0, dtype: "i32" }, vector("u64", 1n, 2n ** 64n - 1n))).toEqual([1]);
    expect(values("reduce_max", { axes: [0] }, vector("f32", 1, nan, 3))).toEqual([nan]);
    expect(values("cummax", { axis: 0, reverse: false }, vector("f32", 1, nan, 3))).toEqual([1, nan, nan]);
  });
  it("accumulate log-sums without overflow", () => {
    expect(values("cumlogsumexp", { axis: 0, reverse: false }, vector("f64", -inf, 1000, 1000))).toEqual([
      -inf,
      1000,
      1000 + Math.LN2,
    ]);
    expect(values("cumlogsumexp", { axis: 0, reverse: false }, vector("f64", inf, 1))).toEqual([inf, inf]);
  });
});

const window = (more: Partial<Window> & Pick<Window, "windowDims">): Window => {
  const ones = more.windowDims.map(() => 1);
  return { strides: ones, padding: ones.map(() => [0, 0] as const), baseDilation: ones, windowDilation: ones, ...more };
};

describe("windows", () => {
  const w = window({
    windowDims: [3, 2],
    strides: [2, 3],
    padding: [
      [1, 1],
      [1, 1],
    ],
  });
  it("agree with NumPy's sliding windows", () => {
    expect(values("reduce_window", { ...w, op: "max" }, seq([5, 6]))).toEqual(GOLDEN["reduce_window max"]);
    expect(values("reduce_window", { ...w, op: "sum" }, seq([5, 6]))).toEqual(GOLDEN["reduce_window sum"]);
  });
  it("dilate the window and the array", () => {
    const y = vector("f64", 1, 2, 4, 8, 16);
    expect(values("reduce_window", { ...window({ windowDims: [2], windowDilation: [3] }), op: "sum" }, y)).toEqual([
      9, 18,
    ]);
    // 1 . 2 . 4: holes are neutral
    expect(
      values("reduce_window", { ...window({ windowDims: [2], baseDilation: [2] }), op: "sum" }, vector("f64", 1, 2, 4)),
    ).toEqual([1, 2, 2, 4]);
    expect(values("reduce_window", { ...window({ windowDims: [2], padding: [[-1, -1]] }), op: "prod" }, y)).toEqual([
      8, 32,
    ]);
  });
  it("scatter to the first greatest and gather from it", () => {
    const pool = { windowDims: [3], strides: [2], padding: [[0, 0]] as const };
    const at = vector("f64", 1, 5, 5, 2, nan, 9, 3);
    expect(values("select_and_scatter_add", { ...pool, select: "ge" }, vector("f64", 10, 20, 40), at)).toEqual([
      0, 10, 0, 0, 60, 0, 0,
    ]);
    expect(
      values(
        "select_and_scatter_add",
        { ...pool, select: "le" },
        vector("f64", 10, 20, 40),
        vector("f64", 1, 5, 5, 2, 7, 9, 3),
      ),
    ).toEqual([10, 0, 0, 20, 0, 0, 40]);
    expect(
      values("select_and_gather_add", { ...window(pool), select: "ge" }, vector("f64", 1, 2, 3, 4, 5, 6, 7), at),
    ).toEqual([2, 5, 5]);
  });
  it("never select padding", () => {
    const pool = { windowDims: [3], strides: [1], padding: [[1, 1]] as const };
    expect(
      values("select_and_scatter_add", { ...pool, select: "ge" }, vector("f64", 1, 2), vector("f64", -5, -7)),
    ).toEqual([3, 0]);
    expect(
      values("select_and_gather_add", { ...window(pool), select: "ge" }, vector("f64", 1, 2), vector("f64", -5, -7)),
    ).toEqual([1, 1]);
  });
});

it("sums a scalar over no axes", () => {
  expect(values("reduce_sum", { axes: [] }, scalar("f64", 3))).toEqual([3]);
});
