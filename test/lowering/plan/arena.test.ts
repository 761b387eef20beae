/** The arena is nearly as small as it can be: within 1.15 of the bytes that are alive at one time, for every kind of program. */
import { describe, expect, it } from "vitest";
import { makeProgram } from "../../../src/index.js";
import type { Program } from "../../../src/ir/program.js";
import { handOverAll } from "../../../src/lowering/hand-over/index.js";
import { lowerToPlan } from "../../../src/lowering/plan/index.js";
import { simplify } from "../../../src/simplify/index.js";
import type { Golden } from "../../golden/programs.js";
import * as goldens from "../../golden/programs.js";
import { COMPILED } from "../../laws/fuzz-flavours.js";

handOverAll();

function expectTight(name: string, program: Program<"core">): void {
  const { arenaBytes, liveBytes } = lowerToPlan(simplify(program));
  expect(Number(arenaBytes), name).toBeLessThanOrEqual(1.15 * Number(liveBytes));
}

describe("the arena", () => {
  it("of the golden programs and their gradients", () => {
    for (const [name, make] of Object.entries(goldens) as [string, () => Golden][]) {
      const { f, grad, args } = make();
      expectTight(name, makeProgram(f as never)(...args));
      if (grad) expectTight(`gradient of ${name}`, makeProgram(grad as never)(...args));
    }
  });
  for (const { name, make } of COMPILED) {
    it(`of random programs: ${name}`, () => {
      for (let seed = 1; seed <= 25; seed++) expectTight(`seed ${seed}`, make(seed));
    });
  }
});
