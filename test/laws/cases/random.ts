/** Rows of the random family: bit-identical by definition. */
import { anything, keys } from "../gens.js";
import { fixed, row } from "./make.js";
import type { AnyCase } from "./types.js";

const SHAPES = [[], [1], [7], [0], [2, 3], [133]];
const show = (s: readonly number[]): string => `[${s.join(",")}]`;

export const random: readonly AnyCase[] = SHAPES.flatMap((shape) => [
  row("threefry2x32", {
    name: show(shape),
    operands: Array.from({ length: 4 }, () => fixed(shape, "u32", anything)),
    dtypes: ["u32"],
  }),
  row("philox4x32", {
    name: show(shape),
    operands: Array.from({ length: 6 }, () => fixed(shape, "u32", anything)),
    dtypes: ["u32"],
  }),
  row("random_wrap", { name: show(shape), operands: [fixed([...shape, 2], "u32", anything)], dtypes: ["u32"] }),
  row("random_unwrap", { name: show(shape), operands: [fixed(shape, "key", keys)], dtypes: ["key"] }),
]);
