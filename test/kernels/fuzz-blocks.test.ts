/** Random kernels over blocks compile to what the interpreter computes. TILEWORK_BLOCKS: how many, TILEWORK_BLOCKS_SEED: the first. */
import { expect, test } from "vitest";
import { interpret } from "../../src/interpreter/index.js";
import { verify } from "../../src/ir/verify.js";
import { runCompiled } from "../jit/run.js";
import { difference } from "../laws/compare.js";
import { blockCase } from "./fuzz-blocks.js";

const count = Number(process.env.TILEWORK_BLOCKS ?? 40);
const first = Number(process.env.TILEWORK_BLOCKS_SEED ?? 1);

test("random kernels over blocks", () => {
  const wrong: string[] = [];
  for (let seed = first; seed < first + count; seed++) {
    try {
      const { program, inputs } = blockCase(seed);
      verify(program);
      const want = interpret(program, inputs);
      const { outputs } = runCompiled(program, inputs);
      outputs.forEach((x, i) => {
        const d = difference(x, want[i], { rel: 2e-5, abs: 2e-5 });
        if (d) wrong.push(`seed ${seed}, result ${i}: ${d}`);
      });
    } catch (e) {
      wrong.push(`seed ${seed}: ${e instanceof Error ? (e.stack ?? e.message).slice(0, 400) : String(e)}`);
    }
  }
  expect(wrong).toEqual([]);
});
