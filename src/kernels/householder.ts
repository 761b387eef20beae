/** Householder reflections I - τ v vᵀ with v₀ = 1 (Golub & Van Loan, Matrix Computations, 5.1). */
import type { TileAtom } from "../ir/tile.js";
import type { MatrixView, Operand, ScalarCode, VectorView } from "./scalar-code.js";

export interface Reflection {
  /** What the first element becomes; the others become zero. */
  readonly beta: TileAtom;
  readonly tau: TileAtom;
}

/**
 * Replaces x[start, end) by the vector v of the reflection that makes all but its first element zero. LAPACK's signs: β
 * is opposite in sign to x₀; where all others are zero already, or not above `nothing`, τ = 0 and β = x₀.
 */
export function reflect(k: ScalarCode, x: VectorView, start: Operand, end: Operand, nothing = 0): Reflection {
  const { t } = k;
  const { dtype } = x;
  const next = k.add(start, 1);
  const alpha = t.var(x.at(start));
  const largest = t.var(t.const(0, dtype));
  k.for(next, end, (i) => t.assign(largest, k.max(largest, k.abs(x.at(i)))));
  const beta = t.var(alpha);
  const tau = t.var(t.const(0, dtype));
  // NaN must go on: only a true zero is left alone
  t.if(k.not(k.le(largest, nothing)), () => {
    const biggest = k.max(largest, k.abs(alpha));
    const sum = t.var(t.const(0, dtype));
    k.for(start, end, (i) => {
      const scaled = k.div(x.at(i), biggest);
      t.assign(sum, k.add(sum, k.mul(scaled, scaled)));
    });
    const norm = k.mul(biggest, k.sqrt(sum));
    t.assign(beta, k.select(k.ge(alpha, 0), k.neg(norm), norm));
    t.assign(tau, k.div(k.sub(beta, alpha), beta));
    const difference = k.sub(alpha, beta);
    k.for(next, end, (i) => x.set(i, k.div(x.at(i), difference)));
  });
  x.set(start, 1);
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
