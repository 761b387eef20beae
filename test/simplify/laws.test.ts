/** Simplified programs compute the same: over the op table, random programs and their derivatives. */
import { describe, expect, it } from "vitest";
import type { NDArray } from "../../src/interpreter/array.js";
import { interpret } from "../../src/interpreter/index.js";
import { printAval } from "../../src/ir/aval.js";
import { printProgram } from "../../src/ir/print.js";
import type { Program } from "../../src/ir/program.js";
import { verify } from "../../src/ir/verify.js";
import { simplify } from "../../src/simplify/index.js";
import { CASES, caseInputs, caseProgram, caseTitle } from "../laws/cases.js";
import type { Tolerance } from "../laws/cases/types.js";
import { canonical, expectSame } from "../laws/compare.js";
import { REORDERED } from "../laws/fuzz-tolerance.js";
import { randomInputs, randomProgram } from "../laws/fuzz-program.js";

type Core = Program<"core">;

function checked(p: Core, what: string): Core {
  const q = verify(simplify(p), `simplify, ${what}`);
  expect(q.inputs, what).toBe(p.inputs);
  expect(
    q.outputs.map((o) => printAval(o.aval)),
    what,
  ).toEqual(p.outputs.map((o) => printAval(o.aval)));
  expect(q.effects, what).toEqual(p.effects);
  return q;
}
function agree(what: string, p: Core, inputs: readonly NDArray[], tolerance: Tolerance = REORDERED): Core {
  const q = checked(p, what);
  expectSame(what, interpret(q, inputs), interpret(p, inputs), tolerance);
  return q;
}

describe("simplify", () => {
  it("keeps every row of the op table", () => {
    for (const c of CASES) {
      for (const dtype of c.dtypes) {
        const what = `${caseTitle(c)} ${dtype}`;
        const p = caseProgram(c, dtype);
        const inputs = caseInputs(c, dtype, 0);
        const q = checked(p, what);
        expectSame(what, canonical(c, interpret(q, inputs)), canonical(c, interpret(p, inputs)), c.tolerance);
      }
    }
  });

  it("keeps what 600 random programs compute, and gets to an end", () => {
    let smaller = 0;
    for (let seed = 1; seed <= 600; seed++) {
      const floats = seed % 2 === 0 ? (["f64"] as const) : (["f64", "f32", "f16", "bf16"] as const);
      const p = randomProgram({ seed, equations: 25, floats });
      const q = agree(`seed ${seed}`, p, randomInputs(p, seed));
      if (q.eqns.length < p.eqns.length) smaller++;
      expect(printProgram(simplify(q)), `seed ${seed}, again`).toBe(printProgram(q));
    }
    expect(smaller).toBeGreaterThan(300);
  });

  it("symbolic programs keep their dims", () => {
    let ran = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const p = randomProgram({ seed, symbolic: true });
      checked(p, `seed ${seed}`);
      // a size that stands on no input has no value
      const named = new Set(p.inputs.flatMap((v) => v.aval.shape.map(String)));
      if (!named.has("n") || !named.has("m")) continue;
      ran++;
      const sizes = (d: unknown): number => (typeof d === "number" ? d : String(d) === "n" ? 3 : 2);
      agree(`seed ${seed}`, p, randomInputs(p, seed, sizes));
    }
    expect(ran).toBeGreaterThan(60);
  });
});
