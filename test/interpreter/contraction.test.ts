/** Products against NumPy's einsum, convolutions against SciPy's correlate. */
import { describe, expect, it } from "vitest";
import type { ConvParams, DotParams } from "../../src/ir/ops/index.js";
import { array, elements, GOLDEN, run, seq, values, vector } from "./run.js";

const dot = (more: Partial<DotParams>): DotParams => ({
  lhsContract: [],
  rhsContract: [],
  lhsBatch: [],
  rhsBatch: [],
  preferred: null,
  ...more,
});
const conv = (rank: number, more: Partial<ConvParams>): ConvParams => {
  const axes = Array.from({ length: rank }, (_, i) => i);
  const ones = axes.slice(2).map(() => 1);
  return {
    strides: ones,
    padding: ones.map(() => [0, 0] as const),
    lhsDilation: ones,
    rhsDilation: ones,
    lhsSpec: axes,
    rhsSpec: axes,
    outSpec: axes,
    featureGroupCount: 1,
    batchGroupCount: 1,
    preferred: null,
    ...more,
  };
};

describe("dot_general", () => {
  it("agrees with einsum abk,bnak->abn", () => {
    const [out] = run(
      "dot_general",
      dot({ lhsContract: [2], rhsContract: [3], lhsBatch: [0, 1], rhsBatch: [2, 0] }),
      seq([2, 3, 4]),
      seq([3, 5, 2, 4], 5, 1, 7),
    );
    expect(out.shape).toEqual([2, 3, 5]);
    expect(elements(out)).toEqual(GOLDEN.dot_general);
  });
  it("accumulates narrow floats in more, and integers modulo 2^bits", () => {
    const d = dot({ lhsContract: [0], rhsContract: [0] });
    expect(values("dot_general", d, vector("f16", 2048, 1, 1), vector("f16", 1, 1, 1))).toEqual([2050]);
    expect(values("dot_general", d, vector("i8", 100, 100), vector("i8", 2, 2))).toEqual([-112]);
    expect(values("dot_general", { ...d, preferred: "i32" }, vector("i8", 100, 100), vector("i8", 2, 2))).toEqual([
      400,
    ]);
    expect(values("dot_general", { ...d, preferred: "f32" }, vector("bf16", 256, 1), vector("bf16", 1, 1))).toEqual([
      257,
    ]);
    expect(values("dot_general", d, vector("u64", 2n ** 63n, 1n), vector("u64", 2n, 5n))).toEqual([5n]);
    expect(values("dot_general", d, vector("u32", 4294967295, 1), vector("u32", 4294967295, 5))).toEqual([6]);
  });
  it("gives zeros for an empty contraction", () => {
    expect(
      values(
        "dot_general",
        dot({ lhsContract: [1], rhsContract: [0] }),
        array("f32", [2, 0], []),
        array("f32", [0, 2], []),
      ),
    ).toEqual([0, 0, 0, 0]);
  });
});

describe("conv_general_dilated", () => {
  const cases: [string, readonly number[], readonly number[], Partial<ConvParams>][] = [
    ["plain", [2, 3, 6, 5], [4, 3, 3, 2], {}],
    [
      "strided and padded",
      [1, 2, 6, 5],
      [3, 2, 3, 2],
      {
        strides: [2, 3],
        padding: [
          [1, 2],
          [0, 1],
        ],
      },
    ],
    [
      "dilated",
      [1, 2, 5, 4],
      [2, 2, 2, 3],
      {
        strides: [2, 1],
        padding: [
          [1, 2],
          [3, 1],
        ],
        lhsDilation: [2, 3],
        rhsDilation: [2, 1],
      },
    ],
    [
      "negative padding",
      [1, 1, 7, 6],
      [1, 1, 2, 2],
      {
        padding: [
          [-1, 1],
          [0, -2],
        ],
      },
    ],
    ["feature groups", [2, 4, 4, 4], [6, 2, 2, 2], { featureGroupCount: 2 }],
    ["batch groups", [4, 2, 3, 3], [4, 2, 2, 2], { batchGroupCount: 2 }],
  ];
  for (const [name, lhs, rhs, params] of cases) {
    it(`agrees with SciPy: ${name}`, () => {
      const [out] = run("conv_general_dilated", conv(4, params), seq(lhs), seq(rhs, 5, 1, 7));
      expect(out.shape).toEqual(GOLDEN[`conv ${name}`].shape);
      expect(elements(out)).toEqual(GOLDEN[`conv ${name}`].values);
    });
  }
  it("gives the same in any layout", () => {
    const [x, w] = [seq([2, 3, 5, 4]), seq([4, 3, 2, 2], 5, 1, 7)];
    const [plain] = run("conv_general_dilated", conv(4, {}), x, w);
    const [xt] = run("transpose", { perm: [0, 2, 3, 1] }, x);
    const [wt] = run("transpose", { perm: [2, 3, 1, 0] }, w);
    const [out] = run(
      "conv_general_dilated",
      conv(4, { lhsSpec: [0, 3, 1, 2], rhsSpec: [3, 2, 0, 1], outSpec: [0, 3, 1, 2] }),
      xt,
      wt,
    );
    const [back] = run("transpose", { perm: [0, 3, 1, 2] }, out);
    expect(back).toEqual(plain);
  });
});
