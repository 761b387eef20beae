/** Elementwise work on rows of a few elements, many of which are taken for one. */
import { expect, test } from "vitest";
import { jit } from "../../../src/api/jit.js";
import { array } from "../../../src/index.js";
import * as np from "../../../src/numpy/index.js";

test.each([
  { rows: 12_001, columns: 3, dtype: "f32" },
  { rows: 20_000, columns: 2, dtype: "f32" },
  { rows: 9001, columns: 4, dtype: "f32" },
  { rows: 7003, columns: 5, dtype: "f64" },
  { rows: 5001, columns: 7, dtype: "i32" },
  { rows: 1003, columns: 33, dtype: "f32" },
  { rows: 11_000, columns: 3, dtype: "bf16" },
] as const)("$rows rows of $columns, $dtype", ({ rows, columns, dtype }) => {
  // whole numbers that are exact in all of these types
  const x = Array.from({ length: rows * columns }, (_, i) => ((i * 7919) % 15) - 7);
  const shift = Array.from({ length: columns }, (_, c) => c - 2);
  const scale = Array.from({ length: columns }, (_, c) => (c % 5) + 1);
  const f = jit((a, m, s) => {
    const y = np.multiply(np.subtract(a, np.multiply(m, 2)), s);
    return [y, np.maximum(y, m)];
  });
  const [y, z] = f(array(x, dtype).reshape([rows, columns]), array(shift, dtype), array(scale, dtype)).map((r) =>
    Array.from(r.dataSync(), Number),
  );
  const expected = x.map((v, i) => (v - 2 * shift[i % columns]) * scale[i % columns]);
  expect(y).toEqual(expected);
  expect(z).toEqual(expected.map((v, i) => Math.max(v, shift[i % columns])));
});

test("in the memory of a donated argument", () => {
  const [rows, columns] = [12_001, 3];
  const x = Float32Array.from({ length: rows * columns }, (_, i) => i % 100);
  const f = jit((a, m) => np.subtract(a, m), { donate: 0 });
  const result = f(array(x).reshape([rows, columns]), array([1, 2, 3]));
  expect(Array.from(result.dataSync())).toEqual(Array.from(x, (v, i) => v - 1 - (i % columns)));
});
