/**
 * Samples against the distributions' own functions: Kolmogorov and Smirnov's distance for continuous ones, Pearson's χ² for discrete ones.
 * Seeds are fixed, so a test either always passes or never; limits are those of a chance of 1 in 1000 for a true sample.
 */
import { describe, expect, it } from "vitest";
import { betainc } from "../../src/interpreter/special/beta.js";
import { erf } from "../../src/interpreter/special/erf.js";
import { lgamma } from "../../src/interpreter/special/gamma.js";
import { igamma, igammac } from "../../src/interpreter/special/igamma.js";
import * as np from "../../src/numpy/index.js";
import * as random from "../../src/random/index.js";
import type { Tensor } from "../../src/tracer/tensor.js";
import { numbers, useInterpreter } from "./evaluator.js";

useInterpreter();
const N = 4000;
const key = random.key(20240607);
const phi = (x: number): number => 0.5 * (1 + erf(x / Math.SQRT2));
const positive = (f: (x: number) => number) => (x: number) => (x <= 0 ? 0 : f(x));

/** D √n: its limit distribution (Kolmogorov) exceeds 1.95 with a probability of 0.001. */
function kolmogorov(sample: readonly number[], cdf: (x: number) => number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  const n = sorted.length;
  let d = 0;
  sorted.forEach((x, i) => {
    const p = cdf(x);
    d = Math.max(d, (i + 1) / n - p, p - i / n);
  });
  return d * Math.sqrt(n);
}

type Draw = (r: typeof random | typeof random.legacy, dtype: "f32" | "f64" | "bf16") => Tensor;
const CONTINUOUS: Record<string, [Draw, (x: number) => number]> = {
  "uniform on [-2, 5)": [(r, d) => r.uniform(key, [N], d, -2, 5), (x) => (x + 2) / 7],
  normal: [(r, d) => r.normal(key, [N], d), phi],
  "truncatedNormal on (-0.5, 2)": [
    (r, d) => r.truncatedNormal(key, -0.5, 2, [N], d),
    (x) => (phi(x) - phi(-0.5)) / (phi(2) - phi(-0.5)),
  ],
  exponential: [(r, d) => r.exponential(key, [N], d), (x) => 1 - Math.exp(-x)],
  cauchy: [(r, d) => r.cauchy(key, [N], d), (x) => 0.5 + Math.atan(x) / Math.PI],
  laplace: [(r, d) => r.laplace(key, [N], d), (x) => (x < 0 ? Math.exp(x) / 2 : 1 - Math.exp(-x) / 2)],
  logistic: [(r, d) => r.logistic(key, [N], d), (x) => 1 / (1 + Math.exp(-x))],
  gumbel: [(r, d) => r.gumbel(key, [N], d), (x) => Math.exp(-Math.exp(-x))],
  "gumbel, high": [(r, d) => r.gumbel(key, [N], d, "high"), (x) => Math.exp(-Math.exp(-x))],
  maxwell: [(r, d) => r.maxwell(key, [N], d), positive((x) => igamma(1.5, (x * x) / 2))],
  "doubleSidedMaxwell(1, 2)": [
    (r, d) => r.doubleSidedMaxwell(key, 1, 2, [N], d),
    (x) => 0.5 + (Math.sign(x - 1) * igamma(1.5, ((x - 1) / 2) ** 2 / 2)) / 2,
  ],
  "lognormal(0.5)": [(r, d) => r.lognormal(key, 0.5, [N], d), positive((x) => phi(Math.log(x) / 0.5))],
  "pareto(3)": [(r, d) => r.pareto(key, 3, [N], d), (x) => 1 - x ** -3],
  "rayleigh(2)": [(r, d) => r.rayleigh(key, 2, [N], d), positive((x) => 1 - Math.exp(-(x * x) / 8))],
  "weibullMin(2, 1.5)": [(r, d) => r.weibullMin(key, 2, 1.5, [N], d), positive((x) => 1 - Math.exp(-((x / 2) ** 1.5)))],
  "triangular(-1, 0.5, 2)": [
    (r, d) => r.triangular(key, -1, 0.5, 2, [N], d),
    (x) => (x < 0.5 ? (x + 1) ** 2 / (3 * 1.5) : 1 - (2 - x) ** 2 / (3 * 1.5)),
  ],
  "wald(1.5)": [
    (r, d) => r.wald(key, 1.5, [N], d),
    positive((x) => phi(Math.sqrt(1 / x) * (x / 1.5 - 1)) + Math.exp(2 / 1.5) * phi(-Math.sqrt(1 / x) * (x / 1.5 + 1))),
  ],
  "gamma(0.3)": [(r, d) => r.gamma(key, 0.3, [N], d), positive((x) => igamma(0.3, x))],
  "gamma(4.5)": [(r, d) => r.gamma(key, 4.5, [N], d), positive((x) => igamma(4.5, x))],
  "loggamma(0.05)": [(r, d) => r.loggamma(key, 0.05, [N], d), (x) => igamma(0.05, Math.exp(x))],
  "beta(0.7, 2)": [(r, d) => r.beta(key, 0.7, 2, [N], d), (x) => betainc(0.7, 2, x)],
  "chisquare(3)": [(r, d) => r.chisquare(key, 3, [N], d), positive((x) => igamma(1.5, x / 2))],
  "f(5, 8)": [(r, d) => r.f(key, 5, 8, [N], d), positive((x) => betainc(2.5, 4, (5 * x) / (5 * x + 8)))],
  "t(4)": [
    (r, d) => r.t(key, 4, [N], d),
    (x) => (x < 0 ? betainc(2, 0.5, 4 / (4 + x * x)) / 2 : 1 - betainc(2, 0.5, 4 / (4 + x * x)) / 2),
  ],
  "generalizedNormal(3)": [
    (r, d) => r.generalizedNormal(key, 3, [N], d),
    (x) => 0.5 + (Math.sign(x) * igamma(1 / 3, Math.abs(x) ** 3)) / 2,
  ],
};

