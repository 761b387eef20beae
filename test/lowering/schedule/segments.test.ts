/** Vector loops over what is padded are cut at the edges; results are those of plain loops. */
import { expect, test } from "vitest";
import { jit } from "../../../src/api/jit.js";
import { array } from "../../../src/index.js";
import * as lax from "../../../src/lax/index.js";
import * as np from "../../../src/numpy/index.js";

const FILL = 7;
/** One axis padded by its definition. */
function padded(row: readonly number[], low: number, high: number, interior: number): number[] {
  const length = low + row.length + (row.length - 1) * interior + high;
  return Array.from({ length }, (_, i) => {
    const p = i - low;
    return p >= 0 && p % (interior + 1) === 0 && p / (interior + 1) < row.length ? row[p / (interior + 1)] : FILL;
  });
}

test.each([
  [5, 1, 1],
  [17, 3, 0],
  [33, 0, 2],
  [40, 20, 31],
  [64, 1, 1],
  [70, -3, 5],
  [41, 5, -2],
  [30, -2, -7],
])("a row of %i with %i before and %i behind it", (n, low, high) => {
  for (const interior of [0, 1]) {
    const rows = [0, 1, 2].map((r) => Array.from({ length: n }, (_, i) => ((i * 31 + r * 7) % 19) - 9));
    const f = jit((x) => {
      const y = lax.pad(x, FILL, [
        [1, 2, 0],
        [low, high, interior],
      ]);
      // a user of it in the same loops
      return [y, np.multiply(y, 2)];
    });
    const [y, twice] = f(array(rows.flat()).reshape([3, n])).map((r) => Array.from(r.dataSync(), Number));
    const width = low + n + (n - 1) * interior + high;
    const empty = new Array(width).fill(FILL);
    const expected = [empty, ...rows.map((row) => padded(row, low, high, interior)), empty, empty].flat();
    expect(y).toEqual(expected);
    expect(twice).toEqual(expected.map((v) => 2 * v));
  }
});

test("the sum of two that are padded to different sides", () => {
  const n = 50;
  const x = Array.from({ length: n }, (_, i) => i + 1);
  const f = jit((v) => np.add(np.pad(v, [3, 0]), np.pad(np.square(v), [0, 3])));
  const at = (i: number): number => (i >= 0 && i < n ? x[i] : 0);
  expect(Array.from(f(array(x)).dataSync())).toEqual(Array.from({ length: n + 3 }, (_, i) => at(i - 3) + at(i) ** 2));
});
