/** Types over named sizes are the types of every run: abstractEval's shapes, sizes substituted, are what the run makes. */
import { describe, expect, it } from "vitest";
import { interpret } from "../../src/interpreter/index.js";
import { aval } from "../../src/ir/aval.js";
import { type Dim, isStatic, substituteDim, symbol } from "../../src/ir/dim.js";
import { type Program, Var } from "../../src/ir/program.js";
import { verify } from "../../src/ir/verify.js";
import { randomInputs, randomProgram } from "./fuzz-program.js";

type Core = Program<"core">;

/** The last input is not used: it tells the run both sizes, should no other input have them. */
const make = (seed: number): Core => {
  const p = randomProgram({
    seed,
    symbolic: true,
    equations: 14,
    floats: ["f64", "f32", "f16"],
    reversible: seed % 2 === 0,
  });
  return { ...p, inputs: [...p.inputs, new Var(aval([symbol("n"), symbol("m")], "bool"))] };
};

const sizesOf = (n: number, m: number) => {
  const sizes = new Map<string, Dim>([
    ["n", n],
    ["m", m],
  ]);
  return (d: Dim): number => {
    const size = substituteDim(d, sizes);
    if (!isStatic(size)) throw new Error(`${d} is not known`);
    return size;
  };
};

const isSymbolic = (p: Core): boolean =>
  p.eqns.some((e) => e.outputs.some((v) => v.aval.shape.some((d) => !isStatic(d))));

describe("programs over named sizes", () => {
  it("run at any sizes with the shapes that their types say", () => {
    let symbolic = 0;
    for (let seed = 0; seed < 500; seed++) {
      const p = make(seed);
      verify(p);
      if (isSymbolic(p)) symbolic++;
      for (const [n, m] of [
        [1, 1],
        [2, 5],
        [7, 3],
      ]) {
        const size = sizesOf(n, m);
        // the interpreter checks every value in the program against its type
        const results = interpret(p, randomInputs(p, seed, size));
        results.forEach((y, i) => {
          const { shape, dtype } = p.outputs[i].aval;
          expect(y.shape, `seed ${seed}, output ${i} at n=${n}, m=${m}`).toEqual(shape.map(size));
          expect(y.dtype).toBe(dtype);
        });
      }
    }
    // most programs do have an unknown size in their midst, or the law would say little
    expect(symbolic).toBeGreaterThan(350);
  });
});
