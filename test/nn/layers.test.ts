/** Layers. Expected numbers are PyTorch 1.13's, in f64, on inputs sin(k · i + phase). */
import { array, grad, jit, nn, numpy as np, random, type Tensor } from "tilework";
import { describe, expect, it } from "vitest";
import { codeOf } from "../api/helpers.js";
import { expectNear, ramp } from "./goldens.js";

describe("convolution", () => {
  const X = ramp([1, 5, 6, 2], 0.7);
  const W = ramp([3, 3, 2, 4], 1.1);
  const conv = (w: Tensor, options: nn.ConvLayerOptions): Tensor => nn.conv({ w }, X, options).index(0);
  it("valid", () =>
    expectNear(conv(W, { padding: "VALID" }).index("...", 1), [
      [1.182089, 0.620035, -0.9713183, -0.9502194],
      [-0.2503788, -1.255713, -0.1764812, 1.195721],
      [-0.9220517, 0.6841203, 1.154608, -0.2916296],
    ]));
  it("strides and padding", () => {
    const expected = [
      [
        [-0.8697539, -0.6969233, 0.2375105, 0.9123909],
        [0.6864979, 0.9486585, 0.1741178, -0.7907002],
        [-0.8295507, -0.7631129, 0.1372606, 0.8876347],
      ],
      [
        [1.000765, 1.370028, 0.2421139, -1.150385],
        [0.02843292, -1.255713, -1.167606, 0.1964699],
        [0.2888957, 1.195721, 0.7958534, -0.4737293],
      ],
      [
        [0.1130365, -0.7592929, -0.8018612, 0.03185068],
        [-0.5329457, 0.5124609, 0.9978463, 0.3927775],
        [0.2301901, -0.7149854, -0.8788193, -0.0822727],
      ],
    ];
    expectNear(conv(W, { strides: 2, padding: 1 }), expected);
    expectNear(conv(W, { strides: [2, 2], padding: [[1, 1], [1, 1]] }), expected); // biome-ignore format: two axes
    expectNear(jit((x: Tensor) => nn.conv({ w: W }, x, { strides: 2, padding: 1 }))(X).index(0), expected);
  });
  it("dilation", () =>
    expectNear(conv(W, { dilation: 2, padding: 2 }).index("...", 3), [
      [-2.188295, -2.105298, 2.848653, 2.237951, -2.483203, -1.50604],
      [-0.3668426, 2.680667, 0.04162953, -3.302673, 0.3494553, 2.713558],
      [2.349534, -2.67309, -2.713471, 3.728233, 1.99267, -3.144317],
      [-2.604272, 0.1152121, 3.064078, -0.6468318, -2.443172, 0.8849039],
      [1.836149, 2.215623, -2.603725, -2.416671, 2.396235, 1.789673],
    ]));
  it("SAME keeps the size, strides divide it", () => {
    expect(conv(W, {}).shape).toEqual([5, 6, 4]);
    expect(conv(W, { strides: 2 }).shape).toEqual([3, 3, 4]);
  });
  it("groups", () =>
    expectNear(conv(ramp([3, 3, 1, 4], 1.1), { groups: 2, padding: 1 }).index("...", 2), [
      [0.4090967, 0.3798505, 0.2314562, -0.3011706, -0.3338344, 0.1565172],
      [-0.686636, 1.088034, 1.155572, -0.6952157, -1.3919, -0.03797003],
      [0.5950694, 0.2767535, -1.373308, -0.7435879, 1.120537, 0.7815197],
      [0.06861046, -1.375464, 0.2707144, 1.467489, 0.2281355, -0.7736986],
      [0.3268645, 1.02189, 0.1966423, -0.9550449, -0.5212948, 0.26246],
    ]));
  it("one axis of space", () => {
    expectNear(nn.conv({ w: ramp([3, 2, 3], 1.1) }, ramp([1, 7, 2], 0.7), { strides: 2, padding: 1 }).index(0), [
      [-0.3257138, -0.4908487, -0.1195803],
      [0.3119495, 0.8107609, 0.4235665],
      [-0.3637603, -0.7717842, -0.3363964],
      [-0.03563533, 0.1705606, 0.1903666],
    ]);
  });
  it("gradients", () => {
    const f = (x: Tensor, w: Tensor): Tensor => np.sum(np.square(nn.conv({ w }, x, { strides: 2, padding: 1 })));
    const [gx, gw] = jit(grad(f, { argnums: [0, 1] }))(X, W) as unknown as Tensor[];
    expectNear(gx.index(0, "...", 0), [
      [3.585811, 2.865614, -3.93012, -2.209775, 3.691598, -1.493569],
      [4.286208, -12.51519, 0.6935866, 5.1387, 1.62984, -4.942771],
      [-5.693639, 1.944992, 3.410673, -1.537424, -3.851769, 3.596469],
      [-1.468896, 10.47183, -4.743241, -2.745507, 2.374464, 0.8000387],
      [1.879108, -4.368505, -0.3952546, 2.522068, 1.532882, -2.651216],
    ]);
    expectNear(gw.index("...", 0, 1), [
      [3.310853, 8.171474, -3.809028],
      [6.136863, -7.152037, -9.699833],
      [-5.403028, -6.438659, 6.792828],
    ]);
  });
  it("bias, and parameters of the right shapes", () => {
    const p = nn.conv.init(random.key(0), [3, 5], 4, 8, { groups: 2 });
    expect([p.w.shape, p.b?.shape]).toEqual([[3, 5, 2, 8], [8]]);
    expectNear(nn.conv({ w: np.zeros([1, 1, 2, 2], "f64"), b: array([1, 2], "f64") }, ramp([1, 1, 1, 2])), [
      [[[1, 2]]],
    ]);
  });
  it.each([
    ["ranks", () => nn.conv({ w: ramp([3, 2, 4]) }, X), "TW2007"],
    ["features", () => nn.conv({ w: ramp([3, 3, 3, 4]) }, X), "TW2003"],
    ["padding", () => nn.conv({ w: W }, X, { padding: "FULL" as never }), "TW2011"],
  ])("wrong %s are named", (_, f, code) => expect(codeOf(f)).toBe(code));
});

