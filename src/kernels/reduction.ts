/**
 * The steps of a reduction, each a few phases that follow one another. A phase is one program of a matrix, or one for each of its parts.
 * Threads share the parts of a large matrix; the steps of many matrices, or of small ones, are a loop in one program for each.
 */
import { type Dim, isStatic } from "../ir/dim.js";
import type { TileAtom } from "../ir/tile.js";
import { type ScalarCode, VectorView } from "./scalar-code.js";

export interface Phase {
  /** Nanoseconds of all parts; left out: the phase is for the whole. */
  readonly ns?: number;
  body(matrix: TileAtom, step: TileAtom, part: TileAtom): void;
}

/** Orders of matrices from which handing out parts takes less than it saves, and from which there are many of them. */
const LARGE = 320;
const LARGER = 512;
/** So many matrices keep all threads at work. */
const MANY = 4;

/** Parts of a matrix of this order, in a stack of so many; 1: all is one program. */
export function partsOf(order: number, batch: Dim): number {
  if (!isStatic(batch) || batch >= MANY || order < LARGE) return 1;
  return order < LARGER ? 4 : 8;
}

export interface Reduction {
  readonly steps: number;
  readonly parts: number;
  /** One program of a matrix, before the steps and after. */
  start(matrix: TileAtom): void;
  readonly phases: readonly Phase[];
  end(matrix: TileAtom): void;
}
export function reductionStages(k: ScalarCode, batch: Dim, several: (each: number) => Dim, r: Reduction): void {
  const { t } = k;
  if (r.parts === 1) {
    t.stage([batch], (b) => {
      r.start(b);
      k.for(0, r.steps, (step) => {
        for (const phase of r.phases) phase.body(b, step, t.i32(0));
      });
      r.end(b);
    });
    return;
  }
  const counters = t.ref("steps", "i32", "scratch", several(1));
  const counter = (b: TileAtom): VectorView => new VectorView(k, counters, b);
  t.stage([batch], (b) => {
    r.start(b);
    counter(b).set(0, t.i32(-1));
  });
  t.rounds(r.steps, () =>
    r.phases.forEach(({ ns, body }, i) => {
      const run = (b: TileAtom, part: TileAtom): void => {
        if (i === 0) counter(b).set(0, k.add(counter(b).at(0), 1));
        body(b, counter(b).at(0), part);
      };
      if (ns === undefined) t.stage([batch], (b) => run(b, t.i32(0)));
      else t.stage([batch, r.parts], run, { ns: ns / r.parts, even: true });
    }),
  );
  t.stage([batch], (b) => r.end(b));
}
