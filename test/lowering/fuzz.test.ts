/** Random programs, lowered to plans and run: the interpreter's results. Every second one donates some of its operands. */
import { describe, it } from "vitest";
import { interpret } from "../../src/interpreter/index.js";
import { sizeOf } from "../../src/ir/aval.js";
import { buildProgram } from "../../src/ir/builder.js";
import { type DType, isFloat } from "../../src/ir/dtype.js";
import { printProgram } from "../../src/ir/print.js";
import type { Program } from "../../src/ir/program.js";
import { nestedPrograms } from "../../src/ir/rewrite.js";
import { vjpProgram } from "../../src/transforms/grad/index.js";
import { batchProgram } from "../../src/transforms/vmap/index.js";
import type { Tolerance } from "../laws/cases/types.js";
import { expectSame } from "../laws/compare.js";
import { shrink } from "../laws/fuzz/shrink.js";
import { REORDERED } from "../laws/fuzz-laws.js";
import { randomInputs, randomProgram } from "../laws/fuzz-program.js";
import { Rng } from "../laws/random.js";
import { runPlan } from "./run-plan.js";

const LARGE = [
  [33, 16, 7],
  [5, 130],
  [19, 4, 64],
];
const PROGRAMS = Number(process.env["TILEWORK_FUZZ"] ?? 25);
const FIRST = Number(process.env["TILEWORK_FUZZ_SEED"] ?? 1);

function failureOf(program: Program<"core">, seed: number): string | undefined {
  try {
    const rng = new Rng(seed ^ 0xd0);
    const donate = seed % 2 === 0 ? program.inputs.map((_, i) => i).filter(() => rng.chance(0.5)) : [];
    const inputs = randomInputs(program, seed);
    const expected = interpret(program, inputs);
    expectSame("plan = interpreter", runPlan(program, inputs, { donate }).outputs, expected, toleranceOf(program));
    return undefined;
  } catch (e) {
    return e instanceof Error ? e.message : String(e);
  }
}
const NARROWER: readonly (keyof Tolerance)[] = ["bf16", "f16", "f32"];
/** A narrow value's rounding shows in what is computed from it, however wide. */
function toleranceOf(program: Program<"core">): Tolerance {
  const used = new Set<DType>();
  const collect = (p: Program<"core">): void => {
    for (const v of p.inputs) used.add(v.aval.dtype);
    for (const e of p.eqns) {
      for (const v of e.outputs) used.add(v.aval.dtype);
      nestedPrograms(e).forEach(collect);
    }
  };
  collect(program);
  const narrow = NARROWER.find((d) => used.has(d));
  if (!narrow) return REORDERED;
  const wide = (d: keyof Tolerance) => (REORDERED[d].rel > REORDERED[narrow].rel ? REORDERED[d] : REORDERED[narrow]);
  return { f64: wide("f64"), f32: wide("f32"), f16: wide("f16"), bf16: wide("bf16") };
}
function reverseMode(program: Program<"core">): Program<"core"> {
  const wrt = program.inputs.map((v) => isFloat(v.aval.dtype));
  const { forward, backward } = vjpProgram(program, wrt);
  const n = program.inputs.length;
  const cotangents = program.outputs.filter((o) => isFloat(o.aval.dtype)).map((o) => o.aval);
  return buildProgram("reverse", [...program.inputs.map((v) => v.aval), ...cotangents], (b, ...xs) => {
    const results = b.inline(forward, xs.slice(0, n));
    const outputs = results.slice(0, program.outputs.length);
    return [...outputs, ...b.inline(backward, [...results.slice(program.outputs.length), ...xs.slice(n)])];
  });
}
/** Is there a value that the interpreter would take long to make? */
function isHeavy(p: Program<"core">): boolean {
  return p.eqns.some((e) => e.outputs.some((v) => sizeOf(v.aval) > 20_000) || nestedPrograms(e).some(isHeavy));
}
const kindOf = (message: string): string => message.replace(/[-+\d.e]+/g, "#").slice(0, 40);

describe(`plans of ${PROGRAMS} random programs`, () => {
  const flavours: Record<string, (seed: number) => Program<"core">> = {
    f64: (seed) => randomProgram({ seed, equations: 14 }),
    "all dtypes": (seed) =>
      randomProgram({
        seed,
        equations: 14,
        floats: ["f64", "f32", "f16", "bf16"],
        ints: ["i32", "u32", "u8", "i64", "i8", "u64", "i16", "u16"],
      }),
    long: (seed) => randomProgram({ seed, equations: 60 }),
    // sizes with whole vectors, tails, and kernels of several programs
    large: (seed) => randomProgram({ seed, equations: 10, floats: ["f64", "f32"], sizes: LARGE[seed % LARGE.length] }),
  };
  // what training runs: forward and backward in one program, and batches of programs
  flavours["reverse mode"] = (seed) => reverseMode(randomProgram({ seed, equations: 20, reversible: true }));
  flavours["batched"] = (seed) => {
    const p = randomProgram({ seed, equations: 14 });
    return batchProgram(p, { axisSize: 3, inDims: p.inputs.map(() => 0), outDims: p.outputs.map(() => 0) }).program;
  };
  for (const [name, make] of Object.entries(flavours)) {
    it(name, () => {
      const failures: string[] = [];
      for (let seed = FIRST; seed < FIRST + PROGRAMS && failures.length < 3; seed++) {
        const program = make(seed);
        if (isHeavy(program)) continue;
        const message = failureOf(program, seed);
        if (message === undefined) continue;
        const kind = kindOf(message);
        const small = shrink(
          program,
          (p) => {
            const m = failureOf(p, seed);
            return m !== undefined && kindOf(m) === kind;
          },
          4000,
        );
        failures.push(`seed ${seed}: ${failureOf(small, seed)}\n${printProgram(small)}`);
      }
      if (failures.length > 0) throw new Error(failures.join("\n\n"));
    });
  }
});
