/** `range`, as staged code loops over it. */
import { fail } from "../diagnostics/error.js";
import { describeValue } from "../tracer/leaf.js";

class NumberRange implements Iterable<number> {
  constructor(
    readonly start: number,
    readonly stop: number,
    readonly step: number,
  ) {}
  *[Symbol.iterator](): Iterator<number> {
    const { start, stop, step } = this;
    for (let i = start; step > 0 ? i < stop : i > stop; i += step) yield i;
  }
}

/**
 * The whole numbers from `start` (0) to `stop`, which is not among them. In a function whose source is captured, a loop over it
 * is one scan, whose index only the run knows; without source capture it is an ordinary loop, unrolled by tracing.
 *
 * @example for (const i of range(100)) h = np.tanh(h * w + x[i]);
 */
export function range(stop: number): Iterable<number>;
export function range(start: number, stop: number, step?: number): Iterable<number>;
export function range(a: number, b?: number, step = 1): Iterable<number> {
  const [start, stop] = b === undefined ? [0, a] : [a, b];
  checkRange([start, stop, step]);
  return new NumberRange(start, stop, step);
}

export function checkRange(numbers: readonly unknown[]): void {
  for (const n of numbers) {
    if (typeof n === "number" && !Number.isInteger(n))
      fail("TW2011", `range: ${n} is not a whole number`, {
        help: "range counts in whole numbers; scale the index in the loop",
      });
    if (typeof n !== "number" && typeof n !== "object")
      fail("TW2011", `range: a bound is ${describeValue(n)}`, { help: "write range(n), or range(start, stop, step)" });
  }
  if (numbers[2] === 0) fail("TW2011", "range: the step is 0", { help: "give a step that leads from start to stop" });
}
