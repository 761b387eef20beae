/** The primitives as functions: parameters as in jax.lax, plain numbers beside tensors, no silent broadcasting. */
import { describe, expect, it } from "vitest";
import { array, jit, lax, numpy as np, type Tensor, vmap } from "../../src/index.js";
import { codeOf, errorOf } from "../api/helpers.js";

const x = np.arange(6, { dtype: "f32" }).reshape(2, 3);

describe("operands", () => {
  it("a number takes the shape and dtype of the tensor beside it", () => {
    expect(lax.add(x, 1).js()).toEqual([[1, 2, 3], [4, 5, 6]]); // biome-ignore format: a matrix
    expect(lax.max(2, np.arange(4)).js()).toEqual([2, 2, 2, 3]);
    expect(lax.max(2, np.arange(4)).dtype).toBe("i32");
  });
  it("shapes and dtypes must agree", () => {
    expect(errorOf(() => lax.add(x, np.ones([3])))).toMatchObject({ code: "TW2001" });
    expect(errorOf(() => lax.mul(x, np.ones([2, 3], "f64"))).help).toContain("astype");
    expect(codeOf(() => lax.exp(np.arange(2)))).toBe("TW2005");
  });
  it("clamp and select", () => {
    expect(lax.clamp(1, x, 3).js()).toEqual([[1, 1, 2], [3, 3, 3]]); // biome-ignore format: a matrix
    expect(lax.select(lax.gt(x, 2), x, 0).js()).toEqual([[0, 0, 0], [3, 4, 5]]); // biome-ignore format: a matrix
  });
});

describe("movement", () => {
  it("slice, sliceInDim, pad, rev", () => {
    expect(lax.slice(x, [0, 1], [2, 3]).js()).toEqual([[1, 2], [4, 5]]); // biome-ignore format: a matrix
    expect(lax.sliceInDim(x, -2, null, 1, 1).js()).toEqual([[1, 2], [4, 5]]); // biome-ignore format: a matrix
    expect(lax.sliceInDim(x, 0, 3, 2, 1).js()).toEqual([[0, 2], [3, 5]]); // biome-ignore format: a matrix
    expect(lax.pad(array([1, 2]), 9, [[1, -1, 2]]).js()).toEqual([9, 1, 9, 9]);
    expect(lax.rev(x, [-1]).js()).toEqual([[2, 1, 0], [5, 4, 3]]); // biome-ignore format: a matrix
  });
  it("dynamic slices are clamped so that they fit", () => {
    const f = jit((t: Tensor, i: Tensor) => lax.dynamicSliceInDim(t, i, 2, 1));
    expect(f(x, array(5, "i32")).js()).toEqual([[1, 2], [4, 5]]); // biome-ignore format: a matrix
    expect(lax.dynamicIndexInDim(x, array(1, "i32"), 0, false).js()).toEqual([3, 4, 5]);
    expect(lax.dynamicUpdateSliceInDim(x, np.zeros([1, 3]), array(9, "i32")).js()).toEqual([[0, 1, 2], [0, 0, 0]]); // biome-ignore format: a matrix
  });
  it("broadcastInDim names the axes", () => {
    expect(lax.broadcastInDim(array([1, 2]), [2, 2], [0]).js()).toEqual([[1, 1], [2, 2]]); // biome-ignore format: a matrix
    expect(lax.broadcast(array([1, 2]), [2]).js()).toEqual([[1, 2], [1, 2]]); // biome-ignore format: a matrix
  });
});

