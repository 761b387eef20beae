/**
 * The library over sizes that are only names, as the editor runs it: the shapes that come out, with numbers put in for the
 * names, are the shapes of a run with those numbers.
 */
import { describe, expect, it } from "vitest";
import { lax, nn, numpy as np, random, tree } from "../../src/index.js";
import { aval } from "../../src/ir/aval.js";
import { type Dim, substituteDim } from "../../src/ir/dim.js";
import { parseDim } from "../../src/ir/dim-parse.js";
import type { DType } from "../../src/ir/dtype.js";
import type { Tensor } from "../../src/tracer/tensor.js";
import { traceFlat } from "../../src/tracer/trace.js";

type Spec = readonly [shape: readonly (number | string)[], dtype?: DType];
const N: Spec = [["n"]];
const NM: Spec = [["n", "m"]];
const NN: Spec = [["n", "n"]];
const B3: Spec = [["n", 3]];
const IDS: Spec = [["n"], "i32"];

function shapesOf(
  f: (...xs: Tensor[]) => unknown,
  specs: readonly Spec[],
  sizes: Record<string, number> | undefined,
): Dim[][] {
  const avals = specs.map(([shape, dtype = "f32"]) =>
    aval(
      shape.map((d) => (typeof d === "number" ? d : sizes ? sizes[d] : parseDim(d))),
      dtype,
    ),
  );
  const { program } = traceFlat((...xs) => tree.leaves(f(...xs)) as Tensor[], avals, { kind: "shape" });
  return program.outputs.map((o) => [...o.aval.shape]);
}

