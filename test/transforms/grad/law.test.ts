/** Derivatives of every row of the op table: first ones against finite differences and each other, second ones likewise. */
import { describe, expect, it } from "vitest";
import { interpret } from "../../../src/interpreter/index.js";
import { isFloat } from "../../../src/ir/dtype.js";
import { type AnyCase, CASES, caseInputs, caseProgram, caseTitle } from "../../laws/cases.js";
import { cotangentsFor, expectJvp, expectTransposed, reverse, tangentsFor } from "./helpers.js";

/** How far two orders of the same arithmetic may be apart in narrow floats. */
const REL = { f64: 1e-9, f32: 1e-4, f16: 3e-2, bf16: 2e-1 } as const;
type FloatType = keyof typeof REL;

/** Large rows are there for tiles of a backend; derivatives know nothing of them. */
const LARGE = 400;
const elements = (c: AnyCase): number => c.operands.reduce((n, o) => n + o.shape.reduce((x, y) => x * y, 1), 0);
const rows = CASES.filter((c) => c.differentiable.length > 0 && elements(c) <= LARGE);
const marks = (c: AnyCase): boolean[] =>
  c.operands.map((o, i) => c.differentiable.includes(i) && (o.dtype === "T" || isFloat(o.dtype)));

describe("derivatives of the op table", () => {
  it("has rows", () => expect(rows.length).toBeGreaterThan(150));
  for (const c of rows) {
    const marked = marks(c);
    const floatTypes = c.dtypes.filter((d): d is FloatType => d in REL);
    if (c.dtypes.includes("f64") && c.modes !== "reverse") {
      it(`${caseTitle(c)}: jvp is the finite difference`, () => {
        const p = caseProgram(c, "f64");
        const x = caseInputs(c, "f64", 1, true);
        expectJvp(p, x, tangentsFor(x, marked, 1), c.fdTolerance ?? 1e-6, c.skipOutputs);
      });
    }
    if (c.modes === undefined) {
      it(`${caseTitle(c)} at ${floatTypes.join(", ")}: vjp is the transpose of jvp`, () => {
        for (const d of floatTypes) {
          const x = caseInputs(c, d, 3, true);
          expectTransposed(caseProgram(c, d), x, tangentsFor(x, marked, 3), 3, REL[d]);
        }
      });
    }
  }
});

describe("second derivatives of the op table", () => {
  for (const c of rows) {
    if (!c.dtypes.includes("f64") || c.modes !== undefined) continue;
    // no primitive holds the second derivative of the incomplete gamma function in a
    const marked = c.prim === "igamma" || c.prim === "igammac" ? [false, true] : marks(c);
    it(`${caseTitle(c)}: jvp of vjp is the finite difference, vjp of vjp its transpose`, () => {
      const p = caseProgram(c, "f64");
      const x = caseInputs(c, "f64", 5, true);
      const cts = cotangentsFor(interpret(p, x), 5);
      const r = reverse(p, marked);
      const inputs = [...x, ...cts];
      const tangents = tangentsFor(inputs, [...marked, ...cts.map(() => true)], 6);
      expectJvp(r, inputs, tangents, 10 * (c.fdTolerance ?? 1e-6));
      expectTransposed(r, inputs, tangents, 7, 1e-8);
    });
  }
});
