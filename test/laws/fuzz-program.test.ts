/** The generator and the shrinker of random programs, which the fuzzer stands on. */
import { describe, expect, it } from "vitest";
import { interpret } from "../../src/interpreter/index.js";
import type { AnyEqn, Program } from "../../src/ir/program.js";
import { programSize, shrink } from "./fuzz/shrink.js";
import { randomInputs, randomProgram } from "./fuzz-program.js";
import { sameArray } from "./gens.js";

const prims = (p: Program<"core">): string[] =>
  p.eqns.flatMap((e: AnyEqn) => [
    e.prim,
    ...Object.values(e.params).flatMap((v: unknown) =>
      (Array.isArray(v) ? v : [v]).flatMap((x: unknown) =>
        (x as { phase?: string } | null)?.phase === "core" ? prims(x as Program<"core">) : [],
      ),
    ),
  ]);

describe("random programs", () => {
  it("are well typed, bounded and finite, and come back from their seed", () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 400; seed++) {
      const options = {
        seed,
        floats: seed % 2 === 0 ? (["f64"] as const) : (["f64", "f32", "f16", "bf16"] as const),
        smooth: seed % 3 === 0,
      };
      const p = randomProgram(options);
      for (const name of prims(p)) seen.add(name);
      const inputs = randomInputs(p, seed);
      const results = interpret(p, inputs);
      for (const y of results) expect(Array.from(y.data, Number).every(Number.isFinite), `seed ${seed}`).toBe(true);
      const again = interpret(randomProgram(options), randomInputs(p, seed));
      expect(
        results.every((y, i) => sameArray(y, again[i])),
        `seed ${seed}`,
      ).toBe(true);
    }
    // of about 140 primitives the generator knows 100
    expect(seen.size).toBeGreaterThan(85);
    for (const p of [
      "scan",
      "while",
      "cond",
      "call",
      "checkpoint",
      "gather",
      "scatter_add",
      "sort",
      "dot_general",
      "conv_general_dilated",
    ])
      expect([...seen]).toContain(p);
  });

  it("leave out what was asked to leave out", () => {
    for (let seed = 0; seed < 200; seed++) {
      const used = prims(randomProgram({ seed, smooth: true, reversible: true }));
      expect(used).not.toContain("while");
      expect(used).not.toContain("floor");
      expect(used).not.toContain("sort");
    }
  });

  it("shrink to the equation that matters", () => {
    let tried = 0;
    for (let seed = 0; seed < 200 && tried < 10; seed++) {
      const p = randomProgram({ seed });
      if (!prims(p).includes("cosh") && !prims(p).includes("sort")) continue;
      tried++;
      const fails = (q: Program<"core">): boolean => prims(q).includes("cosh") || prims(q).includes("sort");
      const small = shrink(p, fails, 3000);
      expect(fails(small)).toBe(true);
      // the equation, inside of loops whose carries and outputs cannot be taken away
      expect(programSize(small), `seed ${seed}`).toBeLessThanOrEqual(12);
      interpret(small, randomInputs(small, seed));
    }
    expect(tried).toBe(10);
  });
});
