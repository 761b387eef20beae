/** Launches that are one job: which ones may be, and that only small ones. */
import { makeProgram, numpy as np, type Tensor } from "tilework";
import * as optim from "tilework/optim";
import { expect, test } from "vitest";
import type { PlanStep, Slot } from "../../src/ir/plan.js";
import { TileBuilder } from "../../src/ir/tile-builder.js";
import { type Joint, jointLaunches } from "../../src/lowering/joint.js";
import { lowerToPlan } from "../../src/lowering/plan/index.js";
import { SHARE, shareStages } from "../../src/lowering/shares.js";
import { simplify } from "../../src/simplify/index.js";

const EVERYTHING = { breakEven: 0, grain: 0 };
const slot = (space: Slot["space"], offset: number, bytes: number): Slot => ({
  kind: "slot",
  id: 0,
  bytes,
  space,
  offset,
  name: "",
});
/** to = from + from, of so many elements. */
function launch(from: Slot, to: Slot, count: number): PlanStep {
  const b = new TileBuilder("next");
  const x = b.ref("x", "f32", "in", count);
  const y = b.ref("y", "f32", "out", count);
  b.stage([count], (i) => b.store(y, i, b.add(b.load(x, i), b.load(x, i))));
  return { kind: "launch", kernel: b.finish(), args: [from, to].map((s) => ({ slot: s, offset: 0 })) };
}
const lengths = (steps: readonly PlanStep[]): number[] =>
  [...new Set(jointLaunches(steps, EVERYTHING).values())].map((j) => j.launches.length);

test("launches are one job until one touches what another writes", () => {
  const input = (i: number): Slot => slot("input", i, 400);
  const arena = (offset: number): Slot => slot("arena", offset, 400);
  const first = launch(input(0), arena(0), 100);
  expect(lengths([first, launch(input(1), arena(400), 100)])).toEqual([2]);
  expect(lengths([first, launch(input(0), slot("output", 0, 400), 100)])).toEqual([2]);
  // reads what was written, writes over what is read, writes over what was written
  expect(lengths([first, launch(arena(0), arena(400), 100)])).toEqual([]);
  expect(lengths([launch(arena(0), arena(800), 100), launch(input(0), arena(396), 100)])).toEqual([]);
  expect(lengths([first, launch(input(1), arena(396), 100)])).toEqual([]);
  // where sizes given at run time decide what lies where
  expect(lengths([first, launch(input(1), slot("sized", 0, 400), 100)])).toEqual([]);
  const steps = [0, 1, 2, 3].map((i) => launch(input(i), arena(400 * i), 100));
  expect(lengths([...steps, launch(arena(0), arena(2000), 100), launch(arena(400), arena(2400), 100)])).toEqual([4, 2]);
});

test("launches that are worth sharing by themselves stay alone, and so do those that are nearly nothing", () => {
  const of = (count: number, times: number): PlanStep[] =>
    Array.from({ length: times }, (_, i) => launch(slot("input", i, 4 * count), slot("output", i, 4 * count), count));
  const jobs = (steps: readonly PlanStep[], options = SHARE): Joint[] => [
    ...new Set(jointLaunches(steps, options).values()),
  ];
  expect(jobs(of(1_000_000, 4))).toEqual([]);
  expect(jobs(of(1, 40))).toEqual([]);
  const [job, ...others] = jobs(of(2000, 40));
  expect(others).toEqual([]);
  expect(job.launches).toHaveLength(40);
  // what a thread takes at once is worth its while
  expect((job.cost / 40) * (job.least + 1)).toBeGreaterThan(SHARE.grain);
  expect(jobs([...of(2000, 40), ...of(1_000_000, 1), ...of(2000, 30)]).map((j) => j.launches.length)).toEqual([40, 30]);
  expect(jobs(of(2000, 300)).map((j) => j.launches.length)).toEqual([128, 128, 44]);
});

test("the updates of many small parameters are one job, which notes tell of", () => {
  const step = (p: Tree, g: Tree, s: unknown): [Tree, unknown] => {
    const [updates, next] = tx.update(g, s, p);
    return [optim.applyUpdates(p, updates), next];
  };
  type Tree = Record<string, Tensor>;
  const tx = optim.adamw(1e-3);
  const params = Object.fromEntries(Array.from({ length: 24 }, (_, i) => [`p${i}`, np.ones([64, 64 + (i % 2)])]));
  const plan = lowerToPlan(simplify(makeProgram(step)(params, params, tx.init(params))));
  const { joint, notes } = shareStages(plan.steps, SHARE);
  const jobs = [...new Set(joint.values())];
  expect(jobs.map((j) => j.launches.length)).toEqual([24]);
  expect(notes.join("\n")).toMatch(/: 24 launches are one job of about \d+ µs, shared among threads/);
});
