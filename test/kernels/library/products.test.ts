/** Matrix products, attention and convolutions written as kernels, against numpy's and nn's. */
import { lax, nn, numpy as np, type Tensor } from "tilework";
import { library } from "tilework/kernels";
import { describe, expect, test } from "vitest";
import { expectClose, expectKernel, expectSlopes, integers, normal, SIZES } from "./check.js";

describe.each(SIZES)("%d", (n) => {
  const m = n > 500 ? 5 : n;
  test("matmul", () => {
    expectKernel(
      (a, b) => library.matmul(a, b),
      (a, b) => np.matmul(a, b),
      [normal([m, n]), normal([n, 3])],
    );
    expectKernel(
      (a, b) => library.matmul(a, b),
      (a, b) => np.matmul(a, b),
      [normal([3, 5]), normal([5, n])],
    );
    expectKernel(
      (a, b) => library.matmul(a, b),
      (a, b) => np.matmul(a, b),
      [normal([2, n, 7]), normal([2, 7, 4])],
    );
    expectSlopes((a, b) => library.matmul(a, b), [normal([3, n], "f64"), normal([n, 2], "f64")]);
    expectSlopes((a, b) => library.matmul(a, b), [normal([2, 3, n], "f64"), normal([2, n, 2], "f64")]);
  });
});

test("matmul with bias and what follows", () => {
  const [a, b, c] = [normal([2, 3, 70]), normal([70, 66]), normal([66])];
  const f = (x: Tensor, w: Tensor, bias: Tensor): Tensor =>
    library.matmul(x, w, { bias, epilogue: (y, d) => np.maximum(np.add(y, d), 0) });
  expectKernel(f, (x, w, bias) => nn.relu(np.matmul(x, w).add(bias)), [a, b, c]);
  expectKernel(
    (x, w, bias) => library.matmul(x, w, { bias }),
    (x, w, bias) => np.matmul(x, w).add(bias),
    [a, b, c],
  );
  const doubles = [normal([2, 3, 7], "f64"), normal([7, 5], "f64"), normal([5], "f64")];
  expectSlopes((x, w, bias) => library.matmul(x, w, { bias }), doubles);
  const smooth = (x: Tensor, w: Tensor, bias: Tensor): Tensor =>
    library.matmul(x, w, { bias, epilogue: (y, d) => np.tanh(np.add(y, d)) });
  expectSlopes(smooth, doubles);
});

const attention = (options: { causal?: boolean; mask?: Tensor }) => ({
  kernel: (q: Tensor, k: Tensor, v: Tensor) => library.flashAttention(q, k, v, options),
  reference: (q: Tensor, k: Tensor, v: Tensor) => nn.dotProductAttention(q, k, v, options),
});
describe.each([1, 2, 3, 7, 31, 33, 127, 129])("%d positions", (n) => {
  test.each([false, true])("attention, causal: %s", (causal) => {
    const { kernel, reference } = attention({ causal });
    expectKernel(kernel, reference, [normal([2, n, 4, 8]), normal([2, n, 2, 8]), normal([2, n, 2, 5])]);
    const f64 = [normal([1, n, 2, 3], "f64"), normal([1, n, 1, 3], "f64"), normal([1, n, 1, 2], "f64")];
    expectSlopes(kernel, f64, 1e-5);
  });
});

test("attention is the same in blocks of any length", () => {
  const [q, k, v] = [normal([2, 37, 4, 8]), normal([2, 41, 2, 8]), normal([2, 41, 2, 5])];
  const mask = np.ones([1, 1, 1, 1], { dtype: "bool" });
  const of = (BQ: number, BK: number): readonly Tensor[] =>
    library.attentionKernel(q, k, v, mask, { SCALE: 0.3, CAUSAL: false, BQ, BK });
  const whole = of(37, 41);
  for (const [BQ, BK] of [
    [16, 41],
    [37, 16],
    [16, 32],
  ])
    of(BQ, BK).forEach((x, i) => expectClose(x, whole[i]));
  expectClose(whole[0], nn.dotProductAttention(q, k, v, { scale: 0.3 }));
});

test("attention with a mask of each of its shapes", () => {
  const mask = (...shape: number[]): Tensor => np.greater(integers(shape, 4), 0);
  for (const m of [mask(1, 1, 1, 7), mask(2, 1, 5, 7), mask(2, 4, 5, 7), np.zeros([1, 1, 5, 1], { dtype: "bool" })]) {
    const { kernel, reference } = attention({ mask: m });
    expectKernel(kernel, reference, [normal([2, 5, 4, 8]), normal([2, 7, 2, 8]), normal([2, 7, 2, 3])]);
    expectSlopes(kernel, [normal([2, 5, 4, 3], "f64"), normal([2, 7, 2, 3], "f64"), normal([2, 7, 2, 2], "f64")], 1e-5);
  }
});

