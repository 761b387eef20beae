/** Activations. Expected numbers are PyTorch 1.13's, in f64, on inputs sin(k · i + phase). */
import { array, grad, jit, nn, numpy as np, type Tensor, vmap } from "tilework";
import { describe, expect, it } from "vitest";
import { expectNear, ramp } from "./goldens.js";

const X = array([-3, -1, -0.5, 0, 0.5, 1, 3], "f64");
const KINKS = [-3, -1, 0, 1, 3];
const CASES: readonly (readonly [name: string, f: (x: Tensor) => Tensor, expected: number[]])[] = [
  ["relu", (x) => nn.relu(x), [0, 0, 0, 0, 0.5, 1, 3]],
  ["relu6", (x) => nn.relu6(x), [0, 0, 0, 0, 0.5, 1, 3]],
  ["sigmoid", (x) => nn.sigmoid(x), [0.04742587, 0.2689414, 0.3775407, 0.5, 0.6224593, 0.7310586, 0.9525741]],
  [
    "logSigmoid",
    (x) => nn.logSigmoid(x),
    [-3.048587, -1.313262, -0.974077, -0.6931472, -0.474077, -0.3132617, -0.04858735],
  ],
  ["softplus", (x) => nn.softplus(x), [0.04858735, 0.3132617, 0.474077, 0.6931472, 0.974077, 1.313262, 3.048587]],
  ["softSign", (x) => nn.softSign(x), [-0.75, -0.5, -0.3333333, 0, 0.3333333, 0.5, 0.75]],
  ["silu", (x) => nn.silu(x), [-0.1422776, -0.2689414, -0.1887703, 0, 0.3112297, 0.7310586, 2.857722]],
  ["leakyRelu", (x) => nn.leakyRelu(x), [-0.03, -0.01, -0.005, 0, 0.5, 1, 3]],
  ["elu", (x) => nn.elu(x), [-0.9502129, -0.6321206, -0.3934693, 0, 0.5, 1, 3]],
  ["celu", (x) => nn.celu(x), [-0.9502129, -0.6321206, -0.3934693, 0, 0.5, 1, 3]],
  ["selu", (x) => nn.selu(x), [-1.670569, -1.111331, -0.6917582, 0, 0.5253505, 1.050701, 3.152103]],
  ["geluErf", (x) => nn.gelu(x, false), [-0.004049694, -0.1586553, -0.1542688, 0, 0.3457312, 0.8413447, 2.99595]],
  ["geluTanh", (x) => nn.gelu(x), [-0.003637392, -0.158808, -0.154286, 0, 0.345714, 0.841192, 2.996363]],
  ["mish", (x) => nn.mish(x), [-0.1456475, -0.3034015, -0.2207438, 0, 0.3752452, 0.8650984, 2.986535]],
  ["hardTanh", (x) => nn.hardTanh(x), [-1, -1, -0.5, 0, 0.5, 1, 1]],
  ["hardSigmoid", (x) => nn.hardSigmoid(x), [0, 0.3333333, 0.4166667, 0.5, 0.5833333, 0.6666667, 1]],
  ["hardSwish", (x) => nn.hardSwish(x), [-0, -0.3333333, -0.2083333, 0, 0.2916667, 0.6666667, 3]],
];

describe("activations", () => {
  it.each(CASES)("%s", (_, f, expected) => {
    expectNear(f(X), expected);
    expectNear(jit(f)(X), expected);
  });
  it.each(CASES)("%s: its derivative is the slope, and finite far out", (_, f) => {
    const slope = vmap(grad((x: Tensor) => f(x)))(X) as Tensor;
    const h = 1e-5;
    const steps = f(X.add(h))
      .sub(f(X.sub(h)))
      .div(2 * h)
      .dataSync();
    X.dataSync().forEach((x: number, i: number) => {
      // a kink has no slope
      if (!KINKS.includes(x)) expect(Math.abs(slope.dataSync()[i] - steps[i])).toBeLessThan(1e-8);
    });
    const far = vmap(grad((x: Tensor) => f(x)))(array([-800, 800], "f64")) as Tensor;
    expect([...far.dataSync()].every(Number.isFinite)).toBe(true);
  });
  it("relu's derivative at 0 is 0", () => expect(grad((x: Tensor) => nn.relu(x))(0).item()).toBe(0));
});

