/** Random tile programs, compiled with and without vectors, agree with their plain evaluation to the last bit. */
import { describe, expect, test } from "vitest";
import { type Element, generate, type NDArray } from "../../../src/interpreter/array.js";
import type { TileRef } from "../../../src/ir/tile.js";
import { runCompiled, scalarTarget, target } from "../../kernels/compiled.js";
import { anything, mixed, normal } from "../../laws/gens.js";
import { Rng } from "../../laws/random.js";
import { evaluate } from "./evaluate.js";
import { ProgramMaker } from "./random-program.js";
import { fixed } from "../fixed.js";

const PROGRAMS = Number(process.env["TILEWORK_TILE_PROGRAMS"] ?? 150);
const FIRST = Number(process.env["TILEWORK_TILE_SEED"] ?? 1);

function check(seed: number, machine: typeof target): void {
  const rng = new Rng(seed);
  const program = new ProgramMaker(rng).make();
  const memory = new Map<TileRef, NDArray>();
  for (const r of program.refs) {
    const gen = rng.chance(0.5) ? anything : mixed(normal, [0, 1, 2, 3]);
    memory.set(r, r.role === "in" ? gen(rng, r.dtype, [fixed(r.size)]) : filled(r));
  }
  const operands = program.refs.filter((r) => r.role === "in").map((r) => list(memory, r));
  evaluate(program, memory);
  const expected = program.refs.filter((r) => r.role === "out").map((r) => list(memory, r));
  const got = runCompiled(program, operands, machine);
  got.forEach((values, k) => {
    const wrong = values.findIndex((v, i) => !Object.is(typeof v === "boolean" ? Number(v) : v, expected[k][i]));
    if (wrong >= 0) {
      const { name } = program.refs.filter((r) => r.role === "out")[k];
      expect.fail(
        `seed ${seed}, ${machine.name}: ${name}[${wrong}] is ${String(values[wrong])}, not ${expected[k][wrong]}`,
      );
    }
  });
}
/** What `runCompiled` puts where nothing was written. */
function filled(r: TileRef): NDArray {
  return generate([fixed(r.size)], r.dtype, () => {
    if (r.dtype === "bool") return 1;
    return ["f16", "bf16", "f32", "f64"].includes(r.dtype)
      ? Number.NaN
      : r.dtype === "i64" || r.dtype === "u64"
        ? 77n
        : 77;
  });
}
function list(memory: Map<TileRef, NDArray>, r: TileRef): Element[] {
  return Array.from(memory.get(r)?.data as ArrayLike<Element>);
}

describe.each([target, scalarTarget])("$name", (machine) => {
  test(`${PROGRAMS} programs`, () => {
    for (let i = 0; i < PROGRAMS; i++) {
      try {
        check(FIRST + i, machine);
      } catch (e) {
        throw new Error(`seed ${FIRST + i}: ${(e as Error).message}`, { cause: e });
      }
    }
  });
});
