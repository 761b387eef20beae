/** Vectors and matrices. */
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import type { Shape } from "../ir/dim.js";
import type { DType } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import * as np from "../numpy/index.js";
import type { Tensor } from "../tracer/tensor.js";
import { drawExponential, drawNormal, drawSign, requireNumber } from "./continuous.js";
import { drawGamma } from "./gamma.js";
import { type DTypeLike, floatType, parameter, resultShape, type ShapeLike, shapeOf } from "./parameters.js";
import { type Source, sampler } from "./source.js";

/** Normal vectors with this mean and covariance. "svd" and "eigh" also take covariances that are singular. */
export const multivariateNormal = sampler(
  "multivariateNormal",
  (
    source,
    mean: Tensor,
    cov: Tensor,
    shape?: ShapeLike | null,
    dtype?: DTypeLike,
    method: "cholesky" | "svd" | "eigh" = "cholesky",
  ): Tensor => {
    const d = floatType("multivariateNormal", dtype ?? mean.aval.dtype);
    const [m, c] = [parameter(mean, d), parameter(cov, d)];
    const n = m.aval.shape[m.ndim - 1];
    const square = c.ndim >= 2 && c.aval.shape.slice(-2).every((k) => k === n);
    if (m.ndim < 1 || !square) {
      fail(
        "TW2001",
        `random.multivariateNormal: the mean ${printAval(m.aval)} does not fit the covariance ${printAval(c.aval)}`,
        {
          help: "the mean is [..., n], the covariance [..., n, n]",
        },
      );
    }
    const s = resultShape("multivariateNormal", shape, m.aval.shape.slice(0, -1), c.aval.shape.slice(0, -2));
    const x = drawNormal(source, [...s, n], d);
    const column = np.matmul(factorOf(c, method), lax.expandDims(x, [x.ndim]));
    return np.add(m, lax.squeeze(column, [column.ndim - 1]));
  },
);

/** F with F Fᵀ = c. */
function factorOf(c: Tensor, method: "cholesky" | "svd" | "eigh"): Tensor {
  if (method === "cholesky") return np.linalg.cholesky(c);
  if (method !== "svd" && method !== "eigh") {
    fail("TW2011", `random.multivariateNormal: there is no method ${JSON.stringify(method)}`, {
      help: "use cholesky, svd or eigh",
    });
  }
  const [vectors, values] = method === "svd" ? np.linalg.svd(c) : [...np.linalg.eigh(c)].reverse();
  return np.multiply(vectors, lax.expandDims(lax.sqrt(values), [values.ndim - 1]));
}

/** Orthogonal matrices n × m (n × n by default), uniform by the Haar measure: the Q of a normal matrix with R's signs made positive. */
export const orthogonal = sampler(
  "orthogonal",
  (source, n: number, shape: ShapeLike = [], dtype: DTypeLike = "f32", m?: number): Tensor => {
    const d = floatType("orthogonal", dtype);
    const rows = requireNumber("orthogonal", n, 0);
    const columns = requireNumber("orthogonal", m ?? n, 0);
    const s = shapeOf("orthogonal", shape);
    const z = drawNormal(source, [...s, Math.max(rows, columns), Math.min(rows, columns)], d);
    const [q, r] = np.linalg.qr(z);
    const signs = lax.sign(np.diagonal(r));
    const x = np.multiply(q, lax.expandDims(signs, [signs.ndim - 1]));
    return rows < columns ? np.matrixTranspose(x) : x;
  },
);

function drawGeneralizedNormal(source: Source, p: number, shape: Shape, dtype: DType): Tensor {
  const [kg, kr] = source.split(2);
  const g = drawGamma(kg, lax.full(shape, 1 / p, dtype), false);
  return lax.mul(drawSign(kr, shape, dtype), lax.pow(g, lax.full(shape, 1 / p, dtype)));
}
/** Density proportional to exp(-|x|^p). */
export const generalizedNormal = sampler(
  "generalizedNormal",
  (source, p: number, shape: ShapeLike = [], dtype: DTypeLike = "f32"): Tensor => {
    const d = floatType("generalizedNormal", dtype);
    return drawGeneralizedNormal(
      source,
      requireNumber("generalizedNormal", p, 0),
      shapeOf("generalizedNormal", shape),
      d,
    );
  },
);

/** Points in the unit ball of the p-norm in `d` dimensions (Barthe, Guédon, Mendelson and Naor 2005). */
export const ball = sampler(
  "ball",
  (source, d: number, p: number = 2, shape: ShapeLike = [], dtype: DTypeLike = "f32"): Tensor => {
    const type = floatType("ball", dtype);
    const s = shapeOf("ball", shape);
    const [k1, k2] = source.split(2);
    const g = drawGeneralizedNormal(k1, requireNumber("ball", p, 0), [...s, requireNumber("ball", d, 1)], type);
    const e = drawExponential(k2, s, type);
    const power = (x: Tensor, y: number): Tensor => lax.pow(x, lax.full(x.aval.shape, y, type));
    const norm = power(lax.add(lax.reduceSum(power(lax.abs(g), p), [s.length]), e), 1 / p);
    return np.divide(g, lax.expandDims(norm, [s.length]));
  },
);
