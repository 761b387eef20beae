/** LU, Cholesky and triangular systems beyond one panel: what defines them, in every way that a kernel runs. */
import { describe, expect, test } from "vitest";
import { aval } from "../../src/ir/aval.js";
import { castScalar, type DType } from "../../src/ir/dtype.js";
import { cholesky } from "../../src/kernels/cholesky.js";
import { lu } from "../../src/kernels/lu.js";
import { triangularSolve } from "../../src/kernels/triangular-solve.js";
import { interpreterLinalg } from "./oracle.js";
import { normal, randomSource } from "./random.js";
import { ways } from "./run.js";

const DTYPES = ["f32", "f64"] as const;
const EPS = { f32: 2 ** -23, f64: 2 ** -52 };
type Entry = (i: number, j: number) => number;

const numbers = (x: readonly unknown[]): number[] => x.map(Number);
function fill(m: number, n: number, dtype: DType, entry: Entry): number[] {
  return Array.from({ length: m * n }, (_, at) => castScalar(entry(Math.floor(at / n), at % n), dtype) as number);
}
function largest(a: readonly number[]): number {
  return a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
}

/** max |a[permutation] - L U| and the order of rows. */
function checkLu(outs: number[][], a: readonly number[], m: number, n: number, eps: number, what: string): void {
  const [x, pivots, order] = outs;
  const k = Math.min(m, n);
  const swapped = Array.from({ length: m }, (_, i) => i);
  pivots.forEach((p, i) => {
    expect(p, what).toBeGreaterThanOrEqual(i);
    [swapped[i], swapped[p]] = [swapped[p], swapped[i]];
  });
  expect(order, what).toEqual(swapped);
  let worst = 0;
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let sum = i <= j ? x[i * n + j] : 0;
      for (let p = 0; p < Math.min(i, j + 1, k); p++) sum += x[i * n + p] * x[p * n + j];
      if (j < i) expect(Math.abs(x[i * n + j]), what).toBeLessThanOrEqual(1);
      worst = Math.max(worst, Math.abs(sum - a[order[i] * n + j]));
    }
  const upper = largest(x.filter((_, at) => at % n >= Math.floor(at / n)));
  expect(worst, what).toBeLessThanOrEqual(4 * k * eps * Math.max(largest(a), upper));
}

