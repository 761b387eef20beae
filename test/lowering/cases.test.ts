/** Every row of the op table, lowered to a plan and run: the interpreter's results, within the row's bound. */
import { describe, it } from "vitest";
import { interpret } from "../../src/interpreter/index.js";
import type { Prim } from "../../src/ir/ops/index.js";
import { CASES, caseInputs, caseProgram, caseTitle } from "../laws/cases.js";
import { canonical, expectSame } from "../laws/compare.js";
import { runPlan } from "./run-plan.js";

const prims = [...new Set(CASES.map((c) => c.prim))] as Prim[];

describe("plans of the op table", () => {
  for (const prim of prims) {
    it(`${prim}`, () => {
      const failures: string[] = [];
      for (const c of CASES.filter((k) => k.prim === prim)) {
        for (const dtype of c.dtypes) {
          const program = caseProgram(c, dtype);
          const inputs = caseInputs(c, dtype, 1);
          const expected = canonical(c, interpret(program, inputs));
          try {
            expectSame(
              `${caseTitle(c)} ${dtype}`,
              canonical(c, runPlan(program, inputs).outputs),
              expected,
              c.tolerance,
            );
          } catch (e) {
            failures.push(`${caseTitle(c)} ${dtype}: ${(e as Error).message.split("\n")[0]}`);
          }
        }
      }
      if (failures.length > 0) throw new Error(`${failures.length} failures:\n${failures.slice(0, 12).join("\n")}`);
    });
  }
});
