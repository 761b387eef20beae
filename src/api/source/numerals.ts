/** Numbers as they are written: the shortest text that gives the same value. */
import type { DType } from "../../ir/dtype.js";

export function numeral(value: number | bigint | boolean, dtype: DType): string {
  if (typeof value === "bigint") return `${value}n`;
  if (dtype === "bool") return String(Boolean(value));
  const x = Number(value);
  if (Object.is(x, -0)) return "-0";
  if (dtype !== "f32" || !Number.isFinite(x)) return String(x);
  // a text of nine digits gives any f32 back
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === Math.fround(x)) return String(short);
  }
  return String(x);
}

/** A scalar as an array. */
export function scalarText(value: number | bigint | boolean, dtype: DType): string {
  return `np.full([], ${numeral(value, dtype)}, "${dtype}")`;
}
