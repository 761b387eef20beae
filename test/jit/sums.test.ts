/** Long f32 sums are done in parts, so that the rounding of each addition stays small beside what it adds. */
import { describe, expect, it } from "vitest";
import { jit, numpy as np, type Tensor } from "../../src/index.js";

const N = 3_000_001;
const TENTH = Math.fround(0.1);
const worst = (t: Tensor, expected: number): number =>
  Math.max(...Array.from(t.ravel().dataSync() as Float32Array, (v) => Math.abs(v / expected - 1)));

// one addition after the other in f32 gives errors of 2e-3 to 2e-2 here
describe("sums of millions of equal numbers", () => {
  const x = np.full([N], 0.1);
  const rows = np.full([300_000, 3], 0.1);
  const three = np.full([500, 3, 700], 0.1);
  it.each<[name: string, f: (x: Tensor) => Tensor, x: Tensor, expected: number]>([
    ["of a vector", (x) => x.sum(), x, N * TENTH],
    ["its mean", (x) => x.mean(), x, TENTH],
    ["of squares", (x) => x.square().sum(), x, N * TENTH ** 2],
    ["a product", (x) => np.dot(x, x), x, N * TENTH ** 2],
    ["of columns", (x) => x.sum(0), rows, 300_000 * TENTH],
    ["of rows of the transpose", (x) => x.T.sum(1), rows, 300_000 * TENTH],
    ["of everything", (x) => x.sum(), rows, 900_000 * TENTH],
    ["along two axes that are apart", (x) => x.sum([0, 2]), three, 350_000 * TENTH],
    ["along the last two", (x) => x.transpose(1, 0, 2).sum([1, 2]), three, 350_000 * TENTH],
  ])("%s", (_, f, operand, expected) => {
    expect(worst(jit(f)(operand), expected)).toBeLessThan(5e-5);
  });
  const layouts: [name: string, f: (a: Tensor, b: Tensor) => Tensor, a: number[], b: number[]][] = [
    ["plain", (a, b) => np.matmul(a, b), [5, 300_007], [300_007, 6]],
    ["left transposed", (a, b) => np.matmul(a.T, b), [300_007, 5], [300_007, 6]],
    ["right transposed", (a, b) => np.matmul(a, b.T), [5, 300_007], [6, 300_007]],
    ["two inner axes", (a, b) => np.einsum("iaj,iak->jk", a, b), [101, 5000, 5], [101, 5000, 6]],
  ];
  it.each(layouts)("matrix product, %s", (_, f, a, b) => {
    const depth = Math.max(...a) === 5000 ? 505_000 : 300_007;
    expect(worst(jit(f)(np.full(a, 0.1), np.full(b, 0.1)), depth * TENTH ** 2)).toBeLessThan(5e-5);
  });
  it("matrix products of whole numbers are exact, whatever the parts leave over", () => {
    for (const k of [2048, 2049, 5003, 8192 * 4 + 3]) {
      const whole = (n: number, m: number, seed: number): Tensor =>
        np
          .arange(n * m)
          .mul(seed)
          .mod(5)
          .sub(2)
          .reshape(n, m);
      const a = whole(5, k, 7);
      const b = whole(k, 18, 3);
      const expected = jit((a: Tensor, b: Tensor) => np.matmul(a, b))(a, b).js();
      const [x, y] = [a.astype("f32"), b.astype("f32")];
      expect(jit((a: Tensor, b: Tensor) => np.matmul(a, b))(x, y).js()).toEqual(expected);
      expect(jit((a: Tensor, b: Tensor) => np.matmul(a.T, b))(x.T.add(0), y).js()).toEqual(expected);
      expect(jit((a: Tensor, b: Tensor) => np.matmul(a, b.T))(x, y.T.add(0)).js()).toEqual(expected);
    }
  });
  it("and nothing is lost or counted twice at the parts' ends", () => {
    for (const n of [2048 * 16, 2048 * 16 + 1, 40_000, 65_535, 65_536 + 7]) {
      const counted = np.arange(n).mod(7);
      const expected = Array.from({ length: n }, (_, i) => i % 7).reduce((a, b) => a + b);
      expect(jit((t: Tensor) => t.astype("f32").sum())(counted).item()).toBe(expected);
      expect(
        jit((t: Tensor) =>
          t
            .astype("f32")
            .reshape(n, 1)
            .mul(np.ones([2]))
            .sum(0),
        )(counted).js(),
      ).toEqual([expected, expected]);
    }
  });
});
