/** Factorisations against what defines them: their factors multiplied give the matrix back, and have the promised form. */
import { describe, expect, test } from "vitest";
import { aval } from "../../src/ir/aval.js";
import { castScalar, type DType } from "../../src/ir/dtype.js";
import { interpreterLinalg } from "./oracle.js";
import { cholesky } from "../../src/kernels/cholesky.js";
import { eigh } from "../../src/kernels/eigh.js";
import { lu } from "../../src/kernels/lu.js";
import { qr } from "../../src/kernels/qr.js";
import { svd } from "../../src/kernels/svd.js";
import { triangularSolve } from "../../src/kernels/triangular-solve.js";
import { normal, randomSource } from "./random.js";
import { runCompiled } from "./compiled.js";
import { ways } from "./run.js";

type Matrix = number[];
const DTYPES = ["f32", "f64"] as const;
const EPS = { f32: 2 ** -23, f64: 2 ** -52 };

function matrix(random: () => number, rows: number, columns: number, dtype: DType): Matrix {
  return Array.from({ length: rows * columns }, () => castScalar(normal(random), dtype) as number);
}
/** a (m × k) times b (k × n). */
function times(a: Matrix, b: Matrix, m: number, k: number, n: number): Matrix {
  const c: Matrix = Array(m * n).fill(0);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) for (let l = 0; l < k; l++) c[i * n + j] += a[i * k + l] * b[l * n + j];
  return c;
}
function transposed(a: Matrix, rows: number, columns: number): Matrix {
  return Array.from({ length: rows * columns }, (_, i) => a[(i % rows) * columns + Math.floor(i / rows)]);
}
function identity(n: number): Matrix {
  return Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
}
function expectClose(a: Matrix, b: Matrix, tolerance: number, what: string): void {
  expect(a.length, what).toBe(b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i] - b[i]);
    if (!(d <= worst)) worst = d;
  }
  expect(worst, what).toBeLessThanOrEqual(tolerance);
}
const numbers = (x: readonly unknown[]): Matrix => x.map(Number);
const part = (x: Matrix, b: number, size: number): Matrix => x.slice(b * size, (b + 1) * size);