describe("pooling", () => {
  const X = ramp([1, 5, 6, 2], 0.7);
  const pad = [[1, 1], [1, 1]] as const; // biome-ignore format: two axes
  const first = (x: Tensor): Tensor => x.index(0, "...", 0);
  it("maxPool", () => {
    expectNear(first(nn.maxPool(X, [2, 2])), [
      [0.9854497, 0.3349882, 0.9906074],
      [0.9946448, 0.8366556, 0.7061695],
    ]);
    expectNear(first(nn.maxPool(X, [3, 3], { strides: [2, 2], padding: pad })), [
      [0.9854497, 0.9854497, 0.9906074],
      [0.9946448, 0.9946448, 0.9906074],
      [0.9946448, 0.9946448, 0.9975574],
    ]);
  });
  it("avgPool", () => {
    expectNear(first(nn.avgPool(X, [2, 2])), [
      [0.3683924, -0.3705356, 0.3298614],
      [-0.1076368, 0.2217426, -0.3102249],
    ]);
    expectNear(first(nn.avgPool(X, [3, 3], { strides: [2, 2], padding: pad, countIncludePad: false })), [
      [0.3683924, -0.143862, 0.08024882],
      [0.009595462, -0.003916825, 0.002283342],
      [0.3628591, -0.1546316, 0.0937602],
    ]);
  });
  it("maxPool's gradient goes to the greatest", () => {
    const g = grad((x: Tensor) => np.sum(np.square(nn.maxPool(x, [2, 2]))))(X) as Tensor;
    expectNear(first(g), [
      [0, 1.970899, 0.6699763, 0, 0, 0],
      [0, 0, 0, 0, 1.981215, 0],
      [0, 0, 0, 1.673311, 0, 0],
      [0, 1.98929, 0, 0, 0, 1.412339],
      [0, 0, 0, 0, 0, 0],
    ]);
  });
});

