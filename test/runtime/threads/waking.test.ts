/** When sleeping workers are woken for a job, and when the caller works alone. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Waking } from "../../../src/runtime/threads/waking.js";

describe("sleeping workers", () => {
  let now = 0;
  let turns = [0, 0];
  let waking = new Waking();
  beforeEach(() => {
    now = 1000;
    turns = [0, 0];
    waking = new Waking();
    vi.spyOn(performance, "now").mockImplementation(() => now);
    return () => void vi.restoreAllMocks();
  });
  /** A job of so many milliseconds in which those threads take part if workers are woken, then a pause. Gives whether they were. */
  const job = (ms: number, pause: number, caller: boolean, worker: boolean): boolean => {
    const team = { turns: () => [...turns], asleep: true };
    const woken = !waking.alone(team);
    now += ms;
    if (woken && caller) turns[0]++;
    if (woken && worker) turns[1]++;
    team.asleep = !(woken && worker);
    waking.done(team);
    now += pause;
    return woken;
  };
  const jobs = (count: number, ...of: Parameters<typeof job>): boolean[] =>
    Array.from({ length: count }, () => job(...of));
  const TOGETHER = [true, true] as const;
  const LATE = [true, false] as const;
  const IN_TURN = [false, true] as const;

  it("are woken for each job of which both do a part", () => {
    expect(jobs(50, 0.5, 20, ...TOGETHER)).not.toContain(false);
  });

  it("are woken for jobs of which nothing is learnt", () => {
    expect(jobs(50, 0.05, 20, ...LATE)).not.toContain(false);
  });

  it.each<[string, readonly [boolean, boolean]]>([
    ["come too late", LATE],
    ["run in the caller's place", IN_TURN],
  ])("are left asleep for short jobs between pauses where they %s, and tried again", (_, how) => {
    expect(jobs(2, 0.5, 20, ...how)).toEqual([true, true]);
    const tries = jobs(160, 0.5, 20, ...how).filter(Boolean).length;
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(20);
    // until it is of use again
    while (!job(0.5, 20, ...TOGETHER));
    expect(jobs(20, 0.5, 20, ...TOGETHER)).not.toContain(false);
  });

  it("are woken for long jobs, whatever was before", () => {
    jobs(40, 0.5, 20, ...LATE);
    job(5, 20, ...LATE);
    expect(jobs(20, 5, 20, ...LATE)).not.toContain(false);
  });

  it("are woken when short jobs follow each other", () => {
    jobs(40, 0.5, 20, ...LATE);
    const spell = jobs(20, 0.3, 0.01, ...LATE);
    expect(spell.slice(5)).not.toContain(false);
    now += 20;
    expect(job(0.3, 0.01, ...LATE)).toBe(true);
  });

  it("count as having worked in jobs that found all awake", () => {
    jobs(40, 0.5, 20, ...LATE);
    turns = turns.map((n) => n + 10);
    expect(job(0.5, 20, ...LATE)).toBe(true);
  });

  it("rest where there is no processor for them, and are tried again", () => {
    const ran = jobs(4000, 0.5, 0.01, ...IN_TURN).filter(Boolean).length;
    expect(ran).toBeGreaterThan(400);
    expect(ran).toBeLessThan(1200);
    expect(jobs(1000, 0.5, 0.01, ...TOGETHER).filter(Boolean).length).toBeGreaterThan(600);
  });
});
