/** The loop around QR steps: blocks from the end of two diagonals, until all that stands beside the main one is as good as zero. */
import type { DType } from "../ir/dtype.js";
import type { TileAtom } from "../ir/tile.js";
import type { Recorder } from "./rotation-list.js";
import type { ScalarCode, VectorView } from "./scalar-code.js";

/** Of a matrix that is scaled to 1, what is as good as zero: numbers whose squares and quotients have no digits. */
export const NOTHING = 2 ** -900;
const STEPS_EACH = 60;

/**
 * What is nothing beside its neighbours on the diagonal. Values are computed in f64 of either type; those of f32 matrices are rounded
 * in the end, and a step more for each of them would be for digits that they do not have.
 */
export const epsilonOf = (dtype: DType): number => (dtype === "f64" ? 2 ** -52 : 2 ** -34);

/** From element `low` to `high` nothing beside the diagonal is zero. */
export interface DiagonalBlock {
  readonly low: TileAtom;
  readonly high: TileAtom;
  /** Of the block, if they are wanted: its largest element, and its smallest on the diagonal. */
  readonly largest: TileAtom;
  readonly smallest: TileAtom;
}

/** `step` for blocks of n elements on the diagonal d with e beside them. */
export function deflate(
  k: ScalarCode,
  n: number,
  [d, e]: readonly [VectorView, VectorView],
  epsilon: number,
  recorder: Recorder,
  step: (block: DiagonalBlock) => void,
): void {
  const { t } = k;
  const high = t.var(t.i32(n - 1));
  const steps = t.var(t.i32(0));
  t.while(
    () => k.and(k.gt(high, 0), k.lt(steps, STEPS_EACH * n)),
    () => {
      const low = t.var(high);
      const largest = t.var(k.abs(d.at(high)));
      const smallest = t.var(largest);
      const going = t.var(t.const(true, "bool"));
      t.while(
        () => k.and(going, k.gt(low, 0)),
        () => {
          const before = k.sub(low, 1);
          const [size, off] = [k.abs(d.at(before)), k.abs(e.at(before))];
          const limit = k.add(k.mul(k.add(size, k.abs(d.at(low))), epsilon), NOTHING);
          t.if(
            k.le(off, limit),
            () => t.assign(going, t.const(false, "bool")),
            () => {
              t.assign(low, before);
              t.assign(largest, k.max(largest, k.max(size, off)));
              t.assign(smallest, k.min(smallest, size));
            },
          );
        },
      );
      t.if(
        k.eq(low, high),
        () => t.assign(high, k.sub(high, 1)),
        () => {
          t.assign(steps, k.add(steps, 1));
          recorder.sweep(low, k.sub(high, low));
          step({ low, high, largest, smallest });
        },
      );
    },
  );
}
