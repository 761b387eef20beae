/** The op table itself: complete, well-formed, reproducible; every row runs and its operands are not degenerate. */
import { describe, expect, it } from "vitest";
import { generate } from "../../src/interpreter/array.js";
import { interpret } from "../../src/interpreter/index.js";
import { interpretRanks } from "../../src/interpreter/ranks.js";
import { isFloat } from "../../src/ir/dtype.js";
import type { CollectiveOps, Prim } from "../../src/ir/ops/index.js";
import { collective } from "../../src/interpreter/collective.js";
import { elementwise } from "../../src/interpreter/elementwise.js";
import { movement } from "../../src/interpreter/movement.js";
import { reduction } from "../../src/interpreter/reduction.js";
import { contraction } from "../../src/interpreter/contraction.js";
import { indexing } from "../../src/interpreter/indexing.js";
import { control } from "../../src/interpreter/control.js";
import { random } from "../../src/interpreter/random.js";
import { linalg } from "../../src/interpreter/linalg.js";
import { sort } from "../../src/interpreter/sort.js";
import {
  CASES,
  COLLECTIVE_CASES,
  caseInputs,
  caseProgram,
  caseTitle,
  operandDType,
  WITHOUT_CASES,
} from "../laws/cases.js";
import { finiteDifference } from "../laws/finite-difference.js";
import { sameArray } from "../laws/gens.js";
import { Rng } from "../laws/random.js";

const PRIMS = [elementwise, movement, reduction, contraction, indexing, control, random, linalg, sort].flatMap(
  (family) => Object.keys(family) as Prim[],
);

describe("the op table", () => {
  it("has rows for every primitive", () => {
    const covered = new Set(CASES.map((c) => c.prim));
    expect(PRIMS.filter((p) => !covered.has(p) && !WITHOUT_CASES[p])).toEqual([]);
    const collectives = new Set(COLLECTIVE_CASES.map((c) => c.prim));
    expect((Object.keys(collective) as (keyof CollectiveOps)[]).filter((p) => !collectives.has(p))).toEqual([]);
  });

  it("has no two rows of one title", () => {
    const titles = [...CASES, ...COLLECTIVE_CASES].map(caseTitle);
    expect(titles.filter((t, i) => titles.indexOf(t) !== i)).toEqual([]);
  });

  it("names existing operands as differentiable, and only float ones", () => {
    for (const c of [...CASES, ...COLLECTIVE_CASES]) {
      for (const i of c.differentiable) {
        expect(c.operands[i], caseTitle(c)).toBeDefined();
        expect(isFloat(operandDType(c.operands[i], "f64")), caseTitle(c)).toBe(true);
      }
      if (c.differentiable.length > 0) expect(c.dtypes, caseTitle(c)).toContain("f64");
    }
  });

  it("gives the same operands for the same seed, and others for another", () => {
    for (const c of CASES) {
      const [d] = c.dtypes;
      const [a, b, other] = [caseInputs(c, d, 1), caseInputs(c, d, 1), caseInputs(c, d, 2)];
      expect(
        a.every((x, i) => sameArray(x, b[i])),
        caseTitle(c),
      ).toBe(true);
      // enough bits that a collision would be a bug
      const bits = a.filter((x) => x.dtype === "f64").reduce((n, x) => n + x.data.length, 0);
      if (bits > 6)
        expect(
          a.every((x, i) => sameArray(x, other[i])),
          caseTitle(c),
        ).toBe(false);
    }
  });

  for (const prim of PRIMS) {
    const cases = CASES.filter((c) => c.prim === prim);
    if (cases.length === 0) continue;
    it(`${prim} runs at every dtype, in the types that abstractEval gives`, () => {
      for (const c of cases) {
        for (const dtype of c.dtypes) {
          for (const smooth of [false, true]) {
            const outputs = interpret(caseProgram(c, dtype), caseInputs(c, dtype, 0, smooth));
            if (!smooth || !isFloat(dtype)) continue;
            // derivative laws need finite values to compare
            for (const y of outputs) {
              const finite = Array.from(y.data, Number).every(Number.isFinite);
              if (c.differentiable.length > 0 && dtype === "f64") expect(finite, `${caseTitle(c)} ${dtype}`).toBe(true);
            }
          }
        }
      }
    });
  }

  it("has smooth operands where derivatives are taken: two finite differences agree", () => {
    const kinks: string[] = [];
    for (const c of CASES) {
      if (c.differentiable.length === 0) continue;
      for (const seed of [0, 1]) {
        const inputs = caseInputs(c, "f64", seed, true);
        const rng = new Rng(seed);
        const tangents = inputs.map((x, i) =>
          c.differentiable.includes(i) ? generate(x.shape, "f64", () => rng.normal()) : undefined,
        );
        const { derivative, doubt } = finiteDifference(caseProgram(c, "f64"), inputs, tangents);
        derivative.forEach((d, o) => {
          if (!d || c.skipOutputs?.includes(o)) return;
          const scale = Math.max(1, ...Array.from(d.data as Float64Array, Math.abs));
          const worst = Math.max(0, ...((doubt[o]?.data ?? []) as Float64Array));
          if (!(worst < 1e-5 * scale)) kinks.push(`${caseTitle(c)} seed ${seed}: ${worst} of ${scale}`);
        });
      }
    }
    expect(kinks).toEqual([]);
  });

  it("collective rows run on all ranks, in the types that abstractEval gives", () => {
    for (const c of COLLECTIVE_CASES) {
      const axis = c.axis ?? expect.fail(caseTitle(c));
      for (const dtype of c.dtypes) {
        const ranks = Array.from({ length: axis.size }, (_, r) => caseInputs(c, dtype, r));
        // the interpreter checks every result against the program's types
        expect(interpretRanks(caseProgram(c, dtype), axis.name, ranks), caseTitle(c)).toHaveLength(axis.size);
      }
    }
  });
});
