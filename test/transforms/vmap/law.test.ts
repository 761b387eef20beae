/** vmap(f) = the stack of f, for every row of the op table and every placement of batch axes. */
import { describe, expect, it } from "vitest";
import { type NDArray, zeros } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import { isFloat } from "../../../src/ir/dtype.js";
import { batchProgram } from "../../../src/transforms/vmap/index.js";
import { type AnyCase, CASES, caseInputs, caseProgram, caseTitle } from "../../laws/cases.js";
import { checkLaw, type Compare, exactly, placements, within } from "./helpers.js";

const BATCH = 3;
/**
 * Placements of one case are a product over its operands; beyond so many a sample with a fixed stride is taken. Rules do
 * not look at dtypes (but for keys and bitcasts, which have cases of their own), so only the first dtype gets many.
 */
const MOST = { first: 40, others: 4 };

function sample<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all];
  const stride = all.length / most;
  return Array.from({ length: most }, (_, i) => all[Math.floor(i * stride)]);
}

/** Sums may be taken in another order when axes move; the interpreter rounds once, so the bound is small. */
function bound(c: AnyCase): Compare {
  return (actual, expected, what) =>
    isFloat(expected.dtype)
      ? within(c.upTo ? 1e-3 : 1e-6, c.upTo ? 1e-4 : 1e-12)(actual, expected, what)
      : exactly(actual, expected, what);
}

describe("vmap is the stack of its elements", () => {
  for (const c of CASES) {
    if (c.noVmap !== undefined || c.operands.length === 0) continue;
    it(`${caseTitle(c)}, over no elements`, () => {
      const program = caseProgram(c, c.dtypes[0]);
      const outDims = program.outputs.map(() => 0);
      const element = caseInputs(c, c.dtypes[0], 0);
      for (const dims of sample([...placements(c.operands.map((o) => o.shape.length))], MOST.others)) {
        const p = batchProgram(program, { axisSize: 0, inDims: dims, outDims }).program;
        const none = element.map((x, i) => {
          const d = dims[i];
          return d === null ? x : zeros([...x.shape.slice(0, d), 0, ...x.shape.slice(d)], x.dtype);
        });
        interpret(p, none).forEach((r, i) => expect(r.shape).toEqual([0, ...program.outputs[i].aval.shape]));
      }
    });
  }
  it("the table has rows", () => expect(CASES.length).toBeGreaterThan(100));
  for (const c of CASES) {
    if (c.noVmap !== undefined || c.operands.length === 0) continue;
    for (const dtype of c.dtypes) {
      it(`${caseTitle(c)} at ${dtype}`, () => {
        const program = caseProgram(c, dtype);
        const elements: NDArray[][] = Array.from({ length: BATCH }, (_, i) => caseInputs(c, dtype, i));
        const all = [...placements(c.operands.map((o) => o.shape.length))];
        for (const dims of sample(all, dtype === c.dtypes[0] ? MOST.first : MOST.others)) {
          checkLaw(program, elements, dims, bound(c));
        }
      });
    }
  }
});
