/** When programs are left to the caller because they are slower with all threads. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Gain } from "../../../src/runtime/threads/gain.js";

describe("a program that is called again and again", () => {
  let now = 0;
  let gain = new Gain();
  beforeEach(() => {
    now = 1000;
    gain = new Gain();
    vi.spyOn(performance, "now").mockImplementation(() => now);
    return () => void vi.restoreAllMocks();
  });
  /** Calls that take so many milliseconds with all threads, and by the caller alone. Gives how many were the caller's alone. */
  const calls = (count: number, together: (i: number) => number, alone: number): number => {
    let left = 0;
    for (let i = 0; i < count; i++) {
      if (gain.alone) left++;
      const time = gain.alone ? alone : together(i);
      gain.begin();
      now += time;
      gain.end();
    }
    return left;
  };

  it("is shared where that is faster", () => {
    expect(calls(20_000, () => 0.05, 0.08)).toBeLessThan(10);
  });

  it("is left to the caller where that is faster, and tried again", () => {
    calls(2000, () => 0.14, 0.07);
    expect(calls(100, () => 0.14, 0.07)).toBe(100);
    const left = calls(200_000, () => 0.14, 0.07);
    expect(left).toBeGreaterThan(190_000);
    expect(left).toBeLessThan(200_000);
  });

  it("is shared again when threads have moved", () => {
    calls(20_000, () => 0.14, 0.07);
    calls(100_000, () => 0.04, 0.07);
    expect(gain.alone).toBe(false);
    expect(calls(100_000, () => 0.04, 0.07)).toBeLessThan(10);
    calls(5000, () => 0.14, 0.07);
    expect(gain.alone).toBe(true);
  });

  it("is judged by what its calls take while each thread has a processor of its own", () => {
    expect(calls(20_000, (i) => (i % 1000 < 60 ? 0.5 : 0.2), 0.35)).toBeLessThan(10);
  });

  it("is shared in any case when it is long", () => {
    expect(calls(500, () => 9, 5)).toBeLessThan(1);
  });
});
