/** vmap(f) = the stack of f, for every row of the op table and every placement of batch axes. */
import { describe, expect, it } from "vitest";
import type { NDArray } from "../../../src/interpreter/array.js";
import { isFloat } from "../../../src/ir/dtype.js";
import { type AnyCase, CASES, caseInputs, caseProgram, caseTitle } from "../../laws/cases.js";
import { checkLaw, type Compare, exactly, placements, within } from "./helpers.js";

const BATCH = 3;
/** Placements of one case are a product over its operands; beyond this many a sample with a fixed stride is taken. */
const MOST = 40;

function sample<T>(all: readonly T[]): T[] {
  if (all.length <= MOST) return [...all];
  const stride = all.length / MOST;
  return Array.from({ length: MOST }, (_, i) => all[Math.floor(i * stride)]);
}

/** Sums may be taken in another order when axes move; the interpreter rounds once, so the bound is small. */
function bound(c: AnyCase): Compare {
  return (actual, expected, what) =>
    isFloat(expected.dtype)
      ? within(c.upTo ? 1e-3 : 1e-6, c.upTo ? 1e-4 : 1e-12)(actual, expected, what)
      : exactly(actual, expected, what);
}

describe("vmap is the stack of its elements", () => {
  it("the table has rows", () => expect(CASES.length).toBeGreaterThan(100));
  for (const c of CASES) {
    if (c.noVmap !== undefined || c.operands.length === 0) continue;
    for (const dtype of c.dtypes) {
      it(`${caseTitle(c)} at ${dtype}`, () => {
        const program = caseProgram(c, dtype);
        const elements: NDArray[][] = Array.from({ length: BATCH }, (_, i) => caseInputs(c, dtype, i));
        const all = [...placements(c.operands.map((o) => o.shape.length))];
        for (const dims of sample(all)) checkLaw(program, elements, dims, bound(c));
      });
    }
  }
});
