/** Directional derivatives of programs by central differences of the interpreter, in f64. */
import { generate, type NDArray } from "../../src/interpreter/array.js";
import { interpret } from "../../src/interpreter/index.js";
import type { Program } from "../../src/ir/program.js";

/** x + h·t, for operands that have a tangent. */
function moved(inputs: readonly NDArray[], tangents: readonly (NDArray | undefined)[], h: number): NDArray[] {
  return inputs.map((x, i) => {
    const t = tangents[i];
    return t ? generate(x.shape, x.dtype, (k) => Number(x.data[k]) + h * Number(t.data[k])) : x;
  });
}

export interface Difference {
  /** (f(x+ht) - f(x-ht)) / 2h for h and h/2, extrapolated to h = 0 (Richardson), for each f64 output; others undefined. */
  readonly derivative: readonly (NDArray | undefined)[];
  /** How far the two estimates are apart, element by element: large at a kink or a jump. */
  readonly doubt: readonly (NDArray | undefined)[];
}

export function finiteDifference(
  program: Program<"core">,
  inputs: readonly NDArray[],
  tangents: readonly (NDArray | undefined)[],
  h = 1e-4,
): Difference {
  const [plus, minus, halfPlus, halfMinus] = [h, -h, h / 2, -h / 2].map((s) =>
    interpret(program, moved(inputs, tangents, s)),
  );
  const pairs = plus.map((y, o) => {
    if (y.dtype !== "f64") return { derivative: undefined, doubt: undefined };
    const at = (results: readonly NDArray[], i: number): number => Number(results[o].data[i]);
    const coarse = (i: number): number => (at(plus, i) - at(minus, i)) / (2 * h);
    const fine = (i: number): number => (at(halfPlus, i) - at(halfMinus, i)) / h;
    return {
      derivative: generate(y.shape, "f64", (i) => (4 * fine(i) - coarse(i)) / 3),
      doubt: generate(y.shape, "f64", (i) => Math.abs(fine(i) - coarse(i))),
    };
  });
  return { derivative: pairs.map((p) => p.derivative), doubt: pairs.map((p) => p.doubt) };
}
