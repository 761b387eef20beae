/** Where a program stands in the grid, and hints about it. */
import { fail } from "../../diagnostics/error.js";
import * as np from "../../numpy/elementwise.js";
import { convertTo } from "../../tracer/control.js";
import { scalar } from "../../tracer/frame.js";
import type { Tensor } from "../../tracer/tensor.js";
import { markStaticList } from "../interpret/lists.js";
import { toInteger } from "../interpret/values.js";
import { type Launch, launchFor } from "./launch.js";
import type { Block, Mask } from "./types.js";
import { asBlock, blockOf, constantOf } from "./values.js";

export { range } from "../range.js";

function checkAxis(what: string, { name, grid }: Launch, axis: number): void {
  if (Number.isInteger(axis) && axis >= 0 && axis < grid.length) return;
  fail(
    "TW8010",
    `${what}(${String(axis)}): the grid of ${name} has ${grid.length === 1 ? "one axis" : `${grid.length} axes`}`,
    {
      help: grid.length === 1 ? "the first axis is 0" : `axes run from 0 to ${grid.length - 1}`,
    },
  );
}

/** The number of this program along an axis of the grid, from 0. */
export function programId(axis = 0): Block<"i32"> {
  const launch = launchFor("programId");
  checkAxis("programId", launch, axis);
  return asBlock(launch.ids[axis]);
}
/** How many programs there are along an axis of the grid. */
export function numPrograms(axis = 0): Block<"i32"> {
  const launch = launchFor("numPrograms");
  checkAxis("numPrograms", launch, axis);
  return asBlock(scalar(launch.grid[axis], "i32"));
}

/** The numbers of a range as a list: a loop over it is unrolled. */
export function staticRange(start: number, stop?: number, step = 1): number[] {
  const bounds = [stop === undefined ? 0 : start, stop ?? start, step];
  const [from, to, by] = bounds.map((x) => constantOf("staticRange", "a bound", x));
  if (by === 0) fail("TW2011", "staticRange: the step is 0", {});
  const length = Math.max(0, Math.ceil((to - from) / by));
  return markStaticList(Array.from({ length }, (_, i) => from + i * by));
}

/**
 * The place (i, j) in a grid of `sizeI` times `sizeJ`, counted anew: rows are taken `group` at a time, and of those column after column,
 * so that programs that follow each other read the same blocks.
 */
export function swizzle2d(
  i: Block,
  j: Block,
  sizeI: Block,
  sizeJ: Block,
  group: number,
): [i: Block<"i32">, j: Block<"i32">] {
  const [row, column, rows, columns] = [i, j, sizeI, sizeJ].map((x) => integer("swizzle2d", x));
  const flat = np.add(np.multiply(row, columns), column);
  const perGroup = np.multiply(columns, group);
  const first = np.multiply(np.floorDivide(flat, perGroup), group);
  // the last group may have fewer rows
  const height = np.minimum(np.subtract(rows, first), group);
  const within = np.remainder(flat, perGroup);
  return [asBlock(np.add(first, np.remainder(within, height))), asBlock(np.floorDivide(within, height))];
}
const integer = (what: string, x: unknown): Tensor =>
  typeof x === "number" ? scalar(x, "i32") : convertTo(toInteger(blockOf(what, x)), "i32");

/** Says that a condition holds. */
export function assume(_condition: Mask): void {}
/** Says that the elements are multiples of a number. */
export function multipleOf<B extends Block>(x: B, _n: number | readonly number[]): B {
  return x;
}
/** Blocks are values: there is nothing to wait for. */
export function debugBarrier(): void {}