describe.each(ways)("$name", ({ run }) => {
  describe.each(DTYPES)("%s", (dtype) => {
    const eps = EPS[dtype];

    test.each([1, 2, 3, 4, 5, 8, 17, 33])("cholesky of order %d: L Lᵀ = A", (n) => {
      const random = randomSource(n);
      const batch = 2;
      const as: Matrix = [];
      for (let b = 0; b < batch; b++) {
        const g = matrix(random, n, n, dtype);
        const a = times(g, transposed(g, n, n), n, n, n).map((x) => castScalar(x, dtype) as number);
        for (let i = 0; i < n; i++) a[i * n + i] = castScalar(a[i * n + i] + 1, dtype) as number;
        as.push(...a);
      }
      // what stands above the diagonal is not read
      const spoilt = as.map((x, at) => (Math.floor((at % (n * n)) / n) < at % n ? 1e9 : x));
      const [out] = run(cholesky([aval([batch, n, n], dtype)], {}), [spoilt]).map(numbers);
      for (let b = 0; b < batch; b++) {
        const l = part(out, b, n * n);
        for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) expect(l[i * n + j]).toBe(0);
        expectClose(times(l, transposed(l, n, n), n, n, n), part(as, b, n * n), 20 * n * n * eps, "L Lᵀ");
      }
    });
    test("cholesky of a matrix that is not positive definite is NaN below, 0 above", () => {
      const [l] = run(cholesky([aval([3, 3], dtype)], {}), [[1, 0, 0, 2, 1, 0, 0, 0, 1]]).map(numbers);
      expect(l).toEqual([Number.NaN, 0, 0, Number.NaN, Number.NaN, 0, Number.NaN, Number.NaN, Number.NaN]);
    });

    describe.each([true, false])("triangular solve, left %s", (leftSide) => {
      const flags = [false, true];
      test.each(flags.flatMap((l) => flags.flatMap((t) => flags.map((u) => [l, t, u] as const))))(
        "lower %s, transposed %s, unit %s",
        (lower, transposeA, unitDiagonal) => {
          for (const [n, other] of [
            [1, 1],
            [2, 1],
            [3, 3],
            [5, 7],
            [9, 19],
            [18, 1],
          ]) {
            const random = randomSource(n * 100 + other);
            const a = matrix(random, n, n, dtype).map((x, at) =>
              castScalar(at % (n + 1) === 0 ? 2 + Math.abs(x) : x / n, dtype),
            ) as number[];
            const [rows, columns] = leftSide ? [n, other] : [other, n];
            const b = matrix(random, rows, columns, dtype);
            const params = { leftSide, lower, transposeA, unitDiagonal };
            const program = triangularSolve([aval([n, n], dtype), aval([rows, columns], dtype)], params);
            const [x] = run(program, [a, b]).map(numbers);
            let t = a.map((v, at) => {
              const [i, j] = [Math.floor(at / n), at % n];
              if (i === j) return unitDiagonal ? 1 : v;
              return i > j === lower ? v : 0;
            });
            if (transposeA) t = transposed(t, n, n);
            const back = leftSide ? times(t, x, n, n, other) : times(x, t, other, n, n);
            expectClose(back, b, 40 * n * eps, `${n} × ${other}`);
          }
        },
      );
    });

    test.each([
      [1, 1],
      [3, 3],
      [4, 7],
      [9, 5],
      [20, 20],
      [1, 6],
      [6, 1],
    ])("lu of %d × %d: A[permutation] = L U", (m, n) => {
      const random = randomSource(m * 50 + n);
      const k = Math.min(m, n);
      const batch = 2;
      const as = [...matrix(random, m, n, dtype), ...matrix(random, m, n, dtype)];
      const [packed, pivots, permutation] = run(lu([aval([batch, m, n], dtype)], {}), [as]).map(numbers);
      for (let b = 0; b < batch; b++) {
        const x = part(packed, b, m * n);
        const a = part(as, b, m * n);
        const order = part(permutation, b, m);
        const l: Matrix = Array(m * k).fill(0);
        const u: Matrix = Array(k * n).fill(0);
        for (let i = 0; i < m; i++)
          for (let j = 0; j < n; j++) {
            if (i > j && j < k) l[i * k + j] = x[i * n + j];
            if (i === j) l[i * k + j] = 1;
            if (i <= j) u[i * n + j] = x[i * n + j];
          }
        expect(Math.max(0, ...l.map(Math.abs))).toBeLessThanOrEqual(1);
        const rows = order.flatMap((from) => a.slice(from * n, from * n + n));
        expectClose(times(l, u, m, k, n), rows, 20 * k * eps, "L U");
        // the pivots, applied as swaps, give the permutation
        const swapped = Array.from({ length: m }, (_, i) => i);
        part(pivots, b, k).forEach((p, i) => {
          [swapped[i], swapped[p]] = [swapped[p], swapped[i]];
        });
        expect(order).toEqual(swapped);
      }
    });
    test("lu of a singular matrix goes on", () => {
      const [packed] = run(lu([aval([3, 3], dtype)], {}), [[0, 1, 2, 0, 3, 4, 0, 5, 6]]).map(numbers);
      expect(packed.every(Number.isFinite)).toBe(true);
    });

    describe.each([true, false])("qr, full %s", (fullMatrices) => {
      test.each([
        [1, 1],
        [3, 3],
        [4, 7],
        [9, 5],
        [20, 20],
        [30, 3],
        [1, 6],
        [6, 1],
      ])("%d × %d", (m, n) => {
        const random = randomSource(m * 50 + n);
        const k = fullMatrices ? m : Math.min(m, n);
        const batch = 2;
        const as = [...matrix(random, m, n, dtype), ...matrix(random, m, n, dtype)];
        const [qs, rs] = run(qr([aval([batch, m, n], dtype)], { fullMatrices }), [as]).map(numbers);
        const oracle = interpreterLinalg("qr", [{ shape: [batch, m, n], dtype, data: as }], { fullMatrices });
        for (let b = 0; b < batch; b++) {
          const [q, r] = [part(qs, b, m * k), part(rs, b, k * n)];
          for (let i = 0; i < k; i++) for (let j = 0; j < Math.min(i, n); j++) expect(r[i * n + j]).toBe(0);
          expectClose(times(q, r, m, k, n), part(as, b, m * n), 30 * m * eps, "Q R");
          expectClose(times(transposed(q, m, k), q, k, m, k), identity(k), 30 * m * eps, "Qᵀ Q");
        }
        expectClose(qs, oracle[0], 500 * m * eps, "the oracle's Q");
        expectClose(rs, oracle[1], 500 * m * eps, "the oracle's R");
      });
    });

    test.each([1, 2, 3, 5, 12, 25, 40, 61])("eigh of order %d: A V = V w", (n) => {
      const random = randomSource(n);
      const batch = n > 30 ? 1 : 2;
      const as: Matrix = [];
      for (let b = 0; b < batch; b++) {
        const g = matrix(random, n, n, dtype);
        as.push(...g.map((x, at) => castScalar(x + g[(at % n) * n + Math.floor(at / n)], dtype) as number));
      }
      const spoilt = as.map((x, at) => (Math.floor((at % (n * n)) / n) < at % n ? 1e9 : x));
      const [ws, vs] = run(eigh([aval([batch, n, n], dtype)], {}), [spoilt]).map(numbers);
      for (let b = 0; b < batch; b++) {
        const [a, w, v] = [part(as, b, n * n), part(ws, b, n), part(vs, b, n * n)];
        for (let i = 1; i < n; i++) expect(w[i]).toBeGreaterThanOrEqual(w[i - 1]);
        expectClose(times(transposed(v, n, n), v, n, n, n), identity(n), 20 * n * eps, "Vᵀ V");
        const scaled = v.map((x, at) => x * w[at % n]);
        expectClose(times(a, v, n, n, n), scaled, 60 * n * eps, "A V");
      }
    });
    test("eigh: repeated values, zeros, huge entries, the oracle's signs", () => {
      const diagonal = [3, 0, 0, 0, 3, 0, 0, 0, 1];
      const [w, v] = run(eigh([aval([3, 3], dtype)], {}), [diagonal]).map(numbers);
      expect(w).toEqual([1, 3, 3]);
      expectClose(times(transposed(v, 3, 3), v, 3, 3, 3), identity(3), 0, "V");
      const huge = [1, 2, 2, -1].map((x) => castScalar(x * (dtype === "f32" ? 1e38 : 1e300), dtype) as number);
      const [large] = run(eigh([aval([2, 2], dtype)], {}), [huge]).map(numbers);
      const root = Math.sqrt(5);
      expect(large[0] / huge[0]).toBeCloseTo(-root, 5);
      expect(large[1] / huge[0]).toBeCloseTo(root, 5);
      const random = randomSource(5);
      const g = matrix(random, 7, 7, dtype);
      const oracle = interpreterLinalg("eigh", [{ shape: [7, 7], dtype, data: g }], {});
      const ours = run(eigh([aval([7, 7], dtype)], {}), [g]).map(numbers);
      expectClose(ours[0], oracle[0], 100 * eps, "values");
      expectClose(ours[1], oracle[1], 1000 * eps, "vectors");
      const [nan] = run(eigh([aval([2, 2], dtype)], {}), [[Number.NaN, 0, 0, 1]]).map(numbers);
      expect(nan).toEqual([Number.NaN, Number.NaN]);
    });
    test("eigh by QR steps: a split matrix and a graded one", () => {
      const n = 30;
      const a: Matrix = Array(n * n).fill(0);
      for (let i = 0; i < n; i++) a[i * n + i] = i % 3 === 0 ? 10 ** (i / 10) : 1;
      a[1] = a[n] = 0.5;
      const rounded = a.map((x) => castScalar(x, dtype) as number);
      const [w, v] = run(eigh([aval([n, n], dtype)], {}), [rounded]).map(numbers);
      const oracle = interpreterLinalg("eigh", [{ shape: [n, n], dtype, data: rounded }], {});
      expectClose(w, oracle[0], 1000 * eps, "values");
      expectClose(times(transposed(v, n, n), v, n, n, n), identity(n), 20 * n * eps, "Vᵀ V");
    });

    /** Uᵀ U = 1, V Vᵀ = 1, U S Vᵀ = A for the stack `as`, and values in descending order. */
    function checkSvd(as: Matrix, [batch, m, n]: readonly [number, number, number], fullMatrices: boolean): Matrix[] {
      const k = Math.min(m, n);
      const [uc, vr] = fullMatrices ? [m, n] : [k, k];
      const outs = run(svd([aval([batch, m, n], dtype)], { fullMatrices }), [as]).map(numbers);
      for (let b = 0; b < batch; b++) {
        const [u, s, vt] = [part(outs[0], b, m * uc), part(outs[1], b, k), part(outs[2], b, vr * n)];
        for (let i = 0; i < k; i++) expect(s[i]).toBeGreaterThanOrEqual(i + 1 < k ? s[i + 1] : 0);
        expectClose(times(transposed(u, m, uc), u, uc, m, uc), identity(uc), 40 * m * eps, "Uᵀ U");
        expectClose(times(vt, transposed(vt, vr, n), vr, n, vr), identity(vr), 40 * n * eps, "V Vᵀ");
        const scaled = u.flatMap((_, at) => (at % uc < k ? [u[at] * s[at % uc]] : []));
        const tolerance = 60 * (m + n) * eps * Math.max(1, s[0]);
        expectClose(times(scaled, vt.slice(0, k * n), m, k, n), part(as, b, m * n), tolerance, "U S Vᵀ");
      }
      return outs;
    }
    describe.each([true, false])("svd, full %s", (fullMatrices) => {
      test.each([
        [1, 1],
        [3, 3],
        [4, 7],
        [9, 5],
        [17, 17],
        [1, 6],
        [6, 1],
      ])("%d × %d", (m, n) => {
        const random = randomSource(m * 50 + n);
        const batch = 2;
        const as = [...matrix(random, m, n, dtype), ...matrix(random, m, n, dtype)];
        const [us, ss, vts] = checkSvd(as, [batch, m, n], fullMatrices);
        const oracle = interpreterLinalg("svd", [{ shape: [batch, m, n], dtype, data: as }], { fullMatrices });
        expectClose(ss, oracle[1], 100 * eps, "the oracle's values");
        expectClose(us, oracle[0], 2000 * eps, "the oracle's U");
        expectClose(vts, oracle[2], 2000 * eps, "the oracle's Vᵀ");
      });
      test.each([
        [25, 25, 2],
        [29, 26, 1],
        [26, 43, 1],
        [50, 1, 2],
        [3, 49, 1],
      ])("by bidiagonalisation: %d × %d", (m, n, batch) => {
        const random = randomSource(m * 50 + n);
        const as = Array.from({ length: batch }, () => matrix(random, m, n, dtype)).flat();
        const [, ss] = checkSvd(as, [batch, m, n], fullMatrices);
        const oracle = interpreterLinalg("svd", [{ shape: [batch, m, n], dtype, data: as }], { fullMatrices });
        expectClose(ss, oracle[1], 200 * eps, "the oracle's values");
      });
    });
    test("svd by bidiagonalisation: no rank, little rank, equal values, zeros on the diagonal, graded, not finite", () => {
      const n = 26;
      const from = (f: (i: number, j: number) => number): Matrix =>
        Array.from({ length: n * n }, (_, at) => castScalar(f(Math.floor(at / n), at % n), dtype) as number);
      const [zero] = [
        checkSvd(
          from(() => 0),
          [1, n, n],
          true,
        ),
      ];
      expect(zero[1]).toEqual(Array(n).fill(0));
      const [, ones] = checkSvd(
        from(() => 1),
        [1, n, n],
        true,
      );
      expectClose(ones, [n, ...Array(n - 1).fill(0)], 4 * n * eps, "of ones");
      const [, equal] = checkSvd(
        from((i, j) => (i === j ? 3 : 0)),
        [1, n, n],
        true,
      );
      expect(equal).toEqual(Array(n).fill(3));
      const [, nilpotent] = checkSvd(
        from((i, j) => (j === i + 1 ? 1 : 0)),
        [1, n, n],
        true,
      );
      expectClose(nilpotent, [...Array(n - 1).fill(1), 0], 4 * n * eps, "of a shift");
      const random = randomSource(7);
      const normals = matrix(random, n, n, dtype);
      for (const sign of [-1, 1]) {
        const graded = from((i, j) => normals[i * n + j] * 10 ** ((sign * (i + j)) / 4));
        checkSvd(graded, [1, n, n], true);
      }
      // one matrix of a stack is not finite: the others are as if it were not there
      const [good, bad] = [matrix(random, n, n, dtype), matrix(random, n, n, dtype)];
      bad[5] = Number.NaN;
      const outs = run(svd([aval([2, n, n], dtype)], { fullMatrices: false }), [[...bad, ...good]]).map(numbers);
      const alone = run(svd([aval([1, n, n], dtype)], { fullMatrices: false }), [good]).map(numbers);
      outs.forEach((out, i) => {
        const size = alone[i].length;
        expect(out.slice(0, size).every(Number.isNaN)).toBe(true);
        expect(out.slice(size)).toEqual(alone[i]);
      });
    });
    test("values of large matrices are LAPACK's", () => {
      // a[i][j] = ((7 i² + 13 j + 3 i j²) mod 31 - 15) / 8; numpy.linalg.svd(a) and eigvalsh(a + aᵀ) in f64
      const n = 40;
      const a = Array.from({ length: n * n }, (_, at) => {
        const [i, j] = [Math.floor(at / n), at % n];
        return (((7 * i * i + 13 * j + 3 * i * j * j) % 31) - 15) / 8;
      });
      const [, s] = run(svd([aval([n, n], dtype)], { fullMatrices: false }), [a]).map(numbers);
      const values = [15.943844136315084, 15.495210925777572, 13.947153565282028];
      expectClose(s.slice(0, 3), values, 200 * eps, "singular values");
      const symmetric = a.map((x, at) => x + a[(at % n) * n + Math.floor(at / n)]);
      const [w] = run(eigh([aval([n, n], dtype)], {}), [symmetric]).map(numbers);
      const ends = [-23.420407222421833, -18.352122761694524, 18.968311671234332, 21.35540075440687];
      expectClose([w[0], w[1], w[n - 2], w[n - 1]], ends, 200 * eps, "eigenvalues");
    });
    test("svd: rank deficient, zero, not finite", () => {
      const rankOne = [1, 2, 3, 2, 4, 6, 3, 6, 9];
      const [u, s, vt] = run(svd([aval([3, 3], dtype)], { fullMatrices: true }), [rankOne]).map(numbers);
      expectClose(s, [14, 0, 0], 1e-5, "values");
      expectClose(times(transposed(u, 3, 3), u, 3, 3, 3), identity(3), 40 * eps, "U");
      expectClose(times(vt, transposed(vt, 3, 3), 3, 3, 3), identity(3), 40 * eps, "V");
      const zero = run(svd([aval([2, 3], dtype)], { fullMatrices: true }), [[0, 0, 0, 0, 0, 0]]).map(numbers);
      expect(zero[1]).toEqual([0, 0]);
      expectClose(zero[0], identity(2), 0, "U of zero");
      const bad = run(svd([aval([2, 2], dtype)], { fullMatrices: true }), [[1, Number.POSITIVE_INFINITY, 0, 1]]);
      expect(bad.flat().every((x) => Number.isNaN(x))).toBe(true);
    });
    test("eigh and svd of tiny and huge matrices keep their relative precision", () => {
      for (const factor of dtype === "f32" ? [1e-30, 1e30] : [1e-200, 1e200, 1e-307]) {
        const entries = [2, 1, 1, 3].map((x) => castScalar(x * factor, dtype) as number);
        const [w] = run(eigh([aval([2, 2], dtype)], {}), [entries]).map(numbers);
        const [, s] = run(svd([aval([2, 2], dtype)], { fullMatrices: true }), [entries]).map(numbers);
        const root = Math.sqrt(5) / 2;
        expectClose(
          [...w, ...s].map((x) => x / factor),
          [2.5 - root, 2.5 + root, 2.5 + root, 2.5 - root],
          20 * eps,
          `${factor}`,
        );
      }
    });
    test("empty matrices and empty batches", () => {
      expect(run(cholesky([aval([0, 3, 3], dtype)], {}), [[]])).toEqual([[]]);
      expect(run(cholesky([aval([2, 0, 0], dtype)], {}), [[]])).toEqual([[]]);
      expect(run(lu([aval([2, 0, 3], dtype)], {}), [[]]).map((x) => x.length)).toEqual([0, 0, 0]);
      expect(run(eigh([aval([0, 0], dtype)], {}), [[]]).map((x) => x.length)).toEqual([0, 0]);
      expect(run(svd([aval([0, 2], dtype)], { fullMatrices: true }), [[]])).toEqual([[], [], [1, 0, 0, 1]]);
      expect(run(qr([aval([2, 0], dtype)], { fullMatrices: true }), [[]])).toEqual([[1, 0, 0, 1], []]);
      const params = { leftSide: true, lower: true, transposeA: false, unitDiagonal: false };
      expect(run(triangularSolve([aval([0, 0], dtype), aval([0, 3], dtype)], params), [[], []])).toEqual([[]]);
    });
  });
});

