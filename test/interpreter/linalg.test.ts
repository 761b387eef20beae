/** Factorisations against NumPy and SciPy (LAPACK), and by multiplying back. */
import { describe, expect, it } from "vitest";
import { fromValues, type NDArray } from "../../src/interpreter/array.js";
import { array, elements, GOLDEN, run, seq, values, worst } from "./run.js";

function product(a: NDArray, b: NDArray): NDArray {
  return run(
    "dot_general",
    { lhsContract: [1], rhsContract: [0], lhsBatch: [], rhsBatch: [], preferred: null },
    a,
    b,
  )[0];
}
const transposed = (a: NDArray): NDArray => run("transpose", { perm: [1, 0] }, a)[0];
const diagonal = (n: number, f: (i: number) => number): NDArray =>
  fromValues(
    [n, n],
    "f64",
    Array.from({ length: n * n }, (_, k) => (k % (n + 1) === 0 ? f(k / (n + 1)) : 0)),
  );
const identity = (n: number): number[] => Array.from(diagonal(n, () => 1).data as Float64Array);
const numbers = (x: NDArray): number[] => Array.from(x.data as Float64Array);

const a = run(
  "add",
  {},
  seq([4, 4]),
  diagonal(4, () => 6),
)[0];
const spd = product(a, transposed(a));

