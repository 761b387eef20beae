/** Kinds of random programs, the laws that each must obey, and how many there are of each. */
import { sizeOf } from "../../src/ir/aval.js";
import type { DType } from "../../src/ir/dtype.js";
import type { Program } from "../../src/ir/program.js";
import { nestedPrograms } from "../../src/ir/rewrite.js";
import type { LawName } from "./fuzz-laws.js";
import { type FuzzOptions, randomProgram } from "./fuzz-program.js";
import { seedOf } from "./random.js";

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
function light(options: FuzzOptions): Program<"core"> {
  const p = randomProgram(options);
  return isHeavy(p) ? light({ ...options, seed: options.seed + 1e7 }) : p;
}

/** One seed gives unlike programs in unlike flavours. */
function flavour(
  name: string,
  share: number,
  laws: readonly LawName[],
  options: (seed: number) => Omit<FuzzOptions, "seed">,
): Flavour {
  const make = (seed: number): Program<"core"> => {
    const all = { ...options(seed), seed: (seed ^ seedOf(name)) >>> 0 };
    return all.sizes ? light(all) : randomProgram(all);
  };
  return { name, share, laws, make };
}

/** The programs of the transforms' laws. */
export const DERIVED: readonly Flavour[] = [
  flavour("f64, smooth", 100, ["jvp", "vjp", "jvp of vmap", "jvp of vjp", "vjp of vjp", "jit of vjp"], () => ({
    smooth: true,
    reversible: true,
  })),
  flavour("f64, with kinks and jumps", 150, ["jvp", "vjp", "vmap of vjp", "jit of vjp", "source of vjp"], () => ({
    reversible: true,
  })),
  flavour(
    "f64, with while",
    100,
    ["vmap", "jvp", "partial evaluation of jvp", "vmap of jvp", "jit of vmap", "jit of jvp", "source"],
    (seed) => ({ smooth: seed % 2 === 0 }),
  ),
  flavour("long, forward and backward", 50, ["vjp", "plan of vjp", "jit of vjp"], () => ({
    equations: 25,
    reversible: true,
  })),
  flavour(
    "all dtypes, forward and backward",
    50,
    ["vmap of vjp", "plan of vjp", "jit of vjp", "jit of jvp", "source of vjp"],
    () => ({
      equations: 14,
      floats: FLOATS,
      ints: INTS,
      reversible: true,
      differentiable: true,
    }),
  ),
  flavour("sizes with names", 150, ["symbolic", "jit with sizes", "found from its cases"], (seed) => ({
    symbolic: true,
    equations: 14,
    floats: ["f64", "f32", "f16"],
    reversible: seed % 2 === 0,
  })),
];

/** The programs of the compiler's laws. */
export const COMPILED: readonly Flavour[] = [
  flavour(
    "all dtypes, all control flow",
    200,
    ["print", "vmap", "partial evaluation", "simplify", "plan", "jit", "jit without SIMD", "jit of vmap", "source"],
    () => ({ equations: 14, floats: FLOATS, ints: INTS }),
  ),
  flavour("f64", 100, ["print", "simplify", "plan", "jit", "source"], () => ({ equations: 14, differentiable: false })),
  flavour("long", 50, ["print", "simplify", "plan", "jit", "source"], () => ({ equations: 60, differentiable: false })),
  flavour("large", 50, ["simplify", "plan", "jit", "jit without SIMD"], (seed) => ({
    equations: 10,
    floats: ["f64", "f32"],
    sizes: LARGE[seed % LARGE.length],
  })),
];

export const FLAVOURS: readonly Flavour[] = [...DERIVED, ...COMPILED];
