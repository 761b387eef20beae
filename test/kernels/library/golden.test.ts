/**
 * Numbers of PyTorch 1.13 in f64, rounded to six places: torch.softmax and einsum under a triangular mask with one head of keys for two of
 * queries, F.layer_norm, F.conv2d, and products by weights that were made floats first, with autograd. All arrays are
 * sin(0.7 i + phase); the cotangent is another of them.
 */
import { grad, numpy as np, type Tensor } from "tilework";
import { library } from "tilework/kernels";
import { expect, test } from "vitest";

function waves(phase: number, ...shape: number[]): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return np.reshape(np.array(Array.from({ length: size }, (_, i) => Math.sin(0.7 * i + phase))), shape);
}
function expectNumbers(x: Tensor, want: readonly number[]): void {
  const got = [...x.dataSync()].map(Number);
  expect(got.length).toBe(want.length);
  for (const [i, n] of want.entries())
    expect(Math.abs(got[i] - n), `element ${i}: ${got[i]}, not ${n}`).toBeLessThan(2e-5);
}

test("causal attention with grouped queries", () => {
  const [q, k, v] = [waves(0, 1, 3, 2, 2), waves(1, 1, 3, 1, 2), waves(2, 1, 3, 1, 2)];
  const f = (keys: Tensor): Tensor => library.flashAttention(q, keys, v, { causal: true });
  expectNumbers(
    f(k),
    [
      0.909297, 0.42738, 0.909297, 0.42738, 0.269886, -0.256395, 0.115041, -0.421984, -0.311282, -0.44805, 0.410778,
      -0.03325,
    ],
  );
  expectNumbers(
    grad((keys: Tensor) => np.sum(f(keys).mul(waves(3, 1, 3, 2, 2))))(k),
    [-0.626075, -0.616886, 0.460196, 0.541066, 0.165879, 0.07582],
  );
});

test("layer norm and its gradient", () => {
  const [x, g, b] = [waves(0, 2, 4), waves(1, 4), waves(2, 4)];
  expectNumbers(
    library.layerNorm(x, g, b),
    [-0.470651, 0.482174, 0.388286, -0.792019, 2.205128, 0.649418, -0.77939, -0.859372],
  );
  const slopes = grad((t: Tensor, u: Tensor, s: Tensor) => np.sum(library.layerNorm(t, u, s).mul(waves(3, 2, 4))), {
    argnums: [0, 1, 2],
  })(x, g, b) as Tensor[];
  expectNumbers(slopes[0], [0.099579, -0.635595, -0.435963, 0.971979, -0.195152, 0.326095, 0.460686, -0.59163]);
  expectNumbers(slopes[1], [-0.946894, 0.01889, -1.522555, -1.571933]);
  expectNumbers(slopes[2], [-0.323482, -0.314716, -0.157934, 0.073127]);
});

test("a convolution with stride 2 and its gradient", () => {
  const [x, w] = [waves(0, 1, 5, 5, 1), waves(1, 3, 3, 1, 1)];
  const f = (a: Tensor, b: Tensor): Tensor => library.conv2d(a, b, { stride: 2, padding: 1 });
  expectNumbers(
    f(x, w),
    [-0.770124, -0.479333, 0.382337, -2.28068, -1.821158, -0.557058, -2.966616, -1.191036, 1.21946],
  );
  const slopes = grad((a: Tensor, b: Tensor) => np.sum(f(a, b).mul(waves(2, 1, 3, 3, 1))), { argnums: [0, 1] })(
    x,
    w,
  ) as Tensor[];
  expectNumbers(
    slopes[0],
    [
      -0.556361, -0.871095, -0.261496, -0.428402, 0.156355, -1.151422, -1.485247, -1.147649, -0.907659, -0.604119,
      0.500669, 0.758469, 0.609511, 0.944444, 0.43169, 0.223538, 1.055756, 0.946061, 1.518157, 1.223637, 0.050839,
      0.105274, -0.353923, -0.525196, -0.592229,
    ],
  );
  expectNumbers(
    slopes[1],
    [0.779766, 1.617488, 1.442844, -1.035376, -1.560861, -0.463044, 0.74052, 0.120049, -0.294568],
  );
});

test("products by weights of few bits", () => {
  const x = waves(0, 2, 4);
  const w8 = np.array(
    [
      [127, -3],
      [-64, 90],
      [5, -127],
      [33, 12],
    ],
    { dtype: "i8" },
  );
  expectNumbers(library.matmulInt8(x, w8, np.array([0.01, 0.02])), [-0.078168, -1.13628, 0.282148, 1.326505]);
  // [3, -8], [7, 0], [-5, 1], [2, -1], each with 8 added, two rows in a byte
  const w4 = np.array(
    [
      [11 + 15 * 16, 0 + 8 * 16],
      [3 + 10 * 16, 9 + 7 * 16],
    ],
    { dtype: "u8" },
  );
  const scale = np.array([
    [0.1, 0.2],
    [0.3, 0.4],
  ]);
  expectNumbers(library.matmulInt4(x, w4, scale), [-0.509297, 0.048896, 0.57284, -0.49163]);
  expectNumbers(
    library.matmulInt4(np.tile(x, [8, 1]), w4, scale),
    Array.from({ length: 8 }, () => [-0.509297, 0.048896, 0.57284, -0.49163]).flat(),
  );
});
