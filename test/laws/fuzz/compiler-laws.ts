/** Laws of the text and of the way down: whatever is made of a program computes what the interpreter does. */
import type { NDArray } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import { aval, printAval } from "../../../src/ir/aval.js";
import { type Dim, isStatic, substituteDim, symbol } from "../../../src/ir/dim.js";
import { parseProgram } from "../../../src/ir/parse.js";
import { printProgram } from "../../../src/ir/print.js";
import { type Program, Var } from "../../../src/ir/program.js";
import { type NamedSize, NeedsStaticSize, valueOf } from "../../../src/ir/size.js";
import { verify } from "../../../src/ir/verify.js";
import { type CompiledProgram, compileProgram } from "../../../src/jit/compile.js";
import type { Target } from "../../../src/lowering/target.js";
import { wasmTarget } from "../../../src/lowering/wasm/features.js";
import { simplify } from "../../../src/simplify/index.js";
import { runOn } from "../../jit/run.js";
import { runPlan } from "../../lowering/run-plan.js";
import { validated } from "../../lowering/validate.js";
import { expectSame } from "../compare.js";
import { randomInputs } from "../fuzz-program.js";
import { toleranceOf } from "../fuzz-tolerance.js";
import { Rng } from "../random.js";
import { roundingExplains } from "./jitter.js";
import type { Law } from "./transform-laws.js";

type Core = Program<"core">;

const EXACT = { rel: 0, abs: 0 };

/** print → parse → print is the identity, and what was read means the same, to the bit. */
export const printLaw: Law = (program, seed) => {
  const text = printProgram(program);
  const read = parseProgram(text);
  const again = printProgram(read);
  if (again !== text) throw new Error(`print → parse → print: ${firstDifference(text, again)}`);
  const inputs = randomInputs(program, seed);
  expectSame("the program read from its text", interpret(read, inputs), interpret(program, inputs), EXACT);
};
function firstDifference(a: string, b: string): string {
  const [x, y] = [a.split("\n"), b.split("\n")];
  const at = x.findIndex((line, i) => line !== y[i]);
  return `${x[at]} became ${y[at]}`;
}

/** Simplified programs are well formed, of the same type, and compute the same. */
export const simplifyLaw: Law = (program, seed) => {
  const simple = simplified(program);
  const inputs = randomInputs(program, seed);
  agree("simplify = interpreter", program, interpret(simple, inputs), inputs);
};
function simplified(program: Core): Core {
  const simple = verify(simplify(program), "simplify");
  const types = (p: Core): string => [...p.inputs, ...p.outputs].map((x) => printAval(x.aval)).join();
  if (types(simple) !== types(program)) throw new Error(`simplify: ${types(simple)} instead of ${types(program)}`);
  if (simple.effects.join() !== program.effects.join()) throw new Error("simplify: other effects");
  return simple;
}

/** How many programs were compared, and in how many only the program's own condition explains a difference. */
export const compared = { programs: 0, illConditioned: 0 };

function agree(what: string, program: Core, actual: readonly NDArray[], inputs: readonly NDArray[]): void {
  const expected = interpret(program, inputs);
  compared.programs++;
  try {
    expectSame(what, actual, expected, toleranceOf(program));
  } catch (e) {
    if (!roundingExplains(program, inputs, actual, expected)) throw e;
    compared.illConditioned++;
  }
}

/** Every second program may overwrite some of its operands. */
function donated(program: Core, seed: number): readonly number[] {
  const rng = new Rng(seed ^ 0xd0);
  return seed % 2 === 0 ? program.inputs.map((_, i) => i).filter(() => rng.chance(0.5)) : [];
}

/** The plan's steps on poisoned memory. */
export const planLaw: Law = (program, seed) => {
  const inputs = randomInputs(program, seed);
  const { outputs } = runPlan(program, inputs, { donate: donated(program, seed) });
  agree("plan = interpreter", program, outputs, inputs);
};

/** How many modules V8 alone has validated for each that binaryen has too, which takes longer than the whole rest. */
const VALIDATED = 8;

/** The whole pipeline, for this machine or another. */
function compiledFor(target: Target | undefined): Law {
  return (program, seed) => {
    const inputs = randomInputs(program, seed);
    const donate = donated(program, seed);
    const compiled = compileProgram(program, target ? { donate, target } : { donate });
    if (seed % VALIDATED === 0) validated(compiled.bytes);
    agree("jit = interpreter", program, runOn(compiled, inputs, donate), inputs);
  };
}
export const jitLaw: Law = compiledFor(undefined);
/** For engines without SIMD. */
export const scalarLaw: Law = compiledFor(wasmTarget({ simd: false, relaxedSimd: false }));

/** Programs that were compiled for named sizes, and why others were not. */
export const sized = { compiled: 0, refused: new Map<string, number>() };
const NAMED: readonly NamedSize[] = [
  { name: "n", atLeast: 2, hint: 7 },
  { name: "m", atLeast: 2, hint: 3 },
];
const RUN_SIZES = [
  [7, 3],
  [2, 2],
  [3, 19],
  [34, 5],
];
/** Compiled once for sizes that are given when it runs, a program computes what the interpreter does at those sizes. */
export const sizedLaw: Law = (original, seed) => {
  // one more input tells the interpreter both sizes, should no other have them
  const told = new Var(aval([symbol("n"), symbol("m")], "bool"));
  const program = { ...original, inputs: [...original.inputs, told] };
  let compiled: CompiledProgram;
  try {
    compiled = compileProgram(program, { sizes: NAMED });
  } catch (e) {
    if (!(e instanceof NeedsStaticSize)) throw e;
    sized.refused.set(e.reason, (sized.refused.get(e.reason) ?? 0) + 1);
    return;
  }
  sized.compiled++;
  validated(compiled.bytes);
  for (const values of RUN_SIZES) {
    const names = new Map(NAMED.map((s, i) => [s.name, values[i]]));
    const inputs = randomInputs(program, seed, (d) => valueOf(d, names));
    agree(`jit at n=${values[0]}, m=${values[1]}`, program, runOn(compiled, inputs, [], values), inputs);
  }
};

const SIZES = [
  [1, 1],
  [2, 5],
  [7, 3],
];
/** Programs over the sizes n and m run at any sizes, with the shapes that their types say, simplified or not. */
export const symbolicLaw: Law = (program, seed) => {
  // one more input tells a run both sizes, should no other have them
  const told = { ...program, inputs: [...program.inputs, new Var(aval([symbol("n"), symbol("m")], "bool"))] };
  verify(told, "abstract evaluation");
  const simple = simplified(told);
  for (const [n, m] of SIZES) {
    const sizes = new Map<string, Dim>([
      ["n", n],
      ["m", m],
    ]);
    const size = (d: Dim): number => {
      const known = substituteDim(d, sizes);
      if (!isStatic(known)) throw new Error(`the size ${d} is not known`);
      return known;
    };
    const inputs = randomInputs(told, seed, size);
    // the interpreter checks every value in the program against its type
    const results = interpret(told, inputs);
    results.forEach((y, i) => {
      const { shape, dtype } = told.outputs[i].aval;
      const [is, should] = [`${y.dtype}[${y.shape.join()}]`, `${dtype}[${shape.map(size).join()}]`];
      if (is !== should) throw new Error(`symbolic: result ${i} is ${is} instead of ${should} at n=${n}, m=${m}`);
    });
    agree("simplify = interpreter", told, interpret(simple, inputs), inputs);
  }
};
