/** Conversion of one element between dtypes. */
import { bitWidth, type DType, isFloat, isSignedInt, limits } from "../ir/dtype.js";
import { type Element, isBig, roundTo } from "./array.js";

/** Floats to integers truncate and saturate (NaN: 0), integers to integers wrap, anything to bool is ≠ 0. */
export function convertElement(v: Element, from: DType, to: DType): Element {
  if (from === to) return v;
  if (to === "bool") return Number(v) !== 0 ? 1 : 0; // NaN is true, as in C
  if (isFloat(to)) return roundTo(to, typeof v === "bigint" ? bigToNumber(v, to) : v);
  if (isFloat(from)) return saturate(Number(v), to);
  if (isBig(to)) return roundTo(to, BigInt(v));
  if (typeof v === "number") return roundTo(to, v);
  const bits = bitWidth(to);
  return Number(isSignedInt(to) ? BigInt.asIntN(bits, v) : BigInt.asUintN(bits, v));
}

function saturate(x: number, to: DType): Element {
  const { min, max } = limits(to);
  if (Number.isNaN(x)) return isBig(to) ? 0n : 0;
  const t = Math.trunc(x) + 0;
  if (t <= Number(min)) return min;
  if (t >= Number(max)) return max;
  return isBig(to) ? BigInt(t) : t;
}

/** A 64-bit integer as a double that rounds on to narrower types as if from the integer itself (round to odd). */
function bigToNumber(v: bigint, to: DType): number {
  if (to === "f64") return Number(v);
  const a = v < 0n ? -v : v;
  if (a < 1n << 53n) return Number(v);
  const sticky = (a & 0x7ffn) !== 0n ? 0x800n : 0n;
  const odd = Number(((a >> 11n) << 11n) | sticky);
  return v < 0n ? -odd : odd;
}