describe("along an axis", () => {
  const M = ramp([2, 4], 1.3);
  it("softmax", () => {
    expectNear(nn.softmax(M), [
      [0.1724679, 0.4520393, 0.2887936, 0.08669921],
      [0.0719678, 0.2158953, 0.4725846, 0.2395523],
    ]);
    expectNear(nn.softmax(M, 0), [
      [0.7075376, 0.6788383, 0.3815341, 0.2675939],
      [0.2924624, 0.3211617, 0.6184659, 0.7324061],
    ]);
    expectNear(nn.softmax(array([1e4, 1e4])), [0.5, 0.5]);
  });
  it("NaN makes its whole row NaN, wherever it stands, and no other row", () => {
    for (const at of [0, 5, 40, 99]) {
      const x = np.sin(np.arange(200, { dtype: "f32" })).reshape([2, 100]);
      const spoilt = np.where(np.equal(np.arange(200).reshape([2, 100]), at), Number.NaN, x);
      for (const f of [nn.softmax, nn.logSoftmax, (v: Tensor) => np.logsumexp(v, { axis: 1, keepdims: true })]) {
        for (const g of [f, jit((v: Tensor) => f(v))]) {
          const y = g(spoilt);
          expect(np.isnan(y.index(0)).all().item()).toBe(true);
          expect(y.index(1).js()).toEqual(g(x).index(1).js());
        }
      }
    }
    expect(nn.softmax(array([Number.NaN, Number.NaN])).js()).toEqual([Number.NaN, Number.NaN]);
    expect(nn.softmax(array([-0, -0])).js()).toEqual([0.5, 0.5]);
    expect(nn.softmax(array([Number.NEGATIVE_INFINITY, -0])).js()).toEqual([0, 1]);
  });
  it("softmax of a part, and of nothing", () => {
    const part = array([[true, false, true, false], [false, false, false, false]]); // biome-ignore format: a matrix
    const p = nn.softmax(M, -1, { where: part });
    expectNear(p.index(1), [0, 0, 0, 0]);
    expectNear(p.sum(1), [1, 0]);
    expectNear(p.index(0, "1::2"), [0, 0]);
  });
  it("logSoftmax", () => {
    expectNear(nn.logSoftmax(M), [
      [-1.757544, -0.7939862, -1.242043, -2.44531],
      [-2.631536, -1.532962, -0.7495385, -1.428983],
    ]);
    expectNear(nn.logSoftmax(array([0, -1e30])), [0, -1e30]);
  });
  it("glu", () =>
    expectNear(nn.glu(M), [
      [0, 0.3223393],
      [-0.645604, 0.124577],
    ]));
  it("standardize gives mean 0 and variance 1", () => {
    const s = nn.standardize(M, -1, 0);
    expectNear(s.mean(-1), [0, 0]);
    expectNear(s.var(-1), [1, 1]);
  });
  it("oneHot", () => {
    const hot = nn.oneHot(array([2, 0, 7, -1], "i32"), 3);
    expect(hot.js()).toEqual([[0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 0, 0]]); // biome-ignore format: a matrix
    expect(hot.dtype).toBe("f32");
    expect(nn.oneHot(array([1], "i32"), 2, { axis: 0, dtype: "i32" }).js()).toEqual([[0], [1]]);
  });
  it("sparsePlus and its derivative sparseSigmoid", () => {
    const x = array([-2, -0.5, 0.5, 2]);
    expectNear(nn.sparsePlus(x), [0, 0.0625, 0.5625, 2]);
    expectNear(vmap(grad((v: Tensor) => nn.sparsePlus(v)))(x) as Tensor, nn.sparseSigmoid(x).js() as number[]);
  });
  it("integers become f32", () => expect(nn.softmax(np.arange(3)).dtype).toBe("f32"));
});
