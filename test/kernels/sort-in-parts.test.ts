/** Few long lines are sorted by several programs each: stably, NaN last, both zeros equal. */
import { expect, test } from "vitest";
import { array } from "../../src/index.js";
import { jit } from "../../src/api/jit.js";
import * as lax from "../../src/lax/index.js";
import * as np from "../../src/numpy/index.js";
import { randomSource } from "./random.js";

const SPECIAL = [Number.NaN, 0, -0, Number.NEGATIVE_INFINITY];

test.each([
  { shape: [65536 + 7], axis: 0 },
  { shape: [65536, 2], axis: 0 },
])("shape $shape", ({ shape, axis }) => {
  const random = randomSource(3);
  const size = shape.reduce((a, b) => a * b);
  const x = Float32Array.from({ length: size }, () =>
    random() < 0.1 ? SPECIAL[Math.floor(random() * 4)] : Math.floor(random() * 20_000) - 10_000,
  );
  // NaN with a sign and a payload
  const bits = new Uint32Array(x.buffer);
  for (let i = 0; i < size; i += 1001) bits[i] = 0xffc00000 + (i % 5);
  const [n, lines] = [shape[axis], size / shape[axis]];
  const positions = jit((v) => np.argsort(v, axis))(array(x).reshape(shape)).dataSync();
  const sorted = jit((v) => np.sort(v, axis))(array(x).reshape(shape)).dataSync();
  for (let line = 0; line < lines; line++) {
    const at = (i: number): number => x[i * lines + line];
    const rank = (i: number): number => (Number.isNaN(at(i)) ? Number.POSITIVE_INFINITY : at(i));
    // JavaScript's sort is stable, so equal keys keep their order
    const expected = Array.from({ length: n }, (_, i) => i).sort((a, b) =>
      rank(a) === rank(b) ? 0 : rank(a) - rank(b),
    );
    const found = Array.from({ length: n }, (_, i) => Number(positions[i * lines + line]));
    expect(found).toEqual(expected);
    expect(Array.from({ length: n }, (_, i) => sorted[i * lines + line])).toEqual(expected.map(at));
  }
});

test.each([
  { dtype: "f32", k: 10, rows: 1 },
  { dtype: "f64", k: 64, rows: 2 },
  { dtype: "i32", k: 3, rows: 2 },
  { dtype: "i16", k: 10, rows: 1 },
  { dtype: "f32", k: 100, rows: 2 },
  { dtype: "i32", k: 2000, rows: 2 },
  { dtype: "f64", k: 65, rows: 2 },
  { dtype: "f32", k: 9000, rows: 2 },
] as const)("the $k greatest of long rows of $dtype: equal ones in their order, NaN first", ({ dtype, k, rows }) => {
  const n = 65536 + 7;
  const random = randomSource(5);
  const isFloat = dtype.startsWith("f");
  const x = Array.from({ length: rows * n }, (_, i) => {
    if (isFloat && random() < 1e-4) return SPECIAL[Math.floor(random() * 4)];
    // a row that rises to its end is the longest way to the greatest ones
    return i < n ? Math.floor(i / 5) % 32_768 : Math.floor(random() * 20_000) - 10_000;
  });
  const [values, indices] = jit((v) => lax.topK(v, k))(array(x, dtype).reshape([rows, n])).map((y) =>
    Array.from(y.dataSync(), Number),
  );
  const rank = (v: number): number => (Number.isNaN(v) ? Number.POSITIVE_INFINITY : v);
  for (let row = 0; row < rows; row++) {
    const line = x.slice(row * n, (row + 1) * n);
    const expected = line
      .map((_, i) => i)
      .sort((a, b) => (rank(line[a]) === rank(line[b]) ? 0 : rank(line[b]) - rank(line[a])))
      .slice(0, k);
    expect(indices.slice(row * k, (row + 1) * k)).toEqual(expected);
    expect(values.slice(row * k, (row + 1) * k)).toEqual(expected.map((i) => line[i]));
  }
});
