/** Learning rates as functions of the step count. */
import * as lax from "../lax/index.js";
import * as np from "../numpy/index.js";
import type { Tensor } from "../tracer/tensor.js";

export type ScheduleFunction = (count: Tensor) => Tensor;
const fraction = (count: Tensor, steps: number): Tensor => np.clip(np.divide(count, Math.max(1, steps)), 0, 1);

export function constantSchedule(value: number): ScheduleFunction {
  return () => np.full([], value);
}
/** From `from` to `to` in `steps` equal steps, then constant. */
export function linearSchedule(from: number, to: number, steps: number): ScheduleFunction {
  return (count) => np.add(np.multiply(fraction(count, steps), to - from), from);
}
/** Half a cosine from `value` to `alpha·value` (Loshchilov & Hutter 2017). */
export function cosineDecaySchedule(value: number, steps: number, alpha = 0): ScheduleFunction {
  return (count) => {
    const cosine = np.multiply(np.add(np.cos(np.multiply(fraction(count, steps), Math.PI)), 1), 0.5);
    return np.multiply(np.add(np.multiply(cosine, 1 - alpha), alpha), value);
  };
}
/** Up from `init` to `peak` in `warmupSteps`, then a cosine down to `end` at `steps`. */
export function warmupCosineDecaySchedule(
  init: number,
  peak: number,
  warmupSteps: number,
  steps: number,
  end = 0,
): ScheduleFunction {
  const up = linearSchedule(init, peak, warmupSteps);
  const down = cosineDecaySchedule(peak, steps - warmupSteps, peak === 0 ? 0 : end / peak);
  return (count) => np.where(np.less(count, warmupSteps), up(count), down(lax.sub(count, warmupSteps)));
}
/** value · rate^(count / steps), in steps when `staircase`. */
export function exponentialDecay(
  value: number,
  steps: number,
  rate: number,
  options: { staircase?: boolean } = {},
): ScheduleFunction {
  return (count) => {
    const e = np.divide(count, steps);
    return np.multiply(np.exp(np.multiply(options.staircase ? np.floor(e) : e, Math.log(rate))), value);
  };
}
/** Multiplied by the given factor once each boundary is passed. */
export function piecewiseConstantSchedule(
  value: number,
  boundariesAndScales: Readonly<Record<number, number>>,
): ScheduleFunction {
  return (count) =>
    Object.entries(boundariesAndScales).reduce<Tensor>(
      (v, [boundary, factor]) => np.multiply(v, np.where(np.greaterEqual(count, Number(boundary)), factor, 1)),
      np.full([], value),
    );
}
