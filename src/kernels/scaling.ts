/** What eigenvalues and singular values are computed of: a matrix that is scaled to 1, and finite. */
import type { TileAtom } from "../ir/tile.js";
import type { ScalarCode } from "./scalar-code.js";

export interface Extent {
  /** 0, or NaN where an element is not finite. */
  readonly poison: TileAtom;
  readonly isFinite: TileAtom;
  /** The largest absolute value, of which squares and quotients have digits; 1 where there is none. */
  readonly scale: TileAtom;
}

/** `visit` calls its argument with each element (in f64). */
export function extentOf(k: ScalarCode, visit: (see: (x: TileAtom) => void) => void): Extent {
  const { t } = k;
  const largest = t.var(t.const(0, "f64"));
  const poison = t.var(t.const(0, "f64"));
  visit((x) => {
    t.assign(largest, k.max(largest, k.abs(x)));
    t.assign(poison, k.add(poison, k.mul(x, 0)));
  });
  const isFinite = k.eq(poison, 0);
  const scale = k.select(k.and(isFinite, k.gt(largest, 0)), k.max(largest, 2 ** -1000), 1);
  return { poison, isFinite, scale };
}
