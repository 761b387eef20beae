/** Derivatives of the namespace's functions against central differences in f64, compiled and not. */
import { describe, expect, it } from "vitest";
import { array, grad, jit, nn, numpy as np, type Tensor } from "../../src/index.js";
import { ramp } from "../nn/goldens.js";

const X = ramp([2, 3], 1.3, 0.4);
const P = np.add(np.abs(X), 0.5);
const Q = np.add(np.matmul(ramp([3, 3], 0.7), ramp([3, 3], 0.7).T), np.eye(3, null, 0, "f64").mul(2));
const V = ramp([5], 2.1);
const W = ramp([2, 3], 0.9, 1);

const CASES: readonly (readonly [f: (x: Tensor) => Tensor, at: Tensor])[] = [
  [(x) => np.var(x, 1), X],
  [(x) => np.std(x, 0, { ddof: 1 }), X],
  [(x) => np.mean(x, 1, { where: np.greater(x, 0) }), X],
  [(x) => np.average(x, 1, { weights: array([1, 2, 3], "f64") }), X],
  [(x) => np.logsumexp(x, 1), X],
  [(x) => np.prod(x, 1), X],
  [(x) => np.max(x, 0), X],
  [(x) => np.nansum(x), X],
  [(x) => np.nanmean(x, 0), X],
  [(x) => np.cumsum(x, 1), X],
  [(x) => np.cumprod(x, 1), X],
  [(x) => np.cummax(x, 1), X],
  [(x) => np.median(x, 1), X],
  [(x) => np.quantile(x, [0.2, 0.7]), X],
  [(x) => np.sort(x, 1), X],
  [(x) => np.take(x, array([2, 0, 2], "i32"), 1), X],
  [(x) => np.takeAlongAxis(x, np.argsort(x, 1), 1), X],
  [(x) => x.index(array([1, 0, 1], "i32"), "::-1"), X],
  [(x) => x.at(0, 1).set(x.index(1, 0)), X],
  [(x) => x.at(array([0, 0], "i32"), array([1, 1], "i32")).add(x.index(1, [0, 2])), X],
  [(x) => x.at(":", 1).mul(x.index(":", 0)), X],
  [(x) => np.where(np.greater(x, 0), x, x.mul(x)), X],
  [(x) => np.clip(x, -0.5, 0.5), X],
  [(x) => np.maximum(x, W), X],
  [(x) => np.hypot(x, W), X],
  [(x) => np.logaddexp(x, W), X],
  [(x) => np.logaddexp2(x, W), X],
  [(x) => np.arctan2(x, W), X],
  [(x) => np.power(x, W), P],
  [(x) => np.power(2, x), X],
  [(x) => np.power(x, 3), X],
  [(x) => np.remainder(x, 0.4), X],
  [(x) => np.sinc(x), X],
  [(x) => np.copysign(x, W), X],
  [(x) => np.i0(x), X],
  [(x) => np.round(x).add(x), X],
  [(x) => np.pad(x, 1, "reflect"), X],
  [(x) => np.pad(x, [2, 1], "edge"), X],
  [(x) => np.roll(x, 1, 1).add(np.flip(x)), X],
  [(x) => np.tile(x, [2, 1]).add(np.repeat(x, 2, 0)), X],
  [(x) => np.concatenate([x, x.mul(x)], 1), X],
  [(x) => np.diff(x, 1, 1), X],
  [(x) => np.einsum("ij,kj->ik", x, x), X],
  [(x) => np.einsum("ij,ij,j->", x, x, x.index(0)), X],
  [(x) => np.matmul(x, x.T), X],
  [(x) => np.kron(x, x), X],
  [(x) => np.outer(x, x), X],
  [(x) => np.cross(x, W), X],
  [(x) => np.tril(x).add(np.triu(x, 1)), X],
  [(x) => np.interp(x, array([-2, 0.1, 2], "f64"), array([1, -1, 3], "f64")), X],
  [(x) => np.convolve(x, array([1, -2, 0.5], "f64"), "same"), V],
  [(x) => np.trapezoid(x, np.cumsum(np.square(x))), V],
  [(x) => np.polyval([1, -2, 3], x), V],
  [(x) => np.cov(x), X],
  [(x) => np.corrcoef(x), X],
  [(x) => np.diag(x, 1), V],
  [(x) => np.linalg.norm(x), X],
  [(x) => np.linalg.norm(x, 3, { axis: 1 }), X],
  [(x) => np.linalg.norm(x, "nuc"), X],
  [(x) => np.linalg.inv(x), Q],
  [(x) => np.linalg.det(x), Q],
  [(x) => np.linalg.slogdet(x)[1], Q],
  [(x) => np.linalg.solve(x, x.index(0)), Q],
  [(x) => np.linalg.cholesky(x), Q],
  [(x) => np.linalg.eigvalsh(x), Q],
  [(x) => np.linalg.svdvals(x), X],
  [(x) => np.linalg.pinv(x), X],
  [(x) => np.linalg.lstsq(Q, x)[0], V.index([0, 3])],
  [(x) => np.linalg.qr(x)[1], Q],
  [(x) => np.linalg.matrixPower(x, 3), Q],
  [(x) => nn.standardize(x), X],
  [(x) => nn.maxPool(x.reshape(1, 2, 3, 1), [2, 2], { strides: [1, 1] }), X],
  [
    (x) =>
      nn.dotProductAttention(x.reshape(1, 3, 1, 2), x.reshape(1, 3, 1, 2), x.reshape(1, 3, 1, 2), { causal: true }),
    X,
  ],
];

