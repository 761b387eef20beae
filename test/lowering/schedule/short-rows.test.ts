/** Rows of a few elements are reduced side by side: the results are those of plain loops, NaN and the signs of zeros included. */
import { expect, test } from "vitest";
import { array } from "../../../src/index.js";
import { jit } from "../../../src/api/jit.js";
import * as np from "../../../src/numpy/index.js";

const ROWS = 67;
test.each([4, 5, 7, 8, 12, 23, 24])("rows of %i", (n) => {
  const special = [Number.NaN, -0, 0, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const x = Float32Array.from({ length: ROWS * n }, (_, i) =>
    i % 41 === 3 ? special[i % 5] : Math.floor(i / n) % 3 === 0 ? -0 : ((i * 7919) % 23) - 11,
  );
  const rows = Array.from({ length: ROWS }, (_, r) => Array.from(x.subarray(r * n, (r + 1) * n)));
  const f = jit((v) => [np.max(v, 1), np.min(v, 1), np.sum(v, 1)]);
  const [max, min, sum] = f(array(x).reshape([ROWS, n])).map((y) => Array.from(y.dataSync(), Number));
  expect(max).toEqual(rows.map((row) => Math.max(...row)));
  expect(min).toEqual(rows.map((row) => Math.min(...row)));
  // whole numbers; which zero a sum of zeros is, is not said
  expect(sum.map((y) => y + 0)).toEqual(rows.map((row) => row.reduce((a, b) => a + b, 0)));
});
