/** Movement, sorting, random bits and collectives: values written out by hand or quoted. */
import { describe, expect, it } from "vitest";
import { acrossRanks } from "../../src/interpreter/collective.js";
import type { NDArray } from "../../src/interpreter/array.js";
import { interpret } from "../../src/interpreter/index.js";
import { interpretRanks } from "../../src/interpreter/ranks.js";
import { buildProgram } from "../../src/ir/builder.js";
import { array, elements, GOLDEN, run, scalar, seq, values, vector } from "./run.js";

const [nan, inf] = [Number.NaN, Number.POSITIVE_INFINITY];

describe("movement", () => {
  it("pads with crops and interiors", () => {
    const x = vector("i32", 1, 2, 3, 4);
    const pad = (low: number, high: number, interior: number) =>
      values("pad", { low: [low], high: [high], interior: [interior] }, x, scalar("i32", 9));
    expect(pad(1, 2, 0)).toEqual([9, 1, 2, 3, 4, 9, 9]);
    expect(pad(0, 0, 1)).toEqual([1, 9, 2, 9, 3, 9, 4]);
    expect(pad(-1, 1, 1)).toEqual([9, 2, 9, 3, 9, 4, 9]);
    expect(pad(-2, -1, 0)).toEqual([3]);
    expect(values("pad", { low: [2], high: [0], interior: [3] }, vector("i32"), scalar("i32", 9))).toEqual([9, 9]);
  });
  it("slices with strides, reverses, transposes, joins and counts", () => {
    expect(values("slice", { start: [1], limit: [6], strides: [2] }, vector("i32", 0, 1, 2, 3, 4, 5))).toEqual([
      1, 3, 5,
    ]);
    const x = array("i32", [2, 3], [0, 1, 2, 3, 4, 5]);
    expect(values("rev", { axes: [1] }, x)).toEqual([2, 1, 0, 5, 4, 3]);
    expect(values("transpose", { perm: [1, 0] }, x)).toEqual([0, 3, 1, 4, 2, 5]);
    expect(values("concatenate", { axis: 1 }, x, array("i32", [2, 1], [8, 9]))).toEqual([0, 1, 2, 8, 3, 4, 5, 9]);
    expect(values("broadcast_in_dim", { shape: [2, 2, 3], dims: [1, 2] }, array("i32", [1, 3], [1, 2, 3]))).toEqual([
      1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3,
    ]);
    expect(values("iota", { dtype: "i64", shape: [2, 2], axis: 1 })).toEqual([0n, 1n, 0n, 1n]);
    expect(values("iota", { dtype: "u8", shape: [257], axis: 0 }).slice(254)).toEqual([254, 255, 0]);
  });
});

describe("sort", () => {
  it("agrees with NumPy", () => {
    expect(values("sort", { axis: 1, numKeys: 1, stable: true }, seq([4, 5]))).toEqual(GOLDEN.sort);
    const [, order] = run(
      "sort",
      { axis: 0, numKeys: 1, stable: true },
      seq([4, 5]),
      run("iota", { dtype: "i32", shape: [4, 5], axis: 0 })[0],
    );
    expect(elements(order)).toEqual(GOLDEN.argsort);
  });
  it("puts NaN last, keeps equals in order and zeros equal", () => {
    const key = vector("f32", nan, 0, -0, inf, -inf, nan, 0);
    const [sorted, order] = run("sort", { axis: 0, numKeys: 1, stable: true }, key, vector("i32", 0, 1, 2, 3, 4, 5, 6));
    expect(elements(sorted)).toEqual([-inf, 0, -0, 0, inf, nan, nan]);
    expect(elements(order)).toEqual([4, 1, 2, 6, 3, 0, 5]);
  });
  it("breaks ties by later keys", () => {
    const [a, b] = run(
      "sort",
      { axis: 0, numKeys: 2, stable: true },
      vector("i32", 2, 1, 2, 1),
      vector("i32", 5, 6, 4, 3),
    );
    expect([elements(a), elements(b)]).toEqual([
      [1, 1, 2, 2],
      [3, 6, 4, 5],
    ]);
    expect(values("sort", { axis: 0, numKeys: 1, stable: true }, vector("u64", 2n ** 63n, 1n))).toEqual([
      1n,
      2n ** 63n,
    ]);
  });
  it("finds the greatest, NaN above all, the lower index first", () => {
    const [v, i] = run("top_k", { k: 3 }, array("f32", [2, 4], [1, 3, 3, 2, nan, 5, nan, inf]));
    expect(elements(v)).toEqual([3, 3, 2, nan, nan, inf]);
    expect(elements(i)).toEqual([1, 2, 3, 0, 2, 3]);
  });
});