describe("linalg", () => {
  it("cholesky agrees with NumPy and reads the lower triangle only", () => {
    const garbage = fromValues(
      [4, 4],
      "f64",
      numbers(spd).map((v, k) => (k % 4 > Math.floor(k / 4) ? Number.NaN : v)),
    );
    expect(worst(values("cholesky", {}, garbage), GOLDEN.cholesky)).toBeLessThan(1e-14);
  });
  it("cholesky of what is not positive definite is NaN, in that matrix only", () => {
    const [l] = run("cholesky", {}, array("f64", [2, 2, 2], [4, 0, 2, 5, 1, 0, 2, 1]));
    const nan = Number.NaN;
    expect(numbers(l)).toEqual([2, 0, 1, 2, nan, 0, nan, nan]);
  });
  it("triangular_solve agrees with SciPy", () => {
    const solve = (leftSide: boolean, lower: boolean, transposeA: boolean, unitDiagonal: boolean, b: NDArray) =>
      values("triangular_solve", { leftSide, lower, transposeA, unitDiagonal }, a, b);
    expect(worst(solve(true, true, false, false, seq([4, 2])), GOLDEN["solve lower"], 0.01)).toBeLessThan(1e-13);
    expect(worst(solve(true, true, true, false, seq([4, 2])), GOLDEN["solve lower transposed"], 0.01)).toBeLessThan(
      1e-13,
    );
    expect(worst(solve(true, false, false, true, seq([4, 2])), GOLDEN["solve unit upper"], 0.01)).toBeLessThan(1e-13);
    expect(worst(solve(false, true, false, false, seq([2, 4])), GOLDEN["solve right"], 0.01)).toBeLessThan(1e-13);
  });
  it("lu agrees with SciPy's pivots and factors", () => {
    const [packed, pivots, permutation] = run("lu", {}, seq([4, 4], 9, 2, 13));
    expect(worst(packed.data as Float64Array, GOLDEN.lu.packed, 0.01)).toBeLessThan(1e-14);
    expect(elements(pivots)).toEqual(GOLDEN.lu.pivots);
    expect([pivots.dtype, permutation.dtype]).toEqual(["i32", "i32"]);
    const swapped = [0, 1, 2, 3];
    GOLDEN.lu.pivots.forEach((p: number, k: number) => {
      [swapped[k], swapped[p]] = [swapped[p], swapped[k]];
    });
    expect(elements(permutation)).toEqual(swapped);
  });
  it("lu goes on with a zero pivot", () => {
    expect(numbers(run("lu", {}, array("f64", [2, 2], [0, 1, 0, 2]))[0])).toEqual([0, 1, 0, 2]);
  });
  it("qr has LAPACK's signs", () => {
    for (const [name, shape] of [
      ["qr", [5, 3]],
      ["qr wide", [3, 5]],
    ] as const) {
      const [q, r] = run("qr", { fullMatrices: false }, seq(shape));
      expect(worst(q.data as Float64Array, GOLDEN[name].q, 0.01)).toBeLessThan(1e-13);
      expect(worst(r.data as Float64Array, GOLDEN[name].r, 0.01)).toBeLessThan(1e-13);
    }
    const [q, r] = run("qr", { fullMatrices: true }, seq([5, 3]));
    expect([q.shape, r.shape]).toEqual([
      [5, 5],
      [5, 3],
    ]);
    expect(worst(numbers(product(q, r)), numbers(seq([5, 3])), 1)).toBeLessThan(1e-14);
    expect(worst(numbers(product(transposed(q), q)), identity(5), 1)).toBeLessThan(1e-14);
  });
  it("eigh agrees with NumPy and diagonalises", () => {
    const [w, v] = run("eigh", {}, spd);
    expect(worst(w.data as Float64Array, GOLDEN.eigvalsh)).toBeLessThan(1e-13);
    expect(
      worst(
        numbers(
          product(
            product(
              v,
              diagonal(4, (i) => Number(w.data[i])),
            ),
            transposed(v),
          ),
        ),
        numbers(spd),
        1,
      ),
    ).toBeLessThan(1e-12);
    expect(worst(numbers(product(transposed(v), v)), identity(4), 1)).toBeLessThan(1e-14);
  });
  it("eigh of a matrix of zeros and of equal eigenvalues is orthonormal", () => {
    for (const m of [diagonal(3, () => 0), diagonal(3, () => 2), array("f64", [3, 3], [2, 0, 0, 1, 2, 0, 1, 1, 2])]) {
      const [, v] = run("eigh", {}, m);
      expect(worst(numbers(product(transposed(v), v)), identity(3), 1)).toBeLessThan(1e-14);
    }
  });
  for (const fullMatrices of [false, true]) {
    it(`svd agrees with NumPy and multiplies back${fullMatrices ? ", full" : ""}`, () => {
      for (const [name, shape] of [
        ["svd", [5, 3]],
        ["svd wide", [3, 5]],
      ] as const) {
        const [m, n] = shape;
        const [u, s, vt] = run("svd", { fullMatrices }, seq(shape));
        expect(worst(s.data as Float64Array, GOLDEN[name], 0.01)).toBeLessThan(1e-13);
        const k = fullMatrices ? Math.max(m, n) : 3;
        expect([u.shape, vt.shape]).toEqual(
          fullMatrices
            ? [
                [m, m],
                [n, n],
              ]
            : [
                [m, 3],
                [3, n],
              ],
        );
        // Σ as wide as U's columns and Vᵀ's rows
        const sigma = fromValues(
          [u.shape[1], vt.shape[0]],
          "f64",
          Array.from({ length: u.shape[1] * vt.shape[0] }, (_, i) =>
            Math.floor(i / vt.shape[0]) === i % vt.shape[0] ? Number(s.data[i % vt.shape[0]]) : 0,
          ),
        );
        expect(worst(numbers(product(product(u, sigma), vt)), numbers(seq(shape)), 1)).toBeLessThan(1e-13);
        expect(worst(numbers(product(transposed(u), u)), identity(u.shape[1]), 1)).toBeLessThan(1e-13);
        expect(worst(numbers(product(vt, transposed(vt))), identity(vt.shape[0]), 1)).toBeLessThan(1e-13);
        expect(k).toBeGreaterThan(0);
      }
    });
  }
  it("svd of a matrix of rank 1 has orthonormal factors", () => {
    const m = array("f64", [3, 3], [1, 2, 3, 2, 4, 6, 3, 6, 9]);
    const [u, s, vt] = run("svd", { fullMatrices: false }, m);
    expect(worst(s.data as Float64Array, [14, 0, 0], 1)).toBeLessThan(1e-13);
    expect(worst(numbers(product(transposed(u), u)), identity(3), 1)).toBeLessThan(1e-13);
    expect(worst(numbers(product(vt, transposed(vt))), identity(3), 1)).toBeLessThan(1e-13);
  });
  it("spreads NaN instead of looping", () => {
    const m = array("f64", [2, 2], [1, Number.NaN, Number.NaN, 1]);
    expect(numbers(run("eigh", {}, m)[0])).toEqual([Number.NaN, Number.NaN]);
    expect(numbers(run("svd", { fullMatrices: false }, m)[1])).toEqual([Number.NaN, Number.NaN]);
  });
});
