/** The regularised incomplete beta function. */
import { stirlingError } from "./gamma.js";
import { deviance } from "./igamma.js";

/** x^a y^b / (a B(a, b)) with y = 1 - x, through the binomial saddle point (Loader 2000). */
function prefactor(a: number, b: number, x: number, y: number): number {
  const n = a + b;
  const log = stirlingError(n) - stirlingError(a) - stirlingError(b) - deviance(a, n * x) - deviance(b, n * y);
  return (Math.exp(log) * Math.sqrt(n / (2 * Math.PI * a * b)) * b) / n;
}

/** 1/(1 + d1/(1 + d2/(1 + …))) (DLMF 8.17.22) by Lentz's method; converges fast for x < (a+1)/(a+b+2). */
function fraction(a: number, b: number, x: number): number {
  const tiny = 1e-300;
  const guard = (v: number): number => (Math.abs(v) < tiny ? tiny : v);
  let c = 1;
  let d = 1 / guard(1 - ((a + b) * x) / (a + 1));
  let h = d;
  for (let m = 1; m < 1e5; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guard(1 + even * d);
    c = guard(1 + even / c);
    h *= c * d;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guard(1 + odd * d);
    c = guard(1 + odd / c);
    const step = c * d;
    h *= step;
    if (Math.abs(step - 1) < 1e-16) break;
  }
  return h;
}

/** I_x(a, b); NaN for a ≤ 0, b ≤ 0 or x outside of [0, 1]. */
export function betainc(a: number, b: number, x: number): number {
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) return Number.NaN;
  if (x === 0) return 0;
  if (x === 1) return 1;
  if (x <= (a + 1) / (a + b + 2)) return prefactor(a, b, x, 1 - x) * fraction(a, b, x);
  return 1 - prefactor(b, a, 1 - x, x) * fraction(b, a, 1 - x);
}
