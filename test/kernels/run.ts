/** Runs a kernel in every way there is: the evaluator of tile programs, and compiled through loops to Wasm. */
import type { Program } from "../../src/ir/program.js";
import { runCompiled } from "./compiled.js";
import { type Element, evaluateTile } from "./evaluate-tile.js";

export interface Way {
  readonly name: string;
  run(program: Program<"tile">, operands: readonly (readonly Element[])[]): Element[][];
}
export const ways: readonly Way[] = [
  { name: "evaluated", run: evaluateTile },
  { name: "compiled", run: runCompiled },
];
