/**
 * Sizes of axes: a number, or an integer polynomial over named sizes (and floordiv, mod, max, min of such).
 * Equality and order are three-valued: true, false, or undefined when it depends on the names' values.
 */
export class SymDim {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
}
export type Dim = number | SymDim;
export type Shape = readonly Dim[];

export function isStatic(d: Dim): d is number {
  return typeof d === "number";
}
export function isStaticShape(s: Shape): s is readonly number[] {
  return s.every(isStatic);
}
declare function todo(): never;
export function symbol(_name: string): SymDim {
  return todo();
}
export function dimAdd(a: Dim, b: Dim): Dim {
  return typeof a === "number" && typeof b === "number" ? a + b : todo();
}
export function dimSub(a: Dim, b: Dim): Dim {
  return typeof a === "number" && typeof b === "number" ? a - b : todo();
}
export function dimMul(a: Dim, b: Dim): Dim {
  return typeof a === "number" && typeof b === "number" ? a * b : todo();
}
export function dimFloorDiv(a: Dim, b: Dim): Dim {
  return typeof a === "number" && typeof b === "number" ? Math.floor(a / b) : todo();
}
export function dimMod(a: Dim, b: Dim): Dim {
  return typeof a === "number" && typeof b === "number" ? a - b * Math.floor(a / b) : todo();
}
export function dimMax(a: Dim, b: Dim): Dim {
  return typeof a === "number" && typeof b === "number" ? Math.max(a, b) : todo();
}
export function dimMin(a: Dim, b: Dim): Dim {
  return typeof a === "number" && typeof b === "number" ? Math.min(a, b) : todo();
}
/** true, false, or undefined when unknown. */
export function dimEqual(a: Dim, b: Dim): boolean | undefined {
  return typeof a === "number" && typeof b === "number" ? a === b : todo();
}
/** a ≥ b, names standing for integers ≥ 1 unless said otherwise. */
export function dimAtLeast(a: Dim, b: Dim): boolean | undefined {
  return typeof a === "number" && typeof b === "number" ? a >= b : todo();
}
export function dimProduct(s: Shape): Dim {
  return s.reduce<Dim>(dimMul, 1);
}
/** Exactly the same canonical form (a cheap, two-valued test). */
export function dimSame(a: Dim, b: Dim): boolean {
  return a === b || String(a) === String(b);
}
export function shapeSame(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => dimSame(d, b[i]));
}
export function parseDim(_text: string): Dim {
  return todo();
}
export function substituteDim(d: Dim, _sizes: ReadonlyMap<string, number>): Dim {
  return typeof d === "number" ? d : todo();
}
