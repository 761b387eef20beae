/** Learning rates as functions of the step count. */
import { fail } from "../diagnostics/error.js";
import * as lax from "../lax/index.js";
import * as np from "../numpy/index.js";
import type { Tensor } from "../tracer/tensor.js";

/** A rate for each step (an i32 scalar or number), traceable. */
export type ScheduleFunction = (count: Tensor) => Tensor;
const fraction = (count: Tensor, steps: number): Tensor => np.clip(np.divide(count, Math.max(1, steps)), 0, 1);

/** The same rate at each step. */
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
/** value · rate^(count / steps) after `transitionBegin`, in steps when `staircase`; not past `endValue`. */
export function exponentialDecay(
  value: number,
  steps: number,
  rate: number,
  options: { transitionBegin?: number; staircase?: boolean; endValue?: number } = {},
): ScheduleFunction {
  return (count) => {
    const e = np.maximum(np.divide(np.subtract(count, options.transitionBegin ?? 0), steps), 0);
    const v = np.multiply(np.exp(np.multiply(options.staircase ? np.floor(e) : e, Math.log(rate))), value);
    if (options.endValue === undefined) return v;
    return rate < 1 ? np.maximum(v, options.endValue) : np.minimum(v, options.endValue);
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
/** From `from` to `to` in `steps` steps as a power of what is left. */
export function polynomialSchedule(from: number, to: number, power: number, steps: number): ScheduleFunction {
  return (count) => np.add(np.multiply(np.power(np.subtract(1, fraction(count, steps)), power), from - to), to);
}
/** One schedule after the other; each starts to count at its boundary. */
export function joinSchedules(schedules: readonly ScheduleFunction[], boundaries: readonly number[]): ScheduleFunction {
  if (schedules.length !== boundaries.length + 1) {
    fail("TW2011", `joinSchedules: ${schedules.length} schedules and ${boundaries.length} boundaries`, {
      help: "give one boundary between each two schedules",
    });
  }
  return (count) =>
    boundaries.reduce(
      (v, b, i) => np.where(np.less(count, b), v, schedules[i + 1](lax.sub(count, b))),
      schedules[0](count),
    );
}
