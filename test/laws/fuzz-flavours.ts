/** Kinds of random programs, the laws that each must obey, and how many there are of each. */
import { sizeOf } from "../../src/ir/aval.js";
import type { DType } from "../../src/ir/dtype.js";
import type { Program } from "../../src/ir/program.js";
import { nestedPrograms } from "../../src/ir/rewrite.js";
import type { LawName } from "./fuzz-laws.js";
import { type FuzzOptions, randomProgram } from "./fuzz-program.js";

export interface Flavour {
  readonly name: string;
  readonly laws: readonly LawName[];
  /** Of a thousand programs, this many are of this kind: fewer of what takes long. */
  readonly share: number;
  readonly make: (seed: number) => Program<"core">;
}

const FLOATS: readonly DType[] = ["f64", "f32", "f16", "bf16"];
const INTS: readonly DType[] = ["i32", "u32", "u8", "i64", "i8", "u64", "i16", "u16"];
/** Whole vectors, tails, and kernels of several programs. */
const LARGE = [
  [33, 16, 7],
  [5, 130],
  [19, 4, 64],
];

/** Is there a value that the interpreter would take long to make? */
function isHeavy(p: Program<"core">): boolean {
  return p.eqns.some((e) => e.outputs.some((v) => sizeOf(v.aval) > 20_000) || nestedPrograms(e).some(isHeavy));
}
/** The first program of `seed`, `seed` + 10⁷, … that is not heavy. */
function large(options: FuzzOptions): Program<"core"> {
  const p = randomProgram(options);
  return isHeavy(p) ? large({ ...options, seed: options.seed + 1e7 }) : p;
}

/** The programs of the transforms' laws. */
export const DERIVED: readonly Flavour[] = [
  {
    name: "f64, smooth",
    laws: ["jvp", "vjp", "jvp of vmap", "jvp of vjp", "vjp of vjp", "jit of vjp"],
    share: 100,
    make: (seed) => randomProgram({ seed, smooth: true, reversible: true }),
  },
  {
    name: "f64, with kinks and jumps",
    laws: ["jvp", "vjp", "vmap of vjp", "jit of vjp"],
    share: 150,
    make: (seed) => randomProgram({ seed, reversible: true }),
  },
  {
    name: "f64, with while",
    laws: ["vmap", "jvp", "partial evaluation of jvp", "vmap of jvp", "jit of vmap", "jit of jvp"],
    share: 100,
    make: (seed) => randomProgram({ seed, smooth: seed % 2 === 0 }),
  },
  {
    name: "long, forward and backward",
    laws: ["vjp", "plan of vjp", "jit of vjp"],
    share: 50,
    make: (seed) => randomProgram({ seed, equations: 25, reversible: true }),
  },
  {
    name: "sizes with names",
    laws: ["symbolic"],
    share: 200,
    make: (seed) =>
      randomProgram({
        seed,
        symbolic: true,
        equations: 14,
        floats: ["f64", "f32", "f16"],
        reversible: seed % 2 === 0,
      }),
  },
];

/** The programs of the compiler's laws. */
export const COMPILED: readonly Flavour[] = [
  {
    name: "all dtypes, all control flow",
    laws: ["print", "vmap", "partial evaluation", "simplify", "plan", "jit"],
    share: 200,
    make: (seed) => randomProgram({ seed, equations: 14, floats: FLOATS, ints: INTS }),
  },
  {
    name: "f64",
    laws: ["print", "simplify", "plan", "jit"],
    share: 100,
    make: (seed) => randomProgram({ seed, equations: 14 }),
  },
  {
    name: "long",
    laws: ["print", "simplify", "plan", "jit"],
    share: 50,
    make: (seed) => randomProgram({ seed, equations: 60 }),
  },
  {
    name: "large",
    laws: ["simplify", "plan", "jit"],
    share: 50,
    make: (seed) => large({ seed, equations: 10, floats: ["f64", "f32"], sizes: LARGE[seed % LARGE.length] }),
  },
];

export const FLAVOURS: readonly Flavour[] = [...DERIVED, ...COMPILED];
