/** The order of few values, as numbers of their places. */
import type { TileAtom } from "../ir/tile.js";
import type { ScalarCode, VectorView } from "./scalar-code.js";

/** order[j]: which of the n values is the j-th, when those come later that come `after` others; insertion sort, stable. */
export function orderOf(
  k: ScalarCode,
  n: number,
  values: VectorView,
  order: VectorView,
  after: (a: TileAtom, b: TileAtom) => TileAtom,
): void {
  const { t } = k;
  k.for(0, n, (i) => {
    const x = values.at(i);
    const j = t.var(i);
    t.while(
      () => {
        const previous = order.at(k.max(k.sub(j, 1), 0));
        // the place before the first is never read as an index out of range
        const safe = k.select(k.gt(j, 0), previous, 0);
        return k.and(k.gt(j, 0), after(values.at(safe), x));
      },
      () => {
        order.set(j, order.at(k.sub(j, 1)));
        t.assign(j, k.sub(j, 1));
      },
    );
    order.set(j, i);
  });
}
