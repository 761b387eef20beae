/** Polynomials as the text of nested multiply-adds; coefficients lowest degree first, rounded to f32. */
import { shortest } from "../types.js";

export function horner(x: string, coefficients: readonly number[]): string {
  const text = coefficients.map((c) => `${shortest(Math.fround(c))}f`);
  return text.slice(0, -1).reduceRight((sum, c) => `fma(${sum}, ${x}, ${c})`, text[text.length - 1]);
}
