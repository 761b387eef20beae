/** Householder reflections I - τ v vᵀ with v₀ = 1 (Golub & Van Loan, Matrix Computations, 5.1). */
import type { TileAtom } from "../ir/tile.js";
import type { MatrixView, Operand, ScalarCode, VectorView } from "./scalar-code.js";

export interface Reflection {
  /** What the first element becomes; the others become zero. */
  readonly beta: TileAtom;
  readonly tau: TileAtom;
}

/** Numbers below `limit` may have residuals without all their digits; so many times larger all have, down to the least. */
const SCALES = { f32: { limit: 2 ** -100, up: 2 ** 100 }, f64: { limit: 2 ** -960, up: 2 ** 600 } };

/**
 * Replaces x[start, end) by the vector v of the reflection that makes all but its first element zero. LAPACK's signs: β
 * is opposite in sign to x₀; where all others are zero already, or not above `nothing`, τ = 0 and β = x₀.
 *
 * v and τ do not depend on the scale of x: a tiny x is scaled by a power of two first, so that the reflection is orthogonal
 * for subnormal x too. Such x are what is left of columns that depend on earlier ones: a residual of a residual of …
 */
export function reflect(k: ScalarCode, x: VectorView, start: Operand, end: Operand, nothing = 0): Reflection {
  const { t } = k;
  const { dtype } = x;
  const { limit, up } = SCALES[dtype === "f64" ? "f64" : "f32"];
  const next = k.add(start, 1);
  const alpha = t.var(x.at(start));
  const largest = t.var(t.const(0, dtype));
  k.for(next, end, (i) => t.assign(largest, k.max(largest, k.abs(x.at(i)))));
  const beta = t.var(alpha);
  const tau = t.var(t.const(0, dtype));
  // NaN must go on: only a true zero is left alone
  t.if(k.not(k.le(largest, nothing)), () => {
    const biggest = t.var(k.max(largest, k.abs(alpha)));
    const isTiny = t.var(k.lt(biggest, limit));
    t.if(isTiny, () => {
      for (const part of [alpha, biggest]) t.assign(part, k.mul(part, up));
      k.for(start, end, (i) => x.set(i, k.mul(x.at(i), up)));
    });
    const sum = t.var(t.const(0, dtype));
    k.for(start, end, (i) => {
      const scaled = k.div(x.at(i), biggest);
      t.assign(sum, k.add(sum, k.mul(scaled, scaled)));
    });
    const norm = k.mul(biggest, k.sqrt(sum));
    t.assign(beta, k.select(k.ge(alpha, 0), k.neg(norm), norm));
    t.assign(tau, k.div(k.sub(beta, alpha), beta));
    const difference = t.var(k.sub(alpha, beta));
    k.for(next, end, (i) => x.set(i, k.div(x.at(i), difference)));
    t.if(isTiny, () => t.assign(beta, k.mul(beta, 1 / up)));
  });
  x.set(start, 1);
  return { beta, tau };
}

/** From so large a sum of squares on it has all its digits. */
const LARGE = 2 ** -900;

/**
 * The same for an x of f64 that is not much larger than 1, with zeros from `from` to its start and from its end to `to`: it is read and
 * written by `width` elements at a time.
 */
export function reflectPadded(
  k: ScalarCode,
  x: VectorView,
  [start, end]: readonly [Operand, Operand],
  [from, to]: readonly [Operand, Operand],
  width: number,
  nothing: number,
): Reflection {
  const { t } = k;
  const alpha = t.var(x.at(start));
  const beta = t.var(alpha);
  const tau = t.var(t.const(0, x.dtype));
  x.set(start, 0);
  const squares = t.var(t.const(0, x.dtype, [width]));
  k.for(from, to, (i) => t.assign(squares, k.add(squares, k.mul(x.at(i, width), x.at(i, width)))), width);
  const sum = t.reduce("sum", squares, 0);
  t.if(
    k.ge(sum, LARGE),
    () => {
      const norm = k.sqrt(k.add(k.mul(alpha, alpha), sum));
      t.assign(beta, k.select(k.ge(alpha, 0), k.neg(norm), norm));
      t.assign(tau, k.div(k.sub(beta, alpha), beta));
      const factor = t.var(k.div(1, k.sub(alpha, beta)));
      k.for(from, to, (i) => x.set(i, k.mul(x.at(i, width), factor), width), width);
      x.set(start, 1);
    },
    () => {
      x.set(start, alpha);
      const slow = reflect(k, x, start, end, nothing);
      t.assign(beta, slow.beta);
      t.assign(tau, slow.tau);
    },
  );
  return { beta, tau };
}

/** Rows [top, bottom) and columns [left, right) of m become (I - τ v vᵀ)·m, v[i] belonging to row i. */
export function applyFromLeft(
  k: ScalarCode,
  m: MatrixView,
  v: VectorView,
  tau: TileAtom,
  [top, bottom]: readonly [Operand, Operand],
  [left, right]: readonly [Operand, Operand],
): void {
  const { t } = k;
  k.vectorFor(
    left,
    right,
    (c, width) => {
      const sum = t.var(t.const(0, m.dtype, width === 1 ? [] : [width]));
      k.for(top, bottom, (i) => t.assign(sum, k.add(sum, k.mul(m.at(i, c, width), v.at(i)))));
      const factor = k.mul(sum, tau);
      k.for(top, bottom, (i) => m.set(i, c, k.sub(m.at(i, c, width), k.mul(factor, v.at(i))), width));
    },
    16,
  );
}