describe("continuous distributions", () => {
  for (const [name, [draw, cdf]] of Object.entries(CONTINUOUS)) {
    it(name, () => {
      const x = draw(random, "f32");
      expect([x.dtype, x.shape]).toEqual(["f32", [N]]);
      expect(kolmogorov(numbers(x), cdf)).toBeLessThan(1.95);
    });
  }
  it.each(["normal", "gamma(0.3)", "t(4)"])("%s in f64 and in the older order", (name) => {
    const [draw, cdf] = CONTINUOUS[name];
    for (const x of [draw(random, "f64"), draw(random.legacy, "f32")])
      expect(kolmogorov(numbers(x), cdf)).toBeLessThan(1.95);
  });
  it("a wrong distribution is noticed", () => {
    const x = numbers(random.normal(key, [N]));
    expect(kolmogorov(x, (v) => phi(v - 0.1))).toBeGreaterThan(1.95);
    expect(kolmogorov(x, (v) => phi(v / 1.1))).toBeGreaterThan(1.95);
  });
  it("keeps inside of bounds that a narrow type cannot resolve", () => {
    for (const v of numbers(random.truncatedNormal(key, 2, 2.1, [200], "bf16"))) expect(v > 2 && v < 2.1).toBe(true);
    for (const v of numbers(random.uniform(key, [2000], "bf16"))) expect(v >= 0 && v < 1).toBe(true);
  });
});

/** Σ (observed - expected)² / expected over classes; those expected less than 5 times are taken together. */
function pearson(sample: readonly number[], pmf: (k: number) => number, low: number, high: number): number {
  const n = sample.length;
  let [statistic, classes, restP, restN] = [0, 0, 1, n];
  for (let k = low; k <= high; k++) {
    const p = pmf(k);
    if (p * n < 5) continue;
    const seen = sample.filter((x) => x === k).length;
    statistic += (seen - p * n) ** 2 / (p * n);
    classes++;
    restP -= p;
    restN -= seen;
  }
  if (restP * n >= 5) {
    statistic += (restN - restP * n) ** 2 / (restP * n);
    classes++;
  }
  // the chance of a value as great, of χ² with classes - 1 degrees of freedom
  return igammac((classes - 1) / 2, statistic / 2);
}
const poisson = (lam: number) => (k: number) => Math.exp(k * Math.log(lam) - lam - lgamma(k + 1));
const choose = (n: number, k: number): number => lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
const binomial = (n: number, p: number) => (k: number) =>
  Math.exp(choose(n, k) + k * Math.log(p) + (n - k) * Math.log(1 - p));

