/** Generators of operands. Each is a function of (rng, dtype, shape), so that one case serves all its dtypes. */
import { type Element, generate, isBig, type NDArray, roundTo, sizeOfShape } from "../../src/interpreter/array.js";
import { convertElement } from "../../src/interpreter/convert.js";
import { type DType, isFloat, isUnsignedInt, limits } from "../../src/ir/dtype.js";
import type { Gen } from "./cases/types.js";
import type { Rng } from "./random.js";

/** A real number as an element of the dtype (integers truncate, bool is ≠ 0). */
export function toElement(x: number, dtype: DType): Element {
  return convertElement(x, "f64", dtype);
}

/** Independent elements; keys, which are opaque, get random bits whatever `f` says. */
export const each =
  (f: (rng: Rng, dtype: DType) => number): Gen =>
  (rng, dtype, shape) =>
    generate(shape, dtype, () => (dtype === "key" ? rng.u64() : toElement(f(rng, dtype), dtype)));

export const uniform = (lo: number, hi: number): Gen => each((rng) => rng.uniform(lo, hi));
/** Normal for floats; small integers of both signs (unsigned: 0 … 12) for integers; coins for bool. */
export const normal: Gen = each((rng, d) => {
  if (d === "bool") return rng.int(0, 1);
  if (isFloat(d)) return rng.normal();
  return isUnsignedInt(d) ? rng.int(0, 12) : rng.int(-6, 6);
});
export const bools: Gen = each((rng) => rng.int(0, 1));
export const ints = (lo: number, hi: number): Gen => each((rng) => rng.int(lo, hi));
export const constant = (x: number): Gen => each(() => x);

const SPECIAL_FLOATS = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
];

/** Special values among ordinary ones: signed zeros, halves, infinities, NaN, limits; all bit patterns for integers. */
export const anything: Gen = (rng, dtype, shape) =>
  generate(shape, dtype, () => {
    if (dtype === "key") return rng.u64();
    if (dtype === "bool") return rng.int(0, 1);
    if (isFloat(dtype)) {
      const { min, max } = limits(dtype);
      if (rng.chance(0.3)) return roundTo(dtype, rng.pick([...SPECIAL_FLOATS, Number(min), Number(max)]));
      return roundTo(dtype, rng.normal() * 10 ** rng.int(-2, 2));
    }
    const { min, max } = limits(dtype);
    if (rng.chance(0.3))
      return roundTo(dtype, rng.pick<Element>([...(isBig(dtype) ? [0n, 1n, -1n] : [0, 1, -1]), min, max]));
    if (rng.chance(0.3)) return roundTo(dtype, isBig(dtype) ? BigInt(rng.int(-9, 9)) : rng.int(-9, 9));
    return roundTo(dtype, isBig(dtype) ? rng.u64() : rng.u32());
  });

/** Finite values, some of them large, with signed zeros. */
export const finite: Gen = each((rng, d) => {
  if (!isFloat(d)) return rng.int(isUnsignedInt(d) || d === "bool" ? 0 : -100, 100);
  return rng.chance(0.1) ? rng.pick([0, -0, 1, -1]) : rng.normal() * rng.pick([1, 1, 10]);
});

/** Like `g`, a few elements replaced by the given ones. */
export const mixed =
  (g: Gen, special: readonly number[], chance = 0.2): Gen =>
  (rng, dtype, shape) => {
    const x = g(rng, dtype, shape);
    return generate(shape, dtype, (i) =>
      rng.chance(chance) ? toElement(rng.pick(special), dtype) : (x.data[i] as Element),
    );
  };
/** The float edge values that every real function must get right: ±0, ±inf and NaN. */
export const withEdges = (g: Gen): Gen =>
  mixed(g, [0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN], 0.15);

/** At least `gap` from every multiple of `step`: for floor, round, sign, abs and friends. */
export const awayFromMultiples = (step: number, gap: number, range: number): Gen =>
  each((rng) => (rng.int(Math.ceil(-range / step), Math.floor(range / step) - 1) + rng.uniform(gap, 1 - gap)) * step);
/** Both signs, magnitude in [lo, hi]. */
export const awayFromZero = (lo: number, hi: number): Gen =>
  each((rng) => rng.uniform(lo, hi) * (rng.chance(0.5) ? 1 : -1));