describe("normalisation", () => {
  const X = ramp([2, 3], 2.2).mul(3);
  const scale = array([1.5, 0.5, -1], "f64");
  it("layerNorm", () => {
    expectNear(nn.layerNorm({ scale, bias: array([0.1, 0.2, 0.3], "f64") }, X), [
      [0.1994688, 0.7951201, 1.556553],
      [0.8503724, 0.6477185, 1.695685],
    ]);
    expect(Object.keys(nn.layerNorm.init(4, { bias: false }))).toEqual(["scale"]);
  });
  it("rmsNorm", () =>
    expectNear(nn.rmsNorm({ scale }, X), [
      [0, 0.5607328, 1.319968],
      [0.674702, 0.4222498, 1.443779],
    ]));
});

describe("attention", () => {
  const [q, k, v] = [ramp([1, 3, 2, 4], 1.1), ramp([1, 3, 2, 4], 0.6, 1), ramp([1, 3, 2, 4], 1.9)];
  const head = (x: Tensor): Tensor => x.index(0, ":", 1);
  const CAUSAL = [
    [0.9679197, -0.07515112, -0.9193285, 0.6695698],
    [-0.2849344, -0.3301121, 0.498378, 0.007871266],
    [0.4758997, -0.01828111, -0.4640795, 0.3183452],
  ];
  it("all positions", () =>
    expectNear(head(nn.dotProductAttention(q, k, v)), [
      [0.3589961, 0.2718408, -0.5347627, 0.07392564],
      [-0.0849741, 0.06137382, 0.04529107, -0.09065808],
      [0.4758997, -0.01828111, -0.4640795, 0.3183452],
    ]));
  it("causal, by option, mask and bias", () => {
    expectNear(head(nn.dotProductAttention(q, k, v, { causal: true })), CAUSAL);
    const mask = np.tril(np.ones([3, 3], "bool"));
    expectNear(head(nn.dotProductAttention(q, k, v, { mask })), CAUSAL);
    const bias = np.where(mask, 0, array(-1e30, "f64"));
    expectNear(head(nn.dotProductAttention(q, k, v, { bias })), CAUSAL);
  });
  it("one new query sees all that came before (a KV cache)", () => {
    expectNear(head(nn.dotProductAttention(q.index([], [2, 3]), k, v, { causal: true })), [CAUSAL[2]]);
  });
  it("heads that share keys and values", () => {
    const [k1, v1] = [k.index("...", [0, 1], []), v.index("...", [0, 1], [])];
    const shared = nn.dotProductAttention(q, np.repeat(k1, 2, 2), np.repeat(v1, 2, 2));
    expectNear(nn.dotProductAttention(q, k1, v1), shared.js() as number[][][][]);
  });
  it("multiHeadAttention", () => {
    const wqkv = ramp([12, 4], 0.37);
    const bqkv = ramp([12], 0.5);
    const part = (i: number): nn.LinearParams => ({
      w: wqkv.index([4 * i, 4 * i + 4]).T,
      b: bqkv.index([4 * i, 4 * i + 4]),
    });
    const p = { query: part(0), key: part(1), value: part(2), out: { w: ramp([4, 4], 0.81).T, b: ramp([4], 0.5) } };
    const x = ramp([1, 3, 4], 0.9);
    expectNear(nn.multiHeadAttention(p, x, 2).index(0), [
      [-0.9936794, 1.332892, 0.1364749, 1.547199],
      [-3.291995, 4.031598, -2.936507, 4.964723],
      [-0.794455, 1.169599, 0.2622582, 1.460143],
    ]);
    expectNear(jit((y: Tensor) => nn.multiHeadAttention(p, y, 2, { causal: true }))(x).index(0), [
      [-1.443385, 1.721285, -0.1868457, 1.802319],
      [-3.340589, 4.081383, -2.987001, 5.015436],
      [-0.794455, 1.169599, 0.2622582, 1.460143],
    ]);
  });
  it.each([
    ["ranks", () => nn.dotProductAttention(q.index(0), k, v), "TW2007"],
    ["features", () => nn.dotProductAttention(q, k.index("...", [0, 3]), v), "TW2001"],
    ["positions", () => nn.dotProductAttention(q, k, v.index([], [0, 2])), "TW2001"],
    ["heads", () => nn.dotProductAttention(q, np.tile(k, [1, 1, 2, 1]), np.tile(v, [1, 1, 2, 1])), "TW2001"],
  ])("wrong %s are named", (_, f, code) => expect(codeOf(f)).toBe(code));
});

