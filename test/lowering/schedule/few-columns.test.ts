/** Few columns: rows are taken together until they are whole vectors; results are those of plain loops, whatever the sizes. */
import { array, explain, grad, jit, numpy as np, type Tensor } from "tilework";
import { describe, expect, it } from "vitest";
import { mulberry } from "../../runtime/random.js";

function values(n: number): Float64Array {
  const random = mulberry(n);
  return Float64Array.from({ length: n }, () => 2 * random() - 1);
}
/** Combines the middle one of three axes. */
function combined(
  data: ArrayLike<number>,
  [outer, down, across]: readonly [number, number, number],
  first: number,
  f: (acc: number, x: number, column: number) => number,
): Float64Array {
  const out = new Float64Array(outer * across).fill(first);
  for (let i = 0; i < data.length; i++) {
    const at = Math.floor(i / (down * across)) * across + (i % across);
    out[at] = f(out[at], data[i], at);
  }
  return out;
}
function isFlat(f: (...x: Tensor[]) => unknown, ...x: Tensor[]): boolean {
  return /\d+ columns are reduced by \d+ programs, \d+ rows at once/.test(explain(jit(f))(...x).stages.tile());
}
const read = (t: Tensor): number[] => Array.from(t.dataSync() as ArrayLike<number>, Number);

describe.each([2, 3, 5, 10, 16, 31])("%i columns", (across) => {
  it.each([
    ["f32", [1, Math.ceil(9000 / across), across]],
    ["f64", [1, Math.ceil(140_000 / across), across]],
    ["f32", [3, Math.ceil(66_000 / across) + 1, across]],
    ["f32", [40, 300, across]],
  ] as const)("%s %j along the middle axis", (dtype, shape) => {
    const data = values(shape[0] * shape[1] * across);
    if (dtype === "f32") data.forEach((v, i) => (data[i] = Math.fround(v)));
    const x = array(data)
      .reshape(...shape)
      .astype(dtype);
    const close = dtype === "f32" ? 3e-5 : 1e-13;
    const f = (v: Tensor) => [v.sum(1), np.square(v).mean(1), v.max(1), v.min(1)];
    expect(isFlat((v) => v.sum(1), x)).toBe(true);
    expect(isFlat((v) => v.min(1), x)).toBe(true);
    const [sum, square, most, least] = jit(f)(x).map(read);
    combined(data, shape, 0, (a, v) => a + v).forEach((s, i) => expect(Math.abs(sum[i] - s)).toBeLessThan(close * 30));
    combined(data, shape, 0, (a, v) => a + v * v).forEach((s, i) =>
      expect(Math.abs(square[i] - s / shape[1])).toBeLessThan(close),
    );
    expect(most).toEqual([...combined(data, shape, Number.NEGATIVE_INFINITY, (a, v) => Math.max(a, v))]);
    expect(least).toEqual([...combined(data, shape, Number.POSITIVE_INFINITY, (a, v) => Math.min(a, v))]);
  });
  it("later passes read the results of earlier ones by column", () => {
    const rows = Math.ceil(70_000 / across) + 3;
    const shape = [2, rows, across] as const;
    const data = values(2 * rows * across).map(Math.fround);
    data.forEach((v, i) => (data[i] = Math.fround(v + (i % across))));
    const x = array(data)
      .reshape(...shape)
      .astype("f32");
    const f = (v: Tensor) => [v.mean(1), np.std(v, 1)];
    expect(isFlat(f, x)).toBe(true);
    const [mean, std] = jit(f)(x).map(read);
    const means = combined(data, shape, 0, (a, v) => a + v).map((s) => s / rows);
    means.forEach((m, i) => expect(Math.abs(mean[i] - m)).toBeLessThan(1e-5 * (1 + Math.abs(m))));
    combined(data, shape, 0, (a, v, c) => a + (v - means[c]) ** 2).forEach((s, i) =>
      expect(Math.abs(std[i] - Math.sqrt(s / rows))).toBeLessThan(1e-5),
    );
  });
  it("integers wrap around as everywhere, and what is subtracted by column is read by column", () => {
    const rows = Math.ceil(9000 / across) + 1;
    const ints = Int32Array.from(values(rows * across), (v) => Math.round(v * 2 ** 31));
    const less = Int32Array.from({ length: across }, (_, i) => 1000 * i + 1);
    const f = (v: Tensor, w: Tensor) => v.sub(w).sum(0);
    const [x, w] = [array(ints).reshape(rows, across), array(less)];
    expect(isFlat(f as never, x, w)).toBe(true);
    const sums = new Int32Array(across);
    ints.forEach((v, i) => (sums[i % across] += v - less[i % across]));
    expect(jit(f)(x, w).dataSync()).toEqual(sums);
  });
});

it("the greatest and the least, bit for bit, with NaN and the signs of zeros", () => {
  const [rows, columns] = [3001, 5];
  const data = values(rows * columns);
  for (let r = 0; r < rows; r++) {
    data[r * columns] = -0;
    data[r * columns + 1] = r === rows - 1 ? 0 : -0;
    data[r * columns + 2] = r === rows - 1 ? -0 : 0;
  }
  data[3 * columns + 3] = Number.NaN;
  data[(rows - 1) * columns + 4] = Number.NaN;
  const shape = [1, rows, columns] as const;
  for (const dtype of ["f32", "f64"] as const) {
    const x = array(data).reshape(rows, columns).astype(dtype);
    const [most, least] = jit((v: Tensor) => [v.max(0), v.min(0)])(x).map(read);
    expect(most).toEqual([...combined(data, shape, Number.NEGATIVE_INFINITY, (a, v) => Math.max(a, v))]);
    expect(least).toEqual([...combined(data, shape, Number.POSITIVE_INFINITY, (a, v) => Math.min(a, v))]);
  }
});

it("the gradient of a bias", () => {
  const [rows, columns] = [2000, 10];
  const data = values(rows * columns);
  const x = array(data).reshape(rows, columns).astype("f32");
  const loss = (bias: Tensor) => np.square(x.add(bias)).sum();
  const got = jit(grad(loss))(np.ones([columns]));
  combined(data, [1, rows, columns], 0, (a, v) => a + 2 * (v + 1)).forEach((s, i) =>
    expect(Math.abs(read(got)[i] / s - 1)).toBeLessThan(1e-5),
  );
});

it("what differs from row to row otherwise is left as it is", () => {
  const x = np.ones([5000, 5]);
  expect(isFlat((v, w) => v.mul(w).sum(0), x, np.ones([5000, 1]))).toBe(false);
  expect(isFlat((v) => v.sum(0), np.ones([32768, 64]))).toBe(false);
  expect(isFlat((v) => v.sum(0), np.ones([100, 5]))).toBe(false);
});