test.each([1, 7, 33, 129, 300])("decoding with caches of %d", (capacity) => {
  const [q, k, v] = [normal([3, 4, 8]), normal([3, capacity, 2, 8]), normal([3, capacity, 2, 5])];
  const lengths = np.array([1, Math.ceil(capacity / 2), capacity], { dtype: "i32" });
  const reference = (a: Tensor, b: Tensor, c: Tensor, l: Tensor): Tensor => {
    const mask = np.less(np.arange(capacity), np.reshape(l, [3, 1, 1, 1]));
    return np.reshape(nn.dotProductAttention(np.reshape(a, [3, 1, 4, 8]), b, c, { mask }), [3, 4, 5]);
  };
  expectKernel((a, b, c, l) => library.decodeAttention(a, b, c, l), reference, [q, k, v, lengths]);
});

test("a cache is written where it says", () => {
  const [cache, entry] = [normal([2, 5, 3, 4]), normal([2, 3, 4])];
  const at = np.array([4, 0], { dtype: "i32" });
  const here = np.reshape(np.equal(np.arange(5), np.reshape(at, [2, 1])), [2, 5, 1, 1]);
  expectClose(library.writeCache(cache, entry, at), np.where(here, np.reshape(entry, [2, 1, 3, 4]), cache), 0);
});

const images = [
  { shape: [1, 1, 1, 1], size: 1, f: 1, stride: 1, padding: 0 },
  { shape: [2, 7, 5, 3], size: 3, f: 4, stride: 1, padding: 1 },
  { shape: [1, 8, 9, 2], size: 3, f: 3, stride: 2, padding: 1 },
  { shape: [1, 6, 6, 5], size: 2, f: 7, stride: 2, padding: 0 },
  { shape: [1, 4, 33, 3], size: 3, f: 2, stride: 1, padding: 0 },
];
test.each(images)("convolution and pooling of $shape by $size, stride $stride, padding $padding", (c) => {
  const { stride, padding } = c;
  const [x, w] = [normal(c.shape), normal([c.size, c.size, c.shape[3], c.f])];
  const conv = (a: Tensor, b: Tensor): Tensor => {
    const padded = np.pad(a, [
      [0, 0],
      [padding, padding],
      [padding, padding],
      [0, 0],
    ]);
    return windows(padded, c.size, stride, (parts) =>
      parts.reduce<Tensor | null>((sum, part, i) => {
        const tap = np.matmul(part, np.index(b, Math.floor(i / c.size), i % c.size));
        return sum ? sum.add(tap) : tap;
      }, null),
    );
  };
  expectKernel((a, b) => library.conv2d(a, b, { stride, padding }), conv, [x, w], 1e-4);
  expectClose(library.convDirectKernel(x, w, { STRIDE: stride, PAD: padding }), conv(x, w), 1e-4);
  const f64 = [normal(c.shape, "f64"), normal([c.size, c.size, c.shape[3], c.f], "f64")];
  expectSlopes((a, b) => library.conv2d(a, b, { stride, padding }), f64);
  const pool = (fill: number, combine: (a: Tensor, b: Tensor) => Tensor) => (a: Tensor) =>
    windows(
      np.pad(
        a,
        [
          [0, 0],
          [padding, padding],
          [padding, padding],
          [0, 0],
        ],
        { constantValues: fill },
      ),
      c.size,
      stride,
      (parts) => parts.reduce(combine),
    );
  const size = c.size;
  expectKernel(
    (a) => library.maxPool(a, { size, stride, padding }),
    pool(-Infinity, (a, b) => np.maximum(a, b)),
    [x],
  );
  expectKernel(
    (a) => library.meanPool(a, { size, stride, padding }),
    (a) => pool(0, (u, v) => u.add(v))(a).div(size * size),
    [x],
  );
  expectSlopes((a) => library.maxPool(a, { size, stride, padding }), [f64[0]]);
  expectSlopes((a) => library.meanPool(a, { size, stride, padding }), [f64[0]]);
});

/** `f` of the parts [n, rows, columns, channels] that stand at each place of the windows. */
function windows(x: Tensor, size: number, stride: number, f: (parts: Tensor[]) => Tensor | null): Tensor {
  const count = (n: number): number => Math.floor((n - size) / stride) + 1;
  const [h, w] = [count(x.shape[1]), count(x.shape[2])];
  const parts: Tensor[] = [];
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) {
      const rows = lax.sliceInDim(x, i, i + (h - 1) * stride + 1, stride, 1);
      parts.push(lax.sliceInDim(rows, j, j + (w - 1) * stride + 1, stride, 2));
    }
  const result = f(parts);
  expect(result).not.toBeNull();
  return result as Tensor;
}
