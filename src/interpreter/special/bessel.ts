/** Modified Bessel functions of the first kind, scaled: e^-|x| I_v(x). */

/** e^-x Σ (x/2)^(2k+v) / (k! (k+v)!) (DLMF 10.25.2): all terms are positive. */
function series(v: 0 | 1, x: number): number {
  const q = (x * x) / 4;
  let term = v === 0 ? 1 : x / 2;
  let sum = term;
  for (let k = 1; term > 1e-18 * sum; k++) {
    term *= q / (k * (k + v));
    sum += term;
  }
  return Math.exp(-x) * sum;
}

/** Hankel's expansion (DLMF 10.40.1): 1/√(2πx) Σ (-1)^k a_k(v) / x^k; its smallest term is about e^(-2x). */
function asymptotic(v: 0 | 1, x: number): number {
  const mu = 4 * v * v;
  let term = 1;
  let sum = 1;
  for (let k = 1; k < 60; k++) {
    const next = (-term * (mu - (2 * k - 1) ** 2)) / (8 * k * x);
    if (Math.abs(next) > Math.abs(term) || Math.abs(next) < 1e-18) break;
    term = next;
    sum += term;
  }
  return sum / Math.sqrt(2 * Math.PI * x);
}

export function i0e(x: number): number {
  const a = Math.abs(x);
  return a < 20 ? series(0, a) : asymptotic(0, a);
}

export function i1e(x: number): number {
  const a = Math.abs(x);
  if (a === 0 || Number.isNaN(x)) return x;
  return Math.sign(x) * (a < 20 ? series(1, a) : asymptotic(1, a));
}