/** All elements at least `gap` apart, in random order: no ties for max, sort, argmax, pooling. */
export const distinct =
  (gap = 0.25): Gen =>
  (rng, dtype, shape) => {
    const n = sizeOfShape(shape);
    const order = rng.shuffle(Array.from({ length: n }, (_, i) => i));
    return generate(shape, dtype, (i) => toElement((order[i] - n / 2 + rng.uniform(0, 0.4)) * gap, dtype));
  };
/** Values from a small set, so that there are many ties. */
export const tied: Gen = each((rng, d) => rng.int(isUnsignedInt(d) || d === "bool" ? 0 : -2, 2));

/** Index vectors in [lo, hi] per component of the last axis. */
export const indexVectors =
  (lo: readonly number[], hi: readonly number[]): Gen =>
  (rng, dtype, shape) =>
    generate(shape, dtype, (i) => toElement(rng.int(lo[i % lo.length], hi[i % hi.length]), dtype));

/** Index vectors that are all different, components in [0, hi). */
export const uniqueIndexVectors =
  (hi: readonly number[]): Gen =>
  (rng, dtype, shape) => {
    const all = Array.from({ length: sizeOfShape(hi) }, (_, i) => i);
    const chosen = rng.shuffle(all);
    const depth = hi.length;
    return generate(shape, dtype, (i) => {
      let n = chosen[Math.floor(i / depth)];
      const components = new Array<number>(depth);
      for (let k = depth - 1; k >= 0; k--) {
        components[k] = n % hi[k];
        n = Math.floor(n / hi[k]);
      }
      return toElement(components[i % depth], dtype);
    });
  };

/** Matrices (the last two axes) built one by one from a function of row and column. */
const matrices =
  (make: (rng: Rng, m: number, n: number) => (i: number, j: number) => number): Gen =>
  (rng, dtype, shape) => {
    const [m, n] = shape.slice(-2);
    let at: (i: number, j: number) => number = () => 0;
    return generate(shape, dtype, (flat) => {
      const k = flat % (m * n);
      if (k === 0) at = make(rng, m, n);
      return toElement(at(Math.floor(k / n), k % n), dtype);
    });
  };

const randomMatrix = (rng: Rng, m: number, n: number): number[][] =>
  Array.from({ length: m }, () => Array.from({ length: n }, () => rng.normal()));

/** G Gᵀ + n I with garbage above the diagonal, which must not be read. */
export const positiveDefinite: Gen = matrices((rng, n) => {
  const g = randomMatrix(rng, n, n);
  return (i, j) => (j > i ? rng.normal() : g[i].reduce((s, x, k) => s + x * g[j][k], i === j ? n : 0));
});
/** Symmetric in its lower triangle, eigenvalues well apart; garbage above the diagonal, which must not be read. */
export const symmetricLower: Gen = matrices((rng, n) => {
  const g = randomMatrix(rng, n, n);
  return (i, j) => (i === j ? 3 * i + 0.2 * g[i][i] : 0.6 * g[i][j]);
});
/** Lower and upper triangles with a diagonal away from zero: every triangle of it can be solved with. */
export const diagonallyDominant: Gen = matrices((rng, n) => {
  const g = randomMatrix(rng, n, n);
  return (i, j) => (i === j ? (g[i][i] < 0 ? -1 : 1) * (2 + Math.abs(g[i][i])) : 0.4 * g[i][j]);
});
/** Singular values well apart: a scaled diagonal plus a little. */
export const wellConditioned: Gen = matrices((rng, m, n) => {
  const g = randomMatrix(rng, m, n);
  return (i, j) => (i === j ? 2 * (i + 1) + 0.3 * g[i][j] : 0.5 * g[i][j]);
});

export const keys: Gen = (rng, dtype, shape) => generate(shape, dtype, () => rng.u64());

/** The same array twice from one seed is what the laws need: a helper to check it. */
export function sameArray(x: NDArray, y: NDArray): boolean {
  return (
    x.dtype === y.dtype &&
    x.shape.join() === y.shape.join() &&
    Array.from(x.data as ArrayLike<Element>).every((v, i) => Object.is(v, y.data[i]))
  );
}
