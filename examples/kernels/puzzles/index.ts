/** The puzzles with an input each, and what an independent loop over plain numbers makes of it. */
import type { Tensor } from "tilework";
import { array } from "tilework";
import * as maps from "./maps.js";
import * as products from "./products.js";
import * as sums from "./sums.js";
import * as windows from "./windows.js";

export interface Puzzle {
  readonly title: string;
  /** What the kernel gives. */
  readonly solve: () => Tensor;
  /** The same, by loops. */
  readonly want: () => number[];
}

/** Numbers in −1 … 1 that look random and are always the same. */
export function numbers(n: number, seed = 1): number[] {
  let state = seed * 2654435761;
  return Array.from({ length: n }, () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 374761393) | 0;
    return Math.fround((state >>> 8) / 2 ** 23 - 1);
  });
}
function matrix(rows: number, cols: number, seed = 1): number[][] {
  const flat = numbers(rows * cols, seed);
  return Array.from({ length: rows }, (_, i) => flat.slice(i * cols, (i + 1) * cols));
}
const times = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const add = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
const product = (a: readonly number[][], b: readonly number[][]): number[] =>
  a.flatMap((row) => b[0].map((_, j) => add(row.map((x, k) => x * b[k][j]))));

/** All puzzles over arrays of about `n` elements along an axis. */
export function puzzles(n = 100): readonly Puzzle[] {
  const [x, y] = [numbers(n, 1), numbers(n, 2)];
  const [m, w] = [matrix(7, n, 3), matrix(n, 9, 4)];
  const small = matrix(5, n, 5);
  const batch = times(3).map((i) => matrix(6, n, 6 + i));
  const others = times(3).map((i) => matrix(n, 4, 9 + i));
  const BLOCK = 32;
  const blocks = { BM: 16, BN: 32 };
  const deep = 32 * Math.ceil(n / 32);
  const bits = numbers(6 * deep, 12).map((v) => Math.floor((v + 1) * 8) & 15);
  const words = times((6 * deep) / 8).map((i) => times(8).reduce((a, k) => a + bits[8 * i + k] * 16 ** k, 0));
  const scale = matrix(6, deep / 32, 13);
  const zero = matrix(6, deep / 32, 14).map((row) => row.map((v) => Math.round(v * 8 + 8)));
  const right = matrix(deep, 5, 15);
  const bytes = (rows: number, seed: number): number[][] =>
    matrix(rows, n, seed).map((row) => row.map((v) => Math.round(v * 127)));
  const [left8, right8] = [bytes(5, 16), bytes(6, 17)];
  const kinds = x.map((v) => Math.floor((v + 1) * 4) & 7);
  const kernel3 = matrix(3, 2, 18);
  const images = times(2).map((i) => matrix(9, n, 19 + i));
  const window = [0.5, -0.25, 2];
  const softmaxRow = (row: readonly number[]): number[] => {
    const top = Math.max(...row);
    const e = row.map((v) => Math.exp(v - top));
    const total = add(e);
    return e.map((v) => v / total);
  };
  return [
    { title: "add 10", solve: () => maps.addTen(array(x)), want: () => x.map((v) => v + 10) },
    { title: "zip", solve: () => maps.zip(array(x), array(y)), want: () => x.map((v, i) => v + y[i]) },
    {
      title: "guard",
      solve: () => maps.guard(array(x), { BLOCK: 2 * n }),
      want: () => x.map((v) => v + 10),
    },
    {
      title: "guard in two dimensions",
      solve: () => maps.guardTwo(array(m), { BLOCK: n + 5 }),
      want: () => m.flat().map((v) => v + 10),
    },
    {
      title: "outer sum",
      solve: () => maps.outerAdd(array(x), array(y)),
      want: () => x.flatMap((a) => y.map((b) => a + b)),
    },
    { title: "blocks", solve: () => maps.blocks(array(x), { BLOCK }), want: () => x.map((v) => v + 10) },
    {
      title: "outer sum in blocks",
      solve: () => maps.outerBlocks(array(x), array(y), blocks),
      want: () => x.flatMap((a) => y.map((b) => a + b)),
    },
    {
      title: "fused outer product and relu",
      solve: () => maps.outerRelu(array(x), array(y), blocks),
      want: () => x.flatMap((a) => y.map((b) => Math.max(a * b, 0))),
    },
    {
      title: "its gradient",
      solve: () => sums.reluBackward(array(m), array(y), array(small.concat(small.slice(0, 2))), blocks),
      want: () =>
        m.flatMap((row, i) => row.map((v, j) => (v * y[j] > 0 ? y[j] * small.concat(small.slice(0, 2))[i][j] : 0))),
    },
    { title: "long sum", solve: () => sums.longSum(array(m), { BLOCK }), want: () => m.map(add) },
    {
      title: "online softmax",
      solve: () => sums.onlineSoftmax(array(m), { BLOCK }),
      want: () => m.flatMap(softmaxRow),
    },
    {
      title: "dot product",
      solve: () => sums.dotProduct(array(x), array(y), { BLOCK }),
      want: () => [add(x.map((v, i) => v * y[i]))],
    },
    {
      title: "prefix sum",
      solve: () => sums.prefixSum(array(m), { BLOCK }),
      want: () => m.flatMap((row) => row.map((_, j) => add(row.slice(0, j + 1)))),
    },
    {
      title: "column sums",
      solve: () => sums.columnSum(array(m), { BLOCK }),
      want: () => m[0].map((_, j) => add(m.map((row) => row[j]))),
    },
    {
      title: "argmax of rows",
      solve: () => sums.rowArgmax(array(m), { BLOCK: n + 3 }),
      want: () => m.map((row) => row.indexOf(Math.max(...row))),
    },
    {
      title: "histogram",
      solve: () => sums.countValues(array(kinds, { dtype: "i32" }), { BLOCK, bins: 8 }),
      want: () => times(8).map((k) => kinds.filter((v) => v === k).length),
    },
    {
      title: "pooling",
      solve: () => windows.pool(array(x), { BLOCK }),
      want: () => x.map((_, i) => add(x.slice(Math.max(i - 2, 0), i + 1))),
    },
    {
      title: "1-D convolution",
      solve: () => windows.convolve(array(x), array(window), { BLOCK }),
      want: () => x.map((_, i) => add(window.map((v, k) => v * (x[i + k] ?? 0)))),
    },
    {
      title: "2-D convolution",
      solve: () => windows.convolveTwo(array(images), array(kernel3), { ROWS: 4 }),
      want: () =>
        images.flatMap((image) =>
          image.flatMap((row, i) =>
            row.map((_, j) => add(kernel3.flatMap((taps, a) => taps.map((t, b) => t * (image[i + a]?.[j + b] ?? 0))))),
          ),
        ),
    },
    {
      title: "transpose",
      solve: () => windows.transposed(array(m), { BLOCK: 16 }),
      want: () => m[0].flatMap((_, j) => m.map((row) => row[j])),
    },
    {
      title: "matrix product",
      solve: () => products.matmul(array(m), array(w), { BM: 4, BN: 8, BK: 16 }),
      want: () => product(m, w),
    },
    {
      title: "batch of matrix products",
      solve: () => products.batchedMatmul(array(batch), array(others)),
      want: () => batch.flatMap((a, i) => product(a, others[i])),
    },
    {
      title: "scalar attention",
      solve: () => products.scalarAttention(array(x), array(y), array(small[0]), { BLOCK }),
      want: () => x.map((q) => add(softmaxRow(y.map((k) => q * k)).map((p, j) => p * small[0][j]))),
    },
    {
      title: "product with weights of 4 bits",
      solve: () =>
        products.quantisedMatmul(
          array(words, { dtype: "u32" }).reshape([6, deep / 8]),
          array(scale),
          array(zero, { dtype: "f32" }),
          array(right),
          { BM: 4, BN: 8 },
        ),
      want: () =>
        product(
          times(6).map((i) => times(deep).map((k) => scale[i][k >> 5] * (bits[i * deep + k] - zero[i][k >> 5]))),
          right,
        ),
    },
    {
      title: "product of integers of 8 bits",
      solve: () => products.integerMatmul(array(left8, { dtype: "i8" }), array(right8, { dtype: "i8" }), { BLOCK: 4 }),
      want: () => left8.flatMap((a) => right8.map((b) => add(a.map((v, k) => v * b[k])))),
    },
  ];
}
