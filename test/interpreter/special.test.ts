/** Special functions against mpmath at 60 digits. */
import { describe, expect, it } from "vitest";
import type { ElementwiseOps } from "../../src/ir/ops/index.js";
import { GOLDEN, values, vector, worst } from "./run.js";

/** Relative error; digamma near its zero and incomplete gammas far from their mean lose what their condition number says. */
const BOUNDS: Partial<Record<keyof ElementwiseOps, number>> = {
  erf: 1e-15,
  erfc: 5e-15,
  erf_inv: 2e-15,
  lgamma: 2e-15,
  digamma: 5e-15,
  bessel_i0e: 2e-15,
  bessel_i1e: 2e-15,
  zeta: 2e-15,
  polygamma: 2e-15,
  igamma: 1e-14,
  igammac: 1e-14,
  igamma_grad_a: 2e-14,
  random_gamma_grad: 2e-14,
  regularized_incomplete_beta: 1e-14,
  expm1: 1e-15,
  log1p: 1e-15,
  cbrt: 1e-15,
  logistic: 1e-15,
};

describe("special functions", () => {
  for (const [prim, bound] of Object.entries(BOUNDS)) {
    it(`${prim} is within ${bound} of mpmath`, () => {
      const rows = GOLDEN[prim] as number[][];
      const columns = rows[0].map((_, k) => rows.map((r) => r[k]));
      const expected = columns.pop() as number[];
      const actual = values(prim as "erf", {}, ...columns.map((c) => vector("f64", ...c)));
      expect(worst(actual, expected)).toBeLessThan(bound);
    });
  }

  it("keeps poles, limits and domains", () => {
    const [nan, inf] = [Number.NaN, Number.POSITIVE_INFINITY];
    const at = (prim: keyof ElementwiseOps, ...columns: number[][]) =>
      values(prim as "add", {}, ...columns.map((c) => vector("f64", ...c)));
    expect(at("erf", [inf, -inf, nan, -0])).toEqual([1, -1, nan, -0]);
    expect(at("erfc", [inf, -inf, nan])).toEqual([0, 2, nan]);
    expect(at("erf_inv", [1, -1, 1.5, 0])).toEqual([inf, -inf, nan, 0]);
    expect(at("lgamma", [0, -1, inf, -inf, 1, 2])).toEqual([inf, inf, inf, inf, 0, 0]);
    expect(at("digamma", [0, -3, inf])).toEqual([nan, nan, inf]);
    expect(at("zeta", [1, 0.5, 2, 2.5], [2, 2, -1, -0.5])).toEqual([inf, nan, inf, nan]);
    expect(at("igamma", [1, 1, -1, 1], [0, inf, 1, -1])).toEqual([0, 1, nan, nan]);
    expect(at("igammac", [1, 1, -1, 1], [0, inf, 1, -1])).toEqual([1, 0, nan, nan]);
    expect(at("regularized_incomplete_beta", [1, 1, 0, 1], [1, 1, 1, 1], [0, 1, 0.5, 2])).toEqual([0, 1, nan, nan]);
    expect(at("bessel_i0e", [0]).concat(at("bessel_i1e", [0]))).toEqual([1, 0]);
    expect(at("polygamma", [0.5, -1], [1, 1])).toEqual([nan, nan]);
  });

  it("are complementary where both are well conditioned", () => {
    const a = vector("f64", 0.3, 1, 2.5, 20, 20, 20);
    const x = vector("f64", 0.2, 1.5, 2.5, 15, 20, 30);
    const sum = values(
      "add",
      {},
      ...[values("igamma", {}, a, x), values("igammac", {}, a, x)].map((v) => vector("f64", ...v)),
    );
    expect(worst(sum, [1, 1, 1, 1, 1, 1])).toBeLessThan(1e-15);
  });
});