describe("windows and contractions", () => {
  it("reduceWindow", () => {
    const v = array([1, 5, 2, 4, 3]);
    expect(lax.reduceWindow(v, "max", [3], { padding: "SAME" }).js()).toEqual([5, 5, 5, 4, 4]);
    expect(lax.reduceWindow(v, "sum", [2], { strides: [2], padding: [[1, 0]] }).js()).toEqual([1, 7, 7]);
  });
  it("dotGeneral: batch, then what is left of each", () => {
    const a = np.arange(12, { dtype: "f32" }).reshape(2, 3, 2);
    const y = lax.dotGeneral(a, a, { contract: [[2], [2]], batch: [[0], [0]] });
    expect(y.shape).toEqual([2, 3, 3]);
    expect(y.index(1, 0, 1).item()).toBe(6 * 8 + 7 * 9);
    expect(lax.dotGeneral(np.ones([300], "i8"), np.ones([300], "i8"), { contract: [[0], [0]] }, "i32").item()).toBe(
      300,
    );
  });
  it("convolution layouts by letters", () => {
    const image = np.arange(16, { dtype: "f32" }).reshape(1, 4, 4, 1);
    const filter = array([[1, 0], [0, -1]]).reshape(2, 2, 1, 1); // biome-ignore format: a matrix
    const y = lax.convGeneralDilated(image, filter, { dimensionNumbers: ["NHWC", "HWIO", "NHWC"] });
    expect(y.shape).toEqual([1, 3, 3, 1]);
    expect(new Set(y.dataSync())).toEqual(new Set([-5]));
    const same = lax.conv(image.transpose(0, 3, 1, 2), filter.transpose(3, 2, 0, 1), [1, 1], "VALID");
    expect(same.transpose(0, 2, 3, 1).js()).toEqual(y.js());
    expect(codeOf(() => lax.convGeneralDilated(image, filter, { dimensionNumbers: ["NHW", "HWIO", "NHWC"] }))).toBe(
      "TW2011",
    );
  });
});

describe("order and linear algebra", () => {
  it("topK and sort of several arrays", () => {
    const [values, places] = lax.topK(array([3, 1, 4, 1, 5]), 2);
    expect([values.js(), places.js()]).toEqual([
      [5, 4],
      [4, 2],
    ]);
    const [keys, moved] = lax.sort([array([2, 1, 2]), array([10, 20, 30])], { numKeys: 1 });
    expect([keys.js(), moved.js()]).toEqual([
      [1, 2, 2],
      [20, 10, 30],
    ]);
  });
  it("lu gives factors, pivots and the permutation", () => {
    const [lu, pivots, perm] = lax.linalg.lu(array([[0, 2], [3, 4]])); // biome-ignore format: a matrix
    expect(lu.js()).toEqual([[3, 4], [0, 2]]); // biome-ignore format: a matrix
    expect([pivots.js(), perm.js()]).toEqual([
      [1, 1],
      [1, 0],
    ]);
  });
});

describe("bits", () => {
  it("bitcastConvertType", () => {
    expect(lax.bitcastConvertType(array([1, -2]), "u32").js()).toEqual([0x3f800000, 0xc0000000]);
    expect(lax.bitcastConvertType(array([1]), "u8").js()).toEqual([[0, 0, 0x80, 0x3f]]);
    expect(lax.bitcastConvertType(array([[0, 0, 0x80, 0x3f]], "u8"), "f32").js()).toEqual([1]);
  });
  it("shifts, counts, rounding", () => {
    expect(lax.shiftRightLogical(array([-8], "i32"), 28).js()).toEqual([15]);
    expect(lax.clz(array([1, 0], "i32")).js()).toEqual([31, 32]);
    expect(lax.round(array([0.5, 1.5, -0.5])).js()).toEqual([1, 2, -1]);
    expect(lax.reducePrecision(array([1.0001]), 8, 7).js()).toEqual([1]);
  });
});

describe("collectives under vmap", () => {
  it("psum, pmean, axisIndex, allGather", () => {
    const f = (v: Tensor): Tensor[] => [lax.psum(v, "i"), lax.pmean(v, "i"), lax.axisIndex("i"), lax.allGather(v, "i")];
    const [total, mean, index, all] = vmap(f, { axisName: "i" })(array([1, 2, 6])) as Tensor[];
    expect([total.js(), mean.js(), index.js()]).toEqual([
      [9, 9, 9],
      [3, 3, 3],
      [0, 1, 2],
    ]);
    expect(all.shape).toEqual([3, 3]);
    expect(codeOf(() => lax.psum(array([1]), "j"))).toBe("TW3007");
  });
});
