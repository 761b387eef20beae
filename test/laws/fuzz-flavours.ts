/** Kinds of random programs and the laws that each must obey. */
import type { Program } from "../../src/ir/program.js";
import type { LawName } from "./fuzz-laws.js";
import { randomProgram } from "./fuzz-program.js";

export interface Flavour {
  readonly name: string;
  readonly laws: readonly LawName[];
  readonly make: (seed: number) => Program<"core">;
}

export const FLAVOURS: readonly Flavour[] = [
  {
    name: "all dtypes, all control flow",
    laws: ["vmap", "partial evaluation"],
    make: (seed) =>
      randomProgram({
        seed,
        equations: 14,
        floats: ["f64", "f32", "f16", "bf16"],
        ints: ["i32", "u32", "u8", "i64", "i8", "u64", "i16", "u16"],
      }),
  },
  {
    name: "f64, smooth",
    laws: ["vmap", "jvp", "vjp", "jvp of vmap", "jvp of vjp", "vjp of vjp"],
    make: (seed) => randomProgram({ seed, smooth: true, reversible: true }),
  },
  {
    name: "f64, with kinks and jumps",
    laws: ["vmap", "jvp", "vjp", "vmap of vjp"],
    make: (seed) => randomProgram({ seed, reversible: true }),
  },
  {
    name: "f64, with while",
    laws: ["vmap", "jvp", "partial evaluation of jvp"],
    make: (seed) => randomProgram({ seed, smooth: seed % 2 === 0 }),
  },
];
