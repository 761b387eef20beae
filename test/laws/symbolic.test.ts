/** Types over named sizes are the types of every run: abstractEval's shapes, sizes substituted, are what the run makes. */
import { describe, expect, it } from "vitest";
import { isStatic } from "../../src/ir/dim.js";
import type { Program } from "../../src/ir/program.js";
import { FLAVOURS } from "./fuzz-flavours.js";
import { LAWS } from "./fuzz-laws.js";

const isSymbolic = (p: Program<"core">): boolean =>
  p.eqns.some((e) => e.outputs.some((v) => v.aval.shape.some((d) => !isStatic(d))));

describe("programs over named sizes", () => {
  it("run at any sizes with the shapes that their types say", () => {
    const flavour = FLAVOURS.find((f) => f.laws.includes("symbolic"));
    if (!flavour) throw new Error("no flavour has named sizes");
    let symbolic = 0;
    for (let seed = 0; seed < 200; seed++) {
      const program = flavour.make(seed);
      if (isSymbolic(program)) symbolic++;
      LAWS.symbolic(program, seed);
    }
    // most programs do have an unknown size in their midst, or the law would say little
    expect(symbolic).toBeGreaterThan(140);
  });
});
