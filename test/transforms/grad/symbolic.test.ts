/** Derivatives of programs whose sizes are names: one derivative, right at every size. */
import { describe, expect, it } from "vitest";
import { interpret } from "../../../src/interpreter/index.js";
import { aval } from "../../../src/ir/aval.js";
import { substituteDim, symbol } from "../../../src/ir/dim.js";
import { isFloat } from "../../../src/ir/dtype.js";
import { Var } from "../../../src/ir/program.js";
import { verify } from "../../../src/ir/verify.js";
import { jvpProgram } from "../../../src/transforms/grad/index.js";
import { randomInputs, randomProgram } from "../../laws/fuzz-program.js";
import { cotangentsFor, floats, inner, present, reverse, tangentsFor } from "./helpers.js";

const SIZES = new Map([
  ["n", 3],
  ["m", 4],
]);

describe("named sizes", () => {
  it("vjp is the transpose of jvp", () => {
    let checked = 0;
    for (let seed = 0; seed < 120; seed++) {
      const random = randomProgram({ seed, symbolic: true, reversible: true });
      // one input more, which nobody reads, tells the interpreter both sizes
      const p = { ...random, inputs: [...random.inputs, new Var(aval([symbol("n"), symbol("m")], "bool"))] };
      const marked = p.inputs.map((v) => isFloat(v.aval.dtype));
      const jvp = jvpProgram(p, marked, true).program;
      const back = reverse(p, marked);
      verify(jvp);
      verify(back);
      const inputs = randomInputs(p, seed, (d) => substituteDim(d, SIZES) as number);
      const tangents = tangentsFor(inputs, marked, seed);
      const moved = interpret(jvp, [...inputs, ...present(tangents)]);
      const n = p.outputs.length;
      const cts = cotangentsFor(moved.slice(0, n), seed);
      const pulled = interpret(back, [...inputs, ...cts]);
      const left = inner(cts, floats(moved.slice(n)));
      const right = inner(pulled, present(tangents));
      expect(Math.abs(left.sum - right.sum), `seed ${seed}`).toBeLessThan(1e-9 * (1 + left.size + right.size));
      if (left.size > 0) checked++;
    }
    expect(checked).toBeGreaterThan(50);
  });
});
