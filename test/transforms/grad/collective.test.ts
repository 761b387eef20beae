/** Derivatives of the collectives, as maps from the operands of all ranks to the results of all ranks. */
import { describe, expect, it } from "vitest";
import { generate, type NDArray } from "../../../src/interpreter/array.js";
import { interpretRanks } from "../../../src/interpreter/ranks.js";
import { aval } from "../../../src/ir/aval.js";
import { buildProgram } from "../../../src/ir/builder.js";
import { isFloat } from "../../../src/ir/dtype.js";
import type { Program } from "../../../src/ir/program.js";
import { jvpProgram, vjpProgram } from "../../../src/transforms/grad/index.js";
import { COLLECTIVE_CASES, caseInputs, caseProgram, caseTitle } from "../../laws/cases.js";
import { Rng } from "../../laws/random.js";
import { inner, numbers, random } from "./helpers.js";

const RANKS = 4;
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

function check(p: Program<"core">, axis: string, inputs: readonly (readonly NDArray[])[]): void {
  const rng = new Rng(11);
  const marked = p.inputs.map((v) => isFloat(v.aval.dtype));
  const tangents = inputs.map((own) => own.filter((_, i) => marked[i]).map((x) => random(x, rng)));
  const jvp = jvpProgram(p, marked, true).program;
  const moved = interpretRanks(
    jvp,
    axis,
    inputs.map((own, r) => [...own, ...tangents[r]]),
  );
  const values = interpretRanks(p, axis, inputs);
  const dots = moved.map((own) => own.slice(p.outputs.length));
  // the values, and central differences over all ranks at once
  const at = (h: number): NDArray[][] =>
    interpretRanks(
      p,
      axis,
      inputs.map((own, r) => {
        let next = 0;
        return own.map((x, i) => {
          if (!marked[i]) return x;
          const t = tangents[r][next++];
          return generate(x.shape, x.dtype, (k) => Number(x.data[k]) + h * Number(t.data[k]));
        });
      }),
    );
  const [plus, minus] = [at(1e-5), at(-1e-5)];
  range(RANKS).forEach((r) => {
    let next = 0;
    values[r].forEach((y, o) => {
      expect(numbers(moved[r][o])).toEqual(numbers(y));
      if (!isFloat(y.dtype)) return;
      const dot = numbers(dots[r][next++]);
      dot.forEach((d, i) => {
        expect(d).toBeCloseTo((Number(plus[r][o].data[i]) - Number(minus[r][o].data[i])) / 2e-5, 6);
      });
    });
  });
  const { forward, backward, numResiduals } = vjpProgram(p, marked);
  const all = interpretRanks(forward, axis, inputs);
  const cts = values.map((own) => own.filter((y) => isFloat(y.dtype)).map((y) => random(y, rng)));
  const pulled = interpretRanks(
    backward,
    axis,
    all.map((own, r) => [...own.slice(own.length - numResiduals), ...cts[r]]),
  );
  const left = inner(cts.flat(), dots.flat()).sum;
  const right = inner(pulled.flat(), tangents.flat()).sum;
  expect(left).toBeCloseTo(right, 9);
}

describe("collectives: jvp is the finite difference, vjp its transpose, over all ranks together", () => {
  let rows = 0;
  for (const c of COLLECTIVE_CASES) {
    const { axis } = c;
    if (!axis || !c.dtypes.includes("f64") || c.operands.length === 0) continue;
    rows++;
    it(caseTitle(c), () =>
      check(
        caseProgram(c, "f64"),
        axis.name,
        range(RANKS).map((r) => caseInputs(c, "f64", r, true)),
      ),
    );
  }
  it("the table has rows", () => expect(rows).toBeGreaterThan(20));

  it("an integer beside a float in one psum", () => {
    const p = buildProgram("pair", [aval([2], "f64"), aval([], "i32")], (b, x, n) => {
      const [s, m] = b.emit("psum", [b.mul(x, x), n], { axisName: "i" });
      return [b.mul(s, b.broadcast(b.convert(m, "f64"), [2], []))];
    });
    check(
      p,
      "i",
      range(RANKS).map((r) => [
        generate([2], "f64", (k) => r + 0.5 * k),
        { dtype: "i32", shape: [], data: Float64Array.of(r) } as NDArray,
      ]),
    );
  });
});
