/** The law of random kernels over blocks: compiled code computes what the interpreter does. */
import { interpret } from "../../src/interpreter/index.js";
import { verify } from "../../src/ir/verify.js";
import { runCompiled } from "../jit/run.js";
import { difference } from "../laws/compare.js";
import { blockCase } from "./fuzz-blocks.js";

/** What went wrong with the kernels of these seeds. */
export function faultsOf(first: number, count: number): string[] {
  const wrong: string[] = [];
  for (let seed = first; seed < first + count; seed++) {
    try {
      const { program, inputs } = blockCase(seed);
      verify(program);
      const want = interpret(program, inputs);
      runCompiled(program, inputs).outputs.forEach((x, i) => {
        const d = difference(x, want[i], { rel: 2e-5, abs: 2e-5 });
        if (d) wrong.push(`seed ${seed}, result ${i}: ${d}`);
      });
    } catch (e) {
      wrong.push(`seed ${seed}: ${e instanceof Error ? (e.stack ?? e.message).slice(0, 400) : String(e)}`);
    }
  }
  return wrong;
}
