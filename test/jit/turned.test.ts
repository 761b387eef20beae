/** Arrays read along other axes than they are written: tiles of rows, at sizes around theirs and in several programs. */
import { expect, it } from "vitest";
import { array, jit, numpy as np, type Tensor } from "../../src/index.js";

const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i % 8191);
const values = (x: Tensor): number[] => Array.from(x.dataSync() as Float32Array);

it.each([
  [1, 5],
  [4, 4],
  [15, 17],
  [16, 33],
  [31, 64],
  [70, 3],
  [129, 200],
  [257, 130],
])("the transpose of %i × %i, plus what follows it", (m, n) => {
  const x = array(numbers(m * n)).reshape([m, n]);
  const y = array(numbers(m * n).map((v) => 2 * v)).reshape([n, m]);
  const got = jit((a: Tensor, b: Tensor) => a.T.add(b))(x, y);
  const flat = numbers(m * n);
  const want = Array.from({ length: n * m }, (_, k) => flat[(k % m) * n + Math.floor(k / m)] + 2 * flat[k]);
  expect(values(got)).toEqual(want);
});
it("axes of four, the last one moved", () => {
  const shape = [3, 20, 5, 18];
  const x = array(numbers(5400)).reshape(shape);
  const got = jit((a: Tensor) => np.transpose(a, [0, 3, 2, 1]).mul(2))(x);
  const want: number[] = [];
  for (let a = 0; a < 3; a++)
    for (let d = 0; d < 18; d++)
      for (let c = 0; c < 5; c++)
        for (let b = 0; b < 20; b++) want.push(2 * ((((a * 20 + b) * 5 + c) * 18 + d) % 8191));
  expect(values(got)).toEqual(want);
});
it("columns of every width, reduced", () => {
  for (const n of [1, 3, 17, 31, 32, 33, 63, 64, 65, 100, 130]) {
    const x = array(numbers(40 * n)).reshape([40, n]);
    const want = Array.from({ length: n }, (_, j) => {
      let sum = 0;
      for (let i = 0; i < 40; i++) sum += (i * n + j) % 8191;
      return sum;
    });
    expect(values(np.sum(x, 0)), `${n} columns`).toEqual(want);
  }
});
