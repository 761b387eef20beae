/** Lines of a named length: one program sorts them however long they are, as the way that their length decides. */
import { expect, test } from "vitest";
import { jit, lax, numpy as np, type Tensor } from "../../src/index.js";
import { randomSource } from "./random.js";

const SPECIAL = [Number.NaN, 0, -0, Number.NEGATIVE_INFINITY];
const random = randomSource(11);
const numbers = (n: number): number[] =>
  Array.from({ length: n }, () => (random() < 0.1 ? SPECIAL[Math.floor(random() * 4)] : Math.floor(random() * 400)));
const rank = (x: number): number => (Number.isNaN(x) ? Number.POSITIVE_INFINITY : x);
/** Positions in ascending order; equal ones, and NaN, as they came. */
const order = (xs: readonly number[], sign = 1): number[] =>
  xs.map((_, i) => i).sort((a, b) => (rank(xs[a]) === rank(xs[b]) ? 0 : sign * (rank(xs[a]) - rank(xs[b]))));

// by merging, by digits with short and long tables of counts, in parts; the second size makes the length a name
const LENGTHS = [5000, 5001, 2, 16, 17, 100, 127, 128, 16_383, 16_384, 65_535, 65_536, 65_543];

test("positions of one line", () => {
  const f = jit((x: Tensor) => np.argsort(x));
  for (const n of LENGTHS) {
    const xs = numbers(n);
    expect(Array.from(f(np.array(xs)).dataSync() as Int32Array)).toEqual(order(xs));
  }
  expect(f.entries().map((e) => e.sizes.length)).toEqual([0, 1]);
});

test("lines along the first axis, and many of them", () => {
  const f = jit((x: Tensor) => np.argsort(x, 0));
  for (const [n, m] of [
    [7, 3],
    [8, 5],
    [9, 2],
    [31, 4],
    [200, 9],
  ]) {
    const columns = Array.from({ length: m }, () => numbers(n));
    const x = np.array(Array.from({ length: n }, (_, i) => columns.map((c) => c[i])));
    const got = f(x).js() as number[][];
    columns.forEach((c, j) => expect(got.map((row) => row[j])).toEqual(order(c)));
  }
  expect(f.entries().length).toBe(2);
});

test.each([3, 70])("the %i greatest", (k) => {
  const f = jit((x: Tensor) => lax.topK(x, k));
  for (const n of LENGTHS.filter((l) => l >= k)) {
    const xs = numbers(n);
    const [values, positions] = f(np.array(xs));
    const first = order(xs, -1).slice(0, k);
    expect(Array.from(positions.dataSync() as Int32Array)).toEqual(first);
    expect(Array.from(values.dataSync() as Float32Array)).toEqual(first.map((i) => xs[i]));
  }
  expect(f.entries().length).toBe(2);
});
