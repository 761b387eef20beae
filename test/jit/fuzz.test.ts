/** jit = interpreter on random programs, through the whole pipeline; every second program donates some of its operands. */
import { describe, expect, it } from "vitest";
import { interpret } from "../../src/interpreter/index.js";
import { printProgram } from "../../src/ir/print.js";
import type { Program } from "../../src/ir/program.js";
import { expectSame } from "../laws/compare.js";
import { shrink } from "../laws/fuzz/shrink.js";
import { type FuzzOptions, randomInputs, randomProgram } from "../laws/fuzz-program.js";
import { toleranceOf } from "../laws/fuzz-tolerance.js";
import { Rng } from "../laws/random.js";
import { runCompiled } from "./run.js";

const PROGRAMS = Number(process.env["TILEWORK_FUZZ"] ?? 50);
const FIRST = Number(process.env["TILEWORK_FUZZ_SEED"] ?? 1);

function failureOf(program: Program<"core">, seed: number): string | undefined {
  try {
    const rng = new Rng(seed ^ 0xd0);
    const donate = seed % 2 === 0 ? program.inputs.map((_, i) => i).filter(() => rng.chance(0.5)) : [];
    const inputs = randomInputs(program, seed);
    const { outputs } = runCompiled(program, inputs, { donate });
    expectSame("jit = interpreter", outputs, interpret(program, inputs), toleranceOf(program));
    return undefined;
  } catch (e) {
    return e instanceof Error ? e.message : String(e);
  }
}
const kindOf = (message: string): string => message.replace(/[-+\d.e]+/g, "#").slice(0, 40);

/** The failure of a program that was made as small as it gets with a failure of the same kind. */
function shrunkFailure(program: Program<"core">, seed: number): string | undefined {
  const message = failureOf(program, seed);
  if (message === undefined) return undefined;
  const fails = (p: Program<"core">): boolean => {
    const m = failureOf(p, seed);
    return m !== undefined && kindOf(m) === kindOf(message);
  };
  const small = shrink(program, fails, 400);
  return `seed ${seed}: ${failureOf(small, seed)}\n${printProgram(small)}`;
}

const FLAVOURS: Record<string, Omit<FuzzOptions, "seed">> = {
  f64: { equations: 14 },
  "all dtypes": {
    equations: 14,
    floats: ["f64", "f32", "f16", "bf16"],
    ints: ["i32", "u32", "u8", "i64", "i8", "u64", "i16", "u16"],
  },
  long: { equations: 60 },
};

describe(`${PROGRAMS} random programs`, () => {
  for (const [name, options] of Object.entries(FLAVOURS)) {
    it(`${name}`, () => {
      const failures: string[] = [];
      for (let seed = FIRST; seed < FIRST + PROGRAMS && failures.length < 3; seed++) {
        const failure = shrunkFailure(randomProgram({ seed, ...options }), seed);
        if (failure) failures.push(failure);
      }
      expect(failures.join("\n\n")).toBe("");
    });
  }
});
