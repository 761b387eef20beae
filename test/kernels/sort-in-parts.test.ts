/** Few long lines are sorted by several programs each: stably, NaN last, both zeros equal. */
import { expect, test } from "vitest";
import { array } from "../../src/index.js";
import { jit } from "../../src/api/jit.js";
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
