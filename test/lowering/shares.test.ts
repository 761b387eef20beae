/** Stages that take turns with what one thread does are shared only where a turn is worth handing out. */
import { describe, expect, it } from "vitest";
import { aval } from "../../src/ir/aval.js";
import { blockedCholesky } from "../../src/kernels/blocked-cholesky.js";
import { programCost } from "../../src/lowering/cost.js";

/** Nanoseconds of all programs that bring a Cholesky of n rows up to date, in a round. */
function update(n: number): number {
  const inRounds = blockedCholesky([aval([n, n], "f32")]).stages.filter((s) => s.rounds);
  const stage = inRounds[inRounds.length - 1];
  return programCost(stage) * Number(stage.grid[1]);
}

describe("stages in rounds", () => {
  it("are taken for what is left to do on average: about half of the rows, by half of the programs", () => {
    const stage = blockedCholesky([aval([1024, 1024], "f32")]).stages.filter((s) => s.rounds)[1];
    // the same stage by itself counts as if each program had as much to do as the first
    const first = programCost({ grid: stage.grid, body: stage.body });
    expect(programCost(stage) / first).toBeGreaterThan(0.2);
    expect(programCost(stage) / first).toBeLessThan(0.6);
  });
  it("take longer for longer matrices", () => {
    expect(update(512)).toBeGreaterThan(2 * update(256));
  });
});
