/** When sleeping workers are woken for a job, and when the caller works alone. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Waking } from "../../../src/runtime/threads/waking.js";

describe("sleeping workers", () => {
  let now = 0;
  let woken = 0;
  beforeEach(() => {
    now = 1000;
    woken = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    return () => void vi.restoreAllMocks();
  });
  /** A job of so many milliseconds, in which the caller and a worker took part or did not. */
  const job = (waking: Waking, ms: number, caller: boolean, worker: boolean): boolean => {
    const before = woken;
    const team = { ownTurns: 5, asleep: true, wake: () => void woken++ };
    waking.wake(team);
    now += ms;
    if (caller) team.ownTurns++;
    if (worker) team.asleep = false;
    waking.woken(team);
    now += 10;
    return woken > before;
  };

  it("are woken for each job of which both do a part", () => {
    const waking = new Waking();
    for (let i = 0; i < 20; i++) expect(job(waking, 1, true, true)).toBe(true);
  });

  it("are woken for short jobs, whoever did them", () => {
    const waking = new Waking();
    for (let i = 0; i < 20; i++) expect(job(waking, 0.05, true, false)).toBe(true);
  });

  it.each([
    ["did not run yet", true, false],
    ["ran in the caller's place", false, true],
  ])("are left asleep, and tried again less and less often, where they %s", (_, caller, worker) => {
    const waking = new Waking();
    const tries = Array.from({ length: 100 }, () => job(waking, 1, caller, worker));
    expect(tries.slice(0, 2)).toEqual([true, true]);
    expect(tries.filter(Boolean).length).toBeLessThan(25);
    expect(tries.slice(-10)).toContain(true);
  });

  it("are woken for each job again after one of which both did a part", () => {
    const waking = new Waking();
    for (let i = 0; i < 100; i++) job(waking, 1, true, false);
    while (!job(waking, 1, true, true));
    for (let i = 0; i < 20; i++) expect(job(waking, 1, true, true)).toBe(true);
  });
});