describe("others", () => {
  it("linear", () => {
    expectNear(nn.linear({ w: array([[1, 2], [3, 4]]), b: array([10, 20]) }, array([[1, 1], [0, 2]])), [[14, 26], [16, 28]]); // biome-ignore format: matrices
    expect(nn.linear.init(random.key(0), 3, 5, { bias: false }).b).toBeUndefined();
    expect(codeOf(() => nn.linear({ w: np.ones([3, 2]) }, np.ones([4, 5])))).toBe("TW2003");
  });
  it("embedding", () => {
    expectNear(nn.embedding({ table: ramp([3, 2]) }, array([[1, 0], [2, 2]], "i32")), [[[0.9092974, 0.14112], [0, 0.841471]], [[-0.7568025, -0.9589243], [-0.7568025, -0.9589243]]]); // biome-ignore format: a matrix
    expect(codeOf(() => nn.embedding({ table: ramp([3, 2]) }, array([0.5])))).toBe("TW2005");
    expect(nn.embedding.init(random.key(0), 7, 3).table.shape).toEqual([7, 3]);
  });
  it("dropout keeps the mean, drops the share, and does nothing without a key", () => {
    const x = np.ones([1000]);
    const y = nn.dropout(x, 0.25, random.key(1));
    const data = [...y.dataSync()] as number[];
    expect(new Set(data)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
    expect(Math.abs(data.filter((e) => e === 0).length - 250)).toBeLessThan(50);
    expect(nn.dropout(x, 0.25, null)).toBe(x);
    expect(codeOf(() => nn.dropout(x, 1, random.key(0)))).toBe("TW2011");
  });
});

describe("initialisers", () => {
  const { initializers: init } = nn;
  const moments = (x: Tensor): [number, number] => [x.mean().item() as number, x.std().item() as number];
  it.each([
    ["lecunNormal", init.lecunNormal(), Math.sqrt(1 / 200)],
    ["heNormal", init.heNormal(), Math.sqrt(2 / 200)],
    ["heUniform", init.heUniform(), Math.sqrt(2 / 200)],
    ["glorotNormal", init.glorotNormal(), Math.sqrt(2 / 500)],
    ["glorotUniform", init.glorotUniform(), Math.sqrt(2 / 500)],
    ["normal", init.normal(0.3), 0.3],
  ])("%s", (_, f, deviation) => {
    const [mean, std] = moments(f(random.key(3), [200, 300]));
    expect(Math.abs(mean)).toBeLessThan(deviation / 50);
    expect(Math.abs(std / deviation - 1)).toBeLessThan(0.02);
  });
  it("counts the receptive field of filters", () => {
    expect(init.fans([3, 3, 4, 8])).toEqual({ fanIn: 36, fanOut: 72 });
  });
  it("orthogonal", () => {
    const q = init.orthogonal()(random.key(0), [6, 4]);
    expectNear(np.matmul(q.T, q), np.eye(4).js() as number[][], 1e-5);
  });
  it("constants", () => {
    expect(init.constant(2)(random.key(0), [2]).js()).toEqual([2, 2]);
    expect(init.zeros(random.key(0), [1]).js()).toEqual([0]);
    expect(init.ones(random.key(0), [1], "f64").dtype).toBe("f64");
  });
});
