/** jit = interpreter: every row of the op table through the whole pipeline, every module valid for binaryen too. */
import { describe, it } from "vitest";
import { interpret } from "../../src/interpreter/index.js";
import type { Prim } from "../../src/ir/ops/index.js";
import { CASES, caseInputs, caseProgram, caseTitle } from "../laws/cases.js";
import { canonical, expectSame } from "../laws/compare.js";
import { runCompiled } from "./run.js";

const prims = [...new Set(CASES.map((c) => c.prim))] as Prim[];

describe("compiled programs of the op table", () => {
  for (const prim of prims) {
    it(`${prim}`, () => {
      const failures: string[] = [];
      for (const c of CASES.filter((k) => k.prim === prim)) {
        for (const dtype of c.dtypes) {
          const program = caseProgram(c, dtype);
          const inputs = caseInputs(c, dtype, 2);
          try {
            const expected = canonical(c, interpret(program, inputs));
            const { outputs } = runCompiled(program, inputs);
            expectSame(`${caseTitle(c)} ${dtype}`, canonical(c, outputs), expected, c.tolerance);
          } catch (e) {
            failures.push(`${caseTitle(c)} ${dtype}: ${(e as Error).message.split("\n").slice(0, 3).join(" ")}`);
          }
        }
      }
      if (failures.length > 0) throw new Error(`${failures.length} failures:\n${failures.slice(0, 12).join("\n")}`);
    });
  }
});
