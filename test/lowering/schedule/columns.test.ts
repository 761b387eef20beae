/** Columns of large matrices: rows are walked from left to right and combined in parts; results are those of plain loops. */
import { array, explain, jit, numpy as np, type Tensor } from "tilework";
import { describe, expect, it } from "vitest";
import { mulberry } from "../../runtime/random.js";

/** Rows of values between -1 and 1. */
function matrix(rows: number, columns: number): Float32Array {
  const random = mulberry(rows);
  return Float32Array.from({ length: rows * columns }, () => 2 * random() - 1);
}
function byColumn(
  data: Float32Array,
  columns: number,
  first: number,
  f: (acc: number, x: number) => number,
): Float64Array {
  const out = new Float64Array(columns).fill(first);
  for (let i = 0; i < data.length; i++) out[i % columns] = f(out[i % columns], data[i]);
  return out;
}
function isWrittenByRows(f: (x: Tensor) => Tensor, x: Tensor): boolean {
  return explain(jit(f))(x).stages.tile().includes("parts");
}

describe.each([
  [512, 512],
  [519, 517],
  [601, 1031],
  [65, 4096],
])("%i rows of %i columns", (rows, columns) => {
  const data = matrix(rows, columns);
  const x = array(data).reshape(rows, columns);

  it("sums, with what follows them, to a few roundings", () => {
    const mean = (v: Tensor) => np.sqrt(v.mul(3).sum(0).div(rows).add(4));
    expect(isWrittenByRows(mean, x)).toBe(true);
    const sums = byColumn(data, columns, 0, (a, b) => a + b);
    const got = jit(mean)(x).dataSync();
    sums.forEach((s, i) => expect(Math.abs(got[i] - Math.sqrt((3 * s) / rows + 4))).toBeLessThan(1e-6));
  });
  it("two reductions side by side", () => {
    const f = jit((v: Tensor) => [v.sum(0), np.square(v).sum(0)]);
    const [a, b] = f(x).map((t) => t.dataSync());
    byColumn(data, columns, 0, (s, v) => s + v).forEach((s, i) => expect(Math.abs(a[i] - s)).toBeLessThan(2e-5));
    byColumn(data, columns, 0, (s, v) => s + v * v).forEach((s, i) => expect(Math.abs(b[i] - s)).toBeLessThan(2e-4));
  });
  it("the greatest and the least, bit for bit, with NaN and the signs of zeros", () => {
    const special = data.slice();
    for (let r = 0; r < rows; r++) {
      special[r * columns] = -0;
      special[r * columns + 1] = r === rows - 1 ? 0 : -0;
      special[r * columns + 2] = r === rows - 1 ? -0 : 0;
    }
    special[3 * columns + 3] = Number.NaN;
    special[(rows - 1) * columns + 4] = Number.NaN;
    const y = array(special).reshape(rows, columns);
    expect(isWrittenByRows((v) => v.max(0), y)).toBe(true);
    expect(jit((v: Tensor) => v.max(0))(y).dataSync()).toEqual(
      Float32Array.from(byColumn(special, columns, Number.NEGATIVE_INFINITY, Math.max)),
    );
    expect(jit((v: Tensor) => v.min(0))(y).dataSync()).toEqual(
      Float32Array.from(byColumn(special, columns, Number.POSITIVE_INFINITY, Math.min)),
    );
  });
  it("integers wrap around as everywhere", () => {
    const ints = Int32Array.from(data, (v) => Math.round(v * 2 ** 31));
    const got = jit((v: Tensor) => v.sum(0))(array(ints).reshape(rows, columns)).dataSync();
    const sums = new Int32Array(columns);
    ints.forEach((v, i) => {
      sums[i % columns] += v;
    });
    expect(got).toEqual(sums);
  });
});

it.each([
  [[70, 60, 63], 1],
  [[9, 130, 9, 61], 1],
  [[60, 5000], 0],
  [[33, 33000], 0],
  [[9000, 33], 0],
] as const)("f32 %j along axis %i, whole numbers exactly", (shape, axis) => {
  const n = shape.reduce((a, b) => a * b, 1);
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: n }, (_, i) => (i * 7919) % 13);
  for (const dtype of ["f32", "f64"] as const) {
    const x = array(data)
      .reshape(...shape)
      .astype(dtype);
    const f = (v: Tensor) => [v.sum(axis).mul(2), v.max(axis)];
    expect(explain(jit(f))(x).stages.tile()).toContain("parts");
    const sums = new Float64Array(n / shape[axis]);
    const greatest = new Float64Array(n / shape[axis]);
    data.forEach((v, i) => {
      const at = Math.floor(i / inner / shape[axis]) * inner + (i % inner);
      sums[at] += 2 * v;
      greatest[at] = Math.max(greatest[at], v);
    });
    const [a, b] = jit(f)(x).map((t) => Float64Array.from(t.dataSync() as ArrayLike<number>));
    expect(a).toEqual(sums);
    expect(b).toEqual(greatest);
  }
});

it("small matrices and few rows are left as they are", () => {
  for (const shape of [
    [64, 512],
    [16, 32768],
  ])
    expect(isWrittenByRows((v) => v.sum(0), np.ones(shape))).toBe(false);
});