describe("discrete distributions", () => {
  const cases: [string, () => Tensor, (k: number) => number, number, number][] = [
    ["randint in [3, 13)", () => random.randint(key, [N], 3, 13), () => 0.1, 3, 12],
    ["randint of bytes", () => random.randint(key, [N], -128, 128, "i8"), () => 1 / 256, -128, 127],
    ["bernoulli(0.3)", () => random.bernoulli(key, 0.3, [N]), (k) => (k === 1 ? 0.3 : 0.7), 0, 1],
    ["bernoulli(0.3), high", () => random.bernoulli(key, 0.3, [N], "high"), (k) => (k === 1 ? 0.3 : 0.7), 0, 1],
    ["rademacher", () => random.rademacher(key, [N]), (k) => (k === 0 ? 0 : 0.5), -1, 1],
    ["categorical", () => random.categorical(key, np.log(np.array([1, 2, 3, 4])), -1, [N]), (k) => (k + 1) / 10, 0, 3],
    ["poisson(0.7)", () => random.poisson(key, 0.7, [N]), poisson(0.7), 0, 20],
    ["poisson(7)", () => random.poisson(key, 7, [N]), poisson(7), 0, 40],
    ["poisson(60)", () => random.poisson(key, 60, [N]), poisson(60), 0, 150],
    ["geometric(0.25)", () => random.geometric(key, 0.25, [N]), (k) => 0.25 * 0.75 ** (k - 1), 1, 60],
    ["binomial(12, 0.4)", () => random.binomial(key, 12, 0.4, [N]), binomial(12, 0.4), 0, 12],
    ["binomial(12, 0.9)", () => random.binomial(key, 12, 0.9, [N]), binomial(12, 0.9), 0, 12],
    ["binomial(100, 0.35)", () => random.binomial(key, 100, 0.35, [N]), binomial(100, 0.35), 0, 100],
    ["binomial(100, 0.65)", () => random.binomial(key, 100, 0.65, [N]), binomial(100, 0.65), 0, 100],
    [
      "choice with weights",
      () => random.choice(key, 3, [N], { p: np.array([1, 1, 2]) }),
      (k) => [0.25, 0.25, 0.5][k],
      0,
      2,
    ],
    ["choice", () => random.choice(key, np.array([7, 8, 9], "i32"), [N]), () => 1 / 3, 7, 9],
  ];
  it.each(cases)("%s", (_name, draw, pmf, low, high) => {
    const x = draw();
    expect(x.shape).toEqual([N]);
    expect(pearson(numbers(x), pmf, low, high)).toBeGreaterThan(0.001);
  });
  it("a wrong distribution is noticed", () => {
    expect(pearson(numbers(random.poisson(key, 7, [N])), poisson(7.3), 0, 40)).toBeLessThan(0.001);
  });
  it("edges", () => {
    expect(numbers(random.poisson(key, np.array([0, Number.NaN, Number.POSITIVE_INFINITY])))).toEqual([0, -1, -1]);
    expect(numbers(random.binomial(key, np.array([5, 5, -1, 5]), np.array([0, 1, 0.5, Number.NaN])))).toEqual([
      0,
      5,
      Number.NaN,
      Number.NaN,
    ]);
    expect(numbers(random.randint(key, [3], 5, 5))).toEqual([5, 5, 5]);
    expect(numbers(random.geometric(key, 1, [3]))).toEqual([1, 1, 1]);
  });
});