describe.each(DTYPES)("matrices whose reduction is shared in parts: %s", (dtype) => {
  const eps = EPS[dtype];
  test("svd of 333 × 322: U S Vᵀ = A", () => {
    const [m, n] = [333, 322];
    const a = matrix(randomSource(5), m, n, dtype);
    const [u, s, vt] = runCompiled(svd([aval([m, n], dtype)], { fullMatrices: false }), [a]).map(numbers);
    expectClose(times(transposed(u, m, n), u, n, m, n), identity(n), 40 * m * eps, "Uᵀ U");
    expectClose(times(vt, transposed(vt, n, n), n, n, n), identity(n), 40 * n * eps, "V Vᵀ");
    const scaled = u.map((x, at) => x * s[at % n]);
    expectClose(times(scaled, vt, m, n, n), a, 10 * (m + n) * eps * s[0], "U S Vᵀ");
  });
  test("eigh of order 325: A V = V w", () => {
    const n = 325;
    const g = matrix(randomSource(6), n, n, dtype);
    const a = g.map((x, at) => castScalar(x + g[(at % n) * n + Math.floor(at / n)], dtype) as number);
    const [w, v] = runCompiled(eigh([aval([n, n], dtype)], {}), [a]).map(numbers);
    expectClose(times(transposed(v, n, n), v, n, n, n), identity(n), 40 * n * eps, "Vᵀ V");
    const scaled = v.map((x, at) => x * w[at % n]);
    expectClose(times(a, v, n, n, n), scaled, 20 * n * eps * Math.abs(w[n - 1]), "A V");
  });
});