describe("derivatives", () => {
  it.each(
    CASES.map(
      (c) =>
        [
          String(c[0])
            .replace(/__vite_ssr_import_\d+__\./g, "")
            .replace(/\s+/g, " "),
          c,
        ] as const,
    ),
  )("%s", (_, [f, at]) => {
    // a sum with different weights sees every element of the result
    const scalar = (x: Tensor): Tensor => {
      const y = f(x);
      return np.sum(y.mul(ramp([...y.shape], 0.77, 0.3)));
    };
    const eager = (grad(scalar)(at) as Tensor).dataSync() as Float64Array;
    const compiled = (jit(grad(scalar))(at) as Tensor).dataSync() as Float64Array;
    const value = jit(scalar);
    const h = 1e-5;
    const base = at.dataSync() as Float64Array;
    base.forEach((_, i) => {
      const moved = (d: number): number => {
        const copy = base.slice();
        copy[i] += d;
        return value(array(copy, { shape: [...at.shape] })).item() as number;
      };
      const slope = (moved(h) - moved(-h)) / (2 * h);
      const bound = 1e-7 * Math.max(1, Math.abs(slope));
      expect(Math.abs(eager[i] - slope), `element ${i}: ${eager[i]} for ${slope}`).toBeLessThan(bound);
      expect(Math.abs(compiled[i] - slope), `compiled, element ${i}: ${compiled[i]} for ${slope}`).toBeLessThan(bound);
    });
  });
  it("are finite where a branch that was not taken has none", () => {
    expect(
      grad((x: Tensor) => np.where(np.greater(x, 0), np.sqrt(np.where(np.greater(x, 0), x, 1)), 0))(-1).item(),
    ).toBe(0);
    expect(grad((x: Tensor) => np.logaddexp(x, x))(0).item()).toBe(1);
    expect(grad((x: Tensor) => np.sinc(x))(0).item()).toBe(0);
    expect(grad((x: Tensor) => nn.softplus(x))(0).item()).toBe(0.5);
    expect(grad((x: Tensor) => np.hypot(x, 0))(2).item()).toBe(1);
    const ofMedian = grad((x: Tensor) => np.median(x))(array([-Infinity, 1])) as Tensor;
    expect([...(ofMedian.dataSync() as Float32Array)]).toEqual([0.5, 0.5]);
    const ends = array([1, Infinity, Infinity]);
    expect(grad((q: Tensor) => np.quantile(ends, q))(0.75).item()).toBe(0);
  });
});