describe("vectors and matrices", () => {
  const mean = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0) / x.length;
  it("multivariateNormal has its mean and covariance, by each method", () => {
    const m = [1, -2];
    const c = [[2, 0.6], [0.6, 0.5]]; // biome-ignore format: a matrix
    for (const method of ["cholesky", "svd", "eigh"] as const) {
      const x = random.multivariateNormal(key, np.array(m), np.array(c), [N], "f32", method);
      expect(x.shape).toEqual([N, 2]);
      const flat = numbers(x);
      const column = (j: number): number[] => flat.filter((_, i) => i % 2 === j);
      // five standard deviations of the estimates
      for (let j = 0; j < 2; j++) expect(Math.abs(mean(column(j)) - m[j])).toBeLessThan(5 * Math.sqrt(c[j][j] / N));
      for (let i = 0; i < 2; i++) {
        for (let j = 0; j < 2; j++) {
          const covariance = mean(column(i).map((v, k) => (v - m[i]) * (column(j)[k] - m[j])));
          expect(Math.abs(covariance - c[i][j])).toBeLessThan(5 * Math.sqrt((c[i][i] * c[j][j] + c[i][j] ** 2) / N));
        }
      }
    }
  });
  it("dirichlet sums to 1 and has its means", () => {
    const x = random.dirichlet(key, np.array([0.5, 1, 2.5]), [N]);
    const flat = numbers(x);
    for (let i = 0; i < N; i++) expect(flat[3 * i] + flat[3 * i + 1] + flat[3 * i + 2]).toBeCloseTo(1, 5);
    [0.5, 1, 2.5].forEach((a, j) => {
      const column = flat.filter((_, i) => i % 3 === j);
      expect(Math.abs(mean(column) - a / 4)).toBeLessThan(5 * Math.sqrt(((a / 4) * (1 - a / 4)) / 5 / N));
      expect(kolmogorov(column, (v) => betainc(a, 4 - a, v))).toBeLessThan(1.95);
    });
  });
  it("orthogonal matrices", () => {
    for (const [n, m] of [
      [4, 4],
      [5, 3],
      [2, 4],
    ] as const) {
      const q = random.orthogonal(key, n, [3], "f32", m);
      expect(q.shape).toEqual([3, n, m]);
      const gram = n >= m ? np.matmul(np.matrixTranspose(q), q) : np.matmul(q, np.matrixTranspose(q));
      const k = Math.min(n, m);
      numbers(gram).forEach((v, i) => expect(v).toBeCloseTo((i % (k * k)) % (k + 1) === 0 ? 1 : 0, 5));
    }
  });
  it("ball: points lie inside, as many as their volume", () => {
    for (const p of [1, 2, 3]) {
      const flat = numbers(random.ball(key, 3, p, [N]));
      const radii = Array.from(
        { length: N },
        (_, i) => flat.slice(3 * i, 3 * i + 3).reduce((s, v) => s + Math.abs(v) ** p, 0) ** (1 / p),
      );
      expect(Math.max(...radii)).toBeLessThanOrEqual(1 + 1e-5);
      expect(kolmogorov(radii, (r) => r ** 3)).toBeLessThan(1.95);
    }
  });
  it("multinomial counts sum to n and have their means", () => {
    const p = [0.2, 0.5, 0.3];
    const x = numbers(random.multinomial(key, 20, np.array(p), [1000, 3]));
    for (let i = 0; i < 1000; i++) expect(x[3 * i] + x[3 * i + 1] + x[3 * i + 2]).toBe(20);
    p.forEach((q, j) => {
      const column = x.filter((_, i) => i % 3 === j);
      expect(pearson(column, binomial(20, q), 0, 20)).toBeGreaterThan(0.001);
    });
  });
});

describe("order and choice", () => {
  it("permutation holds every element once; all orders are as likely", () => {
    const x = numbers(random.permutation(key, 50));
    expect(x).not.toEqual([...x].sort((a, b) => a - b));
    expect([...x].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    const orders = Array.from({ length: 600 }, (_, i) =>
      numbers(random.permutation(random.foldIn(key, i), 3)).join(""),
    );
    const names = ["012", "021", "102", "120", "201", "210"];
    expect(
      pearson(
        orders.map((o) => names.indexOf(o)),
        () => 1 / 6,
        0,
        5,
      ),
    ).toBeGreaterThan(0.001);
  });
  it("permutation of rows keeps rows together, independent does not", () => {
    const x = np.reshape(np.arange(40), [20, 2]);
    const rows = random.permutation(key, x).js() as number[][];
    for (const [a, b] of rows) expect(b).toBe(a + 1);
    expect(rows.map((r) => r[0]).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => 2 * i));
    const free = random.permutation(key, x, { independent: true }).js() as number[][];
    expect(free.map((r) => r[1]).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => 2 * i + 1));
    expect(free.every(([a, b]) => b === a + 1)).toBe(false);
    const columns = random.permutation(key, np.transpose(x), 1).js() as number[][];
    columns[0].forEach((a, i) => expect(columns[1][i]).toBe(a + 1));
  });
  it("choice without replacement takes nothing twice", () => {
    const x = numbers(random.choice(key, 10, [2, 4], false));
    expect(new Set(x).size).toBe(8);
    const weighted = numbers(random.choice(key, 4, [3], { replace: false, p: np.array([0.5, 0, 0.25, 0.25]) }));
    expect([...weighted].sort()).toEqual([0, 2, 3]);
    const rows = random.choice(key, np.reshape(np.arange(12), [3, 4]), [2], { axis: 1 });
    expect(rows.shape).toEqual([3, 2]);
    expect(() => random.choice(key, 3, [4], false)).toThrow(/TW2011/);
  });
  it("categorical without replacement, along an axis, with leading samples", () => {
    const logits = np.log(np.array([[0.1, 0.9, 0.5], [0.3, 0.3, 0.4]])); // biome-ignore format: a matrix
    expect(random.categorical(key, logits).shape).toEqual([2]);
    expect(random.categorical(key, logits, 0).shape).toEqual([3]);
    expect(random.categorical(key, logits, -1, [7, 2]).shape).toEqual([7, 2]);
    const x = random.categorical(key, logits, { shape: [3, 2], replace: false }).js() as number[][];
    for (let b = 0; b < 2; b++) expect(x.map((r) => r[b]).sort()).toEqual([0, 1, 2]);
  });
});
