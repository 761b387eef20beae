/** Sums and products of f64 without rounding error, as pairs (Dekker 1971; Knuth, The Art of Computer Programming 4.2.2). */
import type { Value } from "./value.js";

/** high + low, not rounded. */
export interface Double {
  readonly high: Value;
  readonly low: Value;
}

export function twoSum(a: Value, b: Value): Double {
  const high = a.add(b);
  const part = high.sub(a);
  return { high, low: a.sub(high.sub(part)).add(b.sub(part)) };
}
/** For |a| ≥ |b|. */
export function fastTwoSum(a: Value, b: Value): Double {
  const high = a.add(b);
  return { high, low: b.sub(high.sub(a)) };
}
/** Veltkamp's splitting in 26 + 27 bits; there is no exact fused multiply-add in Wasm. */
function halves(a: Value): Double {
  const c = a.mul(2 ** 27 + 1);
  const high = c.sub(c.sub(a));
  return { high, low: a.sub(high) };
}
export function twoProduct(a: Value, b: Value): Double {
  const high = a.mul(b);
  const x = halves(a);
  const y = a === b ? x : halves(b);
  const low = x.high.mul(y.high).sub(high).add(x.high.mul(y.low)).add(x.low.mul(y.high)).add(x.low.mul(y.low));
  return { high, low };
}
/** With about 2⁻¹⁰⁴ relative error. */
export function doubleProduct(a: Double, b: Double): Double {
  const p = twoProduct(a.high, b.high);
  return fastTwoSum(p.high, p.low.add(a.high.mul(b.low).add(a.low.mul(b.high))));
}
