/** The loop around QR steps: blocks from the end of two diagonals, until all that stands beside the main one is as good as zero. */
import type { DType } from "../ir/dtype.js";
import type { TileAtom } from "../ir/tile.js";
import type { Recorder } from "./rotation-list.js";
import type { ScalarCode, VectorView } from "./scalar-code.js";

/** Of a matrix that is scaled to 1, what is as good as zero: numbers whose squares and quotients have no digits. */
export const NOTHING = 2 ** -900;
const STEPS_EACH = 60;

/** Where the iteration is, kept in memory: the last element of the block that is worked on, and steps that were made. */
const HIGH = 0;
const STEPS = 1;
export const PROGRESS = 2;

export function startDeflation(k: ScalarCode, n: number, progress: VectorView): void {
  progress.set(HIGH, k.i32(n - 1));
  progress.set(STEPS, k.i32(0));
}
/** Whether there is more to do. */
export function isOpen(k: ScalarCode, n: number, progress: VectorView): TileAtom {
  return k.and(k.gt(progress.at(HIGH), 0), k.lt(progress.at(STEPS), STEPS_EACH * n));
}

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

/** `step` for blocks of n elements on the diagonal d with e beside them, as long as the recorder has room. */
export function deflate(
  k: ScalarCode,
  n: number,
  [d, e]: readonly [VectorView, VectorView],
  epsilon: number,
  recorder: Recorder,
  progress: VectorView,
  step: (block: DiagonalBlock) => void,
): void {
  const { t } = k;
  const high = t.var(progress.at(HIGH));
  const steps = t.var(progress.at(STEPS));
  const isFull = t.var(t.const(false, "bool"));
  t.while(
    () => k.and(k.not(isFull), k.and(k.gt(high, 0), k.lt(steps, STEPS_EACH * n))),
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
          const rotations = k.sub(high, low);
          t.if(
            recorder.hasRoom(rotations),
            () => {
              t.assign(steps, k.add(steps, 1));
              recorder.sweep(low, rotations);
              step({ low, high, largest, smallest });
            },
            () => t.assign(isFull, t.const(true, "bool")),
          );
        },
      );
    },
  );
  progress.set(HIGH, high);
  progress.set(STEPS, steps);
}
