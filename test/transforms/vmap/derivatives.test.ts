/** Derivatives and batches in either order: jvp(vmap(f)) = vmap(jvp(f)) = the stack of jvp(f), for every differentiable row. */
import { describe, expect, it } from "vitest";
import type { NDArray } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import { isFloat } from "../../../src/ir/dtype.js";
import { jvpProgram } from "../../../src/transforms/grad/jvp/index.js";
import { batchProgram } from "../../../src/transforms/vmap/index.js";
import { CASES, caseInputs, caseProgram, caseTitle } from "../../laws/cases.js";
import { checkLaw, placements, stackAt, take, within } from "./helpers.js";

const BATCH = 2;
const MOST = 6;
const near = within(1e-6, 1e-9);

function some<T>(all: readonly T[]): T[] {
  const stride = Math.max(1, all.length / MOST);
  return Array.from({ length: Math.min(MOST, all.length) }, (_, i) => all[Math.floor(i * stride)]);
}

describe("forward mode", () => {
  let rows = 0;
  for (const c of CASES) {
    if (c.noVmap !== undefined || c.modes === "reverse" || c.differentiable.length === 0 || !c.dtypes.includes("f64"))
      continue;
    rows++;
    it(caseTitle(c), () => {
      const program = caseProgram(c, "f64");
      const marked = program.inputs.map((v, i) => c.differentiable.includes(i) && isFloat(v.aval.dtype));
      const jvp = jvpProgram(
        program,
        marked,
        program.outputs.map((o) => isFloat(o.aval.dtype)),
      ).program;
      // tangents are other smooth operands of the same case
      const elements = Array.from({ length: BATCH }, (_, i) => {
        const x = caseInputs(c, "f64", i, true);
        return [...x, ...caseInputs(c, "f64", i + 10, true).filter((_, k) => marked[k])];
      });
      const n = program.inputs.length;
      for (const dims of some([...placements(program.inputs.map((v) => v.aval.shape.length))])) {
        const all = [...dims, ...dims.filter((_, k) => marked[k])];
        checkLaw(jvp, elements, all, near);
        // the other order: tangents have the batch axes of their operands
        const batched = batchProgram(program, { axisSize: BATCH, inDims: dims, outDims: program.outputs.map(() => 0) });
        const outside = jvpProgram(
          batched.program,
          marked,
          program.outputs.map((o) => isFloat(o.aval.dtype)),
        ).program;
        const operand = (k: number): NDArray =>
          all[k] === null
            ? elements[0][k]
            : stackAt(
                elements.map((e) => e[k]),
                all[k],
              );
        const results = interpret(
          outside,
          all.map((_, k) => operand(k)),
        );
        for (let i = 0; i < BATCH; i++) {
          const own = all.map((d, k) => (d === null ? elements[0] : elements[i])[k]);
          interpret(jvp, own).forEach((want, k) =>
            near(take(results[k], 0, i), want, `${program.name} [${dims.slice(0, n)}] ${k}`),
          );
        }
      }
    });
  }
  it("the table has rows with derivatives", () => expect(rows).toBeGreaterThan(100));
});
