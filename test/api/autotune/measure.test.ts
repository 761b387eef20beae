/** Which way is fastest, by a clock that the test moves. */
import { expect, it } from "vitest";
import { fastest, measure } from "../../../src/api/autotune/measure.js";

/** Ways that take so long by the clock; the first run takes `compile` longer. */
function ways(times: readonly (number | Error)[], compile = 100) {
  let clock = 0;
  const runs = times.map(() => 0);
  const candidates = times.map((t, i) => ({
    run: () => {
      if (t instanceof Error) throw t;
      clock += t + (runs[i]++ === 0 ? compile : 0);
    },
  }));
  return { candidates, runs, now: () => clock };
}

it("takes the fastest; compiling does not count", () => {
  const { candidates, now } = ways([3, 1, 2]);
  const measured = measure(candidates, { budget: 100, warmup: 5, now });
  expect(measured.map((m) => m.ms)).toEqual([3, 1, 2]);
  expect(fastest(measured)).toBe(1);
});

it("what fails is left out, with its error", () => {
  const broken = new Error("no");
  const { candidates, now } = ways([3, broken, 2]);
  const started: number[] = [];
  const measured = measure(candidates, { budget: 100, warmup: 5, now, started: (at) => started.push(at) });
  expect(measured).toEqual([{ ms: 3 }, { error: broken }, { ms: 2 }]);
  expect(fastest(measured)).toBe(2);
  expect(started).toEqual([0, 1, 2]);
  expect(fastest([{ error: broken }])).toBeUndefined();
});

it("each has a sample, whatever the budget, and the slow ones few", () => {
  const { candidates, runs, now } = ways([100, 10, 11]);
  const measured = measure(candidates, { budget: 0, warmup: 0, now });
  expect(measured.map((m) => m.ms)).toEqual([100, 10, 11]);
  const before = [...runs];
  measure(candidates, { budget: 2000, warmup: 0, now });
  const samples = runs.map((r, i) => r - before[i]);
  expect(samples[0]).toBe(2 + 3);
  expect(samples[1]).toBeGreaterThan(20);
  expect(samples[1]).toBe(samples[2]);
});

it("short runs are measured many at a time", () => {
  const { candidates, runs, now } = ways([0.001, 0.002], 0);
  const measured = measure(candidates, { budget: 50, warmup: 2, now });
  expect(measured[0].ms).toBeCloseTo(0.001);
  expect(runs[0]).toBeGreaterThan(3000);
  expect(fastest(measured)).toBe(0);
});

it("a slow moment is no slow way: the median counts", () => {
  let clock = 0;
  let n = 0;
  const run = (ms: number) => () => {
    clock += ms + (++n === 7 ? 1000 : 0);
  };
  const measured = measure([{ run: run(1) }, { run: run(1.2) }], { budget: 2000, warmup: 0, now: () => clock });
  expect(fastest(measured)).toBe(0);
});
