/** Losses. Expected numbers are PyTorch 1.13's, in f64, on inputs sin(k · i + phase). */
import { array, grad, jit, nn, numpy as np, type Tensor } from "tilework";
import { describe, expect, it } from "vitest";
import { codeOf, errorOf } from "../api/helpers.js";
import { expectNear, ramp } from "./goldens.js";

const LOGITS = ramp([3, 4], 1.7);
const LABELS = array([2, 0, 3], "i32");
const TARGETS = ramp([3, 4], 0.4).mul(2);

describe("losses", () => {
  it("crossEntropy of integer labels", () => {
    expectNear(nn.crossEntropy(LOGITS, LABELS), 1.569686);
    expectNear(nn.crossEntropy(LOGITS, LABELS, { reduction: "sum" }), 4.709058);
    expectNear(nn.crossEntropy(LOGITS, LABELS, { reduction: "none" }), [1.837901, 1.094472, 1.776685]);
    expectNear(nn.crossEntropy(LOGITS, LABELS, { labelSmoothing: 0.1 }), 1.573252);
  });
  it("crossEntropy of some of them", () => {
    const some = array([true, false, true]);
    expectNear(nn.crossEntropy(LOGITS, LABELS, { where: some }), (1.837901 + 1.776685) / 2);
    expectNear(nn.crossEntropy(LOGITS, LABELS, { where: some, reduction: "sum" }), 1.837901 + 1.776685);
    expectNear(nn.crossEntropy(LOGITS, LABELS, { where: some, reduction: "none" }), [1.837901, 0, 1.776685]);
  });
  it("crossEntropy of probabilities", () => {
    expectNear(nn.crossEntropy(LOGITS, nn.softmax(ramp([3, 4], 0.9))), 1.573988);
  });
  it("crossEntropy's gradient is softmax - one-hot", () => {
    const g = grad((x: Tensor) => nn.crossEntropy(x, LABELS))(LOGITS) as Tensor;
    expectNear(
      g,
      nn
        .softmax(LOGITS)
        .sub(nn.oneHot(LABELS, 4, { dtype: "f64" }))
        .div(3)
        .js() as number[][],
    );
  });
  it("crossEntropy is stable", () => {
    expectNear(nn.crossEntropy(array([[1e4, 0], [0, 1e4]]), array([0, 0], "i32")), 5e3); // biome-ignore format: a matrix
  });
  it("a label that is no class gives NaN, not another class's loss", () => {
    expect(nn.crossEntropy(LOGITS, array([2, 0, 4], "i32")).item()).toBeNaN();
  });
  it("binaryCrossEntropy", () => {
    expectNear(nn.binaryCrossEntropy(LOGITS, ramp([3, 4], 2.1).add(1).div(2)), 0.7978489);
    expectNear(nn.binaryCrossEntropy(array([1e4, -1e4]), array([1, 0])), 0);
  });
  it("meanSquaredError", () => expectNear(nn.meanSquaredError(LOGITS, TARGETS), 2.152838));
  it("meanAbsoluteError", () => expectNear(nn.meanAbsoluteError(LOGITS, TARGETS), 1.260095));
  it("huber", () => {
    expectNear(nn.huber(LOGITS, TARGETS), 0.8359586);
    expectNear(nn.huber(LOGITS, TARGETS, { delta: 0.5 }), 0.5189001);
  });
  it("klDivergence", () => {
    const q = nn.softmax(ramp([3, 4], 0.9));
    expectNear(nn.klDivergence(nn.logSoftmax(LOGITS), q), 0.2677843);
    expectNear(nn.klDivergence(np.log(array([[0.5, 0.5]])), array([[1, 0]])), Math.log(2));
  });
  it("hinge", () => expectNear(nn.hinge(array([0.5, -2, 3]), array([1, 1, -1])), (0.5 + 3 + 4) / 3));
});

describe("an empty batch, and empty axes", () => {
  it("has no losses, and zero gradients", () => {
    const none = np.zeros([0, 3]);
    const labels = np.zeros([0], "i32");
    expect(nn.crossEntropy(none, labels, { reduction: "none" }).shape).toEqual([0]);
    expect(nn.crossEntropy(none, labels, { reduction: "sum" }).item()).toBe(0);
    const g = jit(grad((w: Tensor) => nn.crossEntropy(np.dot(none, w), labels, { reduction: "sum" })));
    expect(g(np.ones([3, 3])).js()).toEqual(np.zeros([3, 3]).js());
  });
  it("softmax and attention over nothing", () => {
    expect(nn.softmax(np.zeros([0, 3]), 0).shape).toEqual([0, 3]);
    expect(nn.logSoftmax(np.zeros([3, 0])).shape).toEqual([3, 0]);
    const q = np.ones([2, 1, 2, 4]);
    const k = np.zeros([2, 0, 2, 4]);
    expect(nn.dotProductAttention(k, k, k).shape).toEqual([2, 0, 2, 4]);
    expect(nn.dotProductAttention(q, k, k).shape).toEqual([2, 1, 2, 4]);
  });
  it("the inverse of no matrix", () => expect(np.linalg.inv(np.zeros([0, 0])).shape).toEqual([0, 0]));
});

describe("wrong use is named", () => {
  it.each([
    ["labels of another length", () => nn.crossEntropy(LOGITS, array([0, 1], "i32")), "TW2001"],
    ["float labels of another shape", () => nn.crossEntropy(LOGITS, array([0, 1, 2])), "TW2001"],
    ["targets of another shape", () => nn.meanSquaredError(LOGITS, LABELS), "TW2001"],
    ["bits of another shape", () => nn.binaryCrossEntropy(LOGITS, array([0, 1, 0])), "TW2001"],
    ["an unknown reduction", () => nn.huber(LOGITS, TARGETS, { reduction: "avg" as never }), "TW2011"],
    ["too much smoothing", () => nn.crossEntropy(LOGITS, LABELS, { labelSmoothing: 2 }), "TW2011"],
  ])("%s", (_, f, code) => expect(codeOf(f)).toBe(code));
  it("with both shapes and the remedy", () => {
    const e = errorOf(() => nn.crossEntropy(LOGITS, array([0, 1], "i32")));
    expect(e.message).toContain("labels i32[2] do not fit logits f64[3,4]");
    expect(e.help).toContain("without the last axis");
  });
});