const CASES: readonly (readonly [f: (...xs: Tensor[]) => unknown, ...specs: Spec[]])[] = [
  [(x) => x.add(1).mul(x).sub(2).div(x), NM],
  [(x, y) => np.add(x, y), NM, [["m"]]],
  [(x, y) => np.where(np.greater(x, y), x, 0), NM, NM],
  [(x) => [np.sum(x), np.sum(x, 0), np.sum(x, -1, { keepdims: true })], NM],
  [(x) => [np.mean(x), np.mean(x, 0), np.var(x, 1, { ddof: 1 }), np.std(x)], NM],
  [(x) => np.mean(x, 1, { where: np.greater(x, 0) }), NM],
  [(x) => [np.max(x, 0), np.argmax(x, 1), np.cumsum(x, 0), np.logsumexp(x, -1)], NM],
  [(x) => [np.median(x), np.quantile(x, [0.1, 0.5], 1)], NM],
  [(x) => [np.sort(x, 0), np.argsort(x), np.argsort(x, 0, { descending: true })], NM],
  [(x, y) => np.searchsorted(x, y), N, NM],
  [(x) => [np.reshape(x, [-1]), np.ravel(x), x.T, np.swapaxes(x, 0, 1), np.expandDims(x, 1)], NM],
  [(x) => [np.flip(x), np.roll(x, 1, 0), np.roll(x, 2), np.rot90(x)], NM],
  [(x) => [np.tile(x, [2, 3]), np.repeat(x, 2, 1), np.repeat(x, 3)], NM],
  [(x) => np.pad(x, [[1, 2], [0, 1]]), NM], // biome-ignore format: two axes
  [(x) => [np.pad(x, 1, "edge"), np.pad(x, 1, "wrap"), np.pad(x, 1, "reflect")], NM],
  [(x, y) => [np.concatenate([x, y], 0), np.stack([x, x], 1), np.vstack([x, y])], NM, [["k", "m"]]],
  [(x) => np.split(x, 2, 1), [["n", "2*m"]]],
  [(x) => [np.diff(x), np.diff(x, 1, 0), np.gradient(x)], [["n + 2", "m + 2"]]],
  [(x) => [np.tril(x), np.triu(x, 1), np.trace(x), np.diagonal(x)], NM],
  [(x) => [np.diag(x), np.diag(x, 2), np.outer(x, x), np.kron(x, x)], N],
  [(x, y) => [np.dot(x, y), np.matmul(x, y), np.tensordot(x, y, 1), np.einsum("ij,jk->ik", x, y)], NM, [["m", "k"]]],
  [(x, y) => np.einsum("bik,bkj->bij", x, y), [["b", "n", "k"]], [["b", "k", "m"]]],
  [(x, y) => [np.inner(x, y), np.vdot(x, y), np.vecdot(x, y)], NM, NM],
  [
    (x) => [x.index(0), x.index(-1), x.index("1:"), x.index(":-1"), x.index("::2"), x.index("::-1"), x.index([0, 1])],
    NM,
  ],
  [(x) => [x.index(":", null), x.index("...", 0), x.index(null, "...", [], null)], NM],
  [(x, i) => [x.index(i), np.take(x, i, 0), x.index(":", 0).index(i)], B3, IDS],
  [
    (x, i) => [x.at(i).set(0), x.at(i).add(1), x.at(0).mul(2), x.at(-1, 1).set(5), x.at("::2").set(1)],
    B3,
    [["k"], "i32"],
  ],
  [(x) => x.at(np.greater(x, 0)).set(0), NM],
  [(x) => np.takeAlongAxis(x, np.argsort(x, 1), 1), NM],
  [(x) => [np.linalg.cholesky(x), np.linalg.inv(x), np.linalg.det(x), ...np.linalg.slogdet(x)], NN],
  [(x, b) => [np.linalg.solve(x, b), np.linalg.norm(x), np.linalg.matrixPower(x, 3)], NN, N],
  [(x) => [np.cov(x), np.corrcoef(x)], NM],
  [(x) => [np.interp(x, x, x), np.trapezoid(x)], N],
  [(x) => [np.zerosLike(x), np.onesLike(x), np.fullLike(x, 2)], NM],
  // the network's layers
  [(x) => [nn.softmax(x), nn.logSoftmax(x, 0), nn.gelu(x), nn.relu(x), nn.softplus(x), nn.standardize(x)], NM],
  [(x, w, b) => nn.linear({ w, b }, x), [["b", "t", 8]], [[8, 4]], [[4]]],
  [
    (x, w) => [
      nn.conv({ w }, x),
      nn.conv({ w }, x, { padding: "VALID" }),
      nn.conv({ w }, x, { strides: 2, padding: 1 }),
    ],
    [["b", "h + 3", "w + 3", 2]],
    [[3, 3, 2, 4]],
  ],
  [(x) => [nn.maxPool(x, [2, 2]), nn.avgPool(x, [2, 2])], [["b", "2*h", "2*w", 2]]],
  [(ids, table) => nn.embedding({ table }, ids), [["b", "t"], "i32"], [[50, 8]]],
  [(x, scale, bias) => [nn.layerNorm({ scale, bias }, x), nn.rmsNorm({ scale }, x)], [["b", "t", 8]], [[8]], [[8]]],
  [
    (q, k, v) => nn.dotProductAttention(q, k, v, { causal: true }),
    [["b", "t", 4, 8]],
    [["b", "s", 2, 8]],
    [["b", "s", 2, 8]],
  ],
  [(x, y) => nn.crossEntropy(x, y), [["b", "t", 10]], [["b", "t"], "i32"]],
  [(x, y) => [nn.meanSquaredError(x, y), nn.binaryCrossEntropy(x, y), nn.huber(x, y)], NM, NM],
  [(i) => nn.oneHot(i, 5), IDS],
  [(x) => nn.dropout(x, 0.5, random.key(0)), NM],
  [(key) => [random.split(key, 3), random.uniform(key, [4])], [[], "key"]],
  [(x) => lax.scan((c: Tensor, r: Tensor): [Tensor, Tensor] => [c.add(1), r.mul(c)], np.zeros([]), x), NM],
];
const SIZES = { n: 5, m: 4, k: 3, b: 2, t: 6, s: 7, h: 4, w: 5 };

describe("shapes over symbolic sizes", () => {
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
  )("%s", (_, [f, ...specs]) => {
    const symbolic = shapesOf(f, specs, undefined);
    const sizes: Record<string, number> = { ...SIZES };
    const concreteSpecs = specs.map(
      ([shape, dtype]): Spec => [
        shape.map((d) =>
          typeof d === "number" ? d : (substituteDim(parseDim(d), new Map(Object.entries(sizes))) as number),
        ),
        dtype ?? "f32",
      ],
    );
    const concrete = shapesOf(f, concreteSpecs, sizes);
    expect(symbolic.map((s) => s.map((d) => substituteDim(d, new Map(Object.entries(sizes)))))).toEqual(concrete);
  });
  it("a size that must be known says so", () => {
    expect(() => shapesOf((x) => np.unstack(x), [NM], undefined)).toThrow(/TW2014: unstack/);
  });
  it("sizes that certainly differ are errors, those that may be equal are not", () => {
    expect(() => shapesOf((x, y) => np.add(x, y), [[["n", 3]], [["n", 4]]], undefined)).toThrow(/TW2002/);
    expect(() => shapesOf((x, y) => np.dot(x, y), [[["n", "m"]], [["m + 1", 2]]], undefined)).toThrow(/TW2003/);
    expect(shapesOf((x, y) => np.dot(x, y), [[["n", "m"]], [["k", 2]]], undefined)[0].map(String)).toEqual(["n", "2"]);
  });
});