describe("random", () => {
  it("gives the Random123 test vectors of threefry2x32x20", () => {
    // kat_vectors of Random123 1.14 (D. E. Shaw Research, BSD-3-Clause): counter, key, result
    const one = 0xffffffff;
    const rows = [
      [0, 0, 0, 0, 0x6b200159, 0x99ba4efe],
      [one, one, one, one, 0x1cb996fc, 0xbb002be7],
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xc4923a9c, 0x483df7a0],
    ];
    const column = (k: number) => vector("u32", ...rows.map((r) => r[k]));
    const [y0, y1] = run("threefry2x32", {}, column(2), column(3), column(0), column(1));
    expect(elements(y0)).toEqual(rows.map((r) => r[4]));
    expect(elements(y1)).toEqual(rows.map((r) => r[5]));
  });
  it("wraps two words in a key and unwraps them", () => {
    const words = array("u32", [2, 2], [1, 2, 0xffffffff, 0x80000000]);
    const [key] = run("random_wrap", {}, words);
    expect([key.dtype, key.shape, elements(key)]).toEqual(["key", [2], [0x200000001n, 0x80000000ffffffffn]]);
    expect(run("random_unwrap", {}, key)[0]).toEqual(words);
  });
});

describe("collectives", () => {
  const ranks = [vector("f32", 1, 2), vector("f32", 3, 4)];
  const data = (xs: readonly NDArray[]) => xs.map(elements);
  const named = { axisName: "i", axisSize: 2 };
  it("mean what they say across ranks", () => {
    expect(data(acrossRanks.psum(ranks, named, 2))).toEqual([
      [4, 6],
      [4, 6],
    ]);
    expect(data(acrossRanks.pmax([vector("f32", nan, 1), vector("f32", 3, 4)], named, 2))).toEqual([
      [nan, 4],
      [nan, 4],
    ]);
    expect(data(acrossRanks.all_gather(ranks, { ...named, axis: 1, tiled: false }, 2))).toEqual([
      [1, 3, 2, 4],
      [1, 3, 2, 4],
    ]);
    expect(data(acrossRanks.all_gather(ranks, { ...named, axis: 0, tiled: true }, 2))[0]).toEqual([1, 2, 3, 4]);
    expect(data(acrossRanks.psum_scatter(ranks, { ...named, axis: 0, tiled: false }, 2))).toEqual([[4], [6]]);
    expect(data(acrossRanks.all_to_all(ranks, { ...named, splitAxis: 0, concatAxis: 0, tiled: true }, 2))).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect(data(acrossRanks.ppermute(ranks, { ...named, perm: [[0, 1]] }, 2))).toEqual([
      [0, 0],
      [1, 2],
    ]);
    expect(data(acrossRanks.axis_index([], named, 3))).toEqual([[0], [1], [2]]);
  });
  it("meet from inside of control flow", () => {
    const F = { shape: [], dtype: "f64" } as const;
    // each step: c becomes the sum over ranks of c, plus the rank
    const body = buildProgram("body", [F], (b, c) => {
      const [sum] = b.emit("psum", [c], { axisName: "i" });
      const [rank] = b.emit("axis_index", [], named);
      return [b.add(sum, b.convert(rank, "f64"))];
    });
    const p = buildProgram("p", [F], (b, c) =>
      b.emit("scan", [c], { body, length: 2, reverse: false, numConsts: 0, numCarry: 1 }),
    );
    expect(interpretRanks(p, "i", [[scalar("f64", 1)], [scalar("f64", 10)]]).map((r) => elements(r[0]))).toEqual([
      [23],
      [24],
    ]);
  });
  it("are found out when ranks do not meet", () => {
    const F = { shape: [], dtype: "f64" } as const;
    const branches = [
      buildProgram("silent", [F], (_b, x) => [x]),
      buildProgram("sum", [F], (b, x) => b.emit("psum", [x], { axisName: "i" })),
    ];
    const p = buildProgram("p", [F], (b, x) => {
      const [rank] = b.emit("axis_index", [], named);
      return b.emit("cond", [rank, x], { branches });
    });
    expect(() => interpretRanks(p, "i", [[scalar("f64", 1)], [scalar("f64", 2)]])).toThrow(
      /they stand at the end, psum/,
    );
  });
  it("need a bound axis", () => {
    const p = buildProgram("p", [{ shape: [2], dtype: "f32" }], (b, x) => b.emit("psum", [x], { axisName: "i" }));
    expect(() => interpret(p, [ranks[0]])).toThrow(/axis "i" is not bound/);
    expect(() => interpret(p, [ranks[0]], { axisEnv: new Map([["i", { size: 2, index: 0 }]]) })).toThrow(
      /cannot see the 2 ranks/,
    );
    expect(interpret(p, [ranks[0]], { axisEnv: new Map([["i", { size: 1, index: 0 }]]) })).toEqual([ranks[0]]);
  });
});
