/** Plane rotations that diagonalise a symmetric 2 × 2 matrix (Golub & Van Loan, Matrix Computations, 8.5). */
import type { TileAtom } from "../ir/tile.js";
import type { ScalarCode } from "./scalar-code.js";

export interface Rotation {
  readonly c: TileAtom;
  readonly s: TileAtom;
  readonly t: TileAtom;
}
/** The smaller rotation for diagonal (p, q) and off-diagonal o ≠ 0. */
export function rotation(k: ScalarCode, p: TileAtom, q: TileAtom, o: TileAtom): Rotation {
  const theta = k.div(k.sub(q, p), k.mul(o, 2));
  const size = k.add(k.abs(theta), k.sqrt(k.add(k.mul(theta, theta), 1)));
  const t = k.div(k.select(k.ge(theta, 0), k.t.const(1, theta.dtype), -1), size);
  const c = k.div(1, k.sqrt(k.add(k.mul(t, t), 1)));
  return { c, s: k.mul(t, c), t };
}