describe.each(DTYPES)("qr of matrices without full rank, tiny, huge and graded: %s", (dtype) => {
  const eps = EPS[dtype];
  const [tiny, huge, subnormal] = dtype === "f32" ? [1e-35, 1e36, 1e-43] : [1e-300, 1e305, 1e-321];
  type Entry = (i: number, j: number, normals: Matrix) => number;
  const of = (normals: Matrix, i: number, j: number): number => normals[(i * 101 + j) % normals.length];
  const kinds: Record<string, Entry> = {
    zero: () => 0,
    ones: () => 1,
    "rank 1": (i, j, x) => x[i] * x[200 + j],
    "rank 2": (i, j, x) => x[i] * x[200 + j] + x[400 + i] * x[600 + j],
    "zero columns": (i, j, x) => (j % 3 === 0 ? 0 : of(x, i, j)),
    "ones among zero columns": (_, j) => (j % 2 === 0 ? 0 : 1),
    "graded columns": (i, j, x) => of(x, i, j) * 10 ** (-j / 3),
    "graded rows": (i, j, x) => of(x, i, j) * 10 ** (-i / 3),
    "one tiny column": (i, j, x) => of(x, i, j) * (j === 2 ? tiny : 1),
    tiny: (i, j, x) => of(x, i, j) * tiny,
    "tiny ones": () => tiny,
    huge: (i, j, x) => of(x, i, j) * huge,
    "huge ones": () => huge,
    subnormal: (i, j, x) => of(x, i, j) * subnormal,
  };
  const least = dtype === "f32" ? 2 ** -149 : 2 ** -1074;

  describe.each(["compiled", "interpreted"])("%s", (way) => {
    test.each([
      [60, 53],
      [26, 31],
      [100, 100],
      [47, 40],
    ])("%d × %d", (m, n) => {
      const normals = matrix(randomSource(m * 200 + n), 997, 1, "f64");
      for (const fullMatrices of m > n ? [false, true] : [false]) {
        const k = fullMatrices ? m : Math.min(m, n);
        for (const [kind, entry] of Object.entries(kinds)) {
          const a = Array.from(
            { length: m * n },
            (_, at) => castScalar(entry(Math.floor(at / n), at % n, normals), dtype) as number,
          );
          const [q, r] =
            way === "compiled"
              ? runCompiled(qr([aval([m, n], dtype)], { fullMatrices }), [a]).map(numbers)
              : interpreterLinalg("qr", [{ shape: [m, n], dtype, data: a }], { fullMatrices });
          const what = `${kind}, full ${fullMatrices}`;
          expectClose(times(transposed(q, m, k), q, k, m, k), identity(k), Math.max(50, m) * eps, `Qᵀ Q: ${what}`);
          for (let i = 0; i < k; i++)
            for (let j = 0; j < Math.min(i, n); j++) if (r[i * n + j] !== 0) expect(r[i * n + j], what).toBe(0);
          // relative to the norm of each column, which √m max bounds: a tiny one beside large ones keeps its digits, as far as
          // its type has them
          const back = times(q, r, m, k, n);
          for (let j = 0; j < n; j++) {
            const column = (x: Matrix): Matrix => Array.from({ length: m }, (_, i) => x[i * n + j]);
            const largest = Math.max(...column(a).map(Math.abs));
            const tolerance = 50 * eps * Math.sqrt(m) * largest + 8 * m * least;
            expectClose(column(back), column(a), tolerance, `Q R: ${what}, column ${j}`);
          }
        }
      }
    });
  });
});
