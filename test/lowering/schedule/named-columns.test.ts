/** Columns of a named number of rows, or of a named number of matrices: one program has the sums of plain loops at every size. */
import { array, explain, jit, numpy as np, type Tensor } from "tilework";
import { expect, it } from "vitest";
import { mulberry } from "../../runtime/random.js";

const values = (n: number): Float32Array => {
  const random = mulberry(n);
  return Float32Array.from({ length: n }, () => 2 * random() - 1);
};
/** Sum, mean square and greatest along the middle axis. */
function plain(data: Float32Array, [outer, down, across]: readonly [number, number, number]): number[][] {
  const sum = new Array<number>(outer * across).fill(0);
  const square = sum.slice();
  const most = sum.map(() => Number.NEGATIVE_INFINITY);
  for (let i = 0; i < data.length; i++) {
    const at = Math.floor(i / (down * across)) * across + (i % across);
    sum[at] += data[i];
    square[at] += data[i] ** 2 / down;
    most[at] = Math.max(most[at], data[i]);
  }
  return [sum, square, most];
}
const read = (t: Tensor): number[] => Array.from(t.dataSync() as ArrayLike<number>, Number);
const ones = (shape: Shape3): Tensor => np.ones([...shape]);
const sums = (x: Tensor): Tensor[] => [x.sum(1), np.square(x).mean(1)];
const greatest = (x: Tensor): Tensor => x.max(1);
const place = (x: Tensor): Tensor => np.argmax(x, 1);

type Shape3 = readonly [number, number, number];
const CASES: Record<string, readonly [(n: number) => Shape3, readonly number[]]> = {
  "3 columns": [(n) => [1, n, 3], [5000, 60_000, 2, 3, 100, 2730, 2731, 9001, 70_001]],
  "10 columns": [(n) => [1, n, 10], [900, 1000, 5, 31, 818, 819, 820, 4097, 50_000]],
  "16 columns of images": [(n) => [1, n * 49, 16], [9, 40, 2, 3, 10, 11, 33, 200]],
  "31 columns of three matrices": [(n) => [3, n, 31], [100, 300, 2, 87, 89, 5000]],
  "a number of matrices, 20 columns": [(n) => [n, 50, 20], [9, 30, 2, 3, 8, 70]],
  "512 columns": [(n) => [1, n, 512], [600, 700, 2, 33, 511, 512, 519, 1500]],
  "517 columns": [(n) => [1, n, 517], [600, 1000, 2, 505, 507, 508, 1501]],
  "a number of matrices, 600 columns": [(n) => [n, 60, 600], [9, 12, 2, 7, 8, 20]],
  "matrices of a number of rows": [(n) => [9, n, 640], [60, 70, 2, 15, 45, 46, 47, 101]],
};

it.each(Object.keys(CASES))("%s", (name) => {
  const [shapeOf, sizes] = CASES[name];
  const axis = name.startsWith("a number of matrices") ? 0 : 1;
  const dynamic = [{ [axis]: "n" }];
  const [f, g, h] = [jit(sums, { dynamic }), jit(greatest, { dynamic }), jit(place, { dynamic })];
  const tile = explain(f)(ones(shapeOf(sizes[0]))).stages.tile();
  expect(tile).toContain("columns are reduced by");
  for (const n of sizes) {
    const shape = shapeOf(n);
    const data = values(shape[0] * shape[1] * shape[2]);
    const x = array(data).reshape(...shape);
    const got = f(x).map(read);
    const want = plain(data, shape);
    const close = 2e-6 * Math.sqrt(shape[1]);
    got[0].forEach((s, i) => expect(Math.abs(s - want[0][i])).toBeLessThan(close));
    got[1].forEach((s, i) => expect(Math.abs(s - want[1][i])).toBeLessThan(2e-6));
    expect(read(g(x))).toEqual(want[2]);
    const [, down, across] = shape;
    read(h(x)).forEach((row, i) => {
      const at = (Math.floor(i / across) * down + row) * across + (i % across);
      expect(data[at]).toBe(want[2][i]);
    });
  }
});