describe.each(ways)("$name", ({ run }) => {
  describe.each(DTYPES)("%s", (dtype) => {
    const eps = EPS[dtype];
    const kinds = (random: () => number): Record<string, Entry> => {
      const values = Array.from({ length: 997 }, () => normal(random));
      const at: Entry = (i, j) => values[(i * 101 + j) % 997];
      const scale = dtype === "f32" ? 1e30 : 1e280;
      return {
        normal: at,
        huge: (i, j) => scale * at(i, j),
        tiny: (i, j) => at(i, j) / scale,
        "of rank 1": (i, j) => (1 + (i % 4)) * (1 + (j % 3)),
        "zero columns": (i, j) => (j % 3 === 1 ? 0 : at(i, j)),
        zero: () => 0,
        "rows in reverse": (i, j) => (i + j === 44 ? 2 : i + j > 44 ? at(i, j) / 8 : 0),
      };
    };
    test.each([
      [25, 25],
      [45, 45],
      [33, 50],
      [29, 27],
      [50, 33],
      [26, 67],
    ])("lu by panels, %d × %d: A[permutation] = L U, L below 1, the oracle's pivots", (m, n) => {
      for (const [kind, entry] of Object.entries(kinds(randomSource(m * 100 + n)))) {
        const a = fill(m, n, dtype, entry);
        const outs = run(lu([aval([m, n], dtype)], {}), [a]).map(numbers);
        checkLu(outs, a, m, n, eps, kind);
        const oracle = interpreterLinalg("lu", [{ shape: [m, n], dtype, data: a }], {});
        if (kind === "normal" || kind === "rows in reverse") expect(outs[1], kind).toEqual(oracle[1]);
      }
    });
    test("lu by panels: of a stack, each as alone; not finite elements do not hang it", () => {
      const [m, n] = [30, 30];
      const random = randomSource(3);
      const values = fill(m, n, dtype, () => normal(random));
      const bad = [...values];
      bad[0] = Number.NaN;
      bad[2 * n + 5] = Number.POSITIVE_INFINITY;
      const alone = run(lu([aval([m, n], dtype)], {}), [values]).map(numbers);
      const both = run(lu([aval([2, m, n], dtype)], {}), [[...bad, ...values]]).map(numbers);
      both.forEach((x, i) => {
        expect(x.slice(alone[i].length)).toEqual(alone[i]);
      });
      expect(both[2].slice(0, m).sort((p, q) => p - q)).toEqual(Array.from({ length: m }, (_, i) => i));
      expect(both[0].slice(0, m * n).some(Number.isNaN)).toBe(true);
    });

    test.each([49, 64, 75])("cholesky by panels, of order %d: L Lᵀ = A, zeros above, NaN where it fails", (n) => {
      const random = randomSource(n);
      const g = fill(n, n, dtype, () => normal(random));
      for (const scale of [1, dtype === "f32" ? 2 ** 60 : 2 ** 500, dtype === "f32" ? 2 ** -60 : 2 ** -500]) {
        const a = fill(n, n, dtype, (i, j) => {
          let sum = i === j ? 1 : 0;
          for (let p = 0; p < n; p++) sum += g[i * n + p] * g[j * n + p];
          // what stands above the diagonal is not read
          return i < j ? Number.NaN : scale * sum;
        });
        const indefinite = [...a];
        indefinite[(n - 2) * (n + 1)] = -1;
        const [l] = run(cholesky([aval([2, n, n], dtype)], {}), [[...a, ...indefinite]]).map(numbers);
        let worst = 0;
        for (let i = 0; i < n; i++)
          for (let j = 0; j < n; j++) {
            const failed = l[n * n + i * n + j];
            if (j > i) {
              expect(l[i * n + j]).toBe(0);
              expect(failed).toBe(0);
              continue;
            }
            expect(failed).toBeNaN();
            let sum = 0;
            for (let p = 0; p <= j; p++) sum += l[i * n + p] * l[j * n + p];
            worst = Math.max(worst, Math.abs(sum - a[i * n + j]));
          }
        expect(worst).toBeLessThanOrEqual(n * eps * largest(a.filter((x) => x === x)));
      }
    });

    const flags = [false, true];
    test.each(flags.flatMap((l) => flags.flatMap((t) => flags.map((s) => [l, t, s] as const))))(
      "systems, lower %s, transposed %s, left %s: many right-hand sides as each alone, up to rounding",
      (lower, transposeA, leftSide) => {
        const [n, systems] = [23, 37];
        const random = randomSource(11);
        const a = fill(n, n, dtype, (i, j) => (i === j ? 2 + Math.abs(normal(random)) : normal(random) / 6));
        const shape = leftSide ? [n, systems] : [systems, n];
        const b = fill(shape[0], shape[1], dtype, () => normal(random));
        const params = { leftSide, lower, transposeA, unitDiagonal: false };
        const [x] = run(triangularSolve([aval([n, n], dtype), aval(shape, dtype)], params), [a, b]).map(numbers);
        const element = (i: number, j: number): number => {
          const [r, c] = transposeA ? [j, i] : [i, j];
          return r === c || r > c === lower ? a[r * n + c] : 0;
        };
        let worst = 0;
        for (let i = 0; i < shape[0]; i++)
          for (let j = 0; j < shape[1]; j++) {
            let sum = 0;
            for (let p = 0; p < n; p++)
              sum += leftSide ? element(i, p) * x[p * systems + j] : x[i * n + p] * element(p, j);
            worst = Math.max(worst, Math.abs(sum - b[i * shape[1] + j]));
          }
        expect(worst).toBeLessThanOrEqual(8 * n * eps * largest(x));
      },
    );
  });
});
